// SPDX-License-Identifier: GPL-2.0
/*
 * F18, F5: neither hibernation nor an image for a kexec jump while files of the
 * previous kernel wait. Both go, the same way, once these are taken over or given up.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0xf18
#define POWER_STATE	"/sys/power/state"

static void suspend_save(void)
{
	int session = require_fd(luo_create("suspend")), i;

	for (i = 0; i < 2; i++)
		check_ret(luo_preserve(session,
				       require_fd(data_memfd("suspend", 0, SEED + i,
							     MiB)), i), 0);
	session = require_fd(luo_create("suspend-not-wanted"));
	check_ret(luo_preserve(session, require_fd(data_memfd("not-wanted", 0, SEED,
							      MiB)), 1), 0);
}

static void both_refused(const char *when)
{
	int disk = guest_write(POWER_STATE, "disk"), jump = guest_kexec_load_jump();

	check(disk == -EBUSY, "hibernation while %s: %d", when, disk);
	check(jump == -ENOEXEC, "image of a kexec jump while %s: %d", when, jump);
}

static void suspend_load(void)
{
	int session, a, b, jump = guest_kexec_load_jump();

	if (access(POWER_STATE, W_OK) || jump == -EINVAL || jump == -EOPNOTSUPP) {
		check_ret(luo_discard("suspend"), 0);
		check_ret(luo_discard("suspend-not-wanted"), 0);
		story_skip("no hibernation, or no kexec jump");
	}
	both_refused("all wait");
	session = require_fd(luo_retrieve("suspend"));
	a = require_fd(luo_get(session, 1));
	both_refused("one of two waits");
	b = require_fd(luo_get(session, 0));
	check_ret(luo_finish(session), 0);
	both_refused("a session that nobody wants waits");
	check_ret(luo_discard("suspend-not-wanted"), 0);
	/* It comes as far as to look for a place to write the image to. */
	check_ret(guest_write(POWER_STATE, "disk"), -ENODEV);
	check_ret(guest_kexec_load_jump(), 0);
	check_ret(guest_kexec(), 0, "there and back");
	check_ret(data_check(a, SEED + 1, 0, MiB), 0);
	check_ret(data_check(b, SEED, 0, MiB), 0);
	check_ret(guest_kexec_load_legacy(false), 0);
}

STORY(suspend, .stages = 2, .stage = { suspend_save, suspend_load });
