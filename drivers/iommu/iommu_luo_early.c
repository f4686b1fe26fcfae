// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: what the previous kernel recorded
 *
 * Interrupt remapping is set up before any initcall, and needs this. So the
 * records are found with KHO alone, and copied: they can be read at any time,
 * whether the orchestrator is on or not, and whatever becomes of the sessions.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/crash_dump.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "iommu_luo.h"

/**
 * struct iommu_luo_in - what was read
 * @done: It was tried; set during boot, by the first who asks.
 * @err: 0, -ENOENT: there is nothing, or why it could not be read.
 * @head_pa: Where the previous kernel's head is, to be freed some day.
 * @nr: Number of entries.
 * @entries: Copies of them; those that were damaged are free.
 * @failed: Bit N: the device of entry N does not go on.
 */
struct iommu_luo_in {
	bool done;
	int err;
	phys_addr_t head_pa;
	u32 nr;
	struct iommu_luo_entry_ser *entries;
	unsigned long *failed;
};

static struct iommu_luo_in in;

/* A page that the previous kernel preserved, or NULL. */
static const void *incoming_page(u64 pa)
{
	if (!pa || !PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

static const struct iommu_luo_head_ser *find_head(int *err)
{
	const struct iommu_luo_head_ser *head;
	size_t size;

	*err = kho_retrieve_subtree(IOMMU_LUO_SUBTREE, &in.head_pa, &size);
	if (*err)
		return NULL;

	*err = -EBADMSG;
	if (size != IOMMU_LUO_PAGE_SIZE ||
	    liveupdate_gate_off(LIVEUPDATE_BREAK_IOMMU_HEAD))
		return NULL;
	head = incoming_page(in.head_pa);
	if (head)
		*err = iommu_luo_check_head(head);
	return *err ? NULL : head;
}

static void read_block(u64 pa, u32 first)
{
	const struct iommu_luo_entry_ser *block = incoming_page(pa);

	if (!block) {
		pr_err("entries from %u on are not in preserved memory\n",
		       first);
		return;
	}

	for (u32 i = 0; i < IOMMU_LUO_BLOCK_ENTRIES; i++) {
		if (iommu_luo_check_entry(&block[i], first + i))
			in.entries[first + i] = block[i];
		else
			pr_err("entry %u is damaged\n", first + i);
	}
}

static int read_all(void)
{
	const struct iommu_luo_head_ser *head;
	int err;

	head = find_head(&err);
	if (!head)
		return err;

	in.entries = kcalloc(head->nr_blocks, IOMMU_LUO_PAGE_SIZE, GFP_KERNEL);
	in.failed = bitmap_zalloc(head->nr_blocks * IOMMU_LUO_BLOCK_ENTRIES,
				  GFP_KERNEL);
	if (!in.entries || !in.failed)
		return -ENOMEM;

	in.nr = head->nr_blocks * IOMMU_LUO_BLOCK_ENTRIES;
	for (u32 block = 0; block < head->nr_blocks; block++)
		read_block(head->block_pa[block],
			   block * IOMMU_LUO_BLOCK_ENTRIES);
	iommu_luo_check_links(in.entries, in.nr);
	return 0;
}

/**
 * iommu_luo_early_init() - read the records of the previous kernel
 *
 * Context: The first call is made during boot, when there is one CPU or by an
 * initcall, after mm_core_init(); others return at once.
 */
void iommu_luo_early_init(void)
{
	if (in.done)
		return;
	in.done = true;
	in.err = -ENOENT;
	if (is_kdump_kernel() || !is_kho_boot())
		return;

	in.err = read_all();
	if (in.err && in.err != -ENOENT)
		pr_err("the records of the previous kernel cannot be read: %pe\n",
		       ERR_PTR(in.err));
}

/* Return: 0 if there were records, and they could be read. */
int iommu_luo_early_error(void)
{
	iommu_luo_early_init();
	return in.err;
}

/**
 * iommu_luo_kho_boot() - may the previous kernel have left translation on?
 *
 * Return: true if it was one with KHO, and this is not a crash kernel: then an
 * IOMMU that translates does so for devices that may be at work.
 */
bool iommu_luo_kho_boot(void)
{
	return is_kho_boot() && !is_kdump_kernel();
}

/* The entry @index if it is of @type, or NULL. */
const struct iommu_luo_entry_ser *iommu_luo_entry(u32 index, u32 type)
{
	iommu_luo_early_init();
	if (index >= in.nr || in.entries[index].type != type)
		return NULL;
	return &in.entries[index];
}

/**
 * iommu_luo_hw() - find the record of an IOMMU
 * @reg_pa: physical address of its registers
 *
 * Context: as iommu_luo_early_init()
 * Return: the record, or NULL: it has no preserved device
 */
const struct iommu_luo_hw_ser *iommu_luo_hw(u64 reg_pa)
{
	iommu_luo_early_init();
	for (u32 i = 0; i < in.nr; i++)
		if (in.entries[i].type == IOMMU_LUO_HW &&
		    in.entries[i].hw.reg_pa == reg_pa)
			return &in.entries[i].hw;
	return NULL;
}

/**
 * iommu_luo_next_hw() - go through the recorded IOMMUs of a driver
 * @driver: IOMMU_LUO_DRIVER_*
 * @pos: starts at 0
 *
 * Context: as iommu_luo_early_init()
 * Return: the next one, or NULL
 */
const struct iommu_luo_hw_ser *iommu_luo_next_hw(u32 driver, unsigned int *pos)
{
	iommu_luo_early_init();
	while (*pos < in.nr) {
		const struct iommu_luo_entry_ser *entry = &in.entries[(*pos)++];

		if (entry->type == IOMMU_LUO_HW && entry->hw.driver == driver)
			return &entry->hw;
	}
	return NULL;
}

/**
 * iommu_luo_dev() - find the record of a device
 * @segment: PCI segment
 * @bus: PCI bus
 * @devfn: PCI device and function
 *
 * Context: as iommu_luo_early_init()
 * Return: the record, or NULL
 */
const struct iommu_luo_dev_ser *iommu_luo_dev(u16 segment, u8 bus, u8 devfn)
{
	iommu_luo_early_init();
	for (u32 i = 0; i < in.nr; i++) {
		const struct iommu_luo_dev_ser *dev = &in.entries[i].dev;

		if (in.entries[i].type == IOMMU_LUO_DEVICE &&
		    dev->segment == segment && dev->bus == bus &&
		    dev->devfn == devfn)
			return dev;
	}
	return NULL;
}

static u32 dev_index(const struct iommu_luo_dev_ser *dev)
{
	return container_of(dev, struct iommu_luo_entry_ser, dev)->index;
}

/**
 * iommu_luo_next_dev() - go through the recorded devices of an IOMMU
 * @hw: its record
 * @pos: starts at 0
 *
 * Return: the next one that has not failed, or NULL
 */
const struct iommu_luo_dev_ser *
iommu_luo_next_dev(const struct iommu_luo_hw_ser *hw, unsigned int *pos)
{
	u32 index = container_of(hw, struct iommu_luo_entry_ser, hw)->index;

	while (*pos < in.nr) {
		const struct iommu_luo_entry_ser *entry = &in.entries[(*pos)++];

		if (entry->type == IOMMU_LUO_DEVICE && entry->dev.hw == index &&
		    !test_bit(entry->index, in.failed))
			return &entry->dev;
	}
	return NULL;
}

/**
 * iommu_luo_dev_domain() - find the record of a device's domain
 * @dev: the device's record
 *
 * Return: the record; there always is one
 */
const struct iommu_luo_domain_ser *
iommu_luo_dev_domain(const struct iommu_luo_dev_ser *dev)
{
	return &in.entries[dev->domain].domain;
}

/**
 * iommu_luo_failed_dev() - does a recorded device not go on?
 * @dev: the device's record
 *
 * Return: true after iommu_luo_fail_dev()
 */
bool iommu_luo_failed_dev(const struct iommu_luo_dev_ser *dev)
{
	return test_bit(dev_index(dev), in.failed);
}

/* It is gone; or this is before the PCI bus is scanned. */
static void fail_early(const struct iommu_luo_dev_ser *dev, const char *why)
{
	pr_err("%04x:%02x:%02x.%x: not there (%s)\n", dev->segment, dev->bus,
	       PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn), why);
	pci_luo_quiesce_early(dev->segment, dev->bus, dev->devfn, why);
}

/**
 * iommu_luo_fail_dev() - a device cannot go on: stop it (F15)
 * @dev: the device's record
 * @why: for the log
 *
 * To be called *before* the translation of the device changes. Only the first
 * call for a device does anything.
 *
 * Context: sleeps; from mm_core_init() on.
 */
void iommu_luo_fail_dev(const struct iommu_luo_dev_ser *dev, const char *why)
{
	struct pci_dev *pdev;

	if (test_and_set_bit(dev_index(dev), in.failed))
		return;

	pdev = pci_get_domain_bus_and_slot(dev->segment, dev->bus, dev->devfn);
	if (pdev)
		pci_luo_quiesce(pdev, why);
	else
		fail_early(dev, why);
	pci_dev_put(pdev);
}

/* Frees what the previous kernel wrote; the copies stay. */
void iommu_luo_early_free(void)
{
	const struct iommu_luo_head_ser *head = incoming_page(in.head_pa);

	if (in.err || !head)
		return;

	for (u32 block = 0; block < head->nr_blocks; block++)
		if (incoming_page(head->block_pa[block]))
			kho_restore_free(phys_to_virt(head->block_pa[block]));
	kho_restore_free(phys_to_virt(in.head_pa));
	in.head_pa = 0;
}

static void fail_unrecorded(u16 segment, u8 bus, u8 devfn)
{
	if (!iommu_luo_dev(segment, bus, devfn))
		pci_luo_quiesce_early(segment, bus, devfn,
				      "no record of its IOMMU");
}

/**
 * iommu_luo_fail_unrecorded() - stop devices that have no record here (F15)
 *
 * The PCI core knows that they were preserved, but nobody knows what translates
 * for them. To be called before the translation of any device changes.
 *
 * Context: sleeps; from mm_core_init() on.
 */
void iommu_luo_fail_unrecorded(void)
{
	if (!liveupdate_gate_off(LIVEUPDATE_GATE_UNTRANSLATED))
		pci_luo_visit_fns(fail_unrecorded);
}

/* F15: there was a record, but no driver of an IOMMU asked for it. */
static int __init iommu_luo_fail_rest(void)
{
	struct pci_dev *pdev = NULL;

	if (liveupdate_gate_off(LIVEUPDATE_GATE_UNTRANSLATED))
		return 0;
	iommu_luo_fail_unrecorded();
	for_each_pci_dev(pdev)
		if (pci_luo_incoming_fn(pdev) && !pci_luo_failed(pdev) &&
		    !iommu_luo_on_restored_domain(&pdev->dev))
			pci_luo_quiesce(pdev, "no IOMMU translates for it");
	return 0;
}
device_initcall(iommu_luo_fail_rest);
