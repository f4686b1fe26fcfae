/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of KUnit as the test of the serialised form needs. */
#ifndef _ABI_KUNIT_TEST_H
#define _ABI_KUNIT_TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define GFP_KERNEL	0

struct kunit {
	void *priv;
	int failures;
	int nr_allocated;
	void *allocated[64];
	jmp_buf abort;
};

struct kunit_case {
	const char *name;
	void (*run)(struct kunit *test);
};

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	struct kunit_case *test_cases;
};

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp);

#define KUNIT_CASE(fn)	{ .name = #fn, .run = fn }

void kunit_add_suite(struct kunit_suite *suite);

#define kunit_test_suite(s)						\
	__attribute__((constructor)) static void kunit_add_##s(void)	\
	{								\
		kunit_add_suite(&(s));					\
	}

#define ABI_KUNIT_FAIL(test, fmt, ...)					\
	do {								\
		printf("    # %s:%d: " fmt "\n", __func__, __LINE__,	\
		       ##__VA_ARGS__);					\
		(test)->failures++;					\
	} while (0)

#define ABI_KUNIT_CMP(test, l, op, r)					\
	do {								\
		long long _l = (l), _r = (r);				\
		if (!(_l op _r))					\
			ABI_KUNIT_FAIL(test, "%s is %lld, not " #op " %lld", \
				       #l, _l, _r);			\
	} while (0)

#define ABI_KUNIT_CMP_MSG(test, l, op, r, fmt, ...)			\
	do {								\
		long long _l = (l), _r = (r);				\
		if (!(_l op _r))					\
			ABI_KUNIT_FAIL(test, "%lld is not " #op " %lld: " fmt, \
				       _l, _r, ##__VA_ARGS__);		\
	} while (0)

#define KUNIT_EXPECT_EQ(test, l, r)	ABI_KUNIT_CMP(test, l, ==, r)
#define KUNIT_EXPECT_LE(test, l, r)	ABI_KUNIT_CMP(test, l, <=, r)
#define KUNIT_EXPECT_TRUE(test, c)	ABI_KUNIT_CMP(test, !!(c), ==, 1)
#define KUNIT_EXPECT_FALSE(test, c)	ABI_KUNIT_CMP(test, !!(c), ==, 0)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...)				\
	ABI_KUNIT_CMP_MSG(test, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, l, r, ...)				\
	ABI_KUNIT_CMP_MSG(test, l, !=, r, __VA_ARGS__)

#define ABI_KUNIT_ASSERT(test, c)					\
	do {								\
		if (!(c)) {						\
			ABI_KUNIT_FAIL(test, "%s is not true", #c);	\
			longjmp((test)->abort, 1);			\
		}							\
	} while (0)

#define KUNIT_ASSERT_NOT_NULL(test, p)	ABI_KUNIT_ASSERT(test, (p) != NULL)
#define KUNIT_ASSERT_LE(test, l, r)	ABI_KUNIT_ASSERT(test, (l) <= (r))

#endif /* _ABI_KUNIT_TEST_H */
