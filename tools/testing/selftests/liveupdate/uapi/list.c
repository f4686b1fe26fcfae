// SPDX-License-Identifier: GPL-2.0
/* What there is and whether it has changed: list, poll, observers. */
#include "uapi.h"

#include <poll.h>
#include <pthread.h>

FIXTURE(list) {
	int dev, observer;
	struct counters before;
};

FIXTURE_SETUP(list)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->observer = luo_observe();
	ASSERT_GE(self->observer, 0);
}

FIXTURE_TEARDOWN(list)
{
	close(self->observer);
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

static short changed(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) ? pfd.revents : 0;
}

/* Begin to list, so that what changes from here on is news. */
static void look(int fd)
{
	struct liveupdate_ioctl_list_session arg;

	luo_list_session(fd, LIVEUPDATE_OUTGOING, 0, &arg);
}

TEST_F(list, observers_only_list)
{
	struct liveupdate_ioctl_list_session arg;
	int other = luo_observe();

	ASSERT_GE(other, 0);
	EXPECT_EQ(luo_create_on(other, "observer"), -EBADF);
	EXPECT_EQ(luo_retrieve_on(other, "observer"), -EBADF);
	EXPECT_EQ(raw_ioctl(other, LIVEUPDATE_IOCTL_DISCARD_SESSION, NULL), -EBADF);
	EXPECT_EQ(raw_ioctl(other, _IO(0xBA, 0x3f), NULL), -ENOTTY);
	EXPECT_EQ(luo_list_session(other, LIVEUPDATE_OUTGOING, 0, &arg), -ENOENT);
	close(other);
	/* They are in nobody's way, and nobody is in theirs. */
	EXPECT_EQ(luo_open(), -EBUSY);
	close(self->dev);
	self->dev = luo_open();
	ASSERT_GE(self->dev, 0);
}

static int observe_without_admin(void *arg)
{
	if (drop_cap(CAP_SYS_ADMIN))
		return 100;
	return -luo_observe();
}

TEST_F(list, observers_need_admin)
{
	EXPECT_EQ(in_child(observe_without_admin, NULL), EPERM);
}

TEST_F(list, sessions_in_order)
{
	struct liveupdate_ioctl_list_session arg;
	int fds[3], i;
	char name[8];

	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "s%d", 2 - i);
		fds[i] = luo_create_on(self->dev, name);
		ASSERT_GE(fds[i], 0);
	}
	arg.id = 0;
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "s%d", 2 - i);
		ASSERT_EQ(luo_list_session(self->observer, LIVEUPDATE_OUTGOING,
					   i ? arg.id + 1 : 0, &arg), 0);
		EXPECT_STREQ((char *)arg.name, name);
		EXPECT_EQ(arg.state, LIVEUPDATE_SESSION_OPEN);
		EXPECT_EQ(arg.nr_files, 0);
		EXPECT_EQ(arg.flags, 0);
		EXPECT_EQ(arg.generation, 1);
		if (i == 1)
			close(fds[1]);	/* under the hands of the reader */
	}
	EXPECT_EQ(luo_list_session(self->observer, LIVEUPDATE_OUTGOING,
				   arg.id + 1, &arg), -ENOENT);
	EXPECT_EQ(luo_find_session(self->dev, LIVEUPDATE_OUTGOING, "s1", &arg),
		  -ENOENT);
	EXPECT_EQ(luo_find_session(self->dev, LIVEUPDATE_OUTGOING, "s0", &arg), 0);
	EXPECT_EQ(luo_list_session(self->dev, LIVEUPDATE_INCOMING, 0, &arg),
		  -ENOENT);
	EXPECT_EQ(luo_list_session(self->dev, 2, 0, &arg), -EINVAL);
	close(fds[0]);
	close(fds[2]);
}

TEST_F(list, an_id_is_not_used_again)
{
	struct liveupdate_ioctl_list_session arg;
	uint64_t id;
	int fd;

	fd = luo_create_on(self->dev, "again");
	ASSERT_EQ(luo_find_session(self->dev, 0, "again", &arg), 0);
	id = arg.id;
	close(fd);
	fd = luo_create_on(self->dev, "again");
	ASSERT_EQ(luo_find_session(self->dev, 0, "again", &arg), 0);
	EXPECT_GT(arg.id, id);
	close(fd);
}

static const uint64_t tokens[] = { 0, 7, 1ULL << 63, ~0ULL };

TEST_F(list, files_by_token)
{
	int session = luo_create_on(self->dev, "files"), i, fd;
	struct liveupdate_ioctl_list_session s;
	struct liveupdate_list_file arg, own;
	uint64_t next = 0;

	ASSERT_GE(session, 0);
	for (i = ARRAY_SIZE(tokens) - 1; i >= 0; i--) {
		fd = data_memfd("file", 0, i, (i + 1) * PAGE);
		ASSERT_EQ(luo_preserve(session, fd, tokens[i]), 0);
		close(fd);
	}
	ASSERT_EQ(luo_find_session(self->observer, 0, "files", &s), 0);
	EXPECT_EQ(s.nr_files, ARRAY_SIZE(tokens));
	for (i = 0; i < (int)ARRAY_SIZE(tokens); i++, next = arg.token + 1) {
		ASSERT_EQ(luo_list_file(self->observer, 0, s.id, next, &arg), 0);
		EXPECT_EQ(arg.token, tokens[i]);
		EXPECT_EQ(arg.memory, (i + 1) * PAGE);
		EXPECT_EQ(arg.state, LIVEUPDATE_FILE_PRESERVED);
		EXPECT_EQ(arg.error, 0);
		EXPECT_EQ(arg.direction, LIVEUPDATE_OUTGOING);
		EXPECT_EQ(strncmp((char *)arg.handler, "memfd-v", 7), 0);
		ASSERT_EQ(luo_list_own_file(session, next, &own), 0);
		EXPECT_EQ(memcmp(&own, &arg, sizeof(arg)), 0);
	}
	EXPECT_EQ(next, 0);	/* the last token is the largest there is */
	EXPECT_EQ(luo_unpreserve(session, ~0ULL), 0);
	EXPECT_EQ(luo_list_file(self->observer, 0, s.id, (1ULL << 63) + 1, &arg),
		  -ENOENT);
	EXPECT_EQ(luo_list_file(self->observer, 0, s.id - 1, 0, &arg), -ENOENT);
	EXPECT_EQ(luo_list_file(self->observer, 0, s.id + 1, 0, &arg), -ENOENT);
	EXPECT_EQ(luo_list_file(self->observer, 1, s.id, 0, &arg), -ENOENT);
	EXPECT_EQ(luo_list_file(self->observer, 2, s.id, 0, &arg), -EINVAL);
	own = (struct liveupdate_list_file){ .size = sizeof(own), .session = s.id };
	EXPECT_EQ(raw_ioctl(session, LIVEUPDATE_SESSION_LIST_FILE, &own), -EINVAL);
	own = (struct liveupdate_list_file){ .size = sizeof(own), .direction = 1 };
	EXPECT_EQ(raw_ioctl(session, LIVEUPDATE_SESSION_LIST_FILE, &own), -EINVAL);
	close(session);
	EXPECT_EQ(luo_list_file(self->observer, 0, s.id, 0, &arg), -ENOENT);
}

/* A hole that is filled later is memory, too. */
TEST_F(list, memory_follows)
{
	int session = luo_create_on(self->dev, "holes"), fd;
	struct liveupdate_list_file arg;

	fd = data_memfd_sparse("holes", 0, 16 * PAGE);
	ASSERT_EQ(luo_preserve(session, fd, 1), 0);
	ASSERT_EQ(luo_list_own_file(session, 0, &arg), 0);
	EXPECT_EQ(arg.memory, 0);
	ASSERT_EQ(data_write(fd, 3, 2 * PAGE, 3 * PAGE), 0);
	ASSERT_EQ(luo_list_own_file(session, 0, &arg), 0);
	EXPECT_EQ(arg.memory, 3 * PAGE);
	close(fd);
	close(session);
}

FIXTURE(list_sizes) {
	int dev, session;
};

FIXTURE_VARIANT(list_sizes) {
	unsigned long cmd;
	uint32_t size;		/* of the first version of the struct */
	bool on_session;
	int good;		/* what an argument of zeroes gives */
};

FIXTURE_VARIANT_ADD(list_sizes, sessions) {
	LIVEUPDATE_IOCTL_LIST_SESSION, 104, false, 0
};

FIXTURE_VARIANT_ADD(list_sizes, files) {
	LIVEUPDATE_IOCTL_LIST_FILE, 88, false, -ENOENT
};

FIXTURE_VARIANT_ADD(list_sizes, own_files) {
	LIVEUPDATE_SESSION_LIST_FILE, 88, true, -ENOENT
};

FIXTURE_SETUP(list_sizes)
{
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "sizes");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(list_sizes)
{
	close(self->session);
	close(self->dev);
}

static int sized(int fd, unsigned long cmd, uint32_t size, char *mem, size_t tail)
{
	memset(mem, 0, tail);
	*(uint32_t *)mem = size;
	return raw_ioctl(fd, cmd, mem);
}

TEST_F(list_sizes, sizes)
{
	int fd = variant->on_session ? self->session : self->dev;
	char mem[256] = { 0 }, *edge;
	uint32_t size;

	for (size = 0; size < variant->size; size++)
		EXPECT_EQ(sized(fd, variant->cmd, size, mem, 200), -EINVAL);
	for (; size < 200; size++)
		EXPECT_EQ(sized(fd, variant->cmd, size, mem, 200), variant->good);
	mem[variant->size] = 1;
	EXPECT_EQ(sized(fd, variant->cmd, variant->size, mem, variant->size),
		  variant->good);
	EXPECT_EQ(mem[variant->size], 1);
	EXPECT_EQ(sized(fd, variant->cmd, variant->size + 1, mem, variant->size),
		  -E2BIG);
	EXPECT_EQ(raw_ioctl(fd, variant->cmd, NULL), -EFAULT);
	edge = edge_of_memory(variant->size - 1);
	*(uint32_t *)edge = variant->size;
	EXPECT_EQ(raw_ioctl(fd, variant->cmd, edge), -EFAULT);
}

TEST_F(list, poll_device)
{
	int session, fd;

	look(self->dev);
	look(self->observer);
	EXPECT_EQ(changed(self->dev), 0);
	EXPECT_EQ(changed(self->observer), 0);
	session = luo_create_on(self->dev, "poll");
	EXPECT_EQ(changed(self->dev), POLLPRI);
	EXPECT_EQ(changed(self->observer), POLLPRI);
	look(self->observer);
	EXPECT_EQ(changed(self->observer), 0);
	EXPECT_EQ(changed(self->dev), POLLPRI);	/* each has eyes of its own */
	fd = data_memfd("poll", 0, 1, PAGE);
	ASSERT_EQ(luo_preserve(session, fd, 1), 0);
	EXPECT_EQ(changed(self->observer), POLLPRI);
	look(self->observer);
	EXPECT_EQ(luo_preserve(session, fd, 1), -EEXIST);
	EXPECT_EQ(changed(self->observer), 0);
	close(session);
	EXPECT_EQ(changed(self->observer), POLLPRI);
	close(fd);
}

TEST_F(list, poll_session)
{
	struct liveupdate_list_file arg;
	int a, b, fd = data_memfd("poll", 0, 1, PAGE);

	a = luo_create_on(self->dev, "a");
	b = luo_create_on(self->dev, "b");
	luo_list_own_file(a, 0, &arg);
	luo_list_own_file(b, 0, &arg);
	ASSERT_EQ(luo_preserve(a, fd, 1), 0);
	EXPECT_EQ(changed(a), POLLPRI);
	EXPECT_EQ(changed(b), 0);
	luo_list_own_file(a, 1, &arg);
	EXPECT_EQ(changed(a), POLLPRI);	/* that was not the beginning */
	luo_list_own_file(a, 0, &arg);
	EXPECT_EQ(changed(a), 0);
	ASSERT_EQ(luo_unpreserve(a, 1), 0);
	EXPECT_EQ(changed(a), POLLPRI);
	close(a);
	close(b);
	close(fd);
}

static void *wait_for_change(void *arg)
{
	struct pollfd pfd = { .fd = *(int *)arg, .events = POLLPRI };

	return (void *)(long)(poll(&pfd, 1, 60000) == 1 && pfd.revents == POLLPRI);
}

/* Who sleeps in poll(2) is woken up. */
TEST_F(list, poll_wakes_up)
{
	pthread_t thread;
	void *woken;
	int session;

	look(self->observer);
	ASSERT_EQ(pthread_create(&thread, NULL, wait_for_change,
				 &self->observer), 0);
	usleep(100000);
	session = luo_create_on(self->dev, "wake");
	pthread_join(thread, &woken);
	EXPECT_EQ((long)woken, 1);
	close(session);
}

static volatile int churn_stop;

static void *churn(void *arg)
{
	int dev = *(int *)arg, session, fd;

	fd = data_memfd("churn", 0, 1, 4 * PAGE);
	while (!churn_stop) {
		session = luo_create_on(dev, "churn");
		luo_preserve(session, fd, 5);
		close(session);
	}
	close(fd);
	return NULL;
}

/* Sessions and files go while they are looked at. */
TEST_F(list, under_churn)
{
	struct liveupdate_ioctl_list_session s;
	struct liveupdate_list_file arg;
	int i, keep, ret, seen = 0;
	pthread_t thread;

	keep = luo_create_on(self->dev, "keep");
	ASSERT_EQ(pthread_create(&thread, NULL, churn, &self->dev), 0);
	for (i = 0; i < 3000; i++) {
		EXPECT_EQ(luo_find_session(self->observer, 0, "keep", &s), 0);
		if (luo_find_session(self->observer, 0, "churn", &s))
			continue;
		ret = luo_list_file(self->observer, 0, s.id, 0, &arg);
		EXPECT_TRUE(!ret || ret == -ENOENT);
		seen += !ret;
		if (!ret)
			EXPECT_EQ(arg.token, 5);
	}
	churn_stop = 1;
	pthread_join(thread, NULL);
	TH_LOG("saw the file %d times", seen);
	EXPECT_GT(seen, 0);
	close(keep);
}

TEST_HARNESS_MAIN
