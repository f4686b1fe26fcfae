// SPDX-License-Identifier: GPL-2.0
/*
 * A device receives without a break while the kernel is replaced: each frame that
 * was sent is in the memfd, in order, with all of its bytes.
 */
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120

static struct nic nic;

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
	dma_check_quiet(&nic, note->device.bdf);
}

STORY(dma_jump, .stages = 2, .stage = { jump_save, jump_load });

/* With the handlers of iommufd and vfio: the device has the same owner again. */
static void takeover_save(void)
{
	int session;

	dma_begin(&nic);
	dma_phase(&nic, "PRESERVE_FD");
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	dma_phase(&nic, "reboot(2)");
}

static void takeover_load(void)
{
	dma_take_over(&nic);
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_takeover, .stages = 2, .stage = { takeover_save, takeover_load });

/* And on to the next kernel. */
static void takeover_again(void)
{
	int session;

	dma_take_over(&nic);
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
}

STORY(dma_generations, .stages = 4,
      .stage = { takeover_save, takeover_again, takeover_again, takeover_load });
