// SPDX-License-Identifier: GPL-2.0
/*
 * F8: the header itself is damaged, in another way for each jump. The memory
 * stays reserved, everything is -EIO, and the kernel after it is a clean one.
 */
#include <errno.h>
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
	long total = meminfo_kb("MemTotal"), free = meminfo_kb("MemAvailable");

	check_ret(luo_retrieve("header"), -EIO);
	check_ret(luo_retrieve("never"), -EIO);
	check(free < total - (long)(SIZE / KiB),
	      "%ld kB of %ld kB available: the memory did not stay reserved",
	      free, total);
}

static void header(void)
{
	unsigned int n = story_stage();

	if (n)
		lost();
	if (n < NR_ORDERS)
		damaged_update(n);
}

/* No session at all came, so the one after is as after a cold boot. */
static void header_clean(void)
{
	int session = require_fd(luo_create("header"));

	check_ret(luo_retrieve("header"), -ENOENT);
	close(session);
	story_log("MemTotal %ld kB", meminfo_kb("MemTotal"));
}

STORY(header, .stages = NR_ORDERS + 2, .flags = STORY_NO_STATE,
      .stage = { [0 ... NR_ORDERS] = header, [NR_ORDERS + 1] = header_clean });
