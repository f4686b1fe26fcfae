// SPDX-License-Identifier: GPL-2.0
/*
 * The next kernel cannot take over a device: it is stopped before anything is
 * done to its translation (F15), and the memory comes over all the same.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

static struct nic nic;

/* It will stop: that is not what QEMU's trace is looked at for. */
static void failed_save(void)
{
	int session;

	dma_begin(&nic);
	session = dma_session(&nic);
	dma_preserve_test(&nic, session);
	dma_note(&nic);
	nic_mark(nic.regs);
}

static void failed_load(void)
{
	struct dma_note *note = story_note();
	int session;

	check(!(vmm_config(note->device.bdf, PCI_COMMAND, 2) & PCI_COMMAND_MASTER),
	      "bus mastering is on");
	dma_check_driver();
	session = require_fd(luo_retrieve(DMA_SESSION));
	check_ret(dma_retrieve_test(session), -ENODEV);
	require(!nic_take_memfd(&nic, require_fd(luo_get(session, DMA_RAM))));
	nic_poll(&nic);
	check(nic.state->frames >= note->frames);
	nic_check(&nic);
	check_ret(luo_finish(session), 0);
}

STORY(dma_no_iommu, .stages = 2, .stage = { failed_save, failed_load },
      .next_cmdline = "intel_iommu=off amd_iommu=off");

/*
 * F16: no record says which IOMMU translates for whom, and one does. It goes on,
 * for nobody; the bed looks at QEMU's trace. What has a driver of its own works.
 */
static void no_record_load(void)
{
	struct dma_note *note = story_note();
	void *regs;

	check(guest_log_count("it stays on, for no device (F16)") == 1);
	failed_load();
	regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	if (check(regs))
		nic_mark(regs);
}

STORY(dma_no_record, .stages = 2, .stage = { failed_save, no_record_load },
      .next_cmdline = "luo_gate_off=44");

/* For words on the command line that break something (luo_gate_off=40 to 44). */
STORY(dma_failed, .stages = 2, .stage = { failed_save, failed_load });
