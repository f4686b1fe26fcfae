// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second version of the record of a memfd, for tests of updates between
 * kernels that read and write different versions
 *
 *	memfd_luo_v2.write=1|2	the version of new records
 *	memfd_luo_v2.reads=0|1|2	both versions, or one alone
 *
 * Both are parameters of the command line; an image declares that it reads both
 * whatever they say, and the tests change that in a copy of the image. "write"
 * may also be changed while the kernel runs, files are preserved and an image is
 * loaded: nothing else can show that reboot(2) is the last one to check.
 */
#define pr_fmt(fmt) "memfd_luo: " fmt

#include <linux/liveupdate.h>
#include <linux/moduleparam.h>

#include "memfd_luo.h"

static unsigned int memfd_luo_write = MEMFD_LUO_VERSION;
static unsigned int memfd_luo_read_only;

/* NULL until it is about to be registered. */
static struct liveupdate_file_handler *memfd_luo_v2_handler;

/* Until a test changes it this is what the registry saw. */
static void memfd_luo_v2_apply(struct liveupdate_file_handler *handler)
{
	snprintf((char *)handler->compatible, sizeof(handler->compatible),
		 "memfd-v%u", memfd_luo_write);
	handler->version = memfd_luo_write;
}

static int memfd_luo_write_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, MEMFD_LUO_VERSION,
					MEMFD_LUO_VERSION_TEST);

	if (!err && memfd_luo_v2_handler)
		memfd_luo_v2_apply(memfd_luo_v2_handler);
	return err;
}

static const struct kernel_param_ops memfd_luo_write_ops = {
	.set	= memfd_luo_write_set,
	.get	= param_get_uint,
};

module_param_cb(write, &memfd_luo_write_ops, &memfd_luo_write, 0600);
module_param_named(reads, memfd_luo_read_only, uint, 0400);

/**
 * memfd_luo_version() - the version of new records
 *
 * Return: the version
 */
u32 memfd_luo_version(void)
{
	return READ_ONCE(memfd_luo_write);
}

/**
 * memfd_luo_reads() - is this a version that is read?
 * @version: of a record
 *
 * Return: true if so
 */
bool memfd_luo_reads(u32 version)
{
	if (memfd_luo_read_only)
		return version == memfd_luo_read_only;
	return version == MEMFD_LUO_VERSION || version == MEMFD_LUO_VERSION_TEST;
}

/**
 * memfd_luo_v2_init() - give the handler the versions of the command line
 * @handler: the handler, not registered yet
 */
void __init memfd_luo_v2_init(struct liveupdate_file_handler *handler)
{
	memfd_luo_v2_apply(handler);
	handler->read_min = memfd_luo_read_only ?: MEMFD_LUO_VERSION;
	handler->read_max = memfd_luo_read_only ?: MEMFD_LUO_VERSION_TEST;
	memfd_luo_v2_handler = handler;
}
