// SPDX-License-Identifier: GPL-2.0
/*
 * vfio-pci is a module that is loaded late in the next kernel, or never: until
 * then the device goes on, and nobody has it.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120

static struct nic nic;

static void late_save(void)
{
	dma_save(&nic);
}

/* Up to here it is the same. Return: the session */
static int without_driver(void)
{
	struct dma_note *note = story_note();
	char name[32];
	int session;

	vmm_driver(note->device.bdf, name, sizeof(name));
	if (*name)
		story_skip("%s is built in", name);
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	check_ret(luo_get(session, DMA_DEVICE), -ENODEV);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	return session;
}

static void late_load(void)
{
	int session = without_driver();

	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

STORY(dma_late, .stages = 2, .stage = { late_save, late_load });

static void never_load(void)
{
	struct dma_note *note = story_note();
	int session = without_driver();
	void *regs;

	nic_check(&nic);
	regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	if (check(regs))
		nic_mark(regs);
	close(session);
	check_ret(luo_discard(DMA_SESSION), 0);
	dma_check_quiet(&nic, note->device.bdf);
}

STORY(dma_never, .stages = 2, .stage = { late_save, never_load });
