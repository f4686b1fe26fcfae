// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cannot go together
 *
 * Preserved files need a kexec image that takes them along (F5), and neither
 * hibernation nor a kexec jump would (F18). Both sides meet here: a file that
 * is about to be preserved and an image that is about to be installed each
 * look at what the other side said before, under one lock.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/export.h>
#include <linux/kexec.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sysctl.h>

#include "luo_internal.h"

enum luo_gate_image {
	LUO_IMAGE_NONE,
	LUO_IMAGE_FIT,
	LUO_IMAGE_UNFIT,
};

static DEFINE_MUTEX(luo_gate_lock);

/* Protected by luo_gate_lock. */
static enum luo_gate_image luo_gate_image;
static unsigned long luo_gate_files;

/* Incoming files and records that nobody took over yet. */
static atomic_long_t luo_gate_waiting_nr;

unsigned int luo_max_sessions = 16384;
static unsigned int luo_max_files = 1048576;

/**
 * luo_gate_file_add() - a file is about to be preserved
 *
 * Context: May sleep.
 * Return:
 * * 0: luo_gate_file_del() has to follow when it no longer is
 * * -ENOSPC: kernel.liveupdate_max_files is reached
 * * -ENOEXEC: an image is loaded that cannot take it along (F5)
 */
int luo_gate_file_add(void)
{
	guard(mutex)(&luo_gate_lock);

	if (luo_gate_image == LUO_IMAGE_UNFIT) {
		pr_warn_ratelimited("the kexec image that is loaded cannot take preserved files along\n");
		return -ENOEXEC;
	}
	if (luo_gate_files >= READ_ONCE(luo_max_files))
		return -ENOSPC;
	WRITE_ONCE(luo_gate_files, luo_gate_files + 1);
	return 0;
}

/**
 * luo_gate_file_del() - a file is not preserved any more
 *
 * Context: May sleep.
 */
void luo_gate_file_del(void)
{
	guard(mutex)(&luo_gate_lock);

	WRITE_ONCE(luo_gate_files, luo_gate_files - 1);
}

/**
 * luo_gate_files_nr() - number of preserved files
 *
 * Context: Any.
 * Return: their number, which may be about to change.
 */
unsigned long luo_gate_files_nr(void)
{
	return READ_ONCE(luo_gate_files);
}

/**
 * luo_gate_waiting_add() - the number of incoming files that wait has changed
 * @nr: by how much
 *
 * Context: Any.
 */
void luo_gate_waiting_add(long nr)
{
	atomic_long_add(nr, &luo_gate_waiting_nr);
}

/**
 * luo_gate_waiting() - incoming files and records that nobody took over yet
 *
 * Context: Any.
 * Return: their number.
 */
unsigned long luo_gate_waiting(void)
{
	return atomic_long_read(&luo_gate_waiting_nr);
}

static bool luo_image_fits(const struct kimage *image)
{
	return image->file_mode && image->kho.fdt && !image->preserve_context;
}

/* What the next kernel has to get, or it is lost. */
static unsigned long luo_gate_held(void)
{
	return luo_gate_files_nr() + luo_gate_waiting();
}

/* Says early, when a shutdown has not begun yet, what reboot(2) would say. */
static int luo_gate_riders(void)
{
	guard(rwsem_read)(&luo_phase_rwsem);
	if (luo_phase() == LUO_PHASE_OFF)
		return 0;
	return luo_ride_check(&luo_incoming);
}

/**
 * liveupdate_image_install() - a kexec image is about to be installed
 * @image: the image, not one for a crash; NULL if the present one goes
 *
 * The caller installs the image after a success. It holds the kexec lock.
 *
 * Context: May sleep.
 * Return: 0; -ENOEXEC if files are preserved, or wait to be taken over, and the
 * image is one of kexec_load(2), is for a kexec jump or was loaded with KHO off
 * (F5); -EBUSY if a file of the previous kernel cannot be finished now (F6).
 */
int liveupdate_image_install(const struct kimage *image)
{
	enum luo_gate_image new = LUO_IMAGE_NONE;
	int ret = image ? luo_gate_riders() : 0;

	if (ret)
		return ret;
	guard(mutex)(&luo_gate_lock);

	if (image)
		new = luo_image_fits(image) ? LUO_IMAGE_FIT : LUO_IMAGE_UNFIT;
	if (new == LUO_IMAGE_UNFIT && luo_gate_held()) {
		pr_err("kexec image refused: %s, and %lu files are preserved or wait\n",
		       image->file_mode ? "it has no KHO" :
					  "it is not of kexec_file_load",
		       luo_gate_held());
		return -ENOEXEC;
	}
	luo_gate_image = new;
	return 0;
}

/**
 * luo_gate_image_fits() - does the image take anything along?
 *
 * Context: The caller holds the kexec lock.
 * Return: true if so.
 */
bool luo_gate_image_fits(void)
{
	return luo_image_fits(kexec_image);
}

/**
 * luo_gate_image_check() - last resort: can the image take our files along?
 *
 * Context: May sleep; the caller holds the kexec lock, and the phase lock for write.
 * Return: 0, or -ENOEXEC (F5).
 */
int luo_gate_image_check(void)
{
	guard(mutex)(&luo_gate_lock);

	if (!luo_gate_held() || luo_image_fits(kexec_image))
		return 0;
	pr_err("the kexec image cannot take %lu files along that are preserved or wait\n",
	       luo_gate_held());
	return -ENOEXEC;
}

/**
 * liveupdate_busy() - would memory that is left to itself now be missed? (F18)
 *
 * Context: Any.
 * Return: true if a file is preserved, or waits to be taken over.
 */
bool liveupdate_busy(void)
{
	return luo_gate_files_nr() || luo_gate_waiting();
}

static const struct ctl_table luo_gate_sysctls[] = {
	{
		.procname	= "liveupdate_max_sessions",
		.data		= &luo_max_sessions,
		.maxlen		= sizeof(luo_max_sessions),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
	{
		.procname	= "liveupdate_max_files",
		.data		= &luo_max_files,
		.maxlen		= sizeof(luo_max_files),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
};

static int __init luo_gate_init(void)
{
	if (liveupdate_enabled())
		register_sysctl_init("kernel", luo_gate_sysctls);
	return 0;
}
late_initcall(luo_gate_init);
