/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file handler of somebody else, for the selftests
 *
 * Two devices hold a number for each open file, and a handler carries that
 * number over a kexec: "luo_test" keeps the promise of retrieve_retryable,
 * "luo_test_final" does not give it. Both depend on one FLB, which carries a
 * number as well. Every callback can be made to fail, and writes a line into a
 * log, so that a test sees the order in which they came. A number with one of
 * the two highest bits makes the callbacks of just this file fail.
 */
#ifndef _LUO_TEST_H
#define _LUO_TEST_H

#include <linux/fs.h>
#include <linux/liveupdate.h>

#define LUO_TEST_FAIL_PRESERVE	BIT_ULL(63)
#define LUO_TEST_FAIL_FREEZE	BIT_ULL(62)

extern const struct file_operations luo_test_fops;
extern const struct file_operations luo_test_final_fops;
extern struct liveupdate_flb luo_test_flb;
extern struct liveupdate_file_handler luo_test_handlers[2];

u64 luo_test_flb_value(const void *obj);
u64 luo_test_value(struct file *file);
struct file *luo_test_open_value(const char *device, u64 value);
int luo_test_device_register(void);
void luo_test_device_unregister(void);

int luo_test_log_init(void);
void luo_test_log_exit(void);
void luo_test_reserved_init(struct dentry *dir);
__printf(1, 2) void luo_test_note(const char *fmt, ...);

/*
 * Failures on demand. Of a countdown n the nth call from now fails, once; of a
 * count the next n calls fail. Both give -fail_errno, or 0.
 */
int luo_test_countdown(int *n);
int luo_test_count(int *n);
/* -fail_errno if @value has @flag, or 0. */
int luo_test_flagged(u64 value, u64 flag);

#endif /* _LUO_TEST_H */
