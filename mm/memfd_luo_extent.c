// SPDX-License-Identifier: GPL-2.0-only
/*
 * The extents of a preserved memfd: a B+ tree in preserved pages
 *
 * The form is described in <linux/kho/abi/memfd.h>. Invariants:
 *
 * * The root stays where it is. When it is full its entries move into a new
 *   child, and the tree is one level higher.
 * * The key of a child is the index of the first extent below it. That holds
 *   for the first child, too: an insertion in front of everything updates the
 *   keys on its way.
 * * Extents are only added, never removed. Neighbours that run on are merged
 *   within a leaf; a leaf never becomes empty.
 * * Every step of an insertion leaves a valid tree, so that one that runs out
 *   of memory half way has at most split a node early.
 *
 * This file knows nothing about files, folios or locks.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "memfd_luo_tree.h"

/* Path from the root to a leaf: the nodes and the entries taken in them. */
struct memfd_luo_path {
	struct memfd_luo_node_ser *node[MEMFD_LUO_MAX_LEVEL + 1];
	unsigned int pos[MEMFD_LUO_MAX_LEVEL + 1];
};

static unsigned int node_capacity(const struct memfd_luo_tree *tree,
				  const struct memfd_luo_node_ser *node)
{
	return node == tree->root ? tree->root_capacity :
				    MEMFD_LUO_NODE_CAPACITY;
}

static bool node_is_full(const struct memfd_luo_tree *tree,
			 const struct memfd_luo_node_ser *node)
{
	return node->nr == node_capacity(tree, node);
}

/**
 * memfd_luo_tree_init() - make an empty tree
 * @tree: the handle
 * @root: memory of the root node
 * @root_capacity: entries that fit into it
 * @ops: where further nodes come from
 */
void memfd_luo_tree_init(struct memfd_luo_tree *tree,
			 struct memfd_luo_node_ser *root,
			 unsigned int root_capacity,
			 const struct memfd_luo_tree_ops *ops)
{
	tree->root = root;
	tree->root_capacity = root_capacity;
	tree->ops = ops;
	memfd_luo_node_init(root, 0);
}

static void tree_walk(const struct memfd_luo_tree *tree, pgoff_t index,
		      struct memfd_luo_path *path)
{
	struct memfd_luo_node_ser *node = tree->root;

	for (;;) {
		unsigned int level = node->level;

		path->node[level] = node;
		if (!level)
			break;
		path->pos[level] = memfd_luo_node_child_pos(node, index);
		node = node_child(node, path->pos[level]);
	}
	path->pos[0] = memfd_luo_node_upper_bound(path->node[0], index);
}

/* First index behind the leaf of @path, as the keys of its parents have it. */
static pgoff_t path_limit(const struct memfd_luo_tree *tree,
			  const struct memfd_luo_path *path)
{
	unsigned int level;

	for (level = 1; level <= tree->root->level; level++) {
		if (path->pos[level] + 1 < path->node[level]->nr)
			return node_index(path->node[level],
					  path->pos[level] + 1);
	}
	return MEMFD_LUO_INDEX_MASK;
}

/* The first entry of the leaf is @index now: tell the parents. */
static void path_update_keys(const struct memfd_luo_tree *tree,
			     struct memfd_luo_path *path, pgoff_t index)
{
	unsigned int level;

	for (level = 1; level <= tree->root->level; level++) {
		struct memfd_luo_node_ser *node = path->node[level];
		struct memfd_luo_entry_ser entry = node->entries[path->pos[level]];

		entry.key = index;
		memfd_luo_node_set(node, path->pos[level], entry);
		if (path->pos[level])
			break;
	}
}

static bool extent_runs_on(const struct memfd_luo_extent *first,
			   const struct memfd_luo_extent *second)
{
	return first->order == second->order &&
	       memfd_luo_extent_end(first) == second->index &&
	       first->pfn + memfd_luo_extent_pages(first) == second->pfn &&
	       first->count + second->count <= MEMFD_LUO_COUNT_MAX;
}

static int extent_check(const struct memfd_luo_extent *extent)
{
	if (!extent->count || extent->count > MEMFD_LUO_COUNT_MAX ||
	    extent->order > MEMFD_LUO_ORDER_MASK || extent->index > MEMFD_LUO_INDEX_MASK ||
	    extent->pfn > MEMFD_LUO_PFN_MASK ||
	    memfd_luo_extent_end(extent) > MEMFD_LUO_INDEX_MASK)
		return -EINVAL;
	return 0;
}

/*
 * Lets the neighbours take @extent in.
 *
 * Return: 1 if they did, 0 if it needs an entry of its own, -EEXIST if it
 * overlaps one of them.
 */
static int tree_merge(struct memfd_luo_tree *tree, struct memfd_luo_path *path,
		      const struct memfd_luo_extent *extent)
{
	struct memfd_luo_node_ser *leaf = path->node[0];
	struct memfd_luo_extent merged = *extent, other;
	unsigned int pos = path->pos[0];
	bool prev = false, next = false;

	if (memfd_luo_extent_end(extent) > path_limit(tree, path))
		return -EEXIST;
	if (pos) {
		other = extent_decode(&leaf->entries[pos - 1]);
		if (memfd_luo_extent_end(&other) > extent->index)
			return -EEXIST;
		prev = extent_runs_on(&other, &merged);
		if (prev) {
			merged = other;
			merged.count += extent->count;
		}
	}
	if (pos < leaf->nr) {
		other = extent_decode(&leaf->entries[pos]);
		if (other.index < memfd_luo_extent_end(extent))
			return -EEXIST;
		next = extent_runs_on(&merged, &other);
		if (next)
			merged.count += other.count;
	}
	if (!prev && !next)
		return 0;
	memfd_luo_node_set(leaf, prev ? pos - 1 : pos, extent_encode(&merged));
	if (prev && next)
		memfd_luo_node_remove(leaf, pos);
	else if (next && !pos)
		path_update_keys(tree, path, merged.index);
	return 1;
}

/* Moves everything in the root one level down. */
static int tree_grow(struct memfd_luo_tree *tree)
{
	struct memfd_luo_node_ser *root = tree->root, *node;

	if (root->level == MEMFD_LUO_MAX_LEVEL)
		return -EFBIG;
	node = tree->ops->alloc();
	if (IS_ERR(node))
		return PTR_ERR(node);

	memfd_luo_node_init(node, root->level);
	memfd_luo_node_move_tail(node, root, 0);
	memfd_luo_node_init(root, node->level + 1);
	memfd_luo_node_insert(root, 0, (struct memfd_luo_entry_ser) {
		.key = node_index(node, 0),
		.value = virt_to_phys(node),
	});
	return 0;
}

/*
 * Splits the full child at @pos of @parent, which has room. If @index goes
 * behind everything in the tree then the left part stays as full as it can be.
 */
static int tree_split_child(struct memfd_luo_tree *tree,
			    struct memfd_luo_node_ser *parent,
			    unsigned int pos, pgoff_t index, bool append)
{
	struct memfd_luo_node_ser *left = node_child(parent, pos), *right;
	unsigned int keep = left->nr / 2;

	right = tree->ops->alloc();
	if (IS_ERR(right))
		return PTR_ERR(right);

	if (append)
		keep = left->level ? left->nr - 1 : left->nr;
	memfd_luo_node_init(right, left->level);
	memfd_luo_node_move_tail(right, left, keep);
	memfd_luo_node_insert(parent, pos + 1, (struct memfd_luo_entry_ser) {
		.key = right->nr ? node_index(right, 0) : index,
		.value = virt_to_phys(right),
	});
	return 0;
}

static bool tree_ends_before(const struct memfd_luo_tree *tree, pgoff_t index)
{
	const struct memfd_luo_node_ser *node = tree->root;

	while (node->level)
		node = node_child(node, node->nr - 1);
	return !node->nr || node_index(node, node->nr - 1) < index;
}

/* Makes room for one more entry on the way to @index: from the root down. */
static int tree_make_room(struct memfd_luo_tree *tree, pgoff_t index)
{
	struct memfd_luo_node_ser *node = tree->root;
	bool append = tree_ends_before(tree, index);
	int err;

	if (node_is_full(tree, node)) {
		err = tree_grow(tree);
		if (err)
			return err;
	}
	while (node->level) {
		unsigned int pos = memfd_luo_node_child_pos(node, index);

		if (node_is_full(tree, node_child(node, pos))) {
			err = tree_split_child(tree, node, pos, index, append);
			if (err)
				return err;
			pos = memfd_luo_node_child_pos(node, index);
		}
		node = node_child(node, pos);
	}
	return 0;
}

/**
 * memfd_luo_tree_insert() - add an extent
 * @tree: the tree
 * @extent: the extent
 *
 * Context: serialised by the caller; may sleep in the allocation of a node.
 * Return:
 * * 0: it is in the tree, on its own or as a part of a larger one
 * * -EINVAL: it cannot be expressed in a record
 * * -EEXIST: it overlaps an extent of the tree; nothing changed
 * * other negative errno: no memory for a node; the set is unchanged
 */
int memfd_luo_tree_insert(struct memfd_luo_tree *tree,
			  const struct memfd_luo_extent *extent)
{
	struct memfd_luo_path path;
	int err;

	err = extent_check(extent);
	if (err)
		return err;
	tree_walk(tree, extent->index, &path);
	err = tree_merge(tree, &path, extent);
	if (err)
		return err < 0 ? err : 0;

	if (node_is_full(tree, path.node[0])) {
		err = tree_make_room(tree, extent->index);
		if (err)
			return err;
		tree_walk(tree, extent->index, &path);
	}
	memfd_luo_node_insert(path.node[0], path.pos[0], extent_encode(extent));
	if (!path.pos[0])
		path_update_keys(tree, &path, extent->index);
	return 0;
}

/**
 * memfd_luo_tree_next() - find an extent, in place
 * @tree: the tree
 * @index: page index
 * @extent: out: the first extent that ends behind @index
 *
 * Costs a binary search in each level. If @index is in no hole then the extent
 * that covers it is found.
 *
 * Context: serialised by the caller, against insertion.
 * Return: false if there is none
 */
bool memfd_luo_tree_next(const struct memfd_luo_tree *tree, pgoff_t index,
			 struct memfd_luo_extent *extent)
{
	struct memfd_luo_path path;

	while (index < MEMFD_LUO_INDEX_MASK) {
		tree_walk(tree, index, &path);
		if (path.pos[0]) {
			*extent = extent_decode(&path.node[0]->entries[path.pos[0] - 1]);
			if (memfd_luo_extent_end(extent) > index)
				return true;
		}
		if (path.pos[0] < path.node[0]->nr) {
			*extent = extent_decode(&path.node[0]->entries[path.pos[0]]);
			return true;
		}
		index = path_limit(tree, &path);
	}
	return false;
}

static void subtree_free(struct memfd_luo_tree *tree,
			 struct memfd_luo_node_ser *node)
{
	unsigned int i;

	for (i = 0; node->level && i < node->nr; i++) {
		struct memfd_luo_node_ser *child = node_child(node, i);

		subtree_free(tree, child);
		tree->ops->free(child);
	}
}

/**
 * memfd_luo_tree_free() - give back all nodes but the root
 * @tree: a sound tree; it is empty afterwards
 */
void memfd_luo_tree_free(struct memfd_luo_tree *tree)
{
	subtree_free(tree, tree->root);
	memfd_luo_node_init(tree->root, 0);
}
