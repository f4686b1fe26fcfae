// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of F5: files and images that do not go together exclude each other,
 * whichever comes first; and of what this kernel declares in its own image
 */
#include <linux/kexec.h>
#include <linux/kho/abi/kho.h>

#include "../luo_abi_image.h"
#include "luo_kunit.h"

extern const struct luo_range_ser __start_luo_ranges[], __stop_luo_ranges[];

#define FH	(&luo_kunit_handler.fh)

/* The ranges of an image: what is needed, and then what tests change. */
enum {
	RANGE_KHO,
	RANGE_HEADER,
	RANGE_RECORD,
	RANGE_PAGE,
	RANGE_FILE,
	RANGE_FLB,
	RANGES,
};

struct image_test {
	struct kimage image;
	struct luo_ranges *ranges;
};

static void range_set(struct luo_range_ser *range, enum luo_range_kind kind,
		      const char *name, unsigned int min, unsigned int max)
{
	strscpy_pad(range->name, name);
	range->kind = kind;
	range->read_min = min;
	range->read_max = max;
}

static struct image_test *image_new(struct kunit *test)
{
	struct image_test *it = kunit_kzalloc(test, sizeof(*it), GFP_KERNEL);
	struct luo_ranges *ranges;

	KUNIT_ASSERT_NOT_NULL(test, it);
	ranges = kunit_kzalloc(test, struct_size(ranges, ranges, RANGES),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges->nr = RANGES;
	range_set(&ranges->ranges[RANGE_KHO], LUO_RANGE_CORE, LUO_CORE_KHO,
		  KHO_FDT_VERSION, KHO_FDT_VERSION);
	range_set(&ranges->ranges[RANGE_HEADER], LUO_RANGE_CORE,
		  LUO_CORE_HEADER, LUO_HEADER_VERSION, LUO_HEADER_VERSION);
	range_set(&ranges->ranges[RANGE_RECORD], LUO_RANGE_CORE,
		  LUO_CORE_RECORD, LUO_RECORD_VERSION, LUO_RECORD_VERSION);
	range_set(&ranges->ranges[RANGE_PAGE], LUO_RANGE_CORE,
		  LUO_CORE_PAGE_SHIFT, PAGE_SHIFT, PAGE_SHIFT);
	range_set(&ranges->ranges[RANGE_FILE], LUO_RANGE_FILE, "luo-kunit", 2,
		  3);
	range_set(&ranges->ranges[RANGE_FLB], LUO_RANGE_FLB, "luo-kunit-flb", 1,
		  2);
	it->ranges = ranges;
	it->image.file_mode = 1;
	it->image.kho.fdt = PAGE_SIZE;
	it->image.luo = ranges;
	return it;
}

static int image_init(struct kunit *test)
{
	int ret;

	if (kexec_image)
		kunit_skip(test, "an image is loaded");
	ret = luo_kunit_init(test);
	if (!ret)
		test->priv = image_new(test);
	return ret;
}

static void image_exit(struct kunit *test)
{
	if (!kexec_image)
		liveupdate_image_install(NULL);
	luo_kunit_exit(test);
}

/* Either order: image, then file; file, then image. And in reboot(2). */
static void image_expect(struct kunit *test, int error, const char *what)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct image_test *it = test->priv;
	struct file *file = luo_kunit_file(test);

	luo_kunit.log[0] = 0;
	KUNIT_EXPECT_EQ_MSG(test, liveupdate_image_install(&it->image), 0,
			    "%s: with no file", what);
	KUNIT_EXPECT_EQ_MSG(test, luo_kunit_preserve(session, 1, file), error,
			    "%s: the file comes second", what);
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(NULL), 0);
	if (error) {
		/* It was refused before anybody was asked. */
		luo_kunit_expect_log(test, "");
		KUNIT_EXPECT_FALSE(test, liveupdate_busy());
		KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 1, file), 0);
	}
	KUNIT_EXPECT_EQ_MSG(test, liveupdate_image_install(&it->image), error,
			    "%s: the file comes first", what);
	KUNIT_EXPECT_EQ_MSG(test, luo_gate_image_check(&it->image), error,
			    "%s: in reboot(2)", what);
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(NULL), 0);
	luo_session_release(session);
	KUNIT_EXPECT_FALSE(test, liveupdate_busy());
}

static void image_kinds(struct kunit *test)
{
	struct image_test *it = test->priv;

	image_expect(test, 0, "a good one");
	it->image.file_mode = 0;
	image_expect(test, -ENOEXEC, "kexec_load");
	it->image.file_mode = 1;
	it->image.preserve_context = 1;
	image_expect(test, -ENOEXEC, "kexec jump");
	it->image.preserve_context = 0;
	it->image.kho.fdt = 0;
	image_expect(test, -ENOEXEC, "no KHO");
	it->image.kho.fdt = PAGE_SIZE;
	it->image.luo = NULL;
	image_expect(test, -ENOEXEC, "says nothing");
	it->image.luo = it->ranges;
	image_expect(test, 0, "a good one again");
}

static void image_core(struct kunit *test)
{
	struct image_test *it = test->priv;
	unsigned int i;

	for (i = RANGE_KHO; i <= RANGE_PAGE; i++) {
		struct luo_range_ser *range = &it->ranges->ranges[i];
		const struct luo_range_ser good = *range;

		range->read_min++;
		range->read_max++;
		image_expect(test, -EPROTONOSUPPORT, "other version");
		*range = good;
		range->name[0] = 'x';
		image_expect(test, -EPROTONOSUPPORT, "not declared");
		*range = good;
		range->read_max += 100;
		image_expect(test, 0, "newer ones, too");
		*range = good;
	}
}

static void image_handler(struct kunit *test)
{
	struct image_test *it = test->priv;
	struct luo_range_ser *range = &it->ranges->ranges[RANGE_FILE];

	range->read_max = 2;
	image_expect(test, -EPROTONOSUPPORT, "older versions only");
	range->read_min = 4;
	range->read_max = 9;
	image_expect(test, -EPROTONOSUPPORT, "newer versions only");
	range->name[0] = 'x';
	image_expect(test, 0, "not declared");
}

static int no_preserve(struct liveupdate_flb_op_args *args)
{
	return 0;
}

static void no_finish(struct liveupdate_flb_op_args *args)
{
}

static const struct liveupdate_flb_ops flb_ops = {
	.preserve	= no_preserve,
	.unpreserve	= no_finish,
	.retrieve	= no_preserve,
	.finish		= no_finish,
};

static struct liveupdate_flb image_flb_2 = {
	.ops		= &flb_ops,
	.compatible	= "luo-kunit-flb-v2",
};

static void image_flb(struct kunit *test)
{
	struct image_test *it = test->priv;

	KUNIT_ASSERT_EQ(test, liveupdate_register_flb(FH, &image_flb_2), 0);
	image_expect(test, 0, "reads the FLB");
	it->ranges->ranges[RANGE_FLB].read_max = 1;
	image_expect(test, -EPROTONOSUPPORT, "reads an older FLB");
	liveupdate_unregister_flb(FH, &image_flb_2);
	image_expect(test, 0, "does not read an FLB that nobody uses");
}

/* The image that is loaded counts, not the one that was refused. */
static void image_second(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct image_test *good = test->priv, *bad = image_new(test);

	bad->ranges->ranges[RANGE_FILE].read_max = 2;
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(&good->image), 0);
	luo_kunit_preserve_new(test, session, 1);
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(&bad->image),
			-EPROTONOSUPPORT);
	luo_kunit_preserve_new(test, session, 2);
	scoped_guard(mutex, &session->lock)
		luo_fileset_unpreserve(session);
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(&bad->image), 0);
	KUNIT_EXPECT_EQ(test, luo_kunit_preserve(session, 1,
						 luo_kunit_file(test)),
			-EPROTONOSUPPORT);
	KUNIT_EXPECT_EQ(test, liveupdate_image_install(&good->image), 0);
	luo_kunit_preserve_new(test, session, 1);
}

/* F6: what waits has to be readable, too, until somebody has it. */
static void image_rider(struct kunit *test)
{
	struct liveupdate_session *session = luo_kunit_session(test, "a");
	struct image_test *it = test->priv;
	unsigned int i;

	for (i = 1; i <= 2; i++)
		luo_kunit_preserve_new(test, session, i);
	luo_kunit_jump(test);
	session = luo_kunit_take(test, "a");
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 1), 0);

	guard(rwsem_read)(&luo_phase_rwsem);
	KUNIT_EXPECT_EQ(test, luo_ride_check(&luo_kunit.in, &it->image), 0);
	it->ranges->ranges[RANGE_FILE].read_max = 2;
	KUNIT_EXPECT_EQ(test, luo_ride_check(&luo_kunit.in, &it->image),
			-EPROTONOSUPPORT);
	KUNIT_EXPECT_EQ(test, luo_kunit_retrieve(session, 2), 0);
	KUNIT_EXPECT_EQ(test, luo_ride_check(&luo_kunit.in, &it->image), 0);
}

/* A handler reads what its declaration says, no less and no more. */
static void image_own_handler(struct kunit *test,
			      const struct luo_range_ser *range)
{
	char compatible[LIVEUPDATE_COMPATIBLE_LENGTH + sizeof("-v4294967295")];
	struct liveupdate_file_handler *fh;

	snprintf(compatible, sizeof(compatible), "%s-v%u", range->name,
		 range->read_min);
	fh = luo_handler_get_compatible(compatible);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(fh), "%s: %pe", compatible, fh);
	KUNIT_EXPECT_EQ_MSG(test, fh->read_min ?: fh->version, range->read_min,
			    "%s", compatible);
	KUNIT_EXPECT_EQ_MSG(test, fh->read_max ?: fh->version, range->read_max,
			    "%s", compatible);
	luo_handler_put_incoming(fh);
}

/* What is in our image is sound, complete, and what the handlers say. */
static void image_own(struct kunit *test)
{
	unsigned int nr = __stop_luo_ranges - __start_luo_ranges, i, core = 0;
	struct image_test *it = test->priv;
	struct luo_ranges *own;

	own = kunit_kzalloc(test, struct_size(own, ranges, nr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, own);
	own->nr = nr;
	memcpy(own->ranges, __start_luo_ranges, nr * sizeof(own->ranges[0]));
	KUNIT_EXPECT_LE(test, nr, LUO_IMAGE_RANGES_MAX);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, luo_abi_range_check(&own->ranges[i]), 0);
		core += own->ranges[i].kind == LUO_RANGE_CORE;
		if (own->ranges[i].kind == LUO_RANGE_FILE)
			image_own_handler(test, &own->ranges[i]);
	}
	KUNIT_EXPECT_EQ(test, core, 4U);
	it->image.luo = own;
	KUNIT_EXPECT_EQ(test, luo_image_takes(&it->image), 0);
	KUNIT_EXPECT_STREQ(test, KHO_FDT_COMPATIBLE, "kho-v2");
}

static struct kunit_case luo_image_cases[] = {
	KUNIT_CASE(image_kinds),
	KUNIT_CASE(image_core),
	KUNIT_CASE(image_handler),
	KUNIT_CASE(image_flb),
	KUNIT_CASE(image_second),
	KUNIT_CASE(image_rider),
	KUNIT_CASE(image_own),
	{}
};

static struct kunit_suite luo_image_suite = {
	.name = "luo_image",
	.init = image_init,
	.exit = image_exit,
	.test_cases = luo_image_cases,
};

kunit_test_suite(luo_image_suite);
