// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sessions inside reboot(2)
 *
 * Sessions are frozen in the order of their creation and thawed in reverse.
 * All room for records was reserved before, see luo_chain.c.
 */
#include "luo_internal.h"

static void luo_set_unfreeze_before(struct luo_session_set *set,
				    struct liveupdate_session *session)
{
	lockdep_assert_held(&set->lock);
	list_for_each_entry_continue_reverse(session, &set->list, link) {
		guard(mutex)(&session->lock);
		luo_fileset_unfreeze(session);
	}
}

static int luo_session_freeze(struct liveupdate_session *session)
{
	guard(mutex)(&session->lock);
	return luo_fileset_freeze(session);
}

/**
 * luo_set_freeze() - freeze all sessions
 * @set: the outgoing set
 *
 * Context: The phase lock is held for write.
 * Return: 0, or what a handler returned and nothing is frozen (F4).
 */
int luo_set_freeze(struct luo_session_set *set)
{
	struct liveupdate_session *session;
	int ret;

	guard(mutex)(&set->lock);
	list_for_each_entry(session, &set->list, link) {
		ret = luo_session_freeze(session);
		if (ret) {
			luo_set_unfreeze_before(set, session);
			return ret;
		}
	}
	return 0;
}

/**
 * luo_set_unfreeze() - take luo_set_freeze() back
 * @set: the outgoing set, frozen
 *
 * Context: The phase lock is held for write.
 */
void luo_set_unfreeze(struct luo_session_set *set)
{
	guard(mutex)(&set->lock);
	luo_set_unfreeze_before(set, list_entry(&set->list,
						struct liveupdate_session,
						link));
}

static void luo_session_serialize(struct liveupdate_session *session,
				  struct luo_session_ser *ser)
{
	guard(mutex)(&session->lock);
	memcpy(ser->name, session->name, sizeof(ser->name));
	ser->files_pa = luo_fileset_serialize(session);
	ser->nr_files = session->files.nr;
	ser->generation = session->generation;
	luo_abi_session_seal(ser);
}

/**
 * luo_set_serialize() - write all records
 * @set: the outgoing set, frozen
 * @header: where they are found from; its generation is set
 *
 * Context: The phase lock is held for write. Does not allocate.
 */
void luo_set_serialize(struct luo_session_set *set,
		       struct luo_header_ser *header)
{
	struct liveupdate_session *session;
	struct luo_chain_writer writer;
	struct luo_session_ser *ser;

	guard(mutex)(&set->lock);
	header->nr_files = 0;
	header->sessions_pa = luo_chain_start(&set->chain, set->nr, &writer);
	list_for_each_entry(session, &set->list, link) {
		ser = luo_chain_next(&writer);
		if (!ser)
			break;
		luo_session_serialize(session, ser);
		header->nr_files += session->files.nr;
	}
	luo_chain_end(&writer);
	header->nr_sessions = set->nr;
	header->nr_flbs = luo_flb_serialize(&header->flbs_pa);
	luo_abi_header_seal(header);
}
