// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: walks of page tables
 *
 * The tables are made here, no hardware looks at them.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>

#include "../iommu.h"
#include "../luo.h"

#define LEVEL	3
#define RW	(DMA_PTE_READ | DMA_PTE_WRITE)

/* A table of each level, and pages that "were not preserved". */
struct tables {
	struct dma_pte *top;
	struct dma_pte *mid;
	struct dma_pte *low;
	phys_addr_t unknown;
};

static struct tables *current_tables;

static bool incoming(phys_addr_t pa)
{
	struct tables *t = current_tables;

	return pa == virt_to_phys(t->top) || pa == virt_to_phys(t->mid) ||
	       pa == virt_to_phys(t->low);
}

static struct dma_pte *new_table(struct kunit *test)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static int luo_tables_init(struct kunit *test)
{
	struct tables *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->top = new_table(test);
	t->mid = new_table(test);
	t->low = new_table(test);
	t->unknown = virt_to_phys(test) & VTD_PAGE_MASK;

	/* 4 KiB at 0x40205000 and 0x40206000, 2 MiB at 0x40400000 */
	t->top[1].val = virt_to_phys(t->mid) | RW;
	t->mid[1].val = virt_to_phys(t->low) | RW;
	t->low[5].val = 0x12345000 | RW;
	t->low[6].val = 0x12345000 | DMA_PTE_READ;
	t->mid[2].val = 0x20000000 | RW | DMA_PTE_LARGE_PAGE;
	test->priv = t;
	current_tables = t;
	return 0;
}

static void luo_tables_exit(struct kunit *test)
{
	struct tables *t = test->priv;

	free_page((unsigned long)t->top);
	free_page((unsigned long)t->mid);
	free_page((unsigned long)t->low);
}

struct seen {
	struct iommu_luo_leaf leaves[4];
	unsigned int nr;
	unsigned int stop;
};

static int note_leaf(const struct iommu_luo_leaf *leaf, void *arg)
{
	struct seen *seen = arg;

	if (seen->nr < ARRAY_SIZE(seen->leaves))
		seen->leaves[seen->nr] = *leaf;
	return ++seen->nr == seen->stop ? -EINTR : 0;
}

static const struct iommu_luo_leaf want[] = {
	{ 0x40205000, 0x12345000, SZ_4K, IOMMU_READ | IOMMU_WRITE },
	{ 0x40206000, 0x12345000, SZ_4K, IOMMU_READ },
	{ 0x40400000, 0x20000000, SZ_2M, IOMMU_READ | IOMMU_WRITE },
};

static void expect_leaf(struct kunit *test, const struct iommu_luo_leaf *leaf,
			unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, leaf->iova, want[nr].iova);
	KUNIT_EXPECT_EQ(test, leaf->phys, want[nr].phys);
	KUNIT_EXPECT_EQ(test, leaf->size, want[nr].size);
	KUNIT_EXPECT_EQ(test, leaf->prot, want[nr].prot);
}

static void walk(struct kunit *test)
{
	struct tables *t = test->priv;
	struct seen seen = {};

	KUNIT_EXPECT_EQ(test, intel_luo_tables_walk(t->top, LEVEL, 0, note_leaf,
						    &seen), 0);
	KUNIT_ASSERT_EQ(test, seen.nr, ARRAY_SIZE(want));
	for (unsigned int i = 0; i < seen.nr; i++)
		expect_leaf(test, &seen.leaves[i], i);
}

static int find(struct kunit *test, u64 iova, struct iommu_luo_leaf *leaf)
{
	struct tables *t = test->priv;

	return intel_luo_tables_lookup(t->top, LEVEL, iova, leaf);
}

static void find_page(struct kunit *test, unsigned int nr)
{
	struct iommu_luo_leaf leaf = {};

	for (u64 off = 0; off < want[nr].size; off += SZ_4K) {
		KUNIT_EXPECT_EQ(test, find(test, want[nr].iova + off, &leaf), 0);
		expect_leaf(test, &leaf, nr);
	}
}

/* Every address in a mapping leads to it, and no other one does. */
static void lookup(struct kunit *test)
{
	static const u64 holes[] = {
		0, 0x40204000, 0x40207000, 0x40600000, 0x80205000,
		0x8040205000, ~0ULL,
	};
	struct iommu_luo_leaf leaf;

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++)
		find_page(test, i);
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++)
		KUNIT_EXPECT_EQ(test, find(test, holes[i], &leaf), -ENOENT);
}

static void walk_stops(struct kunit *test)
{
	struct tables *t = test->priv;
	struct seen seen = { .stop = 2 };

	KUNIT_EXPECT_EQ(test, intel_luo_tables_walk(t->top, LEVEL, 0, note_leaf,
						    &seen), -EINTR);
	KUNIT_EXPECT_EQ(test, seen.nr, 2);
}

static int check(struct kunit *test, u64 *left)
{
	struct tables *t = test->priv;

	return intel_luo_tables_check(virt_to_phys(t->top), LEVEL, 1, left,
				      incoming);
}

static void check_whole(struct kunit *test)
{
	u64 left = 3;

	KUNIT_EXPECT_EQ(test, check(test, &left), 0);
	KUNIT_EXPECT_EQ(test, left, 0);
}

static void check_missing(struct kunit *test)
{
	u64 left = 4;

	KUNIT_EXPECT_EQ(test, check(test, &left), 0);
	KUNIT_EXPECT_EQ(test, left, 1);
}

static void check_too_many(struct kunit *test)
{
	u64 left = 2;

	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
}

/* A table that leads to itself is a walk without an end, but for the count. */
static void check_loop(struct kunit *test)
{
	struct tables *t = test->priv;
	u64 left = 3;

	t->mid[7].val = virt_to_phys(t->mid) | RW;
	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
}

static void check_not_preserved(struct kunit *test)
{
	struct tables *t = test->priv;
	u64 left = 3;

	t->mid[1].val = t->unknown | RW;
	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
	left = 3;
	t->mid[1].val = VTD_PAGE_MASK | RW;
	t->mid[1].val &= ~DMA_PTE_LARGE_PAGE;
	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
}

static void check_page_size(struct kunit *test)
{
	struct tables *t = test->priv;
	u64 left = 3;

	/* not aligned */
	t->mid[2].val = 0x20001000 | RW | DMA_PTE_LARGE_PAGE;
	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
	/* 1 GiB in a domain of at most 2 MiB */
	t->mid[2].val = 0;
	t->top[2].val = 0x40000000 | RW | DMA_PTE_LARGE_PAGE;
	left = 3;
	KUNIT_EXPECT_EQ(test, check(test, &left), -EBADMSG);
}

static struct kunit_case intel_luo_cases[] = {
	KUNIT_CASE(walk),
	KUNIT_CASE(lookup),
	KUNIT_CASE(walk_stops),
	KUNIT_CASE(check_whole),
	KUNIT_CASE(check_missing),
	KUNIT_CASE(check_too_many),
	KUNIT_CASE(check_loop),
	KUNIT_CASE(check_not_preserved),
	KUNIT_CASE(check_page_size),
	{}
};

static struct kunit_suite intel_luo_suite = {
	.name = "intel_iommu_luo",
	.init = luo_tables_init,
	.exit = luo_tables_exit,
	.test_cases = intel_luo_cases,
};

kunit_test_suite(intel_luo_suite);

MODULE_DESCRIPTION("Tests of the page table walks of live update");
MODULE_LICENSE("GPL");
