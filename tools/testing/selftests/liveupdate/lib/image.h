/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Images that say something else than they are: copies of the next kernel's,
 * changed where it says what it can read. Nothing else of a bzImage depends on
 * these bytes, it has no checksum: such a copy is loaded and runs.
 */
#ifndef LUO_TEST_IMAGE_H
#define LUO_TEST_IMAGE_H

#include <stdint.h>

/* A copy in a memfd, or -errno. All others take such a descriptor. */
int image_copy(void);

/* KIND is an enum luo_range_kind. -ENOENT: the image has no such range. */
int image_set_range(int fd, uint32_t kind, const char *name, uint32_t min,
		    uint32_t max);
int image_undeclare(int fd, uint32_t kind, const char *name);

/* Change a byte of the chunk, counted from its ranges; may be negative. */
int image_damage(int fd, long offset);

/* A copy that reads memfds from version MIN to MAX; or the end of the stage. */
int image_memfd(uint32_t min, uint32_t max);

#endif /* LUO_TEST_IMAGE_H */
