// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the interface of Kexec HandOver, as far as one kernel can see
 * it. They preserve memory that they allocate, and need kho=on.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/kexec.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "kexec_handover_internal.h"
#include "kexec_internal.h"

struct counts {
	unsigned long pages, nodes;
};

static struct counts count_outgoing(void)
{
	struct counts c;

	kho_tracker_count(&kho_outgoing, &c.pages, &c.nodes);
	return c;
}

static int api_test_init(struct kunit *test)
{
	struct counts *before;

	if (!kho_is_enabled())
		kunit_skip(test, "needs kho=on");

	before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	*before = count_outgoing();
	test->priv = before;
	return 0;
}

static void api_test_exit(struct kunit *test)
{
	struct counts *before = test->priv, after = count_outgoing();

	if (!before)
		return;
	KUNIT_EXPECT_EQ(test, before->pages, after.pages);
	KUNIT_EXPECT_EQ(test, before->nodes, after.nodes);
}

static void test_scratch(struct kunit *test)
{
	for (unsigned int i = 0; i < kho_scratch_cnt; i++) {
		unsigned long pfn = PHYS_PFN(kho_scratch[i].addr);
		unsigned long nr = PHYS_PFN(kho_scratch[i].size);

		KUNIT_EXPECT_EQ(test, kho_preserve_range(pfn, 1, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, kho_preserve_range(pfn + nr - 1, 1, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, kho_preserve_range(pfn, nr, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, kho_preserve_range(pfn - 1, 2, 0), -EINVAL);
	}
}

static void test_no_boot_memory(struct kunit *test)
{
	unsigned long beyond = (1UL << KHO_TREE_PFN_BITS) - 16;

	KUNIT_EXPECT_EQ(test, kho_preserve_range(beyond, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_preserve_range(ULONG_MAX, 1, 0), -EINVAL);
}

static void test_alloc_preserve(struct kunit *test)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, PAGE_SIZE + 1, SZ_1M };

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *mem = kho_alloc_preserve(sizes[i]);
		unsigned long pfn;

		KUNIT_ASSERT_FALSE(test, IS_ERR(mem));
		pfn = PHYS_PFN(virt_to_phys(mem));
		KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0, sizes[i]));
		KUNIT_EXPECT_TRUE(test, kho_is_preserved(pfn));
		KUNIT_EXPECT_EQ(test, kho_preserve_pages(pfn_to_page(pfn), 1), -EEXIST);
		kho_unpreserve_free(mem);
		KUNIT_EXPECT_FALSE(test, kho_is_preserved(pfn));
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(kho_alloc_preserve(0)), -EINVAL);
}

/* Pages 0, 1 and 3 of 4 */
static void test_is_preserved_range(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	unsigned long pfn;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	pfn = page_to_pfn(pages);
	KUNIT_EXPECT_EQ(test, kho_preserve_pages(pages, 2), 0);
	KUNIT_EXPECT_EQ(test, kho_preserve_pages(pages + 3, 1), 0);
	KUNIT_EXPECT_TRUE(test, kho_is_preserved_range(pfn, 2));
	KUNIT_EXPECT_TRUE(test, kho_is_preserved_range(pfn + 3, 1));
	KUNIT_EXPECT_FALSE(test, kho_is_preserved_range(pfn, 3));
	KUNIT_EXPECT_FALSE(test, kho_is_preserved_range(pfn + 1, 3));
	KUNIT_EXPECT_EQ(test, kho_unpreserve_pages(pages + 3, 1), 0);
	KUNIT_EXPECT_EQ(test, kho_unpreserve_pages(pages, 2), 0);
	__free_pages(pages, 2);
}

static void test_vmalloc(struct kunit *test)
{
	/* more than one chunk, and the end of a chunk exactly */
	size_t sizes[] = { PAGE_SIZE, KHO_VMALLOC_CHUNK_SLOTS * PAGE_SIZE,
			   (KHO_VMALLOC_CHUNK_SLOTS + 1) * PAGE_SIZE };
	struct kho_vmalloc kv;

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *area = vmalloc(sizes[i]);
		unsigned long last;

		KUNIT_ASSERT_NOT_NULL(test, area);
		last = page_to_pfn(vmalloc_to_page(area + sizes[i] - 1));
		KUNIT_EXPECT_EQ(test, kho_preserve_vmalloc(area, &kv), 0);
		KUNIT_EXPECT_TRUE(test, kho_is_preserved(last));
		KUNIT_EXPECT_EQ(test, kv.total_pages, sizes[i] / PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, kho_unpreserve_vmalloc(&kv), 0);
		vfree(area);
	}
}

/* A page in the middle is taken: an error, and the rest is as before */
static void test_vmalloc_fails(struct kunit *test)
{
	void *area = vmalloc(8 * PAGE_SIZE);
	struct kho_vmalloc kv;
	struct page *taken;

	KUNIT_ASSERT_NOT_NULL(test, area);
	taken = vmalloc_to_page(area + 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, kho_preserve_pages(taken, 1), 0);
	KUNIT_EXPECT_EQ(test, kho_preserve_vmalloc(area, &kv), -EEXIST);
	KUNIT_EXPECT_TRUE(test, kho_is_preserved(page_to_pfn(taken)));
	KUNIT_EXPECT_EQ(test, kho_unpreserve_pages(taken, 1), 0);
	vfree(area);
}

static void test_subtree(struct kunit *test)
{
	char name[] = "kunit-subtree", other[] = "kunit-other";
	void *blob = kho_alloc_preserve(PAGE_SIZE);
	void *plain = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(blob));
	KUNIT_EXPECT_EQ(test, kho_add_subtree(name, plain, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_add_subtree("", blob, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_add_subtree(name, blob, 2 * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, kho_add_subtree(name, blob, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, kho_add_subtree(name, blob, PAGE_SIZE), -EEXIST);
	KUNIT_EXPECT_EQ(test, kho_add_subtree(other, blob, PAGE_SIZE), -EEXIST);
	kho_remove_subtree(blob);
	KUNIT_EXPECT_EQ(test, kho_add_subtree(other, blob, PAGE_SIZE), 0);
	kho_remove_subtree(blob);
	kho_unpreserve_free(blob);
}

static int no_place(struct resource *res, void *arg)
{
	return 0;
}

/* Without room for a segment, so that there is nothing to undo. */
static void test_crash_image(struct kunit *test)
{
	struct kimage *image = kunit_kzalloc(test, sizeof(*image), GFP_KERNEL);
	struct kexec_buf kbuf = { .image = image };
	struct kexec_segment segment = {
		.mem = kho_scratch[0].addr,
		.memsz = PAGE_SIZE,
	};

	KUNIT_ASSERT_NOT_NULL(test, image);
	image->nr_segments = KEXEC_SEGMENT_MAX;

	image->type = KEXEC_TYPE_CRASH;
	KUNIT_EXPECT_EQ(test, kho_fill_kimage(image), 0);
	KUNIT_EXPECT_EQ(test, image->kho.fdt, 0);
	KUNIT_EXPECT_NULL(test, image->kho.scratch);
	KUNIT_EXPECT_EQ(test, kho_locate_mem_hole(&kbuf, no_place), 1);
	KUNIT_EXPECT_FALSE(test, kho_segment_is_safe(image, &segment));

	image->type = KEXEC_TYPE_DEFAULT;
	KUNIT_EXPECT_EQ(test, kho_fill_kimage(image), -EINVAL);
	KUNIT_EXPECT_NE(test, image->kho.fdt, 0);
	KUNIT_EXPECT_EQ(test, kho_locate_mem_hole(&kbuf, no_place),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_TRUE(test, kho_segment_is_safe(image, &segment));
}

static struct kunit_case api_cases[] = {
	KUNIT_CASE(test_scratch),
	KUNIT_CASE(test_no_boot_memory),
	KUNIT_CASE(test_alloc_preserve),
	KUNIT_CASE(test_is_preserved_range),
	KUNIT_CASE(test_vmalloc),
	KUNIT_CASE(test_vmalloc_fails),
	KUNIT_CASE(test_subtree),
	KUNIT_CASE(test_crash_image),
	{}
};

static struct kunit_suite api_suite = {
	.name = "kho_api",
	.init = api_test_init,
	.exit = api_test_exit,
	.test_cases = api_cases,
};

kunit_test_suite(api_suite);
