/* SPDX-License-Identifier: GPL-2.0 */
/* What must be as much in each of many kernels, right before the jump. */
#ifndef LUO_LEVELS_H
#define LUO_LEVELS_H

#include <stdint.h>

/* kB, or pages */
enum level {
	FREE, SLAB, SHMEM, PINNED, PRESERVED, TRACKER, IOMMU, TABLES, DOMAINS, NR_LEVELS
};

struct levels {
	uint32_t value[NR_LEVELS];
};

void levels_get(struct levels *now);
/*
 * The last kernel has no image to go on to in its memory, and is not to be
 * compared. Free memory has slack where frames come in wall time.
 */
void levels_check(const struct levels *then, const struct levels *now,
		  unsigned int free_slack_kb);
/*
 * What the IOMMU has, against the first kernel: what a takeover does not count
 * would be missing in each of the others alike.
 */
void levels_check_iommu(const struct levels *first, const struct levels *now);

#endif /* LUO_LEVELS_H */
