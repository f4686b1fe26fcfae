// SPDX-License-Identifier: GPL-2.0
/* Many sessions, many files, and many who use them at once. */
#include "uapi.h"

#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <time.h>

#define SESSIONS	2000
#define FILES		5000

FIXTURE(scale) {
	int dev;
	struct counters before;
};

FIXTURE_SETUP(scale)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(scale)
{
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/*
 * What the last hundred steps took, beside an early hundred: for the log alone, as a
 * busy host makes either of them slow.
 */
#define WINDOW	100

TEST_F_TIMEOUT(scale, many_sessions, 300)
{
	static int sessions[SESSIONS];
	long long start = now_ns(), early = 0, late = 0;
	char name[64];
	int i, fd;

	for (i = 0; i < SESSIONS; i++) {
		if (i == WINDOW || i == SESSIONS - WINDOW)
			start = now_ns();
		snprintf(name, sizeof(name), "session-%d", i);
		sessions[i] = luo_create_on(self->dev, name);
		ASSERT_GE(sessions[i], 0);
		if (i == 2 * WINDOW - 1)
			early = now_ns() - start;
	}
	late = now_ns() - start;
	TH_LOG("100 sessions: early %lld ns, late %lld ns", early, late);
	for (i = 0; i < SESSIONS; i += 97) {
		snprintf(name, sizeof(name), "session-%d", i);
		EXPECT_EQ(luo_create_on(self->dev, name), -EEXIST);
		fd = data_memfd("file", 0, i, PAGE);
		EXPECT_EQ(luo_preserve(sessions[i], fd, i), 0);
		close(fd);
	}
	for (i = 0; i < SESSIONS; i++)
		close(sessions[i]);
}

TEST_F_TIMEOUT(scale, many_files, 600)
{
	long long start = now_ns(), early = 0, late = 0;
	int i, fd, session;

	session = luo_create_on(self->dev, "files");
	ASSERT_GE(session, 0);
	for (i = 0; i < FILES; i++) {
		if (i == WINDOW || i == FILES - WINDOW)
			start = now_ns();
		fd = data_memfd("file", 0, i, i % 3 ? PAGE : 0);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(luo_preserve(session, fd, i * 1000003ULL), 0);
		close(fd);
		if (i == 2 * WINDOW - 1)
			early = now_ns() - start;
	}
	late = now_ns() - start;
	TH_LOG("100 files: early %lld ns, late %lld ns", early, late);
	for (i = 0; i < FILES; i += 71)
		EXPECT_EQ(luo_preserve(session, -1, i * 1000003ULL), -EEXIST);
	close(session);
}

/* Preserve and fail to preserve, with tokens that the others use as well. */
static int hammer(void *arg)
{
	int session = *(int *)arg, round, fd, ret, done = 0;

	for (round = 0; round < 400; round++) {
		fd = data_memfd("hammer", 0, round, (round % 5) * PAGE);
		ret = luo_preserve(session, fd, round);
		if (ret && ret != -EEXIST)
			return 1;
		done += !ret;
		if (!ret && luo_preserve(session, fd, 100000 + round) != -EBUSY)
			return 2;
		close(fd);
	}
	return done ? 0 : 3;
}

TEST_F_TIMEOUT(scale, two_processes_one_session, 300)
{
	int session, status, i, bad = 0;
	pid_t pid[2];

	session = luo_create_on(self->dev, "hammered");
	ASSERT_GE(session, 0);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(hammer(&session));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(waitpid(pid[i], &status, 0), pid[i]);
		/* 3: the other one was always first, which is no fault. */
		if (status && WEXITSTATUS(status) != 3)
			bad++;
	}
	EXPECT_EQ(bad, 0);
	for (i = 0; i < 400; i++)
		EXPECT_EQ(luo_preserve(session, -1, i), -EEXIST);
	close(session);
}

static bool stop;
static unsigned int preserved;

static void *make_and_drop(void *arg)
{
	int dev = *(int *)arg, fd, session;
	char name[64];
	unsigned int n = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		snprintf(name, sizeof(name), "churn-%d", n++ % 3);
		session = luo_create_on(dev, name);
		if (session < 0)
			continue;
		fd = data_memfd("churn", 0, n, 3 * PAGE);
		if (!luo_preserve(session, fd, n))
			__atomic_fetch_add(&preserved, 1, __ATOMIC_RELAXED);
		close(n % 2 ? fd : session);
		close(n % 2 ? session : fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(scale, threads_churn, 120)
{
	pthread_t threads[4];
	unsigned int i;

	stop = false;
	for (i = 0; i < 4; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, make_and_drop,
					 &self->dev), 0);
	sleep(3);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	TH_LOG("%u files preserved", preserved);
	EXPECT_GT(preserved, 0);
}

TEST_HARNESS_MAIN
