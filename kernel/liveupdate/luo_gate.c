// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cannot go together
 *
 * Preserved files need a kexec image that takes them along and can read them
 * (F5), and neither hibernation nor a kexec jump would (F18). Both sides meet
 * here: a file that is about to be preserved and an image that is about to be
 * installed each look at what the other side said before, under one lock.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/export.h>
#include <linux/kexec.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sysctl.h>

#include "luo_abi_image.h"
#include "luo_internal.h"

static DEFINE_MUTEX(luo_gate_lock);

/* Protected by luo_gate_lock. The image is the one that is loaded, or NULL. */
static const struct kimage *luo_gate_image;
static unsigned long luo_gate_files;

/* Incoming files and records that nobody took over yet. */
static atomic_long_t luo_gate_waiting_nr;

unsigned int luo_max_sessions = 16384;
static unsigned int luo_max_files = 1048576;

static int luo_gate_check_one(const struct kimage *image,
			      enum luo_range_kind kind, const char *compatible)
{
	int ret = luo_image_reads(image, kind, compatible);

	if (ret == -ENOENT) {
		pr_info("the kexec image does not say whether it reads %s\n",
			compatible);
		return 0;
	}
	if (ret)
		pr_err_ratelimited("the kexec image cannot read %s\n",
				   compatible);
	return ret;
}

/**
 * luo_gate_check_handler() - can an image read what files of a handler leave?
 * @image: the image
 * @fh: the handler; its FLBs cannot change
 *
 * Context: May sleep.
 * Return: 0, or -EPROTONOSUPPORT if it says that it cannot (F5).
 */
int luo_gate_check_handler(const struct kimage *image,
			   const struct liveupdate_file_handler *fh)
{
	struct luo_flb_link *link;
	int ret;

	lockdep_assert_held(&luo_gate_lock);
	ret = luo_gate_check_one(image, LUO_RANGE_FILE, fh->compatible);
	list_for_each_entry(link, &fh->flb_links, list) {
		if (ret)
			break;
		ret = luo_gate_check_one(image, LUO_RANGE_FLB,
					 link->flb->compatible);
	}
	return ret;
}

/* Can the image that is loaded take one more file of a handler along? */
static int luo_gate_check_file(const struct liveupdate_file_handler *fh)
{
	int ret;

	if (!luo_gate_image)
		return 0;
	ret = luo_image_takes(luo_gate_image);
	if (ret) {
		pr_warn_ratelimited("the kexec image that is loaded cannot take preserved files along: %s\n",
				    luo_image_why(luo_gate_image));
		return ret;
	}
	/* If there are others of this handler then that was checked before. */
	return fh->nr_files ? 0 : luo_gate_check_handler(luo_gate_image, fh);
}

/**
 * luo_gate_file_add() - a file is about to be preserved
 * @fh: its handler, from luo_handler_get()
 *
 * Context: May sleep.
 * Return:
 * * 0: luo_gate_file_del() has to follow when it no longer is
 * * -ENOSPC: kernel.liveupdate_max_files is reached
 * * -ENOEXEC: an image is loaded that cannot take it along (F5)
 * * -EPROTONOSUPPORT: an image is loaded that cannot read it (F5)
 */
int luo_gate_file_add(struct liveupdate_file_handler *fh)
{
	int ret;

	guard(mutex)(&luo_gate_lock);

	ret = luo_gate_check_file(fh);
	if (ret)
		return ret;
	if (luo_gate_files >= READ_ONCE(luo_max_files))
		return -ENOSPC;
	WRITE_ONCE(luo_gate_files, luo_gate_files + 1);
	fh->nr_files++;
	return 0;
}

/**
 * luo_gate_file_del() - a file is not preserved any more
 * @fh: its handler
 *
 * Context: May sleep.
 */
void luo_gate_file_del(struct liveupdate_file_handler *fh)
{
	guard(mutex)(&luo_gate_lock);

	WRITE_ONCE(luo_gate_files, luo_gate_files - 1);
	fh->nr_files--;
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

/* What the next kernel has to get, or it is lost. */
static unsigned long luo_gate_held(void)
{
	return luo_gate_files_nr() + luo_gate_waiting();
}

/* Can the image take along all that is preserved or waits? */
static int luo_gate_check(const struct kimage *image)
{
	int ret;

	lockdep_assert_held(&luo_gate_lock);
	if (!luo_gate_held())
		return 0;
	ret = luo_image_takes(image);
	if (!ret)
		return luo_handlers_check(image);
	pr_err("kexec image refused: %s, and %lu files are preserved or wait\n",
	       luo_image_why(image), luo_gate_held());
	return ret;
}

/* Says early, when a shutdown has not begun yet, what reboot(2) would say. */
static int luo_gate_riders(const struct kimage *image)
{
	guard(rwsem_read)(&luo_phase_rwsem);
	if (luo_phase() == LUO_PHASE_OFF)
		return 0;
	return luo_ride_ask(&luo_incoming, image);
}

/**
 * liveupdate_image_install() - a kexec image is about to be installed
 * @image: the image, not one for a crash; NULL if the present one goes
 *
 * The caller installs the image after a success, or calls
 * liveupdate_image_stays(). It holds the kexec lock.
 *
 * Context: May sleep.
 * Return: 0; if files are preserved, or wait to be taken over (F5): -ENOEXEC if
 * the image is one of kexec_load(2), is for a kexec jump, was loaded with KHO
 * off or does not know of live updates, -EPROTONOSUPPORT if it says that it
 * cannot read what is preserved; -EBUSY if a file of the previous kernel cannot
 * be finished now (F6); -E2BIG if more sessions are left than can ride along;
 * -EINTR if the caller was killed.
 */
int liveupdate_image_install(const struct kimage *image)
{
	int ret = image ? luo_gate_riders(image) : 0;

	if (ret)
		return ret;
	guard(rwsem_read)(&luo_registry_rwsem);
	guard(mutex)(&luo_gate_lock);

	ret = image ? luo_gate_check(image) : 0;
	if (!ret)
		luo_gate_image = image;
	return ret;
}

/**
 * liveupdate_image_stays() - the kexec image was not installed after all
 * @image: the one that stays loaded, or NULL
 *
 * reboot(2) finds out if it cannot take along what was preserved meanwhile.
 *
 * Context: May sleep.
 */
void liveupdate_image_stays(const struct kimage *image)
{
	guard(mutex)(&luo_gate_lock);
	luo_gate_image = image;
}

/**
 * luo_gate_image_check() - last resort: can the image take our files along?
 * @image: the image that is loaded
 *
 * Context: May sleep; the caller holds the kexec lock, and the phase lock for write.
 * Return: 0, -ENOEXEC or -EPROTONOSUPPORT (F5).
 */
int luo_gate_image_check(const struct kimage *image)
{
	guard(rwsem_read)(&luo_registry_rwsem);
	guard(mutex)(&luo_gate_lock);
	return luo_gate_check(image);
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

/* More would not be believed by the next kernel. */
static unsigned int luo_most_sessions = LUO_SER_SESSIONS_MAX;
static unsigned int luo_most_files = LUO_SER_FILES_MAX;

static const struct ctl_table luo_gate_sysctls[] = {
	{
		.procname	= "liveupdate_max_sessions",
		.data		= &luo_max_sessions,
		.maxlen		= sizeof(luo_max_sessions),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= &luo_most_sessions,
	},
	{
		.procname	= "liveupdate_max_files",
		.data		= &luo_max_files,
		.maxlen		= sizeof(luo_max_files),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= &luo_most_files,
	},
};

static int __init luo_gate_init(void)
{
	if (liveupdate_enabled())
		register_sysctl_init("kernel", luo_gate_sysctls);
	return 0;
}
late_initcall(luo_gate_init);
