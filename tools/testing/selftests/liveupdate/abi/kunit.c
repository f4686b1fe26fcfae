// SPDX-License-Identifier: GPL-2.0-only
/* Runs one suite and prints KTAP. */
#include <kunit/test.h>
#include <linux/crc32.h>

extern struct kunit_suite *kunit_the_suite;

/* As the kernel's crc32_le(), a bit at a time. */
u32 crc32_le(u32 crc, const void *p, size_t len)
{
	const u8 *byte = p;
	int i;

	while (len--) {
		crc ^= *byte++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp)
{
	void *p;

	ABI_KUNIT_ASSERT(test, test->nr_allocated < 64);
	p = calloc(1, size);
	test->allocated[test->nr_allocated++] = p;
	return p;
}

static int run_case(struct kunit_case *c)
{
	struct kunit test = {};

	if (!setjmp(test.abort)) {
		if (kunit_the_suite->init(&test))
			test.failures++;
		else
			c->run(&test);
	}
	while (test.nr_allocated)
		free(test.allocated[--test.nr_allocated]);
	return test.failures;
}

int main(void)
{
	struct kunit_case *c = kunit_the_suite->test_cases;
	int nr = 0, failed = 0;

	printf("KTAP version 1\n");
	while (c[nr].run)
		nr++;
	printf("1..%d\n", nr);
	for (nr = 0; c[nr].run; nr++) {
		int bad = run_case(&c[nr]);

		printf("%sok %d %s\n", bad ? "not " : "", nr + 1, c[nr].name);
		failed += !!bad;
	}
	return failed ? 1 : 0;
}
