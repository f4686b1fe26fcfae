// SPDX-License-Identifier: GPL-2.0
/*
 * Negative controls: each of these stories has to fail, with the words that its
 * line of tests.tsv has. One that passes means that a check of the bench is blind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0xc00c

static void nothing(void)
{
}

static int file_of_two_pages(const char *name)
{
	int session = require_fd(luo_create(name));
	int fd = require_fd(data_memfd("control", 0, SEED, 2 * PAGE));

	check_ret(luo_preserve(session, fd, 1), 0);
	return fd;
}

/* One bit of the contents is another one. */
static void bit_save(void)
{
	int fd = file_of_two_pages("control-bit");
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	require(map != MAP_FAILED);
	map[PAGE + 1234] ^= 0x10;
}

static void bit_load(void)
{
	int session = require_fd(luo_retrieve("control-bit"));

	check_ret(data_check(require_fd(luo_get(session, 1)), SEED, 0, 2 * PAGE), 0);
	check_ret(luo_finish(session), 0);
}

STORY(control_bit, .stages = 2, .stage = { bit_save, bit_load });

/* The mode is another one than what was noted. */
static void mode_save(void)
{
	int fd = file_of_two_pages("control-mode");

	file_attr_get(fd, story_note());
	check(!fchmod(fd, 0123));
}

static void mode_load(void)
{
	int session = require_fd(luo_retrieve("control-mode"));

	file_attr_check(require_fd(luo_get(session, 1)), story_note(), true);
	check_ret(luo_finish(session), 0);
}

STORY(control_mode, .stages = 2, .stage = { mode_save, mode_load });

/* Nothing was preserved: ordinary memory of K1 is not there in K2. */
static void lost_save(void)
{
	require_fd(data_memfd("control", 0, SEED, 2 * PAGE));
	require_fd(luo_create("control-lost"));
}

static void lost_load(void)
{
	int session = require_fd(luo_retrieve("control-lost"));

	require_fd(luo_get(session, 1));
}

STORY(control_lost, .stages = 2, .stage = { lost_save, lost_load });

/* A session is still open when the counters are compared. */
static void leak(void)
{
	struct counters before;

	counters_get(&before);
	require(before.preserved_pages >= 0, "the kernel does not count");
	file_of_two_pages("control-leak");
	counters_check(&before, 1024);
}

STORY(control_leak, .stages = 1, .stage = { leak });

static void crash(void)
{
	raise(SIGSEGV);
}

STORY(control_crash, .stages = 1, .stage = { crash });

/* The guest is reset before it has told its story to the end. */
static void early(void)
{
	guest_end();
}

STORY(control_early, .stages = 2, .stage = { early, nothing });

/* A freeze that allocates, where allocations fail. */
static void greedy(void)
{
	int session, fd;

	foreign_load("greedy_freeze=1");
	session = require_fd(luo_create("control-greedy"));
	fd = require_fd(foreign_open(FOREIGN, 1));
	check_ret(luo_preserve(session, fd, 1), 0);
}

STORY(control_greedy, .stages = 2, .flags = STORY_STARVES,
      .stage = { greedy, nothing });

static void splat(void)
{
	check(!guest_write("/dev/kmsg", "BUG: planted by a control"));
}

STORY(control_splat, .stages = 1, .stage = { splat });

static void hang(void)
{
	for (;;)
		pause();
}

STORY(control_hang, .stages = 1, .stage = { hang });
