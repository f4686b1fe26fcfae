// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing is allocated inside reboot(2): every allocation fails there, and what
 * is preserved comes over all the same.
 */
#include <stdio.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x57a0
#define SESSIONS	24
#define FILES		24
#define NUMBER		FILES		/* token of a file of the test module */
#define SPARSE		(256 * MiB)
#define STEP		(32 * MiB)

static uint64_t starved_seed(int s, int f)
{
	return SEED + s * FILES + f;
}

static int starved_session(int s, int (*call)(const char *name))
{
	char name[32];

	snprintf(name, sizeof(name), "starved-%d", s);
	return require_fd(call(name));
}

/* Holes and single pages, so that the record and the tracker have many nodes. */
static int starved_sparse(uint64_t seed)
{
	int fd = require_fd(data_memfd_sparse("starved", 0, SPARSE));
	off_t off;

	for (off = 0; off < (off_t)SPARSE; off += STEP)
		require(!data_write(fd, seed, off, PAGE));
	return fd;
}

static void starved_save(void)
{
	int s, f, fd, session;

	foreign_load("");
	for (s = 0; s < SESSIONS; s++) {
		session = starved_session(s, luo_create);
		for (f = 0; f < FILES; f++) {
			fd = f ? data_memfd("starved", 0, starved_seed(s, f),
					    f % 8 * PAGE) :
				 starved_sparse(starved_seed(s, f));
			require(!luo_preserve(session, require_fd(fd), f));
			close(fd);
		}
		fd = require_fd(foreign_open(FOREIGN, s));
		require(!luo_preserve(session, fd, NUMBER));
		close(fd);
	}
}

static void starved_check(int s, int session)
{
	off_t off;
	int f, fd;

	fd = require_fd(luo_get(session, 0));
	for (off = 0; off < (off_t)SPARSE; off += STEP)
		check_ret(data_check(fd, starved_seed(s, 0), off, PAGE), 0);
	close(fd);
	for (f = 1; f < FILES; f++) {
		fd = require_fd(luo_get(session, f));
		check_ret(data_check(fd, starved_seed(s, f), 0, f % 8 * PAGE), 0);
		close(fd);
	}
	fd = require_fd(luo_get(session, NUMBER));
	check(foreign_value(fd) == (uint64_t)s);
	close(fd);
}

static void starved_load(void)
{
	int s, session;

	foreign_load("");
	for (s = 0; s < SESSIONS; s++) {
		session = starved_session(s, luo_retrieve);
		starved_check(s, session);
		check_ret(luo_finish(session), 0);
		close(session);
	}
}

STORY(starved, .stages = 2, .flags = STORY_STARVES,
      .stage = { starved_save, starved_load });
