/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_ERR_H
#define _ABI_LINUX_ERR_H

#include <linux/types.h>

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline bool IS_ERR(const void *p)
{
	return (unsigned long)p >= (unsigned long)-4095;
}

static inline int PTR_ERR_OR_ZERO(const void *p)
{
	return IS_ERR(p) ? (int)(long)p : 0;
}

#endif /* _ABI_LINUX_ERR_H */
