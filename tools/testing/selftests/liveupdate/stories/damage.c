// SPDX-License-Identifier: GPL-2.0
/*
 * F9: damaged records of sessions and files, all of them in one jump. Each
 * damaged session stands alone: no other loses anything by it, and nothing is
 * ever handed out that is not what was preserved.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x9009
#define SIZE	(8 * PAGE)

/*
 * What is done to a session of two files, and what each call then gives. A file
 * that the handler itself refuses is F11: finish drops it. Everything else that
 * cannot be read is in quarantine.
 */
static const struct {
	const char *name, *order;
	int retrieve, first, second, finish;
} cases[] = {
	{ "d-clean", NULL, 0, 0, 0, 0 },
	/* struct luo_session_ser: files_pa 64, nr_files 72, version 88, crc 100 */
	{ "d-session-crc", "session d-session-crc 66 40", -EBADMSG },
	{ "d-session-sum", "session d-session-sum 101 1", -EBADMSG },
	{ "d-session-pa", "session d-session-pa 70 40 seal", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-session-low", "session d-session-low 65 10 seal", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-session-nr", "session d-session-nr 72 1 seal", 0, 0, 0, -EBUSY },
	{ "d-session-huge", "session d-session-huge 77 ff seal", -EBADMSG },
	{ "d-session-ver", "session d-session-ver 88 8 seal", -EBADMSG },
	{ "d-session-rsv", "session d-session-rsv 92 1 seal", -EBADMSG },
	/* struct luo_block_ser: next_pa 0, kind 8, count 12 */
	{ "d-block-crc", "block d-block-crc 20 1", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-block-next", "block d-block-next 6 40 seal", 0, 0, 0, -EBUSY },
	{ "d-block-kind", "block d-block-kind 8 1 seal", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-block-count", "block d-block-count 13 ff seal", 0, -EBADMSG, -EBADMSG,
	  -EBUSY },
	{ "d-block-none", "block d-block-none 12 2 seal", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-block-loop", "loop d-block-loop", 0, 0, 0, -EBUSY },
	/* struct luo_file_ser: token 48, data 56, flb_mask 64, version 72, flags 76 */
	{ "d-file-crc", "file d-file-crc 1 57 10", 0, -EBADMSG, 0, -EBUSY },
	{ "d-file-sum", "file d-file-sum 1 84 1", 0, -EBADMSG, 0, -EBUSY },
	{ "d-file-token", "file d-file-token 1 48 4 seal", 0, -ENOENT, 0, 0 },
	{ "d-file-who", "file d-file-who 1 0 1 seal", 0, -ENODEV, 0, -EBUSY },
	{ "d-file-newer", "file d-file-newer 1 7 8 seal", 0, -EPROTONOSUPPORT, 0, -EBUSY },
	{ "d-file-ver", "file d-file-ver 1 72 8 seal", 0, -EPROTONOSUPPORT, 0, -EBUSY },
	{ "d-file-flag", "file d-file-flag 1 76 2 seal", 0, -EBADMSG, 0, -EBUSY },
	{ "d-file-out", "file d-file-out 1 76 1 seal", 0, -ESTALE, 0, 0 },
	{ "d-file-rsv", "file d-file-rsv 1 80 1 seal", 0, -EBADMSG, 0, -EBUSY },
	{ "d-file-pa", "file d-file-pa 1 62 40 seal", 0, -EBADMSG, 0, 0 },
	{ "d-file-odd", "file d-file-odd 1 56 1 seal", 0, -EBADMSG, 0, 0 },
	/* one token for both: of two good ones neither is believed */
	{ "d-file-twice", "file d-file-twice 2 48 3 seal", 0, -EBADMSG, -EBADMSG, -EBUSY },
	{ "d-file-after", "file d-file-after 2 48 3", 0, 0, -EBADMSG, -EBUSY },
	{ "d-file-before", "file d-file-before 1 48 3", 0, -EBADMSG, 0, -EBUSY },
	{ "d-file-null", "file d-file-null 1 57 ff seal", 0, -EBADMSG, 0, 0 },
};

#define NR_CASES	ARRAY_SIZE(cases)

static void records_save(void)
{
	int session, token, fd;
	unsigned int i;

	damage_load();
	for (i = 0; i < NR_CASES; i++) {
		session = require_fd(luo_create(cases[i].name));
		for (token = 1; token <= 2; token++) {
			fd = require_fd(data_memfd("damaged", 0, SEED + i * 2 + token,
						   SIZE));
			check_ret(luo_preserve(session, fd, token), 0);
			close(fd);
		}
		if (cases[i].order)
			damage("%s\n", cases[i].order);
	}
}

static bool as_wanted(int got, int want)
{
	return want ? got == want : got >= 0;
}

static void records_check_file(unsigned int i, int session, int token, int want)
{
	int fd = luo_get(session, token);

	check(as_wanted(fd, want), "%s: file %d gave %d", cases[i].name, token, fd);
	if (fd < 0)
		return;
	check_ret(data_check(fd, SEED + i * 2 + token, 0, SIZE), 0);
	close(fd);
}

/* What cannot be finished can be given up, so that updates go on. */
static void records_discard(const char *name)
{
	check(!luo_discard(name), "%s: cannot be discarded", name);
	check_ret(luo_retrieve(name), -ENOENT);
	check_ret(luo_discard(name), -ENOENT);
}

static void records_load(void)
{
	int session, ret;
	unsigned int i;

	for (i = 0; i < NR_CASES; i++) {
		session = luo_retrieve(cases[i].name);
		check(as_wanted(session, cases[i].retrieve), "%s: session gave %d",
		      cases[i].name, session);
		if (session < 0) {
			records_discard(cases[i].name);
			continue;
		}
		records_check_file(i, session, 1, cases[i].first);
		records_check_file(i, session, 2, cases[i].second);
		ret = luo_finish(session);
		check(ret == cases[i].finish, "%s: finish gave %d", cases[i].name,
		      ret);
		close(session);
		if (ret)
			records_discard(cases[i].name);
	}
}

STORY(records, .stages = 2, .stage = { records_save, records_load });

/*
 * The same for what a handler wrote itself: one bit in each of many places. A
 * bit that nobody reads may do nothing, every other one is found.
 */
#define HITS		64
#define HIT_STEP	12

static unsigned int hit_at(unsigned int i)
{
	return i * HIT_STEP;
}

static void contents_save(void)
{
	int session, fd;
	unsigned int i;

	damage_load();
	session = require_fd(luo_create("contents"));
	for (i = 0; i <= HITS; i++) {
		fd = require_fd(data_memfd("contents", 0, SEED + 500 + i, SIZE));
		check_ret(luo_preserve(session, fd, i), 0);
		close(fd);
		if (i < HITS)
			damage("data contents %x %u %x\n", i, hit_at(i), 1 << i % 8);
	}
}

static void contents_load(void)
{
	int session = require_fd(luo_retrieve("contents")), fd;
	unsigned int i, refused = 0;

	for (i = 0; i <= HITS; i++) {
		fd = luo_get(session, i);
		if (fd < 0) {
			refused++;
			check(fd == -EBADMSG || fd == -EPROTONOSUPPORT,
			      "offset %u: %d", hit_at(i), fd);
			continue;
		}
		check(i == HITS || hit_at(i) >= 128, "offset %u not noticed",
		      hit_at(i));
		check_ret(data_check(fd, SEED + 500 + i, 0, SIZE), 0);
		close(fd);
	}
	story_log("%u of %u damaged records refused", refused, HITS);
	check_ret(data_check(require_fd(luo_get(session, HITS)), SEED + 500 + HITS,
			     0, SIZE), 0);
	check_ret(luo_finish(session), 0, "a refused file is dropped");
}

STORY(contents, .stages = 2, .stage = { contents_save, contents_load });
