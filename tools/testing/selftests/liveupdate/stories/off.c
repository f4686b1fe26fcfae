// SPDX-License-Identifier: GPL-2.0
/* The next kernel does not want to know: F8, liveupdate=off; F17, kho=off. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x7007
#define SIZE	(64 * MiB)

static void off_save(void)
{
	int session = require_fd(luo_create("off"));
	int fd = require_fd(data_memfd("off", 0, SEED, SIZE));

	check_ret(luo_preserve(session, fd, 1), 0);
}

/* The orchestrator is off: no device. What is reserved is not in MemTotal. */
static void off_load(void)
{
	int handler = guest_insmod("luo_test_handler", "");

	check_ret(luo_retrieve("off"), -ENOENT, "no device at all");
	/* -ENOENT: this run has no modules. */
	check(handler == -EOPNOTSUPP || handler == -ENOENT, "handler: %d", handler);
	story_next_cmdline("luo.total=%ld", meminfo_kb("MemTotal"));
}

/* As long as there is KHO, it counts what stays reserved. */
static void off_counted(void)
{
	long pages = pages_waiting();

	off_load();
	check(pages >= (long)(SIZE / PAGE), "%ld pages stay reserved", pages);
}

/* The one after it starts clean, and has all of its memory. */
static void off_clean(void)
{
	char text[32];
	long less;

	check_ret(luo_retrieve("off"), -ENOENT);
	require(guest_param("luo.total", text, sizeof(text)));
	less = strtol(text, NULL, 10);
	check(meminfo_kb("MemTotal") >= less + (long)(SIZE / KiB),
	      "%ld kB, and %ld kB in the kernel before", meminfo_kb("MemTotal"), less);
}

STORY(off_clean, .stages = 3, .flags = STORY_NO_STATE,
      .next_cmdline = "liveupdate=off",
      .stage = { off_save, off_counted, off_clean });

STORY(off_kho, .stages = 3, .flags = STORY_NO_STATE, .next_cmdline = "kho=off",
      .stage = { off_save, off_load, off_clean });
