// SPDX-License-Identifier: GPL-2.0-only
/*
 * One preserved file: the new kernel's half of its life
 *
 * A file of the previous kernel looks for its handler when it first needs it,
 * so that a handler that registers late finds its files waiting (F9). From
 * then on the handler is held.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "luo_internal.h"

static int luo_file_bind(struct luo_file *lf)
{
	struct liveupdate_file_handler *fh;

	lockdep_assert_held(&lf->session->lock);
	if (lf->handler)
		return 0;
	fh = luo_handler_get_compatible(lf->compatible);
	if (IS_ERR(fh))
		return PTR_ERR(fh);
	lf->handler = fh;
	return 0;
}

static int luo_file_call_retrieve(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin = luo_call_begin(LUO_CALL_RETRIEVE);
	int ret = lf->handler->ops->retrieve(&args);

	luo_call_end(lf, LUO_CALL_RETRIEVE, begin, ret);
	/* A failed attempt may leave something for the next one, or for finish. */
	lf->private_data = args.private_data;
	if (!ret && WARN_ON_ONCE(!args.file))
		ret = -EIO;
	if (ret)
		return ret;
	lf->file = args.file;
	lf->status = 1;
	return 0;
}

/**
 * luo_file_retrieve() - make the file again, unless that was done before
 * @lf: an incoming file
 *
 * Context: May sleep; the session's lock is held.
 * Return:
 * * 0: @lf->file is the file
 * * -ENODEV: no handler yet (F9)
 * * -EPROTONOSUPPORT: the handler cannot read this version
 * * -EBADMSG: the record is damaged
 * * -ELOOP: the file needs itself
 * * -ESTALE: an earlier kernel has given it to somebody (F6)
 * * what the handler returned, now (F10) or the first time (F11)
 */
int luo_file_retrieve(struct luo_file *lf)
{
	int ret;

	lockdep_assert_held(&lf->session->lock);
	switch (lf->state) {
	case LUO_FILE_RETRIEVED:
		return 0;
	case LUO_FILE_RETRIEVING:
		return -ELOOP;
	case LUO_FILE_WAITING:
		break;
	default:
		return lf->status;
	}

	ret = luo_file_bind(lf);
	if (ret)
		return ret;
	luo_file_set_state(lf, LUO_FILE_RETRIEVING);
	ret = luo_file_call_retrieve(lf);
	if (!ret) {
		luo_file_set_state(lf, LUO_FILE_RETRIEVED);
	} else if (lf->handler->ops->retrieve_retryable) {
		luo_file_set_state(lf, LUO_FILE_WAITING);	/* F10 */
	} else {
		lf->status = ret;
		luo_file_set_state(lf, LUO_FILE_FAILED);	/* F11 */
	}
	return ret;
}

/**
 * luo_file_is_lost() - is there nobody here who could finish this file?
 * @lf: an incoming file
 *
 * Context: May sleep; the session's lock is held.
 * Return: true if it is quarantined or its handler is missing.
 */
bool luo_file_is_lost(struct luo_file *lf)
{
	return lf->state == LUO_FILE_QUARANTINED ||
	       lf->state == LUO_FILE_HANDED_OUT || luo_file_bind(lf);
}

static u64 luo_handler_memory(struct liveupdate_file_handler *fh,
			      const struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);

	args.handler = fh;
	return fh->ops->memory ? fh->ops->memory(&args) : 0;
}

/**
 * luo_file_memory() - what is preserved for the contents of a file
 * @lf: a file of either direction
 *
 * Who only looks does not bind a file to its handler.
 *
 * Context: May sleep; the session's lock is held.
 * Return: bytes; 0 if its handler is not there or does not know.
 */
u64 luo_file_memory(const struct luo_file *lf)
{
	struct liveupdate_file_handler *fh;
	u64 memory;

	if (lf->state == LUO_FILE_QUARANTINED ||
	    lf->state == LUO_FILE_HANDED_OUT)
		return 0;
	if (lf->handler)
		return luo_handler_memory(lf->handler, lf);
	fh = luo_handler_get_compatible(lf->compatible);
	if (IS_ERR(fh))
		return 0;
	memory = luo_handler_memory(fh, lf);
	luo_handler_put_incoming(fh);
	return memory;
}

/**
 * luo_file_can_finish() - could the takeover of this file end now?
 * @lf: an incoming file
 * @discard: nobody wants it any more
 *
 * Context: May sleep; the session's lock is held.
 * Return: true if so; false if it is quarantined, or its handler says no (F13).
 */
bool luo_file_can_finish(struct luo_file *lf, bool discard)
{
	struct liveupdate_file_op_args args;
	u64 begin;
	bool can;

	if (lf->state == LUO_FILE_HANDED_OUT)
		return true;
	if (luo_file_is_lost(lf))
		return false;
	if (!lf->handler->ops->can_finish)
		return true;
	args = luo_file_args(lf);
	args.discard = discard;
	begin = luo_call_begin(LUO_CALL_CAN_FINISH);
	can = lf->handler->ops->can_finish(&args);
	luo_call_end(lf, LUO_CALL_CAN_FINISH, begin, can ? 0 : -EBUSY);
	return can;
}

/**
 * luo_file_discard() - forget a file that cannot be finished
 * @lf: an incoming file; it is freed
 *
 * Its memory stays reserved until the next kexec, and so do the FLBs that it
 * depends on: nobody here knows what they are.
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_file_discard(struct luo_file *lf)
{
	luo_file_set_state(lf, LUO_FILE_GONE);
	if (lf->file)
		fput(lf->file);
	if (lf->handler)
		luo_handler_put_incoming(lf->handler);
	kfree_rcu(lf, rcu);
}

/**
 * luo_file_finish() - end the takeover of a file
 * @lf: an incoming file that luo_file_can_finish() said yes to; it is freed
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_file_finish(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin;

	if (lf->state == LUO_FILE_HANDED_OUT) {
		luo_file_discard(lf);
		return;
	}
	luo_file_set_state(lf, LUO_FILE_GONE);
	begin = luo_call_begin(LUO_CALL_FINISH);
	lf->handler->ops->finish(&args);
	luo_call_end(lf, LUO_CALL_FINISH, begin, 0);
	luo_flb_file_finish(lf->flb_mask);
	if (lf->file)
		fput(lf->file);
	luo_handler_put_incoming(lf->handler);
	kfree_rcu(lf, rcu);
}

/**
 * liveupdate_get_file_incoming() - another file of the same session
 * @session: args->session of a callback
 * @token: its token
 * @filep: out: the file, with a reference
 *
 * Retrieves it if nobody did so far.
 *
 * Context: May sleep. From a callback of a file of @session only.
 * Return: 0, -ENOENT if there is no such token, -ELOOP if that file is being
 * retrieved already, or why it cannot be retrieved.
 */
int liveupdate_get_file_incoming(struct liveupdate_session *session,
				 u64 token, struct file **filep)
{
	lockdep_assert_held(&session->lock);
	return luo_fileset_retrieve(session, token, filep);
}
EXPORT_SYMBOL_GPL(liveupdate_get_file_incoming);
