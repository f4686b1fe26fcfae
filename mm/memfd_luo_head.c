// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validation of the record of a memfd that another kernel has left: the head,
 * and that the tree agrees with it
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "memfd_luo.h"

static int check_poison(const struct memfd_luo_ser *ser)
{
	unsigned int i;

	if (ser->nr_poisoned > MEMFD_LUO_MAX_POISONED)
		return -EBADMSG;
	for (i = 1; i < ser->nr_poisoned; i++) {
		if (ser->poisoned[i] <= ser->poisoned[i - 1])
			return -EBADMSG;
	}
	return 0;
}

/**
 * memfd_luo_head_check() - validate the head of a record
 * @ser: the head; its page was preserved
 *
 * Return:
 * * 0: sound, but for the tree
 * * -EPROTONOSUPPORT: of a version or a page size that this kernel cannot read
 * * -EBADMSG: damaged
 */
int memfd_luo_head_check(const struct memfd_luo_ser *ser)
{
	if (ser->magic != MEMFD_LUO_MAGIC)
		return -EBADMSG;
	if (!memfd_luo_reads(ser->version) || ser->page_shift != PAGE_SHIFT)
		return -EPROTONOSUPPORT;
	if (ser->crc != memfd_luo_head_crc(ser) || check_poison(ser) ||
	    ser->name_len > NAME_MAX || ser->name[ser->name_len] ||
	    ser->tail_crc != memfd_luo_tail_crc(ser))
		return -EBADMSG;
	if (ser->size > MAX_LFS_FILESIZE ||
	    memfd_luo_pos(ser) > MAX_LFS_FILESIZE ||
	    !S_ISREG(ser->mode) || ser->mode & ~(S_IFMT | S_IALLUGO) ||
	    ser->open_flags & ~MEMFD_LUO_OPEN_FLAGS || memfd_luo_reserved(ser) ||
	    ser->seals & ~(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
			   F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC))
		return -EBADMSG;
	return 0;
}

/**
 * memfd_luo_record_check() - validate the extents of a record
 * @ser: its head, sound
 * @tree: its tree
 *
 * Return:
 * * 0: sound
 * * -EPROTONOSUPPORT: with larger folios than this kernel can use
 * * -EBADMSG: damaged
 */
int memfd_luo_record_check(const struct memfd_luo_ser *ser,
			   const struct memfd_luo_tree *tree)
{
	struct memfd_luo_tree_check check = {
		.end = DIV_ROUND_UP_ULL(ser->size, PAGE_SIZE),
		.max_order = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ?
			     MAX_PAGECACHE_ORDER : 0,
		.valid = kho_is_incoming,
	};
	int err;

	err = memfd_luo_tree_check(tree, &check);
	if (err)
		return err;
	return check.nr_pages == ser->nr_pages ? 0 : -EBADMSG;
}
