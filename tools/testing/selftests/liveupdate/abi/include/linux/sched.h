/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ABI_LINUX_SCHED_H
#define _ABI_LINUX_SCHED_H

static inline void cond_resched(void) { }

#endif /* _ABI_LINUX_SCHED_H */
