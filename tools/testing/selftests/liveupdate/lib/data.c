// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data.h"
#include "story.h"

#define WORDS	(PAGE / sizeof(uint64_t))
#define BATCH	64UL	/* pages a read or write */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

void data_page(void *page, uint64_t seed, off_t off)
{
	uint64_t base = mix(seed * 0x9e3779b97f4a7c15ULL + off / PAGE + 1);
	uint64_t *word = page;
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		word[i] = base + i * 0x0101010101010101ULL;
}

bool data_page_is(const void *page, uint64_t seed, off_t off)
{
	uint64_t want[WORDS];

	data_page(want, seed, off);
	return !memcmp(page, want, PAGE);
}

int data_write(int fd, uint64_t seed, off_t off, size_t len)
{
	static char buf[BATCH * PAGE];
	size_t done = 0, n, i;

	while (done < len) {
		n = len - done < sizeof(buf) ? len - done : sizeof(buf);
		for (i = 0; i < n; i += PAGE)
			data_page(buf + i, seed, off + done + i);
		if (pwrite(fd, buf, n, off + done) != (ssize_t)n)
			return errno ? -errno : -EIO;
		done += n;
	}
	return 0;
}

/* Walk a range page by page; seed NULL: zero is wanted. */
static long walk(int fd, const uint64_t *seed, off_t off, size_t len)
{
	static char buf[BATCH * PAGE];
	uint64_t want[WORDS] = { 0 };
	size_t done = 0, n, i, part;
	long bad = 0;

	while (done < len) {
		n = len - done < sizeof(buf) ? len - done : sizeof(buf);
		if (pread(fd, buf, n, off + done) != (ssize_t)n)
			return errno ? -errno : -EIO;
		for (i = 0; i < n; i += PAGE) {
			part = n - i < PAGE ? n - i : PAGE;
			if (seed)
				data_page(want, *seed, off + done + i);
			if (!memcmp(buf + i, want, part))
				continue;
			if (!bad++)
				story_log("first bad page at %#lx: %016lx",
					  (long)(off + done + i),
					  *(unsigned long *)(buf + i));
		}
		done += n;
	}
	return bad;
}

long data_check(int fd, uint64_t seed, off_t off, size_t len)
{
	return walk(fd, &seed, off, len);
}

long data_check_zero(int fd, off_t off, size_t len)
{
	return walk(fd, NULL, off, len);
}

int data_memfd_sparse(const char *name, unsigned int flags, off_t size)
{
	int fd = memfd_create(name, flags | MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size)) {
		close(fd);
		return -errno;
	}
	return fd;
}

int data_memfd(const char *name, unsigned int flags, uint64_t seed, size_t size)
{
	int fd = data_memfd_sparse(name, flags, size), ret;

	if (fd < 0)
		return fd;
	ret = data_write(fd, seed, 0, size);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

void file_link(int fd, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
}

uint64_t data_phys(int fd, off_t off)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0, mask = (1ULL << 55) - 1;
	void *page;

	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, off);
	if (pagemap < 0 || page == MAP_FAILED)
		return 0;
	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)page / PAGE * sizeof(entry)) != sizeof(entry))
		entry = 0;
	munmap(page, PAGE);
	close(pagemap);
	return (entry & mask) * PAGE;
}

void file_attr_get(int fd, struct file_attr *attr)
{
	struct stat st;

	memset(attr, 0, sizeof(*attr));
	if (fstat(fd, &st))
		return;
	attr->size = st.st_size;
	attr->blocks = st.st_blocks;
	attr->mode = st.st_mode;
	attr->uid = st.st_uid;
	attr->gid = st.st_gid;
	attr->atime = st.st_atim;
	attr->mtime = st.st_mtim;
	attr->ctime = st.st_ctim;
	attr->pos = lseek(fd, 0, SEEK_CUR);
	attr->flags = fcntl(fd, F_GETFL);
	attr->seals = fcntl(fd, F_GET_SEALS);
	ioctl(fd, FS_IOC_GETFLAGS, &attr->fsflags);
	file_link(fd, attr->name, sizeof(attr->name));
}

static void time_check(const char *what, struct timespec got, struct timespec want)
{
	check(got.tv_sec == want.tv_sec && got.tv_nsec == want.tv_nsec,
	      "%s is %ld.%09ld, not %ld.%09ld", what, (long)got.tv_sec,
	      got.tv_nsec, (long)want.tv_sec, want.tv_nsec);
}

static void attr_check(const char *what, unsigned long got, unsigned long want)
{
	check(got == want, "%s is %#lx, not %#lx", what, got, want);
}

void file_attr_check(int fd, const struct file_attr *want, bool blocks)
{
	struct file_attr got;

	file_attr_get(fd, &got);
	attr_check("size", got.size, want->size);
	attr_check("pos", got.pos, want->pos);
	attr_check("mode", got.mode, want->mode);
	attr_check("uid", got.uid, want->uid);
	attr_check("gid", got.gid, want->gid);
	attr_check("flags", got.flags, want->flags);
	attr_check("seals", got.seals, want->seals);
	attr_check("fsflags", got.fsflags, want->fsflags);
	if (blocks)
		attr_check("blocks", got.blocks, want->blocks);
	time_check("atime", got.atime, want->atime);
	time_check("mtime", got.mtime, want->mtime);
	time_check("ctime", got.ctime, want->ctime);
	check(!strcmp(got.name, want->name), "name is '%s', not '%s'", got.name,
	      want->name);
}
