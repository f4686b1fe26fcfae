// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_carry.c - hand on what the previous kernel left
 *
 * Memory that the previous kernel preserved and that nobody has taken over can go
 * on to the next kernel. Its tree is grafted onto ours: where ours has nothing,
 * its pages are linked as they are; where both have a leaf, its bits are added to
 * ours. No page is in both trees, so the graft can be taken off again. Nothing is
 * allocated, and the next kernel sees one tree as ever.
 *
 * Both trees are frozen meanwhile. The weights of the nodes are not kept up: only
 * changes need them, and the next kernel counts for itself.
 */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/io.h>

#include "kexec_handover_internal.h"

static bool carried;

static void leaf_merge(struct kho_tree_leaf *to, const struct kho_tree_leaf *from)
{
	bitmap_or(to->block_end, to->block_end, from->block_end,
		  KHO_TREE_LEAF_PAGES);
	/* the order the head of kexec_handover_tree.c promises */
	smp_wmb();
	bitmap_or(to->preserved, to->preserved, from->preserved,
		  KHO_TREE_LEAF_PAGES);
}

static void leaf_split(struct kho_tree_leaf *to, const struct kho_tree_leaf *from)
{
	bitmap_andnot(to->preserved, to->preserved, from->preserved,
		      KHO_TREE_LEAF_PAGES);
	/* the order the head of kexec_handover_tree.c promises */
	smp_wmb();
	bitmap_andnot(to->block_end, to->block_end, from->block_end,
		      KHO_TREE_LEAF_PAGES);
}

/**
 * kho_tree_graft() - add a tree to another one
 * @to: node that gets everything below @from
 * @from: node of the same place in the other tree; no page is in both
 * @level: of both nodes, KHO_TREE_LEVELS for the roots
 *
 * Context: any; neither tree changes meanwhile.
 */
void kho_tree_graft(struct kho_tree_node *to, const struct kho_tree_node *from,
		    int level)
{
	for (unsigned long i = 0; i < KHO_TREE_NODE_SLOTS; i++) {
		void *to_child, *from_child;

		if (!from->child_pa[i])
			continue;
		if (!to->child_pa[i]) {
			to->child_pa[i] = from->child_pa[i];
			continue;
		}
		to_child = phys_to_virt(to->child_pa[i]);
		from_child = phys_to_virt(from->child_pa[i]);
		if (level > 1)
			kho_tree_graft(to_child, from_child, level - 1);
		else
			leaf_merge(to_child, from_child);
	}
}

/**
 * kho_tree_ungraft() - take kho_tree_graft() back
 * @to: as there
 * @from: as there, and with the same contents
 * @level: as there
 *
 * Context: as there.
 */
void kho_tree_ungraft(struct kho_tree_node *to, const struct kho_tree_node *from,
		      int level)
{
	for (unsigned long i = 0; i < KHO_TREE_NODE_SLOTS; i++) {
		void *to_child, *from_child;

		if (!from->child_pa[i])
			continue;
		if (to->child_pa[i] == from->child_pa[i]) {
			to->child_pa[i] = 0;
			continue;
		}
		to_child = phys_to_virt(to->child_pa[i]);
		from_child = phys_to_virt(from->child_pa[i]);
		if (level > 1)
			kho_tree_ungraft(to_child, from_child, level - 1);
		else
			leaf_split(to_child, from_child);
	}
}

/**
 * kho_carry_incoming() - let go on what nobody has taken over
 *
 * All memory that the previous kernel preserved, and that is not restored, is
 * preserved for the next one too. kho_thaw() takes that back. Until then whoever
 * wants to restore memory waits.
 *
 * Context: sleeps; between kho_freeze() and kho_thaw(). Does not allocate.
 * Return: 0; -EINTR: killed while waiting for somebody who restores.
 */
int kho_carry_incoming(void)
{
	int err;

	if (!kho_incoming.root || !kho_outgoing.root)
		return 0;
	err = kho_tracker_freeze(&kho_incoming);
	if (err)
		return err;
	/* frozen, but not yet safe from those who only look */
	scoped_guard(rwsem_write, &kho_outgoing.sem)
		kho_tree_graft(kho_outgoing.root, kho_incoming.root,
			       KHO_TREE_LEVELS);
	carried = true;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_carry_incoming);

/* Takes kho_carry_incoming() back, if it was called. */
void kho_carry_stop(void)
{
	if (!carried)
		return;
	scoped_guard(rwsem_write, &kho_outgoing.sem)
		kho_tree_ungraft(kho_outgoing.root, kho_incoming.root,
				 KHO_TREE_LEVELS);
	carried = false;
	kho_tracker_thaw(&kho_incoming);
}
