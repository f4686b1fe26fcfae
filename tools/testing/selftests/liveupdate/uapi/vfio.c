// SPDX-License-Identifier: GPL-2.0
/*
 * PRESERVE_FD of an iommufd and of a device of VFIO: what is refused, and what
 * is then forbidden. One kernel, no jump. Needs an e1000e behind an IOMMU.
 */
#include "uapi.h"

#include <sys/eventfd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "../lib/disk.h"
#include "../lib/nic.h"
#include "../lib/vmm.h"

#define SIZE		MiB
#define IOVA		0x1000000UL
#define ELSEWHERE	0x8000000UL
#define SEED		0x55
#define CAP_PM		0x01
#define PM_CTRL		4
#define D3HOT		3
#define CAP_EXP		0x10
#define EXP_DEVCTL	8
#define EXP_FLR		0x8000

/* Why PRESERVE_FD is refused. */
#define NO_IOMMUFD	"its iommufd is not preserved in this session"
#define NO_MEMFD	", which is not preserved in this session"
#define NO_FILE		"is memory of a process, not of a memfd"
#define OTHER_PAGE	"reaches a page that is not in "
#define LOW_POWER	"vfio: live update: in a low power state"
#define GROUP		"vfio: live update: opened through its group"
#define LOUD_INTX	"vfio: live update: its INTx cannot be masked"

enum token { RAM = 1, IOMMUFD, DEVICE };

FIXTURE(vfio) {
	struct counters before;
	int session, other, memfd;
	char *mem;
	struct vmm vmm;
};

FIXTURE_SETUP(vfio)
{
	char bdf[VMM_BDF];

	if (vmm_find(NIC_VENDOR, NIC_DEVICE, bdf))
		SKIP(return, "no e1000e");
	ASSERT_EQ(vmm_take(bdf), 0);
	counters_get(&self->before);
	self->session = luo_create("one");
	self->other = luo_create("other");
	ASSERT_GE(self->session, 0);
	ASSERT_GE(self->other, 0);
	self->memfd = data_memfd("ram", 0, SEED, SIZE);
	ASSERT_GE(self->memfd, 0);
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->memfd, 0);
	ASSERT_EQ(vmm_start(&self->vmm, bdf, self->memfd, SIZE, IOVA), 0);
}

FIXTURE_TEARDOWN(vfio)
{
	close(self->session);
	close(self->other);
	vmm_close(&self->vmm);
	munmap(self->mem, SIZE);
	close(self->memfd);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

static int preserve_all(int session, int memfd, struct vmm *vmm)
{
	int ret = luo_preserve(session, memfd, RAM);

	if (!ret)
		ret = luo_preserve(session, vmm->iommufd, IOMMUFD);
	return ret ?: luo_preserve(session, vmm->device, DEVICE);
}

/* In reverse, one by one. */
static int unpreserve_all(int session)
{
	int ret = luo_unpreserve(session, DEVICE);

	if (!ret)
		ret = luo_unpreserve(session, IOMMUFD);
	return ret ?: luo_unpreserve(session, RAM);
}

static int map_user(struct vmm *vmm, void *mem, uint64_t iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = vmm->ioas,
		.user_va = (uintptr_t)mem,
		.length = PAGE,
		.iova = iova,
	};

	return raw_ioctl(vmm->iommufd, IOMMU_IOAS_MAP, &cmd);
}

static int copy_map(struct vmm *vmm)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.dst_ioas_id = vmm->ioas,
		.src_ioas_id = vmm->ioas,
		.length = SIZE,
		.dst_iova = ELSEWHERE,
		.src_iova = IOVA,
	};

	return raw_ioctl(vmm->iommufd, IOMMU_IOAS_COPY, &cmd);
}

static int change_process(struct vmm *vmm)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return raw_ioctl(vmm->iommufd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static int compat_ioas(struct vmm *vmm, uint16_t op)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = vmm->ioas,
		.op = op,
	};

	return raw_ioctl(vmm->iommufd, IOMMU_VFIO_IOAS, &cmd);
}

static int hot_reset(struct vmm *vmm)
{
	struct vfio_pci_hot_reset cmd = { .argsz = sizeof(cmd) };

	return raw_ioctl(vmm->device, VFIO_DEVICE_PCI_HOT_RESET, &cmd);
}

static int low_power(struct vmm *vmm, uint32_t feature)
{
	struct vfio_device_feature cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return raw_ioctl(vmm->device, VFIO_DEVICE_FEATURE, &cmd);
}

/* A word of a capability, as the guest of a monitor would write it. */
static int cap_write(struct vmm *vmm, uint8_t id, off_t off, uint16_t value)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	int ret = raw_ioctl(vmm->device, VFIO_DEVICE_GET_REGION_INFO, &info);

	if (ret)
		return ret;
	off += info.offset + vmm_capability(vmm->bdf, id);
	return pwrite(vmm->device, &value, sizeof(value), off) < 0 ? -errno : 0;
}

static int power_state(struct vmm *vmm, uint16_t state)
{
	return cap_write(vmm, CAP_PM, PM_CTRL, state);
}

TEST_F(vfio, nothing_is_mapped_or_unmapped)
{
	struct vmm *vmm = &self->vmm;

	ASSERT_EQ(preserve_all(self->session, self->memfd, vmm), 0);
	EXPECT_EQ(vmm_map(vmm, self->memfd, 0, PAGE, ELSEWHERE), -EBUSY);
	EXPECT_EQ(map_user(vmm, self->mem, ELSEWHERE), -EBUSY);
	EXPECT_EQ(copy_map(vmm), -EBUSY);
	EXPECT_EQ(vmm_unmap(vmm, IOVA, SIZE), -EBUSY);
	EXPECT_EQ(vmm_unmap(vmm, 0, UINT64_MAX), -EBUSY);
	EXPECT_EQ(change_process(vmm), -EBUSY);

	EXPECT_EQ(unpreserve_all(self->session), 0);
	EXPECT_EQ(vmm_map(vmm, self->memfd, 0, PAGE, ELSEWHERE), 0);
	EXPECT_EQ(vmm_unmap(vmm, ELSEWHERE, PAGE), 0);
	EXPECT_EQ(copy_map(vmm), 0);
	EXPECT_EQ(vmm_unmap(vmm, ELSEWHERE, SIZE), 0);
	EXPECT_EQ(map_user(vmm, self->mem, ELSEWHERE), 0);
	EXPECT_EQ(vmm_unmap(vmm, ELSEWHERE, PAGE), 0);
	EXPECT_EQ(vmm_unmap(vmm, IOVA, SIZE), 0);
}

TEST_F(vfio, nothing_is_attached_or_destroyed)
{
	struct vmm *vmm = &self->vmm;
	uint32_t hwpt;

	ASSERT_EQ(preserve_all(self->session, self->memfd, vmm), 0);
	EXPECT_EQ(vmm_attach(vmm, vmm->ioas), -EBUSY);
	EXPECT_EQ(vmm_attach(vmm, vmm->hwpt), -EBUSY);
	EXPECT_EQ(vmm_detach(vmm), -EBUSY);
	EXPECT_EQ(vmm_hwpt(vmm, &hwpt), -EBUSY);
	EXPECT_EQ(vmm_destroy(vmm, vmm->hwpt), -EBUSY);
	EXPECT_EQ(vmm_destroy(vmm, vmm->ioas), -EBUSY);

	EXPECT_EQ(unpreserve_all(self->session), 0);
	EXPECT_EQ(vmm_hwpt(vmm, &hwpt), 0);
	EXPECT_EQ(vmm_attach(vmm, hwpt), 0);
	EXPECT_EQ(vmm_detach(vmm), 0);
	EXPECT_EQ(vmm_destroy(vmm, hwpt), 0);
}

TEST_F(vfio, no_reset_and_no_low_power)
{
	struct vmm *vmm = &self->vmm;
	/* -ENOTTY where the port cannot reset what is below it, as in QEMU. */
	int possible = hot_reset(vmm);

	ASSERT_NE(possible, -EBUSY);
	ASSERT_EQ(preserve_all(self->session, self->memfd, vmm), 0);
	EXPECT_EQ(vmm_reset(vmm), -EBUSY);
	EXPECT_EQ(hot_reset(vmm), -EBUSY);
	EXPECT_EQ(low_power(vmm, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), -EBUSY);
	EXPECT_EQ(power_state(vmm, D3HOT), -EBUSY);

	EXPECT_EQ(unpreserve_all(self->session), 0);
	EXPECT_EQ(power_state(vmm, D3HOT), 0);
	EXPECT_EQ(power_state(vmm, 0), 0);
	EXPECT_EQ(vmm_reset(vmm), 0);
	EXPECT_EQ(hot_reset(vmm), possible);
	EXPECT_EQ(low_power(vmm, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), 0);
	EXPECT_EQ(low_power(vmm, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT), 0);
}

/* The nic has no FLR. */
TEST_F(vfio, no_reset_by_its_guest)
{
	char bdf[VMM_BDF];
	struct vmm disk;

	ASSERT_EQ(vmm_find(DISK_VENDOR, DISK_DEVICE, bdf), 0);
	ASSERT_EQ(vmm_start(&disk, bdf, self->memfd, SIZE, IOVA), 0);
	ASSERT_EQ(preserve_all(self->session, self->memfd, &disk), 0);
	EXPECT_EQ(cap_write(&disk, CAP_EXP, EXP_DEVCTL, EXP_FLR), -EBUSY);
	EXPECT_EQ(unpreserve_all(self->session), 0);
	EXPECT_EQ(cap_write(&disk, CAP_EXP, EXP_DEVCTL, EXP_FLR), 0);
	vmm_close(&disk);
}

TEST_F(vfio, in_this_order)
{
	struct vmm *vmm = &self->vmm;

	EXPECT_EQ(luo_refused(self->session, vmm->device, DEVICE,
			      NO_IOMMUFD), -EXDEV);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      NO_MEMFD), -EXDEV);
	EXPECT_EQ(luo_preserve(self->other, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      NO_MEMFD), -EXDEV);
	EXPECT_EQ(luo_unpreserve(self->other, RAM), 0);

	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, 9), -EBUSY);
	EXPECT_EQ(luo_refused(self->other, vmm->device, DEVICE,
			      NO_IOMMUFD), -EXDEV);
	EXPECT_EQ(luo_unpreserve(self->session, RAM), -EBUSY);
	EXPECT_EQ(luo_preserve(self->session, vmm->device, DEVICE), 0);
	EXPECT_EQ(luo_preserve(self->other, vmm->device, DEVICE), -EBUSY);
	EXPECT_EQ(luo_unpreserve(self->session, RAM), -EBUSY);
	EXPECT_EQ(luo_unpreserve(self->session, IOMMUFD), -EBUSY);
	EXPECT_EQ(unpreserve_all(self->session), 0);
}

/* Closing the session takes all of it back, and so it can be done again. */
TEST_F(vfio, closed_and_again)
{
	struct vmm *vmm = &self->vmm;
	int i, session;

	for (i = 0; i < 3; i++) {
		session = luo_create("again");
		ASSERT_GE(session, 0);
		EXPECT_EQ(preserve_all(session, self->memfd, vmm), 0);
		EXPECT_EQ(vmm_reset(vmm), -EBUSY);
		close(session);
		EXPECT_EQ(vmm_map(vmm, self->memfd, 0, PAGE, ELSEWHERE), 0);
		EXPECT_EQ(vmm_unmap(vmm, ELSEWHERE, PAGE), 0);
	}
}

TEST_F(vfio, needs_an_attached_device)
{
	struct vmm *vmm = &self->vmm;

	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	ASSERT_EQ(vmm_detach(vmm), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      "no device is attached"), -EINVAL);
	EXPECT_EQ(luo_refused(self->session, vmm->device, DEVICE,
			      "vfio: live update: not attached"), -EINVAL);
	ASSERT_EQ(vmm_attach(vmm, vmm->ioas), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->device, DEVICE), 0);
}

TEST_F(vfio, needs_a_bound_device)
{
	struct vmm other = { .iommufd = -1 };

	strcpy(other.bdf, self->vmm.bdf);
	ASSERT_EQ(vmm_open(&other), 0);
	EXPECT_EQ(luo_refused(self->session, other.device, DEVICE,
			      "not bound to an iommufd"), -EINVAL);
	vmm_close(&other);
}

/* Its file is then nobody's who could take it over. */
TEST_F(vfio, not_through_its_group)
{
	static const char * const containers[] = { "/dev/vfio/vfio", "/dev/iommu" };
	int container, group, device, i;

	vmm_close(&self->vmm);
	for (i = 0; i < 2; i++) {
		container = open(containers[i], O_RDWR | O_CLOEXEC);
		ASSERT_GE(container, 0);
		group = vmm_group_open(self->vmm.bdf);
		ASSERT_GE(group, 0);
		ASSERT_EQ(vmm_group_join(group, container), 0);
		ASSERT_EQ(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
		device = vmm_group_device(group, self->vmm.bdf);
		ASSERT_GE(device, 0);
		EXPECT_EQ(luo_refused(self->session, device, DEVICE, GROUP), -EOPNOTSUPP);
		close(device);
		close(group);
		close(container);
	}
}

TEST_F(vfio, not_in_low_power)
{
	struct vmm *vmm = &self->vmm;

	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	ASSERT_EQ(power_state(vmm, D3HOT), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->device, DEVICE, LOW_POWER),
		  -EBUSY);
	ASSERT_EQ(power_state(vmm, 0), 0);
	ASSERT_EQ(low_power(vmm, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->device, DEVICE, LOW_POWER),
		  -EBUSY);
	ASSERT_EQ(low_power(vmm, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->device, DEVICE), 0);
}

/* The module anew, and the device with it; -ENOENT if it is built in. */
static int again(struct vmm *vmm, const char *params, int memfd)
{
	char bdf[VMM_BDF];
	int ret;

	strcpy(bdf, vmm->bdf);
	vmm_close(vmm);
	ret = guest_rmmod("vfio_pci");
	if (!ret)
		ret = guest_insmod("vfio-pci", params);
	return ret ?: vmm_start(vmm, bdf, memfd, SIZE, IOVA);
}

static int intx(struct vmm *vmm, int eventfd)
{
	return vmm_irq_set(vmm, VFIO_PCI_INTX_IRQ_INDEX,
			   VFIO_IRQ_SET_ACTION_TRIGGER |
			   (eventfd < 0 ? VFIO_IRQ_SET_DATA_NONE :
					  VFIO_IRQ_SET_DATA_EVENTFD),
			   &eventfd, eventfd >= 0);
}

TEST_F(vfio, no_loud_intx)
{
	struct vmm *vmm = &self->vmm;
	int fd = eventfd(0, EFD_CLOEXEC), ret;

	ret = again(vmm, "nointxmask=1", self->memfd);
	if (ret == -ENOENT)
		SKIP(return, "vfio-pci is no module");
	ASSERT_EQ(ret, 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	ASSERT_EQ(intx(vmm, fd), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->device, DEVICE, LOUD_INTX),
		  -EOPNOTSUPP);
	ASSERT_EQ(intx(vmm, -1), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->device, DEVICE), 0);
	EXPECT_EQ(unpreserve_all(self->session), 0);

	ASSERT_EQ(again(vmm, "", self->memfd), 0);
	ASSERT_EQ(intx(vmm, fd), 0);
	EXPECT_EQ(preserve_all(self->session, self->memfd, vmm), 0);
	close(fd);
}

TEST_F(vfio, no_memory_of_a_process)
{
	struct vmm *vmm = &self->vmm;
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(map_user(vmm, mem, ELSEWHERE), 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      NO_FILE), -EOPNOTSUPP);
	/* Nothing is left of it. */
	EXPECT_EQ(vmm_unmap(vmm, ELSEWHERE, PAGE), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	munmap(mem, PAGE);
}

/* A private mapping of the memfd is memory of the process as well. */
TEST_F(vfio, no_private_mapping)
{
	struct vmm *vmm = &self->vmm;
	char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->memfd, 0);

	mem[0] = 1;
	ASSERT_EQ(map_user(vmm, mem, ELSEWHERE), 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      NO_FILE), -EOPNOTSUPP);
	munmap(mem, PAGE);
}

TEST_F(vfio, no_foreign_memfd)
{
	struct vmm *vmm = &self->vmm;
	int fd = data_memfd("foreign", 0, SEED, PAGE);

	ASSERT_EQ(vmm_map(vmm, fd, 0, PAGE, ELSEWHERE), 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      NO_MEMFD), -EXDEV);
	EXPECT_EQ(luo_preserve(self->session, fd, 9), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 9), -EBUSY);
	close(fd);
}

/* What was punched out of the file stays mapped: as a hole, or beside a new page. */
TEST_F(vfio, no_punched_page)
{
	struct vmm *vmm = &self->vmm;
	const off_t hole = 7 * PAGE;

	ASSERT_EQ(fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE |
			    FALLOC_FL_KEEP_SIZE, hole, PAGE), 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      OTHER_PAGE), -ESTALE);
	/* The hole is filled after PRESERVE: with another page. */
	self->mem[hole] = 1;
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      OTHER_PAGE), -ESTALE);
	EXPECT_EQ(luo_unpreserve(self->session, RAM), 0);
	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      OTHER_PAGE), -ESTALE);
	/* Mapped anew it is what it should be. */
	EXPECT_EQ(vmm_unmap(vmm, IOVA, SIZE), 0);
	EXPECT_EQ(vmm_map(vmm, self->memfd, 0, SIZE, IOVA), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
}

/* Nothing of the file can be punched out any more. */
TEST_F(vfio, no_hole_afterwards)
{
	ASSERT_EQ(preserve_all(self->session, self->memfd, &self->vmm), 0);
	EXPECT_EQ(fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE |
			    FALLOC_FL_KEEP_SIZE, 0, PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(ftruncate(self->memfd, PAGE), -1);
	EXPECT_EQ(errno, EPERM);
}

TEST_F(vfio, no_emulated_container)
{
	struct vmm *vmm = &self->vmm;

	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	ASSERT_EQ(compat_ioas(vmm, IOMMU_VFIO_IOAS_SET), 0);
	EXPECT_EQ(luo_refused(self->session, vmm->iommufd, IOMMUFD,
			      "emulates a container of VFIO"), -EOPNOTSUPP);
	ASSERT_EQ(compat_ioas(vmm, IOMMU_VFIO_IOAS_CLEAR), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
}

/* The same memory twice, in two pieces, and with a gap. */
TEST_F(vfio, many_mappings)
{
	struct vmm *vmm = &self->vmm;

	ASSERT_EQ(vmm_map(vmm, self->memfd, 0, PAGE, ELSEWHERE), 0);
	ASSERT_EQ(vmm_map(vmm, self->memfd, 5 * PAGE, 3 * PAGE,
			  ELSEWHERE + PAGE), 0);
	ASSERT_EQ(vmm_map(vmm, self->memfd, PAGE, PAGE,
			  ELSEWHERE + 16 * PAGE), 0);
	EXPECT_EQ(preserve_all(self->session, self->memfd, vmm), 0);
	EXPECT_EQ(unpreserve_all(self->session), 0);
}

/* The device goes away while only the iommufd is preserved. */
TEST_F(vfio, closed_device)
{
	struct vmm *vmm = &self->vmm;

	EXPECT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
	EXPECT_EQ(luo_preserve(self->session, vmm->iommufd, IOMMUFD), 0);
	close(vmm->device);
	EXPECT_EQ(luo_unpreserve(self->session, IOMMUFD), 0);
	EXPECT_EQ(luo_unpreserve(self->session, RAM), 0);
	EXPECT_EQ(vmm_unmap(vmm, IOVA, SIZE), 0);
	ASSERT_EQ(vmm_open(vmm), 0);
	EXPECT_EQ(vmm_bind(vmm), 0);
}

TEST_HARNESS_MAIN
