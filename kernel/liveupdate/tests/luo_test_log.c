// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test handler's log, and its failures on demand
 *
 * /sys/kernel/debug/luo_test/log has one line for each callback that was called;
 * writing to it empties it.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "luo_test.h"

#define LUO_TEST_LOG	(64 * 1024)

static int fail_errno = ENOMEM;
module_param(fail_errno, int, 0644);
MODULE_PARM_DESC(fail_errno, "The errno of a failure on demand");

static DEFINE_MUTEX(luo_test_lock);	/* the log, and the counts of failures */
static char *luo_test_log;
static size_t luo_test_used;
static struct dentry *luo_test_dir;

void luo_test_note(const char *fmt, ...)
{
	va_list ap;

	guard(mutex)(&luo_test_lock);
	va_start(ap, fmt);
	luo_test_used += vscnprintf(luo_test_log + luo_test_used,
				    LUO_TEST_LOG - luo_test_used, fmt, ap);
	va_end(ap);
}

int luo_test_countdown(int *n)
{
	guard(mutex)(&luo_test_lock);
	return *n > 0 && !--*n ? -fail_errno : 0;
}

int luo_test_count(int *n)
{
	guard(mutex)(&luo_test_lock);
	if (*n <= 0)
		return 0;
	--*n;
	return -fail_errno;
}

int luo_test_flagged(u64 value, u64 flag)
{
	return value & flag ? -fail_errno : 0;
}

static ssize_t luo_test_log_read(struct file *file, char __user *buf, size_t len,
				 loff_t *pos)
{
	guard(mutex)(&luo_test_lock);
	return simple_read_from_buffer(buf, len, pos, luo_test_log,
				       luo_test_used);
}

static ssize_t luo_test_log_write(struct file *file, const char __user *buf,
				  size_t len, loff_t *pos)
{
	guard(mutex)(&luo_test_lock);
	luo_test_used = 0;
	return len;
}

static const struct file_operations luo_test_log_fops = {
	.owner = THIS_MODULE,
	.read = luo_test_log_read,
	.write = luo_test_log_write,
};

int luo_test_log_init(void)
{
	luo_test_log = kzalloc(LUO_TEST_LOG, GFP_KERNEL);
	if (!luo_test_log)
		return -ENOMEM;
	luo_test_dir = debugfs_create_dir("luo_test", NULL);
	debugfs_create_file("log", 0600, luo_test_dir, NULL, &luo_test_log_fops);
	luo_test_reserved_init(luo_test_dir);
	return 0;
}

void luo_test_log_exit(void)
{
	debugfs_remove(luo_test_dir);
	kfree(luo_test_log);
}
