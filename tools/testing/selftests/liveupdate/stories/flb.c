// SPDX-License-Identifier: GPL-2.0
/* State that several files share: its counts follow the files, in each kernel. */
#include <errno.h>
#include <unistd.h>

#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

static int put(int session, const char *device, uint64_t value)
{
	int fd = require_fd(foreign_open(device, value));

	check_ret(luo_preserve(session, fd, value), 0);
	close(fd);
	return fd;
}

/* The only story in its guest with files of the test module. */
static void flb_save(void)
{
	int a, b;

	foreign_load("");
	foreign_log_clear();
	a = require_fd(luo_create("flb-a"));
	b = require_fd(luo_create("flb-b"));
	foreign_set("fail_errno", ENOMEM);
	foreign_set("fail_flb", 1);
	check_ret(luo_preserve(a, require_fd(foreign_open(FOREIGN, 1)), 1), -ENOMEM);
	foreign_log_check("");
	put(a, FOREIGN, 1);
	put(b, FOREIGN_FINAL, 2);
	foreign_log_check("flb preserve;preserve 1;preserve 2;");
	close(a);
	foreign_log_check("flb preserve;preserve 1;preserve 2;unpreserve 1;");
	close(b);
	foreign_log_check("flb preserve;preserve 1;preserve 2;unpreserve 1;"
			  "unpreserve 2;flb unpreserve;");
	foreign_log_clear();
	a = require_fd(luo_create("flb-a"));
	b = require_fd(luo_create("flb-b"));
	put(a, FOREIGN, 11);
	put(b, FOREIGN, 12);
	put(b, FOREIGN_FINAL, 13);
	foreign_log_check("flb preserve;preserve 11;preserve 12;preserve 13;");
}

/* Somebody asks: retrieved once, at the first question. */
static void flb_asked(void)
{
	int a, b;

	foreign_load("ask_flb=1");
	foreign_log_clear();
	a = require_fd(luo_retrieve("flb-a"));
	b = require_fd(luo_retrieve("flb-b"));
	require_fd(luo_get(b, 13));
	foreign_log_check("flb retrieve 4711;flb seen 4711;retrieve 13 0;");
	require_fd(luo_get(a, 11));
	check_ret(luo_finish(a), 0);
	require_fd(luo_get(b, 12));
	foreign_log_check("flb retrieve 4711;flb seen 4711;retrieve 13 0;"
			  "flb seen 4711;retrieve 11 0;finish 11 1;"
			  "flb seen 4711;retrieve 12 0;");
	foreign_log_clear();
	check_ret(luo_finish(b), 0);
	foreign_log_check("finish 13 1;finish 12 1;flb finish;");
	check_ret(guest_rmmod(FOREIGN_MODULE), -EWOULDBLOCK, "its files are open");
}

STORY(flb_asked, .stages = 2, .stage = { flb_save, flb_asked });

/* Nobody asks: retrieved all the same, just before it is finished. */
static void flb_unasked(void)
{
	int a, b;

	foreign_load("");
	foreign_log_clear();
	a = require_fd(luo_retrieve("flb-a"));
	b = require_fd(luo_retrieve("flb-b"));
	close(require_fd(luo_get(a, 11)));
	check_ret(luo_finish(b), 0, "both of them dropped");
	foreign_log_check("retrieve 11 0;finish 13 0;finish 12 0;");
	foreign_log_clear();
	check_ret(luo_finish(a), 0);
	foreign_log_check("finish 11 1;flb retrieve 4711;flb finish;");
	close(a);
	close(b);
	check_ret(guest_rmmod(FOREIGN_MODULE), 0, "nobody uses it");
}

STORY(flb_unasked, .stages = 2, .stage = { flb_save, flb_unasked });

/* This kernel has dropped the FLB: no error, the files come. */
static void flb_gone(void)
{
	int a, b;

	foreign_load("no_flb=1");
	a = require_fd(luo_retrieve("flb-a"));
	b = require_fd(luo_retrieve("flb-b"));
	check(foreign_value(require_fd(luo_get(a, 11))) == 11);
	check(foreign_value(require_fd(luo_get(b, 12))) == 12);
	check(foreign_value(require_fd(luo_get(b, 13))) == 13);
	check_ret(luo_finish(a), 0);
	check_ret(luo_finish(b), 0);
}

STORY(flb_gone, .stages = 2, .stage = { flb_save, flb_gone });

/* A file of each session cannot be read; what it needed ends with the last session. */
static void left_save(void)
{
	flb_save();
	damage_load();
	damage("file flb-a %x 57 10\n", 11);
	damage("file flb-b %x 57 10\n", 13);
}

static void flb_left(void)
{
	int b;

	foreign_load("");
	foreign_log_clear();
	check_ret(luo_discard("flb-a"), 0);
	b = require_fd(luo_retrieve("flb-b"));
	check_ret(luo_get(b, 13), -EBADMSG);
	close(require_fd(luo_get(b, 12)));
	check_ret(luo_finish(b), -EBUSY);
	close(b);
	foreign_log_check("retrieve 12 0;");
	check_ret(luo_discard("flb-b"), 0);
	foreign_log_check("retrieve 12 0;finish 12 1;flb retrieve 4711;flb finish;");
	check_ret(guest_rmmod(FOREIGN_MODULE), 0, "nobody uses it");
}

STORY(flb_left, .stages = 2, .stage = { left_save, flb_left });
