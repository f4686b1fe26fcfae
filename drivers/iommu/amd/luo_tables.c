// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: page tables of format v1
 *
 * An entry says what it leads to: a table of the level below, or a page, of the
 * size that belongs to its level or (7) of another one. In the latter case it is
 * there as many times as it takes to fill the page. Levels are those of tables:
 * entries of a table of level 1 map 4 KiB each.
 *
 * All walks are in the same order, so that one that is cut short after a number
 * of tables is undone by another one that ends there.
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mem_encrypt.h>
#include <linux/sched.h>

#include "amd_iommu.h"
#include "luo.h"
#include "../iommu-pages.h"

#define NR_PTES		512

/* Dirty is what the hardware may note in any copy of an entry. */
#define PTE_SAME(a, b)	(!(((a) ^ (b)) & ~BIT_ULL(IOMMU_PTE_HD_BIT)))

static bool pte_is_leaf(u64 pte)
{
	return PM_PTE_LEVEL(pte) == PAGE_MODE_NONE ||
	       PM_PTE_LEVEL(pte) == PAGE_MODE_7_LEVEL;
}

static phys_addr_t pte_pa(u64 pte)
{
	return __sme_clr(pte & PM_ADDR_MASK);
}

static u64 *pte_table(u64 pte)
{
	return phys_to_virt(pte_pa(pte));
}

/* Bytes of the page that an entry of a table of @level maps. */
static u64 leaf_size(u64 pte, int level)
{
	return PM_PTE_LEVEL(pte) == PAGE_MODE_7_LEVEL ?
	       PTE_PAGE_SIZE(pte & PM_ADDR_MASK) :
	       PTE_LEVEL_PAGE_SIZE(level - 1);
}

/* The entries of one page, of a domain of this kernel or one that was checked. */
static unsigned int leaf_ptes(u64 pte, int level)
{
	return PAGE_SIZE_PTE_COUNT(leaf_size(pte, level));
}

/**
 * amd_luo_tables_preserve() - keep all tables of a domain for the next kernel
 * @table: top table, of a domain that does not change
 * @level: its level
 * @ser: @nr_tables and @leaf_bytes are counted up, also on failure
 *
 * Context: sleeps.
 * Return: 0 or an error of iommu_preserve_pages(): @nr_tables are preserved
 */
int amd_luo_tables_preserve(u64 *table, int level,
			    struct iommu_luo_domain_ser *ser)
{
	int err = iommu_preserve_pages(table);

	if (err)
		return err;
	ser->nr_tables++;
	cond_resched();

	for (unsigned int i = 0; i < NR_PTES; i++) {
		if (!IOMMU_PTE_PRESENT(table[i]))
			continue;
		if (pte_is_leaf(table[i])) {
			ser->leaf_bytes += leaf_size(table[i], level);
			i += leaf_ptes(table[i], level) - 1;
			continue;
		}
		err = amd_luo_tables_preserve(pte_table(table[i]), level - 1,
					      ser);
		if (err)
			return err;
	}
	return 0;
}

static void tables_unpreserve(u64 *table, int level, u64 *left)
{
	if (!*left)
		return;
	--*left;
	iommu_unpreserve_pages(table);
	cond_resched();

	for (unsigned int i = 0; i < NR_PTES; i++)
		if (IOMMU_PTE_PRESENT(table[i]) && !pte_is_leaf(table[i]))
			tables_unpreserve(pte_table(table[i]), level - 1, left);
}

/**
 * amd_luo_tables_unpreserve() - take back amd_luo_tables_preserve()
 * @table: top table
 * @level: its level
 * @nr: how many tables were preserved
 *
 * Context: sleeps.
 */
void amd_luo_tables_unpreserve(u64 *table, int level, u64 nr)
{
	tables_unpreserve(table, level, &nr);
}

static struct iommu_luo_leaf leaf_of(u64 pte, int level, u64 iova)
{
	const u64 size = leaf_size(pte, level);

	return (struct iommu_luo_leaf) {
		.iova = ALIGN_DOWN(iova, size),
		.phys = ALIGN_DOWN(pte_pa(pte), size),
		.size = size,
		.prot = (pte & IOMMU_PTE_IR ? IOMMU_READ : 0) |
			(pte & IOMMU_PTE_IW ? IOMMU_WRITE : 0),
	};
}

/**
 * amd_luo_tables_walk() - call a function for each mapping
 * @table: top table
 * @level: its level
 * @iova: where it begins
 * @fn: the function
 * @arg: its argument
 *
 * Context: sleeps.
 * Return: 0, or what @fn returned when it was not 0
 */
int amd_luo_tables_walk(u64 *table, int level, u64 iova, iommu_luo_leaf_fn fn,
			void *arg)
{
	const u64 step = PTE_LEVEL_PAGE_SIZE(level - 1);
	int err;

	cond_resched();
	for (unsigned int i = 0; i < NR_PTES; i++) {
		u64 pte = table[i];

		if (!IOMMU_PTE_PRESENT(pte))
			continue;
		if (pte_is_leaf(pte)) {
			struct iommu_luo_leaf leaf = leaf_of(pte, level,
							     iova + i * step);

			err = fn(&leaf, arg);
			i += leaf_ptes(pte, level) - 1;
		} else {
			err = amd_luo_tables_walk(pte_table(pte), level - 1,
						  iova + i * step, fn, arg);
		}
		if (err)
			return err;
	}
	return 0;
}

/**
 * amd_luo_tables_lookup() - find the mapping of an address
 * @table: top table
 * @level: its level
 * @iova: the address
 * @leaf: out: the mapping
 *
 * Context: any; the tables do not change.
 * Return: 0; -ENOENT: nothing is mapped there
 */
int amd_luo_tables_lookup(u64 *table, int level, u64 iova,
			  struct iommu_luo_leaf *leaf)
{
	u64 pte;

	if (iova > PM_LEVEL_SIZE(level))
		return -ENOENT;

	for (;; level--) {
		pte = table[PM_LEVEL_INDEX(level - 1, iova)];
		if (!IOMMU_PTE_PRESENT(pte))
			return -ENOENT;
		if (pte_is_leaf(pte))
			break;
		if (level == 1 || PM_PTE_LEVEL(pte) != level - 1)
			return -ENOENT;
		table = pte_table(pte);
	}
	*leaf = leaf_of(pte, level, iova);
	return 0;
}

/*
 * How many entries the page takes that begins with entry @i; 0: it is not one
 * that there can be.
 */
static unsigned int leaf_check(const u64 *table, unsigned int i, int level,
			       u64 pgsizes)
{
	const u64 size = leaf_size(table[i], level);
	unsigned int count;

	if (!(size & pgsizes) || PAGE_SIZE_LEVEL(size) != level - 1)
		return 0;
	if (PM_PTE_LEVEL(table[i]) == PAGE_MODE_NONE)
		return IS_ALIGNED(pte_pa(table[i]), size);

	count = PAGE_SIZE_PTE_COUNT(size);
	if (!IS_ALIGNED(i, count))
		return 0;
	for (unsigned int copy = 1; copy < count; copy++)
		if (!PTE_SAME(table[i], table[i + copy]))
			return 0;
	return count;
}

/**
 * amd_luo_tables_check() - check tables of the previous kernel
 * @pa: physical address of the top table
 * @level: its level
 * @pgsizes: sizes of pages that may be mapped, a bit each
 * @left: number of tables that there should be; what is missing afterwards
 * @incoming: says whether a page is one that was preserved and not taken yet
 *
 * Nothing is read that @incoming does not vouch for, and no more than @left
 * tables are. What is mapped is not looked at, but for its alignment.
 *
 * Context: sleeps.
 * Return: 0; -EBADMSG, and the log says why
 */
int amd_luo_tables_check(phys_addr_t pa, int level, u64 pgsizes, u64 *left,
			 bool (*incoming)(phys_addr_t pa))
{
	unsigned int count;
	u64 *table;
	int err;

	if (!*left || !incoming(pa)) {
		pr_err("table at %pa: %s\n", &pa,
		       *left ? "not preserved" : "more than were recorded");
		return -EBADMSG;
	}
	--*left;
	cond_resched();

	table = phys_to_virt(pa);
	for (unsigned int i = 0; i < NR_PTES; i++) {
		if (!IOMMU_PTE_PRESENT(table[i]))
			continue;
		if (!pte_is_leaf(table[i])) {
			if (level == 1 || PM_PTE_LEVEL(table[i]) != level - 1) {
				pr_err("table at %pa: not a level of the domain\n",
				       &pa);
				return -EBADMSG;
			}
			err = amd_luo_tables_check(pte_pa(table[i]), level - 1,
						   pgsizes, left, incoming);
			if (err)
				return err;
			continue;
		}
		count = leaf_check(table, i, level, pgsizes);
		if (!count) {
			pr_err("table at %pa: not a page size of the domain\n",
			       &pa);
			return -EBADMSG;
		}
		i += count - 1;
	}
	return 0;
}

/**
 * amd_luo_tables_restore() - take over tables that were checked
 * @pa: physical address of the top table
 * @level: its level
 *
 * Context: sleeps.
 * Return: 0; -EBADMSG: a table is linked twice; what was taken stays allocated
 */
int amd_luo_tables_restore(phys_addr_t pa, int level)
{
	u64 *table = iommu_restore_pages(pa);
	int err;

	if (!table) {
		pr_err("table at %pa: linked twice\n", &pa);
		return -EBADMSG;
	}
	cond_resched();

	for (unsigned int i = 0; i < NR_PTES; i++) {
		if (!IOMMU_PTE_PRESENT(table[i]) || pte_is_leaf(table[i]))
			continue;
		err = amd_luo_tables_restore(pte_pa(table[i]), level - 1);
		if (err)
			return err;
	}
	return 0;
}
