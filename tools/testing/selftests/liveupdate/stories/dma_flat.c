// SPDX-License-Identifier: GPL-2.0
/*
 * A device receives through one kernel after the other, twenty updates in a row:
 * no frame is missing, and free memory, slab, what KHO tracks and pins are flat.
 */
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/levels.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define KERNELS		21
#define FEW		5	/* where nobody has the time for all of them */
#define SLACK_KB	(16 * 1024)

static struct nic nic;

struct flat_note {
	struct dma_note dma;	/* first: see story_note() in lib/dma.c */
	struct levels levels[KERNELS];
};

static void dma_flat(void)
{
	struct flat_note *note = story_note();
	unsigned int n = story_stage(), first = n < 10 ? 2 : 9;
	int session;

	if (n)
		dma_take_over(&nic);
	else
		dma_begin(&nic);
	if (access(GUEST_IMAGE, F_OK)) {	/* the last one */
		nic_mark(nic.regs);
		nic_close(&nic);
		return;
	}
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	levels_get(&note->levels[n]);
	if (n > first)
		levels_check(&note->levels[first], &note->levels[n], SLACK_KB);
}

STORY(dma_flat, .stages = KERNELS, .few = FEW, .each = dma_flat);
