/* SPDX-License-Identifier: GPL-2.0-only */
/* Nobody traces a program of userspace. */
#ifndef _ABI_TRACE_LIVEUPDATE_H
#define _ABI_TRACE_LIVEUPDATE_H

#define trace_liveupdate_session_state(name, incoming, state) \
	((void)(name), (void)(incoming), (void)(state))

#endif /* _ABI_TRACE_LIVEUPDATE_H */
