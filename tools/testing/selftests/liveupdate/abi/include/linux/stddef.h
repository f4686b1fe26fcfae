/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_STDDEF_H
#define _ABI_LINUX_STDDEF_H

#include <stddef.h>

#define sizeof_field(type, member)	sizeof(((type *)0)->member)

#endif /* _ABI_LINUX_STDDEF_H */
