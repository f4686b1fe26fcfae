// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the serialised form: the timeline
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../luo_abi.h"

#define KHZ	1000000

struct timelines {
	struct luo_timeline_ser from, to;
};

/* An update that began at a time, with a handler that was called three times. */
static void update_fill(struct luo_update_ser *update, u64 begin)
{
	unsigned int i;

	memset(update, 0, sizeof(*update));
	update->generation = begin;
	update->clock = LUO_CLOCK_TSC;
	update->khz = KHZ;
	memcpy(update->release, "6.18.0", sizeof("6.18.0"));
	for (i = 0; i < LUO_STAMP_NR; i++)
		update->stamps[i] = begin + 100 * i;
	luo_abi_update_call(update, "memfd-v1", LUO_TIMED_FREEZE, begin + 110,
			    begin + 120, false);
	luo_abi_update_call(update, "memfd-v1", LUO_TIMED_FREEZE, begin + 125,
			    begin + 155, true);
	luo_abi_update_call(update, "memfd-v1", LUO_TIMED_FREEZE, begin + 105,
			    begin + 110, false);
	luo_abi_update_seal(update);
}

/* The newest one began last. */
static void timeline_fill(struct luo_timeline_ser *timeline, unsigned int nr)
{
	unsigned int i;

	luo_abi_timeline_init(timeline);
	for (i = 0; i < nr; i++)
		update_fill(&timeline->updates[i], 10000 * (nr - i));
	timeline->head.nr_updates = nr;
	timeline->head.crc = luo_abi_crc(&timeline->head);
}

static int timelines_init(struct kunit *test)
{
	struct timelines *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	timeline_fill(&t->from, LUO_TIMELINE_UPDATES + 1);
	luo_abi_timeline_init(&t->to);
	test->priv = t;
	return 0;
}

static void timeline_good(struct kunit *test)
{
	struct timelines *t = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, luo_abi_timeline_check(&t->from, sizeof(t->from)), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_check(&t->to, sizeof(t->to)), 0);
	for (i = 0; i < t->from.head.nr_updates; i++)
		KUNIT_EXPECT_EQ(test, luo_abi_update_check(&t->from.updates[i]), 0);
}

static void timeline_calls(struct kunit *test)
{
	struct timelines *t = test->priv;
	struct luo_update_ser *update = &t->from.updates[0];
	struct luo_calls_ser *calls = update->handlers[0].calls;
	u64 begin = update->stamps[LUO_STAMP_REBOOT];
	char name[LUO_TIMELINE_COMPATIBLE_LENGTH] = "a-v1";
	unsigned int i;

	KUNIT_EXPECT_EQ(test, update->nr_handlers, 1);
	KUNIT_EXPECT_EQ(test, calls->first, begin + 105);
	KUNIT_EXPECT_EQ(test, calls->last, begin + 155);
	KUNIT_EXPECT_EQ(test, calls->total, 45);
	KUNIT_EXPECT_EQ(test, calls->longest, 30);
	KUNIT_EXPECT_EQ(test, calls->nr, 3);
	KUNIT_EXPECT_EQ(test, calls->nr_failed, 1);
	KUNIT_EXPECT_EQ(test, calls[LUO_TIMED_RETRIEVE].nr, 0);

	/* clocks of two CPUs that do not agree */
	luo_abi_update_call(update, "memfd-v1", LUO_TIMED_RETRIEVE, begin + 9, begin + 8,
			    false);
	KUNIT_EXPECT_EQ(test, calls[LUO_TIMED_RETRIEVE].total, 0);
	/* a name that there is no room for */
	luo_abi_update_call(update, "a-name-of-more-than-forty-eight-characters-in-all-v1",
			    LUO_TIMED_FINISH, begin + 10, begin + 20, false);
	KUNIT_EXPECT_EQ(test, update->nr_handlers, 1);
	/* more handlers than there is room for */
	for (i = 0; i < 2 * LUO_TIMELINE_HANDLERS; i++) {
		name[0] = 'a' + i;
		luo_abi_update_call(update, name, LUO_TIMED_FINISH, begin + 10,
				    begin + 20, false);
	}
	KUNIT_EXPECT_EQ(test, update->nr_handlers, LUO_TIMELINE_HANDLERS);
	luo_abi_update_seal(update);
	KUNIT_EXPECT_EQ(test, luo_abi_update_check(update), 0);
}

/* No single bit can change without being noticed. */
static void timeline_every_bit(struct kunit *test)
{
	struct timelines *t = test->priv;
	struct luo_update_ser *update = &t->from.updates[0];
	unsigned int bit;

	for (bit = 0; bit < sizeof(t->from.head) * 8; bit++) {
		((u8 *)&t->from)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_NE_MSG(test,
				    luo_abi_timeline_check(&t->from,
							   sizeof(t->from)),
				    0, "head, bit %u", bit);
		((u8 *)&t->from)[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 0; bit < sizeof(*update) * 8; bit++) {
		((u8 *)update)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_NE_MSG(test, luo_abi_update_check(update), 0,
				    "update, bit %u", bit);
		((u8 *)update)[bit / 8] ^= 1 << bit % 8;
	}
}

/* What is wrong behind a good checksum. */
static void timeline_head_refused(struct kunit *test)
{
	struct timelines *t = test->priv;
	struct luo_timeline_head_ser *head = &t->from.head;
	void *piece;

#define REFUSED(change, err)						\
	do {								\
		timeline_fill(&t->from, 1);				\
		change;							\
		head->crc = luo_abi_crc(head);				\
		KUNIT_EXPECT_EQ_MSG(test,				\
				    luo_abi_timeline_check(&t->from,	\
							   sizeof(t->from)), \
				    err, #change);			\
	} while (0)
	REFUSED(head->compatible[14] = '2', -EPROTONOSUPPORT);
	REFUSED(head->compatible[15] = '1', -EPROTONOSUPPORT);
	REFUSED(memset(head->compatible, 'a', 48), -EPROTONOSUPPORT);
	REFUSED(head->version = 2, -EPROTONOSUPPORT);
	REFUSED(head->size += 8, -EBADMSG);
	REFUSED(head->nr_updates = 0, -EBADMSG);
	REFUSED(head->nr_updates = LUO_TIMELINE_UPDATES + 2, -EBADMSG);
	REFUSED(head->nr_updates = ~0U, -EBADMSG);
#undef REFUSED
	/* less than a head: a sanitizer sees who reads on */
	piece = kunit_kzalloc(test, 32, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, piece);
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_check(piece, 32), -EBADMSG);
	timeline_fill(&t->from, 1);
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_check(&t->from, sizeof(t->from) - 1),
			-EBADMSG);
}

static void timeline_update_refused(struct kunit *test)
{
	struct timelines *t = test->priv;
	struct luo_update_ser *update = &t->from.updates[0];
	struct luo_handler_times_ser *handler = update->handlers;
	struct luo_calls_ser *calls = handler->calls;

#define REFUSED(change)							\
	do {								\
		update_fill(update, 10000);				\
		change;							\
		luo_abi_update_seal(update);				\
		KUNIT_EXPECT_EQ_MSG(test, luo_abi_update_check(update),	\
				    -EBADMSG, #change);			\
	} while (0)
	REFUSED(update->clock = LUO_CLOCK_NONE);
	REFUSED(update->clock = 3);
	REFUSED(update->khz = 0);
	REFUSED(update->khz = LUO_CLOCK_KHZ_MIN - 1);
	REFUSED(update->khz_next = LUO_CLOCK_KHZ_MAX + 1);
	REFUSED(update->flags = 2);
	REFUSED(update->reserved[0] = 1);
	REFUSED(update->reserved[1] = 1);
	REFUSED(update->reserved[2] = 1);
	REFUSED(update->reserved2 = 1);
	REFUSED(memset(update->release, 'a', sizeof(update->release)));
	REFUSED(update->stamps[LUO_STAMP_REBOOT] = 0);
	REFUSED(update->stamps[LUO_STAMP_JUMP] = 0);
	REFUSED(update->stamps[LUO_STAMP_FREEZE] = 9999);
	REFUSED(update->stamps[LUO_STAMP_ENTRY] = 10399);
	REFUSED(update->stamps[LUO_STAMP_USERSPACE] = 1);
	REFUSED(update->nr_handlers = LUO_TIMELINE_HANDLERS + 1);
	REFUSED(update->nr_handlers = ~0U);
	REFUSED(update->nr_handlers = 2);
	REFUSED(memset(handler->compatible, 'a', sizeof(handler->compatible)));
	REFUSED(handler->compatible[0] = 0);
	REFUSED(calls->nr = 0);
	REFUSED(calls->first = 9999);
	REFUSED(calls->last = calls->first - 1);
	REFUSED(calls->longest = calls->total + 1);
	REFUSED(calls->longest = calls->total = 1000);
	REFUSED(calls->nr_failed = 4);
	REFUSED(calls[LUO_TIMED_FINISH].nr_failed = 1);
	REFUSED(calls[LUO_TIMED_FINISH].total = 1);
#undef REFUSED
	update_fill(update, 10000);
	memset(&update->stamps[LUO_STAMP_ENTRY], 0, 5 * sizeof(u64));
	luo_abi_update_seal(update);
	KUNIT_EXPECT_EQ(test, luo_abi_update_check(update), 0);
}

/* Seventeen come, sixteen stay: the oldest one goes. */
static void timeline_take(struct kunit *test)
{
	struct timelines *t = test->priv;
	unsigned int i;
	bool taken;

	KUNIT_EXPECT_EQ(test, luo_abi_timeline_take(&t->to, &t->from, &taken), 0);
	KUNIT_EXPECT_TRUE(test, taken);
	KUNIT_EXPECT_EQ(test, t->to.head.nr_updates, LUO_TIMELINE_UPDATES + 1);
	for (i = 1; i <= LUO_TIMELINE_UPDATES; i++)
		KUNIT_EXPECT_EQ(test, t->to.updates[i].generation,
				t->from.updates[i - 1].generation);
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_check(&t->to, sizeof(t->to)), 0);
}

/* Those that cannot be read are left out, alone. */
static void timeline_take_damaged(struct kunit *test)
{
	struct timelines *t = test->priv;
	bool taken;

	timeline_fill(&t->from, 4);
	t->from.updates[2].khz++;
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_take(&t->to, &t->from, &taken), 1);
	KUNIT_EXPECT_TRUE(test, taken);
	KUNIT_EXPECT_EQ(test, t->to.head.nr_updates, 4);
	KUNIT_EXPECT_EQ(test, t->to.updates[1].generation, 40000);
	KUNIT_EXPECT_EQ(test, t->to.updates[2].generation, 30000);
	KUNIT_EXPECT_EQ(test, t->to.updates[3].generation, 10000);

	/* the one of this jump: nobody must take another one for it */
	t->from.updates[0].khz++;
	luo_abi_timeline_init(&t->to);
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_take(&t->to, &t->from, &taken), 2);
	KUNIT_EXPECT_FALSE(test, taken);
	KUNIT_EXPECT_EQ(test, t->to.head.nr_updates, 3);
}

/* The kernel before was left by a kexec that took nothing along. */
static void timeline_take_nothing(struct kunit *test)
{
	struct timelines *t = test->priv;
	bool taken;

	timeline_fill(&t->from, 3);
	memset(&t->from.updates[0], 0, sizeof(t->from.updates[0]));
	KUNIT_EXPECT_EQ(test, luo_abi_timeline_take(&t->to, &t->from, &taken), 0);
	KUNIT_EXPECT_FALSE(test, taken);
	KUNIT_EXPECT_EQ(test, t->to.head.nr_updates, 3);
	KUNIT_EXPECT_EQ(test, t->to.updates[1].generation, 20000);
}

static void timeline_ns(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, luo_abi_ns(123, 0), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_ns(0, KHZ), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_ns(1, KHZ), 1);
	KUNIT_EXPECT_EQ(test, luo_abi_ns(5000000000, 2500000), 2000000000);
	KUNIT_EXPECT_EQ(test, luo_abi_ns(999993, 999993), 1000000);
	KUNIT_EXPECT_EQ(test, luo_abi_ns(2999999, 3000000), 999999);
	/* two years of a fast clock */
	KUNIT_EXPECT_EQ(test, luo_abi_ns(315360000000000000, 5000000),
			63072000000000000);
	/* what a bad record may lead to: no trap */
	KUNIT_EXPECT_EQ(test, luo_abi_ns(~0ULL, KHZ), ~0ULL);
	luo_abi_ns(~0ULL, LUO_CLOCK_KHZ_MIN);
}

static struct kunit_case luo_abi_timeline_cases[] = {
	KUNIT_CASE(timeline_good),
	KUNIT_CASE(timeline_ns),
	KUNIT_CASE(timeline_calls),
	KUNIT_CASE(timeline_every_bit),
	KUNIT_CASE(timeline_head_refused),
	KUNIT_CASE(timeline_update_refused),
	KUNIT_CASE(timeline_take),
	KUNIT_CASE(timeline_take_damaged),
	KUNIT_CASE(timeline_take_nothing),
	{}
};

static struct kunit_suite luo_abi_timeline_suite = {
	.name = "luo_abi_timeline",
	.init = timelines_init,
	.test_cases = luo_abi_timeline_cases,
};

kunit_test_suite(luo_abi_timeline_suite);
