// SPDX-License-Identifier: GPL-2.0
/*
 * What the command line reserves under a name (reserve_mem=) comes over by KHO
 * too: it is at the same place in the next kernel, with its contents.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/story.h"

#define SEED		0x4e5e
#define SIZE		MiB
#define RESERVED	"/sys/kernel/debug/luo_test/reserved"

struct reserved {
	unsigned long pa;
};

static unsigned long reserved_pa(void)
{
	char text[32];

	if (guest_read(RESERVED "_pa", text, sizeof(text)) < 0)
		return 0;
	return strtoul(text, NULL, 0);
}

static void reserved_save(void)
{
	struct reserved *note = story_note();
	int fd;

	foreign_load("");
	note->pa = reserved_pa();
	fd = open(RESERVED, O_RDWR | O_CLOEXEC);
	if (note->pa && check(fd >= 0))
		check_ret(data_write(fd, SEED, 0, SIZE), 0);
}

static void reserved_load(void)
{
	struct reserved *note = story_note();
	int fd;

	foreign_load("");
	check(reserved_pa() && reserved_pa() == note->pa, "at %#lx, was at %#lx",
	      reserved_pa(), note->pa);
	fd = require_fd(open(RESERVED, O_RDONLY | O_CLOEXEC));
	check_ret(data_check(fd, SEED, 0, SIZE), 0);
}

STORY(reserved, .stages = 2, .stage = { reserved_save, reserved_load });

/* The first kernel did not reserve anything, the second one does. */
STORY(control_reserved, .stages = 2,
      .next_cmdline = "reserve_mem=1M:4096:luo-test",
      .stage = { reserved_save, reserved_load });
