// SPDX-License-Identifier: GPL-2.0
/* What can go wrong with the one who takes over: F10, F12. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/group.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x2002
#define SIZE	(2 * MiB)

static void three_files(const char *name)
{
	int i, fd, session = require_fd(luo_create(name));

	for (i = 1; i <= 3; i++) {
		fd = require_fd(data_memfd("taken", 0, SEED + i, SIZE));
		check_ret(luo_preserve(session, fd, i), 0);
		close(fd);
	}
}

static void killed_save(void)
{
	three_files("killed");
}

/* It takes two of the three files, changes one, and is killed. */
static void killed_agent(int ready)
{
	int session = luo_retrieve("killed"), fd;

	fd = luo_get(session, 1);
	if (fd < 0 || luo_get(session, 2) < 0)
		_exit(1);
	data_write(fd, SEED + 100, 0, PAGE);
	lseek(fd, 4711, SEEK_SET);
	if (write(ready, "x", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

static void kill_agent(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	require(!pipe(ready));
	pid = fork();
	if (!pid)
		killed_agent(ready[1]);
	close(ready[1]);
	require(read(ready[0], &byte, 1) == 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
}

/* The last reference goes in exit, which may be done a little later. */
static int retrieve_again(const char *name)
{
	int tries, session;

	for (tries = 0; tries < 200; tries++) {
		session = luo_retrieve(name);
		if (session != -EINVAL && session != -EBUSY)
			break;
		usleep(10000);
	}
	return session;
}

static void killed_load(void)
{
	int session, fd, i;

	kill_agent();
	session = require_fd(retrieve_again("killed"));
	fd = require_fd(luo_get(session, 1));
	check(lseek(fd, 0, SEEK_CUR) == 4711, "as its first owner left it");
	check_ret(data_check(fd, SEED + 100, 0, PAGE), 0);
	check_ret(data_check(fd, SEED + 1, PAGE, SIZE - PAGE), 0);
	for (i = 2; i <= 3; i++)
		check_ret(data_check(require_fd(luo_get(session, i)), SEED + i, 0,
				     SIZE), 0);
	check_ret(luo_finish(session), 0);
}

STORY(killed_agent, .stages = 2, .stage = { killed_save, killed_load });

static void closed_save(void)
{
	three_files("closed");
}

/* An explicit close finishes if all is retrieved, and gives back otherwise. */
static void closed_load(void)
{
	int session, fd, i;

	for (i = 1; i <= 3; i++) {
		session = require_fd(luo_retrieve("closed"));
		fd = require_fd(luo_get(session, i));
		check_ret(data_check(fd, SEED + i, 0, SIZE), 0);
		close(session);
		close(fd);
	}
	check_ret(luo_retrieve("closed"), -ENOENT, "the last close finished it");
}

STORY(closed, .stages = 2, .stage = { closed_save, closed_load });

static void undone_save(void)
{
	three_files("undone");
}

static void *readonly_page(uint32_t size)
{
	uint32_t *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mem[0] = size;
	return mem;
}

/* A reply that cannot be written, a full descriptor table: nothing is lost. */
static void undone_load(void)
{
	struct liveupdate_ioctl_retrieve_session *name = readonly_page(72);
	struct liveupdate_session_retrieve_fd *token = readonly_page(16);
	struct rlimit limit, few = { 0 };
	int dev, session, fd;

	dev = require_fd(luo_open());
	strcpy((char *)name->name, "undone");
	mprotect(name, PAGE, PROT_READ);
	check(ioctl(dev, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, name) && errno == EFAULT);
	session = require_fd(luo_retrieve_on(dev, "undone"));
	token->token = 1;
	mprotect(token, PAGE, PROT_READ);
	check(ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, token) &&
	      errno == EFAULT);
	getrlimit(RLIMIT_NOFILE, &limit);
	few.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	check_ret(luo_get(session, 1), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	fd = require_fd(luo_get(session, 1));
	check_ret(data_check(fd, SEED + 1, 0, SIZE), 0);
	check_ret(luo_finish(session), 0);
	close(dev);
}

STORY(undone, .stages = 2, .stage = { undone_save, undone_load });

static void memcg_save(void)
{
	int session = require_fd(luo_create("memcg"));
	int fd = require_fd(data_memfd("memcg", 0, SEED, 16 * MiB));

	check_ret(luo_preserve(session, fd, 1), 0);
}

/* In a group of 4 MiB it either fails or is killed for it. */
static void memcg_load(void)
{
	int session, fd;

	if (!group_make("4M")) {
		check_ret(luo_discard("memcg"), 0);
		story_skip("no memory controller");
	}
	session = require_fd(luo_retrieve("memcg"));
	group_retrieve(session, 1);
	story_log("the group keeps %ld kB", group_current() / 1024);
	fd = require_fd(luo_get(session, 1));
	check_ret(data_check(fd, SEED, 0, 16 * MiB), 0);
	check_ret(luo_finish(session), 0);
}

STORY(memcg, .stages = 2, .stage = { memcg_save, memcg_load });

static void charged_save(void)
{
	int session = require_fd(luo_create("charged"));
	int fd = require_fd(data_memfd("charged", 0, SEED, 16 * MiB));

	check_ret(luo_preserve(session, fd, 1), 0);
}

static void charged_attempt(void)
{
	int session, fd;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	guest_write("/sys/fs/cgroup/large/cgroup.procs", pid);
	session = luo_retrieve("charged");
	fd = luo_get(session, 1);
	if (fd < 0 || luo_finish(session))
		_exit(1);
	guest_read("/sys/fs/cgroup/large/memory.current", pid, sizeof(pid));
	_exit(atol(pid) >= (long)(16 * MiB) ? 0 : 2);
}

/* The one who retrieves pays. */
static void charged_load(void)
{
	int status;
	pid_t pid;

	guest_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir("/sys/fs/cgroup/large", 0755);
	if (guest_write("/sys/fs/cgroup/large/memory.max", "64M")) {
		check_ret(luo_discard("charged"), 0);
		story_skip("no memory controller");
	}
	pid = fork();
	if (!pid)
		charged_attempt();
	waitpid(pid, &status, 0);
	check(!status, "status %#x", status);
}

STORY(charged, .stages = 2, .stage = { charged_save, charged_load });
