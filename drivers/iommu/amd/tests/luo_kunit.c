// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: walks of page tables, and checks of records
 *
 * The tables are made here, no hardware looks at them.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>

#include "../amd_iommu.h"
#include "../luo.h"

#define LEVEL	PAGE_MODE_3_LEVEL
#define RW	(IOMMU_PTE_IR | IOMMU_PTE_IW)
#define LEAF	(IOMMU_PTE_PR | IOMMU_PTE_FC | RW)

/* A page of a size that is not that of its level. */
#define LEAF_7(pa, size)	(PAGE_SIZE_PTE(pa, size) | LEAF | PM_LEVEL_ENC(7))

/* A table of each level, and a page that "was not preserved". */
struct tables {
	u64 *top;
	u64 *mid;
	u64 *low;
	phys_addr_t unknown;
};

static struct tables *current_tables;

static bool incoming(phys_addr_t pa)
{
	struct tables *t = current_tables;

	return pa == virt_to_phys(t->top) || pa == virt_to_phys(t->mid) ||
	       pa == virt_to_phys(t->low);
}

static u64 *new_table(struct kunit *test)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static u64 to_table(u64 *table, int level)
{
	return PM_LEVEL_PDE(level, virt_to_phys(table));
}

static int luo_tables_init(struct kunit *test)
{
	struct tables *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->top = new_table(test);
	t->mid = new_table(test);
	t->low = new_table(test);
	t->unknown = virt_to_phys(test) & PM_ADDR_MASK;

	/*
	 * 4 KiB at 0x40205000, 16 KiB at 0x40208000, 2 MiB at 0x40400000,
	 * 8 MiB at 0x40800000
	 */
	t->top[1] = to_table(t->mid, 2);
	t->mid[1] = to_table(t->low, 1);
	t->low[5] = 0x12345000 | LEAF;
	for (unsigned int i = 0; i < 4; i++) {
		t->low[8 + i] = LEAF_7(0x12348000ULL, (u64)SZ_16K);
		t->mid[4 + i] = LEAF_7(0x30000000ULL, (u64)SZ_8M) &
				~IOMMU_PTE_IR;
	}
	t->mid[2] = 0x20000000 | LEAF;
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
	struct iommu_luo_leaf leaves[5];
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
	{ 0x40208000, 0x12348000, SZ_16K, IOMMU_READ | IOMMU_WRITE },
	{ 0x40400000, 0x20000000, SZ_2M, IOMMU_READ | IOMMU_WRITE },
	{ 0x40800000, 0x30000000, SZ_8M, IOMMU_WRITE },
};

static void expect_leaf(struct kunit *test, const struct iommu_luo_leaf *leaf,
			unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, leaf->iova, want[nr].iova);
	KUNIT_EXPECT_EQ(test, leaf->phys, want[nr].phys);
	KUNIT_EXPECT_EQ(test, leaf->size, want[nr].size);
	KUNIT_EXPECT_EQ(test, leaf->prot, want[nr].prot);
}

/* A page is seen once, however many entries it has. */
static void walk(struct kunit *test)
{
	struct tables *t = test->priv;
	struct seen seen = {};

	KUNIT_EXPECT_EQ(test, amd_luo_tables_walk(t->top, LEVEL, 0, note_leaf,
						  &seen), 0);
	KUNIT_ASSERT_EQ(test, seen.nr, ARRAY_SIZE(want));
	for (unsigned int i = 0; i < seen.nr; i++)
		expect_leaf(test, &seen.leaves[i], i);
}

static int find(struct kunit *test, u64 iova, struct iommu_luo_leaf *leaf)
{
	struct tables *t = test->priv;

	return amd_luo_tables_lookup(t->top, LEVEL, iova, leaf);
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
		0, 0x40204000, 0x40206000, 0x40207000, 0x4020c000, 0x40600000,
		0x41000000, 0x80205000, 0x8040205000, ~0ULL,
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

	KUNIT_EXPECT_EQ(test, amd_luo_tables_walk(t->top, LEVEL, 0, note_leaf,
						  &seen), -EINTR);
	KUNIT_EXPECT_EQ(test, seen.nr, 2);
}

static int check_sizes(struct kunit *test, u64 pgsizes, u64 *left)
{
	struct tables *t = test->priv;

	return amd_luo_tables_check(virt_to_phys(t->top), LEVEL, pgsizes, left,
				    incoming);
}

static int check(struct kunit *test, u64 left)
{
	return check_sizes(test, AMD_IOMMU_PGSIZES, &left);
}

static void check_whole(struct kunit *test)
{
	u64 left = 3;

	KUNIT_EXPECT_EQ(test, check_sizes(test, AMD_IOMMU_PGSIZES, &left), 0);
	KUNIT_EXPECT_EQ(test, left, 0);
}

static void check_missing(struct kunit *test)
{
	u64 left = 4;

	KUNIT_EXPECT_EQ(test, check_sizes(test, AMD_IOMMU_PGSIZES, &left), 0);
	KUNIT_EXPECT_EQ(test, left, 1);
}

static void check_too_many(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, check(test, 2), -EBADMSG);
}

/* A table that leads to itself says that it is of another level. */
static void check_loop(struct kunit *test)
{
	struct tables *t = test->priv;

	t->mid[20] = to_table(t->mid, 2);
	KUNIT_EXPECT_EQ(test, check(test, 9), -EBADMSG);
	t->mid[20] = to_table(t->mid, 1);
	KUNIT_EXPECT_EQ(test, check(test, 9), -EBADMSG);
	t->mid[20] = 0;
	t->low[20] = to_table(t->low, 1);
	KUNIT_EXPECT_EQ(test, check(test, 9), -EBADMSG);
}

static void check_not_preserved(struct kunit *test)
{
	struct tables *t = test->priv;

	t->mid[1] = PM_LEVEL_PDE(1, t->unknown);
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
	t->mid[1] = PM_LEVEL_PDE(1, PM_ADDR_MASK);
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
}

static void check_page_size(struct kunit *test)
{
	struct tables *t = test->priv;
	u64 left = 3;

	/* a domain without the sizes in between */
	KUNIT_EXPECT_EQ(test, check_sizes(test, AMD_IOMMU_PGSIZES_V2, &left),
			-EBADMSG);
	/* not aligned */
	t->mid[2] = 0x20001000 | LEAF;
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
	/* one that belongs to another level; none at all */
	t->mid[2] = LEAF_7(0x20000000ULL, (u64)SZ_16K);
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
	t->mid[2] = ~0ULL;
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
}

/* Each entry of a page says the same, but may be dirty or not. */
static void check_copies(struct kunit *test)
{
	struct tables *t = test->priv;

	t->low[10] |= BIT_ULL(IOMMU_PTE_HD_BIT);
	KUNIT_EXPECT_EQ(test, check(test, 3), 0);
	t->low[10] &= ~IOMMU_PTE_IW;
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
	t->low[10] = 0;
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
	t->low[10] = t->low[9];
	t->low[8] = 0;
	KUNIT_EXPECT_EQ(test, check(test, 3), -EBADMSG);
}

#define ROOT	0x12345000ULL
#define DOMID	77

static const struct amd_luo_domain_ser good_domain = { .mode = 3, .id = DOMID };

static const struct amd_luo_dev_ser good_dev = {
	.dte = {
		ROOT | DTE_FLAG_V | DTE_FLAG_TV | PM_LEVEL_ENC(3) |
		DTE_FLAG_IR | DTE_FLAG_IW,
		DOMID, DTE_IRQ_REMAP_ENABLE, 0,
	},
};

static void make_records(struct iommu_luo_dev_ser *dev,
			 struct iommu_luo_domain_ser *domain)
{
	memset(dev, 0, sizeof(*dev));
	memset(domain, 0, sizeof(*domain));
	dev->hw_domain_id = DOMID;
	memcpy(dev->priv, &good_dev, sizeof(good_dev));
	domain->driver = IOMMU_LUO_DRIVER_AMD;
	domain->root_pa = ROOT;
	domain->pgsize_bitmap = AMD_IOMMU_PGSIZES;
	memcpy(domain->priv, &good_domain, sizeof(good_domain));
}

/* Bits of an entry of the device table that change where it leads. */
static void dte_bits(struct kunit *test)
{
	static const struct {
		unsigned int word;
		u64 bits;
	} wrong[] = {
		{ 0, DTE_FLAG_V }, { 0, DTE_FLAG_TV }, { 0, DTE_FLAG_GV },
		{ 0, DTE_FLAG_HAD }, { 0, BIT_ULL(DEV_ENTRY_PPR) },
		{ 0, PM_LEVEL_ENC(1) }, { 0, 0x1000 }, { 1, 1 },
		{ 1, DTE_FLAG_IOTLB },
	};
	struct iommu_luo_domain_ser domain;
	struct iommu_luo_dev_ser dev;

	make_records(&dev, &domain);
	KUNIT_EXPECT_NULL(test, amd_luo_dte_check(&dev, &domain));

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		make_records(&dev, &domain);
		dev.priv[wrong[i].word] ^= wrong[i].bits;
		KUNIT_EXPECT_NOT_NULL_MSG(test, amd_luo_dte_check(&dev, &domain),
					  "case %u", i);
	}
}

static void dte_numbers(struct kunit *test)
{
	struct iommu_luo_domain_ser domain;
	struct iommu_luo_dev_ser dev;

	make_records(&dev, &domain);
	dev.hw_domain_id = 0;
	dev.priv[1] = 0;
	KUNIT_EXPECT_NOT_NULL(test, amd_luo_dte_check(&dev, &domain));

	make_records(&dev, &domain);
	((struct amd_luo_domain_ser *)domain.priv)->id++;
	KUNIT_EXPECT_NOT_NULL(test, amd_luo_dte_check(&dev, &domain));
}

static void domain_record(struct kunit *test)
{
	static const struct amd_luo_domain_ser wrong[] = {
		{ .mode = 0, .id = DOMID }, { .mode = 5, .id = DOMID },
		{ .mode = 7, .id = DOMID }, { .mode = 3, .id = 0 },
		{ .mode = 3, .id = MAX_DOMAIN_ID },
	};
	struct iommu_luo_domain_ser domain;
	struct iommu_luo_dev_ser dev;

	make_records(&dev, &domain);
	KUNIT_EXPECT_NULL(test, amd_luo_domain_check(&domain, 4));
	KUNIT_EXPECT_NOT_NULL(test, amd_luo_domain_check(&domain, 2));

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(domain.priv, &wrong[i], sizeof(wrong[i]));
		KUNIT_EXPECT_NOT_NULL_MSG(test, amd_luo_domain_check(&domain, 4),
					  "case %u", i);
	}

	make_records(&dev, &domain);
	domain.pgsize_bitmap |= SZ_512G;
	KUNIT_EXPECT_NOT_NULL(test, amd_luo_domain_check(&domain, 4));
	make_records(&dev, &domain);
	domain.driver = IOMMU_LUO_DRIVER_VTD;
	KUNIT_EXPECT_NOT_NULL(test, amd_luo_domain_check(&domain, 4));
}

static struct kunit_case amd_luo_cases[] = {
	KUNIT_CASE(walk),
	KUNIT_CASE(lookup),
	KUNIT_CASE(walk_stops),
	KUNIT_CASE(check_whole),
	KUNIT_CASE(check_missing),
	KUNIT_CASE(check_too_many),
	KUNIT_CASE(check_loop),
	KUNIT_CASE(check_not_preserved),
	KUNIT_CASE(check_page_size),
	KUNIT_CASE(check_copies),
	KUNIT_CASE(dte_bits),
	KUNIT_CASE(dte_numbers),
	KUNIT_CASE(domain_record),
	{}
};

static struct kunit_suite amd_luo_suite = {
	.name = "amd_iommu_luo",
	.init = luo_tables_init,
	.exit = luo_tables_exit,
	.test_cases = amd_luo_cases,
};

kunit_test_suite(amd_luo_suite);

MODULE_DESCRIPTION("Tests of page tables and records of live update");
MODULE_LICENSE("GPL");
