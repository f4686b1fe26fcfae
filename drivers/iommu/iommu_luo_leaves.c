// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: all that a domain maps
 *
 * Neighbours in the IOVA space are neighbours in memory more often than not, so
 * runs of them are looked at, and not each mapping.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/pfn.h>

#include "iommu_luo.h"

/**
 * struct leaf_run - mappings of consecutive memory
 * @good: says whether a range of pages is what it should be
 * @iova: of the first mapping
 * @begin: first byte of the memory
 * @end: end of the memory
 * @bytes: of all mappings so far
 */
struct leaf_run {
	bool (*good)(unsigned long pfn, unsigned long nr_pages);
	u64 iova;
	phys_addr_t begin;
	phys_addr_t end;
	u64 bytes;
};

static int run_end(const struct leaf_run *run)
{
	if (run->begin == run->end ||
	    run->good(PHYS_PFN(run->begin), PHYS_PFN(run->end - run->begin)))
		return 0;
	pr_err("IOVA %#llx to %#llx is mapped to memory that is not preserved\n",
	       run->iova, run->iova + (run->end - run->begin) - 1);
	return -EFAULT;
}

static int run_add(const struct iommu_luo_leaf *leaf, void *arg)
{
	struct leaf_run *run = arg;
	int err = 0;

	if (leaf->phys != run->end) {
		err = run_end(run);
		run->iova = leaf->iova;
		run->begin = leaf->phys;
	}
	run->end = leaf->phys + leaf->size;
	run->bytes += leaf->size;
	return err;
}

/**
 * iommu_luo_check_leaves() - is all that a domain maps what it should be?
 * @domain: the domain; it does not change meanwhile
 * @ops: of its IOMMU driver
 * @good: says so for a range of pages
 * @bytes: out: how much is mapped
 *
 * Context: sleeps; takes long for a large domain.
 * Return: 0; -EFAULT: something else is mapped, and the log says where
 */
int iommu_luo_check_leaves(struct iommu_domain *domain,
			   const struct iommu_luo_ops *ops,
			   bool (*good)(unsigned long pfn,
					unsigned long nr_pages),
			   u64 *bytes)
{
	struct leaf_run run = { .good = good };
	int err;

	err = ops->walk(domain, run_add, &run);
	*bytes = run.bytes;
	return err ?: run_end(&run);
}
