// SPDX-License-Identifier: GPL-2.0
/* Measuring, and what has to be there before anything can be measured. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"
#include "bench.h"

#define PFN_MASK	((1ULL << 55) - 1)

void figure(const char *name, double value)
{
	verdict("@ fig %s %.3f\n", name, value);
}

void must_be(int good, const char *what, const char *file, int line)
{
	if (good)
		return;
	verdict("Bail out! %s:%d: %s: %s\n", file, line, what, strerror(errno));
	guest_end();
}

int must_not_fail(int ret, const char *what, const char *file, int line)
{
	if (ret >= 0)
		return ret;
	verdict("Bail out! %s:%d: %s: %s\n", file, line, what, strerror(-ret));
	guest_end();
}

int device(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = must_fd(luo_open());
	return fd;
}

uint64_t time_preserve(int session, int fd, uint64_t token)
{
	uint64_t begin = ticks();
	int ret = luo_preserve(session, fd, token);
	uint64_t end = ticks();

	must_fd(ret);
	return end - begin;
}

uint64_t time_retrieve(int session, uint64_t token, int *fd)
{
	uint64_t begin = ticks();
	int ret = luo_get(session, token);
	uint64_t end = ticks();

	*fd = must_fd(ret);
	return end - begin;
}

int memfd_full(const char *name, size_t pages)
{
	static char buf[64 * PAGE];
	size_t done, n;
	int fd;

	fd = must_fd(data_memfd_sparse(name, 0, pages * PAGE));
	memset(buf, 0x5a, sizeof(buf));
	for (done = 0; done < pages; done += n) {
		n = pages - done < 64 ? pages - done : 64;
		must(pwrite(fd, buf, n * PAGE, done * PAGE) == (ssize_t)(n * PAGE));
	}
	return fd;
}

int memfd_large(const char *name, size_t pages)
{
	const char *knob = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	int fd;

	must(!guest_write(knob, "always"));
	fd = memfd_full(name, pages);
	must(!guest_write(knob, "never"));
	return fd;
}

/* The value after NAME in a text of "NAME value" lines, -1 if not there. */
static long value_in(const char *path, const char *name)
{
	static char text[16384];
	size_t len = strlen(name);
	char *line, *save;

	if (guest_read(path, text, sizeof(text)) < 0)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, name, len) && strchr(" :", line[len]))
			return strtol(line + len + 1, NULL, 0);
	return -1;
}

static long kho_bytes(const char *name)
{
	long pages = value_in("/sys/kernel/debug/kho/out/state", name);

	must(pages >= 0);
	return pages * (long)PAGE;
}

long preserved_bytes(void)
{
	return kho_bytes("preserved_pages");
}

long tracker_bytes(void)
{
	return kho_bytes("tracker_pages");
}

long moved_pages(void)
{
	long pages = value_in("/proc/vmstat", "pgmigrate_success");

	must(pages >= 0);
	return pages;
}

size_t count_runs(int fd, size_t pages)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry, last = 0;
	size_t i, runs = 0;
	char *map;

	map = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	must(map != MAP_FAILED && pagemap >= 0);
	for (i = 0; i < pages; i++) {
		off_t at = ((uintptr_t)map / PAGE + i) * sizeof(entry);

		must(pread(pagemap, &entry, sizeof(entry), at) == sizeof(entry));
		entry &= PFN_MASK;
		runs += entry != last + 1;
		last = entry;
	}
	munmap(map, pages * PAGE);
	close(pagemap);
	return runs;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t median(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}
