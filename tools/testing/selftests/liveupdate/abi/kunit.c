// SPDX-License-Identifier: GPL-2.0-only
/* Runs the suites and prints KTAP. */
#include <kunit/test.h>

#define MAX_SUITES	8

static struct kunit_suite *suites[MAX_SUITES];
static int nr_suites;

void kunit_add_suite(struct kunit_suite *suite)
{
	if (nr_suites == MAX_SUITES)
		abort();
	suites[nr_suites++] = suite;
}

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp)
{
	void *p;

	ABI_KUNIT_ASSERT(test, test->nr_allocated < 64);
	p = calloc(1, size);
	test->allocated[test->nr_allocated++] = p;
	return p;
}

static int run_case(struct kunit_suite *suite, struct kunit_case *c)
{
	struct kunit test = {};

	if (!setjmp(test.abort)) {
		if (suite->init(&test))
			test.failures++;
		else
			c->run(&test);
	}
	while (test.nr_allocated)
		free(test.allocated[--test.nr_allocated]);
	return test.failures;
}

static int run_suite(struct kunit_suite *suite, int *nr)
{
	struct kunit_case *c;
	int bad, failed = 0;

	for (c = suite->test_cases; c->run; c++) {
		bad = run_case(suite, c);
		printf("%sok %d %s.%s\n", bad ? "not " : "", ++*nr, suite->name,
		       c->name);
		failed += !!bad;
	}
	return failed;
}

int main(void)
{
	int i, nr = 0, failed = 0;

	printf("KTAP version 1\n");
	for (i = 0; i < nr_suites; i++)
		failed += run_suite(suites[i], &nr);
	printf("1..%d\n", nr);
	return failed ? 1 : 0;
}
