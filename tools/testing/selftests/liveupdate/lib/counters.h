/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of the kernel that must be where they were after a test. */
#ifndef LUO_COUNTERS_H
#define LUO_COUNTERS_H

#include <stdbool.h>

struct counters {
	long free_kb;		/* MemFree plus what reclaim can have */
	long unevictable_kb;
	long shmem_kb;
	long preserved_pages;	/* of KHO's tracker, -1 when not known */
	long tracker_nodes;
	long pinned_kb;		/* of this process */
};

void counters_get(struct counters *c);

/*
 * Differences, each one a failed check. Free memory has slack: the kernel's own
 * caches grow in their own time.
 */
void counters_check(const struct counters *before, long slack_kb);

long meminfo_kb(const char *name);

/* Pages that the previous kernel preserved and nobody has taken over; -1: not known. */
long pages_waiting(void);

#endif /* LUO_COUNTERS_H */
