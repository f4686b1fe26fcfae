// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the serialised form: chains of blocks
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "luo_abi_arena.h"

static int visit_file(void *ctx, const void *record)
{
	struct arena *arena = ctx;

	arena->visited++;
	if (luo_abi_file_check(record))
		arena->refused++;
	return 0;
}

static int walk_files(struct arena *arena, u64 nr)
{
	arena->visited = 0;
	arena->refused = 0;
	return luo_abi_walk(&arena->reader, LUO_SER_FILE, arena_pa(PAGE_FILES),
			    nr, visit_file, arena);
}

static void abi_chain_good(struct kunit *test)
{
	struct arena *arena = test->priv;

	KUNIT_EXPECT_EQ(test, walk_files(arena, arena->nr_files), 0);
	KUNIT_EXPECT_EQ(test, arena->visited, arena->nr_files);
	KUNIT_EXPECT_EQ(test, arena->refused, 0U);

	luo_abi_release(&arena->reader, LUO_SER_FILE, arena_pa(PAGE_FILES),
			arena->nr_files);
	KUNIT_EXPECT_TRUE(test, arena->released[PAGE_FILES]);
	KUNIT_EXPECT_TRUE(test, arena->released[PAGE_FILES_2]);
	KUNIT_EXPECT_FALSE(test, arena->released[PAGE_SESSIONS]);
}

/* What is done to the blocks of files, and how far a walk gets then. */
static const struct block_case {
	const char *what;
	unsigned int page;
	size_t offset;
	unsigned int width;
	u64 value;
	bool unsealed;
	bool first_read;
} block_cases[] = {
#define BLOCK(page, member, val, unsealed, first)			\
	{ #page " " #member " = " #val, page,				\
	  offsetof(struct luo_block_ser, member),			\
	  sizeof_field(struct luo_block_ser, member), val, unsealed, first }
	BLOCK(PAGE_FILES, count, 0, false, false),
	BLOCK(PAGE_FILES, count, 0xffffffff, false, false),
	BLOCK(PAGE_FILES, count, 1, true, false),
	BLOCK(PAGE_FILES, kind, LUO_SER_FLB, false, false),
	BLOCK(PAGE_FILES, kind, 0, false, false),
	BLOCK(PAGE_FILES, reserved, 1, false, false),
	BLOCK(PAGE_FILES, crc, 0, true, false),
	BLOCK(PAGE_FILES, next_pa, 0, false, true),
	BLOCK(PAGE_FILES, next_pa, ARENA_BASE + 8, false, false),
	BLOCK(PAGE_FILES, next_pa, 0, true, false),
	BLOCK(PAGE_FILES, next_pa, PAGE_SIZE, false, true),
	BLOCK(PAGE_FILES, next_pa, ~(u64)(PAGE_SIZE - 1), false, true),
	BLOCK(PAGE_FILES, next_pa, ARENA_BASE + PAGE_FILES * PAGE_SIZE, false,
	      true),
	BLOCK(PAGE_FILES, next_pa, ARENA_BASE + PAGE_SESSIONS * PAGE_SIZE,
	      false, true),
	BLOCK(PAGE_FILES_2, count, 2, false, true),
	BLOCK(PAGE_FILES_2, count, 0, false, true),
	BLOCK(PAGE_FILES_2, crc, 0, true, true),
#undef BLOCK
};

static void abi_chain_damage(struct kunit *test)
{
	struct arena *arena = test->priv;
	unsigned int capacity = luo_abi_block_capacity(LUO_SER_FILE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(block_cases); i++) {
		const struct block_case *c = &block_cases[i];
		struct luo_block_ser *head = arena->pages[c->page];

		arena_fill(arena);
		memcpy((void *)head + c->offset, &c->value, c->width);
		if (!c->unsealed)
			head->crc = luo_abi_crc(head);
		KUNIT_EXPECT_EQ_MSG(test, walk_files(arena, arena->nr_files),
				    -EBADMSG, "%s", c->what);
		KUNIT_EXPECT_EQ_MSG(test, arena->visited,
				    c->first_read ? capacity : 0, "%s",
				    c->what);
	}
}

/* The chain is as long as it says, neither more nor less. */
static void abi_chain_length(struct kunit *test)
{
	struct arena *arena = test->priv;
	struct luo_block_ser *second = arena->pages[PAGE_FILES_2];
	u64 nr = arena->nr_files;

	KUNIT_EXPECT_EQ(test, walk_files(arena, nr - 1), -EBADMSG);
	KUNIT_EXPECT_EQ(test, walk_files(arena, nr + 1), -EBADMSG);
	KUNIT_EXPECT_EQ(test, walk_files(arena, ~0ULL), -EBADMSG);
	KUNIT_EXPECT_EQ(test, walk_files(arena, 0), -EBADMSG);
	KUNIT_EXPECT_EQ(test, arena->visited, 0U);

	second->next_pa = arena_pa(PAGE_SPARE);
	second->crc = luo_abi_crc(second);
	KUNIT_EXPECT_EQ(test, walk_files(arena, nr), -EBADMSG);
}

/* A chain that bites its tail has no more records than its blocks. */
static void abi_chain_loop(struct kunit *test)
{
	struct arena *arena = test->priv;
	struct luo_block_ser *second = arena->pages[PAGE_FILES_2];
	unsigned int page;

	for (page = PAGE_FILES; page <= PAGE_FILES_2; page++) {
		second->next_pa = arena_pa(page);
		second->crc = luo_abi_crc(second);
		KUNIT_EXPECT_EQ(test, walk_files(arena, LUO_SER_FILES_MAX),
				-EBADMSG);
		KUNIT_EXPECT_LE(test, arena->visited, 3 * arena->nr_files);
	}
}

/* At boot a few will do. */
#ifdef __KERNEL__
#define ROUNDS	200
#else
#define ROUNDS	20000
#endif

/* Whatever the heads of blocks say, a walk ends and stays inside of pages. */
static void abi_chain_random(struct kunit *test)
{
	struct arena *arena = test->priv;
	unsigned int i, j;
	u64 seed = 1;

	for (i = 0; i < ROUNDS; i++) {
		arena_fill(arena);
		for (j = 0; j < ARENA_PAGES; j++) {
			struct luo_block_ser *head = arena->pages[j];
			u8 *byte = (u8 *)head;

			seed = seed * 6364136223846793005ULL + 1;
			byte += (seed >> 33) % sizeof(*head);
			*byte ^= seed >> 56;
			head->crc = luo_abi_crc(head);
		}
		walk_files(arena, seed >> 50);
		KUNIT_ASSERT_LE(test, (u64)arena->visited, seed >> 50);
		luo_abi_release(&arena->reader, LUO_SER_FILE,
				arena_pa(PAGE_FILES), seed >> 50);
	}
}

static struct kunit_case luo_abi_chain_cases[] = {
	KUNIT_CASE(abi_chain_good),
	KUNIT_CASE(abi_chain_damage),
	KUNIT_CASE(abi_chain_length),
	KUNIT_CASE(abi_chain_loop),
	KUNIT_CASE(abi_chain_random),
	{}
};

static struct kunit_suite luo_abi_chain_suite = {
	.name = "luo_abi_chain",
	.init = arena_init,
	.test_cases = luo_abi_chain_cases,
};

kunit_test_suite(luo_abi_chain_suite);
