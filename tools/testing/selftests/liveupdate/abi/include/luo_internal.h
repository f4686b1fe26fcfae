/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of kernel/liveupdate/luo_internal.h as luo_decode.c needs, for a
 * userspace where objects only count what they are told, see decode.c.
 */
#ifndef _ABI_LUO_INTERNAL_H
#define _ABI_LUO_INTERNAL_H

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "luo_abi.h"

#define LIVEUPDATE_SESSION_NAME_LENGTH	64

enum luo_session_state {
	LUO_SESSION_WAITING,
	LUO_SESSION_DAMAGED,
};

/* There is one thread; it may forget a lock, or take it twice. */
struct mutex {
	bool held;
};

struct mutex *mutex_hold(struct mutex *lock);
void mutex_drop(struct mutex **lock);

#define guard(type)	guard_##type
#define guard_mutex(lock)						\
	__attribute__((cleanup(mutex_drop), unused))			\
	struct mutex *guard_ = mutex_hold(lock)

struct liveupdate_session {
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
	enum luo_session_state state;
	struct mutex lock; /* as in the kernel: the files */
	struct luo_session_ser ser;
	u64 nr_files;
	bool damaged;
	bool files_kept;
};

#define SET_SESSIONS	32

struct luo_session_set {
	struct liveupdate_session sessions[SET_SESSIONS];
	unsigned int nr;
	unsigned int nr_flbs;
	unsigned int nr_refused;
};

struct liveupdate_session *
luo_session_receive(struct luo_session_set *set, const char *name,
		    const struct luo_session_ser *ser);
void luo_session_set_damaged(struct liveupdate_session *session);
int luo_fileset_add(struct liveupdate_session *session,
		    const struct luo_file_ser *ser);
int luo_flb_incoming_add(const struct luo_flb_ser *ser);
void luo_flb_attach_all(void);

int luo_decode(struct luo_session_set *set, const struct luo_abi_reader *reader,
	       const struct luo_header_ser *header);

#endif /* _ABI_LUO_INTERNAL_H */
