/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_CRC32_H
#define _ABI_LINUX_CRC32_H

#include <linux/types.h>

u32 crc32_le(u32 crc, const void *p, size_t len);

#endif /* _ABI_LINUX_CRC32_H */
