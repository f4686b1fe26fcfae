// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a tree of extents of a preserved memfd from left to right
 */
#include "memfd_luo_tree.h"

/* Puts @cursor in front of the first extent of the leaf that @index is in. */
static void cursor_enter(struct memfd_luo_cursor *cursor, pgoff_t index)
{
	const struct memfd_luo_node_ser *node = cursor->tree->root;
	unsigned int pos;

	cursor->limit = MEMFD_LUO_INDEX_MASK;
	while (node->level) {
		pos = memfd_luo_node_child_pos(node, index);
		if (pos + 1 < node->nr)
			cursor->limit = node_index(node, pos + 1);
		node = node_child(node, pos);
	}
	cursor->leaf = node;
	cursor->pos = 0;
}

/**
 * memfd_luo_cursor_first() - begin to read a tree
 * @tree: the tree
 *
 * Return: a cursor in front of the first extent
 */
struct memfd_luo_cursor
memfd_luo_cursor_first(const struct memfd_luo_tree *tree)
{
	struct memfd_luo_cursor cursor = { .tree = tree };

	cursor_enter(&cursor, 0);
	return cursor;
}

/**
 * memfd_luo_cursor_next() - read the next extent
 * @cursor: a place in a tree
 * @extent: out: the extent
 *
 * Searches once in each leaf, not once for each extent.
 *
 * Context: serialised by the caller, against insertion since the cursor's begin.
 * Return: false if there is none
 */
bool memfd_luo_cursor_next(struct memfd_luo_cursor *cursor,
			   struct memfd_luo_extent *extent)
{
	if (cursor->pos == cursor->leaf->nr) {
		if (cursor->limit == MEMFD_LUO_INDEX_MASK)
			return false;
		cursor_enter(cursor, cursor->limit);
	}
	*extent = extent_decode(&cursor->leaf->entries[cursor->pos++]);
	return true;
}
