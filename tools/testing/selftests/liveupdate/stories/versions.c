// SPDX-License-Identifier: GPL-2.0
/*
 * F5, F9: updates between kernels that read and write different versions of the
 * record of a memfd (CONFIG_LIVEUPDATE_MEMFD_TEST_V2), forward and back. It is
 * one kernel, which the command line makes into four; their images differ in
 * what they say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../../liveupdate/luoctl/luoctl.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/image.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x7e55
#define SIZE	(2 * MiB)
#define POS	123456
#define WRITE	"/sys/module/memfd_luo_v2/parameters/write"
#define SYSFS	"/sys/kernel/liveupdate/"

static const struct kernel {
	char name;
	unsigned int write, min, max;
} kernels[] = {
	{ 'A', 1, 1, 1 },
	{ 'B', 1, 1, 2 },
	{ 'C', 2, 1, 2 },
	{ 'D', 2, 2, 2 },
};

/* Each pair of different kernels that works; the others are refused on the way. */
static const char tour[] = "ACDCBABCDB";

static const struct kernel *kernel_at(unsigned int stage)
{
	return &kernels[tour[stage] - 'A'];
}

static bool reads(const struct kernel *to, unsigned int version)
{
	return version >= to->min && version <= to->max;
}

static unsigned int sysfs_number(const char *path)
{
	char text[32];

	return guest_read(path, text, sizeof(text)) > 0 ? strtoul(text, NULL, 10) : 0;
}

static void check_sysfs(const struct kernel *me)
{
	check(sysfs_number(SYSFS "file/memfd/version") == me->write);
	check(sysfs_number(SYSFS "file/memfd/read_min") == me->min);
	check(sysfs_number(SYSFS "file/memfd/read_max") == me->max);
	check(sysfs_number(SYSFS "core/kho/version") == 2);
	check(sysfs_number(SYSFS "core/luo/read_min") == 1);
	check(sysfs_number(SYSFS "core/luo-record/read_max") == 1);
	check(sysfs_number(SYSFS "core/page-shift/version") == 12);
}

static void put(const char *name, uint64_t seed, unsigned int version)
{
	struct liveupdate_list_file file;
	int session, fd;
	char want[16];

	session = require_fd(luo_create(name));
	fd = require_fd(data_memfd(name, 0, seed, SIZE));
	check(lseek(fd, POS, SEEK_SET) == POS);
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(luo_list_own_file(session, 0, &file), 0);
	snprintf(want, sizeof(want), "memfd-v%u", version);
	check(!strcmp((char *)file.handler, want), "%s", file.handler);
}

static void get(const char *name, uint64_t seed)
{
	int session = require_fd(luo_retrieve(name));
	int fd = require_fd(luo_get(session, 1));

	check(lseek(fd, 0, SEEK_CUR) == POS, "position %ld", (long)lseek(fd, 0, SEEK_CUR));
	check_ret(data_check(fd, seed, 0, SIZE), 0);
	check_ret(luo_finish(session), 0);
	close(session);
	close(fd);
}

/* All that can be seen from outside. */
static void outgoing_text(char *text, size_t size)
{
	int ret = guest_read("/sys/kernel/debug/liveupdate/outgoing", text, size);

	check(ret > 0, "%d", ret);
}

/* Every kernel there is: taken or refused when it is loaded. */
static void try_all(const struct kernel *me)
{
	char before[2048], after[2048];
	unsigned int i;

	outgoing_text(before, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(kernels); i++) {
		const struct kernel *to = &kernels[i];
		int image = image_memfd(to->min, to->max);
		bool fits = reads(to, me->write);

		check_ret(guest_kexec_load_image(image, false, ""),
			  fits ? 0 : -EPROTONOSUPPORT, "%c to %c", me->name, to->name);
		check(guest_kexec_loaded() == fits);
		check_ret(guest_luoctl_image(image), fits ? LUOCTL_OK : LUOCTL_REFUSED);
		if (fits)
			check_ret(guest_kexec_unload(), 0);
		close(image);
	}
	outgoing_text(after, sizeof(after));
	check(!strcmp(before, after), "before:\n%safter:\n%s", before, after);
}

/* reboot(2) is the last one to say it: nothing was frozen, all goes on. */
static void try_reboot(const struct kernel *me)
{
	int image = image_memfd(me->write, me->write);
	char before[2048], after[2048];

	check_ret(guest_kexec_load_image(image, false, ""), 0);
	close(image);
	check_ret(guest_write(WRITE, me->write == 1 ? "2" : "1"), 0);
	outgoing_text(before, sizeof(before));
	check_ret(guest_kexec(), -EPROTONOSUPPORT);
	outgoing_text(after, sizeof(after));
	check(!strcmp(before, after), "before:\n%safter:\n%s", before, after);
	check_ret(guest_write(WRITE, me->write == 1 ? "1" : "2"), 0);
	check_ret(guest_kexec_unload(), 0);
}

static void versions(void)
{
	const struct kernel *me = kernel_at(story_stage()), *next;

	if (access(WRITE, F_OK))
		story_skip("no CONFIG_LIVEUPDATE_MEMFD_TEST_V2");
	check_sysfs(me);
	if (story_stage())
		get("tour", SEED + story_stage() - 1);
	if (!tour[story_stage() + 1])
		return;
	put("tour", SEED + story_stage(), me->write);
	try_all(me);
	try_reboot(me);
	next = kernel_at(story_stage() + 1);
	story_next_cmdline("memfd_luo_v2.write=%u memfd_luo_v2.reads=%u", next->write,
			   next->min == next->max ? next->min : 0);
}

STORY(versions, .stages = 10,
      .stage = { versions, versions, versions, versions, versions, versions,
		 versions, versions, versions, versions });

/* An image that is loaded first: PRESERVE is what fails. */
static void versions_preserve(void)
{
	int session = require_fd(luo_create("gate")), image;
	int fd = require_fd(data_memfd("gate", 0, SEED, SIZE));

	if (access(WRITE, F_OK))
		story_skip("no CONFIG_LIVEUPDATE_MEMFD_TEST_V2");
	image = image_memfd(2, 2);
	check_ret(guest_kexec_load_image(image, false, ""), 0, "nothing is preserved");
	check_ret(luo_preserve(session, fd, 1), -EPROTONOSUPPORT);
	check_ret(luo_unpreserve(session, 1), -ENOENT);
	check_ret(data_write(fd, SEED + 1, SIZE, PAGE), 0, "it can still grow");
	check_ret(guest_write(WRITE, "2"), 0);
	check_ret(luo_preserve(session, fd, 1), 0, "version 2 fits");
	check_ret(luo_unpreserve(session, 1), 0);
	check_ret(guest_write(WRITE, "1"), 0);
	check_ret(luo_preserve(session, fd, 1), -EPROTONOSUPPORT);
	check_ret(guest_kexec_unload(), 0);
	check_ret(luo_preserve(session, fd, 1), 0);
	close(image);
}

STORY(versions_preserve, .stages = 1, .stage = { versions_preserve });

/*
 * F9: the image says nothing of memfds, and the kernel in it cannot read these.
 * What it cannot read waits, counts for the next image, and rides along to a
 * kernel that can.
 */
static void silent_save(void)
{
	if (access(WRITE, F_OK))
		story_skip("no CONFIG_LIVEUPDATE_MEMFD_TEST_V2");
	put("silent", SEED, 1);
	story_next_cmdline("memfd_luo_v2.write=2 memfd_luo_v2.reads=2 luo.silent=1");
}

static void silent_wait(void)
{
	int session, image;

	if (access(WRITE, F_OK))
		story_skip("no CONFIG_LIVEUPDATE_MEMFD_TEST_V2");
	session = require_fd(luo_retrieve("silent"));
	check_ret(luo_get(session, 1), -EPROTONOSUPPORT);
	check_ret(luo_get(session, 1), -EPROTONOSUPPORT, "and again");
	close(session);
	/* The state of this run is such a file, too, and was made anew as version 2. */
	image = image_memfd(2, 2);
	check_ret(guest_kexec_load_image(image, false, ""), -EPROTONOSUPPORT,
		  "version 1 waits");
	check_ret(guest_luoctl_image(image), LUOCTL_REFUSED);
	close(image);
	image = image_memfd(1, 1);
	check_ret(guest_kexec_load_image(image, false, ""), -EPROTONOSUPPORT,
		  "version 2 is preserved");
	close(image);
	image = image_memfd(1, 2);
	check_ret(guest_kexec_load_image(image, false, ""), 0);
	check_ret(guest_luoctl_image(image), LUOCTL_OK);
	check_ret(guest_kexec_unload(), 0);
	close(image);
	story_next_cmdline("memfd_luo_v2.write=1 memfd_luo_v2.reads=0");
}

static void silent_load(void)
{
	if (access(WRITE, F_OK))
		story_skip("no CONFIG_LIVEUPDATE_MEMFD_TEST_V2");
	get("silent", SEED);
}

STORY(versions_silent, .stages = 3, .flags = STORY_NO_STATE,
      .stage = { silent_save, silent_wait, silent_load });
