// SPDX-License-Identifier: GPL-2.0
/* What is listed of sessions that came over a kexec, by an observer. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define LISTED_TOKEN	0x11ULL
#define OTHER_TOKEN	0x22ULL

static void listed_save(void)
{
	int session = require_fd(luo_create("listed"));
	int fd = require_fd(data_memfd("listed", 0, 1, 8 * PAGE));

	check_ret(luo_preserve(session, fd, LISTED_TOKEN), 0);
	fd = require_fd(data_memfd("listed", 0, 2, 2 * PAGE));
	check_ret(luo_preserve(session, fd, OTHER_TOKEN), 0);
}

static bool changed(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) == 1 && pfd.revents == POLLPRI;
}

static void expect_session(int dev, uint32_t state, uint32_t flags, uint64_t nr)
{
	struct liveupdate_ioctl_list_session arg;

	check_ret(luo_find_session(dev, LIVEUPDATE_INCOMING, "listed", &arg), 0);
	check(arg.state == state, "state %u, not %u", arg.state, state);
	check(arg.flags == flags, "flags %#x, not %#x", arg.flags, flags);
	check(arg.nr_files == nr, "%llu files", (unsigned long long)arg.nr_files);
	check(arg.generation == 1, "update %llu",
	      (unsigned long long)arg.generation);
}

static void expect_file(int dev, uint64_t token, uint32_t state, uint64_t memory)
{
	struct liveupdate_ioctl_list_session session;
	struct liveupdate_list_file arg;

	luo_find_session(dev, LIVEUPDATE_INCOMING, "listed", &session);
	check_ret(luo_list_file(dev, LIVEUPDATE_INCOMING, session.id, token, &arg), 0);
	check(arg.token == token, "token %#llx", (unsigned long long)arg.token);
	check(arg.state == state, "state %u, not %u", arg.state, state);
	check(arg.memory == memory, "%llu bytes", (unsigned long long)arg.memory);
	check(!arg.error, "error %d", arg.error);
}

static void listed_load(void)
{
	int dev = require_fd(luo_observe()), session, fd;

	expect_session(dev, LIVEUPDATE_SESSION_WAITING, 0, 2);
	expect_file(dev, LISTED_TOKEN, LIVEUPDATE_FILE_WAITING, 8 * PAGE);
	expect_file(dev, OTHER_TOKEN, LIVEUPDATE_FILE_WAITING, 2 * PAGE);
	check(!changed(dev), "nothing has changed");

	session = require_fd(luo_retrieve("listed"));
	check(changed(dev), "retrieved");
	check(!changed(session), "the session is as it was taken");
	expect_session(dev, LIVEUPDATE_SESSION_OPEN, 0, 2);
	fd = require_fd(luo_get(session, LISTED_TOKEN));
	check(changed(session), "a file of the session");
	expect_file(dev, LISTED_TOKEN, LIVEUPDATE_FILE_RETRIEVED, 8 * PAGE);
	expect_file(dev, OTHER_TOKEN, LIVEUPDATE_FILE_WAITING, 2 * PAGE);

	check_ret(luo_finish(session), 0);
	expect_session(dev, LIVEUPDATE_SESSION_OPEN, LIVEUPDATE_SESSION_FINISHED, 0);
	close(session);
	check(changed(dev), "gone");
	close(fd);
	close(dev);
}

STORY(listed, .stages = 2, .stage = { listed_save, listed_load });
