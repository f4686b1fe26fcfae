// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an image says that it can read: find it, check it, look into it
 *
 * Pure functions over memory, like luo_abi.c: also built for userspace, for
 * luoctl and for the tests under sanitizers. The image is a file that somebody
 * has: no offset or size in it is believed before it was checked, and nothing
 * in it need be aligned.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "luo_abi_image.h"

/* Of the real-mode header of a bzImage, see Documentation/arch/x86/boot.rst */
#define BZ_SETUP_SECTS		0x1f1
#define BZ_HEADER		0x202
#define BZ_HEADER_MAGIC		0x53726448	/* "HdrS" */
#define BZ_VERSION		0x206
#define BZ_VERSION_INFO		0x020f
#define BZ_INFO_OFFSET		0x268
#define BZ_HEADER_END		0x26c
#define BZ_SECTOR		512

#define BZ_INFO_MAGIC		0x506f544c	/* "LToP" */
#define BZ_INFO_MIN		12

/* Part of a file. */
struct luo_bytes {
	const u8 *data;
	size_t size;
};

static u32 luo_bytes_u32(const struct luo_bytes *bytes, size_t offset)
{
	return get_unaligned_le32(bytes->data + offset);
}

static int luo_bytes_skip(struct luo_bytes *bytes, u64 size)
{
	if (size > bytes->size)
		return -EBADMSG;
	bytes->data += size;
	bytes->size -= size;
	return 0;
}

static int luo_bytes_cut(struct luo_bytes *bytes, u64 size)
{
	if (size > bytes->size)
		return -EBADMSG;
	bytes->size = size;
	return 0;
}

/* From a file to its variable-length data. */
static int luo_bzimage_data(struct luo_bytes *bytes)
{
	u64 offset, fixed, total;

	if (bytes->size < BZ_HEADER_END ||
	    luo_bytes_u32(bytes, BZ_HEADER) != BZ_HEADER_MAGIC ||
	    get_unaligned_le16(bytes->data + BZ_VERSION) < BZ_VERSION_INFO)
		return -ENOENT;
	offset = (bytes->data[BZ_SETUP_SECTS] ?: 4) + 1;
	offset = offset * BZ_SECTOR + luo_bytes_u32(bytes, BZ_INFO_OFFSET);
	if (luo_bytes_skip(bytes, offset) || bytes->size < BZ_INFO_MIN ||
	    luo_bytes_u32(bytes, 0) != BZ_INFO_MAGIC)
		return -EBADMSG;
	fixed = luo_bytes_u32(bytes, 4);
	total = luo_bytes_u32(bytes, 8);
	if (fixed < BZ_INFO_MIN)
		return -EBADMSG;
	return luo_bytes_cut(bytes, total) ?: luo_bytes_skip(bytes, fixed);
}

/* From there to our chunk. */
static int luo_bzimage_chunk(struct luo_bytes *bytes)
{
	while (bytes->size) {
		u32 size;

		if (bytes->size < 8)
			return -EBADMSG;
		size = luo_bytes_u32(bytes, 4);
		if (size < 8)
			return -EBADMSG;
		if (luo_bytes_u32(bytes, 0) == LUO_IMAGE_MAGIC)
			return luo_bytes_cut(bytes, size);
		if (luo_bytes_skip(bytes, size))
			return -EBADMSG;
	}
	return -ENOENT;
}

/* From the chunk to its ranges. */
static int luo_chunk_ranges(struct luo_bytes *bytes)
{
	const size_t head = sizeof(struct luo_image_ser);

	if (bytes->size < head)
		return -EBADMSG;
	if (luo_bytes_u32(bytes, 8) != LUO_IMAGE_FORMAT)
		return -EPROTONOSUPPORT;
	if (luo_bytes_u32(bytes, 12))
		return -EBADMSG;
	luo_bytes_skip(bytes, head);
	if (bytes->size % sizeof(struct luo_range_ser) ||
	    bytes->size / sizeof(struct luo_range_ser) > LUO_IMAGE_RANGES_MAX)
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_image_find() - find what an image says that it can read
 * @file: the image, as it is in its file
 * @size: bytes of that
 * @offset: out: where in @file the ranges begin, not aligned
 * @nr: out: number of ranges, at most LUO_IMAGE_RANGES_MAX
 *
 * Each range has to be copied out, and checked with luo_abi_range_check().
 *
 * Context: Any.
 * Return:
 * * 0: found
 * * -ENOENT: it says nothing, or is not an image of a format that we know
 * * -EPROTONOSUPPORT: it says it in a format that we do not know
 * * -EBADMSG: damaged
 */
int luo_abi_image_find(const void *file, size_t size, size_t *offset,
		       unsigned int *nr)
{
	struct luo_bytes bytes = { .data = file, .size = size };
	int ret;

	ret = luo_bzimage_data(&bytes) ?:
	      luo_bzimage_chunk(&bytes) ?:
	      luo_chunk_ranges(&bytes);
	if (ret)
		return ret;
	*offset = bytes.data - (const u8 *)file;
	*nr = bytes.size / sizeof(struct luo_range_ser);
	return 0;
}

/**
 * luo_abi_range_check() - is this range sound?
 * @range: the range, aligned
 *
 * Context: Any.
 * Return: 0, or -EBADMSG.
 */
int luo_abi_range_check(const struct luo_range_ser *range)
{
	size_t len = strnlen((const char *)range->name, sizeof(range->name));

	if (!len || len == sizeof(range->name))
		return -EBADMSG;
	for (; len < sizeof(range->name); len++) {
		if (range->name[len])
			return -EBADMSG;
	}
	if (!range->kind || !range->read_min ||
	    range->read_min > range->read_max || range->reserved)
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_ranges_read() - can a record be read by who declared these ranges?
 * @ranges: the ranges, checked
 * @kind: of the record
 * @name: of the record; need not be terminated
 * @name_len: bytes of @name, at least 1
 * @version: of the record
 *
 * Context: Any.
 * Return: 0 if so, -EPROTONOSUPPORT if not, -ENOENT if nothing is declared.
 */
int luo_abi_ranges_read(const struct luo_ranges *ranges,
			enum luo_range_kind kind, const char *name,
			size_t name_len, unsigned int version)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		const struct luo_range_ser *range = &ranges->ranges[i];

		if (range->kind != kind ||
		    strlen((const char *)range->name) != name_len ||
		    memcmp(range->name, name, name_len))
			continue;
		if (version < range->read_min || version > range->read_max)
			return -EPROTONOSUPPORT;
		return 0;
	}
	return -ENOENT;
}
