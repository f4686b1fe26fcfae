// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of memfd files: the handler
 *
 * A memfd is an unlinked file on the kernel's own mount of shmem. One inode is
 * preserved once, through one of its open files: that file's position and
 * flags are carried, the others' are not.
 *
 *	old kernel	preserve	memfd_luo_attach(), memfd_luo_scan()
 *			(holes filled)	memfd_luo_fill()
 *			unpreserve	memfd_luo_detach()
 *			freeze		memfd_luo_close_record()
 *			unfreeze	memfd_luo_reopen_record()
 *	new kernel	retrieve	memfd_luo_incoming_open(), ..._build()
 *			finish		memfd_luo_incoming_finish()
 *
 * Not carried: NUMA policy, SHM_LOCK, the label of a security module, owner
 * (F_SETOWN), locks and leases. A file with extended attributes or an access
 * control list is refused.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/posix_acl.h>
#include <linux/sched/user.h>
#include <linux/xattr.h>

#include "internal.h"
#include "memfd_luo.h"

static bool memfd_luo_can_preserve(struct liveupdate_file_handler *handler,
				   struct file *file)
{
	return shmem_file(file);
}

static unsigned long memfd_luo_get_id(struct file *file)
{
	return (unsigned long)file_inode(file);
}

/* A plain file of a tmpfs mount would escape from the limits of that mount. */
static bool is_memfd(struct file *file)
{
	struct inode *inode = file_inode(file);

	return S_ISREG(inode->i_mode) && !IS_PRIVATE(inode) &&
	       !inode->i_nlink && inode->i_sb->s_flags & SB_KERNMOUNT &&
	       str_has_prefix(file->f_path.dentry->d_name.name, "memfd:");
}

/* Security modules label the file anew; everything else would be lost. */
static bool has_xattrs(struct inode *inode)
{
	struct simple_xattrs *xattrs = &SHMEM_I(inode)->xattrs;
	struct rb_node *node;

#ifdef CONFIG_FS_POSIX_ACL
	if (inode->i_acl && !is_uncached_acl(inode->i_acl))
		return true;
#endif
	guard(read_lock)(&xattrs->lock);
	for (node = rb_first(&xattrs->rb_root); node; node = rb_next(node)) {
		struct simple_xattr *xattr;

		xattr = rb_entry(node, struct simple_xattr, rb_node);
		if (!str_has_prefix(xattr->name, XATTR_SECURITY_PREFIX))
			return true;
	}
	return false;
}

/* A writer may hold it for as long as userspace likes: reboot(2) does not wait. */
static int lock_inode(struct inode *inode)
{
	int err = 0;

	while (!err && !inode_trylock(inode))
		err = liveupdate_wait();
	return err;
}

static struct memfd_luo *attach(struct file *file, bool unlimited)
{
	struct inode *inode = file_inode(file);
	struct memfd_luo *luo;
	int err;

	if (!is_memfd(file)) {
		pr_info("%pD is on a tmpfs mount or the kernel's own: not a memfd\n",
			file);
		return ERR_PTR(-EOPNOTSUPP);
	}
	err = lock_inode(inode);
	if (err)
		return ERR_PTR(err);
	if (has_xattrs(inode)) {
		pr_info("%pD has extended attributes or an ACL\n", file);
		luo = ERR_PTR(-EOPNOTSUPP);
	} else {
		luo = memfd_luo_attach(file, unlimited);
	}
	inode_unlock(inode);
	return luo;
}

static int memfd_luo_preserve(struct liveupdate_file_op_args *args)
{
	struct memfd_luo *luo;
	int err;

	luo = attach(args->file, liveupdate_session_ipc_lock(args->session));
	if (IS_ERR(luo))
		return PTR_ERR(luo);
	err = memfd_luo_scan(luo, args->file);
	if (err) {
		if (err != -ERESTART)
			pr_info("%pD cannot be preserved: %pe\n", args->file,
				ERR_PTR(err));
		memfd_luo_detach(luo);
		return err;
	}
	args->serialized_data = virt_to_phys(luo->ser);
	args->private_data = luo;
	return 0;
}

static void memfd_luo_unpreserve(struct liveupdate_file_op_args *args)
{
	memfd_luo_detach(args->private_data);
	args->private_data = NULL;
}

static int memfd_luo_freeze(struct liveupdate_file_op_args *args)
{
	return memfd_luo_close_record(args->private_data, args->file);
}

static void memfd_luo_unfreeze(struct liveupdate_file_op_args *args)
{
	memfd_luo_reopen_record(args->private_data);
}

static struct memfd_luo_incoming *
incoming_get(struct liveupdate_file_op_args *args, gfp_t gfp)
{
	struct memfd_luo_incoming *incoming = args->private_data;

	if (!incoming) {
		incoming = memfd_luo_incoming_open(args->serialized_data, gfp);
		if (!IS_ERR(incoming))
			args->private_data = incoming;
	}
	return incoming;
}

static int memfd_luo_retrieve(struct liveupdate_file_op_args *args)
{
	struct memfd_luo_incoming *incoming = incoming_get(args, GFP_KERNEL_ACCOUNT);

	if (IS_ERR(incoming))
		return PTR_ERR(incoming);
	return memfd_luo_incoming_build(incoming, &args->file);
}

static void memfd_luo_finish(struct liveupdate_file_op_args *args)
{
	struct memfd_luo_incoming *incoming;

	/* An error would be the loss of the memory: it cannot be tried again. */
	incoming = incoming_get(args, GFP_KERNEL | __GFP_NOFAIL);
	if (IS_ERR(incoming)) {
		pr_err("record at %#llx is unusable, its memory stays reserved: %pe\n",
		       args->serialized_data, incoming);
		return;
	}
	memfd_luo_incoming_finish(incoming);
	args->private_data = NULL;
}

/* Of the record's head alone: it may be another kernel's, and damaged. */
static u64 memfd_luo_memory(struct liveupdate_file_op_args *args)
{
	unsigned long pfn = PHYS_PFN(args->serialized_data);
	const struct memfd_luo_ser *ser;

	if (!kho_is_preserved(pfn) && !kho_is_incoming(pfn, 1))
		return 0;
	ser = phys_to_virt(args->serialized_data);
	if (offset_in_page(ser) || ser->magic != MEMFD_LUO_MAGIC ||
	    !memfd_luo_reads(ser->version))
		return 0;
	return READ_ONCE(ser->nr_pages) << PAGE_SHIFT;
}

static const struct liveupdate_file_ops memfd_luo_ops = {
	.can_preserve = memfd_luo_can_preserve,
	.preserve = memfd_luo_preserve,
	.unpreserve = memfd_luo_unpreserve,
	.freeze = memfd_luo_freeze,
	.unfreeze = memfd_luo_unfreeze,
	.retrieve = memfd_luo_retrieve,
	.finish = memfd_luo_finish,
	.get_id = memfd_luo_get_id,
	.memory = memfd_luo_memory,
	.retrieve_retryable = true,
};

static struct liveupdate_file_handler memfd_luo_handler = {
	.ops = &memfd_luo_ops,
	.compatible = MEMFD_LUO_COMPATIBLE,
};

LIVEUPDATE_READS_FILES("memfd", MEMFD_LUO_VERSION, MEMFD_LUO_VERSION_MAX);

static int __init memfd_luo_init(void)
{
	int err;

	memfd_luo_v2_init(&memfd_luo_handler);
	err = liveupdate_register_file_handler(&memfd_luo_handler);
	if (err && err != -EOPNOTSUPP)
		pr_err("cannot register: %pe\n", ERR_PTR(err));
	return 0;
}
device_initcall(memfd_luo_init);
