// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is: the ioctls that list sessions and files
 *
 * Each call gives one element, the first from a given id or token on: nothing
 * is kept between two calls, no user memory is touched under a lock, and what
 * comes and goes meanwhile disturbs nobody. Ids and tokens are keys of xarrays,
 * so that the last element costs no more than the first.
 */
#include <linux/err.h>
#include <linux/string.h>

#include "luo_uapi.h"

static const u32 luo_list_session_states[] = {
	[LUO_SESSION_OPEN]	= LIVEUPDATE_SESSION_OPEN,
	[LUO_SESSION_WAITING]	= LIVEUPDATE_SESSION_WAITING,
	[LUO_SESSION_DAMAGED]	= LIVEUPDATE_SESSION_DAMAGED,
};

/* Others pass within one call of somebody else, which holds a lock of ours. */
static const u32 luo_list_file_states[LUO_FILE_NR_STATES] = {
	[LUO_FILE_PRESERVED]	= LIVEUPDATE_FILE_PRESERVED,
	[LUO_FILE_WAITING]	= LIVEUPDATE_FILE_WAITING,
	[LUO_FILE_RETRIEVED]	= LIVEUPDATE_FILE_RETRIEVED,
	[LUO_FILE_FAILED]	= LIVEUPDATE_FILE_FAILED,
	[LUO_FILE_QUARANTINED]	= LIVEUPDATE_FILE_QUARANTINED,
	[LUO_FILE_HANDED_OUT]	= LIVEUPDATE_FILE_HANDED_OUT,
};

static struct luo_session_set *luo_list_set(u32 direction)
{
	switch (direction) {
	case LIVEUPDATE_OUTGOING:
		return &luo_outgoing;
	case LIVEUPDATE_INCOMING:
		return &luo_incoming;
	default:
		return NULL;
	}
}

static void luo_list_show_session(struct liveupdate_session *session,
				  struct liveupdate_ioctl_list_session *arg)
{
	arg->id = session->id;
	arg->generation = session->generation;
	memcpy(arg->name, session->name, sizeof(arg->name));
	/* A snapshot will do: the session's lock may be held for long. */
	arg->state = luo_list_session_states[READ_ONCE(session->state)];
	arg->nr_files = READ_ONCE(session->files.nr);
	arg->flags = 0;
	if (READ_ONCE(session->damaged))
		arg->flags |= LIVEUPDATE_SESSION_INCOMPLETE;
	if (READ_ONCE(session->finished))
		arg->flags |= LIVEUPDATE_SESSION_FINISHED;
}

/**
 * luo_cmd_list_session() - LIVEUPDATE_IOCTL_LIST_SESSION
 * @cmd: the call
 *
 * Context: May sleep; the phase lock is held for read.
 * Return: 0, -EINVAL for an unknown direction, -ENOENT at the end, -EIO if what
 * came in is lost (F8).
 */
int luo_cmd_list_session(struct luo_cmd *cmd)
{
	struct liveupdate_ioctl_list_session *arg = &cmd->arg.list_session;
	struct luo_session_set *set = luo_list_set(arg->direction);
	struct liveupdate_session *session;

	if (!set)
		return -EINVAL;
	if (!arg->id)
		luo_event_reader_reset(cmd->events);
	session = luo_session_next(set, arg->id);
	if (IS_ERR(session))
		return PTR_ERR(session);
	luo_list_show_session(session, arg);
	luo_session_put(session);
	return 0;
}

static int luo_list_show_file(struct liveupdate_session *session,
			      struct liveupdate_list_file *arg)
{
	unsigned long token = arg->token;
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	lf = xa_find(&session->files.tokens, &token, ULONG_MAX, XA_PRESENT);
	if (!lf)
		return -ENOENT;
	arg->direction = session->set->direction == LUO_OUTGOING ?
			 LIVEUPDATE_OUTGOING : LIVEUPDATE_INCOMING;
	arg->session = session->id;
	arg->token = lf->token;
	arg->memory = luo_file_memory(lf);
	arg->state = luo_list_file_states[lf->state];
	arg->error = lf->status < 0 ? -lf->status : 0;
	strscpy_pad(arg->handler, lf->handler ? lf->handler->compatible :
						lf->compatible);
	return 0;
}

static int luo_list_file(struct liveupdate_session *session,
			 struct liveupdate_list_file *arg)
{
	int ret = mutex_lock_killable(&session->lock);

	if (ret)
		return ret;
	ret = luo_list_show_file(session, arg);
	mutex_unlock(&session->lock);
	return ret;
}

/**
 * luo_cmd_list_file() - LIVEUPDATE_IOCTL_LIST_FILE
 * @cmd: the call
 *
 * Waits for a long PRESERVE of the session.
 *
 * Context: May sleep; the phase lock is held for read.
 * Return: 0, -EINVAL for an unknown direction, -ENOENT at the end or if there is
 * no such session, -EIO if what came in is lost (F8), -EINTR if killed.
 */
int luo_cmd_list_file(struct luo_cmd *cmd)
{
	struct liveupdate_list_file *arg = &cmd->arg.list_file;
	struct luo_session_set *set = luo_list_set(arg->direction);
	struct liveupdate_session *session;
	int ret;

	if (!set)
		return -EINVAL;
	session = luo_session_next(set, arg->session);
	if (IS_ERR(session))
		return PTR_ERR(session);
	ret = session->id == arg->session ? luo_list_file(session, arg) : -ENOENT;
	luo_session_put(session);
	return ret;
}

/**
 * luo_cmd_list_own_file() - LIVEUPDATE_SESSION_LIST_FILE
 * @cmd: the call
 *
 * Context: May sleep; the phase lock is held for read.
 * Return: 0, -EINVAL if something is not zero, -ENOENT at the end, -EINTR if
 * killed.
 */
int luo_cmd_list_own_file(struct luo_cmd *cmd)
{
	struct liveupdate_list_file *arg = &cmd->arg.list_file;

	if (arg->direction || arg->session)
		return -EINVAL;
	if (!arg->token)
		luo_event_reader_reset(cmd->events);
	return luo_list_file(cmd->session, arg);
}
