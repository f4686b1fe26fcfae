/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When an update was where: what one kernel tells the next about that
 *
 * The KHO subtree LUO_TIMELINE_SUBTREE is one block of memory: a struct
 * luo_timeline_head_ser, then LUO_TIMELINE_UPDATES + 1 of struct luo_update_ser,
 * the newest first. The first one is that of the jump which carries it: the old
 * kernel has filled in its half, and the new kernel adds the other one. Those
 * behind are of earlier jumps.
 *
 * Times are ticks of a counter that runs on through a kexec and is the same for
 * both kernels, see enum luo_clock. A stamp of 0 was not taken.
 *
 * A timeline is for people. A reader that cannot read it, or some update of it,
 * does without.
 */
#ifndef _LINUX_KHO_ABI_LUO_TIMELINE_H
#define _LINUX_KHO_ABI_LUO_TIMELINE_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define LUO_TIMELINE_SUBTREE	"liveupdate-timeline"
#define LUO_TIMELINE_COMPATIBLE	"luo-timeline-v1"
#define LUO_TIMELINE_VERSION	1

/* Updates that are over, and handlers of each, which are remembered. */
#define LUO_TIMELINE_UPDATES	16U
#define LUO_TIMELINE_HANDLERS	8U

#define LUO_TIMELINE_COMPATIBLE_LENGTH	48
#define LUO_TIMELINE_RELEASE_LENGTH	65

/* Bounds of a frequency that is believed, kHz. */
#define LUO_CLOCK_KHZ_MIN	1000U
#define LUO_CLOCK_KHZ_MAX	100000000U

enum luo_clock {
	LUO_CLOCK_NONE = 0,	/* this machine has none: no timeline */
	LUO_CLOCK_TSC = 1,	/* x86: time stamp counter */
	LUO_CLOCK_CNTVCT = 2,	/* arm64: virtual counter of the timer */
};

/* Moments of an update, in their order. */
enum luo_stamp {
	/* the old kernel */
	LUO_STAMP_REBOOT = 0,	/* reboot(2) comes to us */
	LUO_STAMP_FREEZE = 1,	/* nobody is in our way, freezing begins */
	LUO_STAMP_SERIALIZE = 2, /* all is frozen, records are written */
	LUO_STAMP_FROZEN = 3,	/* nothing that is preserved changes any more */
	LUO_STAMP_JUMP = 4,	/* the last instructions that are ours */
	/* the new kernel */
	LUO_STAMP_ENTRY = 5,	/* the first instructions that are ours */
	LUO_STAMP_RESERVED = 6,	/* KHO has reserved what is preserved */
	LUO_STAMP_DECODE = 7,	/* records are read */
	LUO_STAMP_DECODED = 8,	/* sessions can be retrieved */
	LUO_STAMP_USERSPACE = 9, /* init is about to start */
	LUO_STAMP_NR = 10,
};

/* Callbacks of handlers of which is counted how long they take. */
enum luo_timed {
	LUO_TIMED_FREEZE = 0,
	LUO_TIMED_RETRIEVE = 1,
	LUO_TIMED_FINISH = 2,
	LUO_TIMED_NR = 3,
};

/**
 * struct luo_timeline_head_ser - what follows
 * @compatible: LUO_TIMELINE_COMPATIBLE, padded with zeroes
 * @version: LUO_TIMELINE_VERSION
 * @size: of everything, this included, bytes
 * @nr_updates: number of updates that follow, the unfinished one included
 * @crc: CRC32 of everything before
 */
struct luo_timeline_head_ser {
	__u8 compatible[LUO_TIMELINE_COMPATIBLE_LENGTH];
	__u32 version;
	__u32 size;
	__u32 nr_updates;
	__u32 crc;
};

static_assert(sizeof(struct luo_timeline_head_ser) == 64);

/**
 * struct luo_calls_ser - calls of one callback, all of them together
 * @first: when the first one began
 * @last: when the last one ended
 * @total: ticks in all of them, which may have overlapped
 * @longest: ticks in the longest one
 * @nr: their number; if it is 0 then so is all else
 * @nr_failed: number of those that returned an error
 */
struct luo_calls_ser {
	__u64 first;
	__u64 last;
	__u64 total;
	__u64 longest;
	__u32 nr;
	__u32 nr_failed;
};

static_assert(sizeof(struct luo_calls_ser) == 40);

/**
 * struct luo_handler_times_ser - what one handler took
 * @compatible: of the handler, padded with zeroes
 * @calls: by enum luo_timed
 */
struct luo_handler_times_ser {
	__u8 compatible[LUO_TIMELINE_COMPATIBLE_LENGTH];
	struct luo_calls_ser calls[LUO_TIMED_NR];
};

static_assert(sizeof(struct luo_handler_times_ser) == 168);

/* One of the two kernels had doubts about its clock. */
#define LUO_UPDATE_SER_UNSTABLE	0x1U

/**
 * struct luo_update_ser - one update
 * @generation: of the header that the jump carried
 * @stamps: by enum luo_stamp, ticks
 * @handlers: the first @nr_handlers of them are used
 * @clock: enum luo_clock
 * @khz: its frequency, as the old kernel knew it
 * @khz_next: as the new kernel knew it, 0 if there is none yet
 * @nr_handlers: number of handlers that were called
 * @flags: LUO_UPDATE_SER_*
 * @release: of the old kernel, NUL-terminated, padded with zeroes
 * @reserved: zero
 * @reserved2: zero
 * @crc: CRC32 of everything before
 */
struct luo_update_ser {
	__u64 generation;
	__u64 stamps[LUO_STAMP_NR];
	struct luo_handler_times_ser handlers[LUO_TIMELINE_HANDLERS];
	__u32 clock;
	__u32 khz;
	__u32 khz_next;
	__u32 nr_handlers;
	__u32 flags;
	__u8 release[LUO_TIMELINE_RELEASE_LENGTH];
	__u8 reserved[3];
	__u32 reserved2;
	__u32 crc;
};

static_assert(sizeof(struct luo_update_ser) == 1528);

/**
 * struct luo_timeline_ser - the whole block
 * @head: says how many of @updates are used
 * @updates: the newest first
 */
struct luo_timeline_ser {
	struct luo_timeline_head_ser head;
	struct luo_update_ser updates[LUO_TIMELINE_UPDATES + 1];
};

static_assert(sizeof(struct luo_timeline_ser) == 64 + 17 * 1528);

#endif /* _LINUX_KHO_ABI_LUO_TIMELINE_H */
