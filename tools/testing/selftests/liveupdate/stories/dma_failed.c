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

#define SOME_FRAMES	50
#define PATIENCE	120

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

/* What is not recorded, or not as it is, would be its own driver's. */
#define NO_NATIVE	"initcall_blacklist=e1000_init_module"

/*
 * F15, for other reasons: the IOMMU has other capabilities, another function is
 * there, the record of it is damaged.
 */
static void failed_for(const char *why)
{
	check(guest_log_count(why) == 1, "no line says: %s", why);
	failed_load();
}

static void caps_load(void)
{
	failed_for("bus mastering is off: its IOMMU has other capabilities");
}

static void other_load(void)
{
	failed_for("bus mastering is off: another one was recorded here");
}

static void damaged_load(void)
{
	failed_for("bus mastering is off: records were lost");
}

STORY(dma_caps, .stages = 2, .stage = { failed_save, caps_load },
      .next_cmdline = "luo_gate_off=45");
STORY(dma_other, .stages = 2, .stage = { failed_save, other_load },
      .next_cmdline = "luo_gate_off=40 " NO_NATIVE);
STORY(dma_damaged, .stages = 2, .stage = { failed_save, damaged_load },
      .next_cmdline = "luo_gate_off=42 " NO_NATIVE);

static void moved_save(void)
{
	dma_save(&nic);
}

/* The user would see other capabilities: it is not opened, and goes on till the end. */
static void moved_load(void)
{
	struct dma_note *note = story_note();
	struct vmm *vmm = &nic.vmm;
	int session;
	void *regs;

	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	vmm->iommufd = require_fd(luo_get(session, DMA_IOMMUFD));
	vmm->device = require_fd(dma_get_device(session));
	check_ret(vmm_bind(vmm), -EBADMSG);
	check(guest_log_count("its capabilities are not where they were") == 1);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped by a failed open");
	nic_check(&nic);
	regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	require(regs, "no registers");
	nic_mark(regs);
	vmm_close(vmm);
	close(session);
	check_ret(luo_discard(DMA_SESSION), 0);
	dma_check_quiet(&nic, note->device.bdf);
}

STORY(dma_moved, .stages = 2, .stage = { moved_save, moved_load },
      .next_cmdline = "luo_gate_off=46");
