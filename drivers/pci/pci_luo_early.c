// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA went on over a kexec: read what the old kernel says
 *
 * The IOMMU drivers ask before any init call, when there is a slab allocator
 * but little else, and also when the rest of the Live Update Orchestrator
 * cannot be read (F8). So all is copied at the first question. The records are
 * input: what does not fit is left out, and remembered as lost.
 */
#define pr_fmt(fmt) "PCI: live update: " fmt

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"
#include "pci_luo_in.h"

/* Written before there is a second CPU, and not changed after that. */
static struct {
	bool done;
	bool lost;
	u64 head_pa;
	unsigned int nr;
	struct pci_luo_in *records;
} early;

/* The page of records at @pa, or NULL if the old kernel did not preserve it. */
static struct pci_luo_block_ser *block_at(u64 pa)
{
	if (!pa || !IS_ALIGNED(pa, PAGE_SIZE) || pa != (phys_addr_t)pa ||
	    !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

static void lose(const char *what)
{
	early.lost = true;
	pr_err("%s\n", what);
}

static bool is_known(const struct pci_luo_fn_ser *ser)
{
	unsigned int i;

	for (i = 0; i < early.nr; i++) {
		if (pci_luo_fn_is(&early.records[i].ser, ser->segment, ser->bus,
				  ser->devfn))
			return true;
	}
	return false;
}

/* For tests: what could be wrong with a record. */
static void break_copy(struct pci_luo_fn_ser *ser)
{
	if (!early.nr && liveupdate_gate_off(LIVEUPDATE_BREAK_PCI_RECORD))
		ser->command ^= 1;
}

static void break_checked(struct pci_luo_fn_ser *ser)
{
	if (ser->flags & PCI_LUO_FN_BRIDGE)
		return;
	if (liveupdate_gate_off(LIVEUPDATE_BREAK_PCI_ID))
		ser->device ^= 1;
	if (liveupdate_gate_off(LIVEUPDATE_BREAK_PCI_GONE))
		ser->devfn ^= 0xf8;
}

static void copy_record(const struct pci_luo_fn_ser *ser)
{
	struct pci_luo_fn_ser *copy = &early.records[early.nr].ser;

	*copy = *ser;
	break_copy(copy);
	if (pci_luo_fn_check(copy))
		lose("a record is damaged");
	else if (is_known(copy))
		lose("a function is recorded twice");
	else
		early.nr++;
	break_checked(copy);
}

/* Copies what can be read; the number of records is that of the first page. */
static void copy_blocks(struct pci_luo_block_ser *block, unsigned int total)
{
	unsigned int i;

	for (;;) {
		for (i = 0; i < block->count; i++)
			copy_record(pci_luo_block_record(block, i));
		total -= block->count;
		if (!total)
			return;
		block = block_at(block->next_pa);
		if (!block || pci_luo_block_check(block) ||
		    block->total != total) {
			lose("a page of records is damaged");
			return;
		}
	}
}

static void read_head(phys_addr_t pa, size_t size)
{
	struct pci_luo_block_ser *head = block_at(pa);
	int ret = -EBADMSG;

	if (head && size == PAGE_SIZE &&
	    !liveupdate_gate_off(LIVEUPDATE_BREAK_PCI_SUBTREE))
		ret = pci_luo_block_check(head);
	if (ret) {
		lose(ret == -EPROTONOSUPPORT ?
		     "the records are of a version that is not known here" :
		     "the records are damaged");
		return;
	}
	early.head_pa = pa;
	if (!head->total)
		return;
	early.records = kcalloc(head->total, sizeof(*early.records),
				GFP_KERNEL);
	if (early.records)
		copy_blocks(head, head->total);
	else
		lose("no memory for the records");
}

/**
 * pci_luo_early_init() - read the records of the previous kernel
 *
 * Does nothing if they are read already. Whoever asks for one calls it by
 * itself.
 *
 * Context: From mm_core_init() on, before the second CPU is started.
 */
void pci_luo_early_init(void)
{
	phys_addr_t pa;
	size_t size;
	int ret;

	if (early.done)
		return;
	early.done = true;
	ret = kho_retrieve_subtree(PCI_LUO_SUBTREE, &pa, &size);
	if (!ret)
		read_head(pa, size);
	else if (ret != -ENOENT)
		lose("the records cannot be found");
	if (early.nr || early.lost)
		pr_info("%u functions and bridges are taken over\n", early.nr);
}

static int __init pci_luo_early_initcall(void)
{
	pci_luo_early_init();
	return 0;
}
early_initcall(pci_luo_early_initcall);

/**
 * pci_luo_in_nr() - how many records there are
 *
 * Context: Any.
 * Return: the number, those of bridges included.
 */
unsigned int pci_luo_in_nr(void)
{
	pci_luo_early_init();
	return early.nr;
}

/**
 * pci_luo_in_get() - a record, by number
 * @index: less than pci_luo_in_nr()
 *
 * Context: Any.
 * Return: the record.
 */
struct pci_luo_in *pci_luo_in_get(unsigned int index)
{
	return &early.records[index];
}

/**
 * pci_luo_records_lost() - are there functions whose records cannot be read?
 *
 * Context: Any.
 * Return: whether there may be.
 */
bool pci_luo_records_lost(void)
{
	pci_luo_early_init();
	return early.lost;
}

/**
 * pci_luo_records_free() - free the pages of the previous kernel
 * @head_pa: physical address of the first, as its FLB says
 *
 * The copies stay.
 *
 * Context: May sleep; once, nobody needs the records of the old kernel.
 */
void pci_luo_records_free(u64 head_pa)
{
	struct pci_luo_block_ser *block;
	u64 pa = early.head_pa;

	if (!pa || head_pa != pa) {
		pr_warn("pages of records stay reserved\n");
		return;
	}
	early.head_pa = 0;
	while (pa) {
		block = block_at(pa);
		if (!block || pci_luo_block_check(block))
			return;
		pa = block->next_pa;
		kho_restore_free(block);
	}
}
