/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM liveupdate

#if !defined(_TRACE_LIVEUPDATE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LIVEUPDATE_H

#include <linux/tracepoint.h>

/* In the order of enum luo_file_state. */
#define show_luo_file_state(state)		\
	__print_symbolic(state,			\
		{ 0, "new" },			\
		{ 1, "preserved" },		\
		{ 2, "frozen" },		\
		{ 3, "waiting" },		\
		{ 4, "retrieving" },		\
		{ 5, "retrieved" },		\
		{ 6, "failed" },		\
		{ 7, "quarantined" },		\
		{ 8, "handed out" },		\
		{ 9, "gone" })

/* In the order of enum luo_phase. */
#define show_luo_phase(phase)			\
	__print_symbolic(phase,			\
		{ 0, "off" },			\
		{ 1, "running" },		\
		{ 2, "frozen" })

TRACE_EVENT(liveupdate_file_state,

	TP_PROTO(const char *session, u64 token, int from, int to),

	TP_ARGS(session, token, from, to),

	TP_STRUCT__entry(
		__string(session, session)
		__field(u64, token)
		__field(int, from)
		__field(int, to)
	),

	TP_fast_assign(
		__assign_str(session);
		__entry->token = token;
		__entry->from = from;
		__entry->to = to;
	),

	TP_printk("session=%s token=%#llx %s -> %s",
		  __get_str(session), __entry->token,
		  show_luo_file_state(__entry->from),
		  show_luo_file_state(__entry->to))
);

TRACE_EVENT(liveupdate_phase,

	TP_PROTO(int phase, int error),

	TP_ARGS(phase, error),

	TP_STRUCT__entry(
		__field(int, phase)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->phase = phase;
		__entry->error = error;
	),

	TP_printk("phase=%s error=%d",
		  show_luo_phase(__entry->phase), __entry->error)
);

#endif /* _TRACE_LIVEUPDATE_H */

#include <trace/define_trace.h>
