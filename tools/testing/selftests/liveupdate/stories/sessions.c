// SPDX-License-Identifier: GPL-2.0
/* Sessions over a kexec: many, empty, taken in any order, taken twice. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "../lib/story.h"

static void empty_save(void)
{
	require_fd(luo_create("empty"));
}

static void empty_load(void)
{
	int session = require_fd(luo_retrieve("empty"));

	check_ret(luo_get(session, 0), -ENOENT);
	check_ret(luo_finish(session), 0);
	check_ret(luo_finish(session), 0, "twice");
	close(session);
	check_ret(luo_retrieve("empty"), -ENOENT);
}

STORY(empty, .stages = 2, .stage = { empty_save, empty_load });

#define MANY_SESSIONS	50
#define MANY_FILES	20

static uint64_t many_seed(int s, int f)
{
	return s * 1000 + f;
}

static void many_save(void)
{
	int s, f, session, fd, dev = require_fd(luo_open());
	char name[64];

	for (s = 0; s < MANY_SESSIONS; s++) {
		snprintf(name, sizeof(name), "many-%d", s);
		session = require_fd(luo_create_on(dev, name));
		for (f = 0; f < MANY_FILES; f++) {
			snprintf(name, sizeof(name), "file-%d-%d", s, f);
			fd = require_fd(data_memfd(name, 0, many_seed(s, f),
						   f % 4 * PAGE));
			require(!luo_preserve(session, fd, ~0ULL - f));
			close(fd);
		}
	}
	close(dev);
}

static void many_load_one(int dev, int s)
{
	char name[64], link[128], want[128];
	int f, fd, session;

	snprintf(name, sizeof(name), "many-%d", s);
	session = require_fd(luo_retrieve_on(dev, name));
	snprintf(want, sizeof(want), "anon_inode:[luo_session] %s", name);
	file_link(session, link, sizeof(link));
	check(!strcmp(link, want), "link '%s'", link);
	for (f = MANY_FILES - 1; f >= 0; f--) {
		fd = require_fd(luo_get(session, ~0ULL - f));
		check_ret(data_check(fd, many_seed(s, f), 0, f % 4 * PAGE), 0);
		snprintf(want, sizeof(want), "/memfd:file-%d-%d (deleted)", s, f);
		file_link(fd, link, sizeof(link));
		check(!strcmp(link, want), "link '%s', not '%s'", link, want);
		close(fd);
	}
	check_ret(luo_finish(session), 0);
	close(session);
}

/* Every third, then the others: not the order in which they were made. */
static void many_load(void)
{
	int s, first, dev = require_fd(luo_open());

	for (first = 2; first >= 0; first--)
		for (s = first; s < MANY_SESSIONS; s += 3)
			many_load_one(dev, s);
	close(dev);
}

STORY(many, .stages = 2, .stage = { many_save, many_load });

#define ORDER_FILES	6

static void order_save(void)
{
	int i, fd, session = require_fd(luo_create("order"));

	for (i = 0; i < ORDER_FILES; i++) {
		fd = require_fd(data_memfd("order", 0, i, 16 * PAGE));
		check_ret(luo_preserve(session, fd, i), 0);
	}
}

static void order_load(void)
{
	static const int order[ORDER_FILES] = { 3, 5, 0, 4, 2, 1 };
	int i, fd, session = require_fd(luo_retrieve("order"));

	for (i = 0; i < ORDER_FILES; i++) {
		fd = require_fd(luo_get(session, order[i]));
		check_ret(data_check(fd, order[i], 0, 16 * PAGE), 0);
		check(fcntl(fd, F_GETFD) == FD_CLOEXEC, "close-on-exec");
	}
	check_ret(luo_get(session, ORDER_FILES), -ENOENT);
	check_ret(luo_finish(session), 0);
}

STORY(order, .stages = 2, .stage = { order_save, order_load });

static void twice_save(void)
{
	int session = require_fd(luo_create("twice"));
	int fd = require_fd(data_memfd("twice", 0, 5, 4 * PAGE));

	check_ret(luo_preserve(session, fd, 5), 0);
}

/* A second RETRIEVE_FD is a new descriptor of the same open file. */
static void twice_load(void)
{
	int dev = require_fd(luo_open()), session, a, b;

	session = require_fd(luo_retrieve_on(dev, "twice"));
	check_ret(luo_retrieve_on(dev, "twice"), -EINVAL, "still open");
	a = require_fd(luo_get(session, 5));
	b = require_fd(luo_get(session, 5));
	check(a != b);
	check(lseek(a, 777, SEEK_SET) == 777);
	check(lseek(b, 0, SEEK_CUR) == 777, "one position");
	close(a);
	check_ret(data_check(b, 5, 0, 4 * PAGE), 0);
	check_ret(luo_finish(session), 0);
	check_ret(luo_get(session, 5), -ENOENT, "finished");
	check_ret(data_check(b, 5, 0, 4 * PAGE), 0);
	close(session);
	check_ret(luo_retrieve_on(dev, "twice"), -ENOENT);
	close(dev);
}

STORY(twice, .stages = 2, .stage = { twice_save, twice_load });

static void refused_save(void)
{
	int session = require_fd(luo_create("dropped"));
	int fd = require_fd(data_memfd("dropped", 0, 5, 4 * MiB));

	check_ret(luo_preserve(session, fd, 1), 0);
}

/* FINISH drops what nobody retrieved; calls on the wrong kind of session. */
static void refused_load(void)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg), .reserved = 1 };
	int session = require_fd(luo_retrieve("dropped")), fd, out;

	fd = require_fd(data_memfd("other", 0, 5, PAGE));
	check_ret(luo_preserve(session, fd, 9), -EINVAL);
	check(ioctl(session, LIVEUPDATE_SESSION_FINISH, &arg) && errno == EINVAL);
	/* Outgoing sessions may be made meanwhile, of the same name too. */
	out = require_fd(luo_create("dropped"));
	check_ret(luo_preserve(out, fd, 9), 0);
	close(out);
	check_ret(luo_finish(session), 0);
	check_ret(luo_get(session, 1), -ENOENT);
	check_ret(luo_preserve(session, fd, 9), -EINVAL);
}

STORY(dropped, .stages = 2, .stage = { refused_save, refused_load });
