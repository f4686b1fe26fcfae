// SPDX-License-Identifier: GPL-2.0
/* A preserved device stays as it is: one kernel, no jump. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120
#define ELSEWHERE	0x8000000UL

static struct nic nic;

static void check_frozen(struct nic *nic, int other)
{
	struct vmm *vmm = &nic->vmm;
	uint32_t hwpt;

	check_ret(vmm_unmap(vmm, NIC_IOVA, NIC_SIZE), -EBUSY);
	check_ret(vmm_map(vmm, other, 0, MiB, ELSEWHERE), -EBUSY);
	check_ret(vmm_hwpt(vmm, &hwpt), -EBUSY);
	check_ret(vmm_attach(vmm, vmm->ioas), -EBUSY);
	check_ret(vmm_detach(vmm), -EBUSY);
	check_ret(vmm_reset(vmm), -EBUSY);
	check_ret(vmm_destroy(vmm, vmm->hwpt), -EBUSY);
}

static void dma_frozen(void)
{
	int session, other;
	uint32_t hwpt;

	dma_begin(&nic);
	other = require_fd(data_memfd("other", 0, 1, MiB));
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	check_frozen(&nic, other);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	/* In the order of devices.md: the device first, the memory last. */
	check_ret(luo_unpreserve(session, DMA_DEVICE), 0);
	check_ret(luo_unpreserve(session, DMA_IOMMUFD), 0);
	check_ret(luo_unpreserve(session, DMA_RAM), 0);
	check_ret(vmm_map(&nic.vmm, other, 0, MiB, ELSEWHERE), 0);
	check_ret(vmm_unmap(&nic.vmm, ELSEWHERE, MiB), 0);
	check_ret(vmm_hwpt(&nic.vmm, &hwpt), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
	nic_mark(nic.regs);
	check_ret(vmm_command(&nic.vmm, PCI_COMMAND_MASTER, 0), 0);
	check_ret(vmm_detach(&nic.vmm), 0);
	nic_close(&nic);
}

STORY(dma_frozen, .stages = 1, .stage = { dma_frozen });

/* Each is missing something that has to be preserved first. */
static void dma_order(void)
{
	int session, fd;

	dma_begin(&nic);
	session = require_fd(luo_create(DMA_SESSION));
	check(luo_preserve(session, nic.vmm.device, DMA_DEVICE) < 0, "no iommufd");
	check(luo_preserve(session, nic.vmm.iommufd, DMA_IOMMUFD) < 0, "no memory");
	fd = require_fd(luo_create("another"));
	check_ret(luo_preserve(fd, nic.memfd, DMA_RAM), 0);
	check(luo_preserve(session, nic.vmm.iommufd, DMA_IOMMUFD) < 0,
	      "the memory is in another session");
	close(fd);
	check_ret(luo_preserve(session, nic.memfd, DMA_RAM), 0);
	check(luo_preserve(session, nic.vmm.device, DMA_DEVICE) < 0, "no iommufd");
	check_ret(luo_preserve(session, nic.vmm.iommufd, DMA_IOMMUFD), 0);
	check_ret(luo_preserve(session, nic.vmm.device, DMA_DEVICE), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
	nic_mark(nic.regs);
	close(session);
	nic_close(&nic);
}

STORY(dma_order, .stages = 1, .stage = { dma_order });

/*
 * A page was punched out of the memfd: the device still writes to it, but the
 * file has another one, or none. Nothing may be preserved then.
 */
static void dma_punched(void)
{
	const off_t page = NIC_BUFFERS + 1000 * NIC_BUFFER;
	int session;

	dma_begin(&nic);
	require(!fallocate(nic.memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   page, PAGE));
	session = dma_session(&nic);
	check(luo_preserve(session, nic.vmm.iommufd, DMA_IOMMUFD) < 0, "with a hole");
	check_ret(luo_unpreserve(session, DMA_RAM), 0);
	nic.mem[page] = 1;
	check_ret(luo_preserve(session, nic.memfd, DMA_RAM), 0);
	check(luo_preserve(session, nic.vmm.iommufd, DMA_IOMMUFD) < 0,
	      "with another page");
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

STORY(dma_punched, .stages = 1, .stage = { dma_punched });
