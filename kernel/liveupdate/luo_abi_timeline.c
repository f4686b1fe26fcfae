// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serialised form of the timeline: encode, decode, validate
 *
 * As luo_abi.c: pure functions over memory, nothing in what comes from the
 * previous kernel is believed before it was checked.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "luo_abi.h"

#define NS_PER_MS	1000000

/**
 * luo_abi_ns() - a time for people
 * @ticks: anything: what is nonsense stays so, but does no harm
 * @khz: frequency
 *
 * Not mul_u64_u32_div(), which traps on x86 if the result is too large.
 *
 * Context: Any.
 * Return: nanoseconds modulo 2^64, 0 if the frequency is not known.
 */
u64 luo_abi_ns(u64 ticks, u32 khz)
{
	if (!khz)
		return 0;
	return ticks / khz * NS_PER_MS + ticks % khz * NS_PER_MS / khz;
}

static void luo_abi_timeline_seal(struct luo_timeline_head_ser *head)
{
	memcpy(head->compatible, LUO_TIMELINE_COMPATIBLE,
	       sizeof(LUO_TIMELINE_COMPATIBLE));
	head->version = LUO_TIMELINE_VERSION;
	head->size = sizeof(struct luo_timeline_ser);
	head->crc = luo_abi_crc(head);
}

/**
 * luo_abi_timeline_init() - make a timeline of the update that will come
 * @timeline: zeroes
 *
 * Context: Any.
 */
void luo_abi_timeline_init(struct luo_timeline_ser *timeline)
{
	timeline->head.nr_updates = 1;
	luo_abi_timeline_seal(&timeline->head);
}

/**
 * luo_abi_timeline_check() - can this timeline be read?
 * @timeline: the timeline
 * @size: bytes that can be read behind @timeline
 *
 * Says nothing about single updates.
 *
 * Context: Any.
 * Return:
 * * 0: yes
 * * -EBADMSG: truncated or damaged
 * * -EPROTONOSUPPORT: of a version that is not ours
 */
int luo_abi_timeline_check(const struct luo_timeline_ser *timeline, size_t size)
{
	const struct luo_timeline_head_ser *head = &timeline->head;

	if (size < sizeof(*head) || head->crc != luo_abi_crc(head))
		return -EBADMSG;
	if (memcmp(head->compatible, LUO_TIMELINE_COMPATIBLE,
		   sizeof(LUO_TIMELINE_COMPATIBLE)) ||
	    head->version != LUO_TIMELINE_VERSION)
		return -EPROTONOSUPPORT;
	if (size < sizeof(*timeline) || head->size != sizeof(*timeline) ||
	    !head->nr_updates || head->nr_updates > LUO_TIMELINE_UPDATES + 1)
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_update_seal() - complete the record of an update
 * @update: all but the checksum is set
 *
 * Context: Any.
 */
void luo_abi_update_seal(struct luo_update_ser *update)
{
	update->crc = luo_abi_crc(update);
}

static bool luo_abi_khz_fits(u32 khz)
{
	return khz >= LUO_CLOCK_KHZ_MIN && khz <= LUO_CLOCK_KHZ_MAX;
}

/* The old kernel has all of its stamps, the new one those that it came to. */
static bool luo_abi_stamps_fit(const u64 *stamps)
{
	unsigned int i;
	u64 last = 1;

	for (i = 0; i < LUO_STAMP_NR; i++) {
		if (!stamps[i] && i > LUO_STAMP_JUMP)
			continue;
		if (stamps[i] < last)
			return false;
		last = stamps[i];
	}
	return true;
}

static bool luo_abi_calls_fit(const struct luo_calls_ser *calls, u64 reboot)
{
	if (!calls->nr)
		return !calls->first && !calls->last && !calls->total &&
		       !calls->longest && !calls->nr_failed;
	return calls->first >= reboot && calls->last >= calls->first &&
	       calls->longest <= calls->last - calls->first &&
	       calls->longest <= calls->total && calls->nr_failed <= calls->nr;
}

static bool luo_abi_handler_fits(const struct luo_handler_times_ser *handler,
				 u64 reboot)
{
	unsigned int i, name_len, version;

	if (luo_abi_compatible_parse((const char *)handler->compatible,
				     &name_len, &version))
		return false;
	for (i = 0; i < LUO_TIMED_NR; i++) {
		if (!luo_abi_calls_fit(&handler->calls[i], reboot))
			return false;
	}
	return true;
}

/**
 * luo_abi_update_check() - can this record of an update be read?
 * @update: the record
 *
 * Context: Any.
 * Return: 0, or -EBADMSG if it is damaged, or says what cannot be.
 */
int luo_abi_update_check(const struct luo_update_ser *update)
{
	unsigned int i;

	if (update->crc != luo_abi_crc(update))
		return -EBADMSG;
	if (update->clock != LUO_CLOCK_TSC && update->clock != LUO_CLOCK_CNTVCT)
		return -EBADMSG;
	if (!luo_abi_khz_fits(update->khz) ||
	    (update->khz_next && !luo_abi_khz_fits(update->khz_next)) ||
	    !luo_abi_stamps_fit(update->stamps))
		return -EBADMSG;
	if (update->flags & ~LUO_UPDATE_SER_UNSTABLE || update->reserved[0] ||
	    update->reserved[1] || update->reserved[2] || update->reserved2 ||
	    !memchr(update->release, 0, sizeof(update->release)))
		return -EBADMSG;
	if (update->nr_handlers > LUO_TIMELINE_HANDLERS)
		return -EBADMSG;
	for (i = 0; i < update->nr_handlers; i++) {
		if (!luo_abi_handler_fits(&update->handlers[i],
					  update->stamps[LUO_STAMP_REBOOT]))
			return -EBADMSG;
	}
	return 0;
}

/**
 * luo_abi_update_began() - is there a record of an update?
 * @update: the first one of a timeline
 *
 * Context: Any.
 * Return: false if the kernel that has it was not about to update.
 */
bool luo_abi_update_began(const struct luo_update_ser *update)
{
	return update->generation || update->crc;
}

/**
 * luo_abi_timeline_take() - go on with the timeline of the previous kernel
 * @to: a new timeline; gets the updates of @from behind its own one
 * @from: the timeline of the previous kernel, checked
 * @taken: out: whether the newest one, of the jump to this kernel, is there;
 *         then it is to->updates[1]
 *
 * More updates than there is room for are forgotten, the oldest first.
 *
 * Context: Any.
 * Return: number of updates that cannot be read, and are left out.
 */
unsigned int luo_abi_timeline_take(struct luo_timeline_ser *to,
				   const struct luo_timeline_ser *from,
				   bool *taken)
{
	unsigned int i, bad = 0;

	*taken = false;
	i = luo_abi_update_began(&from->updates[0]) ? 0 : 1;
	for (; i < from->head.nr_updates; i++) {
		if (to->head.nr_updates > LUO_TIMELINE_UPDATES)
			break;
		if (luo_abi_update_check(&from->updates[i])) {
			bad++;
			continue;
		}
		to->updates[to->head.nr_updates++] = from->updates[i];
		*taken |= !i;
	}
	luo_abi_timeline_seal(&to->head);
	return bad;
}

static struct luo_handler_times_ser *
luo_abi_update_handler(struct luo_update_ser *update, const char *compatible)
{
	struct luo_handler_times_ser *handler = update->handlers;
	struct luo_handler_times_ser *end = handler + update->nr_handlers;
	size_t size = strlen(compatible) + 1;

	for (; handler < end; handler++) {
		if (!strcmp((const char *)handler->compatible, compatible))
			return handler;
	}
	if (update->nr_handlers == LUO_TIMELINE_HANDLERS ||
	    size > sizeof(handler->compatible))
		return NULL;
	update->nr_handlers++;
	memcpy(handler->compatible, compatible, size);
	return handler;
}

/**
 * luo_abi_update_call() - a callback of a handler has returned
 * @update: the update
 * @compatible: of the handler, checked
 * @timed: which callback
 * @begin: when it was called, ticks
 * @end: when it returned
 * @failed: with an error
 *
 * Handlers for which there is no room are not counted.
 *
 * Context: Any. The caller serialises access to @update.
 */
void luo_abi_update_call(struct luo_update_ser *update, const char *compatible,
			 enum luo_timed timed, u64 begin, u64 end, bool failed)
{
	struct luo_handler_times_ser *handler;
	struct luo_calls_ser *calls;

	handler = luo_abi_update_handler(update, compatible);
	if (!handler)
		return;
	calls = &handler->calls[timed];
	/* CPUs may disagree by a few ticks */
	if (end < begin)
		end = begin;
	if (!calls->nr || begin < calls->first)
		calls->first = begin;
	if (end > calls->last)
		calls->last = end;
	if (end - begin > calls->longest)
		calls->longest = end - begin;
	calls->total += end - begin;
	calls->nr++;
	calls->nr_failed += failed;
}
