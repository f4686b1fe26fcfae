// SPDX-License-Identifier: GPL-2.0-only
/*
 * State that several files share: the old kernel's side
 *
 * An FLB is preserved before the first file that depends on it and un-preserved
 * after the last one. What counts are files: a liveupdate_flb_get_outgoing()
 * only keeps the object from going away until it is put, and changes nothing
 * about what crosses the jump.
 */
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/module.h>

#include "luo_internal.h"

/* Neither a file nor a holder was there before. */
static int luo_flb_make(struct liveupdate_flb *flb)
{
	struct liveupdate_flb_op_args args = { .flb = flb };
	int ret;

	lockdep_assert_held(&flb->lock);
	if (!try_module_get(flb->ops->owner))
		return -ENODEV;
	ret = luo_flb_room_add();
	if (ret)
		goto put_module;
	ret = flb->ops->preserve(&args);
	if (ret)
		goto room_del;
	flb->data = args.data;
	flb->obj = args.obj;
	return 0;

room_del:
	luo_flb_room_del();
put_module:
	module_put(flb->ops->owner);
	return ret;
}

static int luo_flb_preserve_one(struct liveupdate_flb *flb)
{
	int ret = 0;

	guard(mutex)(&flb->lock);
	if (!flb->nr_files && !flb->nr_holders)
		ret = luo_flb_make(flb);
	if (!ret)
		flb->nr_files++;
	return ret;
}

/* Neither a file nor a holder is left. */
static void luo_flb_drop(struct liveupdate_flb *flb)
{
	struct liveupdate_flb_op_args args = {
		.flb = flb,
		.data = flb->data,
		.obj = flb->obj,
	};

	lockdep_assert_held(&flb->lock);
	flb->ops->unpreserve(&args);
	luo_flb_room_del();
	flb->data = 0;
	flb->obj = NULL;
	module_put(flb->ops->owner);
}

static void luo_flb_unpreserve_one(struct liveupdate_flb *flb)
{
	guard(mutex)(&flb->lock);
	if (!--flb->nr_files && !flb->nr_holders)
		luo_flb_drop(flb);
}

/**
 * luo_flb_file_preserve() - a file is about to be preserved
 * @fh: its handler, held: so its links do not change
 * @mask: out: slots of the FLBs that the file depends on
 *
 * Context: May sleep.
 * Return: 0, or what the preserve of an FLB returned; then all is as before.
 */
int luo_flb_file_preserve(struct liveupdate_file_handler *fh, u64 *mask)
{
	struct luo_flb_link *link;
	u64 done = 0;
	int ret;

	list_for_each_entry(link, &fh->flb_links, list) {
		ret = luo_flb_preserve_one(link->flb);
		if (ret) {
			luo_flb_file_unpreserve(fh, done);
			return ret;
		}
		done |= BIT_ULL(link->flb->slot);
	}
	*mask = done;
	return 0;
}

/**
 * luo_flb_file_unpreserve() - a file is not preserved any more
 * @fh: its handler, held
 * @mask: from luo_flb_file_preserve()
 *
 * Context: May sleep.
 */
void luo_flb_file_unpreserve(struct liveupdate_file_handler *fh, u64 mask)
{
	struct luo_flb_link *link;

	list_for_each_entry_reverse(link, &fh->flb_links, list) {
		if (mask & BIT_ULL(link->flb->slot))
			luo_flb_unpreserve_one(link->flb);
	}
}

/**
 * liveupdate_flb_get_outgoing() - the live object in the old kernel
 * @flb: an FLB that is linked to a handler
 * @obj: out: the object, valid until liveupdate_flb_put_outgoing()
 *
 * Context: May sleep. Not from a callback of @flb.
 * Return: 0, -ENOENT if no file keeps it, -EOPNOTSUPP if live update is off.
 */
int liveupdate_flb_get_outgoing(struct liveupdate_flb *flb, void **obj)
{
	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	guard(mutex)(&flb->lock);
	if (!flb->nr_files)
		return -ENOENT;
	flb->nr_holders++;
	*obj = flb->obj;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_flb_get_outgoing);

/**
 * liveupdate_flb_put_outgoing() - the object is not used any more
 * @flb: after liveupdate_flb_get_outgoing()
 *
 * Context: May sleep. Not from a callback of @flb.
 */
void liveupdate_flb_put_outgoing(struct liveupdate_flb *flb)
{
	if (!liveupdate_enabled())
		return;
	guard(mutex)(&flb->lock);
	if (WARN_ON_ONCE(!flb->nr_holders))
		return;
	if (!--flb->nr_holders && !flb->nr_files)
		luo_flb_drop(flb);
}
EXPORT_SYMBOL_GPL(liveupdate_flb_put_outgoing);
