// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room for records, reserved before it is needed
 *
 * A chain grows and shrinks with the number of objects that it will have to
 * describe, while they come and go. So reboot(2) only writes: it allocates
 * nothing and cannot run out of room. A new block goes to the front, where it
 * can be taken off again without a walk.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/math.h>

#include "luo_internal.h"

/**
 * luo_chain_init() - make an empty chain
 * @chain: the chain
 * @kind: of its records
 *
 * Context: Any.
 */
void luo_chain_init(struct luo_chain *chain, enum luo_ser_kind kind)
{
	chain->kind = kind;
	chain->first = NULL;
	chain->nr_blocks = 0;
}

static void *luo_chain_follow(void *block)
{
	const struct luo_block_ser *head = block;

	return head->next_pa ? phys_to_virt(head->next_pa) : NULL;
}

static void luo_chain_pop(struct luo_chain *chain)
{
	void *block = chain->first;

	chain->first = luo_chain_follow(block);
	chain->nr_blocks--;
	kho_unpreserve_free(block);
}

static u64 luo_chain_pa(const struct luo_chain *chain)
{
	return chain->first ? virt_to_phys(chain->first) : 0;
}

static int luo_chain_push(struct luo_chain *chain)
{
	void *block = kho_alloc_preserve(PAGE_SIZE);

	if (IS_ERR(block))
		return PTR_ERR(block);
	luo_abi_block_init(block, chain->kind, luo_chain_pa(chain));
	chain->first = block;
	chain->nr_blocks++;
	return 0;
}

/**
 * luo_chain_resize() - have room for a number of records, and no more
 * @chain: the chain
 * @nr: number of records
 *
 * Context: May sleep; does not allocate if @nr is not more than before. The
 * caller serialises access to @chain.
 * Return: 0, or a negative errno and the chain as it was.
 */
int luo_chain_resize(struct luo_chain *chain, unsigned int nr)
{
	unsigned int capacity = luo_abi_block_capacity(chain->kind);
	unsigned int want = DIV_ROUND_UP(nr, capacity);
	unsigned int had = chain->nr_blocks;
	int ret = 0;

	while (!ret && chain->nr_blocks < want)
		ret = luo_chain_push(chain);
	if (ret)
		want = had;
	while (chain->nr_blocks > want)
		luo_chain_pop(chain);
	return ret;
}

/**
 * luo_chain_start() - begin to write the records of a chain
 * @chain: the chain
 * @nr: number of records that will be written; there is room for them
 * @writer: out: the state of the writer
 *
 * Blocks that are not needed are those at the beginning.
 *
 * Context: Any.
 * Return: physical address of the first block that is needed, 0 if none is.
 */
u64 luo_chain_start(struct luo_chain *chain, unsigned int nr,
		    struct luo_chain_writer *writer)
{
	unsigned int want = DIV_ROUND_UP(nr, luo_abi_block_capacity(chain->kind));
	unsigned int spare = chain->nr_blocks;

	writer->index = 0;
	writer->block = chain->first;
	while (writer->block && spare-- > want)
		writer->block = luo_chain_follow(writer->block);
	return writer->block ? virt_to_phys(writer->block) : 0;
}

/**
 * luo_chain_next() - place of the next record
 * @writer: the state of the writer
 *
 * Context: Any.
 * Return: where to write, NULL if there is no room (a bug of the caller).
 */
void *luo_chain_next(struct luo_chain_writer *writer)
{
	const struct luo_block_ser *head = writer->block;

	if (head && writer->index == luo_abi_block_capacity(head->kind)) {
		luo_abi_block_seal(writer->block, writer->index);
		writer->block = luo_chain_follow(writer->block);
		writer->index = 0;
	}
	if (WARN_ON_ONCE(!writer->block))
		return NULL;
	return luo_abi_block_record(writer->block, writer->index++);
}

/**
 * luo_chain_end() - all records are written
 * @writer: the state of the writer
 *
 * Context: Any.
 */
void luo_chain_end(struct luo_chain_writer *writer)
{
	if (writer->block)
		luo_abi_block_seal(writer->block, writer->index);
}
