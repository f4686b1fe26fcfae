/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree of extents of a preserved memfd: see <linux/kho/abi/memfd.h> for its
 * form, memfd_luo_extent.c for its invariants. It knows nothing about files,
 * folios or locks.
 */
#ifndef _MM_MEMFD_LUO_TREE_H
#define _MM_MEMFD_LUO_TREE_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/kho/abi/memfd.h>

#define MEMFD_LUO_INDEX_MASK	GENMASK_ULL(MEMFD_LUO_INDEX_BITS - 1, 0)
#define MEMFD_LUO_ORDER_MASK	GENMASK_ULL(MEMFD_LUO_ORDER_BITS - 1, 0)
#define MEMFD_LUO_PFN_MASK	GENMASK_ULL(MEMFD_LUO_PFN_BITS - 1, 0)

/**
 * struct memfd_luo_extent - a run of folios, decoded
 * @index: Page index of the first.
 * @pfn: Page frame of the first.
 * @count: Number of folios, at least 1.
 * @order: Order of each.
 */
struct memfd_luo_extent {
	pgoff_t index;
	unsigned long pfn;
	unsigned long count;
	unsigned int order;
};

static inline unsigned long
memfd_luo_extent_pages(const struct memfd_luo_extent *extent)
{
	return extent->count << extent->order;
}

static inline pgoff_t
memfd_luo_extent_end(const struct memfd_luo_extent *extent)
{
	return extent->index + memfd_luo_extent_pages(extent);
}

/* Leaves the first @count folios out. */
static inline void memfd_luo_extent_skip(struct memfd_luo_extent *extent,
					 unsigned long count)
{
	extent->index += count << extent->order;
	extent->pfn += count << extent->order;
	extent->count -= count;
}

/**
 * struct memfd_luo_tree_ops - where the nodes of a tree come from
 * @alloc: A zeroed page, or an ERR_PTR.
 * @free: Gives it back.
 */
struct memfd_luo_tree_ops {
	void *(*alloc)(void);
	void (*free)(void *node);
};

/**
 * struct memfd_luo_tree - handle of a tree of extents
 * @root: The root node.
 * @root_capacity: Entries that fit into it.
 * @ops: Where further nodes come from and go to.
 *
 * The user serialises all access.
 */
struct memfd_luo_tree {
	struct memfd_luo_node_ser *root;
	unsigned int root_capacity;
	const struct memfd_luo_tree_ops *ops;
};

/**
 * struct memfd_luo_cursor - a place in a tree that is read from left to right
 * @tree: The tree; it must not change meanwhile.
 * @leaf: Where the next extent is, unless this leaf ends before it.
 * @pos: Its entry in @leaf.
 * @limit: First index behind @leaf.
 */
struct memfd_luo_cursor {
	const struct memfd_luo_tree *tree;
	const struct memfd_luo_node_ser *leaf;
	unsigned int pos;
	pgoff_t limit;
};

/**
 * struct memfd_luo_tree_check - what a tree from another kernel has to respect
 * @end: Page index that every extent begins below.
 * @max_order: The largest order of a folio.
 * @valid: Says whether a run of page frames was preserved for us.
 * @nr_pages: Out: pages in all extents.
 */
struct memfd_luo_tree_check {
	pgoff_t end;
	unsigned int max_order;
	bool (*valid)(unsigned long pfn, unsigned long nr_pages);
	unsigned long nr_pages;
};

void memfd_luo_tree_init(struct memfd_luo_tree *tree,
			 struct memfd_luo_node_ser *root,
			 unsigned int root_capacity,
			 const struct memfd_luo_tree_ops *ops);
int memfd_luo_tree_insert(struct memfd_luo_tree *tree,
			  const struct memfd_luo_extent *extent);
bool memfd_luo_tree_next(const struct memfd_luo_tree *tree, pgoff_t index,
			 struct memfd_luo_extent *extent);
struct memfd_luo_cursor
memfd_luo_cursor_first(const struct memfd_luo_tree *tree);
bool memfd_luo_cursor_next(struct memfd_luo_cursor *cursor,
			   struct memfd_luo_extent *extent);
int memfd_luo_tree_check(const struct memfd_luo_tree *tree,
			 struct memfd_luo_tree_check *check);
void memfd_luo_tree_free(struct memfd_luo_tree *tree);

static inline struct memfd_luo_entry_ser
extent_encode(const struct memfd_luo_extent *extent)
{
	return (struct memfd_luo_entry_ser) {
		.key = extent->index |
		       (u64)extent->order << MEMFD_LUO_ORDER_SHIFT,
		.value = extent->pfn |
			 (u64)(extent->count - 1) << MEMFD_LUO_COUNT_SHIFT,
	};
}

static inline struct memfd_luo_extent
extent_decode(const struct memfd_luo_entry_ser *entry)
{
	return (struct memfd_luo_extent) {
		.index = entry->key & MEMFD_LUO_INDEX_MASK,
		.order = (entry->key >> MEMFD_LUO_ORDER_SHIFT) &
			 MEMFD_LUO_ORDER_MASK,
		.pfn = entry->value & MEMFD_LUO_PFN_MASK,
		.count = (entry->value >> MEMFD_LUO_COUNT_SHIFT) + 1,
	};
}

static inline pgoff_t node_index(const struct memfd_luo_node_ser *node,
				 unsigned int pos)
{
	return node->entries[pos].key & MEMFD_LUO_INDEX_MASK;
}

static inline struct memfd_luo_node_ser *
node_child(const struct memfd_luo_node_ser *node, unsigned int pos)
{
	return phys_to_virt(node->entries[pos].value);
}

/* memfd_luo_node.c: one node */
unsigned int memfd_luo_node_upper_bound(const struct memfd_luo_node_ser *node,
					pgoff_t index);
unsigned int memfd_luo_node_child_pos(const struct memfd_luo_node_ser *node,
				      pgoff_t index);
void memfd_luo_node_init(struct memfd_luo_node_ser *node, unsigned int level);
void memfd_luo_node_set(struct memfd_luo_node_ser *node, unsigned int pos,
			struct memfd_luo_entry_ser entry);
void memfd_luo_node_insert(struct memfd_luo_node_ser *node, unsigned int pos,
			   struct memfd_luo_entry_ser entry);
void memfd_luo_node_remove(struct memfd_luo_node_ser *node, unsigned int pos);
void memfd_luo_node_move_tail(struct memfd_luo_node_ser *to,
			      struct memfd_luo_node_ser *from,
			      unsigned int pos);

#endif /* _MM_MEMFD_LUO_TREE_H */
