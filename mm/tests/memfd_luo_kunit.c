// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the tree of extents of a preserved memfd
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "../memfd_luo_tree.h"

/* Page frames that the tests use for folios; nodes are real pages. */
#define FIRST_PFN	0x1000000UL
#define LAST_PFN	0x8000000UL

/* State of a test; the ops of a tree have no argument. */
static struct {
	unsigned int nodes;	/* allocated now */
	int fail_after;		/* allocations that still succeed, or -1 */
	struct page *pages[512];
} test_heap;

static void *test_node_alloc(void)
{
	void *node;

	if (!test_heap.fail_after ||
	    test_heap.nodes == ARRAY_SIZE(test_heap.pages))
		return ERR_PTR(-ENOMEM);
	if (test_heap.fail_after > 0)
		test_heap.fail_after--;
	node = (void *)get_zeroed_page(GFP_KERNEL);
	if (!node)
		return ERR_PTR(-ENOMEM);
	test_heap.pages[test_heap.nodes++] = virt_to_page(node);
	return node;
}

static void test_node_free(void *node)
{
	unsigned int i;

	for (i = 0; i < test_heap.nodes; i++) {
		if (test_heap.pages[i] != virt_to_page(node))
			continue;
		test_heap.pages[i] = test_heap.pages[--test_heap.nodes];
		free_page((unsigned long)node);
		return;
	}
	WARN(1, "a node was freed twice\n");
}

static const struct memfd_luo_tree_ops test_tree_ops = {
	.alloc = test_node_alloc,
	.free = test_node_free,
};

static bool test_valid(unsigned long pfn, unsigned long nr_pages)
{
	unsigned int i;

	if (pfn >= FIRST_PFN && pfn < LAST_PFN)
		return nr_pages <= LAST_PFN - pfn;
	for (i = 0; i < test_heap.nodes; i++) {
		if (page_to_pfn(test_heap.pages[i]) == pfn)
			return nr_pages == 1;
	}
	return false;
}

struct tree_test {
	struct memfd_luo_tree tree;
	void *head;
};

static int tree_test_init(struct kunit *test)
{
	struct tree_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct memfd_luo_ser *ser;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test_heap.nodes = 0;
	test_heap.fail_after = -1;
	ser = (void *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ser);
	t->head = ser;
	memfd_luo_tree_init(&t->tree, &ser->root, MEMFD_LUO_ROOT_CAPACITY,
			    &test_tree_ops);
	test->priv = t;
	return 0;
}

static void tree_test_exit(struct kunit *test)
{
	struct tree_test *t = test->priv;

	memfd_luo_tree_free(&t->tree);
	KUNIT_EXPECT_EQ(test, test_heap.nodes, 0);
	free_page((unsigned long)t->head);
}

static int insert(struct kunit *test, pgoff_t index, unsigned long pfn,
		  unsigned long count, unsigned int order)
{
	struct tree_test *t = test->priv;
	const struct memfd_luo_extent extent = {
		.index = index,
		.pfn = FIRST_PFN + pfn,
		.count = count,
		.order = order,
	};

	return memfd_luo_tree_insert(&t->tree, &extent);
}

static int check(struct kunit *test, pgoff_t end, unsigned long *nr_pages)
{
	struct tree_test *t = test->priv;
	struct memfd_luo_tree_check limits = {
		.end = end,
		.max_order = MAX_PAGE_ORDER,
		.valid = test_valid,
	};
	int err = memfd_luo_tree_check(&t->tree, &limits);

	if (nr_pages)
		*nr_pages = limits.nr_pages;
	return err;
}

static unsigned int count_extents(struct kunit *test)
{
	struct tree_test *t = test->priv;
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&t->tree);
	struct memfd_luo_extent extent, found;
	unsigned int nr = 0;
	pgoff_t index = 0;

	for (; memfd_luo_cursor_next(&cursor, &extent); nr++) {
		KUNIT_EXPECT_GE(test, extent.index, index);
		/* A search finds the same. */
		KUNIT_EXPECT_TRUE(test, memfd_luo_tree_next(&t->tree, index, &found));
		KUNIT_EXPECT_EQ(test, extent.index, found.index);
		KUNIT_EXPECT_EQ(test, extent.pfn, found.pfn);
		index = memfd_luo_extent_end(&extent);
	}
	KUNIT_EXPECT_FALSE(test, memfd_luo_tree_next(&t->tree, index, &found));
	return nr;
}

static bool has_page(struct kunit *test, pgoff_t index, unsigned long pfn)
{
	struct tree_test *t = test->priv;
	struct memfd_luo_extent extent;

	return memfd_luo_tree_next(&t->tree, index, &extent) &&
	       extent.index <= index &&
	       extent.pfn + (index - extent.index) == FIRST_PFN + pfn;
}

static void contiguous_file_is_one_extent(struct kunit *test)
{
	unsigned long i, nr_pages;

	for (i = 0; i < 262144; i += 32)
		KUNIT_ASSERT_EQ(test, insert(test, i, i, 32, 0), 0);
	KUNIT_EXPECT_EQ(test, count_extents(test), 1);
	KUNIT_EXPECT_EQ(test, test_heap.nodes, 0);
	KUNIT_EXPECT_EQ(test, check(test, 262144, &nr_pages), 0);
	KUNIT_EXPECT_EQ(test, nr_pages, 262144);
}

static void lone_pages_cost_less_than_24_bytes(struct kunit *test)
{
	unsigned long i, nr = 60000;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, insert(test, i, 2 * i, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, count_extents(test), nr);
	KUNIT_EXPECT_LT(test, (test_heap.nodes + 1) * PAGE_SIZE, 24 * nr);
	KUNIT_EXPECT_EQ(test, check(test, nr, NULL), 0);
	for (i = 0; i < nr; i += 997)
		KUNIT_EXPECT_TRUE(test, has_page(test, i, 2 * i));
}

/* Each hole that is filled lies in front of the one before. */
static void holes_filled_downwards_fill_nodes(struct kunit *test)
{
	unsigned long i, nr = 0;

	/* The last leaf is full. */
	for (i = 0; i < 4 * MEMFD_LUO_NODE_CAPACITY; i++, nr++)
		KUNIT_ASSERT_EQ(test, insert(test, 2 * i, 2 * i, 1, 0), 0);
	for (i = 20000; i > 10000; i--, nr++)
		KUNIT_ASSERT_EQ(test, insert(test, 2 * i, 2 * i, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, count_extents(test), nr);
	KUNIT_EXPECT_LE(test, test_heap.nodes,
			2 * nr / MEMFD_LUO_NODE_CAPACITY + 4);
	KUNIT_EXPECT_EQ(test, check(test, 50000, NULL), 0);
}

static void any_order_gives_the_same_set(struct kunit *test)
{
	const unsigned long nr = 20011;	/* prime: each index once */
	unsigned long i, nr_pages;

	for (i = 1; i <= nr; i++) {
		unsigned long index = i * 7919 % nr;

		KUNIT_ASSERT_EQ(test, insert(test, 3 * index, 5 * index, 1, 0), 0);
	}
	KUNIT_EXPECT_EQ(test, count_extents(test), nr);
	KUNIT_EXPECT_EQ(test, check(test, 3 * nr, &nr_pages), 0);
	KUNIT_EXPECT_EQ(test, nr_pages, nr);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, has_page(test, 3 * i, 5 * i));
		KUNIT_ASSERT_FALSE(test, has_page(test, 3 * i + 1, 5 * i + 1));
	}
}

static void filled_holes_merge(struct kunit *test)
{
	long i;

	for (i = 1; i < 1600; i += 2)
		KUNIT_ASSERT_EQ(test, insert(test, i, i, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, count_extents(test), 800);
	for (i = 0; i < 1600; i += 2) {
		KUNIT_ASSERT_EQ(test, insert(test, i, i, 1, 0), 0);
		KUNIT_ASSERT_EQ(test, check(test, 1600, NULL), 0);
	}
	/* Extents in different leaves stay apart. */
	KUNIT_EXPECT_LE(test, count_extents(test), test_heap.nodes);
	for (i = 0; i < 1600; i++)
		KUNIT_ASSERT_TRUE(test, has_page(test, i, i));
}

static const struct merge_row {
	const char *name;
	unsigned long index, pfn, count;
	unsigned int order;
	int err;
	unsigned int extents;
} merge_rows[] = {
	/* There are 4 folios of order 2 at index 16, pfn 32. */
	{ "runs on behind", 32, 48, 2, 2, 0, 1 },
	{ "runs on in front", 12, 28, 1, 2, 0, 1 },
	{ "other order", 32, 48, 8, 0, 0, 2 },
	{ "other memory", 32, 64, 1, 2, 0, 2 },
	{ "a gap behind", 36, 52, 1, 2, 0, 2 },
	{ "too many for one entry", 32, 48, MEMFD_LUO_COUNT_MAX - 3, 2, 0, 2 },
	{ "just as many as fit", 32, 48, MEMFD_LUO_COUNT_MAX - 4, 2, 0, 1 },
	{ "the same again", 16, 32, 4, 2, -EEXIST, 1 },
	{ "inside", 20, 36, 1, 2, -EEXIST, 1 },
	{ "over the end", 28, 44, 2, 2, -EEXIST, 1 },
	{ "over the start", 8, 100, 3, 2, -EEXIST, 1 },
	{ "all around", 0, 100, 100, 0, -EEXIST, 1 },
	{ "empty", 64, 100, 0, 0, -EINVAL, 1 },
	{ "too many", 64, 100, MEMFD_LUO_COUNT_MAX + 1, 0, -EINVAL, 1 },
	{ "index out of range", MEMFD_LUO_INDEX_MASK + 1, 0, 1, 0, -EINVAL, 1 },
	{ "end out of range", MEMFD_LUO_INDEX_MASK, 0, 1, 0, -EINVAL, 1 },
	{ "pfn out of range", 64, MEMFD_LUO_PFN_MASK, 1, 0, -EINVAL, 1 },
	{ "order out of range", 64, 0, 1, 64, -EINVAL, 1 },
};

static void neighbours(struct kunit *test)
{
	struct tree_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(merge_rows); i++) {
		const struct merge_row *row = &merge_rows[i];

		memfd_luo_tree_free(&t->tree);
		KUNIT_ASSERT_EQ(test, insert(test, 16, 32, 4, 2), 0);
		KUNIT_EXPECT_EQ_MSG(test, insert(test, row->index, row->pfn,
						 row->count, row->order),
				    row->err, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, count_extents(test), row->extents,
				    "%s", row->name);
	}
}

/* Overlap is seen across the border between two leaves, too. */
static void overlap_of_next_leaf(struct kunit *test)
{
	unsigned long i;

	for (i = 0; i < 2000; i++)
		KUNIT_ASSERT_EQ(test, insert(test, 4 * i, 4 * i, 1, 0), 0);
	for (i = 0; i < 1999; i++)
		KUNIT_ASSERT_EQ(test, insert(test, 4 * i + 1, 9000, 4, 0),
				-EEXIST);
	KUNIT_EXPECT_EQ(test, count_extents(test), 2000);
}

static void no_memory_changes_nothing(struct kunit *test)
{
	unsigned long i, failures = 0;

	for (i = 0; i < 3000; i++) {
		unsigned long index = i * 1009 % 3001;
		int err;

		test_heap.fail_after = 0;
		err = insert(test, 2 * index, 4 * index, 1, 0);
		test_heap.fail_after = -1;
		if (!err)
			continue;
		failures++;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_ASSERT_FALSE(test, has_page(test, 2 * index, 4 * index));
		KUNIT_ASSERT_EQ(test, count_extents(test), i);
		KUNIT_ASSERT_EQ(test, check(test, 10000, NULL), 0);
		KUNIT_ASSERT_EQ(test, insert(test, 2 * index, 4 * index, 1, 0),
				0);
	}
	KUNIT_EXPECT_GT(test, failures, 10);
	KUNIT_EXPECT_EQ(test, count_extents(test), 3000);
	KUNIT_EXPECT_EQ(test, check(test, 10000, NULL), 0);
}

static void expect_flips_found(struct kunit *test, void *start, size_t bytes,
			       const char *what)
{
	u8 *byte = start;
	size_t i;

	for (i = 0; i < 8 * bytes; i++) {
		byte[i / 8] ^= BIT(i % 8);
		KUNIT_EXPECT_NE_MSG(test, check(test, 10000, NULL), 0,
				    "%s, bit %zu", what, i);
		byte[i / 8] ^= BIT(i % 8);
	}
	KUNIT_EXPECT_EQ(test, check(test, 10000, NULL), 0);
}

static size_t node_bytes(const struct memfd_luo_node_ser *node)
{
	return struct_size(node, entries, node->nr);
}

static void every_flipped_bit_is_found(struct kunit *test)
{
	struct tree_test *t = test->priv;
	unsigned long i;

	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, insert(test, 2 * i, 4 * i, 1, 0), 0);
	expect_flips_found(test, t->tree.root, node_bytes(t->tree.root), "leaf");
	for (; i < 700; i++)
		KUNIT_ASSERT_EQ(test, insert(test, 2 * i, 4 * i, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, t->tree.root->level, 1);
	expect_flips_found(test, t->tree.root, node_bytes(t->tree.root), "root");
	expect_flips_found(test, node_child(t->tree.root, 1),
			   node_bytes(node_child(t->tree.root, 1)), "child");
}

/*
 * Records whose checksums are right, and which are wrong nevertheless. There
 * are three leaves with lone pages at even indices.
 */
static void lie_first_key(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_entry_ser entry = root->entries[1];

	entry.key++;
	memfd_luo_node_set(root, 1, entry);
}

static void lie_order_of_entries(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_node_ser *leaf = node_child(root, 1);
	struct memfd_luo_entry_ser entry = leaf->entries[5];

	memfd_luo_node_set(leaf, 5, leaf->entries[6]);
	memfd_luo_node_set(leaf, 6, entry);
}

static void lie_overlap(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_node_ser *leaf = node_child(root, 1);
	struct memfd_luo_extent extent;

	extent = extent_decode(&leaf->entries[5]);
	extent.count = 3;
	memfd_luo_node_set(leaf, 5, extent_encode(&extent));
}

static void lie_overlap_of_next_leaf(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_node_ser *leaf = node_child(root, 1);
	struct memfd_luo_extent extent;

	extent = extent_decode(&leaf->entries[leaf->nr - 1]);
	extent.count = 3;
	memfd_luo_node_set(leaf, leaf->nr - 1,
			   extent_encode(&extent));
}

static void lie_flags(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_node_ser *leaf = node_child(root, 1);
	struct memfd_luo_entry_ser entry = leaf->entries[5];

	entry.key |= BIT_ULL(MEMFD_LUO_FLAGS_SHIFT);
	memfd_luo_node_set(leaf, 5, entry);
}

static void lie_child_not_preserved(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_entry_ser entry = root->entries[1];

	entry.value += PAGE_SIZE << 20;
	memfd_luo_node_set(root, 1, entry);
}

static void lie_child_not_aligned(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_entry_ser entry = root->entries[1];

	entry.value += 16;
	memfd_luo_node_set(root, 1, entry);
}

static void lie_child_twice(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_entry_ser entry = root->entries[2];

	entry.value = root->entries[1].value;
	memfd_luo_node_set(root, 2, entry);
}

static void lie_level(struct memfd_luo_node_ser *root)
{
	root->sum += memfd_luo_level_sum(2) - memfd_luo_level_sum(root->level);
	root->level = 2;
}

static void lie_level_of_all(struct memfd_luo_node_ser *root)
{
	root->sum += memfd_luo_level_sum(MEMFD_LUO_MAX_LEVEL + 1) -
		     memfd_luo_level_sum(root->level);
	root->level = MEMFD_LUO_MAX_LEVEL + 1;
}

static void lie_child_empty(struct memfd_luo_node_ser *root)
{
	struct memfd_luo_node_ser *leaf = node_child(root, 2);

	memfd_luo_node_init(leaf, 0);
}

static void lie_nr(struct memfd_luo_node_ser *root)
{
	root->nr = MEMFD_LUO_ROOT_CAPACITY + 1;
}

static const struct lie_row {
	const char *name;
	void (*tell)(struct memfd_luo_node_ser *root);
} lie_rows[] = {
	{ "key is not the first index", lie_first_key },
	{ "entries not sorted", lie_order_of_entries },
	{ "extents overlap", lie_overlap },
	{ "extents overlap over two leaves", lie_overlap_of_next_leaf },
	{ "unknown flag", lie_flags },
	{ "child not preserved", lie_child_not_preserved },
	{ "child not aligned", lie_child_not_aligned },
	{ "child twice", lie_child_twice },
	{ "level", lie_level },
	{ "level out of range", lie_level_of_all },
	{ "empty child", lie_child_empty },
	{ "too many entries", lie_nr },
};

static void lies_are_found(struct kunit *test)
{
	struct tree_test *t = test->priv;
	void *good, *page[4];
	unsigned int i, j;

	for (i = 0; i < 3 * MEMFD_LUO_NODE_CAPACITY; i++)
		KUNIT_ASSERT_EQ(test, insert(test, 2 * i, 4 * i, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, t->tree.root->nr, 3);
	good = kunit_kzalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, good);
	page[0] = t->head;
	for (j = 1; j < 4; j++)
		page[j] = node_child(t->tree.root, j - 1);
	for (j = 0; j < 4; j++)
		memcpy(good + j * PAGE_SIZE, page[j], PAGE_SIZE);

	for (i = 0; i < ARRAY_SIZE(lie_rows); i++) {
		lie_rows[i].tell(t->tree.root);
		KUNIT_EXPECT_EQ_MSG(test, check(test, 10000, NULL), -EBADMSG,
				    "%s", lie_rows[i].name);
		for (j = 0; j < 4; j++)
			memcpy(page[j], good + j * PAGE_SIZE, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, check(test, 10000, NULL), 0);
	}
}

static const struct limit_row {
	const char *name;
	unsigned long index, pfn, count;
	unsigned int order;
	pgoff_t end;
	int err;
} limit_rows[] = {
	{ "sound", 8, 8, 2, 3, 24, 0 },
	{ "sound, last folio reaches over the end", 8, 8, 2, 3, 17, 0 },
	{ "behind the end", 8, 8, 2, 3, 8, -EBADMSG },
	{ "index not aligned", 4, 8, 2, 3, 24, -EBADMSG },
	{ "pfn not aligned", 8, 12, 2, 3, 24, -EBADMSG },
	{ "order too large", 0, 0, 1, MAX_PAGE_ORDER + 1, 24, -EPROTONOSUPPORT },
	{ "not preserved", 8, LAST_PFN - FIRST_PFN - 8, 2, 3, 24, -EBADMSG },
};

static void limits_are_respected(struct kunit *test)
{
	struct tree_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		const struct limit_row *row = &limit_rows[i];

		memfd_luo_tree_free(&t->tree);
		KUNIT_ASSERT_EQ(test, insert(test, row->index, row->pfn,
					     row->count, row->order), 0);
		KUNIT_EXPECT_EQ_MSG(test, check(test, row->end, NULL),
				    row->err, "%s", row->name);
	}
}

static struct kunit_case memfd_luo_tree_cases[] = {
	KUNIT_CASE(contiguous_file_is_one_extent),
	KUNIT_CASE(lone_pages_cost_less_than_24_bytes),
	KUNIT_CASE(holes_filled_downwards_fill_nodes),
	KUNIT_CASE(any_order_gives_the_same_set),
	KUNIT_CASE(filled_holes_merge),
	KUNIT_CASE(neighbours),
	KUNIT_CASE(overlap_of_next_leaf),
	KUNIT_CASE(no_memory_changes_nothing),
	KUNIT_CASE(every_flipped_bit_is_found),
	KUNIT_CASE(lies_are_found),
	KUNIT_CASE(limits_are_respected),
	{}
};

static struct kunit_suite memfd_luo_tree_suite = {
	.name = "memfd_luo_tree",
	.init = tree_test_init,
	.exit = tree_test_exit,
	.test_cases = memfd_luo_tree_cases,
};

kunit_test_suite(memfd_luo_tree_suite);
