/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_UNALIGNED_H
#define _ABI_LINUX_UNALIGNED_H

#include <linux/types.h>

static inline u16 get_unaligned_le16(const void *p)
{
	const u8 *byte = p;

	return byte[0] | byte[1] << 8;
}

static inline u32 get_unaligned_le32(const void *p)
{
	return get_unaligned_le16(p) | (u32)get_unaligned_le16(p + 2) << 16;
}

#endif /* _ABI_LINUX_UNALIGNED_H */
