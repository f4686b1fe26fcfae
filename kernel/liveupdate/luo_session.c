// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions, and the two sets of them
 *
 * A session is in its set from its creation on, so that its name is taken. It
 * belongs to the file descriptor that userspace has of it or, if nobody has
 * one, to the set: that is an incoming session which waits.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/capability.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/liveupdate.h>

#include "luo_internal.h"

struct luo_session_set luo_outgoing;
struct luo_session_set luo_incoming;

static const struct rhashtable_params luo_session_params = {
	.key_len		= LIVEUPDATE_SESSION_NAME_LENGTH,
	.key_offset		= offsetof(struct liveupdate_session, name),
	.head_offset		= offsetof(struct liveupdate_session, node),
	.automatic_shrinking	= true,
};

/**
 * luo_session_set_init() - make an empty set
 * @set: the set
 * @direction: of its sessions
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int luo_session_set_init(struct luo_session_set *set,
			 enum luo_direction direction)
{
	set->direction = direction;
	mutex_init(&set->lock);
	INIT_LIST_HEAD(&set->list);
	xa_init_flags(&set->ids, XA_FLAGS_ACCOUNT);
	luo_chain_init(&set->chain, LUO_SER_SESSION);
	set->nr = 0;
	set->last_id = 0;
	set->status = 0;
	return rhltable_init(&set->names, &luo_session_params);
}

/**
 * luo_session_set_destroy() - take luo_session_set_init() back
 * @set: an empty set
 *
 * Context: May sleep.
 */
void luo_session_set_destroy(struct luo_session_set *set)
{
	WARN_ON_ONCE(!list_empty(&set->list));
	rhltable_destroy(&set->names);
	xa_destroy(&set->ids);
	mutex_destroy(&set->lock);
}

static struct liveupdate_session *luo_session_alloc(struct luo_session_set *set,
						    const char *name,
						    u64 generation)
{
	struct liveupdate_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return NULL;
	strscpy_pad(session->name, name);
	session->set = set;
	refcount_set(&session->users, 1);
	mutex_init(&session->lock);
	luo_fileset_init(&session->files);
	luo_event_reader_init(&session->reader, &session->events);
	session->generation = generation;
	if (set->direction == LUO_INCOMING)
		session->state = LUO_SESSION_WAITING;
	return session;
}

static void luo_session_free(struct liveupdate_session *session)
{
	WARN_ON_ONCE(!list_empty(&session->files.list));
	xa_destroy(&session->files.tokens);
	mutex_destroy(&session->lock);
	kfree(session);
}

/* Sessions of several generations may have one name, not two of the same. */
static bool luo_session_has(struct luo_session_set *set, const char *name,
			    u64 generation)
{
	struct rhlist_head *list, *pos;
	struct liveupdate_session *session;

	lockdep_assert_held(&set->lock);
	guard(rcu)();
	list = rhltable_lookup(&set->names, name, luo_session_params);
	rhl_for_each_entry_rcu(session, pos, list, node) {
		if (session->generation == generation)
			return true;
	}
	return false;
}

/* Under its id and its name. */
static int luo_session_insert(struct luo_session_set *set,
			      struct liveupdate_session *session)
{
	int ret;

	session->id = set->last_id + 1;
	ret = xa_insert(&set->ids, session->id, session, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = rhltable_insert(&set->names, &session->node, luo_session_params);
	if (ret) {
		xa_erase(&set->ids, session->id);
		return ret;
	}
	set->last_id = session->id;
	list_add_tail(&session->link, &set->list);
	set->nr++;
	return 0;
}

static void luo_session_trace(const struct liveupdate_session *session,
			      enum luo_session_state state)
{
	trace_liveupdate_session_state(session->name,
				       session->set->direction == LUO_INCOMING,
				       state);
}

static int luo_session_publish(struct luo_session_set *set,
			       struct liveupdate_session *session)
{
	int ret;

	guard(mutex)(&set->lock);
	if (luo_session_has(set, session->name, session->generation))
		return -EEXIST;
	if (set->direction == LUO_OUTGOING &&
	    set->nr >= READ_ONCE(luo_max_sessions))
		return -ENOSPC;
	ret = luo_chain_resize(&set->chain, set->nr + 1);
	if (ret)
		return ret;
	ret = luo_session_insert(set, session);
	if (ret) {
		luo_chain_resize(&set->chain, set->nr);
		return ret;
	}
	luo_session_trace(session, session->state);
	luo_event(session);
	return 0;
}

/* Return: whether it was the last one of its set. */
static bool luo_session_unpublish(struct liveupdate_session *session)
{
	struct luo_session_set *set = session->set;

	guard(mutex)(&set->lock);
	list_del(&session->link);
	rhltable_remove(&set->names, &session->node, luo_session_params);
	xa_erase(&set->ids, session->id);
	set->nr--;
	luo_session_trace(session, LUO_SESSION_GONE);
	luo_event(session);
	luo_chain_resize(&set->chain, set->nr);
	return !set->nr;
}

static void luo_session_set_state(struct liveupdate_session *session,
				  enum luo_session_state state)
{
	lockdep_assert_held(&session->set->lock);
	session->state = state;
	luo_session_trace(session, state);
	luo_event(session);
}

static struct liveupdate_session *
luo_session_new(struct luo_session_set *set, const char *name, u64 generation,
		const struct luo_session_ser *ser)
{
	struct liveupdate_session *session;
	int ret;

	session = luo_session_alloc(set, name, generation);
	if (!session)
		return ERR_PTR(-ENOMEM);
	if (ser)
		session->ser = *ser;
	ret = luo_session_publish(set, session);
	if (ret) {
		luo_session_free(session);
		return ERR_PTR(ret);
	}
	return session;
}

/**
 * luo_session_create() - make an empty session
 * @set: where it belongs
 * @name: its name, checked
 *
 * An outgoing session is open, an incoming one waits.
 *
 * Context: May sleep.
 * Return: the session, or -EEXIST if the set has this name, -ENOSPC if there
 * are kernel.liveupdate_max_sessions outgoing ones, -ENOMEM.
 */
struct liveupdate_session *luo_session_create(struct luo_session_set *set,
					      const char *name)
{
	return luo_session_new(set, name, luo_generation + 1, NULL);
}

/**
 * luo_session_receive() - make a session of a previous kernel
 * @set: the incoming set
 * @name: its name, checked
 * @ser: its record, which may be damaged
 *
 * Context: May sleep.
 * Return: the session, which waits and has no files yet; -EEXIST if there is one
 * of this name and generation; -ENOMEM.
 */
struct liveupdate_session *
luo_session_receive(struct luo_session_set *set, const char *name,
		    const struct luo_session_ser *ser)
{
	return luo_session_new(set, name, ser->generation, ser);
}

/**
 * luo_session_destroy() - take luo_session_create() back
 * @session: a session without files that nobody has a descriptor of
 *
 * Context: May sleep.
 */
void luo_session_destroy(struct liveupdate_session *session)
{
	bool last = luo_session_unpublish(session);

	if (last && session->set == &luo_incoming)
		luo_flb_finish_left();
	if (session->damaged)
		luo_gate_waiting_add(-1);
	if (session->files_kept)
		luo_ride_release(session);
	luo_session_put(session);
}

/**
 * luo_session_next() - a session to look at
 * @set: where to look
 * @id: the smallest id that is asked for
 *
 * It may be destroyed meanwhile; then it has no files any more.
 *
 * Context: May sleep.
 * Return: the session with the smallest id from @id on, for luo_session_put();
 * -ENOENT if there is none, -EIO if what the previous kernel left is lost (F8).
 */
struct liveupdate_session *luo_session_next(struct luo_session_set *set,
					    unsigned long id)
{
	struct liveupdate_session *session;

	guard(mutex)(&set->lock);
	if (set->status)
		return ERR_PTR(set->status);
	session = xa_find(&set->ids, &id, ULONG_MAX, XA_PRESENT);
	if (!session)
		return ERR_PTR(-ENOENT);
	refcount_inc(&session->users);
	return session;
}

/**
 * luo_session_put() - a session is not needed any more
 * @session: from luo_session_next()
 *
 * Context: May sleep.
 */
void luo_session_put(struct liveupdate_session *session)
{
	if (refcount_dec_and_test(&session->users))
		luo_session_free(session);
}

/* How good is it to be asked for by name? */
static unsigned int luo_session_rank(const struct liveupdate_session *session)
{
	switch (session->state) {
	case LUO_SESSION_WAITING:
		return 2;
	case LUO_SESSION_DAMAGED:
		return 1;
	default:
		return 0;
	}
}

/* Of several with one name one that waits, and of these the newest (F6). */
static struct liveupdate_session *luo_session_lookup(struct luo_session_set *set,
						     const char *name)
{
	struct liveupdate_session *session, *best = NULL;
	char key[LIVEUPDATE_SESSION_NAME_LENGTH];
	struct rhlist_head *list, *pos;

	lockdep_assert_held(&set->lock);
	strscpy_pad(key, name);
	guard(rcu)();
	list = rhltable_lookup(&set->names, key, luo_session_params);
	rhl_for_each_entry_rcu(session, pos, list, node) {
		unsigned int rank = luo_session_rank(session);

		if (!best || rank > luo_session_rank(best) ||
		    (rank == luo_session_rank(best) &&
		     session->generation > best->generation))
			best = session;
	}
	return best;
}

/**
 * luo_session_take() - retrieve an incoming session
 * @set: the set
 * @name: its name, checked
 *
 * Context: May sleep.
 * Return: the session, for luo_session_release(), or
 * * -EIO: what the previous kernel left is lost (F8)
 * * -ENOENT: no such session
 * * -EINVAL: somebody has it
 * * -EBADMSG: its record is damaged (F9)
 */
struct liveupdate_session *luo_session_take(struct luo_session_set *set,
					    const char *name)
{
	struct liveupdate_session *session;

	guard(mutex)(&set->lock);
	if (set->status)
		return ERR_PTR(set->status);
	session = luo_session_lookup(set, name);
	if (!session)
		return ERR_PTR(-ENOENT);
	if (session->state == LUO_SESSION_DAMAGED)
		return ERR_PTR(-EBADMSG);
	if (session->state == LUO_SESSION_OPEN)
		return ERR_PTR(-EINVAL);
	session->closed_by_hand = false;
	luo_session_set_state(session, LUO_SESSION_OPEN);
	luo_event_reader_reset(&session->reader);
	return session;
}

/**
 * luo_session_give_back() - an incoming session waits again (F12)
 * @session: from luo_session_take()
 *
 * Context: May sleep. The session must not be used any more.
 */
void luo_session_give_back(struct liveupdate_session *session)
{
	guard(mutex)(&session->set->lock);
	luo_session_set_state(session, LUO_SESSION_WAITING);
}

/**
 * luo_session_set_damaged() - a part of what came of a session is lost (F9)
 * @session: an incoming session
 *
 * Context: The session's lock is held.
 */
void luo_session_set_damaged(struct liveupdate_session *session)
{
	lockdep_assert_held(&session->lock);
	if (!session->damaged)
		luo_gate_waiting_add(1);
	session->damaged = true;
	luo_event(session);
}

/* Returns true if nothing of the session is left to be finished. */
static bool luo_session_finish_locked(struct liveupdate_session *session)
{
	lockdep_assert_held(&session->lock);
	if (session->finished)
		return true;
	if (!luo_fileset_can_finish(session))
		return false;
	luo_fileset_finish(session);
	session->finished = true;
	luo_event(session);
	return true;
}

/**
 * luo_session_finish() - end the takeover of a session
 * @session: from luo_session_take()
 *
 * The session stays in its set until it is released, as an open one.
 *
 * Context: May sleep.
 * Return: 0, also if it is finished already; -EBUSY if a handler cannot finish
 * or a file is quarantined, and nothing is finished (F13); -EINTR if killed.
 */
int luo_session_finish(struct liveupdate_session *session)
{
	int ret = 0;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	if (!luo_session_finish_locked(session))
		ret = -EBUSY;
	mutex_unlock(&session->lock);
	return ret;
}

/* As luo_session_take(), but takes a damaged session too. */
static struct liveupdate_session *
luo_session_take_to_discard(struct luo_session_set *set, const char *name,
			    enum luo_session_state *state)
{
	struct liveupdate_session *session;

	guard(mutex)(&set->lock);
	session = luo_session_lookup(set, name);
	if (!session)
		return ERR_PTR(-ENOENT);
	if (session->state == LUO_SESSION_OPEN)
		return ERR_PTR(-EBUSY);
	*state = session->state;
	luo_session_set_state(session, LUO_SESSION_OPEN);
	return session;
}

/**
 * luo_session_discard() - give up an incoming session
 * @set: the set
 * @name: its name, checked
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if there is no such session, -EBUSY if somebody has it or
 * a handler cannot finish yet.
 */
int luo_session_discard(struct luo_session_set *set, const char *name)
{
	struct liveupdate_session *session;
	enum luo_session_state state;
	int ret;

	session = luo_session_take_to_discard(set, name, &state);
	if (IS_ERR(session))
		return PTR_ERR(session);
	scoped_guard(mutex, &session->lock)
		ret = luo_fileset_discard(session);
	if (ret) {
		guard(mutex)(&set->lock);
		luo_session_set_state(session, state);
		return ret;
	}
	pr_info("session %s is discarded\n", session->name);
	luo_session_destroy(session);
	return 0;
}

static void luo_session_release_outgoing(struct liveupdate_session *session)
{
	scoped_guard(mutex, &session->lock)
		luo_fileset_unpreserve(session);
	luo_session_destroy(session);
}

/*
 * Only a close(2) of the last reference ends the takeover, and only if that
 * takes nothing away from anybody. Otherwise the session waits again (F12).
 */
static void luo_session_release_incoming(struct liveupdate_session *session)
{
	bool finished;

	scoped_guard(mutex, &session->lock) {
		if (session->closed_by_hand && luo_fileset_retrieved(session))
			luo_session_finish_locked(session);
		finished = session->finished;
	}
	if (finished)
		luo_session_destroy(session);
	else
		luo_session_give_back(session);
}

/**
 * luo_session_release() - the last descriptor of a session is gone
 * @session: from luo_session_create() or luo_session_take()
 *
 * Context: May sleep; the phase lock is held for read.
 */
void luo_session_release(struct liveupdate_session *session)
{
	if (session->set->direction == LUO_OUTGOING)
		luo_session_release_outgoing(session);
	else
		luo_session_release_incoming(session);
}
