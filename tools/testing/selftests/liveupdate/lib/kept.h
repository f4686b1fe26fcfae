/* SPDX-License-Identifier: GPL-2.0 */
/* The page frames that part of a file was in, whoever has them later. */
#ifndef LUO_KEPT_H
#define LUO_KEPT_H

#include <stdint.h>
#include <sys/types.h>

#include "data.h"

#define KEPT_MAX	(16 * MiB / PAGE)

struct kept {
	uint64_t pfn[KEPT_MAX];
	unsigned int nr;
};

void kept_find(struct kept *kept, int fd, off_t off, size_t size);
/* How many of them have their contents: one that is given back has lost the flag. */
unsigned int kept_count(const struct kept *kept);
/* Until only so many have; others may have taken some by then. The same, at last. */
unsigned int kept_wait(const struct kept *kept, unsigned int most);

#endif /* LUO_KEPT_H */
