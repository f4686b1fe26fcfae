// SPDX-License-Identifier: GPL-2.0
/* KHO's own test, lib/test_kho.c: folios, runs, single pages, vmalloc areas. */
#include "../lib/guest.h"
#include "../lib/story.h"

#define KHO_TEST	"test_kho"
#define KHO_TEST_LATE	"/sys/module/test_kho/parameters/late"

static void kho_save(void)
{
	check_ret(guest_insmod(KHO_TEST, ""), 0);
	/* More of it when the image of the next kernel is there. */
	check_ret(guest_kexec_load(true, ""), 0);
	check_ret(guest_write(KHO_TEST_LATE, "1"), 0);
}

static void kho_load(void)
{
	check_ret(guest_insmod(KHO_TEST, ""), 0);
	check(guest_log_count("KHO restore succeeded") == 1);
	check(!guest_log_count("KHO restore failed"));
	check_ret(guest_rmmod(KHO_TEST), 0);
}

STORY(kho, .stages = 2, .stage = { kho_save, kho_load });
