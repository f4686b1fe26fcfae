// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_fdt.c - the root FDT for the next kernel, and its subtrees
 *
 * The root FDT is one page at a fixed address, valid from boot to the jump. A
 * change is written into a spare page first, so a subtree that does not fit
 * leaves it as it was.
 *
 * Lock order: kho_outgoing.sem (shared, so that nothing changes after
 * kho_freeze()) > subtrees_lock.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/cc_platform.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/libfdt.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kexec_handover_internal.h"

#define KHO_SUBTREE_NAME_LEN	64

/**
 * struct kho_subtree - an entry of the outgoing root FDT
 * @list: in subtrees, in order of addition; under subtrees_lock
 * @name: constant
 * @phys: constant; where the blob is
 * @size: constant; bytes
 */
struct kho_subtree {
	struct list_head list;
	char name[KHO_SUBTREE_NAME_LEN];
	u64 phys;
	u64 size;
};

static LIST_HEAD(subtrees);
static DEFINE_MUTEX(subtrees_lock);	/* subtrees, the root FDT, the spare */
static void *root_fdt __ro_after_init;
static void *spare_fdt __ro_after_init;

static int write_subtree(void *fdt, const struct kho_subtree *sub)
{
	int err;

	err = fdt_begin_node(fdt, sub->name);
	err = err ?: fdt_property(fdt, KHO_PROP_SUBTREE_ADDR, &sub->phys,
				  sizeof(sub->phys));
	err = err ?: fdt_property(fdt, KHO_PROP_SUBTREE_SIZE, &sub->size,
				  sizeof(sub->size));
	return err ?: fdt_end_node(fdt);
}

/* Return: 0, or an error of libfdt; practically always -FDT_ERR_NOSPACE. */
static int write_fdt(void *fdt)
{
	const u64 tree = virt_to_phys(kho_outgoing.root);
	const u32 encrypted = cc_platform_has(CC_ATTR_MEM_ENCRYPT);
	const u32 page_shift = PAGE_SHIFT;
	struct kho_subtree *sub;
	int err;

	err = fdt_create(fdt, PAGE_SIZE);
	err = err ?: fdt_finish_reservemap(fdt);
	err = err ?: fdt_begin_node(fdt, "");
	err = err ?: fdt_property_string(fdt, "compatible", KHO_FDT_COMPATIBLE);
	err = err ?: fdt_property(fdt, KHO_PROP_TREE, &tree, sizeof(tree));
	err = err ?: fdt_property(fdt, KHO_PROP_PAGE_SHIFT, &page_shift,
				  sizeof(page_shift));
	err = err ?: fdt_property(fdt, KHO_PROP_ENCRYPTION, &encrypted,
				  sizeof(encrypted));
	list_for_each_entry(sub, &subtrees, list)
		err = err ?: write_subtree(fdt, sub);
	err = err ?: fdt_end_node(fdt);
	return err ?: fdt_finish(fdt);
}

static int update_fdt(void)
{
	int err;

	lockdep_assert_held(&subtrees_lock);

	err = write_fdt(spare_fdt);
	if (err) {
		pr_err("root FDT: %s\n", fdt_strerror(err));
		return -ENOSPC;
	}
	memcpy(root_fdt, spare_fdt, PAGE_SIZE);
	return 0;
}

/* Makes the root FDT. Return: 0 or an errno; then there is none. */
int __init kho_root_fdt_init(void)
{
	void *fdt = kho_alloc_preserve(PAGE_SIZE);
	int err = -ENOMEM;

	if (IS_ERR(fdt))
		return PTR_ERR(fdt);

	root_fdt = fdt;
	spare_fdt = (void *)get_zeroed_page(GFP_KERNEL);
	if (spare_fdt) {
		guard(mutex)(&subtrees_lock);
		err = update_fdt();
	}
	if (err) {
		free_page((unsigned long)spare_fdt);
		kho_unpreserve_free(fdt);
		root_fdt = NULL;
	}
	return err;
}

/* The root FDT that the next kernel gets; NULL if KHO is off. */
void *kho_root_fdt(void)
{
	return root_fdt;
}

static struct kho_subtree *find_subtree(const char *name, u64 phys)
{
	struct kho_subtree *sub;

	list_for_each_entry(sub, &subtrees, list) {
		if (name ? !strcmp(sub->name, name) : sub->phys == phys)
			return sub;
	}
	return NULL;
}

static int link_subtree(struct kho_subtree *sub)
{
	int err;

	guard(mutex)(&subtrees_lock);
	if (find_subtree(sub->name, 0) || find_subtree(NULL, sub->phys))
		return -EEXIST;

	list_add_tail(&sub->list, &subtrees);
	err = update_fdt();
	if (err)
		list_del(&sub->list);
	return err;
}

static bool blob_is_preserved(void *blob, size_t size)
{
	unsigned long first = PHYS_PFN(virt_to_phys(blob));
	unsigned long last = PHYS_PFN(virt_to_phys(blob) + size - 1);

	return kho_tracker_covers(&kho_outgoing, first, last - first + 1);
}

/**
 * kho_add_subtree() - name something that the next kernel is to find
 * @name: for kho_retrieve_subtree()
 * @blob: preserved memory in the linear map; its layout is its owner's affair
 * @size: bytes
 *
 * Valid at once, and until kho_remove_subtree(). The blob may change meanwhile.
 *
 * Context: sleeps; waits, killably, between kho_freeze() and kho_thaw().
 * Return:
 * * %0
 * * %-EINVAL - bad name, or the blob is not preserved
 * * %-EEXIST - the name, or the blob, is there already
 * * %-ENOSPC - no room in the root FDT
 * * %-EOPNOTSUPP - KHO is off
 * * %-ENOMEM, %-EINTR
 */
int kho_add_subtree(const char *name, void *blob, size_t size)
{
	struct kho_subtree *sub __free(kfree) = NULL;
	int err;

	if (!root_fdt)
		return -EOPNOTSUPP;
	if (!*name || strchr(name, '/') || !size ||
	    !blob_is_preserved(blob, size))
		return -EINVAL;

	sub = kzalloc(sizeof(*sub), GFP_KERNEL);
	if (!sub)
		return -ENOMEM;
	if (strscpy(sub->name, name) < 0)
		return -EINVAL;
	sub->phys = virt_to_phys(blob);
	sub->size = size;

	err = kho_tracker_lock(&kho_outgoing, false, true);
	if (err)
		return err;
	err = link_subtree(sub);
	kho_tracker_unlock(&kho_outgoing, false);
	if (err)
		return err;

	kho_debugfs_add_subtree(name, blob, size);
	retain_and_null_ptr(sub);
	return 0;
}
EXPORT_SYMBOL_GPL(kho_add_subtree);

static struct kho_subtree *unlink_subtree(u64 phys)
{
	struct kho_subtree *sub;

	guard(mutex)(&subtrees_lock);
	sub = find_subtree(NULL, phys);
	if (sub) {
		list_del(&sub->list);
		/* cannot fail: it is what was there, less one entry */
		WARN_ON_ONCE(update_fdt());
	}
	return sub;
}

/**
 * kho_remove_subtree() - take back kho_add_subtree()
 * @blob: as given there; stays preserved
 *
 * Context: sleeps; waits between kho_freeze() and kho_thaw().
 */
void kho_remove_subtree(void *blob)
{
	struct kho_subtree *sub;

	if (!root_fdt || kho_tracker_lock(&kho_outgoing, false, false))
		return;
	sub = unlink_subtree(virt_to_phys(blob));
	kho_tracker_unlock(&kho_outgoing, false);

	if (sub) {
		kho_debugfs_remove_subtree(sub->name);
		kfree(sub);
	}
}
EXPORT_SYMBOL_GPL(kho_remove_subtree);
