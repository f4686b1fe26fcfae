// SPDX-License-Identifier: GPL-2.0
/* PRESERVE_FD: who pays, how much there may be, and what then stays in place. */
#include "uapi.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define SEED	0x3e3
#define HUGE	(2 * MiB)
#define GROUP	"/sys/fs/cgroup/records"
#define SYSCTL	"/proc/sys/kernel/"

FIXTURE(memory) {
	struct counters before;
};

FIXTURE_SETUP(memory)
{
	counters_get(&self->before);
	if (access(LUO_DEVICE, F_OK))
		SKIP(return, "no " LUO_DEVICE);
}

FIXTURE_TEARDOWN(memory)
{
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

static int limit_memlock(void)
{
	struct rlimit limit = { 1 * MiB, 1 * MiB };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* Without CAP_IPC_LOCK the pins count against RLIMIT_MEMLOCK. */
static int preserve_with_limit(void *arg)
{
	int dev, session, small, large, ret;

	if (limit_memlock() || drop_cap(CAP_IPC_LOCK))
		return 100;
	dev = luo_open();
	session = luo_create_on(dev, "limited");
	small = data_memfd("small", 0, SEED, 512 * KiB);
	large = data_memfd("large", 0, SEED, 2 * MiB);
	if (luo_preserve(session, small, 1))
		return 101;
	ret = luo_preserve(session, large, 2);
	if (ret >= 0)
		return 102;
	close(session);
	/* All of it came back. */
	session = luo_create_on(dev, "limited");
	if (luo_preserve(session, small, 1))
		return 103;
	return -ret;
}

TEST_F(memory, pins_are_charged)
{
	EXPECT_EQ(in_child(preserve_with_limit, NULL), ENOMEM);
}

/* It is the capability of whoever made the session that counts. */
static int preserve_without_limit(void *arg)
{
	int dev = luo_open(), session = luo_create_on(dev, "unlimited"), later, fd;

	if (limit_memlock() || drop_cap(CAP_IPC_LOCK))
		return 100;
	fd = data_memfd("large", 0, SEED, 2 * MiB);
	if (luo_preserve(session, fd, 1))
		return 101;
	later = luo_create_on(dev, "limited");
	fd = data_memfd("large too", 0, SEED, 2 * MiB);
	return -luo_preserve(later, fd, 1);
}

TEST_F(memory, pins_are_free_with_the_capability)
{
	EXPECT_EQ(in_child(preserve_without_limit, NULL), ENOMEM);
}

static long group_current(void)
{
	char text[32];

	return guest_read(GROUP "/memory.current", text, sizeof(text)) < 0 ?
	       -1 : atol(text);
}

/* Each page in an extent of its own: 16 bytes at least, in pages of the record. */
#define SCATTERED	32768UL

static int scattered_file(void)
{
	int fd = data_memfd_sparse("scattered", 0, 2 * SCATTERED * PAGE);
	unsigned long i;

	for (i = 0; i < SCATTERED; i++)
		if (pwrite(fd, "x", 1, 2 * i * PAGE) != 1)
			return -errno;
	return fd;
}

/* The file is not the group's, its record is. */
static int records_in_group(void *arg)
{
	int fd = *(int *)arg, session;
	char pid[16];
	long before;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (guest_write(GROUP "/cgroup.procs", pid))
		return 100;
	session = luo_create("records");
	before = group_current();
	if (session < 0 || before < 0 || luo_preserve(session, fd, 1))
		return 101;
	return group_current() - before >= SCATTERED * 16 ? 0 : 1;
}

TEST_F(memory, records_are_charged)
{
	int fd;

	guest_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755) || access(GROUP "/memory.current", R_OK))
		SKIP(return, "no memory controller");
	fd = scattered_file();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(in_child(records_in_group, &fd), 0);
	close(fd);
	rmdir(GROUP);
}

TEST_F(memory, sessions_are_limited)
{
	int dev = luo_open(), one, two;

	ASSERT_EQ(guest_write(SYSCTL "liveupdate_max_sessions", "1"), 0);
	one = luo_create_on(dev, "one");
	EXPECT_GE(one, 0);
	EXPECT_EQ(luo_create_on(dev, "two"), -ENOSPC);
	close(one);
	two = luo_create_on(dev, "two");
	EXPECT_GE(two, 0);
	EXPECT_EQ(guest_write(SYSCTL "liveupdate_max_sessions", "1048577"), -EINVAL);
	EXPECT_EQ(guest_write(SYSCTL "liveupdate_max_sessions", "16384"), 0);
	close(two);
	close(dev);
}

/* Of all sessions together. */
TEST_F(memory, files_are_limited)
{
	int one = luo_create("one"), two = luo_create("two");
	int a = data_memfd("a", 0, SEED, PAGE), b = data_memfd("b", 0, SEED, PAGE);

	ASSERT_EQ(guest_write(SYSCTL "liveupdate_max_files", "1"), 0);
	EXPECT_EQ(luo_preserve(one, a, 1), 0);
	EXPECT_EQ(luo_preserve(two, b, 1), -ENOSPC);
	EXPECT_EQ(luo_unpreserve(one, 1), 0);
	EXPECT_EQ(luo_preserve(two, b, 1), 0);
	EXPECT_EQ(guest_write(SYSCTL "liveupdate_max_files", "1048576"), 0);
	close(a);
	close(b);
	close(one);
	close(two);
}

#define SCRATCH	"/sys/kernel/debug/kho/out/scratch_"

struct scratch {
	char starts[512];
	char lens[512];
};

static bool scratch_read(struct scratch *scratch)
{
	return guest_read(SCRATCH "phys", scratch->starts, sizeof(scratch->starts)) >= 0 &&
	       guest_read(SCRATCH "len", scratch->lens, sizeof(scratch->lens)) >= 0;
}

static bool in_scratch(const struct scratch *scratch, uint64_t phys)
{
	const char *start = scratch->starts, *len = scratch->lens;
	char *start_end, *len_end;

	for (;; start = start_end, len = len_end) {
		uint64_t from = strtoull(start, &start_end, 0);
		uint64_t size = strtoull(len, &len_end, 0);

		if (start_end == start)
			return false;
		if (phys >= from && phys - from < size)
			return true;
	}
}

#define ROOM	(1400 * MiB)	/* in a debug guest, scratch is used when 900 MiB are */
#define SPARE	(64 * MiB)

static bool memory_left(void)
{
	struct sysinfo info;

	return !sysinfo(&info) && (uint64_t)info.freeram * info.mem_unit > SPARE;
}

/* Write to a file until a page of it lies in scratch: its offset, or -1. */
static off_t grow_into_scratch(const struct scratch *scratch, int fd)
{
	static char step[MiB / 2];
	off_t off;

	for (off = 0; off < (off_t)ROOM && memory_left(); off += sizeof(step)) {
		if (pwrite(fd, step, sizeof(step), off) != sizeof(step))
			return -1;
		if (in_scratch(scratch, data_phys(fd, off)))
			return off;
	}
	return -1;
}

/* It has to move, which it cannot while somebody has a reference. */
TEST_F(memory, held_where_nothing_may_stay)
{
	int session = luo_create("held"), pipes[2];
	int fd = data_memfd_sparse("held", 0, ROOM);
	struct scratch scratch;
	off_t at, from;

	ASSERT_TRUE(scratch_read(&scratch));
	at = grow_into_scratch(&scratch, fd);
	if (at < 0)
		SKIP(goto out, "no page in scratch");
	from = at;
	ASSERT_EQ(pipe(pipes), 0);
	ASSERT_EQ(splice(fd, &from, pipes[1], NULL, PAGE, 0), PAGE);
	EXPECT_EQ(luo_preserve(session, fd, 1), -EBUSY);
	EXPECT_TRUE(in_scratch(&scratch, data_phys(fd, at)));
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_EQ(luo_preserve(session, fd, 1), 0);
	EXPECT_FALSE(in_scratch(&scratch, data_phys(fd, at)));
out:
	close(fd);
	close(session);
}

static bool same_place(int fd, const uint64_t *phys)
{
	unsigned long i;

	for (i = 0; i < HUGE / PAGE; i++)
		if (data_phys(fd, i * PAGE) != phys[i])
			return false;
	return true;
}

static void *map_aligned(int fd)
{
	char *room = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	room += HUGE - (unsigned long)room % HUGE;
	return mmap(room, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
}

/* Collapsing copies all pages to other ones. It works as soon as they may go. */
TEST_F(memory, preserved_pages_stay)
{
	static uint64_t phys[HUGE / PAGE];
	int session = luo_create("stay"), fd = data_memfd("stay", 0, SEED, HUGE);
	void *map = map_aligned(fd);
	unsigned long i;

	ASSERT_NE(map, MAP_FAILED);
	ASSERT_EQ(luo_preserve(session, fd, 1), 0);
	for (i = 0; i < HUGE / PAGE; i++)
		phys[i] = data_phys(fd, i * PAGE);
	EXPECT_NE(madvise(map, HUGE, MADV_COLLAPSE), 0);
	madvise(map, HUGE, MADV_PAGEOUT);
	guest_write("/proc/sys/vm/compact_memory", "1");
	EXPECT_TRUE(same_place(fd, phys));
	EXPECT_EQ(luo_unpreserve(session, 1), 0);
	if (madvise(map, HUGE, MADV_COLLAPSE))
		SKIP(goto out, "nothing is collapsed in this kernel");
	EXPECT_FALSE(same_place(fd, phys));
	EXPECT_EQ(data_check(fd, SEED, 0, HUGE), 0);
out:
	munmap(map, HUGE);
	close(fd);
	close(session);
}

TEST_HARNESS_MAIN
