// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../../../kernel/liveupdate/luo_abi_image.h"
#include "guest.h"
#include "image.h"
#include "story.h"

int image_copy(void)
{
	int from = open(GUEST_IMAGE, O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct stat st;
	off_t done = 0;

	if (from < 0 || fd < 0 || fstat(from, &st))
		return -errno;
	while (done < st.st_size)
		if (sendfile(fd, from, &done, st.st_size - done) <= 0)
			return -EIO;
	close(from);
	return fd;
}

/* Where the ranges begin, and how many there are. */
static int image_find(int fd, size_t *offset, unsigned int *nr)
{
	struct stat st;
	void *map;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ret = luo_abi_image_find(map, st.st_size, offset, nr);
	munmap(map, st.st_size);
	return ret;
}

static int image_change(int fd, uint32_t kind, const char *name,
			const struct luo_range_ser *to)
{
	struct luo_range_ser range;
	size_t offset;
	unsigned int nr;
	int ret;

	ret = image_find(fd, &offset, &nr);
	if (ret)
		return ret;
	for (; nr--; offset += sizeof(range)) {
		if (pread(fd, &range, sizeof(range), offset) != sizeof(range))
			return -EIO;
		if (range.kind != kind || strcmp((char *)range.name, name))
			continue;
		return pwrite(fd, to, sizeof(*to), offset) == sizeof(*to) ? 0 : -EIO;
	}
	return -ENOENT;
}

int image_set_range(int fd, uint32_t kind, const char *name, uint32_t min,
		    uint32_t max)
{
	struct luo_range_ser to = {
		.kind = kind,
		.read_min = min,
		.read_max = max,
	};

	snprintf((char *)to.name, sizeof(to.name), "%s", name);
	return image_change(fd, kind, name, &to);
}

int image_undeclare(int fd, uint32_t kind, const char *name)
{
	struct luo_range_ser to = {
		.name = "nothing",
		.kind = kind,
		.read_min = 1,
		.read_max = 1,
	};

	return image_change(fd, kind, name, &to);
}

int image_damage(int fd, long offset)
{
	unsigned char byte;
	unsigned int nr;
	size_t ranges;
	int ret;

	ret = image_find(fd, &ranges, &nr);
	if (ret)
		return ret;
	if (pread(fd, &byte, 1, ranges + offset) != 1)
		return -EIO;
	byte ^= 0xff;
	return pwrite(fd, &byte, 1, ranges + offset) == 1 ? 0 : -EIO;
}

int image_memfd(uint32_t min, uint32_t max)
{
	int fd = require_fd(image_copy());

	check_ret(image_set_range(fd, LUO_RANGE_FILE, "memfd", min, max), 0);
	return fd;
}
