// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA goes on over a kexec: the pages of their records
 *
 * Pages that are preserved with KHO, the first of which is the subtree
 * "pci-luo". It is there while any file is preserved that depends on
 * pci_luo_flb; further pages come and go with the records.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"

#define NR_PAGES	DIV_ROUND_UP(PCI_LUO_RECORDS_MAX, PCI_LUO_BLOCK_CAPACITY)

/* What is preserved: pages and records here, functions in pci_luo_out.c. */
DEFINE_MUTEX(pci_luo_out_lock);

/* Protected by pci_luo_out_lock. */
static struct pci_luo_block_ser *pci_luo_pages[NR_PAGES];
static unsigned int pci_luo_nr;

/**
 * pci_luo_has_pages() - may functions be preserved now?
 *
 * Context: pci_luo_out_lock is held.
 * Return: whether pci_luo_flb is preserved.
 */
bool pci_luo_has_pages(void)
{
	lockdep_assert_held(&pci_luo_out_lock);
	return pci_luo_pages[0];
}

/**
 * pci_luo_slot_record() - the record of a slot
 * @slot: its number
 *
 * Context: pci_luo_out_lock is held.
 * Return: the record, valid until the next pci_luo_slot_del().
 */
struct pci_luo_fn_ser *pci_luo_slot_record(unsigned int slot)
{
	lockdep_assert_held(&pci_luo_out_lock);
	return pci_luo_block_record(pci_luo_pages[slot / PCI_LUO_BLOCK_CAPACITY],
				    slot % PCI_LUO_BLOCK_CAPACITY);
}

/**
 * pci_luo_pages_seal() - the number of records changed: write all heads
 *
 * From the last page to the first, each of which names the next.
 *
 * Context: pci_luo_out_lock is held.
 */
void pci_luo_pages_seal(void)
{
	unsigned int pages = DIV_ROUND_UP(pci_luo_nr, PCI_LUO_BLOCK_CAPACITY);
	unsigned int i = max(pages, 1U), total = 0, count;
	u64 next_pa = 0;

	lockdep_assert_held(&pci_luo_out_lock);
	while (i--) {
		count = pci_luo_nr - i * PCI_LUO_BLOCK_CAPACITY - total;
		total += count;
		pci_luo_block_seal(pci_luo_pages[i], count, total, next_pa);
		next_pa = virt_to_phys(pci_luo_pages[i]);
	}
}

/**
 * pci_luo_slot_add() - make room for one more record
 * @slot: out: its number; the record is zeroed
 *
 * The caller fills the record, and then calls pci_luo_pages_seal().
 *
 * Context: May sleep; pci_luo_out_lock is held.
 * Return: 0, -ENOSPC if there are too many, -ENOMEM.
 */
int pci_luo_slot_add(unsigned int *slot)
{
	unsigned int page = pci_luo_nr / PCI_LUO_BLOCK_CAPACITY;
	void *mem;

	lockdep_assert_held(&pci_luo_out_lock);
	if (pci_luo_nr == PCI_LUO_RECORDS_MAX)
		return -ENOSPC;
	if (!pci_luo_pages[page]) {
		mem = kho_alloc_preserve(PAGE_SIZE);
		if (IS_ERR(mem))
			return PTR_ERR(mem);
		pci_luo_pages[page] = mem;
	}
	*slot = pci_luo_nr++;
	memset(pci_luo_slot_record(*slot), 0, sizeof(struct pci_luo_fn_ser));
	return 0;
}

/**
 * pci_luo_slot_del() - give up a record
 * @slot: its number
 *
 * Context: May sleep; pci_luo_out_lock is held.
 * Return: the number of the last record, which is now in @slot.
 */
unsigned int pci_luo_slot_del(unsigned int slot)
{
	unsigned int last = pci_luo_nr - 1;
	unsigned int page = last / PCI_LUO_BLOCK_CAPACITY;

	lockdep_assert_held(&pci_luo_out_lock);
	if (slot != last)
		*pci_luo_slot_record(slot) = *pci_luo_slot_record(last);
	pci_luo_nr--;
	pci_luo_pages_seal();
	if (page && !(last % PCI_LUO_BLOCK_CAPACITY)) {
		kho_unpreserve_free(pci_luo_pages[page]);
		pci_luo_pages[page] = NULL;
	}
	return last;
}

static int flb_preserve(struct liveupdate_flb_op_args *args)
{
	void *head = kho_alloc_preserve(PAGE_SIZE);
	int ret;

	if (IS_ERR(head))
		return PTR_ERR(head);
	ret = kho_add_subtree(PCI_LUO_SUBTREE, head, PAGE_SIZE);
	if (ret) {
		kho_unpreserve_free(head);
		return ret;
	}
	guard(mutex)(&pci_luo_out_lock);
	pci_luo_pages[0] = head;
	pci_luo_pages_seal();
	args->data = virt_to_phys(head);
	args->obj = head;
	return 0;
}

static void flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	guard(mutex)(&pci_luo_out_lock);
	WARN_ON_ONCE(pci_luo_nr);
	kho_remove_subtree(args->obj);
	kho_unpreserve_free(args->obj);
	pci_luo_pages[0] = NULL;
}

/* The records were read long ago, see pci_luo_early.c. */
static int flb_retrieve(struct liveupdate_flb_op_args *args)
{
	args->obj = args->flb;
	return 0;
}

static void flb_finish(struct liveupdate_flb_op_args *args)
{
	pci_luo_stop_left();
	pci_luo_records_free(args->data);
}

static const struct liveupdate_flb_ops pci_luo_flb_ops = {
	.preserve = flb_preserve,
	.unpreserve = flb_unpreserve,
	.retrieve = flb_retrieve,
	.finish = flb_finish,
};

LIVEUPDATE_READS_FLB("pci-luo", PCI_LUO_VERSION, PCI_LUO_VERSION);

/* Files that preserve functions depend on it: it holds the records. */
struct liveupdate_flb pci_luo_flb = {
	.ops = &pci_luo_flb_ops,
	.compatible = PCI_LUO_COMPATIBLE,
};
EXPORT_SYMBOL_GPL(pci_luo_flb);
