// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that are under way at a disk when the kernel is replaced end in the next
 * one. QEMU maps the data of a read when it is submitted, so it is its completion
 * that proves that the device could write.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/disk.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0xd15c
#define READS		68	/* four a second */
#define EARLY		4
#define PATIENCE	120

static struct disk disk;

static void disk_begin(void)
{
	require(!check_ret(disk_start(&disk), 0));
	require(!check_ret(disk_write(&disk, SEED, READS), 0));
	disk_read(&disk, READS);
	require(disk_wait(&disk, EARLY, PATIENCE), "nothing is read");
}

/* One kernel. */
static void disk_plain(void)
{
	disk_begin();
	check(disk_wait(&disk, EARLY, PATIENCE), "it has stopped");
	check(disk_check(&disk, SEED, READS) < READS, "they are not slow");
	vmm_close(&disk.vmm);
}

STORY(dma_disk_plain, .stages = 1, .stage = { disk_plain });

static void disk_save(void)
{
	int session;

	disk_begin();
	session = require_fd(luo_create(DMA_SESSION));
	require(!check_ret(luo_preserve(session, disk.memfd, DMA_RAM), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.iommufd, DMA_IOMMUFD), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.device, DMA_DEVICE), 0));
	check(disk_check(&disk, SEED, READS) < READS / 2, "too many are done");
}

static void disk_load(void)
{
	struct vmm *vmm = &disk.vmm;
	unsigned int before, now;
	int session;

	session = require_fd(luo_retrieve(DMA_SESSION));
	require(!disk_take_memfd(&disk, require_fd(luo_get(session, DMA_RAM))));
	before = disk_check(&disk, SEED, READS);
	disk_poll(&disk);
	now = disk_check(&disk, SEED, READS);
	story_log("%u reads ended before, %u between the kernels", before, now - before);
	check(now > before, "none");
	vmm->iommufd = require_fd(luo_get(session, DMA_IOMMUFD));
	vmm->device = require_fd(dma_get_device(session));
	require(!check_ret(vmm_bind(vmm), 0));
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, disk.memfd, 0, DISK_SIZE, DISK_IOVA), 0));
	require(!check_ret(disk_regs(&disk), 0));
	check_ret(vmm_attach(vmm, vmm->ioas), 0);
	check_ret(luo_finish(session), 0);
	check(disk_wait(&disk, READS - now, PATIENCE), "it has stopped");
	check(disk_check(&disk, SEED, READS) == READS);
	check_ret(disk_write(&disk, SEED + 1, EARLY), 0);
	vmm_close(vmm);
}

STORY(dma_disk, .stages = 2, .stage = { disk_save, disk_load });
