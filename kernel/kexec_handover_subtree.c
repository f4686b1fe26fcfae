// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_subtree.c - the root FDT of the previous kernel
 *
 * It is input: every property is checked for its length before it is read.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/bitmap.h>
#include <linux/cc_platform.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/libfdt.h>
#include <linux/string.h>

#include "kexec_handover_internal.h"

/* a page of 4 KiB has no room for more; of those beyond nothing is reported */
#define KHO_MAX_SUBTREES	128

/* subtrees that somebody asked for, by their position */
static DECLARE_BITMAP(retrieved, KHO_MAX_SUBTREES);

static int read_prop(const void *fdt, int node, const char *name, void *val,
		     int size)
{
	const void *prop;
	int len;

	prop = fdt_getprop(fdt, node, name, &len);
	if (!prop || len != size)
		return -EINVAL;
	memcpy(val, prop, size);
	return 0;
}

/**
 * kho_fdt_read_tree() - read what the previous kernel says of itself
 * @fdt: its root FDT
 * @tree_pa: gets the address of the tree; not checked
 *
 * Return: 0; -EINVAL: something is missing; -EPROTONOSUPPORT: this kernel
 * looks at memory in another way (F18).
 */
int __init kho_fdt_read_tree(const void *fdt, phys_addr_t *tree_pa)
{
	u32 page_shift, encrypted;
	u64 tree;

	if (read_prop(fdt, 0, KHO_PROP_TREE, &tree, sizeof(tree)) ||
	    read_prop(fdt, 0, KHO_PROP_PAGE_SHIFT, &page_shift,
		      sizeof(page_shift)) ||
	    read_prop(fdt, 0, KHO_PROP_ENCRYPTION, &encrypted,
		      sizeof(encrypted))) {
		pr_err("the root FDT is not complete\n");
		return -EINVAL;
	}

	if (page_shift != PAGE_SHIFT ||
	    encrypted != cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("other page size (2^%u) or memory encryption (%u)\n",
		       page_shift, encrypted);
		return -EPROTONOSUPPORT;
	}

	*tree_pa = tree;
	return 0;
}

/* Reads where a subtree of the previous kernel is. Return: 0 or -EINVAL. */
int kho_fdt_read_subtree(const void *fdt, int node, u64 *phys, u64 *size)
{
	if (read_prop(fdt, node, KHO_PROP_SUBTREE_ADDR, phys, sizeof(*phys)) ||
	    read_prop(fdt, node, KHO_PROP_SUBTREE_SIZE, size, sizeof(*size)))
		return -EINVAL;
	if (!*size || *phys + *size < *phys)
		return -EINVAL;
	return 0;
}

static void note_retrieved(const void *fdt, int wanted)
{
	unsigned int index = 0;
	int node;

	fdt_for_each_subnode(node, fdt, 0) {
		if (index >= KHO_MAX_SUBTREES)
			return;
		if (node == wanted)
			set_bit(index, retrieved);
		index++;
	}
}

/**
 * kho_retrieve_subtree() - find what the previous kernel named
 * @name: as given to kho_add_subtree()
 * @phys: gets the physical address of the blob
 * @size: gets its size in bytes
 *
 * The blob is input: the previous kernel vouches for it, nobody else does.
 *
 * Context: any time after setup_arch().
 * Return: 0; -ENOENT: no such subtree; -EINVAL: its entry is damaged, or it is
 * not in memory.
 */
int kho_retrieve_subtree(const char *name, phys_addr_t *phys, size_t *size)
{
	const void *fdt = kho_incoming_fdt();
	unsigned long first, last;
	u64 pa, bytes;
	int node;

	if (!fdt)
		return -ENOENT;

	node = fdt_subnode_offset(fdt, 0, name);
	if (node < 0)
		return -ENOENT;
	if (kho_fdt_read_subtree(fdt, node, &pa, &bytes))
		return -EINVAL;

	/* reserve_mem= asks before the memory map is there to be checked */
	first = PHYS_PFN(pa);
	last = PHYS_PFN(pa + bytes - 1);
	if (kho_incoming.root && !kho_is_boot_memory(first, last - first + 1))
		return -EINVAL;

	note_retrieved(fdt, node);
	*phys = pa;
	*size = bytes;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_retrieve_subtree);

/* Says what waits for a module, or for a kernel with another configuration. */
static int __init report_unclaimed(void)
{
	const void *fdt = kho_incoming_fdt();
	unsigned long preserved, nodes;
	unsigned int index = 0;
	int node;

	if (!fdt)
		return 0;

	kho_tracker_count(&kho_incoming, &preserved, &nodes);
	fdt_for_each_subnode(node, fdt, 0) {
		if (index >= KHO_MAX_SUBTREES || test_bit(index++, retrieved))
			continue;
		pr_info("subtree '%s' is not claimed; %lu pages stay reserved in all\n",
			fdt_get_name(fdt, node, NULL), preserved);
	}
	return 0;
}
late_initcall_sync(report_unclaimed);
