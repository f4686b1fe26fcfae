// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of how the root FDT of the previous kernel is read.
 */
#include <kunit/test.h>
#include <linux/cc_platform.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/libfdt.h>

#include "kexec_handover_internal.h"

#define TREE	0x123456789000ULL

/* A property as the previous kernel could have written it; size 0: not at all. */
struct fdt_prop {
	const char *name;
	u64 value;
	int size;
};

static void *make_fdt(struct kunit *test, const struct fdt_prop *props, int nr)
{
	void *fdt = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, fdt);
	err = fdt_create(fdt, PAGE_SIZE);
	err = err ?: fdt_finish_reservemap(fdt);
	err = err ?: fdt_begin_node(fdt, "");
	for (int i = 0; i < nr; i++) {
		/* u32 and u64 begin at the same place on little endian only */
		u32 half = props[i].value;
		const void *value = &props[i].value;

		if (props[i].size == sizeof(half))
			value = &half;
		if (props[i].size)
			err = err ?: fdt_property(fdt, props[i].name, value,
						  props[i].size);
	}
	err = err ?: fdt_end_node(fdt);
	err = err ?: fdt_finish(fdt);
	KUNIT_ASSERT_EQ(test, err, 0);
	return fdt;
}

/* Relative to this kernel: the other page size, the other encryption. */
static const struct tree_case {
	const char *what;
	int tree_size, shift_size, encryption_size;
	int shift_diff, encryption_diff;
	int error;
} tree_cases[] = {
	{ "as it should be", 8, 4, 4, 0, 0, 0 },
	{ "larger pages", 8, 4, 4, 2, 0, -EPROTONOSUPPORT },
	{ "smaller pages", 8, 4, 4, -1, 0, -EPROTONOSUPPORT },
	{ "other encryption", 8, 4, 4, 0, 1, -EPROTONOSUPPORT },
	{ "both", 8, 4, 4, 4, 1, -EPROTONOSUPPORT },
	{ "no tree", 0, 4, 4, 0, 0, -EINVAL },
	{ "short tree", 4, 4, 4, 0, 0, -EINVAL },
	{ "no page size", 8, 0, 4, 0, 0, -EINVAL },
	{ "long page size", 8, 8, 4, 0, 0, -EINVAL },
	{ "no encryption", 8, 4, 0, 0, 0, -EINVAL },
	{ "long encryption", 8, 4, 8, 0, 0, -EINVAL },
};

/* F18: a kernel that looks at memory in another way is refused. */
static void __init test_read_tree(struct kunit *test)
{
	bool encrypted = cc_platform_has(CC_ATTR_MEM_ENCRYPT);

	for (int i = 0; i < ARRAY_SIZE(tree_cases); i++) {
		const struct tree_case *c = &tree_cases[i];
		const struct fdt_prop props[] = {
			{ KHO_PROP_TREE, TREE, c->tree_size },
			{ KHO_PROP_PAGE_SHIFT, PAGE_SHIFT + c->shift_diff,
			  c->shift_size },
			{ KHO_PROP_ENCRYPTION, encrypted ^ c->encryption_diff,
			  c->encryption_size },
		};
		void *fdt = make_fdt(test, props, ARRAY_SIZE(props));
		phys_addr_t tree_pa = 0;

		KUNIT_EXPECT_EQ_MSG(test, kho_fdt_read_tree(fdt, &tree_pa),
				    c->error, "%s", c->what);
		KUNIT_EXPECT_EQ_MSG(test, tree_pa, c->error ? 0 : TREE, "%s",
				    c->what);
	}
}

/* What this kernel writes, it can read. */
static void __init test_read_own(struct kunit *test)
{
	phys_addr_t tree_pa;

	if (!kho_root_fdt())
		kunit_skip(test, "needs kho=on");
	KUNIT_EXPECT_EQ(test, kho_fdt_read_tree(kho_root_fdt(), &tree_pa), 0);
	KUNIT_EXPECT_EQ(test, tree_pa, virt_to_phys(kho_outgoing.root));
}

static const struct subtree_case {
	struct fdt_prop props[2];
	int error;
} subtree_cases[] = {
	{ { { "address", TREE, 8 }, { "size", 100, 8 } }, 0 },
	{ { { "address", TREE, 4 }, { "size", 100, 8 } }, -EINVAL },
	{ { { "address", TREE, 8 }, { "size", 100, 4 } }, -EINVAL },
	{ { { "address", TREE, 0 }, { "size", 100, 8 } }, -EINVAL },
	{ { { "address", TREE, 8 }, { "size", 100, 0 } }, -EINVAL },
	{ { { "address", TREE, 8 }, { "size", 0, 8 } }, -EINVAL },
	{ { { "address", TREE, 8 }, { "size", -TREE - 1, 8 } }, 0 },
	{ { { "address", TREE, 8 }, { "size", -TREE, 8 } }, -EINVAL },
};

static void __init test_read_subtree(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(subtree_cases); i++) {
		const struct subtree_case *c = &subtree_cases[i];
		void *fdt = make_fdt(test, c->props, ARRAY_SIZE(c->props));
		u64 phys, size;

		KUNIT_EXPECT_EQ_MSG(test,
				    kho_fdt_read_subtree(fdt, 0, &phys, &size),
				    c->error, "case %d", i);
	}
}

static struct kunit_case __refdata fdt_cases[] = {
	KUNIT_CASE(test_read_tree),
	KUNIT_CASE(test_read_own),
	KUNIT_CASE(test_read_subtree),
	{}
};

/* kho_fdt_read_tree() is there while the kernel boots, and no longer. */
static struct kunit_suite fdt_suite = {
	.name = "kho_fdt",
	.test_cases = fdt_cases,
};

kunit_test_init_section_suite(fdt_suite);
