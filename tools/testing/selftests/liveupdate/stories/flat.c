// SPDX-License-Identifier: GPL-2.0
/*
 * Twenty sessions with 500 files, through one kernel after the other. In each of
 * them some files go and others come, and all else stays as it is: free memory,
 * slab, what KHO tracks, pins and page counters are flat.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/levels.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0xf1a7
#define KERNELS		100
#define FEW		6	/* where nobody has the time for all of them */
#define SESSIONS	20
#define FILES		25	/* in each of them */
#define SLOTS		(SESSIONS * FILES)
#define TURNS		5	/* kernels that a file lives in */
#define LEAK		(6 * MiB)

struct flat_note {
	struct levels levels[KERNELS];
};

static int files[SLOTS];

/* The kernel in which the file was made that slot has in kernel n. */
static unsigned int flat_born(unsigned int slot, unsigned int n)
{
	while (n && (slot + n) % TURNS)
		n--;
	return n;
}

static uint64_t flat_seed(unsigned int slot, unsigned int n)
{
	return SEED + slot * KERNELS + flat_born(slot, n);
}

static size_t flat_size(unsigned int slot)
{
	return (slot % 8 + 1) * PAGE;
}

/* One name goes, and one comes, with each kernel. */
static const char *flat_session(unsigned int i, unsigned int n)
{
	static char name[32];

	snprintf(name, sizeof(name), "flat-%u", i + n);
	return name;
}

static void flat_retrieve(unsigned int n)
{
	unsigned int slot, i;
	int session;

	for (i = 0; i < SESSIONS; i++) {
		session = require_fd(luo_retrieve(flat_session(i, n - 1)));
		for (slot = i * FILES; slot < (i + 1) * FILES; slot++) {
			files[slot] = require_fd(luo_get(session, slot));
			check_ret(data_check(files[slot], flat_seed(slot, n - 1),
					     0, flat_size(slot)), 0);
		}
		check_ret(luo_finish(session), 0);
		close(session);
	}
}

static void flat_renew(unsigned int n)
{
	unsigned int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		if (flat_born(slot, n) != n)
			continue;
		if (n)
			close(files[slot]);
		files[slot] = require_fd(data_memfd("flat", 0, flat_seed(slot, n),
						    flat_size(slot)));
	}
}

static void flat_preserve(unsigned int n)
{
	unsigned int slot, i;
	int session;

	for (i = 0; i < SESSIONS; i++) {
		session = require_fd(luo_create(flat_session(i, n)));
		for (slot = i * FILES; slot < (i + 1) * FILES; slot++)
			require(!luo_preserve(session, files[slot], slot));
	}
}

/* All that came from the previous kernel is taken over. */
static void flat_nothing_left(void)
{
	int tries;

	for (tries = 0; tries < 100 && pages_waiting(); tries++)
		usleep(10000);
	check(!pages_waiting(), "%ld pages are left", pages_waiting());
}

/* The first kernels find their level: of a hundred, ten. */
static void flat_compare(const struct flat_note *note, unsigned int n)
{
	unsigned int first = n < 10 ? 2 : 9;

	if (n > first)
		levels_check(&note->levels[first], &note->levels[n], 0);
}

static void flat_stage(size_t leak)
{
	struct flat_note *note = story_note();
	unsigned int n = story_stage();

	if (n) {
		flat_retrieve(n);
		flat_nothing_left();
	}
	flat_renew(n);
	if (leak)
		require_fd(data_memfd("leak", 0, SEED, n * leak));
	flat_preserve(n);
	levels_get(&note->levels[n]);
	flat_compare(note, n);
}

static void flat(void)
{
	flat_stage(0);
}

STORY(flat, .stages = KERNELS, .few = FEW, .each = flat);

/* Each kernel has a little more than the one before. */
static void control_flat(void)
{
	flat_stage(LEAK);
}

STORY(control_flat, .stages = FEW, .each = control_flat);
