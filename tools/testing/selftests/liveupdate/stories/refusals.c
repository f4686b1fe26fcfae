// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that vfio-pci can have, and whose memory and iommufd can be preserved,
 * but not themselves: because of what is around them. One kernel, no jump. Each
 * story has a bed of its own.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define VIRTIO_VENDOR	0x1af4
#define VIRTIO_NET	0x1041

/* The device stays an ordinary one. */
static void check_left(struct vmm *vmm, int session)
{
	check(vmm_reset(vmm) != -EBUSY, "it cannot be reset");
	check_ret(luo_unpreserve(session, DMA_IOMMUFD), 0);
	check_ret(vmm_detach(vmm), 0);
}

static void refused(const char *bdf, int error, const char *line)
{
	int memfd = require_fd(data_memfd_sparse("ram", 0, NIC_SIZE));
	int session = require_fd(luo_create(DMA_SESSION));
	struct vmm vmm;

	require(!check_ret(vmm_start(&vmm, bdf, memfd, NIC_SIZE, NIC_IOVA), 0));
	check_ret(luo_preserve(session, memfd, DMA_RAM), 0);
	check_ret(luo_preserve(session, vmm.iommufd, DMA_IOMMUFD), 0);
	check_ret(luo_refused(session, vmm.device, DMA_DEVICE, line), error);
	check_left(&vmm, session);
	close(session);
	vmm_close(&vmm);
}

/* allow_unsafe_interrupts, or iommufd would refuse it already. */
static void refused_interrupts(void)
{
	char bdf[VMM_BDF];

	require(!vmm_find(NIC_VENDOR, NIC_DEVICE, bdf));
	refused(bdf, -EACCES, "live update: no interrupt remapping");
}

STORY(refused_interrupts, .stages = 1, .stage = { refused_interrupts });

/* One group is one owner: the other one has to have vfio-pci, too. */
static void refused_group(void)
{
	char bdf[VMM_BDF], other[VMM_BDF];

	require(!vmm_find(NIC_VENDOR, NIC_DEVICE, bdf));
	strcpy(other, bdf);
	other[VMM_BDF - 2] = '1';
	require(!check_ret(vmm_take(other), 0));
	refused(bdf, -EMLINK, "live update: not alone in its IOMMU group");
	refused(other, -EMLINK, "live update: not alone in its IOMMU group");
}

STORY(refused_group, .stages = 1, .stage = { refused_group });

static void refused_ats(void)
{
	char bdf[VMM_BDF];

	require(!vmm_find(VIRTIO_VENDOR, VIRTIO_NET, bdf));
	refused(bdf, -ESTALE, "live update: not with ATS, PRI or PASID");
}

STORY(refused_ats, .stages = 1, .stage = { refused_ats });
