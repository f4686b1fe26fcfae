// SPDX-License-Identifier: GPL-2.0
/*
 * Two devices run, one is preserved: the other one does not reach the memory of
 * the next kernel, and is an ordinary device there.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/disk.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x57a1
#define READS		20
#define PATIENCE	120

static struct disk disk;
static struct nic nic;

static void stray_save(void)
{
	int session;

	dma_begin(&nic);
	dma_note(&nic);
	require(!check_ret(disk_start(&disk), 0));
	require(!check_ret(disk_write(&disk, SEED, READS), 0));
	disk_read(&disk, READS);
	session = require_fd(luo_create(DMA_SESSION));
	require(!check_ret(luo_preserve(session, disk.memfd, DMA_RAM), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.iommufd, DMA_IOMMUFD), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.device, DMA_DEVICE), 0));
	nic_mark(nic.regs);
}

static void stray_load(void)
{
	struct dma_note *note = story_note();
	uint32_t found = 0;
	char name[32];
	int session;

	if (!check_ret(vmm_config_found(note->device.bdf, PCI_COMMAND, &found), 0))
		check(!(found & PCI_COMMAND_MASTER), "bus mastering was found on");
	vmm_driver(note->device.bdf, name, sizeof(name));
	check(!strcmp(name, "e1000e"), "its driver is '%s'", name);
	session = require_fd(luo_retrieve(DMA_SESSION));
	require(!disk_take_memfd(&disk, require_fd(luo_get(session, DMA_RAM))));
	check(disk_wait(&disk, READS - disk_check(&disk, SEED, READS), PATIENCE),
	      "the disk has stopped");
	check(disk_check(&disk, SEED, READS) == READS);
	check_ret(luo_finish(session), 0);
}

STORY(dma_stray, .stages = 2, .stage = { stray_save, stray_load });
