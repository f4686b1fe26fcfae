// SPDX-License-Identifier: GPL-2.0-only
/*
 * RETRIEVE of a memfd, in the kernel that has received it
 *
 * The record is checked in full before anything is done with it. Then the file
 * is built from left to right: a piece of an extent is restored, its folios
 * become live folios of this kernel, and they are put into the page cache in
 * small batches, charged to the caller. That may run out of memory at any folio (F10).
 * Then all folios are taken out of the file again, their charges given back,
 * and wait for the next attempt. A folio that was made live stays so: we hold a
 * reference to it until it is in a file that is complete, or until FINISH.
 * Only then it is put onto an LRU list, so that reclaim does not meet it before.
 *
 * The record itself is never written to.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "internal.h"
#include "memfd_luo.h"

/* Pages that are restored with one call. */
#define RESTORE_PAGES	2048UL

/* What the previous kernel has found bad is bad for us, too. */
static void mark_poison(const struct memfd_luo_ser *ser, struct page *page,
			pgoff_t index, unsigned long pages)
{
	unsigned int i;

	for (i = 0; i < ser->nr_poisoned; i++) {
		struct page *bad;

		if (ser->poisoned[i] < index || ser->poisoned[i] - index >= pages)
			continue;
		bad = page + (ser->poisoned[i] - index);
		if (PageHWPoison(bad))
			continue;
		SetPageHWPoison(bad);
		num_poisoned_pages_inc(page_to_pfn(bad));
		if (folio_test_large(page_folio(bad)))
			folio_set_has_hwpoisoned(page_folio(bad));
	}
}

static int restore_piece(struct memfd_luo_incoming *incoming,
			 struct memfd_luo_extent *piece)
{
	unsigned long pages;
	int err;

	piece->count = min(piece->count, max(RESTORE_PAGES >> piece->order, 1UL));
	pages = memfd_luo_extent_pages(piece);
	err = kho_restore_range(piece->pfn, pages, piece->order);
	if (err) {
		pr_err("%s: cannot restore %lu pages of order %u at pfn %#lx: %pe\n",
		       incoming->ser->name, pages, piece->order, piece->pfn,
		       ERR_PTR(err));
		return err == -ENOMEM ? err : -EBADMSG;
	}
	if (unlikely(incoming->ser->nr_poisoned))
		mark_poison(incoming->ser, pfn_to_page(piece->pfn),
			    piece->index, pages);
	incoming->live = memfd_luo_extent_end(piece);
	return 0;
}

/*
 * Takes folios off the front of @rest, and makes them live if they are not.
 *
 * Return: 0 or a negative errno; then @piece is what could not be made live
 */
static int take_piece(struct memfd_luo_incoming *incoming,
		      struct memfd_luo_extent *rest,
		      struct memfd_luo_extent *piece)
{
	const bool live = incoming->live > rest->index;
	unsigned long most;

	if (live)
		most = (incoming->live - rest->index) >> rest->order;
	else
		most = max(RESTORE_PAGES >> rest->order, 1UL);
	*piece = *rest;
	piece->count = min(rest->count, most);
	memfd_luo_extent_skip(rest, piece->count);
	return live ? 0 : restore_piece(incoming, piece);
}

static int adopt_extent(struct memfd_luo_incoming *incoming,
			struct memfd_luo_adopter *adopter,
			struct memfd_luo_extent *rest)
{
	struct memfd_luo_extent piece;
	int err;

	if (rest->order)
		mapping_set_large_folios(adopter->inode->i_mapping);
	while (rest->count) {
		err = take_piece(incoming, rest, &piece);
		if (!err)
			err = memfd_luo_adopt(adopter, &piece);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static void publish_folio(struct inode *inode, struct folio *folio)
{
	folio_add_lru(folio);
	folio_put(folio);
}

/* As publish_folio(), but our reference keeps the folio where it is. */
static void publish_held_folio(struct inode *inode, struct folio *folio)
{
	folio_add_lru(folio);
}

/* Calls @fn for all folios below @end; they are live. */
static void walk_folios(struct memfd_luo_incoming *incoming, pgoff_t end,
			memfd_luo_folio_fn *fn, struct inode *inode)
{
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&incoming->tree);
	struct memfd_luo_extent extent;
	unsigned long done = 0;

	while (memfd_luo_cursor_next(&cursor, &extent) && extent.index < end) {
		while (extent.count && extent.index < end) {
			fn(inode, pfn_folio(extent.pfn));
			memfd_luo_extent_skip(&extent, 1);
			if (!(++done % SZ_1K))
				cond_resched();
		}
	}
}

static int build_contents(struct memfd_luo_incoming *incoming,
			  struct inode *inode, memfd_luo_folio_fn *publish)
{
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&incoming->tree);
	struct memfd_luo_adopter adopter;
	struct memfd_luo_extent extent;
	int err, last;

	err = memfd_luo_adopt_begin(&adopter, inode, incoming->ser->nr_pages);
	if (err)
		return err;
	while (!err && memfd_luo_cursor_next(&cursor, &extent))
		err = adopt_extent(incoming, &adopter, &extent);
	last = memfd_luo_adopt_end(&adopter);
	err = err ?: last;
	walk_folios(incoming, adopter.end,
		    err ? memfd_luo_abandon : publish, inode);
	return err;
}

static void build_inode(const struct memfd_luo_ser *ser, struct inode *inode)
{
	struct shmem_inode_info *info = SHMEM_I(inode);
	struct timespec64 time;

	inode->i_uid = make_kuid(&init_user_ns, ser->uid);
	inode->i_gid = make_kgid(&init_user_ns, ser->gid);
	inode->i_mode = ser->mode;
	shmem_restore_fsflags(inode, ser->fsflags);
	info->seals = ser->seals;

	inode_set_atime(inode, ser->atime_sec, ser->atime_nsec);
	inode_set_mtime(inode, ser->mtime_sec, ser->mtime_nsec);
	inode_set_ctime(inode, ser->ctime_sec, ser->ctime_nsec);
	time.tv_sec = ser->btime_sec;
	time.tv_nsec = ser->btime_nsec;
	info->i_crtime = time;
}

/*
 * memfd_create() makes a description that reads and writes. Every other kind
 * was opened through /proc, and is again.
 */
static struct file *open_description(const struct memfd_luo_ser *ser,
				     struct file *file)
{
	if ((ser->open_flags & O_ACCMODE) != O_RDWR ||
	    ser->open_flags & O_DIRECT)
		return dentry_open(&file->f_path, ser->open_flags,
				   current_cred());

	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_flags = ser->open_flags;
	file->f_iocb_flags = iocb_flags(file);
	return get_file(file);
}

/* What devices write to is ours as well, see memfd_luo_incoming.c. */
static int build_held_contents(struct memfd_luo_incoming *incoming,
			       struct file *file)
{
	int err;

	memfd_luo_dma_hold(file);
	err = build_contents(incoming, file_inode(file), publish_held_folio);
	if (!err)
		incoming->held = get_file(file);
	return err;
}

static struct file *build_file(struct memfd_luo_incoming *incoming)
{
	const struct memfd_luo_ser *ser = incoming->ser;
	struct file *file, *opened;
	int err;

	file = shmem_file_setup(ser->name, ser->size, VM_NORESERVE);
	if (IS_ERR(file))
		return file;
	/* Whatever may fail comes before the contents. */
	opened = open_description(ser, file);
	fput(file);
	if (IS_ERR(opened))
		return opened;
	if (memfd_luo_incoming_under_dma(incoming))
		err = build_held_contents(incoming, opened);
	else
		err = build_contents(incoming, file_inode(opened),
				     publish_folio);
	if (err) {
		fput(opened);
		return ERR_PTR(err);
	}
	return opened;
}

/**
 * memfd_luo_incoming_build() - make the file
 * @incoming: a record
 * @filep: out: the file, with a reference
 *
 * Context: may sleep; memory is charged to the caller's cgroup.
 * Return:
 * * 0: @filep is set
 * * -ENOMEM, -EINTR and others: all is as before, call it again
 * * -EBADMSG: the memory of the record is not what it says
 */
int memfd_luo_incoming_build(struct memfd_luo_incoming *incoming,
			     struct file **filep)
{
	const struct memfd_luo_ser *ser = incoming->ser;
	struct file *file;

	scoped_guard(mutex, &incoming->lock) {
		file = build_file(incoming);
		incoming->retrieved = !IS_ERR(file);
	}
	/* No limit of a mount is involved: shmem means memory. */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);

	file->f_pos = memfd_luo_pos(ser);
	if (ser->seals & F_SEAL_WRITE)
		WARN_ON_ONCE(mapping_deny_writable(file->f_mapping));
	build_inode(ser, file_inode(file));
	*filep = file;
	return 0;
}

/**
 * memfd_luo_incoming_walk() - call a function for each folio of a record
 * @incoming: the record
 * @fn: the function; what is not live yet becomes so before
 * @inode: what it gets
 *
 * What cannot be made live stays reserved.
 *
 * Context: may sleep.
 */
void memfd_luo_incoming_walk(struct memfd_luo_incoming *incoming,
			     memfd_luo_folio_fn *fn, struct inode *inode)
{
	struct memfd_luo_cursor cursor = memfd_luo_cursor_first(&incoming->tree);
	struct memfd_luo_extent extent, piece;

	while (memfd_luo_cursor_next(&cursor, &extent)) {
		while (extent.count) {
			if (take_piece(incoming, &extent, &piece))
				continue;
			for (; piece.count; memfd_luo_extent_skip(&piece, 1))
				fn(inode, pfn_folio(piece.pfn));
			cond_resched();
		}
	}
}
