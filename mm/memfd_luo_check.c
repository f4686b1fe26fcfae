// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validation of a tree of extents that another kernel has left
 *
 * The tree is input. A page of it is read only when it is known to be preserved,
 * and nothing of it is used before all of it was checked.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/mm.h>

#include "memfd_luo_tree.h"

static int node_check(const struct memfd_luo_node_ser *node,
		      unsigned int capacity)
{
	unsigned int i;
	u64 sum = memfd_luo_level_sum(node->level);

	if (node->magic != MEMFD_LUO_NODE_MAGIC || node->nr > capacity)
		return -EBADMSG;
	for (i = 0; i < node->nr; i++) {
		if (i && node_index(node, i) <= node_index(node, i - 1))
			return -EBADMSG;
		sum += memfd_luo_entry_sum(&node->entries[i]);
	}
	return sum == node->sum ? 0 : -EBADMSG;
}

static int leaf_check(const struct memfd_luo_node_ser *leaf, pgoff_t limit,
		      struct memfd_luo_tree_check *check)
{
	unsigned int i;

	for (i = 0; i < leaf->nr; i++) {
		struct memfd_luo_extent extent = extent_decode(&leaf->entries[i]);
		unsigned long pages = memfd_luo_extent_pages(&extent);
		pgoff_t end = i + 1 < leaf->nr ? node_index(leaf, i + 1) : limit;

		if (extent.order > check->max_order)
			return -EPROTONOSUPPORT;
		if (leaf->entries[i].key >> MEMFD_LUO_FLAGS_SHIFT ||
		    extent.index >= check->end ||
		    pages > MEMFD_LUO_INDEX_MASK - extent.index ||
		    memfd_luo_extent_end(&extent) > end ||
		    !IS_ALIGNED(extent.index | extent.pfn, 1UL << extent.order) ||
		    !check->valid(extent.pfn, pages))
			return -EBADMSG;
		check->nr_pages += pages;
	}
	return 0;
}

/*
 * Depth is limited by the level, which falls by one with each step. A node
 * cannot be visited twice: keys rise, and are those of the first extents.
 */
static int subtree_check(const struct memfd_luo_node_ser *node, pgoff_t limit,
			 struct memfd_luo_tree_check *check)
{
	unsigned int i;
	int err;

	if (!node->level)
		return leaf_check(node, limit, check);
	for (i = 0; i < node->nr; i++) {
		const struct memfd_luo_node_ser *child;
		u64 pa = node->entries[i].value;

		if (!IS_ALIGNED(pa, PAGE_SIZE) ||
		    node->entries[i].key > MEMFD_LUO_INDEX_MASK ||
		    !check->valid(PHYS_PFN(pa), 1))
			return -EBADMSG;
		child = node_child(node, i);
		err = node_check(child, MEMFD_LUO_NODE_CAPACITY);
		if (err)
			return err;
		if (!child->nr || child->level != node->level - 1 ||
		    node_index(child, 0) != node_index(node, i))
			return -EBADMSG;
		err = subtree_check(child, i + 1 < node->nr ?
				    node_index(node, i + 1) : limit, check);
		if (err)
			return err;
	}
	return 0;
}

/**
 * memfd_luo_tree_check() - validate a tree that another kernel has left
 * @tree: the tree; that the page of its root was preserved is known
 * @check: limits; receives the number of pages
 *
 * Nothing that is not known to be preserved is read.
 *
 * Context: may be long for a large file.
 * Return:
 * * 0: sound, everything in it may be used without further checks
 * * -EPROTONOSUPPORT: a folio in it is larger than @check allows
 * * -EBADMSG: damaged
 */
int memfd_luo_tree_check(const struct memfd_luo_tree *tree,
			 struct memfd_luo_tree_check *check)
{
	int err;

	check->nr_pages = 0;
	if (tree->root->level > MEMFD_LUO_MAX_LEVEL ||
	    (tree->root->level && !tree->root->nr))
		return -EBADMSG;
	err = node_check(tree->root, tree->root_capacity);
	if (err)
		return err;
	return subtree_check(tree->root, MEMFD_LUO_INDEX_MASK, check);
}
