// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of one preserved file in the new kernel: retrieve, finish, discard
 */
#include <linux/io.h>

#include "luo_kunit.h"

/* One session with files 1 to @nr has come, and is taken. */
static struct liveupdate_session *arrive(struct kunit *test, unsigned int nr)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	unsigned int i;

	for (i = 1; i <= nr; i++)
		luo_kunit_preserve_new(test, session, i);
	luo_kunit_jump(test);
	return luo_kunit_take(test, "a");
}

static struct luo_file *file_of(struct liveupdate_session *session, u64 token)
{
	return xa_load(&session->files.tokens, token);
}

static void retrieve_twice(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 2);

	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 2UL);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 3), -ENOENT);
	luo_kunit_expect_log(test, "r2 r1 ");
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 0UL);
}

/* F9: a handler that comes late finds its files waiting. */
static void retrieve_handler_late(struct kunit *test)
{
	struct liveupdate_file_handler *fh = &luo_kunit_handler.fh;
	struct liveupdate_session *session = arrive(test, 1);

	luo_session_release(list_first_entry(&luo_kunit.out.list,
					     struct liveupdate_session, link));
	liveupdate_unregister_file_handler(fh);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), -EBUSY);
	KUNIT_ASSERT_EQ(test, liveupdate_register_file_handler(fh), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fh->nr_users), 1);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fh->nr_users), 0);
}

static const struct version_case {
	unsigned int read_min, read_max, version;
	int error;
} version_cases[] = {
	{ 0, 0, 3, 0 },
	{ 0, 0, 2, -EPROTONOSUPPORT },
	{ 0, 0, 4, -EPROTONOSUPPORT },
	{ 2, 0, 2, 0 },
	{ 2, 0, 1, -EPROTONOSUPPORT },
	{ 0, 4, 4, 0 },
	{ 0, 4, 5, -EPROTONOSUPPORT },
	{ 2, 4, 3, 0 },
};

static void retrieve_versions(struct kunit *test)
{
	struct liveupdate_session *out = luo_kunit_session(test, "a");
	struct liveupdate_session *session;
	unsigned int i;

	luo_kunit_preserve_new(test, out, 1);
	for (i = 0; i < ARRAY_SIZE(version_cases); i++) {
		const struct version_case *c = &version_cases[i];
		struct luo_file_ser *ser;

		luo_kunit_handler.fh.read_min = c->read_min;
		luo_kunit_handler.fh.read_max = c->read_max;
		KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
		ser = luo_kunit_record(virt_to_phys(out->files.chain.first), 0);
		snprintf(ser->compatible, sizeof(ser->compatible),
			 "luo-kunit-v%u", c->version);
		luo_abi_file_seal(ser);
		KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);
		session = luo_kunit_take(test, "a");
		KUNIT_EXPECT_EQ_MSG(test, luo_kunit_retrieve(session, 1),
				    c->error, "case %u", i);
		luo_session_release(session);
		KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"),
				0);
	}
}

/* F10: a failure of a handler that promised so may be repeated. */
static void retrieve_retryable(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 2);

	luo_kunit_handler.fail_token = 1;
	luo_kunit_handler.error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
	luo_kunit_handler.error = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	luo_kunit_expect_log(test, "r1 r1 r2 r1 ");
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "e2/1 e1/1 ");
}

/* F11: without the promise it is final; the handler hears of it at finish. */
static void retrieve_final(struct kunit *test)
{
	char log[LUO_KUNIT_LOG];
	struct liveupdate_session *session = arrive(test, 1);

	luo_kunit_handler.ops.retrieve_retryable = false;
	luo_kunit_handler.fail_token = 1;
	luo_kunit_handler.error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENOMEM);
	luo_kunit_handler.error = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, luo_kunit_handler.retrieves, 1U);
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 1UL);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	snprintf(log, sizeof(log), "r1 e1/%d ", -ENOMEM);
	luo_kunit_expect_log(test, log);
}

static void retrieve_others(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 2);

	/* Each needs 2, and 2 needs itself. */
	luo_kunit_handler.needs = 2;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ELOOP);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), -ELOOP);
	luo_kunit_handler.needs = 3;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), -ENOENT);
	luo_kunit_handler.needs = 0;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
	luo_kunit_handler.needs = 2;
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	luo_kunit_expect_log(test, "r2 r1 ");
}

/* Last to first, whether retrieved or not; nothing of it is known after. */
static void retrieve_finish(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 3);

	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "r2 e3/0 e2/1 e1/0 ");
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "");
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), -ENOENT);
}

/* F13: nothing is finished as long as one handler cannot. */
static void retrieve_finish_busy(struct kunit *test)
{
	struct liveupdate_session *session = arrive(test, 2);

	luo_kunit_handler.busy = true;
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), -EBUSY);
	luo_kunit_expect_log(test, "");
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"), -EBUSY);
	session = luo_kunit_take(test, "a");
	luo_kunit_handler.busy = false;
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	luo_kunit_expect_log(test, "r1 e2/0 e1/1 ");
}

/* F9: a file whose record is damaged is set aside, the others are not. */
static void retrieve_record_damaged(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct luo_file_ser *ser;
	unsigned int i;

	for (i = 1; i <= 3; i++)
		luo_kunit_preserve_new(test, session, i);
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	ser = luo_kunit_record(virt_to_phys(session->files.chain.first), 0);
	ser[1].data ^= 1;
	ser[2].token ^= 0xff00;
	KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);
	luo_kunit.log[0] = 0;

	session = luo_kunit_take(test, "a");
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	for (i = 2; i <= 4; i++)
		KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, i), -EBADMSG);
	KUNIT_EXPECT_EQ(test, file_of(session, 2)->state, LUO_FILE_QUARANTINED);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), -EBUSY);
	session->closed_by_hand = true;
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"), 0);
	luo_kunit_expect_log(test, "r1 e1/1 ");
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 0UL);
}

static const struct twice_case {
	bool damaged[3];
	int error;
	const char *log;
} twice_cases[] = {
	{ { false, false, true }, -EBADMSG, "" },
	{ { false, false, false }, -EBADMSG, "" },
	{ { false, true, true }, 0, "r1 " },
	{ { true, false, true }, 0, "r2 " },
	{ { true, true, false }, 0, "r3 " },
	{ { true, false, false }, -EBADMSG, "" },
	{ { true, true, true }, -EBADMSG, "" },
};

/* F9: three records of one token; only a single good one is believed. */
static void retrieve_token_twice(struct kunit *test)
{
	struct liveupdate_session *out = luo_kunit_session(test, "a");
	struct liveupdate_session *session;
	struct luo_file_ser *ser;
	unsigned int i, j;

	for (i = 1; i <= 3; i++)
		luo_kunit_preserve_new(test, out, i);
	for (i = 0; i < ARRAY_SIZE(twice_cases); i++) {
		const struct twice_case *c = &twice_cases[i];

		KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
		ser = luo_kunit_record(virt_to_phys(out->files.chain.first), 0);
		for (j = 0; j < 3; j++) {
			ser[j].token = 7;
			luo_abi_file_seal(&ser[j]);
			ser[j].crc ^= c->damaged[j];
		}
		KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);
		luo_kunit.log[0] = 0;
		session = luo_kunit_take(test, "a");
		KUNIT_EXPECT_EQ_MSG(test, luo_kunit_retrieve(session, 7),
				    c->error, "case %u", i);
		luo_kunit_expect_log(test, c->log);
		KUNIT_EXPECT_EQ(test, luo_session_finish(session), -EBUSY);
		luo_session_release(session);
		KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"),
				0);
		KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 0UL);
	}
}

static struct kunit_case luo_retrieve_cases[] = {
	KUNIT_CASE(retrieve_twice),
	KUNIT_CASE(retrieve_handler_late),
	KUNIT_CASE(retrieve_versions),
	KUNIT_CASE(retrieve_retryable),
	KUNIT_CASE(retrieve_final),
	KUNIT_CASE(retrieve_others),
	KUNIT_CASE(retrieve_finish),
	KUNIT_CASE(retrieve_finish_busy),
	KUNIT_CASE(retrieve_record_damaged),
	KUNIT_CASE(retrieve_token_twice),
	{}
};

static struct kunit_suite luo_retrieve_suite = {
	.name = "luo_retrieve",
	.init = luo_kunit_init,
	.exit = luo_kunit_exit,
	.test_cases = luo_retrieve_cases,
};

kunit_test_suite(luo_retrieve_suite);
