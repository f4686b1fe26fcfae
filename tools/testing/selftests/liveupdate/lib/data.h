/* SPDX-License-Identifier: GPL-2.0 */
/* Memfds with known contents, and everything else that a file has. */
#ifndef LUO_DATA_H
#define LUO_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define KiB	1024UL
#define MiB	(1024UL * KiB)
#define GiB	(1024UL * MiB)
#define PAGE	4096UL

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* Contents are a function of the seed and of the offset in the file alone. */
int data_write(int fd, uint64_t seed, off_t off, size_t len);

/* Number of pages in the range that differ, -errno if it cannot be read. */
long data_check(int fd, uint64_t seed, off_t off, size_t len);
long data_check_zero(int fd, off_t off, size_t len);

/* A page of memory. */
void data_page(void *page, uint64_t seed, off_t off);
bool data_page_is(const void *page, uint64_t seed, off_t off);

/* A memfd of this size that is full of data; -errno on failure. */
int data_memfd(const char *name, unsigned int flags, uint64_t seed, size_t size);

/* A file of a name only; size as a hole. */
int data_memfd_sparse(const char *name, unsigned int flags, off_t size);

/* The physical address of a page of a file; 0 if it has none. */
uint64_t data_phys(int fd, off_t off);

/* What stat, fcntl and /proc say of a file. */
struct file_attr {
	uint64_t size, blocks, pos;
	uint32_t mode, uid, gid, flags, seals;
	int fsflags;			/* of FS_IOC_GETFLAGS */
	struct timespec atime, mtime, ctime;
	char name[96];
};

void file_attr_get(int fd, struct file_attr *attr);

/* One check for each member that differs; blocks: whether to compare those. */
void file_attr_check(int fd, const struct file_attr *want, bool blocks);

/* The link of a descriptor in /proc/self/fd. */
void file_link(int fd, char *buf, size_t size);

#endif /* LUO_DATA_H */
