// SPDX-License-Identifier: GPL-2.0-only
/*
 * State that several files share: the registry, and the records
 *
 * An FLB is linked to the handlers of the files that depend on it. A slot, a
 * bit number, stands for it in the records of those files.
 */
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "luo_internal.h"

/* Both protected by luo_registry_rwsem. */
static LIST_HEAD(luo_flbs);
static u64 luo_flb_slots;

/* Room for the records of FLBs that are in use. Inside of the FLB mutexes. */
static DEFINE_MUTEX(luo_flb_room_lock);
static struct luo_chain luo_flb_chain = { .kind = LUO_SER_FLB };
static unsigned int luo_flb_room_nr;

/**
 * luo_flb_room_add() - an FLB is about to be preserved
 *
 * Context: May sleep; the mutex of the FLB is held.
 * Return: 0, or -ENOMEM.
 */
int luo_flb_room_add(void)
{
	int ret;

	guard(mutex)(&luo_flb_room_lock);
	ret = luo_chain_resize(&luo_flb_chain, luo_flb_room_nr + 1);
	if (!ret)
		luo_flb_room_nr++;
	return ret;
}

/**
 * luo_flb_room_del() - an FLB is not preserved any more
 *
 * Context: May sleep; the mutex of the FLB is held.
 */
void luo_flb_room_del(void)
{
	guard(mutex)(&luo_flb_room_lock);
	luo_chain_resize(&luo_flb_chain, --luo_flb_room_nr);
}

/* All records fit into one block, however many of them are in use. */
static unsigned int luo_flb_max(void)
{
	return min(LUO_SER_FLBS_MAX, luo_abi_block_capacity(LUO_SER_FLB));
}

static int luo_flb_check(const struct liveupdate_flb *flb)
{
	const struct liveupdate_flb_ops *ops = flb->ops;
	unsigned int name_len, version;

	if (!ops || !ops->preserve || !ops->unpreserve || !ops->retrieve ||
	    !ops->finish)
		return -EINVAL;
	if (luo_abi_compatible_parse(flb->compatible, &name_len, &version))
		return -EINVAL;
	if ((flb->read_min ?: version) > (flb->read_max ?: version))
		return -EINVAL;
	return 0;
}

static struct luo_flb_link *luo_flb_link_find(struct list_head *links,
					      const struct liveupdate_flb *flb)
{
	struct luo_flb_link *link;

	lockdep_assert_held(&luo_registry_rwsem);
	list_for_each_entry(link, links, list) {
		if (link->flb == flb)
			return link;
	}
	return NULL;
}

/* The first link of an FLB: give it a slot and find what came for it. */
static int luo_flb_publish(struct liveupdate_flb *flb)
{
	unsigned int name_len = 0, version = 0;
	struct liveupdate_flb *other;

	lockdep_assert_held_write(&luo_registry_rwsem);
	list_for_each_entry(other, &luo_flbs, list) {
		if (luo_same_name(other->compatible, flb->compatible))
			return -EEXIST;
	}
	if (hweight64(luo_flb_slots) == luo_flb_max())
		return -ENOSPC;
	luo_abi_compatible_parse(flb->compatible, &name_len, &version);
	flb->shown = luo_version_show(LUO_RANGE_FLB, flb->compatible, name_len,
				      version, flb->read_min, flb->read_max);
	if (IS_ERR(flb->shown))
		return PTR_ERR(flb->shown);

	mutex_init(&flb->lock);
	flb->slot = ffz(luo_flb_slots);
	flb->nr_files = 0;
	flb->nr_holders = 0;
	flb->data = 0;
	flb->obj = NULL;
	luo_flb_slots |= BIT_ULL(flb->slot);
	list_add_tail(&flb->list, &luo_flbs);
	luo_flb_incoming_attach(flb);
	return 0;
}

/**
 * luo_flb_attach_all() - records were decoded: find what came for whom
 *
 * Context: May sleep.
 */
void luo_flb_attach_all(void)
{
	struct liveupdate_flb *flb;

	guard(rwsem_write)(&luo_registry_rwsem);
	list_for_each_entry(flb, &luo_flbs, list) {
		if (!flb->incoming)
			luo_flb_incoming_attach(flb);
	}
}

static void luo_flb_unpublish(struct liveupdate_flb *flb)
{
	lockdep_assert_held_write(&luo_registry_rwsem);
	luo_flb_incoming_detach(flb);
	luo_version_hide(flb->shown);
	list_del_init(&flb->list);
	luo_flb_slots &= ~BIT_ULL(flb->slot);
}

/**
 * liveupdate_register_flb() - make the files of a handler depend on an FLB
 * @fh: a registered handler
 * @flb: the FLB; it may be linked to several handlers
 *
 * Context: May sleep.
 * Return:
 * * 0: success
 * * -EINVAL: a callback is missing, the compatible string is not of the form
 *   "name-vN", or read_min is beyond read_max
 * * -EEXIST: they are linked already, or another FLB has this name
 * * -EBUSY: files of this handler are preserved
 * * -ENOSPC: there are too many FLBs
 * * -ENOMEM: no memory for the link, or for what is shown in sysfs
 * * -EOPNOTSUPP: live update is off
 */
int liveupdate_register_flb(struct liveupdate_file_handler *fh,
			    struct liveupdate_flb *flb)
{
	struct luo_flb_link *link __free(kfree) = NULL;
	int ret;

	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	ret = luo_flb_check(flb);
	if (ret)
		return ret;
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return -ENOMEM;

	guard(rwsem_write)(&luo_registry_rwsem);
	if (luo_flb_link_find(&fh->flb_links, flb))
		return -EEXIST;
	if (atomic_read(&fh->nr_preserved))
		return -EBUSY;
	if (!flb->nr_links) {
		ret = luo_flb_publish(flb);
		if (ret)
			return ret;
	}
	flb->nr_links++;
	link->flb = flb;
	list_add_tail(&no_free_ptr(link)->list, &fh->flb_links);
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_register_flb);

/**
 * liveupdate_unregister_flb() - the files of a handler no longer depend on it
 * @fh: the handler, which may be unregistered already
 * @flb: an FLB that is linked to it
 *
 * Waits until no preserved file of @fh is left. The record of the previous kernel
 * stays for whoever registers next, if it is not finished yet: it is retrieved
 * again then. An object that was made of it is for the caller to undo.
 *
 * Context: May sleep. Not from a callback of the handler or the FLB.
 */
void liveupdate_unregister_flb(struct liveupdate_file_handler *fh,
			       struct liveupdate_flb *flb)
{
	struct luo_flb_link *link;

	if (!liveupdate_enabled())
		return;
	down_write(&luo_registry_rwsem);
	while (atomic_read(&fh->nr_preserved)) {
		up_write(&luo_registry_rwsem);
		wait_var_event(&fh->nr_preserved,
			       !atomic_read(&fh->nr_preserved));
		down_write(&luo_registry_rwsem);
	}
	link = luo_flb_link_find(&fh->flb_links, flb);
	if (link) {
		list_del(&link->list);
		if (!--flb->nr_links)
			luo_flb_unpublish(flb);
	}
	up_write(&luo_registry_rwsem);
	kfree(link);
}
EXPORT_SYMBOL_GPL(liveupdate_unregister_flb);

static unsigned int luo_flb_count(void)
{
	struct liveupdate_flb *flb;
	unsigned int nr = 0;

	lockdep_assert_held(&luo_registry_rwsem);
	list_for_each_entry(flb, &luo_flbs, list)
		nr += !!READ_ONCE(flb->nr_files);
	return nr;
}

/**
 * luo_flb_serialize() - write the records of all FLBs that files depend on
 * @first_pa: out: where their chain begins, 0 if there are none
 *
 * Context: The phase lock is held for write. Does not allocate.
 * Return: the number of records.
 */
unsigned int luo_flb_serialize(u64 *first_pa)
{
	struct luo_chain_writer writer;
	struct liveupdate_flb *flb;
	unsigned int nr;

	guard(rwsem_read)(&luo_registry_rwsem);
	nr = luo_flb_count();
	*first_pa = luo_chain_start(&luo_flb_chain, nr, &writer);
	list_for_each_entry(flb, &luo_flbs, list) {
		struct luo_flb_ser *ser;

		guard(mutex)(&flb->lock);
		ser = flb->nr_files ? luo_chain_next(&writer) : NULL;
		if (!ser)
			continue;
		strscpy_pad(ser->compatible, flb->compatible);
		ser->data = flb->data;
		ser->nr_files = flb->nr_files;
		ser->slot = flb->slot;
		luo_abi_flb_seal(ser);
	}
	luo_chain_end(&writer);
	return nr;
}
