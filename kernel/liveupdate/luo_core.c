// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live Update Orchestrator: parameter, phase, init, and the entry from reboot
 *
 * The call chains of the phases:
 *
 *  preserve   ioctl -> luo_fileset_preserve -> luo_file_preserve
 *                   -> the handler's FLBs' preserve, the handler's preserve
 *  freeze     reboot(2) -> kernel_kexec -> liveupdate_reboot -> luo_set_freeze
 *                   -> luo_fileset_freeze -> luo_file_freeze -> freeze
 *             then luo_ride, luo_set_serialize and kho_freeze
 *  decode     late_initcall_sync -> luo_receive -> luo_decode
 *  retrieve   ioctl -> luo_session_take; luo_fileset_retrieve
 *                   -> luo_file_retrieve -> retrieve
 *  finish     ioctl or close(2) -> luo_session_finish -> luo_fileset_finish
 *                   -> luo_file_finish -> finish, the FLBs' finish
 *
 * Each of them but decode runs under luo_phase_rwsem.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kexec.h>
#include <linux/kexec_handover.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <trace/events/liveupdate.h>

#include "luo_internal.h"

DECLARE_RWSEM(luo_phase_rwsem);

/* Number of live updates since the cold boot. */
u64 luo_generation;

static bool luo_on __ro_after_init = IS_ENABLED(CONFIG_LIVEUPDATE_DEFAULT_ON);

/* Changed under luo_phase_rwsem, and by init. */
static enum luo_phase luo_phase_now;

/* What the next kernel gets to see. A preserved page. */
static struct luo_header_ser *luo_header;

/* Nanoseconds: of decoding at boot, of the last freeze. */
static u64 luo_decode_ns, luo_freeze_ns;

static int __init luo_param(char *arg)
{
	return kstrtobool(arg, &luo_on);
}
early_param("liveupdate", luo_param);

/**
 * liveupdate_enabled() - is live update on?
 *
 * Context: Any, from the first initcall on.
 * Return: true with liveupdate=on and a working KHO.
 */
bool liveupdate_enabled(void)
{
	return luo_on && kho_is_enabled();
}
EXPORT_SYMBOL_GPL(liveupdate_enabled);

/**
 * luo_phase() - where we are
 *
 * Context: Any.
 * Return: the phase, which may be about to change without luo_phase_rwsem.
 */
enum luo_phase luo_phase(void)
{
	return READ_ONCE(luo_phase_now);
}

/**
 * luo_timing_show() - how long things took
 * @m: where to say it
 *
 * Context: Any.
 */
void luo_timing_show(struct seq_file *m)
{
	seq_printf(m, "decode: %llu ns\n", luo_decode_ns);
	seq_printf(m, "freeze: %llu ns\n", luo_freeze_ns);
}

static void luo_set_phase(enum luo_phase phase, int error)
{
	trace_liveupdate_phase(phase, error);
	WRITE_ONCE(luo_phase_now, phase);
}

/* Nothing is handed over, unless reboot(2) says otherwise. */
static void luo_header_clear(void)
{
	memset(luo_header, 0, sizeof(*luo_header));
	luo_header->generation = luo_generation + 1;
	luo_abi_header_seal(luo_header);
}

static int luo_freeze(void)
{
	int ret;

	lockdep_assert_held_write(&luo_phase_rwsem);
	ret = luo_gate_image_check(kexec_image) ?:
	      luo_ride_check(&luo_incoming, kexec_image);
	if (ret)
		return ret;
	if (luo_image_takes(kexec_image)) {
		luo_timeline_forget();
		return 0;
	}

	liveupdate_stamp(LUO_STAMP_FREEZE);
	ret = luo_set_freeze(&luo_outgoing);
	if (ret)
		return ret;
	liveupdate_stamp(LUO_STAMP_SERIALIZE);
	luo_ride(&luo_incoming, luo_header);
	luo_set_serialize(&luo_outgoing, luo_header);
	ret = kho_freeze();
	if (ret)
		goto thaw;
	if (luo_header->nr_riders)
		ret = kho_carry_incoming();
	if (ret)
		goto thaw_kho;
	liveupdate_stamp(LUO_STAMP_FROZEN);
	return 0;

thaw_kho:
	kho_thaw();
thaw:
	luo_header_clear();
	luo_set_unfreeze(&luo_outgoing);
	return ret;
}

/**
 * liveupdate_reboot() - kexec is about to happen
 *
 * After a success nothing that is preserved changes any more, and no call of
 * ours returns: the kernel jumps. Everything that was needed for that was
 * allocated before.
 *
 * Context: From kernel_kexec(), which holds the kexec lock. May sleep.
 * Return: 0, or, and then all is as before (F4):
 * * -ENOEXEC: the image cannot take along what is preserved (F5)
 * * -EPROTONOSUPPORT: the image cannot read it (F5)
 * * -EBUSY: a file of the previous kernel cannot be finished now (F6)
 * * -E2BIG: more sessions of previous kernels are left than can ride along
 * * -EINTR: killed
 * * what the freeze of a handler returned
 */
int liveupdate_reboot(void)
{
	u64 start, entered = get_cycles();
	int ret;

	if (luo_phase() == LUO_PHASE_OFF)
		return 0;
	if (down_write_killable(&luo_phase_rwsem))
		return -EINTR;
	start = local_clock();
	luo_set_phase(LUO_PHASE_FROZEN, 0);
	luo_timeline_start(entered);
	ret = luo_freeze();
	luo_freeze_ns = local_clock() - start;
	if (ret) {
		luo_set_phase(LUO_PHASE_RUNNING, ret);
		up_write(&luo_phase_rwsem);
	} else if (luo_header->nr_sessions || luo_header->nr_riders) {
		pr_info("frozen %llu sessions, %llu files in %llu ns, %llu older sessions ride along\n",
			luo_header->nr_sessions, luo_header->nr_files,
			luo_freeze_ns, luo_header->nr_riders);
	}
	return ret;
}

/**
 * liveupdate_reboot_waits() - does reboot(2) wait for a call of ours?
 *
 * For callbacks that take long, see &struct liveupdate_file_ops.
 *
 * Context: From a callback of a handler.
 * Return: true if so.
 */
bool liveupdate_reboot_waits(void)
{
	return rwsem_is_contended(&luo_phase_rwsem);
}
EXPORT_SYMBOL_GPL(liveupdate_reboot_waits);

/**
 * liveupdate_wait() - wait a little for what userspace may hold for ever
 *
 * For callbacks that need a lock under which memory of userspace is touched:
 * they try for it, and come here as long as they do not get it.
 *
 * Context: From a callback of a handler that may fail. Sleeps for a tick.
 * Return: 0 to try again, -ERESTART if reboot(2) waits for the call, -EINTR if
 * the caller is being killed.
 */
int liveupdate_wait(void)
{
	if (liveupdate_reboot_waits())
		return -ERESTART;
	schedule_timeout_killable(1);
	return fatal_signal_pending(current) ? -EINTR : 0;
}
EXPORT_SYMBOL_GPL(liveupdate_wait);

static const void *luo_kho_map(const struct luo_abi_reader *reader, u64 pa)
{
	if (!kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

static void luo_kho_release(const struct luo_abi_reader *reader, u64 pa)
{
	if (kho_is_incoming(PHYS_PFN(pa), 1))
		kho_restore_free(phys_to_virt(pa));
}

const struct luo_abi_reader luo_kho_reader = {
	.map		= luo_kho_map,
	.release	= luo_kho_release,
};

/* The header of the previous kernel, NULL if there is none. */
static const struct luo_header_ser *luo_header_incoming(phys_addr_t *pa)
{
	const struct luo_header_ser *header;
	size_t size;
	int ret;

	ret = kho_retrieve_subtree(LUO_SUBTREE, pa, &size);
	if (ret == -ENOENT)
		return NULL;
	if (ret)
		return ERR_PTR(ret);
	header = luo_kho_map(&luo_kho_reader, *pa);
	if (!header || offset_in_page(*pa))
		return ERR_PTR(-EBADMSG);
	ret = luo_abi_header_check(header, min_t(size_t, size, PAGE_SIZE));
	return ret ? ERR_PTR(ret) : header;
}

/* Take what the previous kernel left. If that fails then F8 is what remains. */
static void luo_receive(void)
{
	const struct luo_header_ser *header;
	u64 start = local_clock();
	phys_addr_t pa;
	int ret;

	if (!is_kho_boot())
		return;
	header = luo_header_incoming(&pa);
	if (!header)
		return;
	ret = PTR_ERR_OR_ZERO(header);
	if (!ret)
		ret = luo_decode(&luo_incoming, &luo_kho_reader, header);
	if (ret) {
		pr_err("cannot read what the previous kernel left, its memory stays reserved: %pe\n",
		       ERR_PTR(ret));
		luo_incoming.status = -EIO;
		return;
	}
	luo_generation = header->generation;
	luo_decode_ns = local_clock() - start;
	if (header->nr_sessions || header->nr_riders)
		pr_info("decoded %llu sessions, %llu files in %llu ns, update %llu, %llu older sessions\n",
			header->nr_sessions, header->nr_files, luo_decode_ns,
			header->generation, header->nr_riders);
	luo_kho_release(&luo_kho_reader, pa);
}

/* Live update is off, but it was on in the previous kernel. */
static void luo_receive_nothing(void)
{
	const struct luo_header_ser *header;
	phys_addr_t pa;

	if (!is_kho_boot())
		return;
	header = luo_header_incoming(&pa);
	if (IS_ERR(header) ||
	    (header && (header->nr_sessions || header->nr_riders)))
		pr_warn("off: what the previous kernel left is not used, its memory stays reserved\n");
}

static int __init luo_header_publish(void)
{
	int ret;

	luo_header = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(luo_header))
		return PTR_ERR(luo_header);
	luo_header_clear();
	ret = kho_add_subtree(LUO_SUBTREE, luo_header, PAGE_SIZE);
	if (ret)
		kho_unpreserve_free(luo_header);
	return ret;
}

static int __init luo_start(void)
{
	int ret;

	ret = luo_session_set_init(&luo_outgoing, LUO_OUTGOING);
	if (ret)
		return ret;
	ret = luo_session_set_init(&luo_incoming, LUO_INCOMING);
	if (ret)
		return ret;
	liveupdate_stamp(LUO_STAMP_DECODE);
	luo_receive();
	liveupdate_stamp(LUO_STAMP_DECODED);
	luo_timeline_init();
	ret = luo_header_publish();
	if (ret)
		return ret;
	ret = luo_uapi_init();
	if (ret)
		return ret;
	luo_debugfs_init();
	luo_set_phase(LUO_PHASE_RUNNING, 0);
	return 0;
}

static int __init luo_init(void)
{
	int ret;

	if (!liveupdate_enabled()) {
		luo_receive_nothing();
		return 0;
	}
	ret = luo_start();
	if (ret) {
		pr_err("cannot start: %pe\n", ERR_PTR(ret));
		luo_on = false;
	}
	return ret;
}
late_initcall_sync(luo_init);
