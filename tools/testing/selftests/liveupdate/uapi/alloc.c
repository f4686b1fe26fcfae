// SPDX-License-Identifier: GPL-2.0
/*
 * F1, F2: the first allocation of a call fails, or copy from or to user memory,
 * then the second, and so on, until the call works. Each failure leaves
 * everything as it was.
 */
#include "uapi.h"
#include "../lib/nth.h"

#define SEED	0x414c
#define MOST	400

FIXTURE(alloc) {
	int dev, session;
	struct counters before;
};

FIXTURE_SETUP(alloc)
{
	if (nth_open())
		SKIP(return, "no fault injection in this kernel");
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "alloc");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(alloc)
{
	close(self->session);
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

/*
 * The first thing of an ioctl is a copy. Any other may be missed, such as the path of
 * open(2), or a reply: slab has more to do in one call than in the next.
 */
static int sweep(struct __test_metadata *_metadata, const struct nth_call *call,
		 bool is_ioctl)
{
	struct nth_swept swept;
	int ret = nth_sweep(call, &swept);

	TH_LOG("%u allocations, %u copies; %u more without harm", swept.allocations,
	       swept.copies, swept.spared);
	EXPECT_GE(ret, 0);
	if (nth_has_copies() && is_ioctl)
		EXPECT_GT(swept.copies, 0);
	return ret;
}

#define SWEEP(...)	sweep(_metadata, &(struct nth_call){ __VA_ARGS__ }, true)
#define SWEEP_OPEN(...)	sweep(_metadata, &(struct nth_call){ __VA_ARGS__ }, false)

static int call_create(void *arg)
{
	return luo_create_on(*(int *)arg, "swept");
}

TEST_F(alloc, create)
{
	int fd = SWEEP(call_create, nth_close, &self->dev);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_create_on(self->dev, "swept"), -EEXIST);
	close(fd);
}

static int call_open(void *arg)
{
	return luo_open();
}

TEST_F(alloc, open)
{
	int fd;

	close(self->dev);
	fd = SWEEP_OPEN(call_open, nth_close);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_open(), -EBUSY);
	close(fd);
	self->dev = luo_open();
	EXPECT_GE(self->dev, 0);
}

static int call_observe(void *arg)
{
	return luo_observe();
}

TEST_F(alloc, observe)
{
	int fd = SWEEP_OPEN(call_observe, nth_close);

	ASSERT_GE(fd, 0);
	close(fd);
}

/* With one file in the session: what only looks, and what takes it out again. */
static int call_list_session(void *arg)
{
	struct liveupdate_ioctl_list_session list;

	return luo_list_session(*(int *)arg, LIVEUPDATE_OUTGOING, 0, &list);
}

static int call_list_file(void *arg)
{
	struct liveupdate_list_file list;

	return luo_list_own_file(*(int *)arg, 0, &list);
}

static int call_get_name(void *arg)
{
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];

	return luo_get_name(*(int *)arg, name);
}

struct call {
	int session, fd;
};

static int call_preserve(void *arg)
{
	struct call *call = arg;

	return luo_preserve(call->session, call->fd, 1);
}

static int call_unpreserve(void *arg)
{
	struct call *call = arg;

	return luo_unpreserve(call->session, 1);
}

static void undo_preserve(void *arg, int ret)
{
	call_unpreserve(arg);
}

static void undo_unpreserve(void *arg, int ret)
{
	call_preserve(arg);
}

static int call_load(void *arg)
{
	return guest_kexec_load(false, "");
}

TEST_F(alloc, of_a_preserved_file)
{
	int fd = data_memfd("a", 0, SEED, 64 * KiB);
	struct call call = { self->session, fd };

	ASSERT_EQ(luo_preserve(self->session, fd, 1), 0);
	EXPECT_EQ(SWEEP(call_list_session, nth_nothing, &self->dev), 0);
	EXPECT_EQ(SWEEP(call_list_file, nth_nothing, &self->session), 0);
	EXPECT_EQ(SWEEP(call_get_name, nth_nothing, &self->session), 0);
	EXPECT_EQ(SWEEP(call_unpreserve, undo_unpreserve, &call), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 1), -ENOENT);
	EXPECT_EQ(data_check(fd, SEED, 0, 64 * KiB), 0);
	close(fd);
}

/*
 * Loading an image that has to take a file along. It allocates by the thousand, and
 * mostly in kexec, so only the first ones and some of the others.
 */
TEST_F_TIMEOUT(alloc, load, 300)
{
	int fd = data_memfd("a", 0, SEED, 64 * KiB), n, ret = -1, failed = 0;

	ASSERT_EQ(luo_preserve(self->session, fd, 1), 0);
	if (call_load(NULL))
		SKIP(goto out, "no image to load");
	for (n = 1; n < 8 * MOST; n += n < 40 ? 1 : 97) {
		EXPECT_EQ(guest_kexec_unload(), 0);
		nth_set(n);
		ret = call_load(NULL);
		if (!nth_came())
			break;
		failed += ret < 0;
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -ENFILE ||
			    ret == -ENOENT || ret == -EADDRNOTAVAIL ||
			    ret == -EFAULT) {
			TH_LOG("allocation %d: %d", n, ret);
		}
	}
	TH_LOG("%d failures, %d allocations", failed, n);
	EXPECT_GT(failed, 0);
	EXPECT_EQ(guest_kexec_unload(), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 1), 0);
	EXPECT_EQ(data_check(fd, SEED, 0, 64 * KiB), 0);
out:
	close(fd);
}

static void sweep_preserve(struct __test_metadata *_metadata, int session, int fd)
{
	struct call call = { session, fd };

	ASSERT_GE(fd, 0);
	EXPECT_EQ(SWEEP(call_preserve, undo_preserve, &call), 0);
	EXPECT_EQ(luo_preserve(session, fd, 2), -EBUSY);
	close(fd);
}

TEST_F(alloc, preserve_empty)
{
	sweep_preserve(_metadata, self->session, data_memfd("a", 0, SEED, 0));
}

TEST_F(alloc, preserve_some_pages)
{
	int fd = data_memfd("a", 0, SEED, 64 * KiB), again = dup(fd);

	sweep_preserve(_metadata, self->session, fd);
	EXPECT_EQ(data_check(again, SEED, 0, 64 * KiB), 0);
	close(again);
}

TEST_F(alloc, preserve_scattered_pages)
{
	int fd = data_memfd_sparse("a", 0, 16 * GiB), again = dup(fd);
	off_t off;

	for (off = 0; off < (off_t)(16 * GiB); off += GiB)
		ASSERT_EQ(data_write(fd, SEED, off, PAGE), 0);
	sweep_preserve(_metadata, self->session, fd);
	for (off = 0; off < (off_t)(16 * GiB); off += GiB)
		EXPECT_EQ(data_check(again, SEED, off, PAGE), 0);
	close(again);
}

/* A hole of a preserved file is filled, or the fault fails: SIGBUS or ENOMEM. */
TEST_F(alloc, fill_a_hole)
{
	int fd = data_memfd_sparse("a", 0, GiB), n;
	ssize_t ret = -1;
	char byte = 7;
	bool came;

	ASSERT_EQ(luo_preserve(self->session, fd, 1), 0);
	for (n = 1; n < MOST && ret != 1; n++) {
		nth_set(n);
		ret = pwrite(fd, &byte, 1, 512 * MiB);
		came = nth_came();
		if (ret != 1)
			EXPECT_TRUE(came && (errno == ENOMEM || errno == EFAULT));
	}
	EXPECT_EQ(ret, 1);
	EXPECT_EQ(pread(fd, &byte, 1, 512 * MiB), 1);
	EXPECT_EQ(byte, 7);
	close(fd);
}

TEST_HARNESS_MAIN
