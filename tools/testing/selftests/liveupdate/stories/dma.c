// SPDX-License-Identifier: GPL-2.0
/* A device and its memory in one kernel: what the stories of a jump rely on. */
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/story.h"

#define PLAIN_FRAMES	1500
#define SOME_FRAMES	100
#define SWAPS		1000

static struct nic nic;

/* Every frame comes through vfio and the IOMMU into the memfd. */
static void dma_plain(void)
{
	dma_begin(&nic);
	check(nic_wait(&nic, PLAIN_FRAMES, 60), "%lu frames", nic.state->frames);
	nic_end(&nic);
}

STORY(dma_plain, .stages = 1, .stage = { dma_plain });

/*
 * The device is moved from one set of tables to another one with the same
 * mappings, again and again; no frame falls in between.
 */
static void dma_swaps(void)
{
	uint32_t hwpt[2];
	int i;

	dma_begin(&nic);
	for (i = 0; i < 2; i++)
		require(!check_ret(vmm_hwpt(&nic.vmm, &hwpt[i]), 0));
	for (i = 0; i < SWAPS; i++) {
		require(!check_ret(vmm_attach(&nic.vmm, hwpt[i % 2]), 0));
		if (nic_poll(&nic))
			nic_refill(&nic);
	}
	check(nic_wait(&nic, SOME_FRAMES, 60), "it has stopped");
	story_log("%d swaps, %lu frames", SWAPS, nic.state->frames);
	nic_end(&nic);
}

STORY(dma_swaps, .stages = 1, .stage = { dma_swaps });

/* Bus mastering is off for two seconds: frames are lost. */
static void control_dma_off(void)
{
	dma_begin(&nic);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	check_ret(vmm_command(&nic.vmm, PCI_COMMAND_MASTER, 0), 0);
	sleep(2);
	check_ret(vmm_command(&nic.vmm, 0, PCI_COMMAND_MASTER), 0);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	nic_check(&nic);
}

STORY(control_dma_off, .stages = 1, .stage = { control_dma_off });

/*
 * It is off for so short a time that the socket holds the frames: only QEMU's
 * trace shows it.
 */
static void control_dma_held(void)
{
	dma_begin(&nic);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	check_ret(vmm_command(&nic.vmm, PCI_COMMAND_MASTER, 0), 0);
	usleep(20000);
	check_ret(vmm_command(&nic.vmm, 0, PCI_COMMAND_MASTER), 0);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	nic_end(&nic);
}

STORY(control_dma_held, .stages = 1, .stage = { control_dma_held });

/* The memory is unmapped for a moment: contents are lost, and faults are seen. */
static void control_dma_fault(void)
{
	dma_begin(&nic);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	check_ret(vmm_unmap(&nic.vmm, NIC_IOVA, NIC_SIZE), 0);
	sleep(1);
	check_ret(vmm_map(&nic.vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA), 0);
	check(nic_wait(&nic, SOME_FRAMES, 5), "it has stopped");
	nic_check(&nic);
}

STORY(control_dma_fault, .stages = 1, .stage = { control_dma_fault });

/* The same after the second mark, when it should be quiet. */
static void control_dma_late(void)
{
	dma_begin(&nic);
	check(nic_wait(&nic, SOME_FRAMES, 60));
	nic_check(&nic);
	nic_mark(nic.regs);
	check_ret(vmm_unmap(&nic.vmm, NIC_IOVA, NIC_SIZE), 0);
	sleep(1);
}

STORY(control_dma_late, .stages = 1, .stage = { control_dma_late });
