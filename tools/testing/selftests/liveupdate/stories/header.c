// SPDX-License-Identifier: GPL-2.0
/*
 * F8: the header itself is damaged, in another way for each jump. The memory
 * stays reserved, everything is -EIO, and the kernel after it is a clean one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0xa00a
#define SIZE	(48 * MiB)

/*
 * struct luo_header_ser: magic 0, version 8, size 12, generation 24, sessions_pa 32,
 * nr_sessions 48. Of the first nothing but the checksum tells.
 */
static const char * const orders[] = {
	"header 24 2\n",		/* another generation */
	"header 8 2 seal\n",		/* unknown version */
	"header 12 40 seal\n",		/* truncated */
	"header 0 20 seal\n",		/* not a header at all */
	"header 37 40 seal\n",		/* the sessions are nowhere */
	"header 48 1 seal\n",		/* one session more than there are */
};

#define NR_ORDERS	ARRAY_SIZE(orders)

static void damaged_update(unsigned int n)
{
	int session, fd;

	damage_load();
	session = require_fd(luo_create("header"));
	fd = require_fd(data_memfd("header", 0, SEED, SIZE));
	check_ret(luo_preserve(session, fd, 1), 0);
	damage("%s", orders[n]);
}

static void lost(void)
{
	long pages = pages_waiting();

	check_ret(luo_retrieve("header"), -EIO);
	check_ret(luo_retrieve("never"), -EIO);
	check(pages >= (long)(SIZE / PAGE), "%ld pages stay reserved", pages);
	story_next_cmdline("luo.total=%ld", meminfo_kb("MemTotal"));
}

static void header(void)
{
	unsigned int n = story_stage();

	if (n)
		lost();
	if (n < NR_ORDERS)
		damaged_update(n);
}

/* No session at all came: as after a cold boot, and with all of the memory. */
static void header_clean(void)
{
	int session = require_fd(luo_create("header"));
	char text[32];
	long less;

	check_ret(luo_retrieve("header"), -ENOENT);
	close(session);
	require(guest_param("luo.total", text, sizeof(text)));
	less = strtol(text, NULL, 10);
	check(meminfo_kb("MemTotal") >= less + (long)(SIZE / KiB),
	      "%ld kB, and %ld kB in the kernel before", meminfo_kb("MemTotal"), less);
}

STORY(header, .stages = NR_ORDERS + 2, .flags = STORY_NO_STATE,
      .stage = { [0 ... NR_ORDERS] = header, [NR_ORDERS + 1] = header_clean });
