// SPDX-License-Identifier: GPL-2.0
/*
 * Four processes call every ioctl in a random order with random arguments, at the
 * same time, with outgoing sessions and, in the second kernel, with incoming ones.
 * Each call ends with an errno that the interface knows, what the four leave is
 * what ends with them, and sessions that are none of their business come along.
 *
 *	luo.seed=N	which sequence; printed, and the same for the same seed
 *	luo.calls=N	calls of all processes in each kernel
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x5eed
#define CALLS		10000
#define NR_PROCESSES	4
#define NR_SESSIONS	6
#define NR_FILES	8
#define NR_FDS		(NR_SESSIONS + NR_FILES)
#define NR_NAMES	32
#define MAX_FD		64
#define SIZE		(4 * PAGE)
#define SLACK_KB	(16 * 1024)

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

#define PICK(array)	((array)[rnd(ARRAY_SIZE(array))])

static const char *name_of(unsigned int i)
{
	static char name[8];

	snprintf(name, sizeof(name), "r%u", i);
	return name;
}

static bool is_ours(const uint8_t *name)
{
	return name[0] == 'r' && name[1] >= '0' && name[1] <= '9';
}

/* What a process has: sessions, then files; at first shared with the others. */
static int fds[NR_FDS];
static int dev;
static char *page, *readonly, *edge;

static const struct command {
	unsigned long nr;
	uint32_t size;
	bool named, incoming;
	const char *what;
} commands[] = {
#define COMMAND(name, type, named, incoming)				\
	{ LIVEUPDATE_##name, sizeof(struct liveupdate_##type), named, incoming, #name }
	COMMAND(IOCTL_CREATE_SESSION, ioctl_create_session, true, false),
	COMMAND(IOCTL_RETRIEVE_SESSION, ioctl_retrieve_session, true, true),
	COMMAND(IOCTL_LIST_SESSION, ioctl_list_session, false, false),
	COMMAND(IOCTL_DISCARD_SESSION, ioctl_discard_session, true, true),
	COMMAND(IOCTL_LIST_FILE, list_file, false, false),
	COMMAND(SESSION_PRESERVE_FD, session_preserve_fd, false, false),
	COMMAND(SESSION_RETRIEVE_FD, session_retrieve_fd, false, true),
	COMMAND(SESSION_FINISH, session_finish, false, true),
	COMMAND(SESSION_GET_NAME, session_get_name, false, false),
	COMMAND(SESSION_UNPRESERVE_FD, session_unpreserve_fd, false, false),
	COMMAND(SESSION_LIST_FILE, list_file, false, false),
#undef COMMAND
};

/* How often each of them succeeded, for all processes together. */
static unsigned int *succeeded;

static const uint32_t sizes[] = { 0, 4, 7, 8, 16, 24, 72, 80, 88, 128, 4096, ~0U };
static const uint64_t odd[] = { 0, 1, 2, 3, 4, 7, ~0ULL, 1ULL << 63, 1ULL << 32 };

/* Everything that the four may get, but no other error. */
static bool known(int error)
{
	static const int errors[] = {
		ENOTTY, EFAULT, EINVAL, E2BIG, EBADF, EEXIST, ENOENT, EBUSY, EIO,
		ENOSPC, EBADMSG, EMFILE, ENOMEM, ENODEV, ESTALE, EPERM, EINTR,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i] == error)
			return true;
	return false;
}

static int *some_session(void)
{
	return &fds[rnd(NR_SESSIONS)];
}

static int *some_file(void)
{
	return &fds[NR_SESSIONS + rnd(NR_FILES)];
}

/* Now and then one of any kind, or of no kind. */
static int or_another(int fd)
{
	return rnd(8) ? fd : rnd(2) ? PICK(fds) : (int)rnd(MAX_FD) - 2;
}

static void some_name(char *name)
{
	memset(name, 0, LIVEUPDATE_SESSION_NAME_LENGTH);
	if (rnd(16))
		sprintf(name, "r%u", rnd(NR_NAMES));
	else if (rnd(2))
		memset(name, 'r', LIVEUPDATE_SESSION_NAME_LENGTH);
}

/* Each structure begins with its size; then words, or a name. */
static void fill(char *arg, const struct command *command)
{
	uint32_t head[2] = { command->size, rnd(8) ? 0 : rnd(3) };
	uint64_t *words = (uint64_t *)arg;
	unsigned int i;

	if (!rnd(16))
		head[0] = PICK(sizes);
	if (command->nr == LIVEUPDATE_SESSION_PRESERVE_FD)
		head[1] = or_another(*some_file());
	memset(arg, 0, PAGE);
	for (i = 1; i < command->size / sizeof(*words); i++)
		words[i] = rnd(8) ? rnd(6) : PICK(odd);
	if (command->named && rnd(16))
		some_name(arg + 8);
	memcpy(arg, head, sizeof(head));
}

static void *some_arg(const struct command *command)
{
	char *arg = page;

	fill(page, command);
	switch (rnd(32)) {
	case 0:
		return NULL;
	case 1:
		return readonly;
	case 2:
		arg = edge - 8 * rnd(12);
		memcpy(arg, page, edge - arg);
		return arg;
	case 3:
		memmove(page + 3, page, 256);
		return page + 3;
	}
	return page;
}

/* A new descriptor takes the place of an old one, which may be the last. */
static void keep(int *place, int fd)
{
	close(*place);
	*place = fd;
}

static void call_ioctl(void)
{
	const struct command *command = &PICK(commands);
	unsigned long nr = rnd(32) ? command->nr :
			   _IO(LIVEUPDATE_IOCTL_TYPE, rnd(256));
	int fd = or_another(nr & 0x40 ? *some_session() : dev), ret;
	char *arg = some_arg(command);

	ret = ioctl(fd, nr, arg);
	check(!ret || (ret == -1 && known(errno)), "%#lx: %d, errno %d", nr, ret,
	      errno);
	if (ret || nr != command->nr)
		return;
	__atomic_fetch_add(&succeeded[command - commands], 1, __ATOMIC_RELAXED);
	if (nr == LIVEUPDATE_IOCTL_CREATE_SESSION ||
	    nr == LIVEUPDATE_IOCTL_RETRIEVE_SESSION ||
	    nr == LIVEUPDATE_SESSION_RETRIEVE_FD) {
		memcpy(&fd, arg + 4, sizeof(fd));
		keep(nr == LIVEUPDATE_SESSION_RETRIEVE_FD ? some_file() :
		     some_session(), fd);
	}
}

static void call_file(void)
{
	struct pollfd poll_fd = { .fd = or_another(dev), .events = POLLPRI };

	switch (rnd(6)) {
	case 0:
		(void)!ftruncate(*some_file(), rnd(8) * PAGE);
		break;
	case 1:
		(void)!pwrite(*some_file(), page, 100, rnd(8) * PAGE);
		break;
	case 2:
		poll(&poll_fd, 1, 0);
		break;
	case 3:
		keep(some_session(), dup(*some_session()));
		break;
	default:
		keep(some_file(), data_memfd("random", 0, SEED, SIZE));
	}
}

/* A random descriptor must not hit a session of the parent. */
static void leave_others_alone(void)
{
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
	int fd;

	for (fd = 0; fd < MAX_FD; fd++)
		if (!luo_get_name(fd, name) && !is_ours((uint8_t *)name))
			close(fd);
}

static void process(unsigned int who, unsigned long calls, uint64_t seed)
{
	state = seed * NR_PROCESSES + who;
	leave_others_alone();
	if (who % 2)
		dev = luo_observe();
	while (calls--) {
		if (rnd(8))
			call_ioctl();
		else
			call_file();
	}
	_exit(story_failures() ? 1 : 0);
}

static void memory(void)
{
	page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	readonly = page + PAGE;
	edge = page + 3 * PAGE;
	succeeded = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	*(uint32_t *)readonly = 72;
	strcpy(readonly + 8, "r0");
	mprotect(readonly, PAGE, PROT_READ);
	munmap(edge, PAGE);
}

/* A sequence in which one never works tests little. */
static void check_successes(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		story_log("%s: %u", commands[i].what, succeeded[i]);
		check(succeeded[i] || (commands[i].incoming && !story_stage()),
		      "%s never succeeded", commands[i].what);
	}
}

static void campaign(void)
{
	unsigned long calls = guest_number("luo.calls", CALLS);
	unsigned long seed = guest_number("luo.seed", 1);
	pid_t pids[NR_PROCESSES];
	unsigned int i;
	int status;

	story_log("luo.seed=%lu: %lu calls", seed, calls);
	dev = require_fd(luo_open());
	for (i = 0; i < NR_FDS; i++)
		fds[i] = i < NR_SESSIONS ? luo_create_on(dev, name_of(i)) :
			 data_memfd("random", 0, SEED, SIZE);
	for (i = 0; i < NR_PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i])
			process(i, calls / NR_PROCESSES, seed * 2 + story_stage());
	}
	close(dev);
	for (i = 0; i < NR_FDS; i++)
		close(fds[i]);
	for (i = 0; i < NR_PROCESSES; i++)
		check(waitpid(pids[i], &status, 0) == pids[i] && !status,
		      "process %u: status %#x", i, status);
	check_successes();
}

static bool any_outgoing(int observer, struct liveupdate_ioctl_list_session *arg)
{
	uint64_t id;

	for (id = 0; !luo_list_session(observer, LIVEUPDATE_OUTGOING, id, arg);
	     id = arg->id + 1)
		if (is_ours(arg->name))
			return true;
	return false;
}

/* Nothing that the four had is there any more. */
static void nothing_outgoing(void)
{
	struct liveupdate_ioctl_list_session arg;
	int observer = require_fd(luo_observe()), tries;

	for (tries = 0; tries < 200 && any_outgoing(observer, &arg); tries++)
		usleep(10000);
	check(tries < 200, "session %s is left", arg.name);
	close(observer);
}

static void make_session(const char *name)
{
	int session = require_fd(luo_create(name)), i;

	for (i = 0; i < 6; i++)
		check_ret(luo_preserve(session,
				       require_fd(data_memfd(name, 0, SEED + i, SIZE)),
				       i), 0);
}

static void random_save(void)
{
	struct counters before;
	int i;

	memory();
	make_session("untouched");
	counters_get(&before);
	campaign();
	nothing_outgoing();
	counters_check(&before, SLACK_KB);
	for (i = 0; i < NR_NAMES; i++)
		make_session(name_of(i));
}

/* What the four have left of the incoming sessions can be finished. */
static void finish_all(void)
{
	struct liveupdate_ioctl_list_session arg;
	int observer = require_fd(luo_observe());
	uint64_t id;
	int ret, tries;

	for (id = 0; !luo_list_session(observer, LIVEUPDATE_INCOMING, id, &arg);
	     id = arg.id + 1) {
		if (!is_ours(arg.name))
			continue;
		for (tries = 0; tries < 200; tries++) {
			ret = luo_discard((char *)arg.name);
			if (ret != -EBUSY)
				break;
			usleep(10000);
		}
		check(!ret || ret == -ENOENT, "%s: %d", arg.name, ret);
	}
	close(observer);
}

static void random_load(void)
{
	int session, i;

	memory();
	campaign();
	nothing_outgoing();
	finish_all();
	session = require_fd(luo_retrieve("untouched"));
	for (i = 0; i < 6; i++)
		check_ret(data_check(require_fd(luo_get(session, i)), SEED + i, 0,
				     SIZE), 0);
	check_ret(luo_finish(session), 0);
}

STORY(random_calls, .stages = 2, .stage = { random_save, random_load });
