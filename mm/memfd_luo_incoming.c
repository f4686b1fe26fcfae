// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a memfd in the kernel that has received it: birth and death
 *
 * It lives until FINISH, or until the last IOMMU domain that reaches its memory
 * is gone, whatever comes later: see memfd_luo_dma.c.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/file.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "memfd_luo.h"

static const struct memfd_luo_tree_ops incoming_tree_ops = {
	.free = kho_restore_free,
};

static void drop_folio(struct inode *inode, struct folio *folio)
{
	folio_put(folio);
}

/* The last one gives everything back that is not in a file, and the record. */
static void incoming_put(struct memfd_luo_incoming *incoming)
{
	if (!refcount_dec_and_test(&incoming->ref))
		return;
	if (!incoming->retrieved)
		memfd_luo_incoming_walk(incoming, drop_folio, NULL);
	memfd_luo_tree_free(&incoming->tree);
	kho_restore_free((void *)incoming->ser);
	mutex_destroy(&incoming->lock);
	kfree(incoming);
}

/* No device writes to the memory any more: it is a file's like any other. */
static void incoming_dma_ended(struct work_struct *work)
{
	struct memfd_luo_incoming *incoming;

	incoming = container_of(work, struct memfd_luo_incoming, dma.released);
	scoped_guard(mutex, &incoming->lock) {
		if (incoming->held) {
			memfd_luo_incoming_walk(incoming, drop_folio, NULL);
			memfd_luo_dma_drop(incoming->held);
			fput(incoming->held);
			incoming->held = NULL;
		}
	}
	incoming_put(incoming);
}

/**
 * memfd_luo_incoming_open() - check a record of the previous kernel
 * @head_pa: handle of the record
 * @gfp: for our own state of it
 *
 * Context: may sleep.
 * Return: the record, ready to be built or dropped, or an ERR_PTR:
 * * -ENOMEM: try again
 * * -EBADMSG: the record is damaged
 * * -EPROTONOSUPPORT: it is sound, but of a kind that we cannot read
 */
struct memfd_luo_incoming *memfd_luo_incoming_open(phys_addr_t head_pa,
						   gfp_t gfp)
{
	struct memfd_luo_incoming *incoming;
	struct memfd_luo_ser *ser;
	int err;

	if (!IS_ALIGNED(head_pa, PAGE_SIZE) ||
	    !kho_is_incoming(PHYS_PFN(head_pa), 1))
		return ERR_PTR(-EBADMSG);
	ser = phys_to_virt(head_pa);
	err = memfd_luo_head_check(ser);
	if (err)
		return ERR_PTR(err);

	incoming = kzalloc(sizeof(*incoming), gfp);
	if (!incoming)
		return ERR_PTR(-ENOMEM);
	incoming->ser = ser;
	incoming->tree.root = &ser->root;
	incoming->tree.root_capacity = MEMFD_LUO_ROOT_CAPACITY;
	incoming->tree.ops = &incoming_tree_ops;
	err = memfd_luo_record_check(ser, &incoming->tree);
	if (err) {
		kfree(incoming);
		return ERR_PTR(err);
	}
	mutex_init(&incoming->lock);
	/* The second one in advance: the domains may go at any time. */
	refcount_set(&incoming->ref, 2);
	if (!memfd_luo_dma_start(&incoming->dma, ser, incoming_dma_ended))
		incoming_put(incoming);
	return incoming;
}

/**
 * memfd_luo_incoming_under_dma() - do devices still write to it?
 * @incoming: the record
 *
 * Context: Any. Once it is false it stays so.
 * Return: true if so
 */
bool memfd_luo_incoming_under_dma(struct memfd_luo_incoming *incoming)
{
	return atomic_read(&incoming->dma.nr_domains);
}

/**
 * memfd_luo_incoming_finish() - end of a record
 * @incoming: the record; gone afterwards
 *
 * If the file was not made, everything in it is freed. What devices still write
 * to is not before they are stopped.
 *
 * Context: may sleep.
 */
void memfd_luo_incoming_finish(struct memfd_luo_incoming *incoming)
{
	if (memfd_luo_incoming_under_dma(incoming))
		pr_warn("%s: devices write to it, its memory stays until they are stopped\n",
			incoming->ser->name);
	else if (refcount_read(&incoming->ref) > 1)
		flush_work(&incoming->dma.released);
	incoming_put(incoming);
}
