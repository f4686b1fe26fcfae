// SPDX-License-Identifier: GPL-2.0
/* The simplest stories: something is preserved, and it comes back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x1001
#define NOTE	"comes along"

static void plain_save(void)
{
	int session, fd;

	session = require_fd(luo_create("plain"));
	fd = require_fd(data_memfd("plain", 0, SEED, 8 * MiB));
	check(lseek(fd, 12345, SEEK_SET) == 12345);
	check_ret(luo_preserve(session, fd, 7), 0);
	file_attr_get(fd, story_note());
}

static void plain_load(void)
{
	int session, fd;

	session = require_fd(luo_retrieve("plain"));
	fd = require_fd(luo_get(session, 7));
	file_attr_check(fd, story_note(), true);
	check_ret(data_check(fd, SEED, 0, 8 * MiB), 0);
	check_ret(luo_finish(session), 0);
	check_ret(data_check(fd, SEED, 0, 8 * MiB), 0);
	check_ret(data_write(fd, SEED + 1, 0, 8 * MiB), 0);
	check_ret(data_check(fd, SEED + 1, 0, 8 * MiB), 0);
	check(!ftruncate(fd, 16 * MiB), "an ordinary file again");
}

STORY(plain, .stages = 2, .stage = { plain_save, plain_load });

/* The harness itself: two kernels, and a note. */
static void jump_first(void)
{
	strcpy(story_note(), NOTE);
}

static void jump_second(void)
{
	char banner[256];

	require(guest_read("/proc/version", banner, sizeof(banner)) > 0);
	story_log("%.80s", banner);
	check(!strcmp(story_note(), NOTE));
}

STORY(jump, .stages = 2, .stage = { jump_first, jump_second });

/*
 * The last of a guest's stories: whatever the others took over or dropped, no
 * page of the previous kernel is left waiting.
 */
static void left_save(void)
{
}

static void left_load(void)
{
	int tries;

	if (pages_waiting() < 0)
		story_skip("the kernel does not count");
	for (tries = 0; tries < 100 && pages_waiting(); tries++)
		usleep(10000);
	check(!pages_waiting(), "%ld pages are left", pages_waiting());
}

STORY(nothing_left, .stages = 2, .stage = { left_save, left_load });
