// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timeline for people and their scripts: /sys/kernel/debug/liveupdate/timeline
 *
 * One line for each stretch of time, key=value; the oldest update first, and its
 * lines in the order in which they begin, but for calls of handlers, which stand
 * below the stretch in which they can take place.
 */
#include <linux/debugfs.h>
#include <linux/minmax.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "luo_internal.h"

/* What the time from a stamp to the next one is spent with. */
static const char * const luo_stamp_names[LUO_STAMP_NR] = {
	[LUO_STAMP_REBOOT]	= "enter",
	[LUO_STAMP_FREEZE]	= "freeze",
	[LUO_STAMP_SERIALIZE]	= "serialize",
	[LUO_STAMP_FROZEN]	= "shutdown",
	[LUO_STAMP_JUMP]	= "jump",
	[LUO_STAMP_ENTRY]	= "reserve",
	[LUO_STAMP_RESERVED]	= "boot",
	[LUO_STAMP_DECODE]	= "decode",
	[LUO_STAMP_DECODED]	= "init",
	[LUO_STAMP_USERSPACE]	= "userspace",
};

static const char * const luo_timed_names[LUO_TIMED_NR] = {
	[LUO_TIMED_FREEZE]	= "freeze",
	[LUO_TIMED_RETRIEVE]	= "retrieve",
	[LUO_TIMED_FINISH]	= "finish",
};

static const char * const luo_clock_names[] = {
	[LUO_CLOCK_NONE]	= "none",
	[LUO_CLOCK_TSC]		= "tsc",
	[LUO_CLOCK_CNTVCT]	= "cntvct",
};

static u64 luo_update_ns(const struct luo_update_ser *update, u64 ticks)
{
	return luo_abi_ns(ticks, update->khz);
}

/* Since the update began. */
static u64 luo_update_at(const struct luo_update_ser *update, u64 stamp)
{
	return luo_update_ns(update, stamp - update->stamps[LUO_STAMP_REBOOT]);
}

/* When the first file was asked for, and when the last one was there; or 0. */
static void luo_update_retrieved(const struct luo_update_ser *update,
				 u64 *first, u64 *last)
{
	const struct luo_calls_ser *calls;
	unsigned int i;

	*first = 0;
	*last = 0;
	for (i = 0; i < update->nr_handlers; i++) {
		calls = &update->handlers[i].calls[LUO_TIMED_RETRIEVE];
		if (!calls->nr)
			continue;
		if (!*first || calls->first < *first)
			*first = calls->first;
		*last = max(*last, calls->last);
	}
}

static void luo_show_calls(struct seq_file *m,
			   const struct luo_update_ser *update,
			   enum luo_timed timed)
{
	const struct luo_calls_ser *calls;
	unsigned int i;

	for (i = 0; i < update->nr_handlers; i++) {
		calls = &update->handlers[i].calls[timed];
		if (!calls->nr)
			continue;
		seq_printf(m, "update=%llu call=%s handler=", update->generation,
			   luo_timed_names[timed]);
		seq_escape(m, (const char *)update->handlers[i].compatible, "\n\\ ");
		seq_printf(m, " at_ns=%llu end_ns=%llu sum_ns=%llu longest_ns=%llu calls=%u failed=%u\n",
			   luo_update_at(update, calls->first),
			   luo_update_at(update, calls->last),
			   luo_update_ns(update, calls->total),
			   luo_update_ns(update, calls->longest), calls->nr,
			   calls->nr_failed);
	}
}

/* From a stamp to the one that was taken next; @end is behind the last one. */
static void luo_show_stretch(struct seq_file *m,
			     const struct luo_update_ser *update,
			     enum luo_stamp stamp, u64 end)
{
	const u64 *stamps = update->stamps;
	unsigned int next = stamp + 1;

	if (!stamps[stamp])
		return;
	while (next < LUO_STAMP_NR && !stamps[next])
		next++;
	if (next < LUO_STAMP_NR)
		end = stamps[next];
	seq_printf(m, "update=%llu kernel=%s step=%s at_ns=%llu", update->generation,
		   stamp < LUO_STAMP_ENTRY ? "old" : "new",
		   luo_stamp_names[stamp], luo_update_at(update, stamps[stamp]));
	if (end > stamps[stamp])
		seq_printf(m, " took_ns=%llu",
			   luo_update_ns(update, end - stamps[stamp]));
	seq_putc(m, '\n');
	if (stamp == LUO_STAMP_FREEZE)
		luo_show_calls(m, update, LUO_TIMED_FREEZE);
}

static void luo_show_update(struct seq_file *m,
			    const struct luo_update_ser *update)
{
	u64 first, last;
	unsigned int i;

	luo_update_retrieved(update, &first, &last);
	seq_printf(m, "update=%llu from=", update->generation);
	seq_escape(m, (const char *)update->release, "\n\\ ");
	seq_printf(m, " clock=%s stable=%u khz=%u khz_next=%u ticks=%llu",
		   luo_clock_names[update->clock],
		   !(update->flags & LUO_UPDATE_SER_UNSTABLE), update->khz,
		   update->khz_next, update->stamps[LUO_STAMP_REBOOT]);
	if (last)
		seq_printf(m, " blackout_ns=%llu", luo_update_at(update, last));
	seq_putc(m, '\n');
	for (i = 0; i < LUO_STAMP_NR; i++)
		luo_show_stretch(m, update, i, first);
	luo_show_calls(m, update, LUO_TIMED_RETRIEVE);
	luo_show_calls(m, update, LUO_TIMED_FINISH);
}

static int luo_timeline_show(struct seq_file *m, void *unused)
{
	struct luo_update_ser *update;
	unsigned int age = LUO_TIMELINE_UPDATES;

	update = kmalloc(sizeof(*update), GFP_KERNEL);
	if (!update)
		return -ENOMEM;
	while (age--) {
		if (luo_timeline_get(age, update))
			luo_show_update(m, update);
	}
	kfree(update);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(luo_timeline);

/**
 * luo_timeline_debugfs_init() - make the file
 * @dir: where
 *
 * Context: Init.
 */
void __init luo_timeline_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("timeline", 0400, dir, NULL, &luo_timeline_fops);
}
