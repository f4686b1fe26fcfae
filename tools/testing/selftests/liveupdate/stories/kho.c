// SPDX-License-Identifier: GPL-2.0
/* KHO's own test, lib/test_kho.c: folios, runs, single pages, vmalloc areas. */
#include <string.h>
#include <sys/klog.h>

#include "../lib/guest.h"
#include "../lib/story.h"

#define KHO_TEST	"test_kho"
#define KHO_TEST_LATE	"/sys/module/test_kho/parameters/late"
#define READ_ALL	3	/* SYSLOG_ACTION_READ_ALL */

static bool kernel_said(const char *what)
{
	static char log[1 << 18];
	int len = klogctl(READ_ALL, log, sizeof(log) - 1);

	log[len > 0 ? len : 0] = '\0';
	return strstr(log, what);
}

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
	check(kernel_said("KHO restore succeeded"));
	check(!kernel_said("KHO restore failed"));
	check_ret(guest_rmmod(KHO_TEST), 0);
}

STORY(kho, .stages = 2, .stage = { kho_save, kho_load });
