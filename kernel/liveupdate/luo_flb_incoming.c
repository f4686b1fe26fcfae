// SPDX-License-Identifier: GPL-2.0-only
/*
 * State that several files share: the new kernel's side
 *
 * The number of files that depend on an FLB comes from the records. The object
 * is retrieved when somebody first asks for it or, if nobody did, before it is
 * finished with the last file. An FLB that this kernel does not have, or that
 * the previous one did not have, is no error.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "luo_internal.h"

/**
 * struct luo_flb_incoming - what the previous kernel says of one slot
 * @lock: protects the rest, but see @flb
 * @compatible: of the FLB; empty: the slot was not used
 * @flb: registered here for it, or NULL; changed with luo_registry_rwsem held
 *       for write and @lock held
 * @nr_files: files that depend on it and are not finished
 * @nr_holders: liveupdate_flb_get_incoming() that were not put
 * @retrieved: @obj was made, and the module of @flb is held
 * @data: the FLB's handle
 * @obj: the FLB's object
 */
struct luo_flb_incoming {
	struct mutex lock; /* all below, but see @flb */
	char compatible[LIVEUPDATE_COMPATIBLE_LENGTH];
	struct liveupdate_flb *flb;
	u64 nr_files;
	unsigned int nr_holders;
	bool retrieved;
	u64 data;
	void *obj;
};

static struct luo_flb_incoming luo_flb_slots_incoming[LUO_SER_FLBS_MAX];

/* Number of records that ever came: tells -ENODATA from -ENOENT. */
static atomic_t luo_flb_incoming_nr;

static int __init luo_flb_incoming_init(void)
{
	struct luo_flb_incoming *in = luo_flb_slots_incoming;

	for (; in < luo_flb_slots_incoming + LUO_SER_FLBS_MAX; in++)
		mutex_init(&in->lock);
	return 0;
}
core_initcall(luo_flb_incoming_init);

/**
 * luo_flb_incoming_add() - take the record of an FLB
 * @ser: the record, checked
 *
 * Context: May sleep; while records are decoded.
 * Return: 0, or -EBADMSG if there is one with this slot already.
 */
int luo_flb_incoming_add(const struct luo_flb_ser *ser)
{
	struct luo_flb_incoming *in = &luo_flb_slots_incoming[ser->slot];

	guard(mutex)(&in->lock);
	if (in->compatible[0])
		return -EBADMSG;
	strscpy_pad(in->compatible, (const char *)ser->compatible);
	in->data = ser->data;
	in->nr_files = ser->nr_files;
	atomic_inc(&luo_flb_incoming_nr);
	return 0;
}

static struct luo_flb_incoming *luo_flb_incoming_find(const char *compatible)
{
	struct luo_flb_incoming *in = luo_flb_slots_incoming;

	for (; in < luo_flb_slots_incoming + LUO_SER_FLBS_MAX; in++) {
		guard(mutex)(&in->lock);
		if (in->compatible[0] && in->nr_files &&
		    luo_same_name(compatible, in->compatible))
			return in;
	}
	return NULL;
}

/**
 * luo_flb_incoming_attach() - an FLB is registered: has something come for it?
 * @flb: the FLB
 *
 * Context: luo_registry_rwsem is held for write.
 */
void luo_flb_incoming_attach(struct liveupdate_flb *flb)
{
	struct luo_flb_incoming *in;

	lockdep_assert_held_write(&luo_registry_rwsem);
	in = luo_flb_incoming_find(flb->compatible);
	if (in) {
		guard(mutex)(&in->lock);
		in->flb = flb;
	}
	flb->incoming = in;
}

/**
 * luo_flb_incoming_detach() - an FLB is about to go
 * @flb: the FLB
 *
 * The module of a retrieved object is held: this meets one if the init function of
 * that fails, or if the FLB is somebody else's than the handler. The object is
 * theirs to undo; if the FLB is registered again it is retrieved again.
 *
 * Context: luo_registry_rwsem is held for write.
 */
void luo_flb_incoming_detach(struct liveupdate_flb *flb)
{
	struct luo_flb_incoming *in = flb->incoming;

	lockdep_assert_held_write(&luo_registry_rwsem);
	if (!in)
		return;
	guard(mutex)(&in->lock);
	WARN_ON_ONCE(in->nr_holders);
	if (in->retrieved)
		module_put(flb->ops->owner);
	in->retrieved = false;
	in->obj = NULL;
	in->flb = NULL;
	flb->incoming = NULL;
}

static struct luo_flb_incoming *luo_flb_incoming_of(struct liveupdate_flb *flb)
{
	guard(rwsem_read)(&luo_registry_rwsem);
	return flb->incoming;
}

static bool luo_flb_readable(const struct luo_flb_incoming *in)
{
	const struct liveupdate_flb *flb = in->flb;
	unsigned int name_len, own = 0, version = 0;

	luo_abi_compatible_parse(flb->compatible, &name_len, &own);
	luo_abi_compatible_parse(in->compatible, &name_len, &version);
	return luo_version_readable(own, flb->read_min, flb->read_max, version);
}

static int luo_flb_retrieve(struct luo_flb_incoming *in)
{
	struct liveupdate_flb_op_args args = {
		.flb = in->flb,
		.data = in->data,
	};
	int ret;

	lockdep_assert_held(&in->lock);
	if (in->retrieved)
		return 0;
	if (!luo_flb_readable(in))
		return -EPROTONOSUPPORT;
	if (!try_module_get(in->flb->ops->owner))
		return -ENODEV;
	ret = in->flb->ops->retrieve(&args);
	if (ret) {
		module_put(in->flb->ops->owner);
		return ret;
	}
	in->obj = args.obj;
	in->retrieved = true;
	return 0;
}

/* Neither a file nor a holder is left. */
static void luo_flb_finish(struct luo_flb_incoming *in)
{
	struct liveupdate_flb_op_args args = { .data = in->data };
	struct liveupdate_flb *flb = in->flb;

	lockdep_assert_held(&in->lock);
	if (!flb || !luo_flb_readable(in)) {
		pr_warn("nobody here finishes %s: its memory stays reserved\n",
			in->compatible);
	} else {
		if (luo_flb_retrieve(in))
			pr_warn("%s is finished without being retrieved\n",
				in->compatible);
		args.flb = flb;
		args.obj = in->obj;
		flb->ops->finish(&args);
		if (in->retrieved)
			module_put(flb->ops->owner);
	}
	in->compatible[0] = 0;
	in->retrieved = false;
	in->obj = NULL;
	in->data = 0;
}

/**
 * luo_flb_file_finish() - a file is finished
 * @mask: the slots that its record names
 *
 * Context: May sleep.
 */
void luo_flb_file_finish(u64 mask)
{
	while (mask) {
		unsigned int slot = fls64(mask) - 1;
		struct luo_flb_incoming *in = &luo_flb_slots_incoming[slot];

		mask &= ~BIT_ULL(slot);
		guard(mutex)(&in->lock);
		if (in->nr_files && !--in->nr_files && !in->nr_holders)
			luo_flb_finish(in);
	}
}

/**
 * luo_flb_finish_left() - no file is left that could depend on anything
 *
 * A file that could not be read did not say what it depended on, and was never
 * finished, only given up.
 *
 * Context: May sleep; when the last incoming session is gone.
 */
void luo_flb_finish_left(void)
{
	unsigned int slot = LUO_SER_FLBS_MAX;

	while (slot--) {
		struct luo_flb_incoming *in = &luo_flb_slots_incoming[slot];

		guard(mutex)(&in->lock);
		if (!in->nr_files)
			continue;
		in->nr_files = 0;
		if (!in->nr_holders)
			luo_flb_finish(in);
	}
}

/**
 * liveupdate_flb_get_incoming() - the object in the new kernel
 * @flb: an FLB that is linked to a handler
 * @obj: out: the object, valid until liveupdate_flb_put_incoming()
 *
 * The first call retrieves it. Records are decoded at the end of the init
 * calls: before that there is nothing.
 *
 * Context: May sleep. Not from a callback of @flb.
 * Return:
 * * 0: success
 * * -ENODATA: the previous kernel left no FLB at all
 * * -ENOENT: it did not leave this one, or it is finished
 * * -EPROTONOSUPPORT: this version cannot be read
 * * -ENODEV: the module of the FLB is about to go
 * * -EOPNOTSUPP: live update is off
 * * what the retrieve of the FLB returned
 */
int liveupdate_flb_get_incoming(struct liveupdate_flb *flb, void **obj)
{
	struct luo_flb_incoming *in;
	int ret;

	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	in = luo_flb_incoming_of(flb);
	if (!in)
		return atomic_read(&luo_flb_incoming_nr) ? -ENOENT : -ENODATA;

	guard(mutex)(&in->lock);
	if (in->flb != flb || !in->nr_files)
		return -ENOENT;
	ret = luo_flb_retrieve(in);
	if (ret)
		return ret;
	in->nr_holders++;
	*obj = in->obj;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_flb_get_incoming);

/**
 * liveupdate_flb_put_incoming() - the object is not used any more
 * @flb: after liveupdate_flb_get_incoming()
 *
 * Context: May sleep. Not from a callback of @flb.
 */
void liveupdate_flb_put_incoming(struct liveupdate_flb *flb)
{
	struct luo_flb_incoming *in;

	if (!liveupdate_enabled())
		return;
	in = luo_flb_incoming_of(flb);
	if (WARN_ON_ONCE(!in))
		return;
	guard(mutex)(&in->lock);
	if (WARN_ON_ONCE(!in->nr_holders))
		return;
	if (!--in->nr_holders && !in->nr_files)
		luo_flb_finish(in);
}
EXPORT_SYMBOL_GPL(liveupdate_flb_put_incoming);
