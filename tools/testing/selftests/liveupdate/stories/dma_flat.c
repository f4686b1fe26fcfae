// SPDX-License-Identifier: GPL-2.0
/*
 * A device receives through one kernel after the other, twenty updates in a row:
 * no frame is missing, and free memory, slab, what KHO tracks, pins, and what the
 * IOMMU has are flat.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/levels.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define KERNELS		21
#define FEW		5	/* where nobody has the time for all of them */
#define SLACK_KB	(16 * 1024)
#define SOME_FRAMES	30
#define PATIENCE	120

static struct nic nic;

struct flat_note {
	struct dma_note dma;	/* first: see story_note() in lib/dma.c */
	struct levels levels[KERNELS];
	struct levels dropped[KERNELS];
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
	levels_check_iommu(&note->levels[0], &note->levels[n]);
	if (n > first)
		levels_check(&note->levels[first], &note->levels[n], SLACK_KB);
}

STORY(dma_flat, .stages = KERNELS, .few = FEW, .each = dma_flat);

/* Nobody has anything of it but the session. */
static void dropped_run(enum dma_step last)
{
	dma_killed_after(last);
	dma_look(&nic);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped after %s", dma_step_name(last));
	nic_check(&nic);
	munmap(nic.mem, NIC_SIZE);
	close(nic.memfd);
}

static void dropped_discard(const char *bdf)
{
	dma_mark(bdf);
	check_ret(luo_discard(DMA_SESSION), 0);
	check(!(vmm_config(bdf, PCI_COMMAND, 2) & PCI_COMMAND_MASTER), "bus mastering is on");
	sleep(1);
}

/* A holder dies, after another step in each kernel, and the session is given up. */
static void dropped_kernel(struct flat_note *note, unsigned int n)
{
	static const enum dma_step steps[] = { DMA_STEP_DEVICE, DMA_STEP_BIND, DMA_STEP_ATTACH };
	unsigned int first = n < 10 ? 1 : 9;

	dropped_run(steps[(n - 1) % 3]);
	dropped_discard(note->dma.device.bdf);
	levels_get(&note->dropped[n]);
	levels_check_iommu(&note->dropped[0], &note->dropped[n]);
	if (n > first)
		levels_check(&note->dropped[first], &note->dropped[n], SLACK_KB);
}

/* The level that it has to come back to. */
static void dropped_begin(struct flat_note *note)
{
	char bdf[VMM_BDF];

	require(!vmm_find(NIC_VENDOR, NIC_DEVICE, bdf));
	require(!check_ret(vmm_take(bdf), 0));
	levels_get(&note->dropped[0]);
}

static void dma_flat_dropped(void)
{
	struct flat_note *note = story_note();
	unsigned int n = story_stage();
	int session;

	if (n)
		dropped_kernel(note, n);
	else
		dropped_begin(note);
	if (access(GUEST_IMAGE, F_OK))
		return;
	dma_begin(&nic);
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	levels_get(&note->levels[n]);
}

STORY(dma_flat_dropped, .stages = KERNELS, .few = FEW, .each = dma_flat_dropped);
