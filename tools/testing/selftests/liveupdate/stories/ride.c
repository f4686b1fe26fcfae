// SPDX-License-Identifier: GPL-2.0
/* F6: an update while sessions of the previous one are not finished. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/group.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define OLD	0x01d0
#define NEW	0x0e70
#define SIZE	(2 * MiB)
#define PART_SIZE	(16 * MiB)

static void put(int session, uint64_t token, uint64_t seed)
{
	int fd = require_fd(data_memfd("ride", 0, seed + token, SIZE));

	check_ret(luo_preserve(session, fd, token), 0);
	close(fd);
}

static int get(int session, uint64_t token, uint64_t seed)
{
	int fd = require_fd(luo_get(session, token));

	check_ret(data_check(fd, seed + token, 0, SIZE), 0, "token %lu",
		  (unsigned long)token);
	return fd;
}

static void ride_first(void)
{
	int session = require_fd(luo_create("ride"));

	put(session, 1, OLD);
	put(session, 2, OLD);
	put(session, ~0ULL, OLD);
	put(require_fd(luo_create("same")), 1, OLD);
	put(require_fd(luo_create("all")), 1, OLD);
	put(require_fd(luo_create("untouched")), 1, OLD);
	require_fd(luo_create("empty"));

	foreign_load("");
	session = require_fd(luo_create("held"));
	check_ret(luo_preserve(session, require_fd(foreign_open(FOREIGN, 7)), 1), 0);
	put(session, 2, OLD);
}

/* What must not be broken off is said when the image is loaded. */
static void ride_held(void)
{
	int session;

	check_ret(guest_kexec_load(true, ""), -EBUSY, "waits, and shares an FLB");
	foreign_load("");
	session = require_fd(luo_retrieve("held"));
	require_fd(luo_get(session, 1));
	foreign_set("hold_finish", 1);
	check_ret(guest_kexec_load(true, ""), -EBUSY, "cannot finish");
	foreign_set("hold_finish", 0);
	check_ret(guest_kexec_load(true, ""), 0);
	foreign_set("hold_finish", 1);
	check_ret(guest_kexec(), -EBUSY, "cannot finish, after the load");
	foreign_set("hold_finish", 0);
	check_ret(luo_finish(session), 0);
	close(session);
	check_ret(guest_kexec_unload(), 0);
}

/* A freeze that fails leaves the sessions of both directions as they were. */
static void ride_fails(void)
{
	int session = require_fd(luo_create("fails"));

	check_ret(luo_preserve(session, require_fd(foreign_open(FOREIGN, 8)), 1), 0);
	foreign_set("fail_errno", EDEADLK);
	foreign_set("fail_freeze", 1);
	check_ret(guest_kexec_load(true, ""), 0);
	check_ret(guest_kexec(), -EDEADLK);
	check_ret(guest_kexec_unload(), 0);
	close(session);
}

/* Nor does one for which KHO cannot hold memory as it is, of either direction. */
static void ride_waits_for_nobody(void)
{
	check_ret(guest_kexec_load(true, ""), 0);
	foreign_set("hold_kho", 1);
	check_ret(guest_kexec(), -EBUSY, "outgoing");
	foreign_set("hold_kho", 0);
	foreign_set("hold_kho", 2);
	check_ret(guest_kexec(), -EBUSY, "incoming");
	check_ret(guest_kexec_unload(), 0);
	put(require_fd(luo_create("thawed")), 1, NEW);
}

static void ride_second(void)
{
	int session, fd;

	ride_held();
	/* kexec_load(2) would lose what waits. */
	check_ret(guest_kexec_load_legacy(true), -ENOEXEC);
	session = require_fd(luo_retrieve("ride"));
	fd = get(session, 1, OLD);
	check_ret(data_write(fd, 1, 0, PAGE), 0, "it is mine now");
	put(require_fd(luo_create("same")), 1, NEW);
	get(require_fd(luo_retrieve("all")), 1, OLD);
	ride_fails();
	ride_waits_for_nobody();
	get(session, 2, OLD);
}

static void expect_file(int dev, const char *name, uint64_t token, uint32_t state,
			int error)
{
	struct liveupdate_ioctl_list_session session;
	struct liveupdate_list_file file;

	check_ret(luo_find_session(dev, LIVEUPDATE_INCOMING, name, &session), 0);
	check(session.generation == 1, "generation %llu",
	      (unsigned long long)session.generation);
	check_ret(luo_list_file(dev, LIVEUPDATE_INCOMING, session.id, token, &file), 0);
	check(file.token == token && file.state == state && file.error == error,
	      "%s: token %#llx state %u error %d", name,
	      (unsigned long long)file.token, file.state, file.error);
}

static void ride_same(void)
{
	int newest = require_fd(luo_retrieve("same")), older;

	get(newest, 1, NEW);
	older = require_fd(luo_retrieve("same"));
	get(older, 1, OLD);
	check_ret(luo_retrieve("same"), -EINVAL, "both are open");
	check_ret(luo_finish(newest), 0);
	check_ret(luo_finish(older), 0);
	close(newest);
	close(older);
	check_ret(luo_retrieve("same"), -ENOENT);
}

static void expect_little_left(void)
{
	unsigned long pages = ~0UL;
	char text[256] = "";

	if (guest_read("/sys/kernel/debug/kho/in/state", text, sizeof(text)) < 0)
		return;
	if (sscanf(text, "preserved_pages: %lu", &pages) != 1)
		return;
	story_log("%lu pages of records stay reserved", pages);
	check(pages <= 16, "%lu pages are left", pages);
}

static void ride_third(void)
{
	int dev = require_fd(luo_observe()), session;

	expect_file(dev, "ride", 1, LIVEUPDATE_FILE_HANDED_OUT, ESTALE);
	expect_file(dev, "ride", 2, LIVEUPDATE_FILE_HANDED_OUT, ESTALE);
	expect_file(dev, "ride", ~0ULL, LIVEUPDATE_FILE_WAITING, 0);
	close(dev);
	session = require_fd(luo_retrieve("ride"));
	check_ret(luo_get(session, 1), -ESTALE);
	check_ret(luo_get(session, 2), -ESTALE);
	get(session, ~0ULL, OLD);
	/* Everything that there is was retrieved: close(2) finishes it. */
	close(session);
	check_ret(luo_retrieve("ride"), -ENOENT);

	ride_same();
	check_ret(luo_retrieve("all"), -ENOENT, "nothing of it was left");
	check_ret(luo_retrieve("held"), -ENOENT);
	check_ret(luo_retrieve("fails"), -ENOENT);
	session = require_fd(luo_retrieve("thawed"));
	get(session, 1, NEW);
	check_ret(luo_finish(session), 0);
	close(session);
	session = require_fd(luo_retrieve("untouched"));
	get(session, 1, OLD);
	check_ret(luo_finish(session), 0);
	close(session);
	session = require_fd(luo_retrieve("empty"));
	check_ret(luo_finish(session), 0);
	close(session);
	expect_little_left();
}

STORY(ride, .stages = 3, .stage = { ride_first, ride_second, ride_third });

/*
 * A file of which a part was retrieved does not ride along: some of its memory is
 * this kernel's already. Told beside "ride", which brings an image for the load.
 */
static void part_save(void)
{
	int session = require_fd(luo_create("part"));
	int fd = require_fd(data_memfd("part", 0, OLD, PART_SIZE));

	check_ret(luo_preserve(session, fd, 1), 0);
}

static void part_load(void)
{
	int session = require_fd(luo_retrieve("part"));
	bool small = group_make("4M");

	if (small) {
		group_retrieve(session, 1);
		check_ret(guest_kexec_load(true, ""), -EBUSY, "retrieved in part");
	}
	check_ret(data_check(require_fd(luo_get(session, 1)), OLD, 0, PART_SIZE), 0);
	check_ret(luo_finish(session), 0);
	close(session);
	if (!small)
		story_skip("no memory controller");
}

STORY(ride_part, .stages = 2, .stage = { part_save, part_load });

#define FAR	6

static void far_first(void)
{
	put(require_fd(luo_create("far")), 1, OLD);
}

/* Nobody comes, one kernel after the other; each leaves something of its own. */
static void far_next(void)
{
	char name[32];

	snprintf(name, sizeof(name), "far-%u", story_stage());
	put(require_fd(luo_create(name)), 1, NEW + story_stage());
}

static void far_last(void)
{
	unsigned int stage;
	char name[32];
	int session;

	session = require_fd(luo_retrieve("far"));
	get(session, 1, OLD);
	check_ret(luo_finish(session), 0);
	for (stage = 1; stage < FAR - 1; stage++) {
		snprintf(name, sizeof(name), "far-%u", stage);
		session = require_fd(luo_retrieve(name));
		get(session, 1, NEW + stage);
		check_ret(luo_finish(session), 0);
		close(session);
	}
}

STORY(ride_far, .stages = FAR, .stage = {
	far_first, far_next, far_next, far_next, far_next, far_last });
