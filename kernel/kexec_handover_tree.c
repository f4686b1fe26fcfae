// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_tree.c - the tree of preserved pages, as the next kernel sees it
 *
 * Pure functions on the format of include/linux/kho/abi/kho.h: bits of one
 * leaf, and the walk over a whole tree. No locks, no allocation.
 *
 * In a leaf the end of a block is written before the page is marked preserved,
 * and wiped after the mark is gone, so that every preserved page always belongs
 * to a block with an end, wherever the kernel that changes the leaf is stopped.
 * A block that is larger than a leaf has its end in the last of its leaves. A
 * kernel that is stopped between them leaves a part of a block: that is reserved
 * by the next kernel, and cannot be restored.
 */
#include <linux/io.h>
#include <linux/kho/abi/kho.h>

#include "kexec_handover_internal.h"

static unsigned long leaf_bit(unsigned long pfn)
{
	return pfn & (KHO_TREE_LEAF_PAGES - 1);
}

static unsigned long block_last(unsigned long pfn, unsigned int order)
{
	return pfn | ((1UL << order) - 1);
}

bool kho_leaf_none(const struct kho_tree_leaf *leaf, unsigned long pfn,
		   unsigned long nr)
{
	unsigned long end = leaf_bit(pfn) + nr;

	return find_next_bit(leaf->preserved, end, leaf_bit(pfn)) >= end;
}

bool kho_leaf_all(const struct kho_tree_leaf *leaf, unsigned long pfn,
		  unsigned long nr)
{
	unsigned long end = leaf_bit(pfn) + nr;

	return find_next_zero_bit(leaf->preserved, end, leaf_bit(pfn)) >= end;
}

/* Is @pfn preserved, and the page behind it a part of the same block? */
bool kho_leaf_goes_on(const struct kho_tree_leaf *leaf, unsigned long pfn)
{
	return test_bit(leaf_bit(pfn), leaf->preserved) &&
	       !test_bit(leaf_bit(pfn), leaf->block_end);
}

/* Offset from @pfn to the end of its block, or @nr if that is not in the leaf. */
unsigned long kho_leaf_block_offset(const struct kho_tree_leaf *leaf,
				    unsigned long pfn, unsigned long nr)
{
	unsigned long bit = leaf_bit(pfn);

	return find_next_bit(leaf->block_end, bit + nr, bit) - bit;
}

/* Do blocks end in [pfn, pfn + nr) exactly where blocks of @order end? */
bool kho_leaf_has_order(const struct kho_tree_leaf *leaf, unsigned long pfn,
			unsigned long nr, unsigned int order)
{
	unsigned long base = pfn - leaf_bit(pfn), end = leaf_bit(pfn) + nr;
	unsigned long want = block_last(pfn, order) - base;
	unsigned long bit = leaf_bit(pfn);

	if (!order)
		return find_next_zero_bit(leaf->block_end, end, bit) >= end;

	for_each_set_bit_from(bit, leaf->block_end, end) {
		if (bit != want)
			return false;
		want += 1UL << order;
	}
	return want >= end;
}

void kho_leaf_set(struct kho_tree_leaf *leaf, unsigned long pfn,
		  unsigned long nr, unsigned int order)
{
	unsigned long last;

	if (!order) {
		bitmap_set(leaf->block_end, leaf_bit(pfn), nr);
	} else {
		for (last = block_last(pfn, order); last < pfn + nr;
		     last += 1UL << order)
			__set_bit(leaf_bit(last), leaf->block_end);
	}
	/* the order the head of this file promises to the next kernel */
	smp_wmb();
	bitmap_set(leaf->preserved, leaf_bit(pfn), nr);
}

void kho_leaf_clear(struct kho_tree_leaf *leaf, unsigned long pfn,
		    unsigned long nr)
{
	bitmap_clear(leaf->preserved, leaf_bit(pfn), nr);
	/* the order the head of this file promises to the next kernel */
	smp_wmb();
	bitmap_clear(leaf->block_end, leaf_bit(pfn), nr);
}

/* Preserved pages of a leaf (@level 0), or used slots of a node. */
unsigned long kho_tree_weight(const void *page, unsigned int level)
{
	const struct kho_tree_leaf *leaf = page;
	const struct kho_tree_node *node = page;
	unsigned long used = 0;

	if (!level)
		return bitmap_weight(leaf->preserved, KHO_TREE_LEAF_PAGES);

	for (unsigned long i = 0; i < KHO_TREE_NODE_SLOTS; i++)
		used += !!node->child_pa[i];
	return used;
}

static int visit_run(struct kho_tree_visitor *v)
{
	return v->run_nr ? v->run(v, v->run_pfn, v->run_nr) : 0;
}

static int walk_leaf(struct kho_tree_visitor *v,
		     const struct kho_tree_leaf *leaf, unsigned long base)
{
	unsigned long first, end;
	int err;

	for_each_set_bitrange(first, end, leaf->preserved, KHO_TREE_LEAF_PAGES) {
		if (v->run_nr && v->run_pfn + v->run_nr == base + first) {
			v->run_nr += end - first;
			continue;
		}
		err = visit_run(v);
		if (err)
			return err;
		v->run_pfn = base + first;
		v->run_nr = end - first;
	}
	return 0;
}

/* @index: of the page at @pa among all pages of its @level */
static int walk_page(struct kho_tree_visitor *v, phys_addr_t pa, int level,
		     unsigned long index)
{
	const struct kho_tree_node *node;
	int err;

	err = v->node ? v->node(v, pa, level) : 0;
	if (err)
		return err;

	if (!level) {
		if (!v->run)
			return 0;
		return walk_leaf(v, phys_to_virt(pa),
				 index << KHO_TREE_LEAF_SHIFT);
	}

	node = phys_to_virt(pa);
	index <<= KHO_TREE_NODE_SHIFT;
	for (unsigned long i = 0; i < KHO_TREE_NODE_SLOTS; i++) {
		if (!node->child_pa[i])
			continue;
		err = walk_page(v, node->child_pa[i], level - 1, index + i);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kho_tree_walk() - visit a tree in ascending order of addresses
 * @root_pa: physical address of the root node
 * @v: what to call; may be walked again
 *
 * Nodes are shown to @v->node before they are read. Adjacent pages are shown
 * to @v->run as one run, also where they lie in different leaves. A walk
 * without @v->run does not read leaves.
 *
 * Context: any; the tree must not change meanwhile.
 * Return: 0, or the first error that a callback returned.
 */
int kho_tree_walk(phys_addr_t root_pa, struct kho_tree_visitor *v)
{
	int err;

	v->run_nr = 0;
	err = walk_page(v, root_pa, KHO_TREE_LEVELS, 0);
	return err ?: visit_run(v);
}
