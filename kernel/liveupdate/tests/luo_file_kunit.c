// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of one preserved file in the old kernel: preserve, freeze, undo
 */
#include <linux/file.h>

#include "luo_kunit.h"

static void file_preserve_errors(struct kunit *test)
{
	struct liveupdate_session *a = luo_kunit_session(test, "a");
	struct liveupdate_session *b = luo_kunit_session(test, "b");
	struct file *file = luo_kunit_file(test);
	struct file *other = filp_open("/", O_RDONLY, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 7, file), 0);
	/* The token is looked at first. */
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 7, NULL), -EEXIST);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 8, NULL), -EBADF);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 8, other), -ENOENT);
	/* One object, once, anywhere. */
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 8, file), -EBUSY);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(b, 7, file), -EBUSY);
	KUNIT_EXPECT_EQ(test, a->files.nr, 1U);
	KUNIT_EXPECT_EQ(test, b->files.nr, 0U);
	KUNIT_EXPECT_EQ(test, luo_gate_files_nr(), 1UL);
	luo_session_release(a);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(b, 7, file), 0);
	filp_close(other, NULL);
}

/* Any 64-bit number is a token. */
static void file_tokens(struct kunit *test)
{
	static const u64 tokens[] = { 0, 1, ~0ULL, 1ULL << 63, ~0ULL - 1 };
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tokens); i++)
		luo_kunit_preserve_new(test, session, tokens[i]);
	luo_kunit_jump(test);
	session = luo_kunit_take(test, "a");
	for (i = 0; i < ARRAY_SIZE(tokens); i++)
		KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, tokens[i]), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), -ENOENT);
}

/* F2: a handler that fails leaves nothing behind, and may be asked again. */
static void file_preserve_fails(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct file *file = luo_kunit_file(test);
	long refs = file_count(file);

	luo_kunit_handler.error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 7, file), -ENOMEM);
	KUNIT_EXPECT_EQ(test, file_count(file), refs);
	KUNIT_EXPECT_EQ(test, luo_gate_files_nr(), 0UL);
	KUNIT_EXPECT_EQ(test, session->files.chain.nr_blocks, 0U);
	KUNIT_EXPECT_NULL(test, xa_load(&session->files.tokens, 7));
	KUNIT_EXPECT_EQ(test, atomic_read(&luo_kunit_handler.fh.nr_users), 0);
	luo_kunit_handler.error = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 7, file), 0);
	luo_kunit_expect_log(test, "p0 p0 ");
}

/* What is done goes first to last, what is undone goes last to first. */
static void file_order(struct kunit *test)
{
	struct liveupdate_session *a = luo_kunit_session(test, "a");
	struct liveupdate_session *b = luo_kunit_session(test, "b");

	luo_kunit_preserve_new(test, b, 1);
	luo_kunit_preserve_new(test, a, 2);
	luo_kunit_preserve_new(test, a, 3);
	luo_kunit_expect_log(test, "p1 p2 p3 ");
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), 0);
	luo_kunit_expect_log(test, "f2 f3 f1 t1 t3 t2 ");
	luo_session_release(a);
	luo_kunit_expect_log(test, "u3 u2 ");
}

/* F4: not the one that failed, but all before it, in reverse; then again. */
static void file_freeze_fails(struct kunit *test)
{
	struct liveupdate_session *a = luo_kunit_session(test, "a");
	struct liveupdate_session *b = luo_kunit_session(test, "b");
	unsigned int i;

	for (i = 1; i <= 4; i++)
		luo_kunit_preserve_new(test, i < 3 ? a : b, i);
	luo_kunit_expect_log(test, "p1 p2 p3 p4 ");
	luo_kunit_handler.error = -EIO;
	luo_kunit_handler.fail_token = 4;
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), -EIO);
	luo_kunit_expect_log(test, "f1 f2 f3 f4 t3 t2 t1 ");
	luo_kunit_handler.fail_token = 1;
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), -EIO);
	luo_kunit_expect_log(test, "f1 ");
	luo_kunit_handler.error = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), 0);
	luo_kunit_expect_log(test, "f1 f2 f3 f4 t4 t3 t2 t1 ");
}

/* The optional callbacks are optional, the others are not. */
static void file_optional_callbacks(struct kunit *test)
{
	struct liveupdate_file_ops *ops = &luo_kunit_handler.ops;
	struct liveupdate_session *session = luo_kunit_session(test, "a");

	ops->freeze = NULL;
	ops->unfreeze = NULL;
	ops->can_finish = NULL;
	luo_kunit_preserve_new(test, session, 1);
	luo_kunit_jump(test);
	session = luo_kunit_take(test, "a");
	luo_kunit_handler.busy = true;
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "e1/0 ");
	session->closed_by_hand = false;
	luo_session_release(session);
}

static const struct handler_case {
	const char compatible[LIVEUPDATE_COMPATIBLE_LENGTH];
	unsigned int read_min, read_max;
	int error;
} handler_cases[] = {
	{ "luo-kunit-v3", 0, 0, -EEXIST },
	{ "luo-kunit-v4", 0, 0, -EEXIST },
	{ "luo-kunit", 0, 0, -EINVAL },
	{ "luo-kunit-v0", 0, 0, -EINVAL },
	{ "luo-other-v3", 4, 0, -EINVAL },
	{ "luo-other-v3", 0, 2, -EINVAL },
	{ "luo-other-v3", 1, 0, 0 },
	{ "luo-kunit-more-v1", 0, 0, 0 },
	{ "luo-v1", 0, 0, 0 },
};

static void file_handler_registration(struct kunit *test)
{
	const struct liveupdate_file_ops good = luo_kunit_handler.ops;
	struct liveupdate_file_handler fh = { .ops = &good };
	struct liveupdate_file_ops bad;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(handler_cases); i++) {
		const struct handler_case *c = &handler_cases[i];

		memcpy((char *)fh.compatible, c->compatible,
		       sizeof(fh.compatible));
		fh.read_min = c->read_min;
		fh.read_max = c->read_max;
		ret = liveupdate_register_file_handler(&fh);
		KUNIT_EXPECT_EQ_MSG(test, ret, c->error, "%s", c->compatible);
		if (!ret)
			liveupdate_unregister_file_handler(&fh);
	}
	fh.ops = &bad;
#define WITHOUT(op)							\
	do {								\
		bad = good;						\
		bad.op = NULL;						\
		ret = liveupdate_register_file_handler(&fh);		\
		KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, #op);		\
	} while (0)
	WITHOUT(can_preserve);
	WITHOUT(preserve);
	WITHOUT(unpreserve);
	WITHOUT(retrieve);
	WITHOUT(finish);
#undef WITHOUT
}

static void file_get_token(struct kunit *test)
{
	struct liveupdate_session *a = luo_kunit_session(test, "a");
	struct liveupdate_session *b = luo_kunit_session(test, "b");
	struct file *file = luo_kunit_file(test);
	u64 token = 0;

	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(a, 77, file), 0);
	scoped_guard(mutex, &a->lock) {
		KUNIT_EXPECT_EQ(test, liveupdate_get_token_outgoing(a, file,
								    &token), 0);
		KUNIT_EXPECT_EQ(test,
				liveupdate_get_token_outgoing(a, luo_kunit_file(test), &token),
				-ENOENT);
	}
	KUNIT_EXPECT_EQ(test, token, 77ULL);
	scoped_guard(mutex, &b->lock)
		KUNIT_EXPECT_EQ(test, liveupdate_get_token_outgoing(b, file,
								    &token),
				-ENOENT);
}

static struct kunit_case luo_file_cases[] = {
	KUNIT_CASE(file_preserve_errors),
	KUNIT_CASE(file_tokens),
	KUNIT_CASE(file_preserve_fails),
	KUNIT_CASE(file_order),
	KUNIT_CASE(file_freeze_fails),
	KUNIT_CASE(file_optional_callbacks),
	KUNIT_CASE(file_handler_registration),
	KUNIT_CASE(file_get_token),
	{}
};

static struct kunit_suite luo_file_suite = {
	.name = "luo_file",
	.init = luo_kunit_init,
	.exit = luo_kunit_exit,
	.test_cases = luo_file_cases,
};

kunit_test_suite(luo_file_suite);
