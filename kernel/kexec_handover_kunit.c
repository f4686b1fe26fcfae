// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the tracker of preserved memory.
 *
 * They use a tracker of their own, which is only bits: any page number will do.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/io.h>

#include "kexec_handover_internal.h"

#define LEAF	KHO_TREE_LEAF_PAGES
#define SLOTS	KHO_TREE_NODE_SLOTS

/* pages of the tree that are in use; allocations until one fails, if >= 0 */
static atomic_t live_nodes;
static atomic_t fail_after = ATOMIC_INIT(-1);

static void *test_alloc_node(void)
{
	void *node;

	if (atomic_read(&fail_after) >= 0 && atomic_dec_if_positive(&fail_after) < 0)
		return NULL;

	node = (void *)get_zeroed_page(GFP_KERNEL);
	if (node)
		atomic_inc(&live_nodes);
	return node;
}

static void test_free_node(void *node)
{
	atomic_dec(&live_nodes);
	free_page((unsigned long)node);
}

static int tracker_test_init(struct kunit *test)
{
	struct kho_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	atomic_set(&live_nodes, 0);
	atomic_set(&fail_after, -1);
	kho_tracker_init(t, test_alloc_node, test_free_node);
	KUNIT_ASSERT_EQ(test, kho_tracker_start(t), 0);
	test->priv = t;
	return 0;
}

static void tracker_test_exit(struct kunit *test)
{
	kho_tracker_destroy(test->priv);
	KUNIT_EXPECT_EQ(test, atomic_read(&live_nodes), 0);
}

/* Only the root is left */
static void expect_empty(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&live_nodes), 1);
}

static void test_bad_arguments(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 1, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 2, 4, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 4, 6, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 0, 1, 63), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 0, 1, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 1UL << KHO_TREE_PFN_BITS, 1, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, ULONG_MAX, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, ULONG_MAX, 2), -EINVAL);
	KUNIT_EXPECT_FALSE(test, kho_tracker_covers(t, ULONG_MAX, 2));
	expect_empty(test);
}

static void test_last_page(struct kunit *test)
{
	struct kho_tracker *t = test->priv;
	unsigned long last = (1UL << KHO_TREE_PFN_BITS) - 1;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, last, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 0, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_block_pages(t, last), 1);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, last, 1), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 0, 1), 0);
	expect_empty(test);
}

static void test_preserved_twice(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 8, 8, 2), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 8, 8, 2), -EEXIST);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 12, 1, 0), -EEXIST);
	/* the second call changed nothing, also not where a folio ends */
	KUNIT_EXPECT_EQ(test, kho_tracker_block_pages(t, 12), 4);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 8, 8), 0);
	KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, 0, LEAF));
	expect_empty(test);
}

static void test_unpreserve_nothing(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 5, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 4, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 5, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 4, 2), -ENOENT);
	KUNIT_EXPECT_TRUE(test, kho_tracker_covers(t, 4, 1));
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 4, 1), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 4, 1), -ENOENT);
	expect_empty(test);
}

/* What fails in its middle leaves its beginning as it was */
static void test_partial_overlap(struct kunit *test)
{
	struct kho_tracker *t = test->priv;
	unsigned long at[] = { 100, LEAF + 100, 2 * LEAF };

	for (int i = 0; i < ARRAY_SIZE(at); i++) {
		KUNIT_EXPECT_EQ(test, kho_tracker_add(t, at[i], 10, 0), 0);
		KUNIT_EXPECT_EQ(test, kho_tracker_add(t, at[i] - 50, 55, 0), -EEXIST);
		KUNIT_EXPECT_EQ(test, kho_tracker_add(t, at[i] + 5, LEAF, 0), -EEXIST);
		KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, at[i] - 50, 50));
		KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, at[i] + 10, LEAF));
		KUNIT_EXPECT_EQ(test, kho_tracker_del(t, at[i] - 1, 11), -ENOENT);
		KUNIT_EXPECT_EQ(test, kho_tracker_del(t, at[i], LEAF), -ENOENT);
		KUNIT_EXPECT_TRUE(test, kho_tracker_covers(t, at[i], 10));
		KUNIT_EXPECT_EQ(test, kho_tracker_del(t, at[i], 10), 0);
	}
	expect_empty(test);
}

static void test_several_leaves(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, LEAF - 3, 2 * LEAF + 6, 0), 0);
	KUNIT_EXPECT_TRUE(test, kho_tracker_covers(t, LEAF - 3, 2 * LEAF + 6));
	KUNIT_EXPECT_FALSE(test, kho_tracker_covers(t, LEAF - 4, 2));
	KUNIT_EXPECT_FALSE(test, kho_tracker_covers(t, 3 * LEAF + 2, 2));
	/* root, two nodes, four leaves */
	KUNIT_EXPECT_EQ(test, atomic_read(&live_nodes), 7);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, LEAF, LEAF), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&live_nodes), 6);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, LEAF - 3, 3), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 2 * LEAF, LEAF + 3), 0);
	expect_empty(test);
}

/* The order of a folio is found again, also where it fills many leaves */
static void test_orders(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	for (unsigned int order = 0; order <= 18; order++) {
		unsigned long nr = 1UL << order, pfn = max(4 * LEAF, 4 * nr);

		KUNIT_EXPECT_EQ(test, kho_tracker_add(t, pfn, 2 * nr, order), 0);
		KUNIT_EXPECT_EQ(test, kho_tracker_block_pages(t, pfn), nr);
		KUNIT_EXPECT_EQ(test, kho_tracker_block_pages(t, pfn + nr), nr);
		KUNIT_EXPECT_EQ(test, kho_tracker_block_pages(t, pfn + 2 * nr), 0);
		if (order) {
			KUNIT_EXPECT_EQ(test, kho_tracker_del(t, pfn, nr / 2),
					-EINVAL);
			KUNIT_EXPECT_EQ(test, kho_tracker_del(t, pfn + nr / 2,
							      nr / 2), -EINVAL);
			KUNIT_EXPECT_EQ(test, kho_tracker_del(t, pfn + nr,
							      nr / 2), -EINVAL);
			KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, pfn, nr,
								order - 1), -EINVAL);
		}
		KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, pfn, 2 * nr, order + 1),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, pfn + nr, nr, order), 0);
		KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, pfn + nr, nr, order),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, pfn, nr, order), 0);
		expect_empty(test);
	}
}

/* Folios of different orders side by side stay what they are */
static void test_mixed_orders(struct kunit *test)
{
	struct kho_tracker *t = test->priv;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 16, 16, 4), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 32, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 12, 4, 1), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 32, 4, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 12, 4, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 16, 16, 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 16, 16, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 33, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_claim(t, 16, 16, 4), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 12, 4), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 32, 1), 0);
	expect_empty(test);
}

struct walk_log {
	struct kho_tree_visitor visitor;
	unsigned long nodes;
	unsigned int runs;
	struct { unsigned long pfn, nr; } run[8];
};

static int log_node(struct kho_tree_visitor *v, phys_addr_t pa, int level)
{
	container_of(v, struct walk_log, visitor)->nodes++;
	return 0;
}

static int log_run(struct kho_tree_visitor *v, unsigned long pfn,
		   unsigned long nr)
{
	struct walk_log *log = container_of(v, struct walk_log, visitor);

	if (log->runs == ARRAY_SIZE(log->run))
		return -E2BIG;
	log->run[log->runs].pfn = pfn;
	log->run[log->runs++].nr = nr;
	return 0;
}

static void test_walk(struct kunit *test)
{
	static const struct { unsigned long pfn, nr; } add[] = {
		{ 9 * LEAF + 5, 1 },
		{ SLOTS * LEAF, 2 },		/* another node */
		{ LEAF - 1, 1 }, { LEAF, 3 },	/* one run in two leaves */
		{ 0, 1 }, { 2, 1 },
		{ SLOTS * LEAF - 4, 4 },	/* one run in two nodes */
	}, want[] = {
		{ 0, 1 }, { 2, 1 }, { LEAF - 1, 4 }, { 9 * LEAF + 5, 1 },
		{ SLOTS * LEAF - 4, 6 },
	};
	struct walk_log log = { .visitor = { log_node, log_run } };
	struct kho_tracker *t = test->priv;
	phys_addr_t root = virt_to_phys(t->root);

	KUNIT_EXPECT_EQ(test, kho_tree_walk(root, &log.visitor), 0);
	KUNIT_EXPECT_EQ(test, log.runs, 0);
	KUNIT_EXPECT_EQ(test, log.nodes, 1);

	for (int i = 0; i < ARRAY_SIZE(add); i++)
		KUNIT_EXPECT_EQ(test, kho_tracker_add(t, add[i].pfn, add[i].nr, 0), 0);

	log.nodes = 0;
	KUNIT_EXPECT_EQ(test, kho_tree_walk(root, &log.visitor), 0);
	KUNIT_EXPECT_EQ(test, log.nodes, atomic_read(&live_nodes));
	KUNIT_ASSERT_EQ(test, log.runs, ARRAY_SIZE(want));
	for (int i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_EXPECT_EQ(test, log.run[i].pfn, want[i].pfn);
		KUNIT_EXPECT_EQ(test, log.run[i].nr, want[i].nr);
	}
}

/* The first, second, ... page of the tree cannot be had */
static void test_no_memory(struct kunit *test)
{
	struct kho_tracker *t = test->priv;
	int err = -ENOMEM, before, n;

	KUNIT_EXPECT_EQ(test, kho_tracker_add(t, 0, 1, 0), 0);
	before = atomic_read(&live_nodes);

	for (n = 0; err == -ENOMEM && n < 20; n++) {
		atomic_set(&fail_after, n);
		err = kho_tracker_add(t, (SLOTS - 1) * LEAF + 1, 2 * LEAF, 0);
		if (!err)
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, atomic_read(&live_nodes), before);
		KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, 1, 2 * SLOTS * LEAF));
	}
	atomic_set(&fail_after, -1);

	KUNIT_EXPECT_EQ(test, err, 0);
	/* a node, and three leaves */
	KUNIT_EXPECT_EQ(test, n, 4);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, (SLOTS - 1) * LEAF + 1, 2 * LEAF), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_del(t, 0, 1), 0);
	expect_empty(test);
}

static struct kunit_case tracker_cases[] = {
	KUNIT_CASE(test_bad_arguments),
	KUNIT_CASE(test_last_page),
	KUNIT_CASE(test_preserved_twice),
	KUNIT_CASE(test_unpreserve_nothing),
	KUNIT_CASE(test_partial_overlap),
	KUNIT_CASE(test_several_leaves),
	KUNIT_CASE(test_orders),
	KUNIT_CASE(test_mixed_orders),
	KUNIT_CASE(test_walk),
	KUNIT_CASE(test_no_memory),
	{}
};

static struct kunit_suite tracker_suite = {
	.name = "kho_tracker",
	.init = tracker_test_init,
	.exit = tracker_test_exit,
	.test_cases = tracker_cases,
};

kunit_test_suite(tracker_suite);
