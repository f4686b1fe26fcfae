// SPDX-License-Identifier: GPL-2.0
/*
 * Holes of a preserved file that are touched: a page that is in the file is
 * never missing from the record, whoever puts it there and however late.
 *
 * The witness is a second file, populated before it is preserved: one byte for
 * each page, written after the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x5005
#define PAGES	2048UL
#define SIZE	(PAGES * PAGE)

struct touched {
	int fd;
	char *map;
	volatile unsigned char *witness;
};

static struct touched touched;

static void touched_open(struct touched *t, int witness)
{
	t->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	t->witness = mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_SHARED,
			  witness, 0);
	require(t->map != MAP_FAILED && t->witness != MAP_FAILED);
}

/* One of the ways, see put_by_uffd(). */
static void touched_ready(void)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		story_skip("no userfaultfd");
	close(uffd);
}

static int touched_make(struct touched *t, const char *name)
{
	int session, witness;

	touched_ready();
	session = require_fd(luo_create(name));
	t->fd = require_fd(data_memfd_sparse("touched", 0, SIZE));
	witness = require_fd(data_memfd("witness", 0, 0, PAGES));
	touched_open(t, witness);
	memset((void *)t->witness, 0, PAGES);
	check_ret(luo_preserve(session, witness, 2), 0);
	return session;
}

static bool put_by_map(struct touched *t, unsigned long page)
{
	data_page(t->map + page * PAGE, SEED, page * PAGE);
	return true;
}

static bool put_by_write(struct touched *t, unsigned long page)
{
	char buf[PAGE];

	data_page(buf, SEED, page * PAGE);
	return pwrite(t->fd, buf, PAGE, page * PAGE) == (ssize_t)PAGE;
}

/* Read first: the hole becomes a page of zeroes in the file. */
static bool put_by_read_fault(struct touched *t, unsigned long page)
{
	if (*(volatile char *)(t->map + page * PAGE))
		return false;
	return put_by_map(t, page);
}

static bool put_by_splice(struct touched *t, unsigned long page)
{
	char buf[PAGE];
	off_t off = page * PAGE;
	bool done;
	int p[2];

	if (pipe(p))
		return false;
	data_page(buf, SEED, off);
	done = write(p[1], buf, PAGE) == (ssize_t)PAGE &&
	       splice(p[0], NULL, t->fd, &off, PAGE, 0) == (ssize_t)PAGE;
	close(p[0]);
	close(p[1]);
	return done;
}

static bool put_by_uffd(struct touched *t, unsigned long page)
{
	static __thread int uffd = -1;
	static __thread char *area;
	char buf[PAGE] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .len = PAGE, .src = (uintptr_t)buf };

	if (uffd < 0) {
		struct uffdio_api api = { .api = UFFD_API };
		struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

		uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
		area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
		reg.range.start = (uintptr_t)area;
		reg.range.len = SIZE;
		if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
		    ioctl(uffd, UFFDIO_REGISTER, &reg))
			return false;
	}
	data_page(buf, SEED, page * PAGE);
	copy.dst = (uintptr_t)area + page * PAGE;
	if (!ioctl(uffd, UFFDIO_COPY, &copy))
		return true;
	return errno == EEXIST && put_by_map(t, page);
}

static bool (*const puts_[])(struct touched *, unsigned long) = {
	put_by_map, put_by_write, put_by_read_fault, put_by_splice, put_by_uffd,
};

#define NR_PUTS	ARRAY_SIZE(puts_)

static void touched_check(const char *name, unsigned long least)
{
	int session = require_fd(luo_retrieve(name));
	unsigned long page, n = 0, bad = 0;

	touched.fd = require_fd(luo_get(session, 1));
	touched_open(&touched, require_fd(luo_get(session, 2)));
	for (page = 0; page < PAGES; page++) {
		if (!touched.witness[page])
			continue;
		n++;
		if (data_page_is(touched.map + page * PAGE, SEED, page * PAGE))
			continue;
		if (!bad++)
			story_log("page %lu is lost", page);
	}
	check(!bad, "%lu of %lu pages lost", bad, n);
	check(n >= least, "only %lu pages touched", n);
	story_log("%lu pages touched", n);
	check_ret(luo_finish(session), 0);
	for (page = 0; page < PAGES; page++)
		put_by_map(&touched, page);
	check_ret(data_check(touched.fd, SEED, 0, SIZE), 0);
}

/* Each way, once the file is preserved. */
static void filled_save(void)
{
	int session = touched_make(&touched, "filled");
	unsigned long page;

	check_ret(data_write(touched.fd, SEED, 0, 16 * PAGE), 0);
	memset((void *)touched.witness, 1, 16);
	check_ret(luo_preserve(session, touched.fd, 1), 0);
	for (page = 20; page < 1000; page += 1 + page % 7) {
		check(puts_[page % NR_PUTS](&touched, page), "way %lu, page %lu",
		      (unsigned long)(page % NR_PUTS), page);
		touched.witness[page] = 1;
	}
}

static void filled_load(void)
{
	touched_check("filled", 150);
}

STORY(filled, .stages = 2, .stage = { filled_save, filled_load });

struct toucher {
	pthread_t thread;
	struct touched *t;
	unsigned int number, of;
	unsigned int pause_us;
	unsigned long put;
};

/* Pages of its own, in an order of its own, as long as the kernel lives. */
static void *touch_forever(void *arg)
{
	struct toucher *self = arg;
	unsigned int rand = self->number;
	unsigned long page;

	for (;;) {
		page = rand_r(&rand) % (PAGES / self->of) * self->of + self->number;
		if (puts_[rand % NR_PUTS](self->t, page)) {
			self->t->witness[page] = 1;
			__atomic_fetch_add(&self->put, 1, __ATOMIC_RELAXED);
		}
		if (self->pause_us)
			usleep(self->pause_us);
	}
	return NULL;
}

static void touchers_start(struct toucher *threads, unsigned int n, unsigned int us)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		threads[i] = (struct toucher){
			.t = &touched, .number = i, .of = n, .pause_us = us,
		};
		require(!pthread_create(&threads[i].thread, NULL, touch_forever,
					&threads[i]));
	}
}

/* Four threads fill holes while the file is preserved, and until the jump. */
static void race_save(void)
{
	static struct toucher threads[4];
	int session = touched_make(&touched, "race");

	touchers_start(threads, 4, 2000);
	usleep(5000);
	check_ret(luo_preserve(session, touched.fd, 1), 0);
}

static void race_load(void)
{
	touched_check("race", 50);
}

STORY(race, .stages = 2, .stage = { race_save, race_load });

/* PRESERVE and its undoing, again and again, while four threads fill holes. */
static void preserve_loop(void)
{
	static struct toucher threads[4];
	unsigned long page;
	int round, session;

	session = touched_make(&touched, "loop");
	touchers_start(threads, 4, 500);
	for (round = 0; round < 40; round++) {
		session = luo_create("loop-round");
		require(session >= 0, "%d", session);
		check_ret(luo_preserve(session, touched.fd, 1), 0);
		usleep(1000 * (round % 4));
		for (page = 0; page < PAGES; page++)
			if (touched.witness[page] &&
			    !data_page_is(touched.map + page * PAGE, SEED, page * PAGE))
				break;
		check(page == PAGES, "page %lu is damaged", page);
		close(session);
	}
	for (round = 0; round < 4; round++)
		check(threads[round].put, "thread %d did nothing", round);
}

STORY(preserve_loop, .stages = 1, .stage = { preserve_loop });
