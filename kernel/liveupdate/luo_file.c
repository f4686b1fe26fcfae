// SPDX-License-Identifier: GPL-2.0-only
/*
 * One preserved file: its states, and the old kernel's half of its life
 *
 *   NEW -> PRESERVED <-> FROZEN         the old kernel
 *   NEW -> WAITING -> RETRIEVING -> RETRIEVED | FAILED | WAITING
 *   NEW -> WAITING -> QUARANTINED       the new kernel, see luo_retrieve.c
 *   NEW -> QUARANTINED
 *   NEW -> HANDED_OUT                   a file that rode along (F6)
 *
 * and from each of them, but in the midst of RETRIEVING, to GONE.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/liveupdate.h>

#include <linux/bits.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "luo_internal.h"

/* Bit n of entry m: the step from m to n is legal. */
static const u16 luo_file_steps[LUO_FILE_NR_STATES] = {
	[LUO_FILE_NEW]		= BIT(LUO_FILE_PRESERVED) |
				  BIT(LUO_FILE_WAITING) |
				  BIT(LUO_FILE_QUARANTINED) |
				  BIT(LUO_FILE_HANDED_OUT),
	[LUO_FILE_PRESERVED]	= BIT(LUO_FILE_FROZEN) | BIT(LUO_FILE_GONE),
	[LUO_FILE_FROZEN]	= BIT(LUO_FILE_PRESERVED),
	[LUO_FILE_WAITING]	= BIT(LUO_FILE_RETRIEVING) |
				  BIT(LUO_FILE_QUARANTINED) | BIT(LUO_FILE_GONE),
	[LUO_FILE_RETRIEVING]	= BIT(LUO_FILE_RETRIEVED) |
				  BIT(LUO_FILE_FAILED) | BIT(LUO_FILE_WAITING),
	[LUO_FILE_RETRIEVED]	= BIT(LUO_FILE_GONE),
	[LUO_FILE_FAILED]	= BIT(LUO_FILE_GONE),
	[LUO_FILE_QUARANTINED]	= BIT(LUO_FILE_GONE),
	[LUO_FILE_HANDED_OUT]	= BIT(LUO_FILE_GONE),
};

/**
 * luo_file_waits() - does the memory of such a file wait for somebody (F6, F18)?
 * @state: of the file
 *
 * Context: Any.
 * Return: true if so.
 */
bool luo_file_waits(enum luo_file_state state)
{
	return state == LUO_FILE_WAITING || state == LUO_FILE_RETRIEVING ||
	       state == LUO_FILE_FAILED || state == LUO_FILE_QUARANTINED;
}

/**
 * luo_file_set_state() - take a step
 * @lf: the file
 * @state: the new state
 *
 * Context: The session's lock is held.
 */
void luo_file_set_state(struct luo_file *lf, enum luo_file_state state)
{
	lockdep_assert_held(&lf->session->lock);
	WARN_ON_ONCE(!(luo_file_steps[lf->state] & BIT(state)));
	trace_liveupdate_file_state(lf->session->name, lf->token, lf->state, state);
	luo_gate_waiting_add(luo_file_waits(state) - luo_file_waits(lf->state));
	lf->state = state;
	luo_event(lf->session);
}

/**
 * luo_file_alloc() - a file that is nothing yet
 * @session: its session
 * @token: its token
 *
 * Context: May sleep.
 * Return: the file, or NULL.
 */
struct luo_file *luo_file_alloc(struct liveupdate_session *session, u64 token)
{
	struct luo_file *lf = kzalloc(sizeof(*lf), GFP_KERNEL_ACCOUNT);

	if (lf) {
		lf->session = session;
		lf->token = token;
	}
	return lf;
}

/**
 * luo_file_args() - what the handler gets to see of a file
 * @lf: the file
 *
 * Context: The session's lock is held.
 * Return: the arguments for any callback.
 */
struct liveupdate_file_op_args luo_file_args(const struct luo_file *lf)
{
	lockdep_assert_held(&lf->session->lock);
	return (struct liveupdate_file_op_args){
		.handler = lf->handler,
		.session = lf->session,
		.retrieve_status = lf->status,
		.file = lf->file,
		.serialized_data = lf->serialized_data,
		.private_data = lf->private_data,
	};
}

static int luo_file_call_preserve(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin = luo_call_begin(LUO_CALL_PRESERVE);
	int ret = lf->handler->ops->preserve(&args);

	luo_call_end(lf, LUO_CALL_PRESERVE, begin, ret);
	if (!ret) {
		lf->serialized_data = args.serialized_data;
		lf->private_data = args.private_data;
	}
	return ret;
}

/**
 * luo_file_preserve() - preserve a file
 * @lf: a new file
 * @file: the file; a reference is taken
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0, or a negative errno, and all is as before (F2).
 */
int luo_file_preserve(struct luo_file *lf, struct file *file)
{
	int ret;

	lockdep_assert_held(&lf->session->lock);
	lf->handler = luo_handler_get(file);
	if (!lf->handler)
		return -ENOENT;
	lf->file = get_file(file);
	ret = luo_gate_file_add(lf->handler);
	if (ret)
		goto put_handler;
	ret = luo_object_claim(lf);
	if (ret)
		goto gate_file_del;
	ret = luo_flb_file_preserve(lf->handler, &lf->flb_mask);
	if (ret)
		goto release_object;
	ret = luo_file_call_preserve(lf);
	if (ret)
		goto unpreserve_flbs;
	luo_file_set_state(lf, LUO_FILE_PRESERVED);
	return 0;

unpreserve_flbs:
	luo_flb_file_unpreserve(lf->handler, lf->flb_mask);
release_object:
	luo_object_release(lf);
gate_file_del:
	luo_gate_file_del(lf->handler);
put_handler:
	fput(lf->file);
	luo_handler_put(lf->handler);
	return ret;
}

/**
 * luo_file_unpreserve() - take luo_file_preserve() back
 * @lf: a preserved file; it is freed
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_file_unpreserve(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin;

	luo_file_set_state(lf, LUO_FILE_GONE);
	begin = luo_call_begin(LUO_CALL_UNPRESERVE);
	lf->handler->ops->unpreserve(&args);
	luo_call_end(lf, LUO_CALL_UNPRESERVE, begin, 0);
	luo_flb_file_unpreserve(lf->handler, lf->flb_mask);
	luo_object_release(lf);
	luo_gate_file_del(lf->handler);
	fput(lf->file);
	luo_handler_put(lf->handler);
	kfree_rcu(lf, rcu);
}

/**
 * luo_file_freeze() - the last chance to complete the record
 * @lf: a preserved file
 *
 * Context: Inside reboot(2); the session's lock is held. Does not allocate.
 * Return: 0, or what the handler says, and the file is still preserved (F4).
 */
int luo_file_freeze(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin;
	int ret;

	if (lf->handler->ops->freeze) {
		begin = luo_call_begin(LUO_CALL_FREEZE);
		ret = lf->handler->ops->freeze(&args);
		luo_call_end(lf, LUO_CALL_FREEZE, begin, ret);
		if (ret)
			return ret;
		lf->serialized_data = args.serialized_data;
		lf->private_data = args.private_data;
	}
	luo_file_set_state(lf, LUO_FILE_FROZEN);
	return 0;
}

/**
 * luo_file_unfreeze() - take luo_file_freeze() back
 * @lf: a frozen file
 *
 * Context: Inside reboot(2); the session's lock is held.
 */
void luo_file_unfreeze(struct luo_file *lf)
{
	struct liveupdate_file_op_args args = luo_file_args(lf);
	u64 begin;

	luo_file_set_state(lf, LUO_FILE_PRESERVED);
	if (!lf->handler->ops->unfreeze)
		return;
	begin = luo_call_begin(LUO_CALL_UNFREEZE);
	lf->handler->ops->unfreeze(&args);
	luo_call_end(lf, LUO_CALL_UNFREEZE, begin, 0);
	lf->serialized_data = args.serialized_data;
	lf->private_data = args.private_data;
}

/**
 * luo_file_serialize() - write the record of a file
 * @lf: a frozen file
 * @ser: where to
 *
 * Context: Inside reboot(2); the session's lock is held.
 */
void luo_file_serialize(struct luo_file *lf, struct luo_file_ser *ser)
{
	strscpy_pad(ser->compatible, lf->handler->compatible);
	ser->token = lf->token;
	ser->data = lf->serialized_data;
	ser->flb_mask = lf->flb_mask;
	ser->flags = 0;
	luo_abi_file_seal(ser);
}

static struct luo_file *luo_file_find(struct liveupdate_session *session,
				      struct file *file)
{
	struct liveupdate_file_handler *fh;
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	fh = luo_handler_get(file);
	if (!fh)
		return NULL;
	lf = luo_object_find(fh, session, file);
	luo_handler_put(fh);
	return lf;
}

/**
 * liveupdate_get_token_outgoing() - how a file is known in a session
 * @session: args->session of a callback
 * @file: a file
 * @token: out: its token
 *
 * Context: May sleep. From a callback of a file of @session only, but not from
 * its can_preserve().
 * Return: 0, -ENOENT if the file's object is not preserved in @session.
 */
int liveupdate_get_token_outgoing(struct liveupdate_session *session,
				  struct file *file, u64 *token)
{
	struct luo_file *lf = luo_file_find(session, file);

	if (!lf)
		return -ENOENT;
	*token = lf->token;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_get_token_outgoing);

/**
 * liveupdate_depend_outgoing() - keep another file of the session preserved
 * @session: args->session of a callback
 * @file: a file that the caller's file needs in the next kernel
 * @token: out: its token
 *
 * Until liveupdate_undepend_outgoing() it cannot be un-preserved on its own.
 * When the session is closed files go in reverse: those that need others first.
 *
 * Context: May sleep. From a preserve() callback of a file of @session only.
 * Return: 0, -ENOENT if the file's object is not preserved in @session.
 */
int liveupdate_depend_outgoing(struct liveupdate_session *session,
			       struct file *file, u64 *token)
{
	struct luo_file *lf = luo_file_find(session, file);

	if (!lf)
		return -ENOENT;
	lf->nr_dependents++;
	*token = lf->token;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_depend_outgoing);

/**
 * liveupdate_undepend_outgoing() - take liveupdate_depend_outgoing() back
 * @session: args->session of a callback
 * @token: what it gave
 *
 * Context: From a preserve() or unpreserve() callback of @session only.
 */
void liveupdate_undepend_outgoing(struct liveupdate_session *session,
				  u64 token)
{
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	lf = xa_load(&session->files.tokens, token);
	if (!WARN_ON_ONCE(!lf || !lf->nr_dependents))
		lf->nr_dependents--;
}
EXPORT_SYMBOL_GPL(liveupdate_undepend_outgoing);

/**
 * liveupdate_session_ipc_lock() - are pins free of RLIMIT_MEMLOCK?
 * @session: args->session of a callback
 *
 * Context: Any.
 * Return: true if so: the session's creator had CAP_IPC_LOCK.
 */
bool liveupdate_session_ipc_lock(const struct liveupdate_session *session)
{
	return session->ipc_lock;
}
EXPORT_SYMBOL_GPL(liveupdate_session_ipc_lock);
