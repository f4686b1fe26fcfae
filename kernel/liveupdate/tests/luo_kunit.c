// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites have in common, see luo_kunit.h
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/io.h>

#include "luo_kunit.h"

struct luo_kunit luo_kunit;

void luo_kunit_say(const char *fmt, ...)
{
	size_t len = strlen(luo_kunit.log);
	va_list args;

	va_start(args, fmt);
	vscnprintf(luo_kunit.log + len, LUO_KUNIT_LOG - len, fmt, args);
	va_end(args);
}

/* Compares, and starts a new log. */
void luo_kunit_expect_log(struct kunit *test, const char *expected)
{
	KUNIT_EXPECT_STREQ(test, luo_kunit.log, expected);
	luo_kunit.log[0] = 0;
}

static const struct file_operations luo_kunit_fops;

static struct luo_kunit_handler *luo_kunit_of(struct liveupdate_file_op_args *args)
{
	return container_of(args->handler, struct luo_kunit_handler, fh);
}

static int luo_kunit_try(struct liveupdate_file_op_args *args, const char *what)
{
	struct luo_kunit_handler *h = luo_kunit_of(args);

	luo_kunit_say("%s%llu ", what, args->serialized_data);
	if (h->error && h->fail_token == args->serialized_data)
		return h->error;
	return 0;
}

static bool luo_kunit_can_preserve(struct liveupdate_file_handler *fh,
				   struct file *file)
{
	return file->f_op == &luo_kunit_fops;
}

/* The record is a number that the test chose. */
static int luo_kunit_op_preserve(struct liveupdate_file_op_args *args)
{
	args->serialized_data = (u64)args->file->private_data;
	return luo_kunit_try(args, "p");
}

static void luo_kunit_op_unpreserve(struct liveupdate_file_op_args *args)
{
	luo_kunit_try(args, "u");
}

static int luo_kunit_op_freeze(struct liveupdate_file_op_args *args)
{
	return luo_kunit_try(args, "f");
}

static void luo_kunit_op_unfreeze(struct liveupdate_file_op_args *args)
{
	luo_kunit_try(args, "t");
}

static int luo_kunit_op_retrieve(struct liveupdate_file_op_args *args)
{
	struct luo_kunit_handler *h = luo_kunit_of(args);
	struct file *file;
	int ret;

	h->retrieves++;
	if (h->needs) {
		ret = liveupdate_get_file_incoming(args->session, h->needs,
						   &file);
		if (ret)
			return ret;
		fput(file);
	}
	ret = luo_kunit_try(args, "r");
	if (ret)
		return ret;
	file = anon_inode_getfile("luo-kunit", &luo_kunit_fops, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	args->file = file;
	return 0;
}

static bool luo_kunit_op_can_finish(struct liveupdate_file_op_args *args)
{
	return !luo_kunit_of(args)->busy;
}

static void luo_kunit_op_finish(struct liveupdate_file_op_args *args)
{
	luo_kunit_say("e%llu/%d ", args->serialized_data,
		      args->retrieve_status);
}

static const struct liveupdate_file_ops luo_kunit_ops = {
	.can_preserve		= luo_kunit_can_preserve,
	.preserve		= luo_kunit_op_preserve,
	.unpreserve		= luo_kunit_op_unpreserve,
	.freeze			= luo_kunit_op_freeze,
	.unfreeze		= luo_kunit_op_unfreeze,
	.retrieve		= luo_kunit_op_retrieve,
	.can_finish		= luo_kunit_op_can_finish,
	.finish			= luo_kunit_op_finish,
	.retrieve_retryable	= true,
};

struct luo_kunit_handler luo_kunit_handler = {
	.fh = {
		.ops		= &luo_kunit_handler.ops,
		.compatible	= "luo-kunit-v3",
	},
};

int luo_kunit_init(struct kunit *test)
{
	struct luo_kunit_handler *h = &luo_kunit_handler;

	if (!liveupdate_enabled())
		kunit_skip(test, "needs liveupdate=on kho=on");
	if (liveupdate_busy())
		kunit_skip(test, "somebody's files are preserved or wait");
	memset(&luo_kunit, 0, sizeof(luo_kunit));
	KUNIT_ASSERT_EQ(test, luo_session_set_init(&luo_kunit.out,
						   LUO_OUTGOING), 0);
	KUNIT_ASSERT_EQ(test, luo_session_set_init(&luo_kunit.in,
						   LUO_INCOMING), 0);
	h->ops = luo_kunit_ops;
	h->fail_token = 0;
	h->error = 0;
	h->busy = false;
	h->needs = 0;
	h->retrieves = 0;
	h->fh.read_min = 0;
	h->fh.read_max = 0;
	KUNIT_ASSERT_EQ(test, liveupdate_register_file_handler(&h->fh), 0);
	return 0;
}

static void luo_kunit_empty(struct luo_session_set *set)
{
	struct liveupdate_session *session, *next;

	list_for_each_entry_safe(session, next, &set->list, link) {
		scoped_guard(mutex, &session->lock) {
			if (set->direction == LUO_OUTGOING)
				luo_fileset_unpreserve(session);
			else
				luo_fileset_discard(session);
		}
		luo_session_destroy(session);
	}
}

/* Whatever a test left behind: everything has to be given back. */
void luo_kunit_exit(struct kunit *test)
{
	if (!luo_kunit.out.list.next)
		return;
	luo_kunit_handler.busy = false;
	luo_kunit_empty(&luo_kunit.in);
	luo_kunit_empty(&luo_kunit.out);
	KUNIT_EXPECT_NULL(test, luo_kunit.out.chain.first);
	KUNIT_EXPECT_FALSE(test, liveupdate_busy());
	KUNIT_EXPECT_EQ(test, atomic_read(&luo_kunit_handler.fh.nr_users), 0);
	luo_session_set_destroy(&luo_kunit.in);
	luo_session_set_destroy(&luo_kunit.out);
	liveupdate_unregister_file_handler(&luo_kunit_handler.fh);
}

KUNIT_DEFINE_ACTION_WRAPPER(luo_kunit_fput, fput, struct file *);

/* A file that the handler takes; the test has a reference until its end. */
struct file *luo_kunit_file(struct kunit *test)
{
	struct file *file = anon_inode_getfile("luo-kunit", &luo_kunit_fops,
					       NULL, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, luo_kunit_fput,
							file), 0);
	return file;
}

struct liveupdate_session *luo_kunit_session(struct kunit *test,
					     const char *name)
{
	struct liveupdate_session *session;

	session = luo_session_create(&luo_kunit.out, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, session);
	return session;
}

int luo_kunit_preserve(struct liveupdate_session *session, u64 token,
		       struct file *file)
{
	guard(mutex)(&session->lock);
	return luo_fileset_preserve(session, token, file);
}

/* Preserve a file of its own, whose record has the token in it. */
void luo_kunit_preserve_new(struct kunit *test,
			    struct liveupdate_session *session, u64 token)
{
	struct file *file = luo_kunit_file(test);

	file->private_data = (void *)token;
	KUNIT_ASSERT_EQ(test, luo_kunit_preserve(session, token, file), 0);
}

static const void *luo_kunit_map(const struct luo_abi_reader *reader, u64 pa)
{
	return phys_to_virt(pa);
}

static void luo_kunit_release(const struct luo_abi_reader *reader, u64 pa)
{
}

static const struct luo_abi_reader luo_kunit_reader = {
	.map		= luo_kunit_map,
	.release	= luo_kunit_release,
};

int luo_kunit_serialize(void)
{
	int ret;

	guard(rwsem_write)(&luo_phase_rwsem);
	ret = luo_set_freeze(&luo_kunit.out);
	if (ret)
		return ret;
	luo_kunit.header.generation = 1;
	luo_set_serialize(&luo_kunit.out, &luo_kunit.header);
	luo_set_unfreeze(&luo_kunit.out);
	return luo_abi_header_check(&luo_kunit.header,
				    sizeof(luo_kunit.header));
}

int luo_kunit_decode(void)
{
	return luo_decode(&luo_kunit.in, &luo_kunit_reader, &luo_kunit.header);
}

/* From here on what is in @out is in @in too; the log starts anew. */
void luo_kunit_jump(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, luo_kunit_serialize(), 0);
	KUNIT_ASSERT_EQ(test, luo_kunit_decode(), 0);
	luo_kunit.log[0] = 0;
}

struct liveupdate_session *luo_kunit_take(struct kunit *test, const char *name)
{
	struct liveupdate_session *session;

	session = luo_session_take(&luo_kunit.in, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, session);
	return session;
}

int luo_kunit_retrieve(struct liveupdate_session *session, u64 token)
{
	struct file *file;
	int ret;

	guard(mutex)(&session->lock);
	ret = luo_fileset_retrieve(session, token, &file);
	if (!ret)
		fput(file);
	return ret;
}

void *luo_kunit_record(u64 block_pa, unsigned int index)
{
	return luo_abi_block_record(phys_to_virt(block_pa), index);
}
