/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_KERNEL_H
#define _ABI_LINUX_KERNEL_H

#include <linux/types.h>

#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a) - 1)) == 0)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#endif /* _ABI_LINUX_KERNEL_H */
