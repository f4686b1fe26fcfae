/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_MM_H
#define _ABI_LINUX_MM_H

#include <linux/kernel.h>

#define PAGE_SIZE	4096UL

#endif /* _ABI_LINUX_MM_H */
