// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "nth.h"
#include "story.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define MOST		500

static int nth_file = -1;

int nth_open(void)
{
	guest_write(DEBUGFS "failslab/ignore-gfp-wait", "N");
	guest_write(DEBUGFS "failslab/verbose", "0");
	guest_write(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	guest_write(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	guest_write(DEBUGFS "fail_page_alloc/min-order", "0");
	guest_write(DEBUGFS "fail_page_alloc/verbose", "0");
	guest_write(DEBUGFS "fail_usercopy/verbose", "0");
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_file < 0 ? -errno : 0;
}

bool nth_has_copies(void)
{
	return !access(DEBUGFS "fail_usercopy", F_OK);
}

void nth_set(unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	(void)!pwrite(nth_file, text, strlen(text), 0);
}

/* Reading is a copy, too: where only that was left to fail, nothing came before. */
bool nth_came(void)
{
	char text[16] = "";
	bool came;

	came = pread(nth_file, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	nth_set(0);
	return came;
}

static bool explained(const struct nth_call *call, int ret, struct nth_swept *swept)
{
	if (ret == -EFAULT)
		swept->copies++;
	else if (ret == -ENOMEM || ret == -ENFILE || (call->error && ret == -call->error))
		swept->allocations++;
	else
		return false;
	return true;
}

/* A call that got along has to be swept on over, or it ends at its first excuse. */
int nth_sweep(const struct nth_call *call, struct nth_swept *swept)
{
	unsigned int n;
	bool came;
	int ret;

	memset(swept, 0, sizeof(*swept));
	for (n = 1; n < MOST; n++) {
		nth_set(n);
		ret = call->call(call->arg);
		came = nth_came();
		if (ret >= 0 && !came)
			return ret;
		if (ret >= 0) {
			swept->spared++;
			call->undo(call->arg, ret);
		} else if (!came || !explained(call, ret, swept)) {
			story_log("failure %u: %d", n, ret);
			return ret;
		}
	}
	return -ELOOP;
}

void nth_close(void *arg, int fd)
{
	close(fd);
}

void nth_nothing(void *arg, int ret)
{
}
