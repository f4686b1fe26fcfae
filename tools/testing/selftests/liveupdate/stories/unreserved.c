// SPDX-License-Identifier: GPL-2.0
/*
 * F7: the memory map of the next kernel has a hole where a preserved page is.
 * It must not get far; a hole beside preserved memory is none of its business.
 */
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0xf007
#define SIZE	(2 * MiB)
#define PAGE_AT	(SIZE / 2)

/* Preserving moves a page out of scratch; it stays there when taken back. */
static void hole_save(bool preserved)
{
	int session = require_fd(luo_create("hole"));
	int fd = require_fd(data_memfd("hole", 0, SEED, SIZE));
	int other = require_fd(data_memfd("other", 0, SEED + 1, SIZE));
	uint64_t page;

	check_ret(luo_preserve(session, other, 2), 0);
	check_ret(luo_preserve(session, fd, 1), 0);
	page = data_phys(fd, PAGE_AT);
	require(page, "no physical address");
	if (!preserved)
		check_ret(luo_unpreserve(session, 1), 0);
	story_log("the next kernel has no memory at %#lx", (long)page);
	story_next_cmdline("memmap=4K$%#lx", (long)page);
}

static void overlapped_save(void)
{
	hole_save(true);
}

static void beside_save(void)
{
	hole_save(false);
}

static void alive(void)
{
	check(false, "this kernel must not get here");
}

static void beside_load(void)
{
	int session = require_fd(luo_retrieve("hole"));

	check_ret(data_check(require_fd(luo_get(session, 2)), SEED + 1, 0, SIZE), 0);
	check_ret(luo_finish(session), 0);
}

STORY(overlapped, .stages = 2, .flags = STORY_PANICS,
      .stage = { overlapped_save, alive });
STORY(beside, .stages = 2, .stage = { beside_save, beside_load });
STORY(control_alive, .stages = 2, .flags = STORY_PANICS,
      .stage = { beside_save, alive });
