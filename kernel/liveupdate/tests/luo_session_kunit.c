// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the sets of sessions, and of what becomes of them over a jump
 */
#include <linux/io.h>

#include "luo_kunit.h"

static void session_names(struct kunit *test)
{
	char longest[LIVEUPDATE_SESSION_NAME_LENGTH];
	struct liveupdate_session *a, *b;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	a = luo_kunit_session(test, "a");
	luo_kunit_session(test, longest);
	b = luo_session_create(&luo_kunit.out, "a");
	KUNIT_EXPECT_EQ(test, PTR_ERR(b), -EEXIST);
	b = luo_session_create(&luo_kunit.out, longest);
	KUNIT_EXPECT_EQ(test, PTR_ERR(b), -EEXIST);
	/* A name space of its own. */
	b = luo_session_create(&luo_kunit.in, "a");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
	KUNIT_EXPECT_EQ(test, luo_kunit.out.nr, 2U);

	luo_session_release(a);
	KUNIT_EXPECT_EQ(test, luo_kunit.out.nr, 1U);
	luo_kunit_session(test, "a");
}

static void session_limit(struct kunit *test)
{
	unsigned int limit = luo_max_sessions;
	struct liveupdate_session *session;

	luo_kunit_session(test, "a");
	WRITE_ONCE(luo_max_sessions, 1);
	session = luo_session_create(&luo_kunit.out, "b");
	WRITE_ONCE(luo_max_sessions, limit);
	KUNIT_EXPECT_EQ(test, PTR_ERR(session), -ENOSPC);
}

static void session_take_states(struct kunit *test)
{
	struct liveupdate_session *session;

	session = luo_session_take(&luo_kunit.in, "a");
	KUNIT_EXPECT_EQ(test, PTR_ERR(session), -ENOENT);
	luo_kunit_session(test, "a");
	luo_kunit_jump(test);
	session = luo_kunit_take(test, "a");
	KUNIT_EXPECT_EQ(test, PTR_ERR(luo_session_take(&luo_kunit.in, "a")),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"), -EBUSY);
	luo_session_give_back(session);
	session = luo_kunit_take(test, "a");

	/* The name goes with the last descriptor, not before. */
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(luo_session_take(&luo_kunit.in, "a")),
			-EINVAL);
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, PTR_ERR(luo_session_take(&luo_kunit.in, "a")),
			-ENOENT);

	luo_kunit.in.status = -EIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(luo_session_take(&luo_kunit.in, "a")),
			-EIO);
}

/* Room for records comes and goes with what they will describe. */
static void session_room(struct kunit *test)
{
	unsigned int sessions = luo_abi_block_capacity(LUO_SER_SESSION);
	unsigned int files = luo_abi_block_capacity(LUO_SER_FILE);
	struct liveupdate_session *session = NULL;
	char name[16];
	unsigned int i;

	for (i = 0; i <= sessions; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		session = luo_kunit_session(test, name);
		KUNIT_EXPECT_EQ(test, luo_kunit.out.chain.nr_blocks,
				i < sessions ? 1U : 2U);
		KUNIT_EXPECT_EQ(test, session->files.chain.nr_blocks, 0U);
	}
	for (i = 0; i <= files; i++) {
		luo_kunit_preserve_new(test, session, i);
		KUNIT_EXPECT_EQ(test, session->files.chain.nr_blocks,
				i < files ? 1U : 2U);
	}
	scoped_guard(mutex, &session->lock) {
		KUNIT_EXPECT_EQ(test, luo_fileset_unpreserve_one(session, 0), 0);
		KUNIT_EXPECT_EQ(test, luo_fileset_unpreserve_one(session, 0),
				-ENOENT);
	}
	KUNIT_EXPECT_EQ(test, session->files.chain.nr_blocks, 1U);
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, luo_kunit.out.chain.nr_blocks, 1U);
}

/* Many sessions and files arrive, all of them, in order. */
static void session_jump_many(struct kunit *test)
{
	struct liveupdate_session *session;
	unsigned int i, j, nr = 100;
	struct luo_file *lf;
	char name[16];

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		session = luo_kunit_session(test, name);
		for (j = 0; j < i; j++)
			luo_kunit_preserve_new(test, session, ~(u64)j);
	}
	luo_kunit_jump(test);
	KUNIT_EXPECT_EQ(test, luo_kunit.in.nr, nr);
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), (ulong)nr * (nr - 1) / 2);

	i = 0;
	list_for_each_entry(session, &luo_kunit.in.list, link) {
		snprintf(name, sizeof(name), "s%u", i);
		KUNIT_EXPECT_STREQ(test, session->name, name);
		KUNIT_EXPECT_EQ(test, session->generation, luo_generation + 1);
		j = 0;
		list_for_each_entry(lf, &session->files.list, link)
			KUNIT_EXPECT_EQ(test, lf->token, ~(u64)j++);
		KUNIT_EXPECT_EQ(test, j, i++);
	}
}

static void session_damage(struct kunit *test, unsigned int index, size_t offset)
{
	u8 *record = luo_kunit_record(luo_kunit.header.sessions_pa, index);

	record[offset] ^= 1;
}

/* F9: a session whose record is damaged is set aside, the others are not. */
static void session_record_damaged(struct kunit *test)
{
	size_t count = offsetof(struct luo_session_ser, nr_files);
	struct liveupdate_session *session;

	luo_kunit_session(test, "good");
	luo_kunit_session(test, "bad count");
	luo_kunit_session(test, "bad name");
	luo_kunit_session(test, "last");
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	session_damage(test, 1, count);
	memset(luo_kunit_record(luo_kunit.header.sessions_pa, 2), 'x', 64);
	KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);

	KUNIT_EXPECT_EQ(test, luo_kunit.in.nr, 4U);
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 2UL);
	session = luo_session_take(&luo_kunit.in, "bad count");
	KUNIT_EXPECT_EQ(test, PTR_ERR(session), -EBADMSG);
	session = luo_session_take(&luo_kunit.in, "(damaged 1)");
	KUNIT_EXPECT_EQ(test, PTR_ERR(session), -EBADMSG);
	luo_session_release(luo_kunit_take(test, "good"));
	luo_session_release(luo_kunit_take(test, "last"));

	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "bad count"),
			0);
	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "bad count"),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, luo_gate_waiting(), 1UL);
}

/* F8: if sessions cannot be counted, none is made. */
static void session_chain_damaged(struct kunit *test)
{
	struct luo_block_ser *head;

	luo_kunit_session(test, "a");
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	head = luo_kunit.out.chain.first;
	head->count++;
	KUNIT_EXPECT_EQ(test, luo_kunit_decode(), -EBADMSG);
	KUNIT_EXPECT_EQ(test, luo_kunit.in.nr, 0U);
}

/* Two sessions of one name cannot be: the second one is not believed. */
static void session_name_twice(struct kunit *test)
{
	struct luo_session_ser *ser;

	luo_kunit_session(test, "a");
	luo_kunit_session(test, "b");
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	ser = luo_kunit_record(luo_kunit.header.sessions_pa, 1);
	ser->name[0] = 'a';
	luo_abi_session_seal(ser);
	KUNIT_EXPECT_EQ(test, luo_kunit_decode(), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit.in.nr, 2U);
	luo_session_release(luo_kunit_take(test, "a"));
}

/* F9: when a block of files is lost, the files before it are not. */
static void session_files_cut(struct kunit *test)
{
	unsigned int i, files = luo_abi_block_capacity(LUO_SER_FILE);
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct luo_block_ser *head;

	for (i = 0; i <= files; i++)
		luo_kunit_preserve_new(test, session, i);
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	head = session->files.chain.first;
	head = phys_to_virt(head->next_pa);
	head->crc++;
	KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);

	session = luo_kunit_take(test, "a");
	KUNIT_EXPECT_EQ(test, session->files.nr, files);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 0), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, files), -EBADMSG);
	KUNIT_EXPECT_EQ(test, luo_session_finish(session), -EBUSY);
	session->closed_by_hand = true;
	luo_session_release(session);
	KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in, "a"), 0);
}

/* F12: what becomes of a retrieved session with its last descriptor. */
static const struct session_close_case {
	bool by_hand, all_retrieved, busy, ends;
} session_close_cases[] = {
	{ .by_hand = true, .all_retrieved = true, .ends = true },
	{ .by_hand = true, .all_retrieved = true, .busy = true },
	{ .by_hand = true },
	{ .all_retrieved = true },
	{ },
};

static void session_close(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	unsigned int i;

	luo_kunit_preserve_new(test, session, 1);
	luo_kunit_preserve_new(test, session, 2);
	for (i = 0; i < ARRAY_SIZE(session_close_cases); i++) {
		const struct session_close_case *c = &session_close_cases[i];

		luo_kunit_handler.busy = c->busy;
		luo_kunit_jump(test);
		session = luo_kunit_take(test, "a");
		KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
		if (c->all_retrieved)
			KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
		session->closed_by_hand = c->by_hand;
		luo_session_release(session);
		luo_kunit_handler.busy = false;

		KUNIT_EXPECT_EQ_MSG(test, luo_kunit.in.nr, c->ends ? 0U : 1U,
				    "case %u", i);
		if (!c->ends)
			KUNIT_EXPECT_EQ(test, luo_session_discard(&luo_kunit.in,
								  "a"), 0);
	}
}

/* A file that was handed out before the agent died is handed out again. */
static void session_retrieved_again(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct luo_file *lf;
	struct file *file;

	luo_kunit_preserve_new(test, session, 1);
	luo_kunit_jump(test);
	session = luo_kunit_take(test, "a");
	KUNIT_ASSERT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	lf = xa_load(&session->files.tokens, 1);
	file = lf->file;
	luo_session_release(session);

	session = luo_kunit_take(test, "a");
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);
	lf = xa_load(&session->files.tokens, 1);
	KUNIT_EXPECT_PTR_EQ(test, lf->file, file);
	KUNIT_EXPECT_EQ(test, luo_kunit_handler.retrieves, 1U);
}

static struct kunit_case luo_session_cases[] = {
	KUNIT_CASE(session_names),
	KUNIT_CASE(session_limit),
	KUNIT_CASE(session_take_states),
	KUNIT_CASE(session_room),
	KUNIT_CASE(session_jump_many),
	KUNIT_CASE(session_record_damaged),
	KUNIT_CASE(session_chain_damaged),
	KUNIT_CASE(session_name_twice),
	KUNIT_CASE(session_files_cut),
	KUNIT_CASE(session_close),
	KUNIT_CASE(session_retrieved_again),
	{}
};

static struct kunit_suite luo_session_suite = {
	.name = "luo_session",
	.init = luo_kunit_init,
	.exit = luo_kunit_exit,
	.test_cases = luo_session_cases,
};

kunit_test_suite(luo_session_suite);
