// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of the previous kernel become the contents of a new file, and stop
 * being that again when the file cannot be completed.
 *
 * This does for a batch of folios what shmem does for one that it has allocated:
 * charge, page cache, statistics, accounting of the inode. As nobody else has
 * the file yet there is nothing to be found in the way. The folios are not put
 * onto LRU lists here, so that all of it can be taken back.
 */
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/xarray.h>

#include "internal.h"
#include "memfd_luo.h"

/* No limit of a cgroup makes the OOM killer come: it is the caller's error. */
#define ADOPT_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void folio_unprepare(struct folio *folio)
{
	folio->mapping = NULL;
	folio_ref_sub(folio, folio_nr_pages(folio));
	mem_cgroup_uncharge(folio);
	__folio_clear_swapbacked(folio);
	folio_unlock(folio);
}

static int folio_prepare(struct folio *folio, struct address_space *mapping,
			 pgoff_t index)
{
	int err = mem_cgroup_charge(folio, NULL, ADOPT_GFP);

	if (err)
		return err;
	__folio_set_locked(folio);
	__folio_set_swapbacked(folio);
	if (folio_test_large(folio))
		folio_set_large_rmappable(folio);
	folio_ref_add(folio, folio_nr_pages(folio));
	folio->mapping = mapping;
	folio->index = index;
	return 0;
}

/* Goes to the slots of @folio, which lies behind everything that is stored. */
static void xas_go_to(struct xa_state *xas, const struct folio *folio)
{
	unsigned int order = folio_order(folio);

	if (!order && xas_valid(xas) && folio->index == xas->xa_index + 1)
		xas_next(xas);
	else
		xas_set_order(xas, folio->index, order);
}

/* Returns how many of the folios, from the first one on, are in the file now. */
static unsigned int batch_store(struct address_space *mapping,
				const struct folio_batch *batch)
{
	XA_STATE(xas, &mapping->i_pages, 0);
	unsigned int done = 0;

	do {
		xas_lock_irq(&xas);
		for (; done < batch->nr; done++) {
			xas_go_to(&xas, batch->folios[done]);
			xas_store(&xas, batch->folios[done]);
			if (xas_error(&xas))
				break;
		}
		xas_unlock_irq(&xas);
	} while (xas_nomem(&xas, ADOPT_GFP & GFP_RECLAIM_MASK));
	return done;
}

static void account(struct memfd_luo_adopter *adopter)
{
	struct folio *folio = adopter->group;

	if (!adopter->pages)
		return;
	if (folio_test_pmd_mappable(folio))
		lruvec_stat_mod_folio(folio, NR_SHMEM_THPS, adopter->pages);
	lruvec_stat_mod_folio(folio, NR_FILE_PAGES, adopter->pages);
	lruvec_stat_mod_folio(folio, NR_SHMEM, adopter->pages);
	adopter->missing -= adopter->pages;
	adopter->pages = 0;
}

/* Statistics are of a node and a cgroup; mostly, all folios have the same. */
static void account_folio(struct memfd_luo_adopter *adopter,
			  struct folio *folio)
{
	if (!adopter->group || folio_memcg(folio) != adopter->memcg ||
	    folio_pgdat(folio) != folio_pgdat(adopter->group) ||
	    folio_order(folio) != folio_order(adopter->group)) {
		account(adopter);
		adopter->group = folio;
		adopter->memcg = folio_memcg(folio);
	}
	adopter->pages += folio_nr_pages(folio);
}

/**
 * memfd_luo_adopt_begin() - a file is about to get its contents
 * @adopter: state of this; memfd_luo_adopt_end() has to follow
 * @inode: inode of the file; nobody else has opened it yet
 * @pages: all that it is going to have
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM
 */
int memfd_luo_adopt_begin(struct memfd_luo_adopter *adopter,
			  struct inode *inode, unsigned long pages)
{
	adopter->inode = inode;
	folio_batch_init(&adopter->batch);
	adopter->end = 0;
	adopter->missing = pages;
	adopter->group = NULL;
	adopter->pages = 0;
	return shmem_charge(inode, pages) ? 0 : -ENOMEM;
}

static void folio_complete(struct memfd_luo_adopter *adopter,
			   struct folio *folio)
{
	account_folio(adopter, folio);
	folio_mark_uptodate(folio);
	/* Nobody maps it yet, and shmem does not count: the flag is all. */
	folio_set_dirty(folio);
	folio_unlock(folio);
}

static int batch_adopt(struct memfd_luo_adopter *adopter)
{
	struct folio_batch *batch = &adopter->batch;
	unsigned int i, done;

	if (!folio_batch_count(batch))
		return 0;
	done = batch_store(adopter->inode->i_mapping, batch);
	for (i = 0; i < done; i++)
		folio_complete(adopter, batch->folios[i]);
	if (done)
		adopter->end = folio_next_index(batch->folios[done - 1]);
	for (; i < folio_batch_count(batch); i++)
		folio_unprepare(batch->folios[i]);
	folio_batch_reinit(batch);
	cond_resched();
	return done == i ? 0 : -ENOMEM;
}

/**
 * memfd_luo_adopt() - put folios with their contents into the file
 * @adopter: state
 * @run: folios, fresh from kho_restore_range(), with one reference each, and
 *       where they belong: behind those that came before
 *
 * They are charged to the cgroup of the caller. The references stay the
 * caller's. The last ones may be in the file only after memfd_luo_adopt_end().
 *
 * Context: may sleep.
 * Return: 0, or a negative errno, such as -ENOMEM. @adopter->end tells what is
 * in the file.
 */
int memfd_luo_adopt(struct memfd_luo_adopter *adopter,
		    const struct memfd_luo_extent *run)
{
	struct address_space *mapping = adopter->inode->i_mapping;
	struct memfd_luo_extent rest = *run;
	struct folio *folio;
	int err;

	for (; rest.count; memfd_luo_extent_skip(&rest, 1)) {
		folio = pfn_folio(rest.pfn);
		err = folio_prepare(folio, mapping, rest.index);
		if (!err && !folio_batch_add(&adopter->batch, folio))
			err = batch_adopt(adopter);
		if (err)
			return err;
	}
	return 0;
}

/**
 * memfd_luo_adopt_end() - the file has its contents, or gets no more of them
 * @adopter: state
 *
 * Gives back what is charged for pages that did not come.
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM if not all folios are in the file
 */
int memfd_luo_adopt_end(struct memfd_luo_adopter *adopter)
{
	struct inode *inode = adopter->inode;
	int err = batch_adopt(adopter);

	account(adopter);
	if (!adopter->missing)
		return err;
	xa_lock_irq(&inode->i_mapping->i_pages);
	inode->i_mapping->nrpages -= adopter->missing;
	xa_unlock_irq(&inode->i_mapping->i_pages);
	shmem_uncharge(inode, adopter->missing);
	return err;
}

/**
 * memfd_luo_abandon() - take memfd_luo_adopt() back for one folio
 * @inode: inode of the file, after memfd_luo_adopt_end(); still nobody else has
 *         opened it
 * @folio: folio that is in it; the caller's reference stays
 *
 * Context: may sleep.
 */
void memfd_luo_abandon(struct inode *inode, struct folio *folio)
{
	folio_lock(folio);
	filemap_remove_folio(folio);
	folio_clear_dirty(folio);
	folio_clear_uptodate(folio);
	mem_cgroup_uncharge(folio);
	__folio_clear_swapbacked(folio);
	folio_unlock(folio);
	shmem_uncharge(inode, folio_nr_pages(folio));
}
