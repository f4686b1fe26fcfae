// SPDX-License-Identifier: GPL-2.0
/* Updates that are refused while they are harmless: F5, F6, F18. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/nth.h"
#include "../lib/story.h"

#define SEED	0xb00b

static int load_zeroes(void)
{
	return guest_kexec_load_legacy(true);
}

/* An image that takes nothing along, and a file: whoever comes second is refused. */
static void against(int session, int fd, int (*load)(void))
{
	check_ret(load(), 0, "nothing is preserved");
	check_ret(luo_preserve(session, fd, 1), -ENOEXEC);
	check_ret(guest_kexec_load_legacy(false), 0);
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(load(), -ENOEXEC);
	check_ret(luo_unpreserve(session, 1), 0);
	check_ret(load(), 0, "nothing is preserved again");
	check_ret(guest_kexec_load_legacy(false), 0);
}

/* An image of kexec_load(2) takes nothing along, a kexec jump least of all. */
static void legacy_image(void)
{
	int session = require_fd(luo_create("legacy")), fd, jump;

	fd = require_fd(data_memfd("legacy", 0, SEED, PAGE));
	against(session, fd, load_zeroes);
	jump = guest_kexec_load_jump();
	check_ret(guest_kexec_load_legacy(false), 0);
	if (!jump)
		against(session, fd, guest_kexec_load_jump);
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(guest_kexec_load(false, ""), 0);
	check_ret(guest_kexec_unload(), 0);
	/* Without an image there is nothing to reboot into. */
	check(guest_kexec() < 0);
	close(session);
	check_ret(guest_kexec_load_legacy(true), 0, "nothing is preserved again");
	check_ret(guest_kexec_load_legacy(false), 0);
}

STORY(legacy_image, .stages = 1, .stage = { legacy_image });

/* Bad memory: refused before PRESERVE, marked if it goes bad after it. */

/* The process that has a bad page mapped gets a SIGBUS that it cannot ignore. */
static int poison_page(int fd, unsigned long page)
{
	int status;
	pid_t pid;
	char *map;

	pid = fork();
	if (!pid) {
		map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		_exit(madvise(map + page * PAGE, PAGE, MADV_HWPOISON) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

static void poison_save(void)
{
	int bad = require_fd(data_memfd("bad", 0, SEED, 4 * PAGE)), session, later, ret;

	ret = poison_page(bad, 1);
	if (ret)
		story_skip("no memory failure here: %d", ret);
	session = require_fd(luo_create("poison"));
	check_ret(luo_preserve(session, bad, 1), -EHWPOISON);
	later = require_fd(data_memfd("later", 0, SEED, 4 * PAGE));
	check_ret(luo_preserve(session, later, 2), 0);
	check_ret(poison_page(later, 2), 0);
}

/* Looks at a page through a mapping: the signal that this gives, or 0. */
static int signal_of_page(int fd, unsigned long page)
{
	volatile char *map;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		map = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		_exit(map[page * PAGE]);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void poison_load(void)
{
	int session = require_fd(luo_retrieve("poison")), fd;
	char page[PAGE];

	check_ret(luo_get(session, 1), -ENOENT);
	fd = require_fd(luo_get(session, 2));
	check_ret(data_check(fd, SEED, 0, 2 * PAGE), 0);
	check_ret(data_check(fd, SEED, 3 * PAGE, PAGE), 0);
	check(pread(fd, page, PAGE, 2 * PAGE) < 0 && errno == EIO, "errno %d", errno);
	check(signal_of_page(fd, 2) == SIGBUS);
	check(signal_of_page(fd, 1) == 0);
	check_ret(luo_finish(session), 0);
}

STORY(poison, .stages = 2, .stage = { poison_save, poison_load });

#define ALLOC_FILES	48
#define ALLOC_SIZE	(64 * KiB)
#define ALLOC_FAR	(3 * GiB)
#define ALLOC_ENDS	32

/* Ending a session may get along without what fails: there is another one then. */
static void ends_save(const char *how)
{
	char name[32];
	int session, fd, i;

	for (i = 0; i < ALLOC_ENDS; i++) {
		snprintf(name, sizeof(name), "alloc-%s-%d", how, i);
		session = require_fd(luo_create(name));
		fd = require_fd(data_memfd("alloc", 0, SEED, PAGE));
		check_ret(luo_preserve(session, fd, 1), 0);
		close(fd);
	}
}

/* F1, F10: retrieve with the nth allocation or copy failing, until it works. */
static void alloc_save(void)
{
	int session = require_fd(luo_create("alloc")), fd, i;

	ends_save("finish");
	ends_save("discard");
	for (i = 0; i < ALLOC_FILES; i++) {
		fd = require_fd(data_memfd_sparse("alloc", 0, 4 * GiB));
		check_ret(data_write(fd, SEED + i, 0, ALLOC_SIZE), 0);
		check_ret(data_write(fd, SEED + i, ALLOC_FAR, 8 * PAGE), 0);
		check_ret(luo_preserve(session, fd, i), 0);
	}
}

/* Of the call that is swept over. */
static struct {
	int session, token, nr;
	char name[32];
} args;

static int sweep(int (*call)(void *), void (*undo)(void *, int))
{
	/* ENOSPC: that is what shmem says without an inode */
	struct nth_call nth = { call, undo, .error = ENOSPC };
	struct nth_swept swept;
	int ret = nth_sweep(&nth, &swept);

	require(ret >= 0, "%d after %u allocations, %u copies", ret,
		swept.allocations, swept.copies);
	check(!nth_has_copies() || swept.copies, "no copy failed");
	story_log("%u allocations, %u copies failed; %u more without harm",
		  swept.allocations, swept.copies, swept.spared);
	return ret;
}

static int call_get(void *arg)
{
	return luo_get(args.session, args.token);
}

/* It is there, and stays so: sweep on over the next one, which is of the same kind. */
static void undo_get(void *arg, int fd)
{
	check_ret(data_check(fd, SEED + args.token, 0, ALLOC_SIZE), 0);
	check_ret(data_check(fd, SEED + args.token, ALLOC_FAR, 8 * PAGE), 0);
	close(fd);
	args.token++;
}

static int call_retrieve(void *arg)
{
	return luo_retrieve("alloc");
}

static void name_end(const char *how)
{
	snprintf(args.name, sizeof(args.name), "alloc-%s-%d", how, args.nr);
}

/* The next session that can be finished: all of it is retrieved. */
static void open_finish(void)
{
	name_end("finish");
	args.session = require_fd(luo_retrieve(args.name));
	close(require_fd(luo_get(args.session, 1)));
}

static int call_finish(void *arg)
{
	return luo_finish(args.session);
}

static void undo_finish(void *arg, int ret)
{
	close(args.session);
	check_ret(luo_retrieve(args.name), -ENOENT);
	args.nr++;
	require(args.nr < ALLOC_ENDS);
	open_finish();
}

static int call_discard(void *arg)
{
	return luo_discard(args.name);
}

static void undo_discard(void *arg, int ret)
{
	check_ret(luo_retrieve(args.name), -ENOENT);
	args.nr++;
	require(args.nr < ALLOC_ENDS);
	name_end("discard");
}

/* What was not ended on the way. */
static void discard_rest(const char *how)
{
	for (args.nr++; args.nr < ALLOC_ENDS; args.nr++) {
		name_end(how);
		check_ret(luo_discard(args.name), 0);
	}
}

static void sweep_ends(void)
{
	args.nr = 0;
	open_finish();
	sweep(call_finish, undo_finish);
	close(args.session);
	check_ret(luo_retrieve(args.name), -ENOENT);
	discard_rest("finish");
	args.nr = 0;
	name_end("discard");
	sweep(call_discard, undo_discard);
	check_ret(luo_retrieve(args.name), -ENOENT);
	discard_rest("discard");
}

static void alloc_discard(void)
{
	check_ret(luo_discard("alloc"), 0);
	args.nr = -1;
	discard_rest("finish");
	args.nr = -1;
	discard_rest("discard");
}

static void alloc_load(void)
{
	if (nth_open()) {
		alloc_discard();
		story_skip("no fault injection in this kernel");
	}
	args.session = sweep(call_retrieve, nth_close);
	undo_get(NULL, sweep(call_get, undo_get));
	check(args.token < ALLOC_FILES);
	while (args.token < ALLOC_FILES)
		undo_get(NULL, require_fd(call_get(NULL)));
	check_ret(luo_finish(args.session), 0);
	sweep_ends();
}

STORY(alloc, .stages = 2, .stage = { alloc_save, alloc_load });
