// SPDX-License-Identifier: GPL-2.0-only
/*
 * From records to sessions, once
 *
 * What cannot be read is set aside alone (F9): a file in its session, a session
 * in its set. Only when the sessions cannot even be counted all is lost (F8);
 * that is found out before the first session is made. Blocks that were read
 * are given back, others stay reserved; records of files are kept as long as
 * their session may have to ride along to the next kernel, see luo_ride.c.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <trace/events/liveupdate.h>

#include "luo_internal.h"

struct luo_decoder {
	struct luo_session_set *set;
	const struct luo_abi_reader *reader;
	struct liveupdate_session *session;
	unsigned int nr_damaged;
};

static int luo_decode_flb(void *ctx, const void *record)
{
	const struct luo_flb_ser *ser = record;
	int ret = luo_abi_flb_check(ser);

	if (!ret)
		ret = luo_flb_incoming_add(ser);
	if (ret)
		pr_err("record of an FLB cannot be used: %pe\n", ERR_PTR(ret));
	return 0;
}

static int luo_decode_file(void *ctx, const void *record)
{
	struct luo_decoder *decoder = ctx;

	cond_resched();
	return luo_fileset_add(decoder->session, record);
}

/* Keep a session that cannot be read, under its name if that looks good. */
static void luo_decode_damaged(struct luo_decoder *decoder,
			       const struct luo_session_ser *ser, int error)
{
	struct liveupdate_session *session = ERR_PTR(-EINVAL);
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];

	if (!luo_abi_name_check(ser->name))
		session = luo_session_receive(decoder->set, ser->name, ser);
	if (IS_ERR(session)) {
		snprintf(name, sizeof(name), "(damaged %u)",
			 ++decoder->nr_damaged);
		session = luo_session_receive(decoder->set, name, ser);
	}
	if (IS_ERR(session)) {
		pr_err("a session is lost: %pe\n", session);
		return;
	}
	pr_err("session %s cannot be read: %pe\n", session->name,
	       ERR_PTR(error));
	guard(mutex)(&session->lock);
	session->state = LUO_SESSION_DAMAGED;
	trace_liveupdate_session_state(session->name, true, session->state);
	luo_session_set_damaged(session);
}

static void luo_decode_files(struct luo_decoder *decoder,
			     const struct luo_session_ser *ser)
{
	struct liveupdate_session *session = decoder->session;
	int ret;

	guard(mutex)(&session->lock);
	ret = luo_abi_walk(decoder->reader, LUO_SER_FILE, ser->files_pa,
			   ser->nr_files, luo_decode_file, decoder);
	session->files_kept = !ret;
	if (ret)
		luo_session_set_damaged(session);
	if (session->damaged)
		pr_err("session %s: some of its %llu files cannot be read\n",
		       session->name, ser->nr_files);
}

static int luo_decode_session(void *ctx, const void *record)
{
	const struct luo_session_ser *ser = record;
	struct luo_decoder *decoder = ctx;
	int ret = luo_abi_session_check(ser);

	if (!ret) {
		decoder->session = luo_session_receive(decoder->set, ser->name,
						       ser);
		ret = PTR_ERR_OR_ZERO(decoder->session);
	}
	if (ret) {
		luo_decode_damaged(decoder, ser, ret);
		return 0;
	}
	luo_decode_files(decoder, ser);
	return 0;
}

static void luo_decode_sessions(struct luo_decoder *decoder, u64 pa, u64 nr)
{
	luo_abi_walk(decoder->reader, LUO_SER_SESSION, pa, nr,
		     luo_decode_session, decoder);
	luo_abi_release(decoder->reader, LUO_SER_SESSION, pa, nr);
}

/**
 * luo_decode() - make the sessions of the previous kernel
 * @set: the incoming set, empty
 * @reader: how blocks are reached
 * @header: the header, checked
 *
 * Context: May sleep.
 * Return: 0, or -EBADMSG if the sessions cannot be counted (F8) and nothing
 * was made.
 */
int luo_decode(struct luo_session_set *set, const struct luo_abi_reader *reader,
	       const struct luo_header_ser *header)
{
	struct luo_decoder decoder = { .set = set, .reader = reader };
	int ret;

	ret = luo_abi_walk(reader, LUO_SER_SESSION, header->sessions_pa,
			   header->nr_sessions, NULL, NULL) ?:
	      luo_abi_walk(reader, LUO_SER_SESSION, header->riders_pa,
			   header->nr_riders, NULL, NULL);
	if (ret)
		return ret;
	if (luo_abi_walk(reader, LUO_SER_FLB, header->flbs_pa, header->nr_flbs,
			 luo_decode_flb, NULL))
		pr_err("some records of FLBs cannot be read\n");
	else
		luo_abi_release(reader, LUO_SER_FLB, header->flbs_pa,
				header->nr_flbs);
	luo_flb_attach_all();
	/* the elder first, as they are listed */
	luo_decode_sessions(&decoder, header->riders_pa, header->nr_riders);
	luo_decode_sessions(&decoder, header->sessions_pa, header->nr_sessions);
	return 0;
}
