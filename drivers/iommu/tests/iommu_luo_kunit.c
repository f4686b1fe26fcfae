// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: damaged records are refused
 */
#include <kunit/test.h>

#include "../iommu_luo.h"

static struct iommu_luo_head_ser *new_head(struct kunit *test)
{
	struct iommu_luo_head_ser *head;

	head = kunit_kzalloc(test, sizeof(*head), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, head);
	head->magic = IOMMU_LUO_MAGIC;
	head->version = IOMMU_LUO_VERSION;
	head->page_shift = PAGE_SHIFT;
	head->nr_blocks = 2;
	head->crc = iommu_luo_head_crc(head);
	return head;
}

static void head_whole(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, iommu_luo_check_head(new_head(test)), 0);
}

struct head_case {
	const char *name;
	size_t offset;
	u32 value;
	bool seal;
	int err;
};

#define HEAD(_name, _member, _value, _seal, _err)			\
	{								\
		.name = _name,						\
		.offset = offsetof(struct iommu_luo_head_ser, _member),	\
		.value = _value,					\
		.seal = _seal,						\
		.err = _err,						\
	}

static const struct head_case head_cases[] = {
	HEAD("magic", magic, 1, true, -EBADMSG),
	HEAD("version", version, 2, true, -EPROTONOSUPPORT),
	HEAD("version 0", version, 0, true, -EPROTONOSUPPORT),
	HEAD("checksum", crc, 0x12345678, false, -EBADMSG),
	HEAD("bit behind the checksum", nr_blocks, 3, false, -EBADMSG),
	HEAD("last word", block_pa[IOMMU_LUO_BLOCKS_MAX - 1], 1, false,
	     -EBADMSG),
	HEAD("too many blocks", nr_blocks, IOMMU_LUO_BLOCKS_MAX + 1, true,
	     -EBADMSG),
	HEAD("very many blocks", nr_blocks, ~0U, true, -EBADMSG),
	HEAD("page size", page_shift, PAGE_SHIFT + 2, true, -EPROTONOSUPPORT),
	HEAD("reserved", reserved[8], 1, true, -EBADMSG),
};

KUNIT_ARRAY_PARAM_DESC(head, head_cases, name);

static void head_damaged(struct kunit *test)
{
	const struct head_case *c = test->param_value;
	struct iommu_luo_head_ser *head = new_head(test);

	memcpy((void *)head + c->offset, &c->value, sizeof(c->value));
	if (c->seal)
		head->crc = iommu_luo_head_crc(head);
	KUNIT_EXPECT_EQ(test, iommu_luo_check_head(head), c->err);
}

#define NR 8

/* 0, 1: IOMMUs; 2, 3: domains; 4, 5, 6: devices; 7: free */
static void fill(struct iommu_luo_entry_ser *e)
{
	static const u32 type[NR] = {
		IOMMU_LUO_HW, IOMMU_LUO_HW, IOMMU_LUO_DOMAIN, IOMMU_LUO_DOMAIN,
		IOMMU_LUO_DEVICE, IOMMU_LUO_DEVICE, IOMMU_LUO_DEVICE,
		IOMMU_LUO_FREE,
	};

	memset(e, 0, NR * sizeof(*e));
	for (u32 i = 0; i < NR; i++) {
		e[i].type = type[i];
		e[i].index = i;
		if (type[i] == IOMMU_LUO_HW) {
			e[i].hw.driver = IOMMU_LUO_DRIVER_VTD;
		} else if (type[i] == IOMMU_LUO_DOMAIN) {
			e[i].domain.driver = IOMMU_LUO_DRIVER_VTD;
			e[i].domain.nr_tables = 1;
			e[i].domain.root_pa = (u64)i << PAGE_SHIFT;
		} else if (type[i] == IOMMU_LUO_DEVICE) {
			e[i].dev.driver = IOMMU_LUO_DRIVER_VTD;
			e[i].dev.bus = i;
			e[i].dev.hw = i & 1;
			e[i].dev.domain = 2 + (i & 1);
		}
	}
}

static struct iommu_luo_entry_ser *new_entries(struct kunit *test)
{
	struct iommu_luo_entry_ser *e;

	e = kunit_kcalloc(test, NR, sizeof(*e), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e);
	fill(e);
	for (u32 i = 0; i < NR; i++)
		e[i].crc = iommu_luo_entry_crc(&e[i]);
	return e;
}

static void entry_whole(struct kunit *test)
{
	struct iommu_luo_entry_ser *e = new_entries(test);

	for (u32 i = 0; i < NR; i++)
		KUNIT_EXPECT_TRUE(test, iommu_luo_check_entry(&e[i], i));
	KUNIT_EXPECT_EQ(test, iommu_luo_check_links(e, NR), 0);
}

/* Every bit of an entry is covered. */
static void entry_bits(struct kunit *test)
{
	struct iommu_luo_entry_ser *e = new_entries(test);

	for (size_t bit = 0; bit < sizeof(*e) * 8; bit++) {
		u8 *byte = (u8 *)&e[4] + bit / 8;

		*byte ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE_MSG(test, iommu_luo_check_entry(&e[4], 4),
				       "bit %zu", bit);
		*byte ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_TRUE(test, iommu_luo_check_entry(&e[4], 4));
}

static void entry_elsewhere(struct kunit *test)
{
	struct iommu_luo_entry_ser *e = new_entries(test);

	KUNIT_EXPECT_FALSE(test, iommu_luo_check_entry(&e[4], 5));
}

static void entry_sealed(struct kunit *test, struct iommu_luo_entry_ser *e,
			 u32 i)
{
	e[i].crc = iommu_luo_entry_crc(&e[i]);
	KUNIT_EXPECT_FALSE(test, iommu_luo_check_entry(&e[i], i));
	fill(e);
}

/* What a checksum does not find: the previous kernel wrote nonsense. */
static void entry_nonsense(struct kunit *test)
{
	struct iommu_luo_entry_ser *e = new_entries(test);

	e[4].type = IOMMU_LUO_DEVICE + 1;
	entry_sealed(test, e, 4);
	e[4].reserved = 1;
	entry_sealed(test, e, 4);
	e[4].dev.reserved = 1;
	entry_sealed(test, e, 4);
	e[2].domain.root_pa |= 8;
	entry_sealed(test, e, 2);
	e[2].domain.nr_tables = 0;
	entry_sealed(test, e, 2);
	e[2].domain.nr_tables = IOMMU_LUO_TABLES_MAX + 1;
	entry_sealed(test, e, 2);
}

static void dropped(struct kunit *test, struct iommu_luo_entry_ser *e, u32 i)
{
	KUNIT_EXPECT_EQ(test, iommu_luo_check_links(e, NR), 1);
	KUNIT_EXPECT_EQ(test, e[i].type, IOMMU_LUO_FREE);
	fill(e);
}

static void links(struct kunit *test)
{
	struct iommu_luo_entry_ser *e = new_entries(test);

	e[5].dev.hw = NR;
	dropped(test, e, 5);
	e[5].dev.hw = ~0U;
	dropped(test, e, 5);
	e[5].dev.hw = 3;
	dropped(test, e, 5);
	e[5].dev.domain = NR;
	dropped(test, e, 5);
	e[5].dev.domain = 7;
	dropped(test, e, 5);
	e[5].dev.domain = 5;
	dropped(test, e, 5);
	e[5].dev.driver = IOMMU_LUO_DRIVER_AMD;
	dropped(test, e, 5);
	e[6].dev.bus = e[5].dev.bus;
	dropped(test, e, 6);
}

static struct kunit_case iommu_luo_cases[] = {
	KUNIT_CASE(head_whole),
	KUNIT_CASE_PARAM(head_damaged, head_gen_params),
	KUNIT_CASE(entry_whole),
	KUNIT_CASE(entry_bits),
	KUNIT_CASE(entry_elsewhere),
	KUNIT_CASE(entry_nonsense),
	KUNIT_CASE(links),
	{}
};

static struct kunit_suite iommu_luo_suite = {
	.name = "iommu_luo",
	.test_cases = iommu_luo_cases,
};

kunit_test_suite(iommu_luo_suite);

MODULE_DESCRIPTION("Tests of the records of preserved IOMMUs");
MODULE_LICENSE("GPL");
