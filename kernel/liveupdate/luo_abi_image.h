/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LUO_ABI_IMAGE_H
#define _LUO_ABI_IMAGE_H

#include <linux/kho/abi/luo_image.h>
#include <linux/types.h>

/**
 * struct luo_ranges - ranges that were read and found sound
 * @nr: their number
 * @ranges: the ranges
 */
struct luo_ranges {
	unsigned int nr;
	struct luo_range_ser ranges[];
};

int luo_abi_image_find(const void *file, size_t size, size_t *offset,
		       unsigned int *nr);
int luo_abi_range_check(const struct luo_range_ser *range);
int luo_abi_ranges_read(const struct luo_ranges *ranges,
			enum luo_range_kind kind, const char *name,
			size_t name_len, unsigned int version);

#endif /* _LUO_ABI_IMAGE_H */
