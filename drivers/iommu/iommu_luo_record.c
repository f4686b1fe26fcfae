// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: the records that the old kernel makes
 *
 * They exist from the first file that depends on them to the last one (the FLB
 * below), and are valid all the time: there is nothing to do at the jump.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/crc32.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "iommu_luo.h"

/* Protects all that is preserved, and its records; see iommu_luo.h. */
DEFINE_MUTEX(iommu_luo_out_lock);

/* The head, while the FLB is preserved; protected by iommu_luo_out_lock. */
static struct iommu_luo_head_ser *iommu_luo_head;

/* CRC-32 of all of the head that its checksum covers. */
u32 iommu_luo_head_crc(const struct iommu_luo_head_ser *head)
{
	return crc32(~0, &head->nr_blocks,
		     sizeof(*head) - offsetof(typeof(*head), nr_blocks));
}

/* CRC-32 of all of an entry that its checksum covers. */
u32 iommu_luo_entry_crc(const struct iommu_luo_entry_ser *entry)
{
	return crc32(~0, &entry->type,
		     sizeof(*entry) - offsetof(typeof(*entry), type));
}

static void head_seal(struct iommu_luo_head_ser *head)
{
	head->crc = iommu_luo_head_crc(head);
}

/**
 * iommu_luo_entry_seal() - make an entry valid after a change
 * @entry: the entry
 */
void iommu_luo_entry_seal(struct iommu_luo_entry_ser *entry)
{
	lockdep_assert_held(&iommu_luo_out_lock);
	entry->crc = iommu_luo_entry_crc(entry);
}

static struct iommu_luo_entry_ser *block_of(unsigned int block)
{
	return phys_to_virt(iommu_luo_head->block_pa[block]);
}

/* Makes an entry one that is free. */
static void entry_reset(struct iommu_luo_entry_ser *entry, u32 index)
{
	memset(entry, 0, sizeof(*entry));
	entry->index = index;
	iommu_luo_entry_seal(entry);
}

static struct iommu_luo_entry_ser *entry_find_free(void)
{
	for (u32 block = 0; block < iommu_luo_head->nr_blocks; block++) {
		struct iommu_luo_entry_ser *entry = block_of(block);

		for (u32 i = 0; i < IOMMU_LUO_BLOCK_ENTRIES; i++)
			if (entry[i].type == IOMMU_LUO_FREE)
				return &entry[i];
	}
	return NULL;
}

static int block_add(void)
{
	struct iommu_luo_head_ser *head = iommu_luo_head;
	struct iommu_luo_entry_ser *block;

	if (head->nr_blocks == IOMMU_LUO_BLOCKS_MAX) {
		pr_err("no room for more than %u devices, domains and IOMMUs\n",
		       IOMMU_LUO_ENTRIES_MAX);
		return -ENOSPC;
	}

	block = kho_alloc_preserve(IOMMU_LUO_PAGE_SIZE);
	if (IS_ERR(block))
		return PTR_ERR(block);

	for (u32 i = 0; i < IOMMU_LUO_BLOCK_ENTRIES; i++)
		entry_reset(&block[i],
			    head->nr_blocks * IOMMU_LUO_BLOCK_ENTRIES + i);
	head->block_pa[head->nr_blocks++] = virt_to_phys(block);
	head_seal(head);
	return 0;
}

/**
 * iommu_luo_entry_new() - take a free entry
 * @type: IOMMU_LUO_*
 *
 * The caller fills it, and seals it then.
 *
 * Return: the entry; ERR_PTR(-ENXIO): no file depends on the records, the
 * handler does not link iommu_luo_flb; ERR_PTR(-ENOSPC): all are in use; or an
 * error of kho_alloc_preserve().
 */
struct iommu_luo_entry_ser *iommu_luo_entry_new(u32 type)
{
	struct iommu_luo_entry_ser *entry;
	int err;

	lockdep_assert_held(&iommu_luo_out_lock);
	if (WARN_ON_ONCE(!iommu_luo_head))
		return ERR_PTR(-ENXIO);

	entry = entry_find_free();
	if (!entry) {
		err = block_add();
		if (err)
			return ERR_PTR(err);
		entry = entry_find_free();
	}
	entry->type = type;
	return entry;
}

/**
 * iommu_luo_entry_free() - give an entry back
 * @entry: the entry
 */
void iommu_luo_entry_free(struct iommu_luo_entry_ser *entry)
{
	lockdep_assert_held(&iommu_luo_out_lock);
	entry_reset(entry, entry->index);
}

static int flb_preserve(struct liveupdate_flb_op_args *args)
{
	struct iommu_luo_head_ser *head;
	int err;

	head = kho_alloc_preserve(IOMMU_LUO_PAGE_SIZE);
	if (IS_ERR(head))
		return PTR_ERR(head);

	head->magic = IOMMU_LUO_MAGIC;
	head->version = IOMMU_LUO_VERSION;
	head->page_shift = PAGE_SHIFT;
	head_seal(head);

	err = kho_add_subtree(IOMMU_LUO_SUBTREE, head, IOMMU_LUO_PAGE_SIZE);
	if (err) {
		kho_unpreserve_free(head);
		return err;
	}

	guard(mutex)(&iommu_luo_out_lock);
	iommu_luo_head = head;
	args->data = virt_to_phys(head);
	args->obj = head;
	return 0;
}

static void flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	struct iommu_luo_head_ser *head = args->obj;

	scoped_guard(mutex, &iommu_luo_out_lock)
		iommu_luo_head = NULL;

	kho_remove_subtree(head);
	for (u32 block = 0; block < head->nr_blocks; block++)
		kho_unpreserve_free(phys_to_virt(head->block_pa[block]));
	kho_unpreserve_free(head);
}

/* What there is to retrieve was read during boot. */
static int flb_retrieve(struct liveupdate_flb_op_args *args)
{
	int err = iommu_luo_early_error();

	if (err)
		return err;
	args->obj = &iommu_luo_flb;
	return 0;
}

static void flb_finish(struct liveupdate_flb_op_args *args)
{
	if (args->obj)
		iommu_luo_early_free();
}

static const struct liveupdate_flb_ops iommu_luo_flb_ops = {
	.preserve	= flb_preserve,
	.unpreserve	= flb_unpreserve,
	.retrieve	= flb_retrieve,
	.finish		= flb_finish,
	.owner		= THIS_MODULE,
};

LIVEUPDATE_READS_FLB("iommu", IOMMU_LUO_VERSION, IOMMU_LUO_VERSION);

struct liveupdate_flb iommu_luo_flb = {
	.ops		= &iommu_luo_flb_ops,
	.compatible	= IOMMU_LUO_COMPATIBLE,
};
EXPORT_SYMBOL_GPL(iommu_luo_flb);
