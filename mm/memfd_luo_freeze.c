// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freeze and thaw of the record of a preserved memfd, inside reboot(2)
 *
 * What may have changed since PRESERVE is written to the head of the record: a
 * position, a few words of attributes, a checksum. Nothing here allocates, and
 * nothing is done per page, unless memory of the machine went bad meanwhile.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/crc32.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uidgid.h>

#include "memfd_luo.h"

/**
 * memfd_luo_head_crc() - checksum of the attributes in a record's head
 * @ser: the head
 *
 * Return: what @ser->crc has to be
 */
u32 memfd_luo_head_crc(const struct memfd_luo_ser *ser)
{
	return crc32(~0, &ser->tail_crc,
		     offsetofend(struct memfd_luo_ser, domains) -
		     offsetof(struct memfd_luo_ser, tail_crc));
}

/**
 * memfd_luo_tail_crc() - checksum of the name and of the bad pages
 * @ser: the head; its counters are in bounds
 *
 * Return: what @ser->tail_crc has to be
 */
u32 memfd_luo_tail_crc(const struct memfd_luo_ser *ser)
{
	u32 crc = crc32(~0, &ser->nr_poisoned, sizeof(ser->nr_poisoned) +
			sizeof(ser->name_len));

	crc = crc32(crc, ser->poisoned,
		    ser->nr_poisoned * sizeof(ser->poisoned[0]));
	return crc32(crc, ser->name, ser->name_len);
}

/* Pages of the machine that are known to be bad. */
long memfd_luo_poison_events(void)
{
#ifdef CONFIG_MEMORY_FAILURE
	return atomic_long_read(&num_poisoned_pages);
#else
	return 0;
#endif
}

static void record_times(struct memfd_luo_ser *ser, struct inode *inode)
{
	ser->atime_sec = inode_get_atime_sec(inode);
	ser->atime_nsec = inode_get_atime_nsec(inode);
	ser->mtime_sec = inode_get_mtime_sec(inode);
	ser->mtime_nsec = inode_get_mtime_nsec(inode);
	ser->ctime_sec = inode_get_ctime_sec(inode);
	ser->ctime_nsec = inode_get_ctime_nsec(inode);
	ser->btime_sec = SHMEM_I(inode)->i_crtime.tv_sec;
	ser->btime_nsec = SHMEM_I(inode)->i_crtime.tv_nsec;
}

static int record_poison_page(struct memfd_luo_ser *ser, pgoff_t index)
{
	if (ser->nr_poisoned == MEMFD_LUO_MAX_POISONED) {
		pr_err("more than %u bad pages in %s, cannot carry it\n",
		       MEMFD_LUO_MAX_POISONED, ser->name);
		return -EHWPOISON;
	}
	ser->poisoned[ser->nr_poisoned++] = index;
	return 0;
}

/*
 * Memory of the machine went bad since PRESERVE, perhaps ours. This is the one
 * walk over all pages inside the blackout, and it happens only then.
 */
static int record_poison(struct memfd_luo *luo)
{
	struct memfd_luo_ser *ser = luo->ser;
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&luo->tree);
	struct memfd_luo_extent extent;
	int err = 0;

	ser->nr_poisoned = 0;
	while (!err && memfd_luo_cursor_next(&cursor, &extent)) {
		unsigned long i, pages = memfd_luo_extent_pages(&extent);

		for (i = 0; !err && i < pages; i++) {
			if (unlikely(PageHWPoison(pfn_to_page(extent.pfn + i))))
				err = record_poison_page(ser, extent.index + i);
		}
		cond_resched();
	}
	ser->tail_crc = memfd_luo_tail_crc(ser);
	return err;
}

/**
 * memfd_luo_close_record() - freeze a record
 * @luo: the record
 * @file: the file that was preserved
 *
 * Writes what may have changed since PRESERVE. Afterwards nothing changes it,
 * until memfd_luo_reopen_record().
 *
 * Context: may sleep, does not allocate.
 * Return:
 * * 0: frozen
 * * -EINTR: killed while waiting for somebody who fills a hole
 * * -EHWPOISON: too many pages of the file went bad
 */
int memfd_luo_close_record(struct memfd_luo *luo, struct file *file)
{
	struct memfd_luo_ser *ser = luo->ser;
	struct inode *inode = luo->inode;
	int err;

	if (mutex_lock_killable(&luo->lock))
		return -EINTR;
	if (unlikely(memfd_luo_poison_events() != luo->poison_events ||
		     ser->nr_poisoned)) {
		err = record_poison(luo);
		if (err)
			goto unlock;
	}
	ser->size = i_size_read(inode);
	memfd_luo_set_pos(ser, READ_ONCE(file->f_pos));
	ser->open_flags = file->f_flags & MEMFD_LUO_OPEN_FLAGS;
	ser->seals = SHMEM_I(inode)->seals;
	ser->uid = from_kuid(&init_user_ns, inode->i_uid);
	ser->gid = from_kgid(&init_user_ns, inode->i_gid);
	ser->mode = inode->i_mode;
	ser->fsflags = SHMEM_I(inode)->fsflags;
	record_times(ser, inode);
	ser->crc = memfd_luo_head_crc(ser);
	WRITE_ONCE(luo->state, MEMFD_LUO_FROZEN);
	err = 0;
unlock:
	mutex_unlock(&luo->lock);
	return err;
}

/**
 * memfd_luo_reopen_record() - thaw a record; whoever waits goes on
 * @luo: the record
 */
void memfd_luo_reopen_record(struct memfd_luo *luo)
{
	scoped_guard(mutex, &luo->lock)
		WRITE_ONCE(luo->state, MEMFD_LUO_OPEN);
	wake_up_all(&luo->thawed);
}
