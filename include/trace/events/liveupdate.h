/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is traced of live updates. Each line is key=value; names and keys stay,
 * new ones may come. Described in Documentation/admin-guide/liveupdate.rst.
 */
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
		{ 8, "handed_out" },		\
		{ 9, "gone" })

/* In the order of enum luo_session_state. */
#define show_luo_session_state(state)		\
	__print_symbolic(state,			\
		{ 0, "open" },			\
		{ 1, "waiting" },		\
		{ 2, "damaged" },		\
		{ 3, "gone" })

/* In the order of enum luo_phase. */
#define show_luo_phase(phase)			\
	__print_symbolic(phase,			\
		{ 0, "off" },			\
		{ 1, "running" },		\
		{ 2, "frozen" })

/* In the order of enum luo_call. */
#define show_luo_call(call)			\
	__print_symbolic(call,			\
		{ 0, "preserve" },		\
		{ 1, "unpreserve" },		\
		{ 2, "freeze" },		\
		{ 3, "unfreeze" },		\
		{ 4, "retrieve" },		\
		{ 5, "can_finish" },		\
		{ 6, "finish" })

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

	TP_printk("session=%s token=%#llx from=%s to=%s",
		  __get_str(session), __entry->token,
		  show_luo_file_state(__entry->from),
		  show_luo_file_state(__entry->to))
);

TRACE_EVENT(liveupdate_session_state,

	TP_PROTO(const char *session, bool incoming, int to),

	TP_ARGS(session, incoming, to),

	TP_STRUCT__entry(
		__string(session, session)
		__field(bool, incoming)
		__field(int, to)
	),

	TP_fast_assign(
		__assign_str(session);
		__entry->incoming = incoming;
		__entry->to = to;
	),

	TP_printk("session=%s direction=%s to=%s",
		  __get_str(session),
		  __entry->incoming ? "incoming" : "outgoing",
		  show_luo_session_state(__entry->to))
);

TRACE_EVENT(liveupdate_call,

	TP_PROTO(const char *session, u64 token, const char *handler, int call,
		 int error, u64 ns),

	TP_ARGS(session, token, handler, call, error, ns),

	TP_STRUCT__entry(
		__string(session, session)
		__string(handler, handler)
		__field(u64, token)
		__field(u64, ns)
		__field(int, call)
		__field(int, error)
	),

	TP_fast_assign(
		__assign_str(session);
		__assign_str(handler);
		__entry->token = token;
		__entry->ns = ns;
		__entry->call = call;
		__entry->error = error;
	),

	TP_printk("session=%s token=%#llx handler=%s call=%s error=%d ns=%llu",
		  __get_str(session), __entry->token, __get_str(handler),
		  show_luo_call(__entry->call), __entry->error, __entry->ns)
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
