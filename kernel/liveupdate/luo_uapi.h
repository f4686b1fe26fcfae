/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LUO_UAPI_H
#define _LUO_UAPI_H

#include <linux/bits.h>

#include "luo_internal.h"

union luo_cmd_arg {
	u32 size;
	struct liveupdate_ioctl_create_session create;
	struct liveupdate_ioctl_retrieve_session retrieve_session;
	struct liveupdate_ioctl_discard_session discard;
	struct liveupdate_ioctl_list_session list_session;
	struct liveupdate_list_file list_file;
	struct liveupdate_session_preserve_fd preserve;
	struct liveupdate_session_unpreserve_fd unpreserve;
	struct liveupdate_session_retrieve_fd retrieve;
	struct liveupdate_session_finish finish;
	struct liveupdate_session_get_name get_name;
};

/**
 * struct luo_caller - the open file that an ioctl is called on
 * @session: NULL for the device
 * @observer: it was opened for reading only
 * @events: what poll(2) has to say of it
 */
struct luo_caller {
	struct liveupdate_session *session;
	bool observer;
	struct luo_event_reader *events;
};

/**
 * struct luo_cmd - one call of an ioctl
 * @session: that it is called on, NULL for the device
 * @events: of the open file
 * @output: of a command that returns a descriptor: its file
 * @arg: the argument, and the reply
 */
struct luo_cmd {
	struct liveupdate_session *session;
	struct luo_event_reader *events;
	struct file *output;
	union luo_cmd_arg arg;
};

/* Sessions that a command works on. */
#define LUO_ON_OUTGOING		BIT(LUO_OUTGOING)
#define LUO_ON_INCOMING		BIT(LUO_INCOMING)
#define LUO_ON_BOTH		(LUO_ON_OUTGOING | LUO_ON_INCOMING)

/**
 * struct luo_ioctl - how a command is called
 * @number: of the ioctl
 * @size: of its structure
 * @min_size: of the first version of its structure
 * @on: kinds of sessions, 0 for commands of the device
 * @fd_offset: where in its structure a new descriptor is reported, or 0
 * @reply_first: it has nothing to report and could not be undone
 * @observe: it changes nothing, so that an observer may call it
 * @execute: does it, under the phase lock
 */
struct luo_ioctl {
	unsigned int number;
	u16 size;
	u16 min_size;
	u8 on;
	u8 fd_offset;
	bool reply_first;
	bool observe;
	int (*execute)(struct luo_cmd *cmd);
};

long luo_dispatch(const struct luo_ioctl *table, unsigned int nr_ops,
		  const struct luo_caller *caller,
		  unsigned int number, u32 __user *argp);
struct file *luo_session_getfile(struct liveupdate_session *session);

/* luo_list.c */
int luo_cmd_list_session(struct luo_cmd *cmd);
int luo_cmd_list_file(struct luo_cmd *cmd);
int luo_cmd_list_own_file(struct luo_cmd *cmd);

#endif /* _LUO_UAPI_H */
