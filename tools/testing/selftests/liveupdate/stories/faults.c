// SPDX-License-Identifier: GPL-2.0
/*
 * Each callback of a handler fails for each of 100 files in five sessions, alone
 * and two at once. After each failure all is as before: F2, F4, F10, F13.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0xfa17
#define NR_SESSIONS	5
#define NR_FILES	20			/* of the test handler, in each */
#define NR_ALL		(NR_SESSIONS * NR_FILES)
#define MEMFD		1000			/* token of one memfd in each */
#define SIZE		(2 * NR_ALL * PAGE)
#define SLACK_KB	(16 * 1024)

static const struct {
	int first, second;
} pairs[] = { { 0, NR_ALL - 1 }, { 19, 20 }, { 17, 83 }, { 98, 99 } };

static int sessions[NR_SESSIONS], memfds[NR_SESSIONS], fds[NR_ALL];
static unsigned int rounds;	/* freezes that failed: pages of each memfd */

static int session_of(int i)
{
	return sessions[i / NR_FILES];
}

/* How many files of a session are in this state, and that no other is there. */
static unsigned int count_files(int session, uint32_t state)
{
	struct liveupdate_list_file arg;
	unsigned int nr = 0;
	uint64_t token = 0;

	while (!luo_list_own_file(session, token, &arg)) {
		check(arg.state == state, "token %llu: state %u, not %u",
		      (unsigned long long)arg.token, arg.state, state);
		token = arg.token + 1;
		nr++;
	}
	return nr;
}

static void make_sessions(void)
{
	char name[32];
	int s;

	for (s = 0; s < NR_SESSIONS; s++) {
		snprintf(name, sizeof(name), "faults-%d", s);
		sessions[s] = require_fd(luo_create(name));
		memfds[s] = require_fd(data_memfd_sparse(name, 0, SIZE));
		check_ret(luo_preserve(sessions[s], memfds[s], MEMFD), 0);
	}
}

/* F2: the session has one file less than it will, and nothing more is held. */
static void preserve_fails_at(int i)
{
	struct counters before;

	fds[i] = require_fd(foreign_open(FOREIGN, i | FOREIGN_FAIL_PRESERVE));
	counters_get(&before);
	check_ret(luo_preserve(session_of(i), fds[i], i), -EDEADLK);
	counters_check(&before, SLACK_KB);
	check(count_files(session_of(i), LIVEUPDATE_FILE_PRESERVED) ==
	      1u + i % NR_FILES, "file %d", i);
	check(!foreign_change(fds[i], i));
	check_ret(luo_preserve(session_of(i), fds[i], i), 0);
}

/* What the handler is called for if the freeze of this one fails. */
static const char *log_of_freeze(int fails)
{
	static char text[16 * 1024];
	size_t used = 0;
	int i;

	for (i = 0; i < fails; i++)
		used += sprintf(text + used, "freeze %d;", i);
	used += sprintf(text + used, "freeze %d failed;", fails);
	while (i--)
		used += sprintf(text + used, "unfreeze %d;", i);
	return text;
}

/*
 * F4. A memfd that is still frozen would not take the page: the write would hang,
 * so it is not tried if something is wrong already.
 */
static void freeze_fails_at(int i)
{
	struct counters before;
	int s;

	foreign_log_clear();
	counters_get(&before);
	check_ret(guest_kexec(), -EDEADLK, "file %d", i);
	counters_check(&before, SLACK_KB);
	foreign_log_check(log_of_freeze(i));
	require(!story_failures());
	for (s = 0; s < NR_SESSIONS; s++) {
		check(count_files(sessions[s], LIVEUPDATE_FILE_PRESERVED) ==
		      NR_FILES + 1, "session %d after file %d", s, i);
		require(!story_failures());
		check_ret(data_write(memfds[s], SEED + s, rounds * PAGE, PAGE), 0);
	}
	rounds++;
}

static void freeze_fails_alone(int i)
{
	check(!foreign_change(fds[i], i | FOREIGN_FAIL_FREEZE));
	freeze_fails_at(i);
	check(!foreign_change(fds[i], i));
}

/* The second one fails as soon as the first does not. */
static void freeze_fails_twice(int first, int second)
{
	check(!foreign_change(fds[first], first | FOREIGN_FAIL_FREEZE));
	check(!foreign_change(fds[second], second | FOREIGN_FAIL_FREEZE));
	freeze_fails_at(first);
	check(!foreign_change(fds[first], first));
	freeze_fails_at(second);
	check(!foreign_change(fds[second], second));
}

static void faults_save(void)
{
	struct counters before;
	unsigned int i;

	foreign_load("");
	foreign_set("fail_errno", EDEADLK);
	make_sessions();
	foreign_set("fail_flb", 1);
	fds[0] = require_fd(foreign_open(FOREIGN, 0));
	counters_get(&before);
	check_ret(luo_preserve(sessions[0], fds[0], 0), -EDEADLK, "its FLB");
	counters_check(&before, SLACK_KB);
	close(fds[0]);
	for (i = 0; i < NR_ALL; i++)
		preserve_fails_at(i);
	require(!guest_kexec_load(false, ""));
	for (i = 0; i < NR_ALL; i++)
		freeze_fails_alone(i);
	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		freeze_fails_twice(pairs[i].first, pairs[i].second);
	check_ret(guest_kexec_unload(), 0);
	*(unsigned int *)story_note() = rounds;
	story_log("%u freezes failed", rounds);
}

/* F10: it waits on, and comes at the next call. */
static void retrieve_fails_at(int i)
{
	struct counters before;

	foreign_set("fail_retrieve", 1);
	counters_get(&before);
	check_ret(luo_get(session_of(i), i), -EDEADLK);
	counters_check(&before, SLACK_KB);
	fds[i] = luo_get(session_of(i), i);
	check(fds[i] >= 0 && foreign_value(fds[i]) == (uint64_t)i, "file %d: %d", i,
	      fds[i]);
}

static void retrieve_fails_twice(int first, int second)
{
	foreign_set("fail_retrieve", 2);
	check_ret(luo_get(session_of(second), second), -EDEADLK);
	check_ret(luo_get(session_of(first), first), -EDEADLK);
	foreign_set("fail_retrieve", 0);
}

/* F13: nothing of the session is finished. */
static void finish_fails_at(int i)
{
	foreign_set("hold_value", i);
	foreign_log_clear();
	check_ret(luo_finish(session_of(i)), -EBUSY);
	foreign_log_check("");
	check(count_files(session_of(i), LIVEUPDATE_FILE_RETRIEVED) ==
	      NR_FILES + 1, "file %d", i);
}

static void faults_load(void)
{
	char name[32];
	unsigned int i;
	int s;

	foreign_load("");
	foreign_set("fail_errno", EDEADLK);
	for (s = 0; s < NR_SESSIONS; s++) {
		snprintf(name, sizeof(name), "faults-%d", s);
		sessions[s] = require_fd(luo_retrieve(name));
		memfds[s] = require_fd(luo_get(sessions[s], MEMFD));
		check_ret(data_check(memfds[s], SEED + s, 0,
				     *(unsigned int *)story_note() * PAGE), 0);
	}
	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		retrieve_fails_twice(pairs[i].first, pairs[i].second);
	for (i = 0; i < NR_ALL; i++)
		retrieve_fails_at(i);
	for (i = 0; i < NR_ALL; i++)
		finish_fails_at(i);
	foreign_set("hold_value", -1);
	for (s = 0; s < NR_SESSIONS; s++)
		check_ret(luo_finish(sessions[s]), 0);
}

STORY(faults, .stages = 2, .stage = { faults_save, faults_load });
