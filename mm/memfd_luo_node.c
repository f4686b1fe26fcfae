// SPDX-License-Identifier: GPL-2.0-only
/*
 * One node of the tree of extents of a preserved memfd: entries sorted by page
 * index, and the checksum that each change keeps up to date.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "memfd_luo_tree.h"

/* Number of entries whose index is not greater than @index. */
unsigned int memfd_luo_node_upper_bound(const struct memfd_luo_node_ser *node,
					pgoff_t index)
{
	unsigned int low = 0, high = node->nr;

	/* Files are filled from left to right. */
	if (high && node_index(node, high - 1) <= index)
		return high;
	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (node_index(node, mid) <= index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The child that is responsible for @index. */
unsigned int memfd_luo_node_child_pos(const struct memfd_luo_node_ser *node,
				      pgoff_t index)
{
	unsigned int pos = memfd_luo_node_upper_bound(node, index);

	return pos ? pos - 1 : 0;
}

void memfd_luo_node_init(struct memfd_luo_node_ser *node, unsigned int level)
{
	node->magic = MEMFD_LUO_NODE_MAGIC;
	node->level = level;
	node->nr = 0;
	node->sum = memfd_luo_level_sum(level);
}

void memfd_luo_node_set(struct memfd_luo_node_ser *node, unsigned int pos,
			struct memfd_luo_entry_ser entry)
{
	node->sum += memfd_luo_entry_sum(&entry) -
		     memfd_luo_entry_sum(&node->entries[pos]);
	node->entries[pos] = entry;
}

void memfd_luo_node_insert(struct memfd_luo_node_ser *node, unsigned int pos,
			   struct memfd_luo_entry_ser entry)
{
	memmove(&node->entries[pos + 1], &node->entries[pos],
		(node->nr - pos) * sizeof(entry));
	node->entries[pos] = entry;
	node->sum += memfd_luo_entry_sum(&entry);
	node->nr++;
}

void memfd_luo_node_remove(struct memfd_luo_node_ser *node, unsigned int pos)
{
	node->sum -= memfd_luo_entry_sum(&node->entries[pos]);
	node->nr--;
	memmove(&node->entries[pos], &node->entries[pos + 1],
		(node->nr - pos) * sizeof(node->entries[0]));
}

/* Moves the entries from @pos on to the end of @to. */
void memfd_luo_node_move_tail(struct memfd_luo_node_ser *to,
			      struct memfd_luo_node_ser *from, unsigned int pos)
{
	unsigned int i;

	for (i = pos; i < from->nr; i++) {
		memfd_luo_node_insert(to, to->nr, from->entries[i]);
		from->sum -= memfd_luo_entry_sum(&from->entries[i]);
	}
	from->nr = pos;
}
