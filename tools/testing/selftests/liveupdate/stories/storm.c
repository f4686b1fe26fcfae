// SPDX-License-Identifier: GPL-2.0
/*
 * F9, F11: 500 records with bits changed at random, most of them with a checksum
 * that is right again, in one jump. The kernel boots, names what it cannot read,
 * and hands out nothing that is not a whole file of the previous kernel.
 * luo.seed=N says which bits.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x5703
#define NR_STORM	500
#define NR_CALM		20
#define SIZE		(2 * PAGE)

/* Fewer that are noticed: the storm did not come. */
#define FEWEST		250

static unsigned int lost_sessions, lost_files, other_files;

static uint64_t seed_of(unsigned int i, int token)
{
	return SEED + i * 2 + token;
}

static void make_session(const char *kind, unsigned int i, unsigned int seed)
{
	int session, token, fd;
	char name[32];

	snprintf(name, sizeof(name), "%s-%u", kind, i);
	session = require_fd(luo_create(name));
	for (token = 0; token < 2; token++) {
		fd = require_fd(data_memfd(name, 0, seed_of(seed, token), SIZE));
		check_ret(luo_preserve(session, fd, token), 0);
		close(fd);
	}
}

static void storm_save(void)
{
	unsigned int i;

	damage_load();
	for (i = 0; i < NR_STORM; i++) {
		if (i % (NR_STORM / NR_CALM) == 0)
			make_session("calm", i / (NR_STORM / NR_CALM),
				     NR_STORM + i);
		make_session("storm", i, i);
	}
	damage("storm storm- %lu\n", guest_number("luo.seed", 1));
}

static bool holds(int fd, uint64_t seed)
{
	char pages[2][PAGE];

	return pread(fd, pages, SIZE, 0) == SIZE && data_page_is(pages[0], seed, 0) &&
	       data_page_is(pages[1], seed, PAGE);
}

/* A record that says so with a good checksum may lead to another file. */
static bool holds_another(int fd)
{
	unsigned int i;
	int token;

	for (i = 0; i < 2 * NR_STORM; i++)
		for (token = 0; token < 2; token++)
			if (holds(fd, seed_of(i, token)))
				return true;
	return false;
}

static void check_file(int session, unsigned int i, int token)
{
	int fd = luo_get(session, token);
	struct stat st;

	if (fd < 0) {
		lost_files++;
		check(fd == -EBADMSG || fd == -ENOENT || fd == -ENODEV ||
		      fd == -EPROTONOSUPPORT || fd == -ESTALE, "storm-%u, file %d: %d",
		      i, token, fd);
		return;
	}
	check(!fstat(fd, &st) && st.st_size == SIZE, "storm-%u: %ld bytes", i,
	      (long)st.st_size);
	if (!holds(fd, seed_of(i, token))) {
		other_files++;
		check(holds_another(fd), "storm-%u, file %d: neither its contents nor another's",
		      i, token);
	}
	close(fd);
}

static void check_session(unsigned int i)
{
	int session, token, ret;
	char name[32];

	snprintf(name, sizeof(name), "storm-%u", i);
	session = luo_retrieve(name);
	if (session < 0) {
		lost_sessions++;
		check(session == -EBADMSG || session == -ENOENT, "%s: %d", name,
		      session);
		return;
	}
	for (token = 0; token < 2; token++)
		check_file(session, i, token);
	ret = luo_finish(session);
	check(!ret || ret == -EBUSY, "%s: finish gave %d", name, ret);
	close(session);
}

static void check_calm(unsigned int i)
{
	int session, token;
	char name[32];

	snprintf(name, sizeof(name), "calm-%u", i);
	session = require_fd(luo_retrieve(name));
	for (token = 0; token < 2; token++)
		check_ret(data_check(luo_get(session, token),
				     seed_of(NR_STORM + i * (NR_STORM / NR_CALM),
					     token), 0, SIZE), 0);
	check_ret(luo_finish(session), 0);
	close(session);
}

/* Whatever it is called now, it is listed, and can be given up. */
static void discard_the_rest(void)
{
	struct liveupdate_ioctl_list_session arg;
	int observer = require_fd(luo_observe());
	unsigned int nr = 0;
	uint64_t id;

	for (id = 0; !luo_list_session(observer, LIVEUPDATE_INCOMING, id, &arg);
	     id = arg.id + 1) {
		nr++;
		check(!luo_discard((char *)arg.name), "%.64s cannot be discarded",
		      arg.name);
	}
	story_log("%u sessions and %u files refused, %u files were others, %u sessions discarded",
		  lost_sessions, lost_files, other_files, nr);
	close(observer);
}

static void storm_load(void)
{
	unsigned int i;

	for (i = 0; i < NR_STORM; i++)
		check_session(i);
	for (i = 0; i < NR_CALM; i++)
		check_calm(i);
	discard_the_rest();
	check(lost_sessions + lost_files >= FEWEST, "only %u and %u noticed",
	      lost_sessions, lost_files);
}

STORY(storm, .stages = 2, .stage = { storm_save, storm_load });
