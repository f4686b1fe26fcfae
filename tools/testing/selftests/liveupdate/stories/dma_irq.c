// SPDX-License-Identifier: GPL-2.0
/*
 * An interrupt that the device raises while no kernel can take it is not lost:
 * it comes, once, when the new owner asks for interrupts.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define VECTORS		5
#define SOME_FRAMES	50
#define PATIENCE	120
#define MSIX_BAR	3		/* of this device, where the table is */
#define MSIX_ENABLE	0x8000
#define MSIX_MASKALL	0x4000

static struct nic nic;
static int event[VECTORS];

static void make_events(void)
{
	int i;

	for (i = 0; i < VECTORS; i++)
		event[i] = require_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

/* Whoever is interrupted asks for the next interrupt, until the jump. */
static void rearm_for_ever(void)
{
	if (fork())
		return;
	for (;;) {
		nic_irq_rearm(&nic);
		vmm_events(event[0], 1000);
	}
}

static void irq_start(void)
{
	make_events();
	require(!check_ret(vmm_irqs(&nic.vmm, event, VECTORS), 0));
	nic_irq_setup(&nic);
	check(vmm_events(event[0], 10000) == 1, "a frame makes no interrupt");
	check(!vmm_events(event[0], 300), "it came again, unasked");
	nic_irq_rearm(&nic);
	check(vmm_events(event[0], 10000) == 1, "no interrupt but the first one");
}

static void irq_save(void)
{
	int session;

	dma_begin(&nic);
	irq_start();
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	rearm_for_ever();
}

static void check_msix(void)
{
	struct dma_note *note = story_note();
	unsigned int msix = vmm_capability(note->device.bdf, 0x11);
	uint32_t found = 0;

	if (check_ret(vmm_config_found(note->device.bdf, msix & ~3U, &found), 0))
		return;
	found >>= 16;
	check((found & (MSIX_ENABLE | MSIX_MASKALL)) == (MSIX_ENABLE | MSIX_MASKALL),
	      "the control word of MSI-X was found as %#x", found);
}

static void irq_load(void)
{
	int session;

	check_msix();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	make_events();
	require(!check_ret(vmm_irqs(&nic.vmm, event, VECTORS), 0));
	check(vmm_events(event[0], 10000) == 1, "the interrupt that waited is lost");
	check(!vmm_events(event[0], 300), "it came twice");
	nic_irq_rearm(&nic);
	check(vmm_events(event[0], 10000) == 1, "no interrupt but the one that waited");
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	nic_irq_rearm(&nic);
	check(vmm_events(event[0], 10000) == 1, "no interrupt after the swap");
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check_ret(luo_finish(session), 0);
	nic_end(&nic);
}

STORY(dma_irq, .stages = 2, .stage = { irq_save, irq_load });

/* The owner has turned memory decoding off: the table does not answer. */
static void irq_dark_save(void)
{
	int session;

	dma_begin(&nic);
	make_events();
	require(!check_ret(vmm_irqs(&nic.vmm, event, VECTORS), 0));
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	nic_regs_close(&nic);
	require(!check_ret(vmm_command(&nic.vmm, PCI_COMMAND_MEMORY, 0), 0));
	dma_note(&nic);
}

static void check_vectors(void)
{
	size_t size;
	void *table = vmm_bar(&nic.vmm, MSIX_BAR, &size);
	int i;

	require(table, "no table");
	for (i = 0; i < VECTORS; i++)
		check(vmm_reg(table, 16 * i + 12) & 1, "vector %d is not masked", i);
	munmap(table, size);
}

static void irq_dark_load(void)
{
	int session;

	check_msix();
	dma_check_found();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	dma_reopen(&nic, session);
	require(!check_ret(vmm_command(&nic.vmm, 0, PCI_COMMAND_MEMORY), 0));
	check_vectors();
	require(!check_ret(nic_regs(&nic), 0));
	nic_refill(&nic);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check_ret(luo_finish(session), 0);
	nic_end(&nic);
}

STORY(dma_irq_dark, .stages = 2, .stage = { irq_dark_save, irq_dark_load });
