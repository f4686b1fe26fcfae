// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: second-stage page tables
 *
 * All walks are in the same order, so that one that is cut short after a number
 * of tables is undone by another one that ends there.
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/sched.h>

#include "iommu.h"
#include "luo.h"
#include "../iommu-pages.h"

#define NR_PTES		(VTD_PAGE_SIZE / sizeof(struct dma_pte))

static bool pte_is_leaf(struct dma_pte *pte, int level)
{
	return level == 1 || dma_pte_superpage(pte);
}

static u64 leaf_size(int level)
{
	return level_size(level) << VTD_PAGE_SHIFT;
}

/* Second-stage tables point to each other by address, present or not at all. */
static struct dma_pte *pte_table(struct dma_pte *pte)
{
	return phys_to_virt(dma_pte_addr(pte));
}

/**
 * intel_luo_tables_preserve() - keep all tables of a domain for the next kernel
 * @table: top table, of a domain that does not change
 * @level: its level
 * @ser: @nr_tables and @leaf_bytes are counted up, also on failure
 *
 * Context: sleeps.
 * Return: 0 or an error of iommu_preserve_pages(): @nr_tables are preserved
 */
int intel_luo_tables_preserve(struct dma_pte *table, int level,
			      struct iommu_luo_domain_ser *ser)
{
	int err = iommu_preserve_pages(table);

	if (err)
		return err;
	ser->nr_tables++;
	cond_resched();

	for (struct dma_pte *pte = table; pte < table + NR_PTES; pte++) {
		if (!dma_pte_present(pte))
			continue;
		if (pte_is_leaf(pte, level)) {
			ser->leaf_bytes += leaf_size(level);
			continue;
		}
		err = intel_luo_tables_preserve(pte_table(pte), level - 1, ser);
		if (err)
			return err;
	}
	return 0;
}

static void tables_unpreserve(struct dma_pte *table, int level, u64 *left)
{
	if (!*left)
		return;
	--*left;
	iommu_unpreserve_pages(table);
	cond_resched();

	for (struct dma_pte *pte = table; pte < table + NR_PTES; pte++)
		if (dma_pte_present(pte) && !pte_is_leaf(pte, level))
			tables_unpreserve(pte_table(pte), level - 1, left);
}

/**
 * intel_luo_tables_unpreserve() - take back intel_luo_tables_preserve()
 * @table: top table
 * @level: its level
 * @nr: how many tables were preserved
 *
 * Context: sleeps.
 */
void intel_luo_tables_unpreserve(struct dma_pte *table, int level, u64 nr)
{
	tables_unpreserve(table, level, &nr);
}

static struct iommu_luo_leaf leaf_of(struct dma_pte *pte, int level, u64 iova)
{
	return (struct iommu_luo_leaf) {
		.iova = iova,
		.phys = dma_pte_addr(pte),
		.size = leaf_size(level),
		.prot = (pte->val & DMA_PTE_READ ? IOMMU_READ : 0) |
			(pte->val & DMA_PTE_WRITE ? IOMMU_WRITE : 0),
	};
}

/**
 * intel_luo_tables_walk() - call a function for each mapping
 * @table: top table
 * @level: its level
 * @iova: where it begins
 * @fn: the function
 * @arg: its argument
 *
 * Context: sleeps.
 * Return: 0, or what @fn returned when it was not 0
 */
int intel_luo_tables_walk(struct dma_pte *table, int level, u64 iova,
			  iommu_luo_leaf_fn fn, void *arg)
{
	const u64 size = leaf_size(level);
	int err;

	cond_resched();
	for (struct dma_pte *pte = table; pte < table + NR_PTES;
	     pte++, iova += size) {
		if (!dma_pte_present(pte))
			continue;
		if (pte_is_leaf(pte, level)) {
			struct iommu_luo_leaf leaf = leaf_of(pte, level, iova);

			err = fn(&leaf, arg);
		} else {
			err = intel_luo_tables_walk(pte_table(pte), level - 1,
						    iova, fn, arg);
		}
		if (err)
			return err;
	}
	return 0;
}

/**
 * intel_luo_tables_lookup() - find the mapping of an address
 * @table: top table
 * @level: its level
 * @iova: the address
 * @leaf: out: the mapping
 *
 * Context: any; the tables do not change.
 * Return: 0; -ENOENT: nothing is mapped there
 */
int intel_luo_tables_lookup(struct dma_pte *table, int level, u64 iova,
			    struct iommu_luo_leaf *leaf)
{
	const u64 pfn = iova >> VTD_PAGE_SHIFT;
	struct dma_pte *pte;

	if (pfn >> level_to_offset_bits(level + 1))
		return -ENOENT;

	for (;; level--) {
		pte = &table[pfn_level_offset(pfn, level)];
		if (!dma_pte_present(pte))
			return -ENOENT;
		if (pte_is_leaf(pte, level))
			break;
		table = pte_table(pte);
	}
	*leaf = leaf_of(pte, level, ALIGN_DOWN(iova, leaf_size(level)));
	return 0;
}

static bool leaf_is_whole(struct dma_pte *pte, int level,
			  unsigned int superpage)
{
	return level <= 1 + (int)superpage &&
	       IS_ALIGNED(dma_pte_addr(pte), leaf_size(level));
}

/**
 * intel_luo_tables_check() - check tables of the previous kernel
 * @pa: physical address of the top table
 * @level: its level
 * @superpage: largest page that may be mapped, as in struct dmar_domain
 * @left: number of tables that there should be; what is missing afterwards
 * @incoming: says whether a page is one that was preserved and not taken yet
 *
 * Nothing is read that @incoming does not vouch for, and no more than @left
 * tables are. What is mapped is not looked at, but for its alignment.
 *
 * Context: sleeps.
 * Return: 0; -EBADMSG, and the log says why
 */
int intel_luo_tables_check(phys_addr_t pa, int level, unsigned int superpage,
			   u64 *left, bool (*incoming)(phys_addr_t pa))
{
	struct dma_pte *table;
	int err;

	if (!*left || !incoming(pa)) {
		pr_err("table at %pa: %s\n", &pa,
		       *left ? "not preserved" : "more than were recorded");
		return -EBADMSG;
	}
	--*left;
	cond_resched();

	table = phys_to_virt(pa);
	for (struct dma_pte *pte = table; pte < table + NR_PTES; pte++) {
		if (!dma_pte_present(pte))
			continue;
		if (!pte_is_leaf(pte, level)) {
			err = intel_luo_tables_check(dma_pte_addr(pte),
						     level - 1, superpage, left,
						     incoming);
			if (err)
				return err;
		} else if (!leaf_is_whole(pte, level, superpage)) {
			pr_err("table at %pa: not a page size of the domain\n",
			       &pa);
			return -EBADMSG;
		}
	}
	return 0;
}

/**
 * intel_luo_tables_restore() - take over tables that were checked
 * @pa: physical address of the top table
 * @level: its level
 *
 * Context: sleeps.
 * Return: 0; -EBADMSG: a table is linked twice; what was taken stays allocated
 */
int intel_luo_tables_restore(phys_addr_t pa, int level)
{
	struct dma_pte *table = iommu_restore_pages(pa);
	int err;

	if (!table) {
		pr_err("table at %pa: linked twice\n", &pa);
		return -EBADMSG;
	}
	cond_resched();

	for (struct dma_pte *pte = table; pte < table + NR_PTES; pte++) {
		if (!dma_pte_present(pte) || pte_is_leaf(pte, level))
			continue;
		err = intel_luo_tables_restore(dma_pte_addr(pte), level - 1);
		if (err)
			return err;
	}
	return 0;
}
