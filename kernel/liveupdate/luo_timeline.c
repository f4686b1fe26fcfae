// SPDX-License-Identifier: GPL-2.0-only
/*
 * When an update was where, on both sides of the jump
 *
 * The timeline is a block of preserved memory that is made at boot. Its first
 * update is the one to come: reboot(2) fills it in from the beginning, so that
 * an attempt that fails leaves nothing. The next kernel copies what it finds into
 * a block of its own, one place further back, and adds its half.
 *
 * Nothing depends on it. Without memory, or without a clock that both kernels
 * can read, there is none; what cannot be read is left out.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/timex.h>
#include <linux/utsname.h>
#ifdef CONFIG_ARM64
#include <clocksource/arm_arch_timer.h>
#endif

#include "luo_internal.h"

/* Protects the records of updates, but for stamps of a single CPU. */
static DEFINE_SPINLOCK(luo_timeline_lock);

/* Preserved; constant from luo_timeline_init() on, NULL if there is none. */
static struct luo_timeline_ser *luo_timeline;

/* The update that started this kernel, in luo_timeline; NULL if unknown. */
static struct luo_update_ser *luo_update_here;

/* What was stamped before there was a timeline. */
static u64 luo_stamps_boot[LUO_STAMP_NR];

#if defined(CONFIG_X86)
static enum luo_clock luo_clock_id(void)
{
	return tsc_khz ? LUO_CLOCK_TSC : LUO_CLOCK_NONE;
}

u32 luo_clock_khz(void)
{
	return tsc_khz;
}

static bool luo_clock_unstable(void)
{
	return check_tsc_unstable();
}
#elif defined(CONFIG_ARM64)
static enum luo_clock luo_clock_id(void)
{
	return LUO_CLOCK_CNTVCT;
}

u32 luo_clock_khz(void)
{
	return arch_timer_get_rate() / 1000;
}

static bool luo_clock_unstable(void)
{
	return false;
}
#else
static enum luo_clock luo_clock_id(void)
{
	return LUO_CLOCK_NONE;
}

u32 luo_clock_khz(void)
{
	return 0;
}

static bool luo_clock_unstable(void)
{
	return true;
}
#endif

/**
 * liveupdate_stamp() - the update is here
 * @stamp: which moment of it
 *
 * Context: Any, but those of the old kernel from reboot(2) only. The first ones
 * of the new kernel come before there is an allocator, the last one of the old
 * kernel after its last interrupt.
 */
void liveupdate_stamp(enum luo_stamp stamp)
{
	u64 now = get_cycles();

	if (stamp > LUO_STAMP_JUMP) {
		if (luo_update_here)
			luo_update_here->stamps[stamp] = now;
		else
			luo_stamps_boot[stamp] = now;
		return;
	}
	/* A kexec jump comes by too, and a kexec that takes nothing along. */
	if (!luo_timeline || luo_phase() != LUO_PHASE_FROZEN ||
	    !luo_abi_update_began(&luo_timeline->updates[0]))
		return;
	luo_timeline->updates[0].stamps[stamp] = now;
	if (stamp == LUO_STAMP_JUMP)
		luo_abi_update_seal(&luo_timeline->updates[0]);
}

/**
 * luo_timeline_start() - a new attempt to update, forget the one before
 * @now: when it began, ticks
 *
 * Context: Inside reboot(2); the phase lock is held for write.
 */
void luo_timeline_start(u64 now)
{
	struct luo_update_ser *update;

	if (!luo_timeline)
		return;
	update = &luo_timeline->updates[0];
	memset(update, 0, sizeof(*update));
	update->generation = luo_generation + 1;
	update->stamps[LUO_STAMP_REBOOT] = now;
	update->clock = luo_clock_id();
	update->khz = luo_clock_khz();
	update->flags = luo_clock_unstable() ? LUO_UPDATE_SER_UNSTABLE : 0;
	strscpy(update->release, init_utsname()->release);
	/* It has grown since it came, and nothing is added to it from here on. */
	if (luo_update_here)
		luo_abi_update_seal(luo_update_here);
}

/**
 * luo_timeline_forget() - what was started is no update
 *
 * Context: Inside reboot(2); the phase lock is held for write.
 */
void luo_timeline_forget(void)
{
	if (luo_timeline)
		memset(&luo_timeline->updates[0], 0,
		       sizeof(luo_timeline->updates[0]));
}

/**
 * luo_timeline_call() - a callback of a handler has returned
 * @compatible: of the handler
 * @timed: which callback
 * @begin: when it was called, ticks
 * @end: when it returned
 * @failed: with an error
 *
 * Context: Any.
 */
void luo_timeline_call(const char *compatible, enum luo_timed timed, u64 begin,
		       u64 end, bool failed)
{
	struct luo_update_ser *update = luo_update_here;

	if (timed == LUO_TIMED_FREEZE)
		update = luo_timeline ? &luo_timeline->updates[0] : NULL;
	if (!update)
		return;
	guard(spinlock)(&luo_timeline_lock);
	luo_abi_update_call(update, compatible, timed, begin, end, failed);
}

/* Does the update that brought us here fit to what we know ourselves? */
static bool __init luo_update_fits(const struct luo_update_ser *update)
{
	u32 khz = luo_clock_khz();

	if (update->clock != luo_clock_id() ||
	    update->stamps[LUO_STAMP_JUMP] > luo_stamps_boot[LUO_STAMP_ENTRY])
		return false;
	return abs_diff(update->khz, khz) <= khz / 100;
}

static void __init luo_update_add_here(struct luo_update_ser *update)
{
	memcpy(&update->stamps[LUO_STAMP_ENTRY],
	       &luo_stamps_boot[LUO_STAMP_ENTRY],
	       (LUO_STAMP_NR - LUO_STAMP_ENTRY) * sizeof(u64));
	update->khz_next = luo_clock_khz();
	if (luo_clock_unstable())
		update->flags |= LUO_UPDATE_SER_UNSTABLE;
	luo_update_here = update;
}

static void __init luo_timeline_take(const struct luo_timeline_ser *from)
{
	unsigned int bad;
	bool taken;

	bad = luo_abi_timeline_take(luo_timeline, from, &taken);
	if (bad)
		pr_warn("timeline: %u of %u updates cannot be read, nothing else is affected\n",
			bad, from->head.nr_updates);
	if (!taken)
		return;
	if (luo_update_fits(&luo_timeline->updates[1]))
		luo_update_add_here(&luo_timeline->updates[1]);
	else
		pr_warn("timeline: the clock is not that of the previous kernel, nothing else is affected\n");
}

/* Returns the timeline of the previous kernel, NULL if it has left none. */
static struct luo_timeline_ser * __init luo_timeline_incoming(void)
{
	struct luo_timeline_ser *from;
	phys_addr_t pa;
	size_t size;
	int ret;

	ret = kho_retrieve_subtree(LUO_TIMELINE_SUBTREE, &pa, &size);
	if (ret)
		return ret == -ENOENT ? NULL : ERR_PTR(ret);
	if (offset_in_page(pa) || !size || size > SZ_1M ||
	    !kho_is_incoming(PHYS_PFN(pa), PFN_UP(size)))
		return ERR_PTR(-EBADMSG);
	from = phys_to_virt(pa);
	ret = luo_abi_timeline_check(from, size);
	return ret ? ERR_PTR(ret) : from;
}

static void __init luo_timeline_receive(void)
{
	struct luo_timeline_ser *from = luo_timeline_incoming();

	if (IS_ERR(from)) {
		pr_warn("timeline: of earlier updates it cannot be read, nothing else is affected: %pe\n",
			from);
	} else if (from) {
		if (luo_timeline)
			luo_timeline_take(from);
		kho_restore_free(from);
	}
}

static void __init luo_timeline_publish(void)
{
	struct luo_timeline_ser *timeline;

	timeline = kho_alloc_preserve(sizeof(*timeline));
	if (IS_ERR(timeline) ||
	    kho_add_subtree(LUO_TIMELINE_SUBTREE, timeline, sizeof(*timeline))) {
		pr_warn("timeline: no memory for it, nothing else is affected\n");
		if (!IS_ERR(timeline))
			kho_unpreserve_free(timeline);
		return;
	}
	luo_abi_timeline_init(timeline);
	luo_timeline = timeline;
}

/**
 * luo_timeline_init() - go on with the timeline of the previous kernel
 *
 * A kernel without a clock has none, but gives back the memory of that one.
 *
 * Context: Init.
 */
void __init luo_timeline_init(void)
{
	if (luo_clock_id() != LUO_CLOCK_NONE)
		luo_timeline_publish();
	if (is_kho_boot())
		luo_timeline_receive();
}

/**
 * luo_timeline_get() - look at an update
 * @age: 0 for the one that started this kernel, 1 for the one before, ...
 * @update: out: a copy
 *
 * Context: Any.
 * Return: true if there is one of this age.
 */
bool luo_timeline_get(unsigned int age, struct luo_update_ser *update)
{
	guard(spinlock)(&luo_timeline_lock);
	if (!luo_timeline || age + 1 >= luo_timeline->head.nr_updates)
		return false;
	*update = luo_timeline->updates[age + 1];
	return true;
}
