// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions of the previous kernel that ride along to the next one (F6)
 *
 * What nobody has retrieved is as the previous kernel left it: its memory is in
 * the tree that we got from there, its records were not given back. So it can go
 * on as it is: the records are linked to our header, and KHO carries the tree.
 * That is not so for a file of which a part was retrieved (F10): there is no other
 * update until that is done, or given up.
 *
 * A file that was retrieved belongs to whoever has it, and stays behind, unless
 * it is preserved anew. The next kernel finds a note in its place. A session of
 * which every file was retrieved has nothing that would ride.
 *
 * Nothing is allocated: the incoming set has room for the records of all of its
 * sessions from the moment on at which they are decoded.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/errno.h>
#include <linux/printk.h>

#include "luo_internal.h"

static bool luo_session_rides(struct liveupdate_session *session)
{
	lockdep_assert_held(&session->lock);
	if (session->finished)
		return false;
	return !session->files.nr || !luo_fileset_retrieved(session);
}

/* May the takeover of this file be broken off, or go on in the next kernel? */
static int luo_ride_check_file(struct luo_file *lf, const struct kimage *image)
{
	lockdep_assert_held(&lf->session->lock);
	if (lf->state == LUO_FILE_RETRIEVED &&
	    !luo_file_can_finish(lf, false)) {
		pr_err("session %s, token %#llx: %s cannot finish it now\n",
		       lf->session->name, lf->token, lf->handler->compatible);
		return -EBUSY;
	}
	if (lf->state == LUO_FILE_WAITING && lf->private_data) {
		pr_err("session %s, token %#llx: was retrieved in part, and cannot ride along\n",
		       lf->session->name, lf->token);
		return -EBUSY;
	}
	if (luo_file_waits(lf->state) && lf->flb_mask) {
		pr_err("session %s, token %#llx: waits, and cannot ride along with what it shares\n",
		       lf->session->name, lf->token);
		return -EBUSY;
	}
	if (luo_file_waits(lf->state) &&
	    luo_image_reads(image, LUO_RANGE_FILE,
			    lf->compatible) == -EPROTONOSUPPORT) {
		pr_err("session %s, token %#llx: waits, and the kexec image cannot read %s\n",
		       lf->session->name, lf->token, lf->compatible);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

static int luo_ride_check_session(struct liveupdate_session *session,
				  const struct kimage *image)
{
	struct luo_file *lf;
	int ret;

	lockdep_assert_held(&session->lock);
	if (session->finished)
		return 0;
	list_for_each_entry(lf, &session->files.list, link) {
		ret = luo_ride_check_file(lf, image);
		if (ret)
			return ret;
	}
	return 0;
}

/* The next kernel does not believe a header with more. */
static int luo_ride_check_number(unsigned int nr)
{
	if (nr <= LUO_SER_SESSIONS_MAX)
		return 0;
	pr_err("%u sessions of previous kernels are left, and %u can ride along\n",
	       nr, LUO_SER_SESSIONS_MAX);
	return -E2BIG;
}

/**
 * luo_ride_ask() - could there be a live update later on?
 * @set: the incoming set
 * @image: the kernel that it would go to
 *
 * A session that is being taken over is waited for, and nobody else meanwhile.
 *
 * Context: May sleep, for as long as a call of a session takes.
 * Return: what luo_ride_check() would, or -EINTR if the caller was killed.
 */
int luo_ride_ask(struct luo_session_set *set, const struct kimage *image)
{
	struct liveupdate_session *session;
	unsigned long id = 0;
	unsigned int nr = 0;
	int ret = 0;

	while (!ret && !IS_ERR(session = luo_session_next(set, id))) {
		ret = mutex_lock_killable(&session->lock);
		if (!ret) {
			ret = luo_ride_check_session(session, image);
			nr += luo_session_rides(session);
			mutex_unlock(&session->lock);
		}
		id = session->id + 1;
		luo_session_put(session);
	}
	return ret ?: luo_ride_check_number(nr);
}

/**
 * luo_ride_check() - can there be a live update now?
 * @set: the incoming set
 * @image: the kernel that it goes to
 *
 * Context: May sleep; the phase lock is held for write, so that nobody has a
 * session locked.
 * Return: 0; -EBUSY if a handler cannot finish a retrieved file now, a file that
 * waits was retrieved in part, or depends on an FLB: of that there can be only one
 * in a kernel;
 * -EPROTONOSUPPORT if @image says that it cannot read a file that waits (F5);
 * -E2BIG if more sessions wait than the next kernel would believe.
 */
int luo_ride_check(struct luo_session_set *set, const struct kimage *image)
{
	struct liveupdate_session *session;
	unsigned int nr = 0;
	int ret;

	guard(mutex)(&set->lock);
	list_for_each_entry(session, &set->list, link) {
		guard(mutex)(&session->lock);
		ret = luo_ride_check_session(session, image);
		if (ret)
			return ret;
		nr += luo_session_rides(session);
	}
	return luo_ride_check_number(nr);
}

/*
 * The blocks are the previous kernel's, and ours as long as they are kept. A mark
 * stays if there is no jump in the end: what was handed out is not taken back, and
 * of this kernel nobody reads it again.
 */
static int luo_ride_mark_file(void *ctx, const void *record)
{
	struct luo_file_ser *ser = (struct luo_file_ser *)record;
	struct liveupdate_session *session = ctx;
	struct luo_file *lf;

	if (luo_abi_file_check(ser))
		return 0;
	lf = xa_load(&session->files.tokens, ser->token);
	if (!lf || lf->state != LUO_FILE_RETRIEVED)
		return 0;
	ser->flags = LUO_FILE_SER_HANDED_OUT;
	luo_abi_file_seal(ser);
	return 0;
}

static void luo_ride_mark(struct liveupdate_session *session)
{
	lockdep_assert_held(&session->lock);
	if (session->files_kept)
		luo_abi_walk(&luo_kho_reader, LUO_SER_FILE,
			     session->ser.files_pa, session->ser.nr_files,
			     luo_ride_mark_file, session);
}

static unsigned int luo_ride_count(struct luo_session_set *set)
{
	struct liveupdate_session *session;
	unsigned int nr = 0;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(session, &set->list, link) {
		guard(mutex)(&session->lock);
		nr += luo_session_rides(session);
	}
	return nr;
}

/**
 * luo_ride() - link the records of all sessions that ride along
 * @set: the incoming set
 * @header: where they are found from
 *
 * Context: The phase lock is held for write. Does not allocate.
 */
void luo_ride(struct luo_session_set *set, struct luo_header_ser *header)
{
	struct liveupdate_session *session;
	struct luo_chain_writer writer;
	struct luo_session_ser *ser;

	guard(mutex)(&set->lock);
	header->nr_riders = luo_ride_count(set);
	header->riders_pa = luo_chain_start(&set->chain, header->nr_riders,
					    &writer);
	list_for_each_entry(session, &set->list, link) {
		guard(mutex)(&session->lock);
		ser = luo_session_rides(session) ? luo_chain_next(&writer) : NULL;
		if (!ser)
			continue;
		*ser = session->ser;
		luo_ride_mark(session);
	}
	luo_chain_end(&writer);
}

/**
 * luo_ride_release() - the records of a session's files are not needed any more
 * @session: an incoming session that is destroyed
 *
 * Context: May sleep.
 */
void luo_ride_release(struct liveupdate_session *session)
{
	luo_abi_release(&luo_kho_reader, LUO_SER_FILE, session->ser.files_pa,
			session->ser.nr_files);
}
