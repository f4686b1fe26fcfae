// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of state that is bound to the first and the last of several files
 */
#include "luo_kunit.h"

struct luo_kunit_flb {
	struct liveupdate_flb flb;
	char tag;
	int error;
	u64 got;
};

static struct luo_kunit_flb *flb_of(struct liveupdate_flb_op_args *args)
{
	return container_of(args->flb, struct luo_kunit_flb, flb);
}

static int flb_preserve(struct liveupdate_flb_op_args *args)
{
	struct luo_kunit_flb *f = flb_of(args);

	luo_kunit_say("%cp ", f->tag);
	args->data = f->tag;
	args->obj = f;
	return f->error;
}

static void flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	luo_kunit_say("%cu%s ", flb_of(args)->tag, args->obj ? "" : "!");
}

static int flb_retrieve(struct liveupdate_flb_op_args *args)
{
	struct luo_kunit_flb *f = flb_of(args);

	luo_kunit_say("%cr ", f->tag);
	f->got = args->data;
	args->obj = f;
	return f->error;
}

static void flb_finish(struct liveupdate_flb_op_args *args)
{
	luo_kunit_say("%ce%s ", flb_of(args)->tag, args->obj ? "" : "!");
}

static const struct liveupdate_flb_ops flb_ops = {
	.preserve	= flb_preserve,
	.unpreserve	= flb_unpreserve,
	.retrieve	= flb_retrieve,
	.finish		= flb_finish,
};

static struct luo_kunit_flb flb_a = {
	.flb = { .ops = &flb_ops, .compatible = "luo-kunit-flb-a-v1" },
	.tag = 'A',
};

static struct luo_kunit_flb flb_b = {
	.flb = { .ops = &flb_ops, .compatible = "luo-kunit-flb-b-v1" },
	.tag = 'B',
};

static struct luo_kunit_flb flb_c = {
	.flb = { .ops = &flb_ops, .compatible = "luo-kunit-flb-c-v1" },
	.tag = 'C',
};

/* Another version of A. */
static struct luo_kunit_flb flb_a2 = {
	.flb = { .ops = &flb_ops, .compatible = "luo-kunit-flb-a-v2" },
};

#define FH	(&luo_kunit_handler.fh)

static int flb_init(struct kunit *test)
{
	int ret = luo_kunit_init(test);

	if (ret)
		return ret;
	flb_a.error = 0;
	flb_b.error = 0;
	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &flb_a.flb), 0);
	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &flb_b.flb), 0);
	return 0;
}

static void flb_exit(struct kunit *test)
{
	luo_kunit_exit(test);
	if (!flb_a.flb.nr_links)
		return;
	liveupdate_unregister_flb(FH, &flb_b.flb);
	liveupdate_unregister_flb(FH, &flb_a.flb);
}

static struct liveupdate_session *arrive(struct kunit *test, unsigned int nr)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	unsigned int i;

	for (i = 1; i <= nr; i++)
		luo_kunit_preserve_new(test, session, i);
	luo_kunit_jump(test);
	return luo_kunit_take(test, "a");
}

static void flb_first_and_last(struct kunit *test)
{
	struct liveupdate_session *a = luo_kunit_session(test, "a");
	struct liveupdate_session *b = luo_kunit_session(test, "b");

	luo_kunit_preserve_new(test, a, 1);
	luo_kunit_preserve_new(test, b, 2);
	luo_kunit_expect_log(test, "Ap Bp p1 p2 ");
	luo_session_release(a);
	luo_kunit_expect_log(test, "u1 ");
	luo_session_release(b);
	luo_kunit_expect_log(test, "u2 Bu Au ");
}

/* F2: the first FLB is taken back when the second one, or the file, fails. */
static void flb_preserve_fails(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct file *file = luo_kunit_file(test);

	flb_b.error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 1, file), -ENOMEM);
	luo_kunit_expect_log(test, "Ap Bp Au ");
	flb_b.error = 0;
	luo_kunit_handler.error = -EIO;
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 1, file), -EIO);
	luo_kunit_expect_log(test, "Ap Bp p0 Bu Au ");
	luo_kunit_handler.error = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 1, file), 0);
}

static void flb_registration(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct liveupdate_flb_ops bad = flb_ops;

	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_a.flb), -EEXIST);
	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_a2.flb),
			-EEXIST);
	luo_kunit_preserve_new(test, session, 1);
	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_c.flb), -EBUSY);
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_c.flb), 0);
	liveupdate_unregister_flb(FH, &flb_c.flb);
	bad.finish = NULL;
	flb_c.flb.ops = &bad;
	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_c.flb), -EINVAL);
	flb_c.flb.ops = &flb_ops;
}

/* A holder keeps the object, but changes nothing of what crosses the jump. */
static void flb_outgoing_holder(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	void *obj;

	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_outgoing(&flb_a.flb, &obj),
			-ENOENT);
	luo_kunit_preserve_new(test, session, 1);
	KUNIT_ASSERT_EQ(test, liveupdate_flb_get_outgoing(&flb_a.flb, &obj), 0);
	KUNIT_EXPECT_PTR_EQ(test, obj, (void *)&flb_a);
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit.header.nr_flbs, 2U);
	luo_kunit.log[0] = 0;
	luo_session_release(session);
	luo_kunit_expect_log(test, "u1 Bu ");
	KUNIT_EXPECT_EQ(test, luo_kunit_serialize(), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit.header.nr_flbs, 0U);
	liveupdate_flb_put_outgoing(&flb_a.flb);
	luo_kunit_expect_log(test, "Au ");
}

/* Somebody asks: retrieved once, finished once, with the last file. */
static void flb_asked_for(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 2);
	void *obj = NULL;

	KUNIT_ASSERT_EQ(test, liveupdate_flb_get_incoming(&flb_a.flb, &obj), 0);
	KUNIT_EXPECT_PTR_EQ(test, obj, (void *)&flb_a);
	KUNIT_EXPECT_EQ(test, flb_a.got, (u64)'A');
	liveupdate_flb_put_incoming(&flb_a.flb);
	KUNIT_ASSERT_EQ(test, liveupdate_flb_get_incoming(&flb_a.flb, &obj), 0);
	liveupdate_flb_put_incoming(&flb_a.flb);
	luo_kunit_expect_log(test, "Ar ");
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "e2/0 e1/0 Br Be Ae ");
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_a.flb, &obj),
			-ENOENT);
}

/* The last file is gone, but somebody still looks at the object. */
static void flb_incoming_holder(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 1);
	void *obj;

	KUNIT_ASSERT_EQ(test, liveupdate_flb_get_incoming(&flb_a.flb, &obj), 0);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "Ar e1/0 Br Be ");
	liveupdate_flb_put_incoming(&flb_a.flb);
	luo_kunit_expect_log(test, "Ae ");
}

/* A retrieve that fails may be repeated; the finish comes in any case. */
static void flb_retrieve_fails(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 1);
	void *obj;

	flb_a.error = -EIO;
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_a.flb, &obj),
			-EIO);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "Ar e1/0 Br Be Ar Ae! ");
}

/* Over two sessions: only the last file of all ends it. */
static void flb_two_sessions(struct kunit *test)
{
	struct liveupdate_session *session;

	luo_kunit_preserve_new(test, luo_kunit_session(test, "b"), 7);
	session = arrive(test, 1);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "e1/0 ");
	KUNIT_EXPECT_EQ(test, luo_session_finish(luo_kunit_take(test, "b")), 0);
	luo_kunit_expect_log(test, "e7/0 Br Be Ar Ae ");
}

/* An FLB that is gone in the new kernel is no error, nor is a new one. */
static void flb_gone_and_new(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 1);
	void *obj;

	luo_session_release(list_first_entry(&luo_kunit.out.list,
					     struct liveupdate_session, link));
	luo_kunit.log[0] = 0;
	liveupdate_unregister_flb(FH, &flb_b.flb);
	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &flb_c.flb), 0);
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_c.flb, &obj),
			-ENOENT);
	liveupdate_unregister_flb(FH, &flb_c.flb);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "e1/0 Ar Ae ");
	KUNIT_EXPECT_EQ(test, liveupdate_register_flb(FH, &flb_b.flb), 0);
}

/* An FLB that registers after the records were read finds its own. */
static void flb_late(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 1);
	void *obj;

	luo_session_release(list_first_entry(&luo_kunit.out.list,
					     struct liveupdate_session, link));
	luo_kunit.log[0] = 0;
	liveupdate_unregister_flb(FH, &flb_b.flb);
	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &flb_b.flb), 0);
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_b.flb, &obj), 0);
	liveupdate_flb_put_incoming(&flb_b.flb);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "Br e1/0 Be Ar Ae ");
}

/* One that is retrieved and goes, as in a module whose init function fails. */
static void flb_retrieved_and_gone(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 1);
	void *obj;

	luo_session_release(list_first_entry(&luo_kunit.out.list,
					     struct liveupdate_session, link));
	luo_kunit.log[0] = 0;
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_b.flb, &obj), 0);
	liveupdate_flb_put_incoming(&flb_b.flb);
	liveupdate_unregister_flb(FH, &flb_b.flb);
	luo_kunit_expect_log(test, "Br ");
	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &flb_b.flb), 0);
	KUNIT_EXPECT_EQ(test, liveupdate_flb_get_incoming(&flb_b.flb, &obj), 0);
	liveupdate_flb_put_incoming(&flb_b.flb);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "Br e1/0 Be Ar Ae ");
}

static struct kunit_case luo_flb_cases[] = {
	KUNIT_CASE(flb_first_and_last),
	KUNIT_CASE(flb_preserve_fails),
	KUNIT_CASE(flb_registration),
	KUNIT_CASE(flb_outgoing_holder),
	KUNIT_CASE(flb_asked_for),
	KUNIT_CASE(flb_incoming_holder),
	KUNIT_CASE(flb_retrieve_fails),
	KUNIT_CASE(flb_two_sessions),
	KUNIT_CASE(flb_gone_and_new),
	KUNIT_CASE(flb_late),
	KUNIT_CASE(flb_retrieved_and_gone),
	{}
};

static struct kunit_suite luo_flb_suite = {
	.name = "luo_flb",
	.init = flb_init,
	.exit = flb_exit,
	.test_cases = luo_flb_cases,
};

kunit_test_suite(luo_flb_suite);
