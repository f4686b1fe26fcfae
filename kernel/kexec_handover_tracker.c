// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_tracker.c - a tree of preserved pages that several tasks use
 *
 * The pages of the tree, the locks, and questions about what is preserved; the
 * changes are in kexec_handover_change.c. The same code serves the tree that
 * this kernel builds and the one that it got from its predecessor.
 *
 * Nodes never move and are linked when they are complete, so that the next
 * kernel can walk the tree whenever the jump happens.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "kexec_handover_internal.h"

/**
 * kho_tracker_init() - set up a tracker that has no tree yet
 * @t: the tracker
 * @alloc_node: returns a zeroed page, or NULL; not needed to shrink a tree
 * @free_node: takes a page back
 */
void kho_tracker_init(struct kho_tracker *t, void *(*alloc_node)(void),
		      void (*free_node)(void *node))
{
	init_rwsem(&t->sem);
	for (int i = 0; i < KHO_TRACKER_LOCKS; i++)
		spin_lock_init(&t->leaf_lock[i]);
	init_waitqueue_head(&t->thawed);
	t->root = NULL;
	t->frozen_by = NULL;
	t->alloc_node = alloc_node;
	t->free_node = free_node;
}

/* Gives @t an empty tree. Return: 0 or -ENOMEM. */
int kho_tracker_start(struct kho_tracker *t)
{
	t->root = t->alloc_node();
	return t->root ? 0 : -ENOMEM;
}

/* Gives @t a tree whose pages have their weights set already. */
void kho_tracker_adopt(struct kho_tracker *t, struct kho_tree_node *root)
{
	t->root = root;
}

static void free_subtree(struct kho_tracker *t, void *page, int level)
{
	struct kho_tree_node *node = page;

	for (unsigned long i = 0; level && i < KHO_TREE_NODE_SLOTS; i++) {
		if (node->child_pa[i])
			free_subtree(t, phys_to_virt(node->child_pa[i]),
				     level - 1);
	}
	set_page_private(virt_to_page(page), 0);
	t->free_node(page);
}

/* Frees the tree of a tracker that nobody uses any more. */
void kho_tracker_destroy(struct kho_tracker *t)
{
	if (t->root)
		free_subtree(t, t->root, KHO_TREE_LEVELS);
	t->root = NULL;
}

static unsigned int slot_of(unsigned long pfn, int level)
{
	unsigned int shift = KHO_TREE_LEAF_SHIFT +
			     (level - 1) * KHO_TREE_NODE_SHIFT;

	return (pfn >> shift) & (KHO_TREE_NODE_SLOTS - 1);
}

struct kho_tree_leaf *kho_tracker_leaf(struct kho_tracker *t,
				       unsigned long pfn)
{
	struct kho_tree_node *node = t->root;
	u64 pa;

	lockdep_assert_held(&t->sem);

	for (int level = KHO_TREE_LEVELS; level; level--) {
		pa = node->child_pa[slot_of(pfn, level)];
		if (!pa)
			return NULL;
		node = phys_to_virt(pa);
	}
	return (struct kho_tree_leaf *)node;
}

/* As kho_tracker_leaf(), but makes the leaf. Return: %NULL: no memory. */
struct kho_tree_leaf *kho_tracker_grow(struct kho_tracker *t,
				       unsigned long pfn)
{
	struct kho_tree_node *child, *node = t->root;
	u64 *slot;

	lockdep_assert_held_write(&t->sem);

	for (int level = KHO_TREE_LEVELS; level; level--) {
		slot = &node->child_pa[slot_of(pfn, level)];
		if (!*slot) {
			child = t->alloc_node();
			if (!child)
				return NULL;
			kho_node_weight_add(node, 1);
			/* the next kernel never finds a page that is not zeroed */
			smp_wmb();
			WRITE_ONCE(*slot, virt_to_phys(child));
		}
		node = phys_to_virt(*slot);
	}
	return (struct kho_tree_leaf *)node;
}

/* Frees the leaf of @pfn if it is empty, and every node that becomes empty. */
static void prune_leaf(struct kho_tracker *t, unsigned long pfn)
{
	struct kho_tree_node *path[KHO_TREE_LEVELS + 1];
	u64 pa;
	int level;

	lockdep_assert_held_write(&t->sem);

	path[KHO_TREE_LEVELS] = t->root;
	for (level = KHO_TREE_LEVELS; level; level--) {
		pa = path[level]->child_pa[slot_of(pfn, level)];
		if (!pa)
			break;
		path[level - 1] = phys_to_virt(pa);
	}

	for (; level < KHO_TREE_LEVELS && !kho_node_weight(path[level]); level++) {
		WRITE_ONCE(path[level + 1]->child_pa[slot_of(pfn, level + 1)], 0);
		kho_node_weight_add(path[level + 1], -1);
		t->free_node(path[level]);
	}
}

void kho_tracker_prune(struct kho_tracker *t, unsigned long start,
		       unsigned long end)
{
	unsigned long pfn, nr;

	kho_for_each_span(pfn, nr, start, end)
		prune_leaf(t, pfn);
}

static int lock_sem(struct kho_tracker *t, bool exclusive, bool killable)
{
	if (killable)
		return exclusive ? down_write_killable(&t->sem) :
				   down_read_killable(&t->sem);
	if (exclusive)
		down_write(&t->sem);
	else
		down_read(&t->sem);
	return 0;
}

void kho_tracker_unlock(struct kho_tracker *t, bool exclusive)
{
	if (exclusive)
		up_write(&t->sem);
	else
		up_read(&t->sem);
}

/**
 * kho_tracker_lock() - take the semaphore of a tracker, once it is not frozen
 * @t: the tracker
 * @exclusive: for writing
 * @killable: give up when killed
 *
 * Context: sleeps.
 * Return: 0; -EINTR: killed; -EBUSY: the caller itself froze @t, which is a bug.
 */
int kho_tracker_lock(struct kho_tracker *t, bool exclusive, bool killable)
{
	int err;

	for (;;) {
		err = lock_sem(t, exclusive, killable);
		if (err || !t->frozen_by)
			return err;

		err = WARN_ON_ONCE(t->frozen_by == current) ? -EBUSY : 0;
		kho_tracker_unlock(t, exclusive);
		if (err)
			return err;

		if (!killable)
			wait_event(t->thawed, !READ_ONCE(t->frozen_by));
		else if (wait_event_killable(t->thawed,
					     !READ_ONCE(t->frozen_by)))
			return -EINTR;
	}
}

/* Is all of [pfn, pfn + nr) preserved? */
bool kho_tracker_covers(struct kho_tracker *t, unsigned long pfn,
			unsigned long nr)
{
	unsigned long end = pfn + nr, at, span;
	struct kho_tree_leaf *leaf;

	if (!t->root || !kho_range_valid(pfn, nr))
		return false;

	guard(rwsem_read)(&t->sem);
	kho_for_each_span(at, span, pfn, end) {
		leaf = kho_tracker_leaf(t, at);
		if (!leaf || !kho_leaf_all(leaf, at, span))
			return false;
	}
	return true;
}

/* Is anything in [pfn, pfn + nr) preserved? */
bool kho_tracker_intersects(struct kho_tracker *t, unsigned long pfn,
			    unsigned long nr)
{
	unsigned long end = pfn + nr, at, span;
	struct kho_tree_leaf *leaf;

	if (!t->root || !kho_range_valid(pfn, nr))
		return false;

	guard(rwsem_read)(&t->sem);
	kho_for_each_span(at, span, pfn, end) {
		leaf = kho_tracker_leaf(t, at);
		if (leaf && !kho_leaf_none(leaf, at, span))
			return true;
	}
	return false;
}

/* Number of pages from @pfn to the end of its block; 0: not preserved. */
unsigned long kho_tracker_block_pages(struct kho_tracker *t, unsigned long pfn)
{
	unsigned long pages = 0, span, offset;
	struct kho_tree_leaf *leaf;

	if (!t->root)
		return 0;

	guard(rwsem_read)(&t->sem);
	for (; kho_range_valid(pfn, 1); pfn += span, pages += span) {
		leaf = kho_tracker_leaf(t, pfn);
		if (!leaf || kho_leaf_none(leaf, pfn, 1))
			return 0;
		span = kho_span_pages(pfn, ULONG_MAX);
		offset = kho_leaf_block_offset(leaf, pfn, span);
		if (offset < span)
			return pages + offset + 1;
	}
	return 0;
}

struct tracker_stat {
	struct kho_tree_visitor visitor;
	unsigned long preserved;
	unsigned long nodes;
};

static int stat_node(struct kho_tree_visitor *v, phys_addr_t pa, int level)
{
	struct tracker_stat *stat = container_of(v, typeof(*stat), visitor);

	stat->nodes++;
	if (!level)
		stat->preserved += kho_node_weight(phys_to_virt(pa));
	return 0;
}

/* Counts preserved pages, and the pages of the tree itself. */
void kho_tracker_count(struct kho_tracker *t, unsigned long *preserved,
		       unsigned long *nodes)
{
	struct tracker_stat stat = { .visitor = { .node = stat_node } };

	if (t->root) {
		guard(rwsem_write)(&t->sem);
		kho_tree_walk(virt_to_phys(t->root), &stat.visitor);
	}
	*preserved = stat.preserved;
	*nodes = stat.nodes;
}

/**
 * kho_tracker_freeze() - let nothing change any more
 * @t: the tracker
 *
 * From the return of this function to kho_tracker_thaw() the tree stays as it
 * is, and whoever wants to change it waits.
 *
 * Context: sleeps until changes that are under way are done.
 * Return: 0; -EINTR: killed meanwhile; -EBUSY: frozen already.
 */
int kho_tracker_freeze(struct kho_tracker *t)
{
	if (down_write_killable(&t->sem))
		return -EINTR;
	if (t->frozen_by) {
		up_write(&t->sem);
		return -EBUSY;
	}
	WRITE_ONCE(t->frozen_by, current);
	up_write(&t->sem);
	return 0;
}

/* Ends kho_tracker_freeze(). */
void kho_tracker_thaw(struct kho_tracker *t)
{
	scoped_guard(rwsem_write, &t->sem)
		WRITE_ONCE(t->frozen_by, NULL);
	wake_up_all(&t->thawed);
}
