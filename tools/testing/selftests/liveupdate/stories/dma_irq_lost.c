// SPDX-License-Identifier: GPL-2.0
/*
 * MSI without mask bits, and INTx: an interrupt that the device raises while no
 * kernel can take it may be lost. The new owner injects it once, which is all
 * that it takes: served, it comes again.
 */
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120
#define INTX_DISABLE	0x400
#define MSI		0x05		/* id of the capability */
#define MSI_ENABLE	0x10000		/* control is the upper half */

static struct nic nic;
static int event;

static int irq_set(uint32_t index, uint32_t flags)
{
	return vmm_irq_set(&nic.vmm, index, flags, &event, 1);
}

static void irq_ask(uint32_t index)
{
	event = require_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	require(!check_ret(irq_set(index, VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER), 0));
}

/* INTx stays masked in vfio until somebody unmasks it. */
static void serve(uint32_t index)
{
	nic_legacy_serve(&nic);
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		irq_set(index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK);
}

static void lost_save(uint32_t index)
{
	int session;

	dma_begin(&nic);
	irq_ask(index);
	nic_legacy_setup(&nic);
	check(vmm_events(event, 10000), "a frame makes no interrupt");
	serve(index);
	check(vmm_events(event, 10000), "no interrupt but the first one");
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	if (fork())
		return;
	for (;;) {
		serve(index);
		vmm_events(event, 1000);
	}
}

/* Nothing could leave the device: no message, no line. */
static void check_masked(uint32_t index)
{
	struct dma_note *note = story_note();
	const char *bdf = note->device.bdf;
	uint32_t found = 0;

	if (!check_ret(vmm_config_found(bdf, PCI_COMMAND, &found), 0))
		check(found & INTX_DISABLE, "INTx was not disabled");
	if (index == VFIO_PCI_MSI_IRQ_INDEX &&
	    !check_ret(vmm_config_found(bdf, vmm_capability(bdf, MSI), &found), 0))
		check(!(found & MSI_ENABLE), "MSI was enabled");
}

static void lost_load(uint32_t index)
{
	int session;

	check_masked(index);
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	irq_ask(index);
	story_log("%lu interrupts without injection", vmm_events(event, 1000));
	check_ret(irq_set(index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER), 0);
	check(vmm_events(event, 10000), "what was injected does not come");
	serve(index);
	check(vmm_events(event, 10000), "no interrupt but the one that was injected");
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	serve(index);
	check(vmm_events(event, 10000), "no interrupt after the swap");
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check_ret(luo_finish(session), 0);
	serve(index);
	check(vmm_events(event, 10000), "no interrupt after FINISH");
	nic_end(&nic);
}

static void msi_save(void)
{
	lost_save(VFIO_PCI_MSI_IRQ_INDEX);
}

static void msi_load(void)
{
	lost_load(VFIO_PCI_MSI_IRQ_INDEX);
}

STORY(dma_irq_msi, .stages = 2, .stage = { msi_save, msi_load });

static void intx_save(void)
{
	lost_save(VFIO_PCI_INTX_IRQ_INDEX);
}

static void intx_load(void)
{
	lost_load(VFIO_PCI_INTX_IRQ_INDEX);
}

STORY(dma_irq_intx, .stages = 2, .stage = { intx_save, intx_load });
