// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memfds under DMA: devices go on writing to their pages while the kernel is
 * replaced, through IOMMU domains that both kernels leave as they are.
 *
 * In the old kernel iommufd verifies such a domain page by page against the
 * record of the memfd, and notes the domain there. In the new kernel the memory
 * must not move until the last of these *restored* domains is gone, whoever has
 * the file, and even if nobody ever wants it:
 *
 *	not retrieved	the folios are KHO's, or ours; FINISH gives them back
 *			when the domains are gone, not before
 *	retrieved	each folio keeps the reference that it was restored with:
 *			it cannot be migrated or split, and a hole punched into
 *			the file does not free it. The mapping is unevictable.
 *
 * A domain that could not be restored is gone: its devices were stopped before.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/liveupdate_gates.h>
#include <linux/memfd_luo.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "memfd_luo.h"

static struct memfd_luo *record_of(struct file *memfd)
{
	return shmem_file(memfd) ? memfd_luo_get(file_inode(memfd)) : NULL;
}

/**
 * memfd_luo_lookup() - which memory is recorded for a page of a file?
 * @memfd: any file of the memfd
 * @index: page index
 * @pfn: out: page frame
 * @nr_pages: out: this many pages run on from there, in the file and in memory
 *
 * What is recorded stays as it is until the file is un-preserved.
 *
 * Context: may sleep.
 * Return: 0; -ENOENT: not preserved, or a hole
 */
int memfd_luo_lookup(struct file *memfd, pgoff_t index, unsigned long *pfn,
		     unsigned long *nr_pages)
{
	struct memfd_luo *luo = record_of(memfd);
	struct memfd_luo_extent extent;
	int err = -ENOENT;

	if (!luo)
		return err;
	scoped_guard(mutex, &luo->lock) {
		if (luo->state == MEMFD_LUO_CLOSED ||
		    !memfd_luo_tree_next(&luo->tree, index, &extent) ||
		    extent.index > index)
			break;
		*pfn = extent.pfn + (index - extent.index);
		*nr_pages = memfd_luo_extent_end(&extent) - index;
		err = 0;
	}
	memfd_luo_put(luo);
	return err;
}
EXPORT_SYMBOL_GPL(memfd_luo_lookup);

static u16 *domain_slot(struct memfd_luo_ser *ser, u16 value)
{
	unsigned int i;

	for (i = 0; i < MEMFD_LUO_MAX_DOMAINS; i++)
		if (ser->domains[i] == value)
			return &ser->domains[i];
	return NULL;
}

/**
 * memfd_luo_dma_add() - note that an IOMMU domain reaches a preserved memfd
 * @memfd: any file of the memfd
 * @domain: iommu_luo_domain_id() of the domain
 *
 * Adding it twice is adding it once.
 *
 * Context: may sleep. From a preserve() callback; not between freeze and thaw.
 * Return: 0; -ENOENT: not preserved; -E2BIG: no room for one more
 */
int memfd_luo_dma_add(struct file *memfd, unsigned int domain)
{
	struct memfd_luo *luo = record_of(memfd);
	int err = -ENOENT;
	u16 *slot;

	if (!luo)
		return err;
	scoped_guard(mutex, &luo->lock) {
		if (luo->state != MEMFD_LUO_OPEN)
			break;
		err = -E2BIG;
		if (domain >= U16_MAX)
			break;
		slot = domain_slot(luo->ser, domain + 1);
		if (!slot)
			slot = domain_slot(luo->ser, 0);
		if (!slot)
			break;
		*slot = domain + 1;
		err = 0;
	}
	memfd_luo_put(luo);
	return err;
}
EXPORT_SYMBOL_GPL(memfd_luo_dma_add);

/**
 * memfd_luo_dma_del() - take memfd_luo_dma_add() back
 * @memfd: any file of the memfd
 * @domain: the domain
 *
 * Context: may sleep; not between freeze and thaw.
 */
void memfd_luo_dma_del(struct file *memfd, unsigned int domain)
{
	struct memfd_luo *luo = record_of(memfd);
	u16 *slot;

	if (!luo)
		return;
	scoped_guard(mutex, &luo->lock) {
		slot = luo->state == MEMFD_LUO_OPEN ?
		       domain_slot(luo->ser, domain + 1) : NULL;
		if (slot)
			*slot = 0;
	}
	memfd_luo_put(luo);
}
EXPORT_SYMBOL_GPL(memfd_luo_dma_del);

static void domain_gone(struct iommu_luo_watch *iommu_watch)
{
	struct memfd_luo_watch *watch;

	watch = container_of(iommu_watch, struct memfd_luo_watch, watch);
	if (atomic_dec_and_test(&watch->dma->nr_domains))
		schedule_work(&watch->dma->released);
}

/**
 * memfd_luo_dma_start() - new kernel: find the domains of a record
 * @dma: state; zeroed
 * @ser: sound head of the record
 * @released: called from a workqueue when the last of them is gone, once
 *
 * Context: may sleep.
 * Return: true if there is one now; false: @released will not be called
 */
bool memfd_luo_dma_start(struct memfd_luo_dma *dma,
			 const struct memfd_luo_ser *ser, work_func_t released)
{
	unsigned int i;

	INIT_WORK(&dma->released, released);
	/* One for ourselves, so that it does not become zero on the way. */
	atomic_set(&dma->nr_domains, 1);
	for (i = 0; i < MEMFD_LUO_MAX_DOMAINS; i++) {
		struct memfd_luo_watch *watch = &dma->watches[i];

		if (!ser->domains[i] ||
		    liveupdate_gate_off(LIVEUPDATE_GATE_PINS))
			continue;
		watch->dma = dma;
		watch->watch.gone = domain_gone;
		atomic_inc(&dma->nr_domains);
		/* Without IOMMU support nobody can say that DMA has ended. */
		if (IS_ENABLED(CONFIG_LIVEUPDATE_IOMMU) &&
		    iommu_luo_watch_domain(ser->domains[i] - 1, &watch->watch))
			atomic_dec(&dma->nr_domains);
	}
	return !atomic_dec_and_test(&dma->nr_domains);
}

/**
 * memfd_luo_dma_hold() - keep the contents of a file where they are
 * @file: the file, new
 *
 * The caller keeps a reference to each folio.
 */
void memfd_luo_dma_hold(struct file *file)
{
	mapping_set_unevictable(file->f_mapping);
}

/**
 * memfd_luo_dma_drop() - take memfd_luo_dma_hold() back
 * @file: the file
 *
 * Context: may sleep. The caller has dropped its references to the folios.
 */
void memfd_luo_dma_drop(struct file *file)
{
	mapping_clear_unevictable(file->f_mapping);
	shmem_unlock_mapping(file->f_mapping);
}
