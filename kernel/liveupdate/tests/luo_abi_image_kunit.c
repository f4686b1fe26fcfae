// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is read out of an image: a file that somebody has
 *
 * Also built for userspace and run under sanitizers. The image always ends where
 * its allocation ends: whoever reads beyond it is seen.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "../luo_abi_image.h"

#define RANGES		3

/* One sector of setup after the boot sector; kernel_info is not aligned. */
#define INFO		(2 * 512 + 5)
#define FIXED		16
#define FOREIGN		(INFO + FIXED)
#define FOREIGN_SIZE	12
#define CHUNK		(FOREIGN + FOREIGN_SIZE)
#define CHUNK_SIZE	(sizeof(struct luo_image_ser) + \
			 RANGES * sizeof(struct luo_range_ser))
#define IMAGE_SIZE	(CHUNK + CHUNK_SIZE)

static const struct luo_range_ser good_ranges[RANGES] = {
	{ "kho", LUO_RANGE_CORE, 2, 2 },
	{ "memfd", LUO_RANGE_FILE, 1, 3 },
	{ "memfd", LUO_RANGE_FLB, 7, 7 },
};

static void put(u8 *image, size_t offset, unsigned int width, u32 value)
{
	while (width--) {
		image[offset++] = value;
		value >>= 8;
	}
}

static void image_fill(u8 *image)
{
	memset(image, 0, IMAGE_SIZE);
	put(image, 0x1f1, 1, 1);
	memcpy(image + 0x202, "HdrS", 4);
	put(image, 0x206, 2, 0x20f);
	put(image, 0x268, 4, INFO - 2 * 512);
	memcpy(image + INFO, "LToP", 4);
	put(image, INFO + 4, 4, FIXED);
	put(image, INFO + 8, 4, IMAGE_SIZE - INFO);
	memcpy(image + FOREIGN, "0123", 4);
	put(image, FOREIGN + 4, 4, FOREIGN_SIZE);
	memcpy(image + CHUNK, "LUOv", 4);
	put(image, CHUNK + 4, 4, CHUNK_SIZE);
	put(image, CHUNK + 8, 4, LUO_IMAGE_FORMAT);
	memcpy(image + CHUNK + sizeof(struct luo_image_ser), good_ranges,
	       sizeof(good_ranges));
}

static int image_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, IMAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	image_fill(test->priv);
	return 0;
}

static void image_good(struct kunit *test)
{
	unsigned int nr = 0;
	size_t offset = 0;

	KUNIT_EXPECT_EQ(test, luo_abi_image_find(test->priv, IMAGE_SIZE,
						 &offset, &nr), 0);
	KUNIT_EXPECT_EQ(test, offset, CHUNK + sizeof(struct luo_image_ser));
	KUNIT_EXPECT_EQ(test, nr, RANGES);
}

/* Old boot loaders left the number of sectors out: then it is 4. */
static void image_four_sectors(struct kunit *test)
{
	const size_t more = 3 * 512;
	size_t offset = 0;
	unsigned int nr = 0;
	u8 *image;

	image = kunit_kzalloc(test, IMAGE_SIZE + more, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, image);
	image_fill(image + more);
	memcpy(image, test->priv, 2 * 512);
	put(image, 0x1f1, 1, 0);
	KUNIT_EXPECT_EQ(test, luo_abi_image_find(image, IMAGE_SIZE + more,
						 &offset, &nr), 0);
	KUNIT_EXPECT_EQ(test, offset, more + CHUNK + sizeof(struct luo_image_ser));
	KUNIT_EXPECT_EQ(test, nr, RANGES);
}

/* Wherever the file ends, nothing is found and nothing behind it is read. */
static void image_truncated(struct kunit *test)
{
	u8 *image = test->priv;
	unsigned int i, nr;
	size_t size, offset;

	/* Once as it is, once with a kernel_info that claims to end there, too. */
	for (i = 0; i < 2 * IMAGE_SIZE; i++) {
		size = i / 2;
		image_fill(image);
		if (i % 2 && size >= INFO + FIXED)
			put(image, INFO + 8, 4, size - INFO);
		memmove(image + IMAGE_SIZE - size, image, size);
		KUNIT_EXPECT_NE_MSG(test,
				    luo_abi_image_find(image + IMAGE_SIZE - size,
						       size, &offset, &nr),
				    0, "size %u", (unsigned int)size);
	}
	/* Our chunk ends within its head, and so does the file. */
	for (size = CHUNK + 8; size < CHUNK + sizeof(struct luo_image_ser); size++) {
		image_fill(image);
		put(image, INFO + 8, 4, size - INFO);
		put(image, CHUNK + 4, 4, size - CHUNK);
		memmove(image + IMAGE_SIZE - size, image, size);
		KUNIT_EXPECT_EQ(test,
				luo_abi_image_find(image + IMAGE_SIZE - size,
						   size, &offset, &nr),
				-EBADMSG);
	}
}

static const struct image_case {
	const char *what;
	unsigned int offset;
	unsigned int width;
	u32 value;
	int error;
} image_cases[] = {
	{ "not a bzImage", 0x202, 4, 0, -ENOENT },
	{ "an old protocol", 0x206, 2, 0x20e, -ENOENT },
	{ "setup beyond the end", 0x1f1, 1, 255, -EBADMSG },
	{ "4 sectors of setup", 0x1f1, 1, 0, -EBADMSG },
	{ "info at the end", 0x268, 4, IMAGE_SIZE - 2 * 512, -EBADMSG },
	{ "info across the end", 0x268, 4, IMAGE_SIZE - 2 * 512 - 11, -EBADMSG },
	{ "info beyond the end", 0x268, 4, 0xffffffff, -EBADMSG },
	{ "info negative", 0x268, 4, 0x80000000, -EBADMSG },
	{ "no info", INFO, 4, 0, -EBADMSG },
	{ "fixed part too small", INFO + 4, 4, 11, -EBADMSG },
	{ "fixed part beyond all", INFO + 4, 4, IMAGE_SIZE - INFO + 1, -EBADMSG },
	{ "fixed part is all", INFO + 4, 4, IMAGE_SIZE - INFO, -ENOENT },
	{ "fixed part huge", INFO + 4, 4, 0xffffffff, -EBADMSG },
	{ "info too large", INFO + 8, 4, IMAGE_SIZE - INFO + 1, -EBADMSG },
	{ "info huge", INFO + 8, 4, 0xffffffff, -EBADMSG },
	{ "info smaller than its fixed part", INFO + 8, 4, 15, -EBADMSG },
	{ "info ends within our chunk", INFO + 8, 4, IMAGE_SIZE - INFO - 1,
	  -EBADMSG },
	{ "info ends within the head of our chunk", INFO + 8, 4,
	  CHUNK - INFO + 7, -EBADMSG },
	{ "info ends before our chunk", INFO + 8, 4, CHUNK - INFO, -ENOENT },
	{ "another chunk of no size", FOREIGN + 4, 4, 0, -EBADMSG },
	{ "another chunk of 7 bytes", FOREIGN + 4, 4, 7, -EBADMSG },
	{ "another chunk too large", FOREIGN + 4, 4, 0xffffffff, -EBADMSG },
	{ "another chunk covers ours", FOREIGN + 4, 4, IMAGE_SIZE - FOREIGN,
	  -ENOENT },
	{ "not our chunk", CHUNK, 4, 0, -ENOENT },
	{ "no head", CHUNK + 4, 4, 15, -EBADMSG },
	{ "half a range", CHUNK + 4, 4, CHUNK_SIZE - 32, -EBADMSG },
	{ "chunk too large", CHUNK + 4, 4, CHUNK_SIZE + 64, -EBADMSG },
	{ "chunk huge", CHUNK + 4, 4, 0xffffffff, -EBADMSG },
	{ "another format", CHUNK + 8, 4, LUO_IMAGE_FORMAT + 1, -EPROTONOSUPPORT },
	{ "reserved", CHUNK + 12, 4, 1, -EBADMSG },
	{ "fewer ranges", CHUNK + 4, 4, CHUNK_SIZE - 64, 0 },
};

static void image_damaged(struct kunit *test)
{
	u8 *image = test->priv;
	unsigned int i, nr;
	size_t offset;

	for (i = 0; i < ARRAY_SIZE(image_cases); i++) {
		const struct image_case *c = &image_cases[i];

		image_fill(image);
		put(image, c->offset, c->width, c->value);
		KUNIT_EXPECT_EQ_MSG(test,
				    luo_abi_image_find(image, IMAGE_SIZE,
						       &offset, &nr),
				    c->error, "%s", c->what);
	}
	/* A fixed part without room for its own sizes, and chunks all the same. */
	image_fill(image);
	put(image, INFO + 4, 4, 8);
	put(image, INFO + 12, 4, CHUNK - INFO - 8);
	KUNIT_EXPECT_EQ(test, luo_abi_image_find(image, IMAGE_SIZE, &offset, &nr),
			-EBADMSG);
}

static void image_too_many(struct kunit *test)
{
	unsigned int most = LUO_IMAGE_RANGES_MAX, nr;
	size_t offset, size;
	u8 *image;

	size = CHUNK + sizeof(struct luo_image_ser) +
	       (most + 1) * sizeof(struct luo_range_ser);
	image = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, image);
	image_fill(image);
	put(image, INFO + 8, 4, size - INFO);
	put(image, CHUNK + 4, 4, size - CHUNK);
	KUNIT_EXPECT_EQ(test, luo_abi_image_find(image, size, &offset, &nr),
			-EBADMSG);
	size -= sizeof(struct luo_range_ser);
	put(image, INFO + 8, 4, size - INFO);
	put(image, CHUNK + 4, 4, size - CHUNK);
	KUNIT_EXPECT_EQ(test, luo_abi_image_find(image, size, &offset, &nr), 0);
	KUNIT_EXPECT_EQ(test, nr, most);
}

/* Whatever stands where: what is found is in the file. */
static void image_any_word(struct kunit *test)
{
	static const u32 words[] = {
		0, 1, 7, 8, 15, 63, 64, 0x7fffffff, 0x80000000, 0xfffffff0,
		0xffffffff, 0x506f544c, LUO_IMAGE_MAGIC,
	};
	u8 *image = test->priv;
	unsigned int at, i, nr;
	size_t offset;

	for (at = 0x1f0; at <= IMAGE_SIZE - 4; at++) {
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			image_fill(image);
			put(image, at, 4, words[i]);
			offset = 0;
			nr = 0;
			if (luo_abi_image_find(image, IMAGE_SIZE, &offset, &nr))
				continue;
			KUNIT_EXPECT_TRUE(test, offset <= IMAGE_SIZE &&
					  nr * sizeof(struct luo_range_ser) <=
					  IMAGE_SIZE - offset);
		}
	}
}

static void image_range(struct kunit *test)
{
	const struct luo_range_ser good = good_ranges[1];
	struct luo_range_ser range;

#define REFUSED(change)							\
	do {								\
		range = good;						\
		change;							\
		KUNIT_EXPECT_EQ_MSG(test, luo_abi_range_check(&range),	\
				    -EBADMSG, #change);			\
	} while (0)
	KUNIT_EXPECT_EQ(test, luo_abi_range_check(&good), 0);
	REFUSED(memset(range.name, 0, sizeof(range.name)));
	REFUSED(range.name[0] = 0);
	REFUSED(memset(range.name, 'a', sizeof(range.name)));
	REFUSED(range.name[sizeof(range.name) - 1] = 'a');
	REFUSED(range.kind = 0);
	REFUSED(range.read_min = 0);
	REFUSED(range.read_min = 4);
	REFUSED(range.read_max = 0);
	REFUSED(range.reserved = 1);
#undef REFUSED
	/* To be skipped, not to be refused. */
	range = good;
	range.kind = LUO_RANGE_FLB + 1;
	KUNIT_EXPECT_EQ(test, luo_abi_range_check(&range), 0);
}

static const struct read_case {
	enum luo_range_kind kind;
	const char *name;
	unsigned int version;
	int error;
} read_cases[] = {
	{ LUO_RANGE_FILE, "memfd", 1, 0 },
	{ LUO_RANGE_FILE, "memfd", 3, 0 },
	{ LUO_RANGE_FILE, "memfd", 4, -EPROTONOSUPPORT },
	{ LUO_RANGE_FLB, "memfd", 7, 0 },
	{ LUO_RANGE_FLB, "memfd", 6, -EPROTONOSUPPORT },
	{ LUO_RANGE_CORE, "kho", 2, 0 },
	{ LUO_RANGE_CORE, "kho", 1, -EPROTONOSUPPORT },
	{ LUO_RANGE_CORE, "memfd", 1, -ENOENT },
	{ LUO_RANGE_FILE, "kho", 2, -ENOENT },
	{ LUO_RANGE_FILE, "memf", 1, -ENOENT },
	{ LUO_RANGE_FILE, "memfe", 1, -ENOENT },
	{ LUO_RANGE_FILE, "memfd2", 1, -ENOENT },
};

static void image_reads(struct kunit *test)
{
	struct luo_ranges *ranges;
	unsigned int i;

	ranges = kunit_kzalloc(test, sizeof(*ranges) + sizeof(good_ranges),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges->nr = RANGES;
	memcpy(ranges->ranges, good_ranges, sizeof(good_ranges));
	for (i = 0; i < ARRAY_SIZE(read_cases); i++) {
		const struct read_case *c = &read_cases[i];

		KUNIT_EXPECT_EQ_MSG(test,
				    luo_abi_ranges_read(ranges, c->kind, c->name,
							strlen(c->name),
							c->version),
				    c->error, "%s %u", c->name, c->version);
	}
	/* The name need not end where it ends. */
	KUNIT_EXPECT_EQ(test, luo_abi_ranges_read(ranges, LUO_RANGE_FILE,
						  "memfd-v1", 5, 1), 0);
}

static struct kunit_case luo_abi_image_cases[] = {
	KUNIT_CASE(image_good),
	KUNIT_CASE(image_four_sectors),
	KUNIT_CASE(image_truncated),
	KUNIT_CASE(image_damaged),
	KUNIT_CASE(image_too_many),
	KUNIT_CASE(image_any_word),
	KUNIT_CASE(image_range),
	KUNIT_CASE(image_reads),
	{}
};

static struct kunit_suite luo_abi_image_suite = {
	.name = "luo_abi_image",
	.init = image_init,
	.test_cases = luo_abi_image_cases,
};

kunit_test_suite(luo_abi_image_suite);
