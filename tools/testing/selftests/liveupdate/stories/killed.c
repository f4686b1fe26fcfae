// SPDX-License-Identifier: GPL-2.0
/*
 * An agent is killed between any two of its system calls: before the first one,
 * then before its return, before the second one, and so on, until it comes to its
 * end; and by another CPU at any time, in the middle of a call as well. Whatever
 * it had done, nothing is lost and nothing is left behind: F3, F12.
 *	luo.kills=N	how many times in each kernel, at random
 *	luo.seed=N	and when
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x4b11
#define NR_FILES	3
#define SIZE		(8 * PAGE)
#define SLACK_KB	(16 * 1024)
#define MOST		1000
#define KILLS		40
#define WHOLE_RUNS	5
#define MANY_LOOKS	2000000

/*
 * Run an agent up to its nth stop at the border of a system call. Gives its exit
 * status if it comes to its end before, or -1.
 */
static int killed_at(void (*agent)(void), int n)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		agent();
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	while (n--) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		require(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		require(WIFSTOPPED(status), "status %#x", status);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

/* The whole of an update in the old kernel, but the jump. */
static void old_agent(void)
{
	int dev = luo_open(), session, fd, i;
	struct liveupdate_list_file arg;

	session = luo_create_on(dev, "killed-old");
	for (i = 0; i < NR_FILES; i++) {
		fd = data_memfd("killed", 0, SEED + i, SIZE);
		if (luo_preserve(session, fd, i))
			_exit(1);
		close(fd);
	}
	if (luo_list_own_file(session, 0, &arg) || luo_unpreserve(session, 1))
		_exit(2);
	close(dev);
	if (guest_kexec_load(false, ""))
		_exit(3);
}

/* A name that can be had again: the last reference goes a little after exit. */
static int create_again(const char *name)
{
	int session, tries;

	for (tries = 0; tries < 200; tries++) {
		session = luo_create(name);
		if (session >= 0)
			break;
		usleep(10000);
	}
	return session;
}

static void make_files(const char *name)
{
	int session = require_fd(luo_create(name)), fd, i;

	for (i = 0; i < NR_FILES; i++) {
		fd = require_fd(data_memfd("killed", 0, SEED + 10 + i, SIZE));
		check_ret(luo_preserve(session, fd, i), 0);
		close(fd);
	}
}

static void old_kernel(void)
{
	struct counters before;
	int n, status;

	counters_get(&before);
	for (n = 0; n < MOST; n++) {
		status = killed_at(old_agent, n);
		close(require_fd(create_again("killed-old")));
		if (status >= 0)
			break;
	}
	check(!status, "the agent that nobody killed: %d", status);
	check_ret(guest_kexec_unload(), 0);
	counters_check(&before, SLACK_KB);
	story_log("killed at %d places", n);
	make_files("killed-new");
}

/* Whether the agent, who shares this, has come to its FINISH. */
static volatile bool *finishing;

/* All of it in the new one. Return: the session */
static int retrieve_all(void)
{
	int dev = luo_open(), session, fd, i;

	session = luo_retrieve_on(dev, "killed-new");
	close(dev);
	for (i = 0; i < NR_FILES; i++) {
		fd = luo_get(session, i);
		if (data_check(fd, SEED + 10 + i, 0, SIZE))
			_exit(1);
		close(fd);
	}
	return session;
}

static void new_agent(void)
{
	int session = retrieve_all();

	*finishing = true;
	if (luo_finish(session))
		_exit(2);
	close(session);
}

/* Either it waits, and can be had again, or it is finished and not there. */
static bool waits(void)
{
	struct liveupdate_ioctl_list_session arg;
	int dev, ret, tries;

	for (tries = 0; tries < 200; tries++) {
		dev = require_fd(luo_observe());
		ret = luo_find_session(dev, LIVEUPDATE_INCOMING, "killed-new", &arg);
		close(dev);
		if (ret || arg.state == LIVEUPDATE_SESSION_WAITING)
			break;
		usleep(10000);
	}
	check(ret == -ENOENT || (!ret && arg.state == LIVEUPDATE_SESSION_WAITING),
	      "%d, state %u", ret, arg.state);
	return !ret;
}

/* The device, too, is given back a little later. */
static void device_is_free(void)
{
	int dev, tries;

	for (tries = 0; tries < 200; tries++) {
		dev = luo_open();
		if (dev >= 0)
			break;
		usleep(10000);
	}
	close(require_fd(dev));
}

static void new_kernel(void)
{
	int n, status = -1;

	finishing = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (n = 0; n < MOST && waits(); n++) {
		*finishing = false;
		status = killed_at(new_agent, n);
		device_is_free();
		require(status <= 0, "at %d: status %d", n, status);
	}
	check(n && n < MOST, "%d", n);
	check(*finishing, "finished at %d by nobody", n);
	story_log("killed at %d places", n);
}

STORY(killed_anywhere, .stages = 2, .stage = { old_kernel, new_kernel });

/* How far an agent is, who shares this. */
static volatile enum { NOT_YET, BEGUN, DONE } *progress;

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/*
 * Kill an agent after so many looks at it, or when it has come to its end; no
 * clock of a small kernel is fine enough. Return: how many looks it were.
 */
static uint64_t killed_after(void (*agent)(void), uint64_t looks)
{
	uint64_t n = 0;
	pid_t pid;

	*progress = NOT_YET;
	pid = fork();
	if (!pid) {
		run_on(1);
		*progress = BEGUN;
		agent();
		*progress = DONE;
		for (;;)
			pause();
	}
	require(pid > 0);
	while (*progress == NOT_YET)
		;
	while (*progress != DONE && n < looks)
		n++;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return n;
}

/* How long it takes at best: the first ones find nothing in any cache. */
static uint64_t whole_run(void (*agent)(void), void (*after)(void))
{
	uint64_t best = UINT64_MAX, looks;
	int i;

	for (i = 0; i < WHOLE_RUNS; i++) {
		looks = killed_after(agent, UINT64_MAX);
		if (looks < best)
			best = looks;
		after();
	}
	return best;
}

/* More often early than late: most of the time goes by at the end. */
static void kill_at_random(void (*agent)(void), void (*after)(void), uint64_t most)
{
	unsigned long kills = guest_number("luo.kills", KILLS), n, middle = 0;
	unsigned long seed = guest_number("luo.seed", 1);
	uint64_t whole;
	double part;

	progress = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(progress != MAP_FAILED);
	run_on(0);
	srandom(seed * 2 + story_stage());
	whole = most ? most : whole_run(agent, after);
	for (n = 0; n < kills; n++) {
		part = (double)random() / RAND_MAX;
		killed_after(agent, part * part * whole);
		if (*progress != DONE)
			middle++;
		after();
	}
	munmap((void *)progress, PAGE);
	check(middle > kills / 8, "%lu of %lu came to their end", kills - middle, kills);
	story_log("luo.seed=%lu: killed %lu times, %lu before its end, within %lu looks",
		  seed, kills, middle, (unsigned long)whole);
}

static void old_is_gone(void)
{
	close(require_fd(create_again("killed-old")));
}

static void old_kernel_at_random(void)
{
	struct counters before;

	counters_get(&before);
	kill_at_random(old_agent, old_is_gone, 0);
	check_ret(guest_kexec_unload(), 0);
	counters_check(&before, SLACK_KB);
	make_files("killed-new");
}

/* Too short for one that ends: what it leaves in the session has it come again. */
static void retrieving_agent(void)
{
	int session, i;

	for (;;) {
		session = luo_retrieve("killed-new");
		for (i = 0; i < NR_FILES - 1; i++)
			close(luo_get(session, i));
		close(session);
	}
}

static void new_waits(void)
{
	check(waits());
	device_is_free();
}

static void new_kernel_at_random(void)
{
	kill_at_random(retrieving_agent, new_waits, MANY_LOOKS);
	check_ret(luo_finish(retrieve_all()), 0);
}

STORY(killed_at_random, .stages = 2,
      .stage = { old_kernel_at_random, new_kernel_at_random });
