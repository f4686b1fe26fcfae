// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small character device whose open files survive a live update
 *
 * Each open of /dev/luo_note is a notepad of its own: what is written can be
 * read back. This file is the device and its file handler. The notepads are
 * numbered; the next free number is state that they share, and is carried by
 * an FLB, see luo_note_ids.c.
 *
 * Invariants:
 *  - A record is one page, self-contained, without pointers. It is checked as
 *    input before any field of it is used.
 *  - Between freeze and unfreeze a note does not change: writers wait.
 *  - retrieve() only reads the record. It is freed in finish(), and nowhere
 *    else, so a failed retrieve() may be repeated.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "luo_note.h"

#define LUO_NOTE_MAX	2048	/* bytes of text */

/* [record] What crosses the jump. A change of layout is a new "-vN". */
struct luo_note_ser {
	u64 id;
	u64 pos;
	u32 flags;		/* O_ACCMODE and O_APPEND of the description */
	u32 len;
	u8 text[LUO_NOTE_MAX];
};

static_assert(sizeof(struct luo_note_ser) == 24 + LUO_NOTE_MAX);
static_assert(sizeof(struct luo_note_ser) <= PAGE_SIZE);

/**
 * struct luo_note - one open file of /dev/luo_note
 * @lock: protects @frozen, @len and @text
 * @frozen: between freeze() and unfreeze(): the record is being carried over
 * @thawed: writers wait here while @frozen
 * @id: the number of this note; constant
 * @len: bytes used in @text
 * @text: what was written
 */
struct luo_note {
	struct mutex lock;		/* see above */
	bool frozen;
	wait_queue_head_t thawed;
	u64 id;
	u32 len;
	u8 text[LUO_NOTE_MAX];
};

static struct luo_note *luo_note_alloc(u64 id)
{
	struct luo_note *note = kzalloc(sizeof(*note), GFP_KERNEL_ACCOUNT);

	if (!note)
		return NULL;

	mutex_init(&note->lock);
	init_waitqueue_head(&note->thawed);
	note->id = id;
	return note;
}

static int luo_note_open(struct inode *inode, struct file *file)
{
	struct luo_note *note = luo_note_alloc(luo_note_ids_new());

	if (!note)
		return -ENOMEM;
	file->private_data = note;
	return nonseekable_open(inode, file);
}

static int luo_note_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* Returns with the lock held, or an error. */
static int luo_note_lock_thawed(struct luo_note *note)
{
	for (;;) {
		if (mutex_lock_killable(&note->lock))
			return -ERESTARTSYS;
		if (!note->frozen)
			return 0;
		mutex_unlock(&note->lock);
		if (wait_event_killable(note->thawed, !READ_ONCE(note->frozen)))
			return -ERESTARTSYS;
	}
}

/* The caller does it, too, when the lock is gone, and a freeze may have come. */
static void luo_note_set_pos(struct file *file, loff_t pos)
{
	file->f_pos = pos;
}

static ssize_t luo_note_read(struct file *file, char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct luo_note *note = file->private_data;
	ssize_t ret;

	/* A read moves the position, which is part of the record. */
	ret = luo_note_lock_thawed(note);
	if (ret)
		return ret;

	ret = simple_read_from_buffer(buf, count, ppos, note->text, note->len);
	luo_note_set_pos(file, *ppos);
	mutex_unlock(&note->lock);
	return ret;
}

static ssize_t luo_note_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct luo_note *note = file->private_data;
	ssize_t ret;

	ret = luo_note_lock_thawed(note);
	if (ret)
		return ret;

	if (file->f_flags & O_APPEND)
		*ppos = note->len;
	ret = simple_write_to_buffer(note->text, LUO_NOTE_MAX, ppos, buf, count);
	if (ret > 0)
		note->len = max_t(u32, note->len, *ppos);
	else if (!ret && count)
		ret = -ENOSPC;
	luo_note_set_pos(file, *ppos);
	mutex_unlock(&note->lock);
	return ret;
}

static void luo_note_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct luo_note *note = file->private_data;

	seq_printf(m, "luo_note:\t%llu\n", note->id);
}

static const struct file_operations luo_note_fops = {
	.owner		= THIS_MODULE,
	.open		= luo_note_open,
	.release	= luo_note_release,
	.read		= luo_note_read,
	.write		= luo_note_write,
	.show_fdinfo	= luo_note_show_fdinfo,
};

static struct miscdevice luo_note_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "luo_note",
	.fops	= &luo_note_fops,
	.mode	= 0600,
};

/* [outgoing] The old kernel: preserve, freeze, and their mirror images. */
static bool luo_note_can_preserve(struct liveupdate_file_handler *handler,
				  struct file *file)
{
	return file->f_op == &luo_note_fops;
}

static int luo_note_preserve(struct liveupdate_file_op_args *args)
{
	struct luo_note_ser *ser = kho_alloc_preserve(sizeof(*ser));

	if (IS_ERR(ser))
		return PTR_ERR(ser);

	args->private_data = ser;
	args->serialized_data = virt_to_phys(ser);
	return 0;
}

static void luo_note_unpreserve(struct liveupdate_file_op_args *args)
{
	kho_unpreserve_free(args->private_data);
}

static int luo_note_freeze(struct liveupdate_file_op_args *args)
{
	struct luo_note *note = args->file->private_data;
	struct luo_note_ser *ser = args->private_data;

	/* A writer may be in a page fault: stay killable. */
	if (mutex_lock_killable(&note->lock))
		return -EINTR;
	WRITE_ONCE(note->frozen, true);
	ser->id = note->id;
	ser->pos = args->file->f_pos;
	ser->flags = args->file->f_flags & (O_ACCMODE | O_APPEND);
	ser->len = note->len;
	memcpy(ser->text, note->text, note->len);
	mutex_unlock(&note->lock);
	return 0;
}

static void luo_note_unfreeze(struct liveupdate_file_op_args *args)
{
	struct luo_note *note = args->file->private_data;

	scoped_guard(mutex, &note->lock)
		WRITE_ONCE(note->frozen, false);
	wake_up_all(&note->thawed);
}

/* [incoming] The new kernel: retrieve and finish. */
static struct luo_note_ser *luo_note_record(u64 pa)
{
	/* The address itself is input: is it a page that was handed over? */
	if (!pa || !PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

static int luo_note_retrieve(struct liveupdate_file_op_args *args)
{
	struct luo_note_ser *ser = luo_note_record(args->serialized_data);
	struct luo_note *note __free(kfree) = NULL;
	struct file *file;

	if (!ser || ser->len > LUO_NOTE_MAX || ser->pos > LUO_NOTE_MAX ||
	    ser->flags & ~(O_ACCMODE | O_APPEND)) {
		pr_err("damaged record at %#llx\n", args->serialized_data);
		return -EBADMSG;
	}

	note = luo_note_alloc(ser->id);
	if (!note)
		return -ENOMEM;
	note->len = ser->len;
	memcpy(note->text, ser->text, ser->len);

	file = anon_inode_getfile("[luo_note]", &luo_note_fops, note, ser->flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	/* What anon_inode_getfile() does not take over from its flags. */
	file->f_flags |= ser->flags & O_APPEND;
	file->f_iocb_flags = iocb_flags(file);
	file->f_pos = ser->pos;
	retain_and_null_ptr(note);

	args->file = file;
	return 0;
}

static void luo_note_finish(struct liveupdate_file_op_args *args)
{
	struct luo_note_ser *ser = luo_note_record(args->serialized_data);

	if (ser)
		kho_restore_free(ser);
}

/* [handler] */
static const struct liveupdate_file_ops luo_note_file_ops = {
	.can_preserve		= luo_note_can_preserve,
	.preserve		= luo_note_preserve,
	.unpreserve		= luo_note_unpreserve,
	.freeze			= luo_note_freeze,
	.unfreeze		= luo_note_unfreeze,
	.retrieve		= luo_note_retrieve,
	.finish			= luo_note_finish,
	.retrieve_retryable	= true,
	.owner			= THIS_MODULE,
};

static struct liveupdate_file_handler luo_note_handler = {
	.ops		= &luo_note_file_ops,
	.compatible	= "luo-sample-note-v1",
};

LIVEUPDATE_READS_FILES("luo-sample-note", 1, 1);

/* [init] */
static int __init luo_note_init(void)
{
	int err;

	err = liveupdate_register_file_handler(&luo_note_handler);
	if (err == -EOPNOTSUPP)
		return misc_register(&luo_note_dev);	/* liveupdate=off */
	if (err)
		return err;

	err = liveupdate_register_flb(&luo_note_handler, &luo_note_ids_flb);
	if (err)
		goto err_handler;

	/* Before the first open: numbers must not be given out twice. */
	luo_note_ids_adopt();

	err = misc_register(&luo_note_dev);
	if (err)
		goto err_flb;
	return 0;

err_flb:
	liveupdate_unregister_flb(&luo_note_handler, &luo_note_ids_flb);
err_handler:
	liveupdate_unregister_file_handler(&luo_note_handler);
	return err;
}
module_init(luo_note_init);

static void __exit luo_note_exit(void)
{
	misc_deregister(&luo_note_dev);
	if (liveupdate_enabled()) {
		liveupdate_unregister_flb(&luo_note_handler, &luo_note_ids_flb);
		liveupdate_unregister_file_handler(&luo_note_handler);
	}
}
module_exit(luo_note_exit);

MODULE_DESCRIPTION("Live update: a sample file handler with shared state");
MODULE_LICENSE("GPL");
