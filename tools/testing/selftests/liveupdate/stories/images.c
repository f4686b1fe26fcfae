// SPDX-License-Identifier: GPL-2.0
/* F5: images that nothing can be given to, and files that would be lost. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../../../kernel/liveupdate/luo_abi_image.h"
#include "../../../../liveupdate/luoctl/luoctl.h"
#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/image.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0xbad1
#define SIZE	(2 * MiB)

static int load(int image)
{
	return guest_kexec_load_image(image, false, "");
}

/* An image, and a file: whoever comes second is refused, if it is to be. */
static void against(int session, int fd, int image, int error, const char *what)
{
	story_log("%s", what);
	check_ret(load(image), 0, "nothing is preserved");
	check_ret(luo_preserve(session, fd, 1), error);
	if (!error)
		check_ret(luo_unpreserve(session, 1), 0);
	check_ret(guest_kexec_unload(), 0);
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(load(image), error);
	check(guest_kexec_loaded() == !error);
	check_ret(guest_luoctl_image(image), error ? LUOCTL_REFUSED : LUOCTL_OK, "%s",
		  what);
	if (!error)
		check_ret(guest_kexec_unload(), 0);
	check_ret(luo_unpreserve(session, 1), 0);
	close(image);
}

static int damaged(long offset)
{
	int image = require_fd(image_copy());

	check_ret(image_damage(image, offset), 0);
	return image;
}

static int with_range(uint32_t kind, const char *name, uint32_t min, uint32_t max)
{
	int image = require_fd(image_copy());

	check_ret(image_set_range(image, kind, name, min, max), 0);
	return image;
}

static int without(uint32_t kind, const char *name)
{
	int image = require_fd(image_copy());

	check_ret(image_undeclare(image, kind, name), 0);
	return image;
}

static void wrong_images(void)
{
	int session = require_fd(luo_create("images"));
	int fd = require_fd(data_memfd("images", 0, SEED, SIZE));

	against(session, fd, require_fd(image_copy()), 0, "as it was built");
	against(session, fd, damaged(-16), -ENOEXEC, "no chunk of ours");
	against(session, fd, damaged(-12), -ENOEXEC, "its size is wrong");
	against(session, fd, damaged(-8), -ENOEXEC, "another format");
	against(session, fd, with_range(LUO_RANGE_CORE, LUO_CORE_KHO, 3, 3),
		-EPROTONOSUPPORT, "newer KHO");
	against(session, fd, with_range(LUO_RANGE_CORE, LUO_CORE_KHO, 1, 1),
		-EPROTONOSUPPORT, "older KHO");
	against(session, fd, with_range(LUO_RANGE_CORE, LUO_CORE_KHO, 1, 3), 0,
		"reads three versions of KHO");
	against(session, fd, without(LUO_RANGE_CORE, LUO_CORE_HEADER),
		-EPROTONOSUPPORT, "no orchestrator");
	against(session, fd, with_range(LUO_RANGE_CORE, LUO_CORE_PAGE_SHIFT, 16, 16),
		-EPROTONOSUPPORT, "64 KiB pages");
	against(session, fd, with_range(LUO_RANGE_FILE, "memfd", 7, 9),
		-EPROTONOSUPPORT, "newer memfds");
	against(session, fd, without(LUO_RANGE_FILE, "memfd"), 0,
		"memfd may be a module");
	check_ret(data_check(fd, SEED, 0, SIZE), 0);
}

STORY(wrong_images, .stages = 1, .stage = { wrong_images });

/* What is loaded counts, not what was refused, and not what was unloaded. */
static void images_between(void)
{
	int session = require_fd(luo_create("between")), good, bad;
	int fd = require_fd(data_memfd("between", 0, SEED, SIZE));
	int fd2 = require_fd(data_memfd("between", 0, SEED + 1, SIZE));

	good = require_fd(image_copy());
	bad = damaged(-16);
	check_ret(load(good), 0);
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(load(bad), -ENOEXEC, "a second load");
	check(guest_kexec_loaded(), "the first one stays");
	check_ret(guest_kexec_load_legacy(true), -ENOEXEC);
	check(guest_kexec_loaded(), "the first one stays");
	check_ret(luo_preserve(session, fd2, 2), 0, "it is the first that counts");
	check_ret(load(good), 0, "a second good one");
	check_ret(guest_kexec_unload(), 0);
	check(!guest_kexec_loaded());
	check(guest_kexec() < 0, "there is nothing to reboot into");
	check_ret(load(bad), -ENOEXEC, "after the unload");
	check_ret(luo_unpreserve(session, 1), 0);
	check_ret(luo_unpreserve(session, 2), 0);

	check_ret(load(bad), 0, "nothing is preserved");
	check_ret(luo_preserve(session, fd, 1), -ENOEXEC);
	check_ret(load(good), 0, "instead of the bad one");
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(guest_kexec_unload(), 0);
	check_ret(luo_unpreserve(session, 1), 0);
	check_ret(load(bad), 0);
	check_ret(guest_kexec_unload(), 0);
	check_ret(luo_preserve(session, fd, 1), 0, "the bad one is gone");
	check_ret(luo_unpreserve(session, 1), 0);
	check_ret(data_check(fd, SEED, 0, SIZE), 0);
	check_ret(data_check(fd2, SEED + 1, 0, SIZE), 0);
}

STORY(images_between, .stages = 1, .stage = { images_between });

/* Handlers in modules are not declared: allowed. They are shown in sysfs. */
static void images_module(void)
{
	int session = require_fd(luo_create("module")), image, fd;
	char text[32];

	foreign_load("");
	fd = require_fd(foreign_open(FOREIGN, 7));
	check(guest_read("/sys/kernel/liveupdate/file/luo-test/version", text,
			 sizeof(text)) > 0 && !strcmp(text, "1\n"));
	check_ret(luo_preserve(session, fd, 1), 0);
	image = require_fd(image_copy());
	check_ret(load(image), 0);
	check_ret(guest_luoctl_image(image), LUOCTL_OK);
	check_ret(guest_kexec_unload(), 0);
	close(session);
	close(fd);
	check_ret(guest_rmmod(FOREIGN_MODULE), 0);
	check_ret(guest_read("/sys/kernel/liveupdate/file/luo-test/version", text,
			     sizeof(text)), -ENOENT);
}

STORY(images_module, .stages = 1, .stage = { images_module });

/*
 * kexec_load(2) goes on working when nothing is preserved: this "kernel" says so
 * on the verdict channel by itself, in the name of the stage, and ends the guest
 * with a triple fault.
 */
#ifdef __x86_64__
#define PLAIN_CODE
asm(".pushsection .rodata\n"
	".balign 4096\n"
	"plain_code:\n"
	"	lea	plain_text(%rip), %rsi\n"
	"1:	lodsb\n"
	"	test	%al, %al\n"
	"	jz	3f\n"
	"	mov	%al, %bl\n"
	"	mov	$0x2fd, %dx\n"
	"2:	in	%dx, %al\n"
	"	test	$0x20, %al\n"
	"	jz	2b\n"
	"	mov	$0x2f8, %dx\n"
	"	mov	%bl, %al\n"
	"	out	%al, %dx\n"
	"	jmp	1b\n"
	"3:	lidt	plain_no_idt(%rip)\n"
	"	int3\n"
	"plain_text:\n"
	"	.asciz	\"ok 1 plain_kexec_load.1\\n\"\n"
	"plain_no_idt:\n"
	"	.fill	10, 1, 0\n"
	".balign 4096\n"
	".popsection\n");

extern const char plain_code[];
#endif

static void plain_kexec_load(void)
{
#ifdef PLAIN_CODE
	int session = require_fd(luo_create("plain"));
	int fd = require_fd(data_memfd("plain", 0, SEED, SIZE));

	/* Whoever goes has no word any more: nothing may have failed before. */
	require(!luo_preserve(session, fd, 1));
	require(guest_kexec_load_code(plain_code) == -ENOEXEC);
	require(!luo_unpreserve(session, 1));
	require(!guest_kexec_load_code(plain_code), "an empty session is nothing");
	check(false, "it did not go: %d", guest_kexec());
#else
	story_skip("no such code for this machine");
#endif
}

STORY(plain_kexec_load, .stages = 1, .stage = { plain_kexec_load });
