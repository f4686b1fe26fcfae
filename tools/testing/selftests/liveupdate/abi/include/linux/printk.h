/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_PRINTK_H
#define _ABI_LINUX_PRINTK_H

#include <stdio.h>

/* Reads what would be printed; %pe is not for the C library. */
#define pr_err(fmt, ...)						\
	do {								\
		char line_[256];					\
		snprintf(line_, sizeof(line_), fmt, ##__VA_ARGS__);	\
	} while (0)

#endif /* _ABI_LINUX_PRINTK_H */
