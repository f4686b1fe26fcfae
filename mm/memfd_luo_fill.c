// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a preserved memfd from outside: holes are filled by whoever
 * touches them, seals are added, attributes change.
 *
 * There are two that fill holes: shmem_get_folio_gfp(), for faults, reads and
 * writes, and shmem_mfill_atomic_pte(), for userfaultfd. Neither holds a lock
 * that would keep PRESERVE out. So the order of events decides:
 *
 *	filler					PRESERVE
 *	folio locked, in the page cache		flag (inode's pointer) set
 *	flag read				page cache scanned
 *	recorded, folio unlocked		folio locked, recorded, unlocked
 *
 * At least one of both sees the other. If both do then the scan waits for the
 * folio lock, and finds the folio recorded already.
 */
#include <linux/highmem.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "memfd_luo.h"

static int wait_for_thaw(struct memfd_luo *luo)
{
	return wait_event_killable(luo->thawed, READ_ONCE(luo->state) !=
				   MEMFD_LUO_FROZEN) ? -EINTR : 0;
}

/* Slow part of memfd_luo_fill_prepare(). */
int __memfd_luo_fill_prepare(struct inode *inode, gfp_t *gfp)
{
	struct memfd_luo *luo = memfd_luo_get(inode);
	int err;

	if (!luo)
		return 0;
	/* Scratch memory and hot-pluggable memory hold movable pages only. */
	*gfp &= ~__GFP_MOVABLE;
	err = wait_for_thaw(luo);
	memfd_luo_put(luo);
	return err;
}

/**
 * memfd_luo_make_uptodate() - give a folio that was never written its contents
 * @folio: a locked folio of a memfd
 *
 * The record has no word for "allocated, not written": what the memory held
 * before is not for the users of the next kernel.
 */
void memfd_luo_make_uptodate(struct folio *folio)
{
	long i, n = folio_nr_pages(folio);

	if (folio_test_uptodate(folio))
		return;
	for (i = 0; i < n; i++)
		clear_highpage(folio_page(folio, i));
	flush_dcache_folio(folio);
	folio_mark_uptodate(folio);
}

static int fill_record(struct memfd_luo *luo, struct folio *folio)
{
	const struct memfd_luo_extent extent = {
		.index = folio->index,
		.pfn = folio_pfn(folio),
		.count = 1,
		.order = folio_order(folio),
	};
	int err;

	lockdep_assert_held(&luo->lock);
	err = try_grab_folio(folio, 1, FOLL_PIN);
	if (err)
		return err;
	err = memfd_luo_record(luo, &extent);
	if (err)
		unpin_folio(folio);
	/* A fault that meets a lasting failure is to end, not to be repeated. */
	return err == -EDQUOT ? -ENOSPC : err;
}

/* A fault that was on its way when the file became shorter: PRESERVE came after. */
static bool is_beyond_end(struct inode *inode, struct folio *folio)
{
	return folio->index >= DIV_ROUND_UP(i_size_read(inode), PAGE_SIZE);
}

/* Slow part of memfd_luo_fill(). */
int __memfd_luo_fill(struct inode *inode, struct folio *folio)
{
	struct memfd_luo *luo = memfd_luo_get(inode);
	int err = 0;

	VM_WARN_ON_FOLIO(!folio_test_locked(folio), folio);
	if (!luo)
		return 0;
	if (!folio_is_longterm_pinnable(folio)) {
		/* Allocated before the file was preserved. */
		err = -EAGAIN;
		goto put;
	}
	memfd_luo_make_uptodate(folio);
	if (mutex_lock_killable(&luo->lock)) {
		err = -EINTR;
		goto put;
	}
	if (luo->state == MEMFD_LUO_FROZEN || is_beyond_end(inode, folio))
		err = -EAGAIN;
	else if (luo->state == MEMFD_LUO_OPEN)
		err = fill_record(luo, folio);
	mutex_unlock(&luo->lock);
put:
	memfd_luo_put(luo);
	return err;
}

/* Slow part of memfd_luo_change_begin(): returns with the record locked. */
struct memfd_luo *__memfd_luo_change_begin(struct inode *inode)
{
	struct memfd_luo *luo = memfd_luo_get(inode);

	if (!luo)
		return NULL;
	for (;;) {
		if (mutex_lock_killable(&luo->lock))
			break;
		if (luo->state != MEMFD_LUO_FROZEN)
			return luo;
		mutex_unlock(&luo->lock);
		if (wait_for_thaw(luo))
			break;
	}
	memfd_luo_put(luo);
	return ERR_PTR(-EINTR);
}

/* Slow part of memfd_luo_change_end(). */
void __memfd_luo_change_end(struct memfd_luo *luo)
{
	mutex_unlock(&luo->lock);
	memfd_luo_put(luo);
}
