// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the tracker of preserved memory: tasks that meet.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/kthread.h>

#include "kexec_handover_internal.h"

#define LEAF	KHO_TREE_LEAF_PAGES

static void *race_alloc_node(void)
{
	return (void *)get_zeroed_page(GFP_KERNEL);
}

static void race_free_node(void *node)
{
	free_page((unsigned long)node);
}

static int race_test_init(struct kunit *test)
{
	struct kho_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	kho_tracker_init(t, race_alloc_node, race_free_node);
	KUNIT_ASSERT_EQ(test, kho_tracker_start(t), 0);
	test->priv = t;
	return 0;
}

static void race_test_exit(struct kunit *test)
{
	kho_tracker_destroy(test->priv);
}

/* Only the root is left */
static void expect_empty(struct kunit *test)
{
	unsigned long preserved, nodes;

	kho_tracker_count(test->priv, &preserved, &nodes);
	KUNIT_EXPECT_EQ(test, preserved, 0);
	KUNIT_EXPECT_EQ(test, nodes, 1);
}

struct racer {
	struct kho_tracker *t;
	struct completion done;
	unsigned int phase;
	int errors;
};

/* Every other page: shares all leaves and most words with its rival */
static int race(void *data)
{
	struct racer *r = data;

	for (int round = 0; round < 40; round++) {
		unsigned long base = LEAF * (round % 3) + LEAF - 64;

		for (unsigned long i = r->phase; i < 128; i += 2)
			r->errors += !!kho_tracker_add(r->t, base + i, 1, 0);
		cond_resched();
		for (unsigned long i = r->phase; i < 128; i += 2) {
			r->errors += !kho_tracker_covers(r->t, base + i, 1);
			r->errors += !!kho_tracker_del(r->t, base + i, 1);
		}
	}
	complete(&r->done);
	return 0;
}

static void test_two_tasks(struct kunit *test)
{
	struct kho_tracker *t = test->priv;
	struct racer *r = kunit_kcalloc(test, 2, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (int i = 0; i < 2; i++) {
		r[i].t = t;
		r[i].phase = i;
		init_completion(&r[i].done);
	}
	for (int i = 0; i < 2; i++) {
		struct task_struct *task = kthread_run(race, &r[i], "kho_race/%d", i);

		if (IS_ERR(task)) {
			complete(&r[i].done);
			KUNIT_FAIL(test, "no kthread");
		}
	}
	for (int i = 0; i < 2; i++) {
		wait_for_completion(&r[i].done);
		KUNIT_EXPECT_EQ(test, r[i].errors, 0);
	}
	KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, 0, 8 * LEAF));
	expect_empty(test);
}

/* A change waits from freeze to thaw */
static void test_freeze(struct kunit *test)
{
	struct kho_tracker *t = test->priv;
	struct racer *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->t = t;
	init_completion(&r->done);

	KUNIT_ASSERT_EQ(test, kho_tracker_freeze(t), 0);
	KUNIT_EXPECT_EQ(test, kho_tracker_freeze(t), -EBUSY);
	task = kthread_run(race, r, "kho_frozen");
	if (IS_ERR(task)) {
		kho_tracker_thaw(t);
		KUNIT_FAIL(test, "no kthread");
		return;
	}
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&r->done, HZ / 10), 0);
	KUNIT_EXPECT_FALSE(test, kho_tracker_intersects(t, 0, 8 * LEAF));

	kho_tracker_thaw(t);
	wait_for_completion(&r->done);
	KUNIT_EXPECT_EQ(test, r->errors, 0);
	expect_empty(test);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(test_two_tasks),
	KUNIT_CASE(test_freeze),
	{}
};

static struct kunit_suite race_suite = {
	.name = "kho_tracker_race",
	.init = race_test_init,
	.exit = race_test_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
