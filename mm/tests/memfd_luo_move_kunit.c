// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of moving folios: it ends, whoever else has them
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "../internal.h"
#include "../memfd_luo.h"

#define NR	2

static int move_test_init(struct kunit *test)
{
	struct file *file = shmem_file_setup("luo-move", NR * PAGE_SIZE, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	test->priv = file;
	return 0;
}

static void move_test_exit(struct kunit *test)
{
	if (test->priv)
		fput(test->priv);
}

/* A page of the file, which is filled with its index, with a reference. */
static struct folio *page_of(struct kunit *test, pgoff_t index)
{
	struct folio *folio;

	folio = shmem_read_folio(file_inode(test->priv)->i_mapping, index);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, folio);
	return folio;
}

static void fill(struct kunit *test)
{
	struct folio *folio;
	pgoff_t i;

	for (i = 0; i < NR; i++) {
		folio = page_of(test, i);
		memset(folio_address(folio), 'a' + i, PAGE_SIZE);
		folio_mark_dirty(folio);
		folio_put(folio);
	}
	lru_add_drain_all();
}

static unsigned long pfn_of(struct kunit *test, pgoff_t index)
{
	struct folio *folio = page_of(test, index);
	unsigned long pfn = folio_pfn(folio);

	KUNIT_EXPECT_EQ(test, *(char *)folio_address(folio), 'a' + index);
	folio_put(folio);
	return pfn;
}

static int move(struct kunit *test, bool again)
{
	struct folio_batch fbatch;
	unsigned int flags;
	pgoff_t i;
	int ret;

	folio_batch_init(&fbatch);
	for (i = 0; i < NR; i++)
		folio_batch_add(&fbatch, page_of(test, i));
	flags = memalloc_pin_save();
	ret = memfd_luo_move(&fbatch, again);
	memalloc_pin_restore(flags);
	KUNIT_EXPECT_EQ(test, folio_batch_count(&fbatch), 0);
	return ret;
}

/* Frames that were left may be given out again: one is enough. */
static void folios_move(struct kunit *test)
{
	unsigned long first, second;

	fill(test);
	first = pfn_of(test, 0);
	second = pfn_of(test, 1);
	KUNIT_EXPECT_EQ(test, move(test, false), 0);
	KUNIT_EXPECT_TRUE(test, pfn_of(test, 0) != first ||
			  pfn_of(test, 1) != second);
}

/* As compaction or reclaim do, on another CPU. */
static void somebody_has_one_isolated(struct kunit *test)
{
	unsigned long first, second;
	struct folio *folio;

	fill(test);
	first = pfn_of(test, 0);
	second = pfn_of(test, 1);
	folio = page_of(test, 0);
	KUNIT_ASSERT_TRUE(test, folio_isolate_lru(folio));
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, move(test, false), -EAGAIN);
	KUNIT_EXPECT_EQ(test, move(test, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, pfn_of(test, 0), first);
	folio_putback_lru(folio);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, move(test, true), 0);
	KUNIT_EXPECT_TRUE(test, pfn_of(test, 0) != first ||
			  pfn_of(test, 1) != second);
}

/* As a pipe does after splice(2). */
static void somebody_has_a_reference(struct kunit *test)
{
	struct folio *folio;
	unsigned long first;

	fill(test);
	first = pfn_of(test, 0);
	folio = page_of(test, 0);
	KUNIT_EXPECT_EQ(test, move(test, false), -EAGAIN);
	KUNIT_EXPECT_EQ(test, pfn_of(test, 0), first);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, move(test, true), 0);
}

static struct kunit_case memfd_luo_move_cases[] = {
	KUNIT_CASE(folios_move),
	KUNIT_CASE(somebody_has_one_isolated),
	KUNIT_CASE(somebody_has_a_reference),
	{}
};

static struct kunit_suite memfd_luo_move_suite = {
	.name = "memfd_luo_move",
	.init = move_test_init,
	.exit = move_test_exit,
	.test_cases = memfd_luo_move_cases,
};

kunit_test_suite(memfd_luo_move_suite);
