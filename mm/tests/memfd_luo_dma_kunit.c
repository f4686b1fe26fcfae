// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what IOMMUs ask the record of a preserved memfd, and note in it
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memfd_luo.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "../memfd_luo.h"

#define NR_PAGES	8
#define HOLE		3

struct dma_test {
	struct file *file;
	struct memfd_luo *luo;
};

static int fill_page(struct file *file, pgoff_t index)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page);
	return 0;
}

static unsigned long file_pfn(struct file *file, pgoff_t index)
{
	struct page *page = find_get_page(file->f_mapping, index);
	unsigned long pfn = page ? page_to_pfn(page) : 0;

	if (page)
		put_page(page);
	return pfn;
}

/* A file with one hole, not preserved yet. */
static int dma_test_init(struct kunit *test)
{
	struct dma_test *dma = kunit_kzalloc(test, sizeof(*dma), GFP_KERNEL);
	pgoff_t index;

	KUNIT_ASSERT_NOT_NULL(test, dma);
	test->priv = dma;
	dma->file = shmem_file_setup("memfd:kunit", NR_PAGES * PAGE_SIZE,
				     VM_NORESERVE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma->file);
	for (index = 0; index < NR_PAGES; index++)
		if (index != HOLE)
			KUNIT_ASSERT_EQ(test, fill_page(dma->file, index), 0);
	return 0;
}

static void dma_test_exit(struct kunit *test)
{
	struct dma_test *dma = test->priv;

	if (!dma)
		return;
	if (dma->luo)
		memfd_luo_detach(dma->luo);
	if (!IS_ERR_OR_NULL(dma->file))
		fput(dma->file);
}

static void preserve(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	struct inode *inode = file_inode(dma->file);

	inode_lock(inode);
	dma->luo = memfd_luo_attach(dma->file, true);
	inode_unlock(inode);
	if (IS_ERR(dma->luo)) {
		int err = PTR_ERR(dma->luo);

		dma->luo = NULL;
		if (err == -EOPNOTSUPP)
			kunit_skip(test, "KHO is off");
		KUNIT_ASSERT_EQ(test, err, 0);
	}
	KUNIT_ASSERT_EQ(test, memfd_luo_scan(dma->luo, dma->file), 0);
}

static void lookup_finds_what_is_recorded(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	unsigned long pfn, nr, i;
	pgoff_t index;

	KUNIT_EXPECT_EQ(test, memfd_luo_lookup(dma->file, 0, &pfn, &nr), -ENOENT);
	preserve(test);
	for (index = 0; index < NR_PAGES; index++) {
		int err = memfd_luo_lookup(dma->file, index, &pfn, &nr);

		if (index == HOLE) {
			KUNIT_EXPECT_EQ(test, err, -ENOENT);
			continue;
		}
		KUNIT_ASSERT_EQ(test, err, 0);
		KUNIT_EXPECT_GT(test, nr, 0);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_EQ(test, pfn + i,
					file_pfn(dma->file, index + i));
	}
	KUNIT_EXPECT_EQ(test, memfd_luo_lookup(dma->file, NR_PAGES, &pfn, &nr),
			-ENOENT);
	memfd_luo_detach(dma->luo);
	dma->luo = NULL;
	KUNIT_EXPECT_EQ(test, memfd_luo_lookup(dma->file, 0, &pfn, &nr), -ENOENT);
}

static void lookup_finds_a_hole_that_was_filled(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	unsigned long pfn, nr;

	preserve(test);
	KUNIT_ASSERT_EQ(test, fill_page(dma->file, HOLE), 0);
	KUNIT_ASSERT_EQ(test, memfd_luo_lookup(dma->file, HOLE, &pfn, &nr), 0);
	KUNIT_EXPECT_EQ(test, pfn, file_pfn(dma->file, HOLE));
}

static void domains_are_noted_once(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, 1), -ENOENT);
	preserve(test);
	for (i = 0; i < 2 * MEMFD_LUO_MAX_DOMAINS; i++) {
		unsigned int domain = 100 + i % MEMFD_LUO_MAX_DOMAINS;

		KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, domain), 0);
	}
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, 7), -E2BIG);
	memfd_luo_dma_del(dma->file, 102);
	memfd_luo_dma_del(dma->file, 102);
	memfd_luo_dma_del(dma->file, 7);
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, 0), 0);
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, 7), -E2BIG);
	memfd_luo_dma_del(dma->file, 0);
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, U16_MAX), -E2BIG);
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, U16_MAX - 1), 0);
}

static void frozen_domains_are_sealed(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	struct memfd_luo_ser *ser;

	preserve(test);
	ser = dma->luo->ser;
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, 5), 0);
	KUNIT_ASSERT_EQ(test, memfd_luo_close_record(dma->luo, dma->file), 0);
	KUNIT_EXPECT_EQ(test, ser->domains[0], 6);
	KUNIT_EXPECT_EQ(test, memfd_luo_head_check(ser), 0);
	ser->domains[1] ^= 1;
	KUNIT_EXPECT_EQ(test, memfd_luo_head_check(ser), -EBADMSG);
	ser->domains[1] ^= 1;
	KUNIT_EXPECT_NE(test, memfd_luo_dma_add(dma->file, 6), 0);
	memfd_luo_dma_del(dma->file, 5);
	KUNIT_EXPECT_EQ(test, ser->domains[0], 6);
	memfd_luo_reopen_record(dma->luo);
	memfd_luo_dma_del(dma->file, 5);
	KUNIT_EXPECT_EQ(test, ser->domains[0], 0);
}

static void domain_ended(struct work_struct *work)
{
}

/* In a kernel that restored no domain nothing is under DMA. */
static void domains_that_are_gone_hold_nothing(struct kunit *test)
{
	struct dma_test *dma = test->priv;
	struct memfd_luo_dma *in = kunit_kzalloc(test, sizeof(*in), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, in);
	preserve(test);
	KUNIT_EXPECT_FALSE(test, memfd_luo_dma_start(in, dma->luo->ser,
						     domain_ended));
	KUNIT_EXPECT_EQ(test, atomic_read(&in->nr_domains), 0);

	KUNIT_EXPECT_EQ(test, memfd_luo_dma_add(dma->file, U16_MAX - 1), 0);
	memset(in, 0, sizeof(*in));
	KUNIT_EXPECT_EQ(test, memfd_luo_dma_start(in, dma->luo->ser,
						  domain_ended),
			!IS_ENABLED(CONFIG_LIVEUPDATE_IOMMU));
}

static struct kunit_case dma_cases[] = {
	KUNIT_CASE(lookup_finds_what_is_recorded),
	KUNIT_CASE(lookup_finds_a_hole_that_was_filled),
	KUNIT_CASE(domains_are_noted_once),
	KUNIT_CASE(frozen_domains_are_sealed),
	KUNIT_CASE(domains_that_are_gone_hold_nothing),
	{ }
};

static struct kunit_suite dma_suite = {
	.name = "memfd_luo_dma",
	.init = dma_test_init,
	.exit = dma_test_exit,
	.test_cases = dma_cases,
};

kunit_test_suite(dma_suite);
