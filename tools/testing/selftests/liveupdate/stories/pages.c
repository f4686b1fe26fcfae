// SPDX-License-Identifier: GPL-2.0
/* A memfd comes back as it was: its pages, and the holes between them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x4004

/* Ranges of data by SEEK_DATA, the same in both kernels. */
struct ranges {
	struct file_attr attr;
	unsigned int nr;
	struct {
		off_t from, to;
	} range[64];
};

static void ranges_get(int fd, struct ranges *r)
{
	off_t pos = 0, keep = lseek(fd, 0, SEEK_CUR);

	memset(r, 0, sizeof(*r));
	while (r->nr < 64) {
		pos = lseek(fd, pos, SEEK_DATA);
		if (pos < 0)
			break;
		r->range[r->nr].from = pos;
		pos = lseek(fd, pos, SEEK_HOLE);
		r->range[r->nr++].to = pos;
	}
	lseek(fd, keep, SEEK_SET);
	file_attr_get(fd, &r->attr);
}

static void ranges_check(int fd, const struct ranges *want)
{
	struct ranges got;
	unsigned int i;

	ranges_get(fd, &got);
	check(got.nr == want->nr, "%u ranges of data, not %u", got.nr, want->nr);
	for (i = 0; i < want->nr && i < got.nr; i++)
		check(got.range[i].from == want->range[i].from &&
		      got.range[i].to == want->range[i].to,
		      "range %u is %#lx-%#lx, not %#lx-%#lx", i,
		      (long)got.range[i].from, (long)got.range[i].to,
		      (long)want->range[i].from, (long)want->range[i].to);
	file_attr_check(fd, &want->attr, true);
}

#define SPARSE	(1024 * GiB)

static const off_t sparse_at[] = {
	0, 64 * KiB, 3 * MiB, GiB - PAGE, 5 * GiB, 64 * GiB, SPARSE - 4 * PAGE,
};

#define NR_SPARSE	ARRAY_SIZE(sparse_at)

static void sparse_save(void)
{
	int session = require_fd(luo_create("sparse")), fd;
	struct counters before, after;
	unsigned int i;

	fd = require_fd(data_memfd_sparse("sparse", 0, SPARSE));
	for (i = 0; i < NR_SPARSE; i++)
		check_ret(data_write(fd, SEED, sparse_at[i], 4 * PAGE), 0);
	counters_get(&before);
	check_ret(luo_preserve(session, fd, 1), 0);
	counters_get(&after);
	check(after.shmem_kb == before.shmem_kb, "preserving allocated %ld kB",
	      after.shmem_kb - before.shmem_kb);
	if (before.preserved_pages >= 0)
		check(after.preserved_pages - before.preserved_pages < 64,
		      "%ld pages for a file of %zu",
		      after.preserved_pages - before.preserved_pages,
		      4 * NR_SPARSE);
	ranges_get(fd, story_note());
}

static void sparse_load(void)
{
	int session = require_fd(luo_retrieve("sparse")), fd;
	unsigned int i;

	fd = require_fd(luo_get(session, 1));
	ranges_check(fd, story_note());
	for (i = 0; i < NR_SPARSE; i++)
		check_ret(data_check(fd, SEED, sparse_at[i], 4 * PAGE), 0);
	check_ret(data_check_zero(fd, 6 * GiB, MiB), 0);
	check_ret(luo_finish(session), 0);
}

STORY(sparse, .stages = 2, .stage = { sparse_save, sparse_load });

/* Every other page: the record of the worst case. */
#define CHECKER	(8 * MiB)

static void checker_save(void)
{
	int session = require_fd(luo_create("checker")), fd;
	off_t off;

	fd = require_fd(data_memfd_sparse("checker", 0, CHECKER));
	for (off = 0; off < (off_t)CHECKER; off += 2 * PAGE)
		require(!data_write(fd, SEED, off, PAGE));
	check_ret(luo_preserve(session, fd, 1), 0);
	file_attr_get(fd, story_note());
}

static void checker_load(void)
{
	int session = require_fd(luo_retrieve("checker")), fd;
	off_t off;

	fd = require_fd(luo_get(session, 1));
	file_attr_check(fd, story_note(), true);
	for (off = 0; off < (off_t)CHECKER; off += 2 * PAGE) {
		require(!data_check(fd, SEED, off, PAGE));
		require(!data_check_zero(fd, off + PAGE, PAGE));
	}
	check_ret(luo_finish(session), 0);
}

STORY(checker, .stages = 2, .stage = { checker_save, checker_load });

/* Allocated and never written, then written once it was preserved. */
#define ALLOCATED	(2 * MiB)

static void allocated_save(void)
{
	int session = require_fd(luo_create("allocated")), fd;
	char *map;

	fd = require_fd(data_memfd_sparse("allocated", 0, ALLOCATED));
	check(!fallocate(fd, 0, 0, ALLOCATED));
	check_ret(luo_preserve(session, fd, 1), 0);
	check_ret(data_write(fd, SEED, 16 * PAGE, 16 * PAGE), 0);
	map = mmap(NULL, ALLOCATED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED);
	data_page(map + MiB, SEED, MiB);
	data_page(map + ALLOCATED - PAGE, SEED, ALLOCATED - PAGE);
	map[100 * PAGE + 7] = 7;
	ranges_get(fd, story_note());
}

static void allocated_load(void)
{
	int session = require_fd(luo_retrieve("allocated")), fd;
	const struct ranges *want = story_note();
	char page[PAGE];

	fd = require_fd(luo_get(session, 1));
	file_attr_check(fd, &want->attr, true);
	check_ret(data_check(fd, SEED, 16 * PAGE, 16 * PAGE), 0);
	check_ret(data_check(fd, SEED, MiB, PAGE), 0);
	check_ret(data_check(fd, SEED, ALLOCATED - PAGE, PAGE), 0);
	check_ret(data_check_zero(fd, 0, 16 * PAGE), 0);
	check_ret(data_check_zero(fd, 32 * PAGE, 68 * PAGE), 0);
	check_ret(data_check_zero(fd, MiB + PAGE, MiB - 2 * PAGE), 0);
	check(pread(fd, page, PAGE, 100 * PAGE) == PAGE && page[7] == 7 &&
	      !page[6] && !page[8]);
	check_ret(luo_finish(session), 0);
}

STORY(allocated, .stages = 2, .stage = { allocated_save, allocated_load });

/* Large folios come back with their order. */
#define HUGE	(16 * MiB)

static void huge_save(void)
{
	long before = meminfo_kb("ShmemHugePages"), now;
	int session, fd;

	if (guest_write("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "force"))
		story_skip("no huge pages for shmem");
	session = require_fd(luo_create("huge"));
	fd = require_fd(data_memfd("huge", 0, SEED, HUGE));
	guest_write("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never");
	now = meminfo_kb("ShmemHugePages") - before;
	check(now >= (long)(HUGE / KiB), "only %ld kB in huge pages", now);
	check_ret(luo_preserve(session, fd, 1), 0);
}

static void huge_load(void)
{
	int session = require_fd(luo_retrieve("huge")), fd;
	long before = meminfo_kb("ShmemHugePages"), now;

	fd = require_fd(luo_get(session, 1));
	check_ret(data_check(fd, SEED, 0, HUGE), 0);
	now = meminfo_kb("ShmemHugePages") - before;
	check(now == (long)(HUGE / KiB), "%ld kB in huge pages", now);
	check_ret(luo_finish(session), 0);
	check(!ftruncate(fd, PAGE));
	check_ret(data_check(fd, SEED, 0, PAGE), 0);
}

STORY(huge, .stages = 2, .stage = { huge_save, huge_load });

/* Pages that are in swap when the file is preserved. */
#define SWAPPED	(16 * MiB)

static void page_out(int fd, size_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	require(map != MAP_FAILED);
	madvise(map, size, MADV_POPULATE_READ);
	madvise(map, size, MADV_PAGEOUT);
	munmap(map, size);
}

static void swapped_save(void)
{
	int session, fd;
	long used;

	if (guest_swapon())
		story_skip("no swap: errno %d", errno);
	session = require_fd(luo_create("swapped"));
	fd = require_fd(data_memfd("swapped", 0, SEED, SWAPPED));
	page_out(fd, SWAPPED);
	used = meminfo_kb("SwapTotal") - meminfo_kb("SwapFree");
	check(used > (long)(SWAPPED / KiB / 2), "only %ld kB in swap", used);
	check_ret(luo_preserve(session, fd, 1), 0);
	used = meminfo_kb("SwapTotal") - meminfo_kb("SwapFree") -
	       meminfo_kb("SwapCached");
	check(used < 1024, "%ld kB still in swap", used);
	page_out(fd, SWAPPED);
	used = meminfo_kb("SwapTotal") - meminfo_kb("SwapFree") -
	       meminfo_kb("SwapCached");
	check(used < 1024, "preserved, and %ld kB went to swap", used);
}

static void swapped_load(void)
{
	int session = require_fd(luo_retrieve("swapped")), fd;

	fd = require_fd(luo_get(session, 1));
	check_ret(data_check(fd, SEED, 0, SWAPPED), 0);
	check_ret(luo_finish(session), 0);
}

STORY(swapped, .stages = 2, .stage = { swapped_save, swapped_load });

#define FAILING		(64 * PAGE)
#define FAIL_SWITCH	"/sys/block/ram0/make-it-fail"
#define FAIL_ATTR	"/sys/kernel/debug/fail_make_request/"

/* F2: a page cannot be read back; the file is as it was. After swapped. */
static void swap_fails(void)
{
	int session, fd;

	if (guest_write(FAIL_SWITCH, "0") ||
	    guest_write(FAIL_ATTR "probability", "100"))
		story_skip("no requests fail on demand");
	session = require_fd(luo_create("swap-fails"));
	guest_write(FAIL_ATTR "times", "-1");
	guest_write(FAIL_ATTR "verbose", "0");
	fd = require_fd(data_memfd("swap-fails", 0, SEED, FAILING));
	page_out(fd, FAILING);
	check_ret(guest_write(FAIL_SWITCH, "1"), 0);
	check_ret(luo_preserve(session, fd, 1), -EIO);
	check_ret(guest_write(FAIL_SWITCH, "0"), 0);
	check(!ftruncate(fd, 0) && !ftruncate(fd, PAGE), "still frozen");
	check_ret(luo_preserve(session, fd, 1), 0);
	close(session);
}

STORY(swap_fails, .stages = 1, .stage = { swap_fails });
