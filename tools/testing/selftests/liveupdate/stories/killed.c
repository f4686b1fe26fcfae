// SPDX-License-Identifier: GPL-2.0
/*
 * An agent is killed between any two of its system calls: before the first one,
 * then before its return, before the second one, and so on, until it comes to its
 * end. Whatever it had done, nothing is lost and nothing is left behind: F3, F12.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

/* The whole of it in the new one. */
static void new_agent(void)
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
