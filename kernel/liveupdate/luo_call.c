// SPDX-License-Identifier: GPL-2.0-only
/*
 * A callback of a handler has returned: who wants to know
 *
 * Stands around each call, see luo_call_begin() and luo_call_end().
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <trace/events/liveupdate.h>

#include "luo_internal.h"

static const struct luo_call_info {
	const char *name;
	bool timed;
	enum luo_timed as;
} luo_calls[] = {
	[LUO_CALL_PRESERVE]	= { "preserve" },
	[LUO_CALL_UNPRESERVE]	= { "unpreserve" },
	[LUO_CALL_FREEZE]	= { "freeze", true, LUO_TIMED_FREEZE },
	[LUO_CALL_UNFREEZE]	= { "unfreeze" },
	[LUO_CALL_RETRIEVE]	= { "retrieve", true, LUO_TIMED_RETRIEVE },
	[LUO_CALL_CAN_FINISH]	= { "can_finish" },
	[LUO_CALL_FINISH]	= { "finish", true, LUO_TIMED_FINISH },
};

/**
 * luo_call_done() - for the trace event and the timeline
 * @lf: the file
 * @call: which callback
 * @begin: when it was called, ticks
 * @error: what it returned
 *
 * Context: Any; the session's lock is held.
 */
void luo_call_done(const struct luo_file *lf, enum luo_call call, u64 begin,
		   int error)
{
	const struct luo_call_info *info = &luo_calls[call];
	/* CPUs may disagree by a few ticks */
	u64 end = max_t(u64, get_cycles(), begin);

	trace_liveupdate_call(lf->session->name, lf->token,
			      lf->handler->compatible, call, error,
			      luo_abi_ns(end - begin, luo_clock_khz()));
	if (info->timed)
		luo_timeline_call(lf->handler->compatible, info->as, begin, end,
				  error);
}

/**
 * luo_call_failed() - for the log
 * @lf: the file
 * @call: which callback
 * @error: what it returned
 *
 * One that fails again and again is not said each time, but what stops an
 * update is.
 *
 * Context: Any; the session's lock is held.
 */
void luo_call_failed(const struct luo_file *lf, enum luo_call call, int error)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	/* It makes way for reboot(2), or says "not yet". */
	if (error == -ERESTART || call == LUO_CALL_CAN_FINISH)
		return;
	if (call != LUO_CALL_FREEZE && !__ratelimit(&limit))
		return;
	pr_err("session %s, token %#llx: %s by %s failed: %pe\n",
	       lf->session->name, lf->token, luo_calls[call].name,
	       lf->handler->compatible, ERR_PTR(error));
}
