// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody takes the driver from a device that is in use. That waits, with the
 * device locked, until it is not: nothing may wait for that lock, and no update
 * may begin.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define DRIVER		"/sys/bus/pci/drivers/vfio-pci/"
#define SOME_FRAMES	50
#define PATIENCE	120

static struct nic nic;

/* A process that waits for the device to be closed. */
static pid_t unbind_begin(const char *bdf)
{
	pid_t pid = fork();

	if (!pid) {
		nic_regs_close(&nic);
		close_range(3, ~0U, 0);
		_exit(guest_write(DRIVER "unbind", bdf) ? 1 : 0);
	}
	usleep(500000);
	check(!waitpid(pid, NULL, WNOHANG), "it was taken from who has it open");
	return pid;
}

static void unbind_end(pid_t pid)
{
	int status = -1;

	check(waitpid(pid, &status, 0) == pid && !status, "unbind: %#x", status);
}

static int preserve_all_but_device(struct vmm *vmm, const char *bdf, int memfd)
{
	int session = require_fd(luo_create(DMA_SESSION));

	require(!check_ret(vmm_start(vmm, bdf, memfd, NIC_SIZE, NIC_IOVA), 0));
	check_ret(luo_preserve(session, memfd, DMA_RAM), 0);
	check_ret(luo_preserve(session, vmm->iommufd, DMA_IOMMUFD), 0);
	return session;
}

/* First taken, then preserved. */
static void taken_before(const char *bdf, int memfd)
{
	struct vmm vmm;
	int session = preserve_all_but_device(&vmm, bdf, memfd);
	pid_t pid = unbind_begin(bdf);

	check_ret(luo_preserve(session, vmm.device, DMA_DEVICE), -EBUSY);
	close(session);
	vmm_close(&vmm);
	unbind_end(pid);
}

/* First preserved, then taken. */
static void taken_after(const char *bdf, int memfd)
{
	struct vmm vmm;
	int session = preserve_all_but_device(&vmm, bdf, memfd);
	pid_t pid;

	check_ret(luo_preserve(session, vmm.device, DMA_DEVICE), 0);
	pid = unbind_begin(bdf);
	check_ret(guest_kexec_load(true, ""), 0);
	check_ret(guest_kexec(), -EBUSY);
	check_ret(guest_kexec_unload(), 0);
	close(session);
	vmm_close(&vmm);
	unbind_end(pid);
}

/* The driver has it because of its numbers, and not of driver_override. */
static void bind_by_numbers(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	check_ret(guest_write(path, "\n"), 0);
	check_ret(guest_write(DRIVER "new_id", "8086 10d3"), 0);
}

static void unbind_save(void)
{
	int memfd = require_fd(data_memfd_sparse("ram", 0, NIC_SIZE)), session;
	char bdf[VMM_BDF];

	require(!vmm_find(NIC_VENDOR, NIC_DEVICE, bdf));
	taken_before(bdf, memfd);
	taken_after(bdf, memfd);
	bind_by_numbers(bdf);
	dma_begin(&nic);
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
}

static void unbind_load(void)
{
	int session;
	pid_t pid;

	check_ret(vmm_load(), 0);
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	pid = unbind_begin(nic.vmm.bdf);
	check_ret(luo_finish(session), 0);
	check(guest_log_count("its driver_override stays") == 1, "not said");
	close(session);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
	unbind_end(pid);
}

STORY(dma_unbind, .stages = 2, .stage = { unbind_save, unbind_load });
