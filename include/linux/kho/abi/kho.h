/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Kexec HandOver (KHO) passes to the next kernel, format "kho-v2".
 *
 * A root FDT of one page, and a tree that says which pages are preserved. Both
 * are valid from early boot of the first kernel until the jump, and both are
 * read by a kernel that has no allocator yet. Everything is native endian and
 * all addresses are physical.
 *
 * Whatever changes here changes %KHO_FDT_VERSION.
 */
#ifndef _LINUX_KHO_ABI_KHO_H
#define _LINUX_KHO_ABI_KHO_H

#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stringify.h>
#include <linux/types.h>
#include <asm/page.h>

/*
 * Root FDT:
 *
 *	/ {
 *		compatible = "kho-v2";
 *		preserved-memory-tree = <u64 address of the root node>;
 *		page-shift = <u32>;
 *		memory-encryption = <u32, 0 or 1>;
 *
 *		NAME {
 *			address = <u64 address of the blob>;
 *			size = <u64 bytes>;
 *		};
 *	};
 */
#define KHO_FDT_VERSION		2
#define KHO_FDT_COMPATIBLE	"kho-v" __stringify(KHO_FDT_VERSION)
#define KHO_PROP_TREE		"preserved-memory-tree"
#define KHO_PROP_PAGE_SHIFT	"page-shift"
#define KHO_PROP_ENCRYPTION	"memory-encryption"
#define KHO_PROP_SUBTREE_ADDR	"address"
#define KHO_PROP_SUBTREE_SIZE	"size"

/*
 * The tree of preserved pages: KHO_TREE_LEVELS levels of nodes above one level
 * of leaves, every node and every leaf exactly one page. With 4 KiB pages a
 * leaf covers 64 MiB and the tree 2^41 pages.
 */
#define KHO_TREE_LEVELS		3
#define KHO_TREE_NODE_SHIFT	(PAGE_SHIFT - 3)
#define KHO_TREE_NODE_SLOTS	BIT(KHO_TREE_NODE_SHIFT)
#define KHO_TREE_LEAF_SHIFT	(PAGE_SHIFT + 2)
#define KHO_TREE_LEAF_PAGES	BIT(KHO_TREE_LEAF_SHIFT)
#define KHO_TREE_PFN_BITS	(KHO_TREE_LEAF_SHIFT + \
				 KHO_TREE_LEVELS * KHO_TREE_NODE_SHIFT)

/**
 * struct kho_tree_node - inner node
 * @child_pa: physical address of each child, 0 if no page below is preserved
 */
struct kho_tree_node {
	u64 child_pa[KHO_TREE_NODE_SLOTS];
};

static_assert(sizeof(struct kho_tree_node) == PAGE_SIZE);

/**
 * struct kho_tree_leaf - state of KHO_TREE_LEAF_PAGES consecutive pages
 * @preserved: the page is preserved
 * @block_end: the page is the last one of its block. A block is what was
 *	       allocated, and is restored, as one: a folio, or a single page.
 *	       Means nothing where @preserved is clear.
 */
struct kho_tree_leaf {
	DECLARE_BITMAP(preserved, KHO_TREE_LEAF_PAGES);
	DECLARE_BITMAP(block_end, KHO_TREE_LEAF_PAGES);
};

static_assert(sizeof(struct kho_tree_leaf) == PAGE_SIZE);

/*
 * A vmalloc() area: struct kho_vmalloc of <linux/kexec_handover.h>, which its
 * owner keeps, and a list of pages that say where the memory is.
 */
#define KHO_VMALLOC_ALLOC	0x0001
#define KHO_VMALLOC_HUGE_VMAP	0x0002

#define KHO_VMALLOC_CHUNK_SLOTS	(PAGE_SIZE / sizeof(u64) - 1)

/**
 * struct kho_vmalloc_chunk - part of the pages of a vmalloc() area
 * @next_pa: physical address of the next chunk, or 0
 * @phys: where each 1 << order pages begin, 0 behind the last
 */
struct kho_vmalloc_chunk {
	u64 next_pa;
	u64 phys[KHO_VMALLOC_CHUNK_SLOTS];
};

static_assert(sizeof(struct kho_vmalloc_chunk) == PAGE_SIZE);

#endif /* _LINUX_KHO_ABI_KHO_H */
