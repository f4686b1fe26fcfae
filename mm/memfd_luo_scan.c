// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRESERVE of a memfd: walks the page cache once, from left to right, and
 * records what is there. It never fills a hole.
 *
 * Each folio is locked for a moment: to know that it is still the file's, to
 * make it up to date, and to meet those who fill holes at the same time (see
 * memfd_luo_fill.c). Once it is pinned it stays what it is: it is not swapped,
 * migrated, collapsed or split. Folios that run on are recorded with one call.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "memfd_luo.h"

/* How often folios that must move may be found at their place again. */
#define SCAN_MAX_MOVES	16

/**
 * struct memfd_luo_scan - state of a walk
 * @luo: the record that is filled
 * @file: the file
 * @index: everything below is recorded, or pinned and in @run
 * @end: page index behind the last byte of the file
 * @run: folios that are pinned but not recorded yet; @run.count may be 0
 * @moves: attempts to move folios at @index
 * @fbatch: what was found in the page cache, with references
 * @indices: where
 */
struct memfd_luo_scan {
	struct memfd_luo *luo;
	struct file *file;
	pgoff_t index;
	pgoff_t end;
	struct memfd_luo_extent run;
	unsigned int moves;
	struct folio_batch fbatch;
	pgoff_t indices[PAGEVEC_SIZE];
};

static bool is_recorded(struct memfd_luo *luo,
			const struct memfd_luo_extent *one)
{
	struct memfd_luo_extent found;

	return memfd_luo_tree_next(&luo->tree, one->index, &found) &&
	       found.index <= one->index &&
	       found.pfn + (one->index - found.index) == one->pfn;
}

/*
 * Some folios of the run were recorded by whoever filled a hole. Those have
 * two pins now. It is the record that knows: a page that is preserved and not
 * in it was preserved by somebody else, and is an error.
 */
static int run_record_each(struct memfd_luo_scan *scan)
{
	struct memfd_luo_extent one = scan->run;
	int err = 0;

	for (one.count = 1; scan->run.count; scan->run.count--) {
		one.index = scan->run.index;
		one.pfn = scan->run.pfn;
		if (is_recorded(scan->luo, &one))
			unpin_folio(pfn_folio(one.pfn));
		else
			err = memfd_luo_record(scan->luo, &one);
		if (err)
			break;
		scan->run.index += 1UL << one.order;
		scan->run.pfn += 1UL << one.order;
	}
	return err;
}

static int run_record(struct memfd_luo_scan *scan)
{
	int err;

	if (!scan->run.count)
		return 0;
	if (mutex_lock_killable(&scan->luo->lock))
		return -EINTR;
	err = memfd_luo_record(scan->luo, &scan->run);
	if (!err)
		scan->run.count = 0;
	else if (err == -EEXIST)
		err = run_record_each(scan);
	mutex_unlock(&scan->luo->lock);
	return err;
}

static void run_unpin(struct memfd_luo_scan *scan)
{
	unsigned long pfn = scan->run.pfn;

	for (; scan->run.count; scan->run.count--) {
		unpin_folio(pfn_folio(pfn));
		pfn += 1UL << scan->run.order;
	}
}

/* Adds a folio that the caller has pinned; takes over the pin in any case. */
static int run_add(struct memfd_luo_scan *scan, struct folio *folio)
{
	struct memfd_luo_extent *run = &scan->run;
	unsigned int order = folio_order(folio);
	int err;

	if (run->count && run->order == order &&
	    memfd_luo_extent_end(run) == folio->index &&
	    run->pfn + memfd_luo_extent_pages(run) == folio_pfn(folio) &&
	    run->count < MEMFD_LUO_COUNT_MAX) {
		run->count++;
		return 0;
	}
	err = run_record(scan);
	if (err) {
		unpin_folio(folio);
		return err;
	}
	run->index = folio->index;
	run->pfn = folio_pfn(folio);
	run->order = order;
	run->count = 1;
	return 0;
}

/*
 * Takes in one folio, which is locked and in the page cache.
 *
 * Return: 0, -EAGAIN if it has to be moved first, or another negative errno
 */
static int scan_folio(struct memfd_luo_scan *scan, struct folio *folio)
{
	int err;

	if (unlikely(folio_contain_hwpoisoned_page(folio)))
		return -EHWPOISON;
	if (unlikely(!folio_is_longterm_pinnable(folio)))
		return -EAGAIN;
	/* Allocated by fallocate() and never written: reads as zeroes. */
	memfd_luo_make_uptodate(folio);
	err = try_grab_folio(folio, 1, FOLL_PIN);
	if (err)
		return err;
	err = run_add(scan, folio);
	if (err)
		return err;
	scan->index = folio_next_index(folio);
	scan->moves = 0;
	return 0;
}

/* The entry at @index is swapped out, or was moved while we looked. */
static int scan_slow(struct memfd_luo_scan *scan, pgoff_t index)
{
	struct inode *inode = file_inode(scan->file);
	struct folio *folio;
	int err;

	err = shmem_get_folio(inode, index, 0, &folio, SGP_NOALLOC);
	if (err == -ENOENT) {
		scan->index = index + 1;
		return 0;
	}
	if (err)
		return err;
	err = scan_folio(scan, folio);
	if (err == -EAGAIN)
		scan->index = folio->index;
	folio_unlock(folio);
	folio_put(folio);
	return err;
}

/* One batch; ends early, and the walk looks again, where an entry is special. */
static int scan_batch(struct memfd_luo_scan *scan)
{
	struct address_space *mapping = scan->file->f_mapping;
	unsigned int i;
	int err;

	for (i = 0; i < folio_batch_count(&scan->fbatch); i++) {
		struct folio *folio = scan->fbatch.folios[i];

		if (xa_is_value(folio))
			return scan_slow(scan, scan->indices[i]);
		folio_lock(folio);
		if (unlikely(folio->mapping != mapping)) {
			folio_unlock(folio);
			return scan_slow(scan, scan->indices[i]);
		}
		err = scan_folio(scan, folio);
		if (err == -EAGAIN)
			scan->index = folio->index;
		folio_unlock(folio);
		if (err)
			return err;
	}
	return 0;
}

/* Page index behind the run of folios without holes that starts at @index. */
static pgoff_t scan_contiguous(struct memfd_luo_scan *scan)
{
	struct address_space *mapping = scan->file->f_mapping;
	pgoff_t index = scan->index;
	unsigned int i, nr;

	folio_batch_init(&scan->fbatch);
	nr = filemap_get_folios_contig(mapping, &index, scan->end - 1,
				       &scan->fbatch);
	index = scan->index + 1;
	for (i = 0; i < nr; i++)
		index = folio_next_index(scan->fbatch.folios[i]);
	folio_batch_release(&scan->fbatch);
	return index;
}

/*
 * Folios at the current index lie where nothing may stay for long, as in the
 * scratch memory that the next kernel starts in. They are there, so that
 * memfd_pin_folios() fills no hole, and it moves them. Nobody but us may hold
 * a reference to them then.
 */
static int scan_move(struct memfd_luo_scan *scan)
{
	loff_t size = i_size_read(file_inode(scan->file));
	struct folio *folios[PAGEVEC_SIZE];
	pgoff_t next = scan_contiguous(scan);
	pgoff_t offset;
	loff_t last;
	long nr;

	if (++scan->moves > SCAN_MAX_MOVES)
		return -EBUSY;
	last = min_t(loff_t, (loff_t)next << PAGE_SHIFT, size) - 1;
	nr = memfd_pin_folios(scan->file, (loff_t)scan->index << PAGE_SHIFT,
			      last, folios, ARRAY_SIZE(folios), &offset);
	if (nr < 0)
		return nr;
	unpin_folios(folios, nr);
	return 0;
}

static int scan_next(struct memfd_luo_scan *scan)
{
	struct address_space *mapping = scan->file->f_mapping;
	pgoff_t next = scan->index;
	int err;

	if (!find_get_entries(mapping, &next, scan->end - 1, &scan->fbatch,
			      scan->indices)) {
		scan->index = scan->end;
		return 0;
	}
	err = scan_batch(scan);
	folio_batch_remove_exceptionals(&scan->fbatch);
	folio_batch_release(&scan->fbatch);
	if (err == -EAGAIN)
		err = scan_move(scan);
	return err;
}

/**
 * memfd_luo_scan() - record all that is in a file
 * @luo: its record, connected with the inode
 * @file: the file
 *
 * On failure what was recorded until then stays recorded.
 *
 * Context: may sleep; no lock is held, least of all the inode's.
 * Return:
 * * 0: everything in the file is recorded
 * * -EHWPOISON: a page of it is on bad memory
 * * -EIO: a page of it could not be read from swap
 * * -ENOMEM: no memory, or RLIMIT_MEMLOCK is exhausted
 * * -EINTR: killed
 * * other negative errno: a folio cannot be preserved
 */
int memfd_luo_scan(struct memfd_luo *luo, struct file *file)
{
	struct memfd_luo_scan *scan;
	unsigned int flags;
	int err = 0;

	scan = kzalloc(sizeof(*scan), GFP_KERNEL);
	if (!scan)
		return -ENOMEM;
	scan->luo = luo;
	scan->file = file;
	scan->end = DIV_ROUND_UP_ULL(i_size_read(file_inode(file)), PAGE_SIZE);
	folio_batch_init(&scan->fbatch);

	flags = memalloc_pin_save();
	while (!err && scan->index < scan->end) {
		err = scan_next(scan);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	memalloc_pin_restore(flags);

	if (!err)
		err = run_record(scan);
	run_unpin(scan);
	kfree(scan);
	return err == -EDQUOT ? -ENOMEM : err;
}
