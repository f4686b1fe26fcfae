// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_change.c - mark, take back and claim preserved pages
 *
 * A change inside one leaf takes the semaphore shared and the lock of that
 * leaf, so callers who preserve different memory do not meet. A change that
 * touches several leaves, or adds or removes one, is exclusive. Everything is
 * checked before the first bit changes: a call succeeds as a whole or leaves
 * the tree as it was. A leaf whose last bit goes is freed, and so are the nodes
 * above it: what was added and removed again leaves nothing behind.
 */
#include <linux/hash.h>
#include <linux/mm.h>

#include "kexec_handover_internal.h"

#define KHO_ANY_ORDER	-1

static spinlock_t *leaf_lock(struct kho_tracker *t, unsigned long pfn)
{
	return &t->leaf_lock[hash_long(pfn >> KHO_TREE_LEAF_SHIFT,
				       ilog2(KHO_TRACKER_LOCKS))];
}

static void leaf_add(struct kho_tree_leaf *leaf, unsigned long pfn,
		     unsigned long nr, unsigned int order)
{
	kho_leaf_set(leaf, pfn, nr, order);
	kho_node_weight_add(leaf, nr);
}

static void leaf_remove(struct kho_tree_leaf *leaf, unsigned long pfn,
			unsigned long nr)
{
	kho_leaf_clear(leaf, pfn, nr);
	kho_node_weight_add(leaf, -(long)nr);
}

static int add_exclusive(struct kho_tracker *t, unsigned long start,
			 unsigned long end, unsigned int order)
{
	struct kho_tree_leaf *leaf;
	unsigned long pfn, nr;

	kho_for_each_span(pfn, nr, start, end) {
		leaf = kho_tracker_leaf(t, pfn);
		if (leaf && !kho_leaf_none(leaf, pfn, nr))
			return -EEXIST;
	}

	kho_for_each_span(pfn, nr, start, end) {
		if (!kho_tracker_grow(t, pfn)) {
			kho_tracker_prune(t, start, pfn + nr);
			return -ENOMEM;
		}
	}

	kho_for_each_span(pfn, nr, start, end)
		leaf_add(kho_tracker_leaf(t, pfn), pfn, nr, order);
	return 0;
}

/**
 * kho_tracker_add() - mark pages as preserved
 * @t: the tracker
 * @pfn: first page, aligned to @order
 * @nr: number of pages, a multiple of 1 << @order
 * @order: the range consists of blocks of this order
 *
 * Context: sleeps; waits, killably, while @t is frozen.
 * Return:
 * * %0
 * * %-EINVAL - not a range of such blocks
 * * %-EEXIST - one of the pages is preserved already
 * * %-ENOMEM - no page for the tree
 * * %-EINTR - killed while waiting
 */
int kho_tracker_add(struct kho_tracker *t, unsigned long pfn, unsigned long nr,
		    unsigned int order)
{
	struct kho_tree_leaf *leaf = NULL;
	int err;

	if (!kho_range_valid(pfn, nr) || order >= KHO_TREE_PFN_BITS ||
	    !IS_ALIGNED(pfn | nr, 1UL << order))
		return -EINVAL;

	err = kho_tracker_lock(t, false, true);
	if (err)
		return err;

	if (kho_span_pages(pfn, pfn + nr) == nr)
		leaf = kho_tracker_leaf(t, pfn);
	if (leaf) {
		scoped_guard(spinlock, leaf_lock(t, pfn)) {
			if (kho_leaf_none(leaf, pfn, nr))
				leaf_add(leaf, pfn, nr, order);
			else
				err = -EEXIST;
		}
	}
	kho_tracker_unlock(t, false);
	if (leaf)
		return err;

	err = kho_tracker_lock(t, true, true);
	if (err)
		return err;
	err = add_exclusive(t, pfn, pfn + nr, order);
	kho_tracker_unlock(t, true);
	return err;
}

/* May [pfn, pfn + nr), inside one leaf, be removed as far as this leaf knows? */
static int check_leaf(const struct kho_tree_leaf *leaf, unsigned long pfn,
		      unsigned long nr, int order)
{
	if (!leaf || !kho_leaf_all(leaf, pfn, nr))
		return -ENOENT;
	if (order != KHO_ANY_ORDER && !kho_leaf_has_order(leaf, pfn, nr, order))
		return -EINVAL;
	return 0;
}

static bool is_block_start(struct kho_tracker *t, unsigned long pfn)
{
	const struct kho_tree_leaf *leaf = pfn ? kho_tracker_leaf(t, pfn - 1) : NULL;

	return !leaf || !kho_leaf_goes_on(leaf, pfn - 1);
}

static int remove_exclusive(struct kho_tracker *t, unsigned long start,
			    unsigned long end, int order)
{
	unsigned long pfn, nr;
	int err;

	kho_for_each_span(pfn, nr, start, end) {
		err = check_leaf(kho_tracker_leaf(t, pfn), pfn, nr, order);
		if (err)
			return err;
	}
	if (!is_block_start(t, start) || !is_block_start(t, end))
		return -EINVAL;

	kho_for_each_span(pfn, nr, start, end)
		leaf_remove(kho_tracker_leaf(t, pfn), pfn, nr);
	kho_tracker_prune(t, start, end);
	return 0;
}

/*
 * Shared part of a removal. Return: 1 if it has to be done exclusively, because
 * it touches another leaf or empties this one.
 */
static int remove_shared(struct kho_tracker *t, unsigned long pfn,
			 unsigned long nr, int order)
{
	struct kho_tree_leaf *leaf;
	int err;

	if (IS_ALIGNED(pfn, KHO_TREE_LEAF_PAGES) ||
	    kho_span_pages(pfn, pfn + nr) != nr)
		return 1;

	leaf = kho_tracker_leaf(t, pfn);
	if (!leaf)
		return -ENOENT;

	guard(spinlock)(leaf_lock(t, pfn));
	err = check_leaf(leaf, pfn, nr, order);
	if (err)
		return err;
	/* the page in front is in the same leaf */
	if (kho_leaf_goes_on(leaf, pfn - 1) ||
	    kho_leaf_goes_on(leaf, pfn + nr - 1))
		return -EINVAL;
	if (kho_node_weight(leaf) == nr)
		return 1;
	leaf_remove(leaf, pfn, nr);
	return 0;
}

static int tracker_remove(struct kho_tracker *t, unsigned long pfn,
			  unsigned long nr, int order)
{
	int err;

	if (!kho_range_valid(pfn, nr))
		return -EINVAL;

	err = kho_tracker_lock(t, false, false);
	if (err)
		return err;
	err = remove_shared(t, pfn, nr, order);
	kho_tracker_unlock(t, false);
	if (err <= 0)
		return err;

	err = kho_tracker_lock(t, true, false);
	if (err)
		return err;
	err = remove_exclusive(t, pfn, pfn + nr, order);
	kho_tracker_unlock(t, true);
	return err;
}

/**
 * kho_tracker_del() - take back what kho_tracker_add() marked
 * @t: the tracker
 * @pfn: first page
 * @nr: number of pages; only whole blocks
 *
 * Context: sleeps; waits, also when killed, while @t is frozen.
 * Return:
 * * %0
 * * %-ENOENT - one of the pages is not preserved
 * * %-EINVAL - the range would cut a block in two
 */
int kho_tracker_del(struct kho_tracker *t, unsigned long pfn, unsigned long nr)
{
	return tracker_remove(t, pfn, nr, KHO_ANY_ORDER);
}

/**
 * kho_tracker_claim() - take over pages, if they are what one thinks they are
 * @t: the tracker
 * @pfn: first page
 * @nr: number of pages
 * @order: the blocks that the range has to consist of
 *
 * Context: sleeps.
 * Return:
 * * %0
 * * %-ENOENT - one of the pages is not preserved, or claimed already
 * * %-EINVAL - preserved, but not as blocks of this order
 */
int kho_tracker_claim(struct kho_tracker *t, unsigned long pfn,
		      unsigned long nr, unsigned int order)
{
	if (order >= KHO_TREE_PFN_BITS || !IS_ALIGNED(pfn | nr, 1UL << order))
		return -EINVAL;
	return tracker_remove(t, pfn, nr, order);
}
