/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Something to read for the tests of the serialised form: a header, and two
 * blocks each of sessions and of the files of the first session.
 *
 * The tests are built for userspace too and run under sanitizers, where every
 * page of the arena is an allocation of its own: reading beyond it shows.
 */
#ifndef _LUO_ABI_ARENA_H
#define _LUO_ABI_ARENA_H

#include <kunit/test.h>
#include <linux/mm.h>

#include "../luo_abi.h"

#define ARENA_BASE	0x100000UL
#define ARENA_PAGES	6

enum {
	PAGE_FLBS,
	PAGE_SESSIONS,
	PAGE_SESSIONS_2,
	PAGE_FILES,
	PAGE_FILES_2,
	PAGE_SPARE,
};

struct arena {
	void *pages[ARENA_PAGES];
	bool released[ARENA_PAGES];
	struct luo_header_ser header;
	struct luo_abi_reader reader;
	unsigned int nr_sessions;
	unsigned int nr_files;
	unsigned int visited;
	unsigned int refused;
};

static inline u64 arena_pa(unsigned int page)
{
	return ARENA_BASE + page * PAGE_SIZE;
}

void arena_fill(struct arena *arena);
int arena_init(struct kunit *test);

#endif /* _LUO_ABI_ARENA_H */
