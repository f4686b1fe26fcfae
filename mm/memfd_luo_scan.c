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

#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "memfd_luo.h"

/* How often folios that must move may be found at their place again. */
#define SCAN_MAX_MOVES	16

/* Folios that are looked up at a time. */
#define SCAN_BATCH	64

/**
 * struct memfd_luo_scan - state of a walk
 * @luo: the record that is filled
 * @file: the file
 * @index: everything below is recorded, or pinned and in @run
 * @end: page index behind the last byte of the file
 * @run: folios that are pinned but not recorded yet; @run.count may be 0
 * @moves: attempts to move folios at @index
 * @folios: what was found in the page cache, with references
 * @nr: how many
 */
struct memfd_luo_scan {
	struct memfd_luo *luo;
	struct file *file;
	pgoff_t index;
	pgoff_t end;
	struct memfd_luo_extent run;
	unsigned int moves;
	struct folio *folios[SCAN_BATCH];
	unsigned int nr;
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
	if (!folio_test_uptodate(folio))
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

/*
 * Fills the batch with folios from the current index on; nothing else is in the
 * page cache between them.
 *
 * Return: index of the entry behind them if it is swapped out, or the end
 */
static pgoff_t scan_lookup(struct memfd_luo_scan *scan)
{
	XA_STATE(xas, &scan->file->f_mapping->i_pages, scan->index);
	struct folio *folio;

	scan->nr = 0;
	guard(rcu)();
	xas_for_each(&xas, folio, scan->end - 1) {
		if (xas_retry(&xas, folio))
			continue;
		if (xa_is_value(folio))
			return xas.xa_index;
		if (!folio_try_get(folio)) {
			xas_reset(&xas);
			continue;
		}
		if (unlikely(folio != xas_reload(&xas))) {
			folio_put(folio);
			xas_reset(&xas);
			continue;
		}
		scan->folios[scan->nr++] = folio;
		if (scan->nr == SCAN_BATCH)
			break;
	}
	return scan->end;
}

/* Return: as scan_folio(), or 1 if the folio is not in the file any more */
static int scan_one(struct memfd_luo_scan *scan, struct folio *folio)
{
	int err = 1;

	if (!folio_trylock(folio))
		folio_lock(folio);
	if (likely(folio->mapping == scan->file->f_mapping)) {
		err = scan_folio(scan, folio);
		if (err == -EAGAIN)
			scan->index = folio->index;
	}
	folio_unlock(folio);
	return err;
}

/*
 * Folios at the current index lie where nothing may stay for long, as in the
 * scratch memory that the next kernel starts in. Nobody but us may hold a
 * reference to them, or they do not move; somebody may for a moment.
 */
static int scan_move(struct memfd_luo_scan *scan)
{
	pgoff_t index = scan->index;
	struct folio_batch fbatch;
	unsigned int i, nr;
	int err;

	if (++scan->moves > SCAN_MAX_MOVES)
		return -EBUSY;
	folio_batch_init(&fbatch);
	nr = filemap_get_folios_contig(scan->file->f_mapping, &index,
				       scan->end - 1, &fbatch);
	folio_batch_reinit(&fbatch);
	for (i = 0; i < nr; i++) {
		if (folio_is_longterm_pinnable(fbatch.folios[i]))
			folio_put(fbatch.folios[i]);
		else
			folio_batch_add(&fbatch, fbatch.folios[i]);
	}
	err = memfd_luo_move(&fbatch, scan->moves > 1);
	if (err != -EAGAIN)
		return err;
	schedule_timeout_killable(1);
	return 0;
}

/* Where a folio is gone the walk looks again, from there. */
static int scan_batch(struct memfd_luo_scan *scan)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < scan->nr; i++) {
		if (!err)
			err = scan_one(scan, scan->folios[i]);
		folio_put(scan->folios[i]);
	}
	return err;
}

static int scan_next(struct memfd_luo_scan *scan)
{
	pgoff_t next = scan_lookup(scan);
	int err = 0;

	if (scan->nr)
		err = scan_batch(scan);
	else if (next < scan->end)
		err = scan_slow(scan, next);
	else
		scan->index = next;
	if (err == -EAGAIN)
		err = scan_move(scan);
	return err < 0 ? err : 0;
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
 * * -EBUSY: a page that has to move is held by somebody else
 * * -EINTR: killed
 * * -ERESTART: reboot(2) waits
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

	flags = memalloc_pin_save();
	while (!err && scan->index < scan->end) {
		err = scan_next(scan);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (!err && liveupdate_reboot_waits())
			err = -ERESTART;
		cond_resched();
	}
	memalloc_pin_restore(flags);

	if (!err)
		err = run_record(scan);
	run_unpin(scan);
	kfree(scan);
	return err == -EDQUOT ? -ENOMEM : err;
}
