// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of blocks of records: layout, checks, the walk
 *
 * Pure, as luo_abi.c is, and built for userspace with it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "luo_abi.h"

static size_t luo_abi_record_size(enum luo_ser_kind kind)
{
	switch (kind) {
	case LUO_SER_SESSION:
		return sizeof(struct luo_session_ser);
	case LUO_SER_FILE:
		return sizeof(struct luo_file_ser);
	case LUO_SER_FLB:
		return sizeof(struct luo_flb_ser);
	}
	return PAGE_SIZE;
}

/**
 * luo_abi_block_capacity() - records that fit into one block
 * @kind: of the records
 *
 * Context: Any.
 * Return: their number.
 */
unsigned int luo_abi_block_capacity(enum luo_ser_kind kind)
{
	return (PAGE_SIZE - sizeof(struct luo_block_ser)) /
	       luo_abi_record_size(kind);
}

/**
 * luo_abi_block_init() - make an empty block
 * @block: one page
 * @kind: of its records
 * @next_pa: the block that comes after it in the chain, or 0
 *
 * Context: Any.
 */
void luo_abi_block_init(void *block, enum luo_ser_kind kind, u64 next_pa)
{
	struct luo_block_ser *head = block;

	memset(head, 0, sizeof(*head));
	head->kind = kind;
	head->next_pa = next_pa;
}

/**
 * luo_abi_block_record() - a record of a block
 * @block: an initialised block
 * @index: less than luo_abi_block_capacity()
 *
 * Context: Any.
 * Return: where the record is.
 */
void *luo_abi_block_record(void *block, unsigned int index)
{
	const struct luo_block_ser *head = block;

	return block + sizeof(*head) + index * luo_abi_record_size(head->kind);
}

/**
 * luo_abi_block_seal() - complete a block
 * @block: an initialised block
 * @count: records that were written to it
 *
 * Context: Any.
 */
void luo_abi_block_seal(void *block, unsigned int count)
{
	struct luo_block_ser *head = block;

	head->count = count;
	head->crc = luo_abi_crc(head);
}

/**
 * luo_abi_block_check() - can this block be read?
 * @block: one page
 * @kind: that its records must have
 *
 * Context: Any.
 * Return: 0, or -EBADMSG.
 */
int luo_abi_block_check(const void *block, enum luo_ser_kind kind)
{
	const struct luo_block_ser *head = block;

	if (head->crc != luo_abi_crc(head) || head->reserved ||
	    head->kind != kind || !head->count ||
	    head->count > luo_abi_block_capacity(kind) ||
	    !IS_ALIGNED(head->next_pa, PAGE_SIZE))
		return -EBADMSG;
	return 0;
}

static int luo_abi_walk_block(const void *block, u64 *nr, luo_abi_visit_t visit,
			      void *ctx)
{
	const struct luo_block_ser *head = block;
	const void *record = block + sizeof(*head);
	unsigned int i;
	int ret;

	if (head->count > *nr)
		return -EBADMSG;
	*nr -= head->count;
	for (i = 0; visit && i < head->count; i++) {
		ret = visit(ctx, record);
		if (ret)
			return ret;
		record += luo_abi_record_size(head->kind);
	}
	return 0;
}

/**
 * luo_abi_walk() - visit all records of a chain
 * @reader: how blocks are reached
 * @kind: of the records
 * @first_pa: first block
 * @nr: number of records that the chain must have
 * @visit: called for each record, which it has to check itself; or NULL
 * @ctx: handed to @visit
 *
 * Blocks are checked here. A chain that bites its tail ends before its blocks
 * were looked at for the fourth time, however large @nr is (Brent's algorithm):
 * so no more records are visited than three times what memory holds.
 *
 * Context: As @visit and the reader.
 * Return: 0, -EBADMSG if a block cannot be read or their records are not @nr
 * (what was readable before that was visited), or what @visit returned.
 */
int luo_abi_walk(const struct luo_abi_reader *reader, enum luo_ser_kind kind,
		 u64 first_pa, u64 nr, luo_abi_visit_t visit, void *ctx)
{
	u64 pa = first_pa, seen_pa = 0, nr_blocks = 0;
	int ret;

	while (nr) {
		const struct luo_block_ser *head;

		head = pa && pa != seen_pa ? reader->map(reader, pa) : NULL;
		if (!head || luo_abi_block_check(head, kind))
			return -EBADMSG;
		ret = luo_abi_walk_block(head, &nr, visit, ctx);
		if (ret)
			return ret;
		if (is_power_of_2(++nr_blocks))
			seen_pa = pa;
		pa = head->next_pa;
	}
	return pa ? -EBADMSG : 0;
}

/**
 * luo_abi_release() - give the blocks of a chain back
 * @reader: how blocks are reached and released
 * @kind: of the records
 * @first_pa: first block
 * @nr: number of records
 *
 * For chains that luo_abi_walk() found good.
 *
 * Context: As the reader.
 */
void luo_abi_release(const struct luo_abi_reader *reader,
		     enum luo_ser_kind kind, u64 first_pa, u64 nr)
{
	u64 pa = first_pa;

	while (nr && pa) {
		const struct luo_block_ser *head = reader->map(reader, pa);
		u64 next_pa;

		if (!head || luo_abi_block_check(head, kind) ||
		    head->count > nr)
			return;
		nr -= head->count;
		next_pa = head->next_pa;
		reader->release(reader, pa);
		pa = next_pa;
	}
}
