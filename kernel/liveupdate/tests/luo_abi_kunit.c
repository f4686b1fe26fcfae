// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the serialised form
 *
 * The same file is built for userspace and run under sanitizers, where every
 * page of the arena is an allocation of its own: reading beyond it shows.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

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

/* Two blocks of sessions; the first session has two blocks of files. */
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

static u64 arena_pa(unsigned int page)
{
	return ARENA_BASE + page * PAGE_SIZE;
}

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

static void arena_fill(struct arena *arena)
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

static int abi_test_init(struct kunit *test)
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

static void abi_good(struct kunit *test)
{
	struct arena *arena = test->priv;
	const void *flb = luo_abi_block_record(arena->pages[PAGE_FLBS], 0);
	const void *session;

	session = luo_abi_block_record(arena->pages[PAGE_SESSIONS_2], 0);
	KUNIT_EXPECT_EQ(test, luo_abi_header_check(&arena->header,
						   sizeof(arena->header)), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_flb_check(flb), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_session_check(session), 0);
	KUNIT_EXPECT_EQ(test, walk_files(arena, arena->nr_files), 0);
	KUNIT_EXPECT_EQ(test, arena->visited, arena->nr_files);
	KUNIT_EXPECT_EQ(test, arena->refused, 0U);

	luo_abi_release(&arena->reader, LUO_SER_FILE, arena_pa(PAGE_FILES),
			arena->nr_files);
	KUNIT_EXPECT_TRUE(test, arena->released[PAGE_FILES]);
	KUNIT_EXPECT_TRUE(test, arena->released[PAGE_FILES_2]);
	KUNIT_EXPECT_FALSE(test, arena->released[PAGE_SESSIONS]);
}

/* No single bit of what is handed over can change without being noticed. */
static void abi_every_bit(struct kunit *test)
{
	struct arena *arena = test->priv;
	struct luo_session_ser session;
	struct luo_header_ser header;
	struct luo_file_ser file;
	struct luo_flb_ser flb;
	unsigned int bit;

#define EVERY_BIT(copy, original, check)				\
	for (bit = 0; bit < sizeof(copy) * 8; bit++) {			\
		memcpy(&(copy), original, sizeof(copy));		\
		((u8 *)&(copy))[bit / 8] ^= 1 << bit % 8;		\
		KUNIT_EXPECT_NE_MSG(test, check, 0, #copy " bit %u", bit); \
	}
	EVERY_BIT(header, &arena->header,
		  luo_abi_header_check(&header, sizeof(header)));
	EVERY_BIT(session, luo_abi_block_record(arena->pages[PAGE_SESSIONS], 0),
		  luo_abi_session_check(&session));
	EVERY_BIT(file, luo_abi_block_record(arena->pages[PAGE_FILES], 0),
		  luo_abi_file_check(&file));
	EVERY_BIT(flb, luo_abi_block_record(arena->pages[PAGE_FLBS], 0),
		  luo_abi_flb_check(&flb));
#undef EVERY_BIT
}

/* Headers with a good checksum that are wrong all the same. */
static const struct header_case {
	const char *what;
	size_t offset;
	unsigned int width;
	u64 value;
	int error;
} header_cases[] = {
#define HEADER(member, val, err)					\
	{ #member " = " #val, offsetof(struct luo_header_ser, member),	\
	  sizeof_field(struct luo_header_ser, member), val, err }
	HEADER(magic, 0, -EBADMSG),
	HEADER(version, LUO_HEADER_VERSION + 1, -EPROTONOSUPPORT),
	HEADER(version, 0, -EPROTONOSUPPORT),
	HEADER(size, sizeof(struct luo_header_ser) + 8, -EBADMSG),
	HEADER(page_size, 2 * PAGE_SIZE, -EPROTONOSUPPORT),
	HEADER(reserved, 1, -EBADMSG),
	HEADER(nr_flbs, LUO_SER_FLBS_MAX + 1, -EBADMSG),
	HEADER(nr_flbs, 0, -EBADMSG),
	HEADER(flbs_pa, 0, -EBADMSG),
	HEADER(flbs_pa, ARENA_BASE + 8, -EBADMSG),
	HEADER(nr_sessions, LUO_SER_SESSIONS_MAX + 1, -EBADMSG),
	HEADER(nr_sessions, ~0ULL, -EBADMSG),
	HEADER(nr_sessions, 0, -EBADMSG),
	HEADER(sessions_pa, 0, -EBADMSG),
	HEADER(sessions_pa, ARENA_BASE + 8, -EBADMSG),
	HEADER(nr_files, LUO_SER_FILES_MAX + 1, -EBADMSG),
#undef HEADER
};

static void abi_header_damage(struct kunit *test)
{
	struct arena *arena = test->priv;
	struct luo_header_ser header;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(header_cases); i++) {
		const struct header_case *c = &header_cases[i];

		header = arena->header;
		memcpy((void *)&header + c->offset, &c->value, c->width);
		header.crc = luo_abi_crc(&header);
		KUNIT_EXPECT_EQ_MSG(test,
				    luo_abi_header_check(&header,
							 sizeof(header)),
				    c->error, "%s", c->what);
	}
	KUNIT_EXPECT_EQ(test, luo_abi_header_check(&arena->header,
						   sizeof(header) - 1),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, luo_abi_header_check(&arena->header, 0),
			-EBADMSG);
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

static void abi_block_damage(struct kunit *test)
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

static void abi_records(struct kunit *test)
{
	struct arena *arena = test->priv;
	struct luo_session_ser *session;
	struct luo_file_ser *file;
	struct luo_flb_ser *flb;

#define REFUSED(ser, kind, change, err)					\
	do {								\
		arena_fill(arena);					\
		change;							\
		(ser)->crc = luo_abi_crc(ser);				\
		KUNIT_EXPECT_EQ_MSG(test, luo_abi_##kind##_check(ser),	\
				    err, #change);			\
	} while (0)
	session = luo_abi_block_record(arena->pages[PAGE_SESSIONS], 0);
	REFUSED(session, session, session->version = 2, -EPROTONOSUPPORT);
	REFUSED(session, session, session->reserved = 1, -EBADMSG);
	REFUSED(session, session, session->reserved2 = 1, -EBADMSG);
	REFUSED(session, session, session->name[0] = 0, -EBADMSG);
	REFUSED(session, session, memset(session->name, 'a', 64), -EBADMSG);
	REFUSED(session, session, session->nr_files = 1ULL << 40, -EBADMSG);
	REFUSED(session, session, session->nr_files = 0, -EBADMSG);
	REFUSED(session, session, session->files_pa = 0, -EBADMSG);
	REFUSED(session, session, session->files_pa = 12, -EBADMSG);
	file = luo_abi_block_record(arena->pages[PAGE_FILES], 0);
	REFUSED(file, file, file->version = 0, -EPROTONOSUPPORT);
	REFUSED(file, file, file->reserved = 1, -EBADMSG);
	REFUSED(file, file, file->reserved2 = 1, -EBADMSG);
	REFUSED(file, file, memset(file->compatible, 'v', 48), -EBADMSG);
	REFUSED(file, file, file->compatible[0] = 0, -EBADMSG);
	flb = luo_abi_block_record(arena->pages[PAGE_FLBS], 0);
	REFUSED(flb, flb, flb->version = 2, -EPROTONOSUPPORT);
	REFUSED(flb, flb, flb->reserved = 1, -EBADMSG);
	REFUSED(flb, flb, flb->slot = LUO_SER_FLBS_MAX, -EBADMSG);
	REFUSED(flb, flb, flb->nr_files = 0, -EBADMSG);
	REFUSED(flb, flb, flb->nr_files = ~0ULL, -EBADMSG);
	REFUSED(flb, flb, flb->compatible[0] = 0, -EBADMSG);
#undef REFUSED
}

static const struct compatible_case {
	char compatible[LUO_SER_COMPATIBLE_LENGTH];
	int error;
	unsigned int name_len;
	unsigned int version;
} compatible_cases[] = {
	{ "memfd-v1", 0, 5, 1 },
	{ "a-b-v12", 0, 3, 12 },
	{ "a-v999999999", 0, 1, 999999999 },
	{ "", -EINVAL },
	{ "-v1", -EINVAL },
	{ "memfd", -EINVAL },
	{ "memfd-1", -EINVAL },
	{ "memfd-v", -EINVAL },
	{ "memfd-v0", -EINVAL },
	{ "memfd-v01", -EINVAL },
	{ "memfd-v1x", -EINVAL },
	{ "memfd-v-1", -EINVAL },
	{ "memfd-v4294967297", -EINVAL },
	{ "memfd-v99999999999999999999", -EINVAL },
};

static void abi_compatible(struct kunit *test)
{
	char unterminated[LUO_SER_COMPATIBLE_LENGTH];
	unsigned int i, name_len, version;

	for (i = 0; i < ARRAY_SIZE(compatible_cases); i++) {
		const struct compatible_case *c = &compatible_cases[i];

		name_len = 0;
		version = 0;
		KUNIT_EXPECT_EQ_MSG(test,
				    luo_abi_compatible_parse(c->compatible,
							     &name_len,
							     &version),
				    c->error, "%s", c->compatible);
		if (c->error)
			continue;
		KUNIT_EXPECT_EQ(test, name_len, c->name_len);
		KUNIT_EXPECT_EQ(test, version, c->version);
	}
	memset(unterminated, '1', sizeof(unterminated));
	memcpy(unterminated, "memfd-v", 7);
	KUNIT_EXPECT_EQ(test, luo_abi_compatible_parse(unterminated, &name_len,
						       &version), -EINVAL);
}

/* At boot a few will do. */
#ifdef __KERNEL__
#define ROUNDS	200
#else
#define ROUNDS	20000
#endif

/* Whatever the heads of blocks say, a walk ends and stays inside of pages. */
static void abi_random_damage(struct kunit *test)
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

static struct kunit_case luo_abi_cases[] = {
	KUNIT_CASE(abi_good),
	KUNIT_CASE(abi_every_bit),
	KUNIT_CASE(abi_header_damage),
	KUNIT_CASE(abi_block_damage),
	KUNIT_CASE(abi_chain_length),
	KUNIT_CASE(abi_records),
	KUNIT_CASE(abi_compatible),
	KUNIT_CASE(abi_random_damage),
	{}
};

static struct kunit_suite luo_abi_suite = {
	.name = "luo_abi",
	.init = abi_test_init,
	.test_cases = luo_abi_cases,
};

kunit_test_suite(luo_abi_suite);
