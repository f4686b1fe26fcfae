// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of the notes: an example of file-lifecycle-bound state (FLB)
 *
 * A number must never be given out twice, not even by the next kernel. So the
 * next free number crosses the jump as long as there is a note that does. It
 * belongs to no single note: it is preserved before the first of them, and
 * freed after the last one is finished.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>

#include "luo_note.h"

/* What crosses the jump. */
struct luo_note_ids_ser {
	u64 next;
};

static_assert(sizeof(struct luo_note_ids_ser) == 8);

/* Protects the two below. Innermost: the FLB callbacks take it. */
static DEFINE_MUTEX(luo_note_ids_lock);
static u64 luo_note_next_id = 1;
static struct luo_note_ids_ser *luo_note_ids_out;

u64 luo_note_ids_new(void)
{
	guard(mutex)(&luo_note_ids_lock);
	/* An FLB has no freeze: its record is kept up to date all the time. */
	if (luo_note_ids_out)
		luo_note_ids_out->next = luo_note_next_id + 1;
	return luo_note_next_id++;
}

static int luo_note_ids_preserve(struct liveupdate_flb_op_args *args)
{
	struct luo_note_ids_ser *ser = kho_alloc_preserve(sizeof(*ser));

	if (IS_ERR(ser))
		return PTR_ERR(ser);

	args->obj = ser;
	args->data = virt_to_phys(ser);

	guard(mutex)(&luo_note_ids_lock);
	ser->next = luo_note_next_id;
	luo_note_ids_out = ser;
	return 0;
}

static void luo_note_ids_unpreserve(struct liveupdate_flb_op_args *args)
{
	scoped_guard(mutex, &luo_note_ids_lock)
		luo_note_ids_out = NULL;
	kho_unpreserve_free(args->obj);
}

static int luo_note_ids_retrieve(struct liveupdate_flb_op_args *args)
{
	u64 pa = args->data;

	if (!pa || !PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return -EBADMSG;
	args->obj = phys_to_virt(pa);
	return 0;
}

static void luo_note_ids_finish(struct liveupdate_flb_op_args *args)
{
	if (args->obj)
		kho_restore_free(args->obj);
}

static const struct liveupdate_flb_ops luo_note_ids_flb_ops = {
	.preserve	= luo_note_ids_preserve,
	.unpreserve	= luo_note_ids_unpreserve,
	.retrieve	= luo_note_ids_retrieve,
	.finish		= luo_note_ids_finish,
	.owner		= THIS_MODULE,
};

struct liveupdate_flb luo_note_ids_flb = {
	.ops		= &luo_note_ids_flb_ops,
	.compatible	= "luo-sample-note-ids-v1",
};

void luo_note_ids_adopt(void)
{
	struct luo_note_ids_ser *ser;
	void *obj;

	if (liveupdate_flb_get_incoming(&luo_note_ids_flb, &obj))
		return;
	ser = obj;
	scoped_guard(mutex, &luo_note_ids_lock)
		luo_note_next_id = max(ser->next, luo_note_next_id);
	liveupdate_flb_put_incoming(&luo_note_ids_flb);
}
