/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions of /dev/liveupdate, for the samples. What fails ends the program,
 * with status 1, or with one of these.
 */
#ifndef LUO_SESSION_H
#define LUO_SESSION_H

#include <stdint.h>

#define EXIT_USAGE	2
#define EXIT_COLD	3	/* no such session */

int open_device(void);
void wait_for_signal(const char *name);

/* Old kernel */
int create_session(int dev, const char *name);
void preserve_fd(int session, int fd, uint64_t token);

/* New kernel */
int retrieve_session(int dev, const char *name);
int retrieve_fd(int session, uint64_t token);
void finish(int session);
void drop(const char *name);

#endif /* LUO_SESSION_H */
