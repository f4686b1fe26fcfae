// SPDX-License-Identifier: GPL-2.0
/*
 * F2: the first allocation of a call fails, then the second, and so on, until
 * the call works. Each failure leaves everything as it was.
 */
#include "uapi.h"

#define SEED	0x414c
#define MOST	400

static int fail_file = -1;

static void fail_nth(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	(void)!pwrite(fail_file, text, strlen(text), 0);
}

/* Whether the failure asked for came; none is asked for afterwards. */
static bool fail_came(void)
{
	char text[16] = "";
	bool came;

	(void)!pread(fail_file, text, sizeof(text) - 1, 0);
	came = atoi(text) == 0;
	fail_nth(0);
	return came;
}

static bool fail_setup(void)
{
	guest_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	guest_write("/sys/kernel/debug/failslab/verbose", "0");
	guest_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	guest_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	guest_write("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	guest_write("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	fail_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fail_file >= 0;
}

FIXTURE(alloc) {
	int dev, session;
	struct counters before;
};

FIXTURE_SETUP(alloc)
{
	if (!fail_setup())
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

/* Sweep over a call that gives an fd or 0; returns how many failures it took. */
static int sweep(struct __test_metadata *_metadata, int (*call)(void *), void *arg)
{
	int n, ret;
	bool came;

	for (n = 1; n < MOST; n++) {
		fail_nth(n);
		ret = call(arg);
		came = fail_came();
		if (ret >= 0)
			break;
		EXPECT_TRUE(ret == -ENOMEM || ret == -ENFILE) {
			TH_LOG("allocation %d: %d", n, ret);
		}
		EXPECT_TRUE(came);
	}
	EXPECT_LT(n, MOST);
	TH_LOG("%d allocations", n - 1);
	return ret;
}

static int call_create(void *arg)
{
	return luo_create_on(*(int *)arg, "swept");
}

TEST_F(alloc, create)
{
	int fd = sweep(_metadata, call_create, &self->dev);

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
	fd = sweep(_metadata, call_open, NULL);
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
	int fd = sweep(_metadata, call_observe, NULL);

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

static int call_unpreserve(void *arg)
{
	return luo_unpreserve(*(int *)arg, 1);
}

static int call_load(void *arg)
{
	return guest_kexec_load(false, "");
}

TEST_F(alloc, of_a_preserved_file)
{
	int fd = data_memfd("a", 0, SEED, 64 * KiB);

	ASSERT_EQ(luo_preserve(self->session, fd, 1), 0);
	EXPECT_EQ(sweep(_metadata, call_list_session, &self->dev), 0);
	EXPECT_EQ(sweep(_metadata, call_list_file, &self->session), 0);
	EXPECT_EQ(sweep(_metadata, call_get_name, &self->session), 0);
	EXPECT_EQ(sweep(_metadata, call_unpreserve, &self->session), 0);
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
		fail_nth(n);
		ret = call_load(NULL);
		if (!fail_came())
			break;
		failed += ret < 0;
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -ENFILE ||
			    ret == -ENOENT || ret == -EADDRNOTAVAIL) {
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

struct call {
	int session, fd;
};

static int call_preserve(void *arg)
{
	struct call *call = arg;

	return luo_preserve(call->session, call->fd, 1);
}

static void sweep_preserve(struct __test_metadata *_metadata, int session, int fd)
{
	struct call call = { session, fd };

	ASSERT_GE(fd, 0);
	EXPECT_EQ(sweep(_metadata, call_preserve, &call), 0);
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
		fail_nth(n);
		ret = pwrite(fd, &byte, 1, 512 * MiB);
		came = fail_came();
		if (ret != 1)
			EXPECT_TRUE(came && errno == ENOMEM);
	}
	EXPECT_EQ(ret, 1);
	EXPECT_EQ(pread(fd, &byte, 1, 512 * MiB), 1);
	EXPECT_EQ(byte, 7);
	close(fd);
}

TEST_HARNESS_MAIN
