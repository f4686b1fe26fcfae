// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for handing on what the previous kernel left: one tree is put
 * onto another one and taken off again. Trackers of their own, which are only
 * bits: any page number will do.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/io.h>

#include "kexec_handover_internal.h"

#define LEAF	KHO_TREE_LEAF_PAGES

struct carry_test {
	struct kho_tracker to, from;
};

static void *carry_alloc_node(void)
{
	return (void *)get_zeroed_page(GFP_KERNEL);
}

static void carry_free_node(void *node)
{
	free_page((unsigned long)node);
}

static int carry_test_init(struct kunit *test)
{
	struct carry_test *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	kho_tracker_init(&c->to, carry_alloc_node, carry_free_node);
	kho_tracker_init(&c->from, carry_alloc_node, carry_free_node);
	KUNIT_ASSERT_EQ(test, kho_tracker_start(&c->to), 0);
	KUNIT_ASSERT_EQ(test, kho_tracker_start(&c->from), 0);
	return 0;
}

static void carry_test_exit(struct kunit *test)
{
	struct carry_test *c = test->priv;

	kho_tracker_destroy(&c->to);
	kho_tracker_destroy(&c->from);
}

static void graft(struct carry_test *c)
{
	kho_tree_graft(c->to.root, c->from.root, KHO_TREE_LEVELS);
}

static void ungraft(struct carry_test *c)
{
	kho_tree_ungraft(c->to.root, c->from.root, KHO_TREE_LEVELS);
}

/* Runs of pages and the size of their blocks, in one tree or the other. */
static const struct carry_run {
	bool own;
	unsigned long pfn, nr;
	unsigned int order;
} carry_runs[] = {
	{ true, 0x100, 4, 2 },			/* one leaf, taking turns */
	{ false, 0x104, 4, 2 },
	{ true, 0x108, 8, 0 },
	{ false, 0x110, 1, 0 },
	{ false, 3 * LEAF, LEAF, 9 },		/* a leaf of one of them only */
	{ true, 4 * LEAF - 1 + LEAF, 2, 0 },	/* two leaves, next to ... */
	{ false, 4 * LEAF - 2 + LEAF, 1, 0 },	/* ... each other */
	{ false, 1UL << 36, 1, 0 },		/* far away: other nodes, too */
	{ true, (1UL << 36) + 2 * LEAF, 512, 9 },
	{ true, 1UL << 38, 1, 0 },
};

static void carry_fill(struct kunit *test)
{
	struct carry_test *c = test->priv;

	for (int i = 0; i < ARRAY_SIZE(carry_runs); i++) {
		const struct carry_run *r = &carry_runs[i];

		KUNIT_ASSERT_EQ(test, 0,
				kho_tracker_add(r->own ? &c->to : &c->from,
						r->pfn, r->nr, r->order));
	}
}

static void expect_runs(struct kunit *test, struct kho_tracker *t, bool own,
			bool other)
{
	for (int i = 0; i < ARRAY_SIZE(carry_runs); i++) {
		const struct carry_run *r = &carry_runs[i];
		bool there = r->own ? own : other;

		KUNIT_EXPECT_EQ_MSG(test, there,
				    kho_tracker_covers(t, r->pfn, r->nr),
				    "run %d", i);
		KUNIT_EXPECT_EQ_MSG(test, there,
				    kho_tracker_intersects(t, r->pfn, r->nr),
				    "run %d", i);
		if (there)
			KUNIT_EXPECT_EQ_MSG(test, 1UL << r->order,
					    kho_tracker_block_pages(t, r->pfn),
					    "run %d", i);
	}
}

/* All of both is there, block by block, and goes again without a trace. */
static void carry_there_and_back(struct kunit *test)
{
	struct carry_test *c = test->priv;
	unsigned long had, nodes, pages, now;

	carry_fill(test);
	kho_tracker_count(&c->to, &had, &nodes);
	for (int i = 0; i < 3; i++) {
		graft(c);
		expect_runs(test, &c->to, true, true);
		KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(&c->to, 0x111, LEAF));
		ungraft(c);
		expect_runs(test, &c->to, true, false);
		expect_runs(test, &c->from, false, true);
		kho_tracker_count(&c->to, &pages, &now);
		KUNIT_EXPECT_EQ(test, pages, had);
		KUNIT_EXPECT_EQ(test, now, nodes);
	}
	/* what was borrowed is not freed twice */
	for (int i = 0; i < ARRAY_SIZE(carry_runs); i++) {
		const struct carry_run *r = &carry_runs[i];

		KUNIT_EXPECT_EQ(test, 0, kho_tracker_del(r->own ? &c->to : &c->from,
							 r->pfn, r->nr));
	}
}

struct carry_walk {
	struct kho_tree_visitor visitor;
	unsigned long end, pages;
	bool sorted;
};

static int carry_visit(struct kho_tree_visitor *v, unsigned long pfn,
		       unsigned long nr)
{
	struct carry_walk *w = container_of(v, struct carry_walk, visitor);

	w->sorted &= pfn > w->end || !w->pages;
	w->end = pfn + nr;
	w->pages += nr;
	return 0;
}

/* The next kernel walks it as one tree. */
static void carry_walks(struct kunit *test)
{
	struct carry_walk w = { .visitor = { .run = carry_visit }, .sorted = true };
	struct carry_test *c = test->priv;
	unsigned long pages = 0;

	carry_fill(test);
	graft(c);
	for (int i = 0; i < ARRAY_SIZE(carry_runs); i++)
		pages += carry_runs[i].nr;
	KUNIT_EXPECT_EQ(test, 0, kho_tree_walk(virt_to_phys(c->to.root), &w.visitor));
	KUNIT_EXPECT_EQ(test, w.pages, pages);
	KUNIT_EXPECT_TRUE(test, w.sorted);
	ungraft(c);
}

static struct kunit_case carry_cases[] = {
	KUNIT_CASE(carry_there_and_back),
	KUNIT_CASE(carry_walks),
	{}
};

static struct kunit_suite carry_suite = {
	.name = "kho_carry",
	.init = carry_test_init,
	.exit = carry_test_exit,
	.test_cases = carry_cases,
};

kunit_test_suite(carry_suite);

MODULE_DESCRIPTION("KUnit tests for memory that goes on to the kernel after the next");
MODULE_LICENSE("GPL");
