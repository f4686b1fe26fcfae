// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a preserved memfd while its kernel runs: its birth and death,
 * what is recorded, and who pays.
 *
 * A folio is in the record if and only if it is preserved with KHO, pinned
 * once by us, and charged to the preserver. All of that happens under the
 * record's lock, in memfd_luo_record(), or not at all.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "internal.h"
#include "memfd_luo.h"

static_assert(sizeof(struct memfd_luo_ser) < PAGE_SIZE);

/* What a node has no entries for is never read, and not cleared. */
static void *record_node_alloc(void)
{
	return kho_alloc_preserve_gfp(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
}

static const struct memfd_luo_tree_ops record_tree_ops = {
	.alloc = record_node_alloc,
	.free = kho_unpreserve_free,
};

static int record_head_alloc(struct memfd_luo *luo, struct file *file)
{
	const struct qstr *name = &file->f_path.dentry->d_name;
	struct memfd_luo_ser *ser;

	if (name->len > NAME_MAX)
		return -ENAMETOOLONG;
	ser = kho_alloc_preserve_gfp(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (IS_ERR(ser))
		return PTR_ERR(ser);

	memset(ser, 0, offsetof(struct memfd_luo_ser, root));
	ser->magic = MEMFD_LUO_MAGIC;
	ser->version = memfd_luo_version();
	ser->page_shift = PAGE_SHIFT;
	ser->name_len = name->len;
	memcpy(ser->name, name->name, name->len);
	ser->tail_crc = memfd_luo_tail_crc(ser);
	luo->ser = ser;
	memfd_luo_tree_init(&luo->tree, &ser->root, MEMFD_LUO_ROOT_CAPACITY,
			    &record_tree_ops);
	return 0;
}

/**
 * memfd_luo_attach() - make an empty record and connect it with the inode
 * @file: a memfd, its inode locked
 * @unlimited: pinned pages are not charged to the caller
 *
 * From here on the size is fixed, and whoever fills a hole records the folio.
 *
 * Context: may sleep.
 * Return: the record, or an ERR_PTR
 */
struct memfd_luo *memfd_luo_attach(struct file *file, bool unlimited)
{
	struct inode *inode = file_inode(file);
	struct memfd_luo *luo;
	int err;

	lockdep_assert_held_write(&inode->i_rwsem);
	if (WARN_ON_ONCE(memfd_luo_preserved(inode)))
		return ERR_PTR(-EBUSY);
	luo = kzalloc(sizeof(*luo), GFP_KERNEL_ACCOUNT);
	if (!luo)
		return ERR_PTR(-ENOMEM);
	err = record_head_alloc(luo, file);
	if (err) {
		kfree(luo);
		return ERR_PTR(err);
	}

	luo->inode = inode;
	mutex_init(&luo->lock);
	luo->state = MEMFD_LUO_OPEN;
	init_waitqueue_head(&luo->thawed);
	refcount_set(&luo->ref, 1);
	luo->poison_events = memfd_luo_poison_events();
	luo->memlock_limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	luo->user = unlimited ? NULL : get_uid(current_user());

	rcu_assign_pointer(SHMEM_I(inode)->luo, luo);
	/* The flag before the scan. Pairs with memfd_luo_fill(). */
	smp_mb();
	return luo;
}

/**
 * memfd_luo_get() - find the record of an inode
 * @inode: an inode of shmem
 *
 * Return: the record with a reference, or %NULL
 */
struct memfd_luo *memfd_luo_get(struct inode *inode)
{
	struct memfd_luo *luo;

	guard(rcu)();
	luo = rcu_dereference(SHMEM_I(inode)->luo);
	return luo && refcount_inc_not_zero(&luo->ref) ? luo : NULL;
}

/**
 * memfd_luo_put() - drop a reference
 * @luo: the record
 */
void memfd_luo_put(struct memfd_luo *luo)
{
	if (!refcount_dec_and_test(&luo->ref))
		return;
	free_uid(luo->user);
	kfree_rcu(luo, rcu);
}

static int memlock_charge(struct memfd_luo *luo, unsigned long pages)
{
	long old, new;

	if (!luo->user)
		return 0;
	old = atomic_long_read(&luo->user->locked_vm);
	do {
		new = old + pages;
		if (new > luo->memlock_limit)
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(&luo->user->locked_vm, &old, new));
	luo->charged += pages;
	return 0;
}

static void memlock_uncharge(struct memfd_luo *luo, unsigned long pages)
{
	if (!luo->user)
		return;
	atomic_long_sub(pages, &luo->user->locked_vm);
	luo->charged -= pages;
}

/**
 * memfd_luo_record() - record a run of folios
 * @luo: the record, locked
 * @extent: the run; each folio is in the page cache and pinned by the caller
 *
 * On success the pins are the record's.
 *
 * Context: may sleep.
 * Return:
 * * 0: recorded
 * * -EEXIST: at least one is recorded, or preserved by somebody else, already;
 *   nothing changed
 * * -EDQUOT: RLIMIT_MEMLOCK exhausted, nothing changed
 * * -ENOMEM: no memory, nothing changed
 * * other negative errno: cannot be preserved with KHO, nothing changed
 */
int memfd_luo_record(struct memfd_luo *luo,
		     const struct memfd_luo_extent *extent)
{
	unsigned long pages = memfd_luo_extent_pages(extent);
	int err;

	lockdep_assert_held(&luo->lock);
	err = memlock_charge(luo, pages);
	if (err)
		return err;
	err = kho_preserve_range(extent->pfn, pages, extent->order);
	if (err)
		goto uncharge;
	err = memfd_luo_tree_insert(&luo->tree, extent);
	if (err)
		goto unpreserve;
	luo->ser->nr_pages += pages;
	return 0;

unpreserve:
	kho_unpreserve_range(extent->pfn, pages);
uncharge:
	memlock_uncharge(luo, pages);
	return err;
}

static void extent_unpin(const struct memfd_luo_extent *extent)
{
	unsigned long i;

	for (i = 0; i < extent->count; i++) {
		unpin_folio(pfn_folio(extent->pfn + (i << extent->order)));
		if (!(i % SZ_4K))
			cond_resched();
	}
}

/* Lets everything go that is recorded, and the record. */
static void record_release(struct memfd_luo *luo)
{
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&luo->tree);
	struct memfd_luo_extent extent;

	while (memfd_luo_cursor_next(&cursor, &extent)) {
		unsigned long pages = memfd_luo_extent_pages(&extent);

		WARN_ON_ONCE(kho_unpreserve_range(extent.pfn, pages));
		extent_unpin(&extent);
		memlock_uncharge(luo, pages);
		cond_resched();
	}
	WARN_ON_ONCE(luo->charged);
	memfd_luo_tree_free(&luo->tree);
	kho_unpreserve_free(luo->ser);
	luo->ser = NULL;
}

/**
 * memfd_luo_detach() - end a record, undo everything that was recorded
 * @luo: the record; the caller's pointer is gone afterwards
 *
 * The inode's lock is not needed, and not taken: a writer may hold it for as
 * long as userspace likes (userfaultfd).
 *
 * Context: may sleep.
 */
void memfd_luo_detach(struct memfd_luo *luo)
{
	struct inode *inode = luo->inode;

	scoped_guard(mutex, &luo->lock) {
		WARN_ON_ONCE(luo->state != MEMFD_LUO_OPEN);
		luo->state = MEMFD_LUO_CLOSED;
	}
	record_release(luo);
	/* The size may change again now: nothing is preserved any more. */
	rcu_assign_pointer(SHMEM_I(inode)->luo, NULL);
	memfd_luo_put(luo);
}
