// SPDX-License-Identifier: GPL-2.0
/*
 * The timeline: what both kernels stamped of the updates so far, against what
 * userspace sees. And one that is damaged: it is left out, in one line of the
 * log, and the update is none the worse.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define TIMELINE	"/sys/kernel/debug/liveupdate/timeline"
#define NAME		"timeline"
#define SEED		0x71e0
#define FILES		3
#define SIZE		(2 * MiB)
#define NONE		(~0ULL)

/* How much the kernel may say less than userspace: system calls at both ends. */
#define SLACK_NS(ns)	(200000 + (ns) / 1000)

static const char * const steps[] = {
	"step=enter", "step=freeze", "step=serialize", "step=shutdown", "step=jump",
	"step=reserve", "step=boot", "step=decode", "step=init", "step=userspace",
};

static char text[65536];

static void timeline_read(void)
{
	if (guest_read(TIMELINE, text, sizeof(text)) < 0)
		story_skip("no timeline: this machine has no clock for it");
}

static uint64_t value_in(const char *line, const char *end, const char *key)
{
	const char *at = strstr(line, key);

	return at && at < end ? strtoull(at + strlen(key), NULL, 10) : NONE;
}

/* The value of " key=" in the line of an update that has this word. */
static uint64_t value_of(unsigned int update, const char *word, const char *key)
{
	char begin[32], *line = text, *end, *at;

	snprintf(begin, sizeof(begin), "update=%u ", update);
	for (; (end = strchr(line, '\n')); line = end + 1) {
		if (strncmp(line, begin, strlen(begin)))
			continue;
		at = strstr(line, word);
		if (at && at < end)
			return value_in(line, end, key);
	}
	return NONE;
}

static unsigned int updates_shown(void)
{
	unsigned int nr = 0;
	char *at = text;

	while ((at = strstr(at, " from="))) {
		nr++;
		at++;
	}
	return nr;
}

static void save(void)
{
	int session = require_fd(luo_create(NAME)), i, fd;

	for (i = 0; i < FILES; i++) {
		fd = require_fd(data_memfd(NAME, 0, SEED + i, SIZE));
		check_ret(luo_preserve(session, fd, i), 0);
		close(fd);
	}
}

/* Returns the ticks at which the last file was there. */
static uint64_t load(void)
{
	int session = require_fd(luo_retrieve(NAME)), i, fds[FILES];
	uint64_t end;

	for (i = 0; i < FILES; i++)
		fds[i] = require_fd(luo_get(session, i));
	end = guest_ticks();
	for (i = 0; i < FILES; i++)
		check_ret(data_check(fds[i], SEED + i, 0, SIZE), 0);
	check_ret(luo_finish(session), 0);
	close(session);
	return end;
}

/* Each step begins where the one before it ended; times are rounded to ns. */
static void check_steps(unsigned int update)
{
	uint64_t at, took, end = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		at = value_of(update, steps[i], " at_ns=");
		took = value_of(update, steps[i], " took_ns=");
		require(at != NONE && took != NONE, "update %u: no %s", update, steps[i]);
		check(at - end <= 2 || end - at <= 2, "update %u: %s at %llu, not %llu",
		      update, steps[i], (unsigned long long)at,
		      (unsigned long long)end);
		end = at + took;
	}
}

static void check_calls(unsigned int update, const char *call, uint64_t nr)
{
	uint64_t at = value_of(update, call, " at_ns=");
	uint64_t end = value_of(update, call, " end_ns=");
	uint64_t sum = value_of(update, call, " sum_ns=");

	check(value_of(update, call, " calls=") == nr, "update %u, %s: %llu calls", update,
	      call, (unsigned long long)value_of(update, call, " calls="));
	check(value_of(update, call, " failed=") == 0);
	require(at != NONE && end != NONE && sum != NONE);
	check(at <= end && sum <= end - at + 2, "update %u, %s: takes too long", update,
	      call);
	check(value_of(update, call, " longest_ns=") <= sum);
}

/* The files of the story, and the one that holds the notes of all stories. */
static void check_update(unsigned int update)
{
	uint64_t freeze, end;

	check_steps(update);
	check_calls(update, "call=freeze handler=memfd-v", FILES + 1);
	check_calls(update, "call=retrieve handler=memfd-v", FILES + 1);
	check_calls(update, "call=finish handler=memfd-v", FILES + 1);
	freeze = value_of(update, "step=freeze", " at_ns=");
	end = freeze + value_of(update, "step=freeze", " took_ns=") + 2;
	check(value_of(update, "call=freeze", " at_ns=") >= freeze &&
	      value_of(update, "call=freeze", " end_ns=") <= end,
	      "update %u: freeze outside of the freeze", update);
	check(value_of(update, " from=", " blackout_ns=") >=
	      value_of(update, "call=retrieve", " end_ns="));
}

static uint64_t to_ns(uint64_t ticks, uint64_t khz)
{
	return ticks / khz * 1000000 + ticks % khz * 1000000 / khz;
}

/* From reboot(2) to the last file: what userspace measures, on the same clock. */
static void check_blackout(unsigned int update, uint64_t begin, uint64_t end)
{
	uint64_t ticks = value_of(update, " from=", " ticks=");
	uint64_t khz = value_of(update, " from=", " khz=");
	uint64_t said = value_of(update, " from=", " blackout_ns=");
	uint64_t seen = to_ns(end - begin, khz);

	require(khz != NONE && said != NONE && ticks != NONE && begin);
	story_log("update %u: %llu ns, %llu ns as userspace sees it, %llu ns at the begin",
		  update, (unsigned long long)said, (unsigned long long)seen,
		  (unsigned long long)to_ns(ticks - begin, khz));
	check(said <= seen && seen - said < SLACK_NS(seen));
	check(ticks >= begin);
}

static void timeline_first(void)
{
	if (!guest_ticks())
		story_skip("no counter that userspace can read");
	timeline_read();
	check(!updates_shown(), "%s", text);
	save();
}

static void timeline_second(void)
{
	uint64_t end = load();

	timeline_read();
	check(updates_shown() == 1);
	check_update(1);
	check_blackout(1, *guest_kexec_ticks, end);
	save();
}

static void timeline_third(void)
{
	uint64_t end = load();

	timeline_read();
	check(updates_shown() == 2);
	check_update(1);
	check_update(2);
	check_blackout(2, *guest_kexec_ticks, end);
	check(to_ns(value_of(2, " from=", " ticks=") - value_of(1, " from=", " ticks="),
		    value_of(1, " from=", " khz=")) >
	      value_of(1, " from=", " blackout_ns="));
	check(!guest_log_count("timeline: "));
}

STORY(timeline, .stages = 3,
      .stage = { timeline_first, timeline_second, timeline_third });

/* What was stamped of an update that the kernel gave up is forgotten. */
static void again_first(void)
{
	int session = require_fd(luo_create("again"));

	foreign_load("");
	save();
	check_ret(luo_preserve(session, require_fd(foreign_open(FOREIGN, 1)), 1), 0);
	check_ret(guest_kexec_load(true, ""), 0);
	foreign_set("fail_freeze", 1);
	check(guest_kexec() < 0);
	foreign_set("fail_freeze", 0);
	check_ret(guest_kexec_unload(), 0);
}

static void again_second(void)
{
	int session;

	foreign_load("");
	load();
	session = require_fd(luo_retrieve("again"));
	require_fd(luo_get(session, 1));
	check_ret(luo_finish(session), 0);
	timeline_read();
	check(updates_shown() == 1);
	check_calls(1, "call=freeze handler=memfd-v", FILES + 1);
	check_calls(1, "call=freeze handler=luo-test", 1);
	check(!guest_log_count("timeline: "));
}

STORY(timeline_again, .stages = 2, .stage = { again_first, again_second });

/* A kernel that knows no frequency has no timeline, and gives that one's memory back. */
static void no_clock_first(void)
{
}

static void no_clock_second(void)
{
	char text[64];

	check(guest_read(TIMELINE, text, sizeof(text)) <= 0, "it has a clock: %s", text);
}

STORY(timeline_no_clock, .stages = 2, .next_cmdline = "clearcpuid=tsc",
      .stage = { no_clock_first, no_clock_second });

/*
 * struct luo_timeline_head_ser: compatible 0, version 48; struct luo_update_ser:
 * khz 1436, nr_handlers 1444
 */
static void bad_first(void)
{
	timeline_read();
	damage_load();
	save();
	damage("update 0 1445 ff\n");
}

static void bad_second(void)
{
	load();
	timeline_read();
	check(!updates_shown(), "%s", text);
	check(guest_log_count("timeline: 1 of 1 updates cannot be read") == 1);
	check(guest_log_count("timeline: ") == 1);
	save();
}

static void bad_third(void)
{
	load();
	timeline_read();
	check(updates_shown() == 1, "%s", text);
	check_update(2);
	check(!guest_log_count("timeline: "));
	damage_load();
	save();
	damage("update 1 1436 1\n");
}

static void bad_fourth(void)
{
	load();
	timeline_read();
	check(updates_shown() == 1, "%s", text);
	check_update(3);
	check(guest_log_count("timeline: 1 of 2 updates cannot be read") == 1);
	check(guest_log_count("timeline: ") == 1);
	damage_load();
	save();
	damage("timeline 48 8 seal\n");
}

static void bad_fifth(void)
{
	load();
	timeline_read();
	check(!updates_shown(), "%s", text);
	check(guest_log_count("of earlier updates it cannot be read") == 1);
	check(guest_log_count("timeline: ") == 1);
}

STORY(timeline_bad, .stages = 5,
      .stage = { bad_first, bad_second, bad_third, bad_fourth, bad_fifth });
