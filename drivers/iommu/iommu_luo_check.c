// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: is what the previous kernel recorded whole?
 *
 * Nothing here follows an address or looks at hardware.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "iommu_luo.h"

/**
 * iommu_luo_check_head() - check the head of the records
 * @head: the head; all of it can be read
 *
 * Return: 0; -EPROTONOSUPPORT: another version, or other pages; -EBADMSG: not a
 * head, or damaged.
 */
int iommu_luo_check_head(const struct iommu_luo_head_ser *head)
{
	if (head->magic != IOMMU_LUO_MAGIC)
		return -EBADMSG;
	if (head->version != IOMMU_LUO_VERSION)
		return -EPROTONOSUPPORT;
	if (head->crc != iommu_luo_head_crc(head))
		return -EBADMSG;
	if (head->page_shift != PAGE_SHIFT)
		return -EPROTONOSUPPORT;
	if (head->nr_blocks > IOMMU_LUO_BLOCKS_MAX ||
	    memchr_inv(head->reserved, 0, sizeof(head->reserved)))
		return -EBADMSG;
	return 0;
}

/**
 * iommu_luo_check_entry() - check an entry on its own
 * @entry: the entry
 * @index: where it stands
 *
 * Return: true if it is whole and stands where it belongs
 */
bool iommu_luo_check_entry(const struct iommu_luo_entry_ser *entry, u32 index)
{
	if (entry->crc != iommu_luo_entry_crc(entry) || entry->index != index ||
	    entry->reserved)
		return false;

	switch (entry->type) {
	case IOMMU_LUO_FREE:
	case IOMMU_LUO_HW:
		return true;
	case IOMMU_LUO_DOMAIN:
		return PAGE_ALIGNED(entry->domain.root_pa) &&
		       entry->domain.nr_tables &&
		       entry->domain.nr_tables <= IOMMU_LUO_TABLES_MAX;
	case IOMMU_LUO_DEVICE:
		return !entry->dev.reserved;
	default:
		return false;
	}
}

static bool links_whole(const struct iommu_luo_entry_ser *entries, u32 nr,
			const struct iommu_luo_dev_ser *dev)
{
	const struct iommu_luo_entry_ser *hw, *domain;

	if (dev->hw >= nr || dev->domain >= nr)
		return false;

	hw = &entries[dev->hw];
	domain = &entries[dev->domain];
	return hw->type == IOMMU_LUO_HW && domain->type == IOMMU_LUO_DOMAIN &&
	       hw->hw.driver == dev->driver &&
	       domain->domain.driver == dev->driver;
}

static bool same_device(const struct iommu_luo_dev_ser *a,
			const struct iommu_luo_dev_ser *b)
{
	return a->segment == b->segment && a->bus == b->bus &&
	       a->devfn == b->devfn;
}

static bool is_twin(const struct iommu_luo_entry_ser *entries, u32 index)
{
	for (u32 i = 0; i < index; i++)
		if (entries[i].type == IOMMU_LUO_DEVICE &&
		    same_device(&entries[i].dev, &entries[index].dev))
			return true;
	return false;
}

/**
 * iommu_luo_check_links() - check how entries name each other
 * @entries: all of them, each checked on its own; those that were not whole are
 *           free
 * @nr: their number
 *
 * A device whose IOMMU or domain is missing, or of which there is another entry
 * already, becomes free, too.
 *
 * Return: the number of devices that were dropped
 */
unsigned int iommu_luo_check_links(struct iommu_luo_entry_ser *entries, u32 nr)
{
	unsigned int dropped = 0;

	for (u32 i = 0; i < nr; i++) {
		const struct iommu_luo_dev_ser *dev = &entries[i].dev;

		if (entries[i].type != IOMMU_LUO_DEVICE)
			continue;
		if (links_whole(entries, nr, dev) && !is_twin(entries, i))
			continue;

		pr_err("the record of %04x:%02x:%02x.%x names what is not there, or is the second one\n",
		       dev->segment, dev->bus, dev->devfn >> 3, dev->devfn & 7);
		entries[i].type = IOMMU_LUO_FREE;
		dropped++;
	}
	return dropped;
}
