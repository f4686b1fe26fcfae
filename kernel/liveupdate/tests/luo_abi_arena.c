// SPDX-License-Identifier: GPL-2.0-only
/*
 * Something to read for the tests of the serialised form, see luo_abi_arena.h
 */
#include <linux/string.h>

#include "luo_abi_arena.h"

static const void *arena_map(const struct luo_abi_reader *reader, u64 pa)
{
	struct arena *arena = reader->ctx;
	u64 page = (pa - ARENA_BASE) / PAGE_SIZE;

	if (pa < ARENA_BASE || page >= ARENA_PAGES || pa % PAGE_SIZE)
		return NULL;
	return arena->pages[page];
}

static void arena_release(const struct luo_abi_reader *reader, u64 pa)
{
	struct arena *arena = reader->ctx;

	arena->released[(pa - ARENA_BASE) / PAGE_SIZE] = true;
}

static void arena_session(void *record, unsigned int i, const struct arena *arena)
{
	struct luo_session_ser *ser = record;

	snprintf((char *)ser->name, sizeof(ser->name), "session %u", i);
	ser->files_pa = i ? 0 : arena_pa(PAGE_FILES);
	ser->nr_files = i ? 0 : arena->nr_files;
	ser->generation = 1;
	luo_abi_session_seal(ser);
}

static void arena_file(void *record, unsigned int i, const struct arena *arena)
{
	struct luo_file_ser *ser = record;

	strcpy((char *)ser->compatible, "abi-test-v1");
	ser->token = i;
	ser->data = ~i;
	ser->flb_mask = 1;
	luo_abi_file_seal(ser);
}

static void arena_flb(void *record, unsigned int i, const struct arena *arena)
{
	struct luo_flb_ser *ser = record;

	strcpy((char *)ser->compatible, "abi-test-flb-v2");
	ser->nr_files = arena->nr_files;
	ser->slot = i;
	luo_abi_flb_seal(ser);
}

static void arena_chain(struct arena *arena, unsigned int page,
			enum luo_ser_kind kind, unsigned int nr,
			void (*fill)(void *, unsigned int, const struct arena *))
{
	unsigned int capacity = luo_abi_block_capacity(kind);
	unsigned int i, first = 0;

	for (; first < nr; first += capacity, page++) {
		bool last = first + capacity >= nr;
		void *block = arena->pages[page];

		luo_abi_block_init(block, kind, last ? 0 : arena_pa(page + 1));
		for (i = first; i < nr && i < first + capacity; i++)
			fill(luo_abi_block_record(block, i - first), i, arena);
		luo_abi_block_seal(block, i - first);
	}
}

/* Everything as it should be, whatever was done to it. */
void arena_fill(struct arena *arena)
{
	memset(arena->released, 0, sizeof(arena->released));
	arena_chain(arena, PAGE_FLBS, LUO_SER_FLB, 1, arena_flb);
	arena_chain(arena, PAGE_SESSIONS, LUO_SER_SESSION, arena->nr_sessions,
		    arena_session);
	arena_chain(arena, PAGE_FILES, LUO_SER_FILE, arena->nr_files,
		    arena_file);
	arena->header = (struct luo_header_ser){
		.generation = 1,
		.sessions_pa = arena_pa(PAGE_SESSIONS),
		.flbs_pa = arena_pa(PAGE_FLBS),
		.nr_sessions = arena->nr_sessions,
		.nr_files = arena->nr_files,
		.nr_flbs = 1,
	};
	luo_abi_header_seal(&arena->header);
}

/* A filled arena in @test->priv. */
int arena_init(struct kunit *test)
{
	struct arena *arena = kunit_kzalloc(test, sizeof(*arena), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, arena);
	for (i = 0; i < ARENA_PAGES; i++) {
		arena->pages[i] = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, arena->pages[i]);
	}
	arena->reader.map = arena_map;
	arena->reader.release = arena_release;
	arena->reader.ctx = arena;
	arena->nr_sessions = luo_abi_block_capacity(LUO_SER_SESSION) + 1;
	arena->nr_files = luo_abi_block_capacity(LUO_SER_FILE) + 1;
	arena_fill(arena);
	test->priv = arena;
	return 0;
}
