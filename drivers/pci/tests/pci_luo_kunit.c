// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the records of preserved PCI functions
 *
 * Also built for userspace, see tools/testing/selftests/liveupdate/abi.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../pci_luo_abi.h"

struct records {
	struct pci_luo_block_ser block;
	struct pci_luo_fn_ser port;
	struct pci_luo_fn_ser fn;
};

/* A root port 00:02.0 and a function 01:00.0 below it. */
static const struct pci_luo_fn_ser good_port = {
	.devfn = 0x10,
	.hdr_type = 1,
	.vendor = 0x1b36,
	.device = 0x000c,
	.class_rev = 0x06040000,
	.flags = PCI_LUO_FN_BRIDGE,
	.command = 0x0507,
	.exp_cap = 0x54,
	.acs_cap = 0x148,
	.acs_ctrl = 0x1d,
	.buses = 0x010100,
	.mem_window = 0xfe80fe60,
	.pref_window = 0x0001fff1,
	.bars = { 0xfea10000 },
	.bar_sizes = { 0x1000 },
};

static const struct pci_luo_fn_ser good_fn = {
	.bus = 1,
	.vendor = 0x8086,
	.device = 0x10d3,
	.class_rev = 0x02000000,
	.flags = PCI_LUO_FN_FROZEN,
	.command = 0x0507,
	.msi_cap = 0xd0,
	.msix_cap = 0xa0,
	.msix_ctrl = 0xc004,
	.exp_cap = 0xe0,
	.devctl = 0x2810,
	.bars = { 0xfe840000, 0xfe860000, 0xc001, 0xfe88000c, 0x1, 0 },
	.rom = 0xfe800000,
	.bar_sizes = { 0x20000, 0x20000, 0x20, 0x200000000ULL, 0, 0 },
	.rom_size = 0x40000,
	.driver = "vfio-pci",
};

static int records_init(struct kunit *test)
{
	struct records *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->port = good_port;
	r->fn = good_fn;
	pci_luo_fn_seal(&r->port);
	pci_luo_fn_seal(&r->fn);
	pci_luo_block_seal(&r->block, 2, 2, 0);
	test->priv = r;
	return 0;
}

static void pci_luo_good(struct kunit *test)
{
	struct records *r = test->priv;

	KUNIT_EXPECT_EQ(test, pci_luo_block_check(&r->block), 0);
	KUNIT_EXPECT_EQ(test, pci_luo_fn_check(&r->port), 0);
	KUNIT_EXPECT_EQ(test, pci_luo_fn_check(&r->fn), 0);
	KUNIT_EXPECT_TRUE(test, pci_luo_fn_is(&r->fn, 0, 1, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_is(&r->fn, 1, 1, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_is(&r->fn, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_is(&r->fn, 0, 1, 1));
}

/* No single bit of what is handed over can change without being noticed. */
static void pci_luo_every_bit(struct kunit *test)
{
	struct records *r = test->priv;
	unsigned int bit;

	for (bit = 0; bit < sizeof(r->block) * 8; bit++) {
		((u8 *)&r->block)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_NE_MSG(test, pci_luo_block_check(&r->block), 0,
				    "head, bit %u", bit);
		((u8 *)&r->block)[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 0; bit < sizeof(r->fn) * 8; bit++) {
		((u8 *)&r->fn)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_NE_MSG(test, pci_luo_fn_check(&r->fn), 0,
				    "record, bit %u", bit);
		((u8 *)&r->fn)[bit / 8] ^= 1 << bit % 8;
	}
}

static void pci_luo_blocks(struct kunit *test)
{
	static const struct {
		unsigned int count, total;
		u64 next_pa;
		int error;
	} cases[] = {
		{ 0, 0, 0, 0 },
		{ 0, 0, PAGE_SIZE, -EBADMSG },
		{ 1, 1, 0, 0 },
		{ 1, 1, PAGE_SIZE, -EBADMSG },
		{ 2, 1, 0, -EBADMSG },
		{ 1, 2, PAGE_SIZE, -EBADMSG },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_BLOCK_CAPACITY, 0, 0 },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_BLOCK_CAPACITY + 1,
		  PAGE_SIZE, 0 },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_BLOCK_CAPACITY + 1, 0,
		  -EBADMSG },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_BLOCK_CAPACITY + 1,
		  PAGE_SIZE + 8, -EBADMSG },
		{ PCI_LUO_BLOCK_CAPACITY + 1, PCI_LUO_BLOCK_CAPACITY + 1, 0,
		  -EBADMSG },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_RECORDS_MAX, PAGE_SIZE, 0 },
		{ PCI_LUO_BLOCK_CAPACITY, PCI_LUO_RECORDS_MAX + 1, PAGE_SIZE,
		  -EBADMSG },
	};
	struct pci_luo_block_ser block = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pci_luo_block_seal(&block, cases[i].count, cases[i].total,
				   cases[i].next_pa);
		KUNIT_EXPECT_EQ_MSG(test, pci_luo_block_check(&block),
				    cases[i].error, "case %u", i);
	}
}

/* Records with a good checksum that are wrong all the same. */
static void pci_luo_wrong(struct kunit *test)
{
	struct records *r = test->priv;
	unsigned int nr = 0;

#define WRONG(record, change)						\
	do {								\
		struct pci_luo_fn_ser ser = r->record;			\
		ser.change;						\
		ser.crc = crc32_le(~0U, (const u8 *)&ser,		\
				   offsetof(typeof(ser), crc));		\
		KUNIT_EXPECT_EQ_MSG(test, pci_luo_fn_check(&ser), -EBADMSG, \
				    "%s", #record "." #change);		\
		nr++;							\
	} while (0)

	WRONG(fn, flags = PCI_LUO_FN_FLAGS + 1);
	WRONG(fn, flags = PCI_LUO_FN_BRIDGE);
	WRONG(fn, hdr_type = 1);
	WRONG(fn, hdr_type = 2);
	WRONG(fn, reserved0[2] = 1);
	WRONG(fn, reserved1 = 1);
	WRONG(fn, reserved2 = 1);
	WRONG(fn, reserved = 1);
	WRONG(fn, exp_cap = 0);
	WRONG(fn, exp_cap = 0x3c);
	WRONG(fn, msi_cap = 0x100);
	WRONG(fn, msix_cap = 0x41);
	WRONG(fn, acs_cap = 0x40);
	WRONG(fn, acs_cap = 0x1000);
	WRONG(fn, ptm_cap = 0x102);
	WRONG(fn, buses = 0x020201);
	WRONG(fn, driver[0] = 0);
	WRONG(fn, driver[20] = 'x');
	WRONG(fn, bar_sizes[0] = 0x20001);
	WRONG(fn, bar_sizes[0] = 8);
	WRONG(fn, bar_sizes[0] = 1ULL << 32);
	WRONG(fn, bar_sizes[2] = 2);
	WRONG(fn, bar_sizes[4] = 0x1000);
	WRONG(fn, bars[5] = 4; ser.bar_sizes[5] = 0x1000);
	WRONG(fn, rom_size = 0x400);
	WRONG(fn, rom_size = 1ULL << 32);
	WRONG(port, flags = 0);
	WRONG(port, hdr_type = 0);
	WRONG(port, buses = 0x010000);
	WRONG(port, buses = 0x010200);
	WRONG(port, buses |= 1 << 24);
	WRONG(port, driver[0] = 'x');
	WRONG(port, bars[2] = 1);
	WRONG(port, bar_sizes[3] = 0x1000);
#undef WRONG
	KUNIT_EXPECT_EQ(test, nr, 34);
}

static void pci_luo_model(struct kunit *test)
{
	struct records *r = test->priv;

	KUNIT_EXPECT_TRUE(test, pci_luo_fn_same_model(&r->fn, 0x8086, 0x10d3,
						      0x02000000, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_same_model(&r->fn, 0x8087, 0x10d3,
						       0x02000000, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_same_model(&r->fn, 0x8086, 0x10d2,
						       0x02000000, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_same_model(&r->fn, 0x8086, 0x10d3,
						       0x02000001, 0));
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_same_model(&r->fn, 0x8086, 0x10d3,
						       0x02000000, 1));
}

static void pci_luo_differences(struct kunit *test)
{
	struct records *r = test->priv;
	struct pci_luo_fn_ser is = r->fn;
	struct pci_luo_diff diff = {};
	unsigned int pos = 0;

	KUNIT_EXPECT_FALSE(test,
			   pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));

	/* Neither of interest: INTx, errors that are reported. */
	is.command |= 0x400;
	is.devctl |= 0xf;
	pos = 0;
	KUNIT_EXPECT_FALSE(test,
			   pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));

	is.command &= ~4;
	is.bars[5] = 0x10;
	is.devctl |= 0x20;
	pos = 0;
	KUNIT_EXPECT_TRUE(test,
			  pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));
	KUNIT_EXPECT_EQ(test, strcmp(diff.name, "bus mastering"), 0);
	KUNIT_EXPECT_TRUE(test, diff.fatal);
	KUNIT_EXPECT_EQ(test, diff.was, 4);
	KUNIT_EXPECT_EQ(test, diff.is, 0);
	KUNIT_EXPECT_TRUE(test,
			  pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));
	KUNIT_EXPECT_EQ(test, strcmp(diff.name, "BAR 5"), 0);
	KUNIT_EXPECT_TRUE(test,
			  pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));
	KUNIT_EXPECT_EQ(test, strcmp(diff.name, "device control"), 0);
	KUNIT_EXPECT_FALSE(test, diff.fatal);
	KUNIT_EXPECT_FALSE(test,
			   pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));
	KUNIT_EXPECT_FALSE(test,
			   pci_luo_fn_next_diff(&r->fn, &is, &pos, &diff));
}

/* What the BARs would have answered to all ones. */
static void pci_luo_masks(struct kunit *test)
{
	static const u32 expected[] = {
		0xfffe0000, 0xfffe0000, 0xffffffe1, 0x0000000c, 0xfffffffe, 0,
		0xfffc0000,
	};
	struct records *r = test->priv;
	u32 bars[PCI_LUO_NR_BARS], masks[PCI_LUO_NR_BARS + 1];
	unsigned int i;

	memcpy(bars, r->fn.bars, sizeof(bars));
	KUNIT_EXPECT_TRUE(test, pci_luo_fn_masks(&r->fn, bars, 6, masks));
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ_MSG(test, masks[i], expected[i], "BAR %u", i);
	KUNIT_EXPECT_TRUE(test, pci_luo_fn_masks(&r->port, r->port.bars, 2,
						 masks));
	KUNIT_EXPECT_EQ(test, masks[0], 0xfffff000);
	KUNIT_EXPECT_EQ(test, masks[1], 0);
	KUNIT_EXPECT_EQ(test, masks[2], 0);

	KUNIT_EXPECT_FALSE(test, pci_luo_fn_masks(&r->fn, bars, 2, masks));
	bars[1] ^= 0x20000;
	KUNIT_EXPECT_FALSE(test, pci_luo_fn_masks(&r->fn, bars, 6, masks));
}

static struct kunit_case pci_luo_cases[] = {
	KUNIT_CASE(pci_luo_good),
	KUNIT_CASE(pci_luo_every_bit),
	KUNIT_CASE(pci_luo_blocks),
	KUNIT_CASE(pci_luo_wrong),
	KUNIT_CASE(pci_luo_model),
	KUNIT_CASE(pci_luo_differences),
	KUNIT_CASE(pci_luo_masks),
	{}
};

static struct kunit_suite pci_luo_suite = {
	.name = "pci_luo",
	.init = records_init,
	.test_cases = pci_luo_cases,
};

kunit_test_suite(pci_luo_suite);
