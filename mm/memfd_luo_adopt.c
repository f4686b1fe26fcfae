// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of the previous kernel become the contents of a new file, and stop
 * being that again when the file cannot be completed.
 *
 * This does for a run of folios what shmem does for one that it has allocated:
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

/* Folios that are put into the page cache under one hold of its lock. */
#define ADOPT_MAX	64UL

/* No limit of a cgroup makes the OOM killer come: it is the caller's error. */
#define ADOPT_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct folio *run_folio(const struct memfd_luo_extent *run,
			       unsigned long i)
{
	return pfn_folio(run->pfn + (i << run->order));
}

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

/* Returns how many of the folios are prepared; if none is, the errno. */
static long run_prepare(struct address_space *mapping,
			const struct memfd_luo_extent *run)
{
	unsigned long i, count = min(run->count, ADOPT_MAX);
	int err;

	for (i = 0; i < count; i++) {
		err = folio_prepare(run_folio(run, i), mapping,
				    run->index + (i << run->order));
		if (err)
			return i ?: err;
	}
	return count;
}

/* Returns how many of the first @count folios are in the page cache. */
static long run_store(struct address_space *mapping,
		      const struct memfd_luo_extent *run, long count)
{
	XA_STATE_ORDER(xas, &mapping->i_pages, run->index, run->order);
	long done = 0;

	do {
		xas_lock_irq(&xas);
		while (done < count) {
			xas_store(&xas, run_folio(run, done));
			if (xas_error(&xas))
				break;
			done++;
			if (!run->order)
				xas_next(&xas);
			else
				xas_set_order(&xas, run->index +
					      (done << run->order), run->order);
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
	adopter->pages = 0;
}

/* Statistics are of a node and a cgroup; mostly, all folios have the same. */
static void account_folio(struct memfd_luo_adopter *adopter,
			  struct folio *folio)
{
	struct folio *group = adopter->group;

	if (!group || folio_memcg(folio) != folio_memcg(group) ||
	    folio_pgdat(folio) != folio_pgdat(group) ||
	    folio_order(folio) != folio_order(group)) {
		account(adopter);
		adopter->group = folio;
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
	*adopter = (struct memfd_luo_adopter) {
		.inode = inode,
		.missing = pages,
	};
	return shmem_charge(inode, pages) ? 0 : -ENOMEM;
}

/**
 * memfd_luo_adopt() - put folios with their contents into the file
 * @adopter: state
 * @run: folios, fresh from kho_restore_range(), with one reference each, and
 *       where they belong; there are holes
 *
 * They are charged to the cgroup of the caller. The references stay the
 * caller's.
 *
 * Context: may sleep.
 * Return: how many of the folios, from the first one on, are in the file now.
 * If none is, a negative errno, such as -ENOMEM.
 */
long memfd_luo_adopt(struct memfd_luo_adopter *adopter,
		     const struct memfd_luo_extent *run)
{
	struct address_space *mapping = adopter->inode->i_mapping;
	long ready, done, i;

	ready = run_prepare(mapping, run);
	if (ready < 0)
		return ready;
	done = run_store(mapping, run, ready);
	for (i = 0; i < done; i++) {
		struct folio *folio = run_folio(run, i);

		account_folio(adopter, folio);
		folio_mark_uptodate(folio);
		folio_mark_dirty(folio);
		folio_unlock(folio);
	}
	for (; i < ready; i++)
		folio_unprepare(run_folio(run, i));
	adopter->missing -= done << run->order;
	return done ?: -ENOMEM;
}

/**
 * memfd_luo_adopt_end() - the file has its contents, or does not get them
 * @adopter: state
 *
 * Context: may sleep.
 */
void memfd_luo_adopt_end(struct memfd_luo_adopter *adopter)
{
	struct inode *inode = adopter->inode;

	account(adopter);
	if (!adopter->missing)
		return;
	xa_lock_irq(&inode->i_mapping->i_pages);
	inode->i_mapping->nrpages -= adopter->missing;
	xa_unlock_irq(&inode->i_mapping->i_pages);
	shmem_uncharge(inode, adopter->missing);
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
