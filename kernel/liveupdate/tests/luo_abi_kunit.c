// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the serialised form: the header and single records
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "luo_abi_arena.h"

static void abi_good(struct kunit *test)
{
	struct arena *arena = test->priv;
	const void *flb = luo_abi_block_record(arena->pages[PAGE_FLBS], 0);
	const void *file = luo_abi_block_record(arena->pages[PAGE_FILES], 0);
	const void *session;

	session = luo_abi_block_record(arena->pages[PAGE_SESSIONS_2], 0);
	KUNIT_EXPECT_EQ(test, luo_abi_header_check(&arena->header,
						   sizeof(arena->header)), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_flb_check(flb), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_file_check(file), 0);
	KUNIT_EXPECT_EQ(test, luo_abi_session_check(session), 0);
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
	HEADER(nr_riders, LUO_SER_SESSIONS_MAX + 1, -EBADMSG),
	HEADER(nr_riders, 1, -EBADMSG),
	HEADER(riders_pa, ARENA_BASE, -EBADMSG),
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
	REFUSED(file, file, file->flags = 2, -EBADMSG);
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

static struct kunit_case luo_abi_cases[] = {
	KUNIT_CASE(abi_good),
	KUNIT_CASE(abi_every_bit),
	KUNIT_CASE(abi_header_damage),
	KUNIT_CASE(abi_records),
	KUNIT_CASE(abi_compatible),
	{}
};

static struct kunit_suite luo_abi_suite = {
	.name = "luo_abi",
	.init = arena_init,
	.test_cases = luo_abi_cases,
};

kunit_test_suite(luo_abi_suite);
