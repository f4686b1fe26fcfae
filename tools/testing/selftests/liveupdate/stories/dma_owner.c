// SPDX-License-Identifier: GPL-2.0
/*
 * A device that went on is nobody's but its session's: no file of it is opened
 * before it is retrieved, and no iommufd gets it but the one that was preserved
 * with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120
#define FOREIGN		"vfio: live update: not the iommufd of its session"

static struct nic nic;

static void owner_save(void)
{
	dma_save(&nic);
}

static void check_not_opened(const char *when)
{
	struct dma_note *note = story_note();
	struct vmm other = { .device = -1 };
	int ret;

	strcpy(other.bdf, note->device.bdf);
	ret = vmm_open(&other);
	check(ret == -EBUSY, "%s, opened: %d", when, ret);
	check(vmm_config(note->device.bdf, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

/* The older way: a container of vfio would have a domain of its own for its group. */
static void check_not_grouped(const char *when)
{
	struct dma_note *note = story_note();
	int group = require_fd(vmm_group_open(note->device.bdf));
	int container = require_fd(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	int iommufd = require_fd(open("/dev/iommu", O_RDWR | O_CLOEXEC));

	check_ret(vmm_group_join(group, container), -EPERM, "%s", when);
	check_ret(vmm_group_join(group, iommufd), 0, "%s", when);
	check_ret(vmm_group_device(group, note->device.bdf), -EBUSY, "%s", when);
	close(group);
	close(container);
	close(iommufd);
}

/* With an iommufd of this kernel; what was tried leaves nothing behind. */
static void check_not_bound(int device)
{
	struct vmm other = { .device = device };
	unsigned int before = guest_log_count(FOREIGN);

	other.iommufd = require_fd(open("/dev/iommu", O_RDWR | O_CLOEXEC));
	check_ret(vmm_bind(&other), -EPERM);
	check(guest_log_count(FOREIGN) == before + 1, "no line says why");
	close(other.iommufd);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped by a foreign bind");
}

static void owner_load(void)
{
	int session;

	check_ret(vmm_load(), 0);
	check_not_opened("before RETRIEVE");
	check_not_grouped("before RETRIEVE");
	session = require_fd(luo_retrieve(DMA_SESSION));
	check_not_opened("its session is there");
	dma_ram(&nic, session);
	nic.vmm.device = require_fd(dma_get_device(session));
	check_not_opened("retrieved");
	check_not_grouped("retrieved");
	check_not_bound(nic.vmm.device);
	close(nic.vmm.device);
	dma_rebuild(&nic, session);
	check_not_opened("bound");
	check_ret(vmm_group_open(nic.vmm.bdf), -EBUSY);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

STORY(dma_owner, .stages = 2, .stage = { owner_save, owner_load });
