// SPDX-License-Identifier: GPL-2.0
/*
 * A device receives without a break while the kernel is replaced: each frame that
 * was sent is in the memfd, in order, with all of its bytes.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120

static struct nic nic;

/* After FINISH, whoever took nothing over has a device that is quiet. */
static void check_quiet(const char *bdf)
{
	uint64_t frames;

	check(!(vmm_config(bdf, PCI_COMMAND, 2) & PCI_COMMAND_MASTER),
	      "bus mastering is on");
	nic_poll(&nic);
	frames = nic.state->frames;
	sleep(1);
	nic_poll(&nic);
	check(nic.state->frames == frames, "it goes on");
}

/* As far as the initramfs of the next kernel. */
static void jump_save(void)
{
	int session;

	dma_begin(&nic);
	session = dma_session(&nic);
	dma_preserve_test(&nic, session);
	dma_note(&nic);
}

static void jump_load(void)
{
	struct dma_note *note = story_note();
	void *regs;
	int session;

	dma_check_found();
	dma_check_driver();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	require(!check_ret(dma_retrieve_test(session), 0));
	regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	if (check(regs))
		nic_mark(regs);
	check_ret(luo_finish(session), 0);
	check_quiet(note->device.bdf);
}

STORY(dma_jump, .stages = 2, .stage = { jump_save, jump_load });
