/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the demo's agent share: agent.c is init and its tools,
 * sender.c runs in the first kernel, receiver.c in the second.
 */
#ifndef LIVEUPDATE_DEMO_AGENT_H
#define LIVEUPDATE_DEMO_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal.h"

#define __printf(a, b)	__attribute__((format(printf, a, b)))
#define __noreturn	__attribute__((noreturn))

#define DEMO_SESSION	"demo"
#define DEMO_FILE	"/demo/file"
#define DEMO_KERNEL	"/kexec/bzImage"
#define DEMO_INITRD	"/kexec/initrd.cpio"

/* Tokens of the files in the session. */
enum demo_token {
	DEMO_DATA = 1,
	DEMO_SPARSE = 2,
	DEMO_JOURNAL = 3,
};

/* The sparse file: all hole but for SPARSE_END bytes at either end. */
#define SPARSE_SIZE	(64ULL << 30)
#define SPARSE_END	(1024ULL * 1024)

/* Write one line to the person who watches. */
__printf(1, 2) void say(const char *fmt, ...);

/* Say what failed, with errno, and end this process with an error. */
__noreturn __printf(1, 2) void die(const char *fmt, ...);

/* A journal that is not backed by a preserved memfd, for use before one is there. */
struct journal *journal_private(void);

/* Map the journal that @fd holds, shared and writable. */
struct journal *journal_map(int fd);

/* Begin a phase. The returned entry is given to span_end(). */
struct span *span_begin(struct journal *j, int kernel, const char *name, const char *what);

/* End a phase and show it. */
void span_end(struct span *span);

/* Digest of @len bytes of the file @fd, through a mapping; the position stays. */
void sha256_fd(int fd, size_t len, uint8_t out[SHA256_LEN]);

/* Hex form of a digest, in a static buffer of the caller's size 2 * SHA256_LEN + 1. */
void sha256_hex(const uint8_t sum[SHA256_LEN], char *hex);

/* Contents of the two ends of the sparse file: a function of the offset. */
void sparse_pattern(uint64_t offset, uint64_t *buf, size_t bytes);

/* One number of KHO's state, as debugfs shows it. */
long kho_state(const char *name);

/* The stages. They return after success, and die otherwise. */
void sender(void);
void receiver(void);

#endif /* LIVEUPDATE_DEMO_AGENT_H */
