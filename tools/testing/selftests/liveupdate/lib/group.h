/* SPDX-License-Identifier: GPL-2.0 */
/* A memory cgroup that is too small. */
#ifndef LUO_GROUP_H
#define LUO_GROUP_H

#include <stdbool.h>
#include <stdint.h>

/* False: this kernel has no memory controller. */
bool group_make(const char *limit);
/* A process of the group tries to retrieve a file; it fails, or is killed for it. */
void group_retrieve(int session, uint64_t token);
/* Bytes that the group is charged with. */
long group_current(void);

#endif /* LUO_GROUP_H */
