/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites have in common: a handler that writes a log and fails
 * on demand, two sets of sessions of their own, and a jump without a kexec.
 */
#ifndef _LUO_KUNIT_H
#define _LUO_KUNIT_H

#include <kunit/test.h>

#include "../luo_internal.h"

#define LUO_KUNIT_LOG	512

/**
 * struct luo_kunit_handler - a handler for the files of luo_kunit_file()
 * @fh: registered by luo_kunit_init()
 * @ops: of @fh, may be changed by a test
 * @fail_token: preserve, freeze and retrieve fail for the record with this data
 * @error: with this errno
 * @busy: can_finish says no
 * @needs: retrieve first gets the file with this token, if not 0
 * @retrieves: number of calls
 */
struct luo_kunit_handler {
	struct liveupdate_file_handler fh;
	struct liveupdate_file_ops ops;
	u64 fail_token;
	int error;
	bool busy;
	u64 needs;
	unsigned int retrieves;
};

/**
 * struct luo_kunit - a world of its own
 * @out: outgoing sessions
 * @in: incoming sessions
 * @header: of the last jump
 * @log: what callbacks were called, in order
 */
struct luo_kunit {
	struct luo_session_set out;
	struct luo_session_set in;
	struct luo_header_ser header;
	char log[LUO_KUNIT_LOG];
};

extern struct luo_kunit luo_kunit;
extern struct luo_kunit_handler luo_kunit_handler;

int luo_kunit_init(struct kunit *test);
void luo_kunit_exit(struct kunit *test);

void luo_kunit_say(const char *fmt, ...) __printf(1, 2);
void luo_kunit_expect_log(struct kunit *test, const char *expected);

struct file *luo_kunit_file(struct kunit *test);
struct liveupdate_session *luo_kunit_session(struct kunit *test,
					     const char *name);
int luo_kunit_preserve(struct liveupdate_session *session, u64 token,
		       struct file *file);
void luo_kunit_preserve_new(struct kunit *test,
			    struct liveupdate_session *session, u64 token);
int luo_kunit_serialize(void);
int luo_kunit_decode(void);
void luo_kunit_jump(struct kunit *test);
struct liveupdate_session *luo_kunit_take(struct kunit *test, const char *name);
int luo_kunit_retrieve(struct liveupdate_session *session, u64 token);
void *luo_kunit_record(u64 block_pa, unsigned int index);

#endif /* _LUO_KUNIT_H */
