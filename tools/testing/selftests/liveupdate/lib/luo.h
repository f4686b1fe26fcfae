/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls of the Live Update Orchestrator as functions. All of them return
 * -errno on failure, and a file descriptor or 0 on success.
 */
#ifndef LUO_LIB_H
#define LUO_LIB_H

#include <stdint.h>
#include <linux/liveupdate.h>

#define LUO_DEVICE	"/dev/liveupdate"

int luo_open(void);
int luo_create_on(int dev, const char *name);
int luo_retrieve_on(int dev, const char *name);

/* The same, with the device opened just for it: the device is exclusive. */
int luo_create(const char *name);
int luo_retrieve(const char *name);
int luo_discard(const char *name);

int luo_preserve(int session, int fd, uint64_t token);
/* The same; a check that the log gets this line, once, is made here. */
int luo_refused(int session, int fd, uint64_t token, const char *line);
int luo_unpreserve(int session, uint64_t token);
int luo_get(int session, uint64_t token);
int luo_finish(int session);
int luo_get_name(int session, char *name);

/* An observer's descriptor of the device. */
int luo_observe(void);

/* The first one from arg->id, arg->token on; the rest of arg is overwritten. */
int luo_list_session(int dev, uint32_t direction, uint64_t id,
		     struct liveupdate_ioctl_list_session *arg);
int luo_list_file(int dev, uint32_t direction, uint64_t session, uint64_t token,
		  struct liveupdate_list_file *arg);
int luo_list_own_file(int session, uint64_t token,
		      struct liveupdate_list_file *arg);

/* Find a session by its name; 0 if it is listed, -ENOENT if not. */
int luo_find_session(int dev, uint32_t direction, const char *name,
		     struct liveupdate_ioctl_list_session *arg);

#endif /* LUO_LIB_H */
