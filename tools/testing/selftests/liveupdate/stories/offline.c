// SPDX-License-Identifier: GPL-2.0
/*
 * F18: a block of memory with preserved pages does not go offline, neither in the
 * kernel that preserves them nor in the next one. The same block does, the same
 * way, once they are taken back, taken over or given up.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SIZE		(128 * MiB)	/* some of it is not where the kernel is */
#define MEMORY		"/sys/devices/system/memory/"
#define BLOCKS		64

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
static uint64_t blocks_of(int fd, off_t len, unsigned long size)
{
	uint64_t blocks = 0;
	off_t off;

	for (off = 0; off < len; off += 16 * PAGE)
		blocks |= 1ULL << data_phys(fd, off) / size % BLOCKS;
	return blocks;
}

/* Take each of these blocks offline and online again; how many could go. */
static unsigned int blocks_that_go(uint64_t blocks)
{
	unsigned int block, went = 0;
	int ret;

	for (block = 0; block < BLOCKS; block++) {
		if (!(blocks & 1ULL << block))
			continue;
		ret = block_offline(block);
		story_log("block %u: %d", block, ret);
		if (ret)
			continue;
		went++;
		check_ret(block_set(block, "online"), 0);
	}
	return went;
}

#define STAYS	"some of them are preserved"

/*
 * All of them are refused, and at once; EINVAL: the block has memory of two zones.
 * At least one for no other reason than that: in a zone of which all memory is
 * said to be movable, nothing else knows that it cannot go.
 */
static void blocks_stay(uint64_t blocks)
{
	unsigned int block, before = guest_log_count(STAYS);
	int ret;

	for (block = 0; block < BLOCKS; block++) {
		if (!(blocks & 1ULL << block))
			continue;
		ret = block_offline(block);
		check(ret == -EBUSY || ret == -EINVAL, "block %u: %d", block, ret);
		story_log("block %u: %d", block, ret);
	}
	check(guest_log_count(STAYS) > before);
}

static void offline(void)
{
	unsigned long size = block_size();
	int session = require_fd(luo_create("offline"));
	int fd = require_fd(data_memfd_sparse("offline", 0, SIZE));
	uint64_t blocks;

	require(!fallocate(fd, 0, 0, SIZE));
	check_ret(luo_preserve(session, fd, 1), 0);
	blocks = blocks_of(fd, SIZE, size);
	blocks_stay(blocks);
	check_ret(luo_unpreserve(session, 1), 0);
	check(blocks_that_go(blocks), "none of these blocks can go at all");
	check_ret(data_check_zero(fd, SIZE / 2, 16 * PAGE), 0);
}

STORY(offline, .stages = 1, .stage = { offline });

#define SEED	0x0ff
#define LARGE	(192 * MiB)	/* each has some blocks to itself */
#define FILLER	(896 * MiB)

/* Of each session, the blocks that its file has pages in. */
struct offline_note {
	uint64_t taken;
	uint64_t given_up;
};

static uint64_t next_save_one(const char *name)
{
	int session = require_fd(luo_create(name));
	int fd = require_fd(data_memfd(name, 0, SEED, LARGE));

	check_ret(luo_preserve(session, fd, 1), 0);
	return blocks_of(fd, LARGE, block_size());
}

static void next_save(void)
{
	struct offline_note *note = story_note();

	/* The first memory that is given out is not what the next kernel has movable. */
	require(!fallocate(require_fd(data_memfd_sparse("filler", 0, FILLER)), 0, 0,
			   FILLER));
	note->taken = next_save_one("offline-taken");
	note->given_up = next_save_one("offline-given-up");
}

/* Nobody has looked at the files yet, then one of them is still there. */
static void next_load(void)
{
	const struct offline_note *note = story_note();
	int session, fd;

	require(note->taken && note->given_up);
	blocks_stay(note->taken | note->given_up);
	session = require_fd(luo_retrieve("offline-taken"));
	fd = require_fd(luo_get(session, 1));
	check_ret(luo_finish(session), 0);
	blocks_stay(note->given_up);
	check(blocks_that_go(note->taken & ~note->given_up), "none taken over can go");
	check_ret(data_check(fd, SEED, 0, LARGE), 0);
	check_ret(luo_discard("offline-given-up"), 0);
	check(blocks_that_go(note->given_up & ~note->taken), "none given up can go");
}

STORY(offline_next, .stages = 2, .stage = { next_save, next_load },
      .next_cmdline = "movablecore=1G");
