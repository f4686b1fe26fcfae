// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios of the benchmark. A figure is always *with minus without*: the
 * same call on an empty file is measured too, and bench_table.py takes it off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "bench.h"

enum { FIRST = 1, EMPTY, CONTIGUOUS, HUGE, SPARSE };

#define GIB_PAGES	(GiB / PAGE)
#define HUGE_PAGES	(256 * MiB / PAGE)
#define SPARSE_PAGES	256UL
#define SPARSE_STEP	(64 * GiB / SPARSE_PAGES)
#define FILES		1000
#define FILE_PAGES	(64 * KiB / PAGE)
#define MANY_SESSIONS	2000
#define MANY_FILES	5000
#define WINDOW		51	/* calls around the one that counts */
#define RUN_PAGES	(64 * MiB / PAGE)

/* One large file of each kind. */

static int memfd_sparse(void)
{
	static char page[PAGE] = "data";
	unsigned long i;
	int fd;

	fd = must_fd(data_memfd_sparse("sparse", 0, 64 * GiB));
	for (i = 0; i < SPARSE_PAGES; i++)
		must(pwrite(fd, page, PAGE, i * SPARSE_STEP) == PAGE);
	return fd;
}

/* Time and memory of one PRESERVE_FD, and what it moved out of the way. */
static void report_preserve(int session, int fd, int token, const char *name)
{
	long preserved = preserved_bytes(), tracker = tracker_bytes();
	long moved = moved_pages();
	struct stat st;
	char key[64];

	must(!fstat(fd, &st));
	snprintf(key, sizeof(key), "preserve_%s", name);
	figure(key, time_preserve(session, fd, token));
	snprintf(key, sizeof(key), "record_%s", name);
	figure(key, preserved_bytes() - preserved - st.st_blocks * 512);
	snprintf(key, sizeof(key), "tracker_%s", name);
	figure(key, tracker_bytes() - tracker);
	snprintf(key, sizeof(key), "moved_%s", name);
	figure(key, moved_pages() - moved);
}

static void big_before(void)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION));
	int huge = memfd_large("huge", HUGE_PAGES);
	int contiguous = memfd_full("contiguous", GIB_PAGES);
	int empty = memfd_full("empty", 0), sparse = memfd_sparse();

	figure("runs_contiguous", count_runs(contiguous, GIB_PAGES));
	report_preserve(session, memfd_full("first", 0), FIRST, "first");
	report_preserve(session, empty, EMPTY, "empty");
	report_preserve(session, contiguous, CONTIGUOUS, "contiguous");
	report_preserve(session, huge, HUGE, "huge");
	report_preserve(session, sparse, SPARSE, "sparse");
}

static void big_after(void)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), fd;

	time_retrieve(session, FIRST, &fd);
	figure("retrieve_empty", time_retrieve(session, EMPTY, &fd));
	figure("retrieve_contiguous", time_retrieve(session, CONTIGUOUS, &fd));
	figure("retrieve_huge", time_retrieve(session, HUGE, &fd));
	figure("retrieve_sparse", time_retrieve(session, SPARSE, &fd));
	must_fd(luo_finish(session));
}

const struct scenario scenario_big = { "big", big_before, big_after };

/* A thousand files; the jump from here is what stamps.py looks at, too. */

static void files_before(void)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION)), i;
	static int fd[FILES];
	uint64_t sum = 0;

	for (i = 0; i < FILES; i++)
		fd[i] = memfd_full("file", FILE_PAGES);
	for (i = 0; i < FILES; i++)
		sum += time_preserve(session, fd[i], i + 1);
	figure("preserve_file", (double)sum / FILES);
}

static void files_after(void)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), fd, i;
	uint64_t sum = 0;

	for (i = 0; i < FILES; i++)
		sum += time_retrieve(session, i + 1, &fd);
	figure("retrieve_file", (double)sum / FILES);
	must_fd(luo_finish(session));
}

const struct scenario scenario_files = { "files", files_before, files_after };

/* The last one of many against the 100th. */

static double growth(uint64_t *v, size_t n)
{
	uint64_t early = median(v + 100 - WINDOW / 2, WINDOW);

	return (double)median(v + n - WINDOW, WINDOW) / early;
}

static void scale_before(void)
{
	static uint64_t session[MANY_SESSIONS], file[MANY_FILES];
	uint64_t begin;
	char name[32];
	int fd = -1, i;

	for (i = 0; i < MANY_SESSIONS; i++) {
		snprintf(name, sizeof(name), "session-%d", i);
		begin = ticks();
		fd = luo_create_on(device(), name);
		session[i] = ticks() - begin;
		must_fd(fd);
	}
	for (i = 0; i < MANY_FILES; i++)
		file[i] = time_preserve(fd, memfd_full("one page", 1), i + 1);
	figure("growth_create", growth(session, MANY_SESSIONS));
	figure("growth_preserve", growth(file, MANY_FILES));
}

static void scale_after(void)
{
	static uint64_t session[MANY_SESSIONS], file[MANY_FILES];
	uint64_t begin;
	char name[32];
	int fd = -1, i, got;

	for (i = 0; i < MANY_SESSIONS; i++) {
		snprintf(name, sizeof(name), "session-%d", i);
		begin = ticks();
		fd = luo_retrieve_on(device(), name);
		session[i] = ticks() - begin;
		must_fd(fd);
	}
	for (i = 0; i < MANY_FILES; i++)
		file[i] = time_retrieve(fd, i + 1, &got);
	figure("growth_retrieve_session", growth(session, MANY_SESSIONS));
	figure("growth_retrieve", growth(file, MANY_FILES));
}

const struct scenario scenario_scale = { "scale", scale_before, scale_after };

/*
 * Every other page: two files take turns in asking for a page, and the buddy
 * allocator hands them out in ascending order. Only the first one is preserved.
 */
static void runs_before(void)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION));
	int a = must_fd(data_memfd_sparse("a", 0, RUN_PAGES * PAGE));
	int b = must_fd(data_memfd_sparse("b", 0, RUN_PAGES * PAGE));
	static char page[PAGE] = "data";
	size_t i;

	for (i = 0; i < RUN_PAGES; i++) {
		must(pwrite(a, page, PAGE, i * PAGE) == PAGE);
		must(pwrite(b, page, PAGE, i * PAGE) == PAGE);
	}
	figure("runs_alternate", count_runs(a, RUN_PAGES));
	report_preserve(session, memfd_full("first", 0), FIRST, "first");
	report_preserve(session, memfd_full("empty", 0), EMPTY, "empty");
	report_preserve(session, a, CONTIGUOUS, "alternate");
}

static void runs_after(void)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), fd;

	figure("retrieve_alternate", time_retrieve(session, CONTIGUOUS, &fd));
	must_fd(luo_finish(session));
}

const struct scenario scenario_runs = { "runs", runs_before, runs_after };

static void runs1_before(void)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION));

	time_preserve(session, memfd_full("small", MiB / PAGE), CONTIGUOUS);
}

static void runs1_after(void)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), fd;

	time_retrieve(session, CONTIGUOUS, &fd);
	must_fd(luo_finish(session));
}

const struct scenario scenario_runs1 = { "runs1", runs1_before, runs1_after };

/* Nothing preserved: what the purgatory of an image outside scratch costs. */

static void digest_nothing(void)
{
}

const struct scenario scenario_digest = { "digest", digest_nothing, digest_nothing };
