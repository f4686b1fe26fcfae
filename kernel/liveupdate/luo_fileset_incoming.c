// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a session: loops and order in the new kernel
 *
 * Files come in the order in which they were preserved, and end in reverse.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "luo_internal.h"

static void luo_file_quarantine(struct luo_file *lf, int status)
{
	lf->status = status;
	luo_file_set_state(lf, LUO_FILE_QUARANTINED);
}

/*
 * Is there no file with the token of a record? A damaged record may have any
 * token, so a good one takes its place. Of two good ones neither is believed:
 * whoever asks must not get somebody else's file.
 */
static bool luo_fileset_token_is_free(struct liveupdate_session *session,
				      u64 token, int status)
{
	struct luo_file *lf = xa_load(&session->files.tokens, token);

	if (!lf)
		return true;
	luo_session_set_damaged(session);
	if (status)
		return false;
	if (!lf->compatible[0]) {
		luo_fileset_remove(&session->files, lf);
		luo_file_discard(lf);
		return true;
	}
	if (lf->state == LUO_FILE_WAITING)
		luo_file_quarantine(lf, -EBADMSG);
	return false;
}

/**
 * luo_fileset_add() - take the record of a file of the previous kernel
 * @session: an incoming session
 * @ser: the record, not checked
 *
 * A record that cannot be read becomes a quarantined file, if nobody else has
 * its token, and marks the session as damaged in any case (F9).
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0, or -ENOMEM.
 */
int luo_fileset_add(struct liveupdate_session *session,
		    const struct luo_file_ser *ser)
{
	struct luo_fileset *files = &session->files;
	int status = luo_abi_file_check(ser);
	struct luo_file *lf;
	int ret;

	lockdep_assert_held(&session->lock);
	if (!luo_fileset_token_is_free(session, ser->token, status))
		return 0;
	lf = luo_file_alloc(session, ser->token);
	if (!lf)
		return -ENOMEM;
	ret = xa_insert(&files->tokens, lf->token, lf, GFP_KERNEL);
	if (ret) {
		kfree_rcu(lf, rcu);
		return ret;
	}
	list_add_tail(&lf->link, &files->list);
	files->nr++;
	if (status) {
		luo_session_set_damaged(session);
		luo_file_quarantine(lf, status);
		return 0;
	}
	memcpy(lf->compatible, ser->compatible, sizeof(lf->compatible));
	lf->serialized_data = ser->data;
	if (ser->flags & LUO_FILE_SER_HANDED_OUT) {
		lf->status = -ESTALE;
		luo_file_set_state(lf, LUO_FILE_HANDED_OUT);
		return 0;
	}
	lf->flb_mask = ser->flb_mask;
	luo_file_set_state(lf, LUO_FILE_WAITING);
	return 0;
}

/**
 * luo_fileset_retrieve() - get a file of the previous kernel
 * @session: an incoming session
 * @token: its token
 * @filep: out: the file, with a reference
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0; -ENOENT if there is no such token, -EBADMSG if that may be only
 * because its record is damaged; or what luo_file_retrieve() returns.
 */
int luo_fileset_retrieve(struct liveupdate_session *session, u64 token,
			 struct file **filep)
{
	struct luo_file *lf;
	int ret;

	lockdep_assert_held(&session->lock);
	lf = xa_load(&session->files.tokens, token);
	if (!lf)
		return session->damaged ? -EBADMSG : -ENOENT;
	ret = luo_file_retrieve(lf);
	if (!ret)
		*filep = get_file(lf->file);
	return ret;
}

/**
 * luo_fileset_retrieved() - was every file retrieved, here or in another kernel?
 * @session: an incoming session
 *
 * Context: The session's lock is held.
 * Return: true if so.
 */
bool luo_fileset_retrieved(struct liveupdate_session *session)
{
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	if (session->damaged)
		return false;
	list_for_each_entry(lf, &session->files.list, link) {
		if (luo_file_waits(lf->state))
			return false;
	}
	return true;
}

/**
 * luo_fileset_can_finish() - could every file finish now?
 * @session: an incoming session
 *
 * Context: May sleep; the session's lock is held.
 * Return: true if so (F13).
 */
bool luo_fileset_can_finish(struct liveupdate_session *session)
{
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	if (session->damaged)
		return false;
	list_for_each_entry(lf, &session->files.list, link) {
		if (!luo_file_can_finish(lf, false))
			return false;
		cond_resched();
	}
	return true;
}

/**
 * luo_fileset_finish() - finish every file
 * @session: an incoming session that luo_fileset_can_finish() said yes to
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_fileset_finish(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf, *prev;

	lockdep_assert_held(&session->lock);
	list_for_each_entry_safe_reverse(lf, prev, &files->list, link) {
		luo_fileset_remove(files, lf);
		luo_file_finish(lf);
		cond_resched();
	}
}

/**
 * luo_fileset_discard() - finish what can be finished, forget the rest
 * @session: an incoming session that is given up
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0, or -EBUSY if a handler says that it cannot finish yet, and all is
 * as before.
 */
int luo_fileset_discard(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf, *prev;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(lf, &files->list, link) {
		if (!luo_file_is_lost(lf) && !luo_file_can_finish(lf, true))
			return -EBUSY;
		cond_resched();
	}
	list_for_each_entry_safe_reverse(lf, prev, &files->list, link) {
		luo_fileset_remove(files, lf);
		if (luo_file_is_lost(lf))
			luo_file_discard(lf);
		else
			luo_file_finish(lf);
		cond_resched();
	}
	return 0;
}
