/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_TYPES_H
#define _ABI_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
typedef unsigned long long u64, __u64;	/* %llu prints it */

#endif /* _ABI_LINUX_TYPES_H */
