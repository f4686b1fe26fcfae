// SPDX-License-Identifier: GPL-2.0
/*
 * F18: a block of memory with preserved pages does not go offline. The same
 * block does, the same way, once they are taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SIZE		(128 * MiB)	/* some of it is not where the kernel is */
#define MEMORY		"/sys/devices/system/memory/"
#define BLOCKS		64
#define LOG_READ_ALL	3

static unsigned long block_size(void)
{
	char text[32];

	if (guest_read(MEMORY "block_size_bytes", text, sizeof(text)) < 0)
		story_skip("no memory hotplug in this kernel");
	return strtoul(text, NULL, 16);
}

static int block_set(unsigned int block, const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), MEMORY "memory%u/state", block);
	return guest_write(path, state);
}

/* Pages that cannot move are tried again and again: a signal ends that. */
static void stop(int sig)
{
}

static int block_offline(unsigned int block)
{
	struct sigaction sa = { .sa_handler = stop };
	int ret;

	sigaction(SIGALRM, &sa, NULL);
	alarm(2);
	ret = block_set(block, "offline");
	alarm(0);
	return ret;
}

/* One bit for each block that has a page of the file. */
static uint64_t blocks_of(int fd, unsigned long size)
{
	uint64_t blocks = 0;
	off_t off;

	for (off = 0; off < (off_t)SIZE; off += 16 * PAGE)
		blocks |= 1ULL << data_phys(fd, off) / size % BLOCKS;
	return blocks;
}

static bool log_says(const char *what)
{
	static char text[262144];
	int len = klogctl(LOG_READ_ALL, text, sizeof(text) - 1);

	text[len < 0 ? 0 : len] = '\0';
	return strstr(text, what);
}

static void offline(void)
{
	unsigned long size = block_size();
	int session = require_fd(luo_create("offline")), ret;
	int fd = require_fd(data_memfd_sparse("offline", 0, SIZE));
	unsigned int block, went = 0;
	uint64_t blocks;

	require(!fallocate(fd, 0, 0, SIZE));
	check_ret(luo_preserve(session, fd, 1), 0);
	blocks = blocks_of(fd, size);
	for (block = 0; block < BLOCKS; block++) {
		if (!(blocks & 1ULL << block))
			continue;
		ret = block_offline(block);
		check(ret == -EBUSY || ret == -EINVAL, "block %u: %d", block, ret);
		story_log("block %u: %d", block, ret);
	}
	check(log_says("some of them are preserved"));
	check_ret(luo_unpreserve(session, 1), 0);
	for (block = 0; block < BLOCKS; block++) {
		if (!(blocks & 1ULL << block))
			continue;
		ret = block_offline(block);
		story_log("block %u, taken back: %d", block, ret);
		if (ret)
			continue;
		went++;
		check_ret(block_set(block, "online"), 0);
	}
	check(went, "none of these blocks can go at all");
	check_ret(data_check_zero(fd, SIZE / 2, 16 * PAGE), 0);
}

STORY(offline, .stages = 1, .stage = { offline });
