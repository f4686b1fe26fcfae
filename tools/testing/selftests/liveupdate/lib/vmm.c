// SPDX-License-Identifier: GPL-2.0
/* The device of a monitor: vfio and iommufd. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "guest.h"
#include "vmm.h"

#define SYS_DEVICES	"/sys/bus/pci/devices"

/* The name of the node in /dev/vfio/devices is that of a directory in sysfs. */
int vmm_cdev(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	int ret = -ENOENT;
	char dir[128];
	DIR *d;

	snprintf(dir, sizeof(dir), SYS_DEVICES "/%s/vfio-dev", bdf);
	d = opendir(dir);
	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%.16s", entry->d_name);
		ret = 0;
	}
	closedir(d);
	return ret;
}

int vmm_open(struct vmm *vmm)
{
	char path[64];
	int ret;

	ret = vmm_cdev(vmm->bdf, path, sizeof(path));
	if (ret)
		return ret;
	vmm->device = open(path, O_RDWR | O_CLOEXEC);
	if (vmm->device < 0)
		return -errno;
	return 0;
}

int vmm_group_open(const char *bdf)
{
	char path[128], number[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYS_DEVICES "/%s/iommu_group", bdf);
	n = readlink(path, number, sizeof(number) - 1);
	if (n < 0)
		return -errno;
	number[n] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(number, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int vmm_group_join(int group, int container)
{
	return ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ? -errno : 0;
}

int vmm_group_device(int group, const char *bdf)
{
	int fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);

	return fd < 0 ? -errno : fd;
}

int vmm_bind(struct vmm *vmm)
{
	struct vfio_device_bind_iommufd arg = {
		.argsz = sizeof(arg),
		.iommufd = vmm->iommufd,
	};

	if (ioctl(vmm->device, VFIO_DEVICE_BIND_IOMMUFD, &arg))
		return -errno;
	vmm->devid = arg.out_devid;
	return 0;
}

int vmm_ioas(struct vmm *vmm)
{
	struct iommu_ioas_alloc arg = { .size = sizeof(arg) };

	if (ioctl(vmm->iommufd, IOMMU_IOAS_ALLOC, &arg))
		return -errno;
	vmm->ioas = arg.out_ioas_id;
	return 0;
}

int vmm_hwpt(struct vmm *vmm, uint32_t *hwpt)
{
	struct iommu_hwpt_alloc arg = {
		.size = sizeof(arg),
		.dev_id = vmm->devid,
		.pt_id = vmm->ioas,
	};

	if (ioctl(vmm->iommufd, IOMMU_HWPT_ALLOC, &arg))
		return -errno;
	*hwpt = arg.out_hwpt_id;
	return 0;
}

static int map(struct vmm *vmm, int memfd, uint64_t start, uint64_t length,
	       uint64_t iova, uint32_t flags)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = vmm->ioas,
		.fd = memfd,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return ioctl(vmm->iommufd, IOMMU_IOAS_MAP_FILE, &arg) ? -errno : 0;
}

int vmm_map(struct vmm *vmm, int memfd, uint64_t start, uint64_t length,
	    uint64_t iova)
{
	return map(vmm, memfd, start, length, iova,
		   IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE);
}

int vmm_map_readable(struct vmm *vmm, int memfd, uint64_t start, uint64_t length,
		     uint64_t iova)
{
	return map(vmm, memfd, start, length, iova, IOMMU_IOAS_MAP_READABLE);
}

int vmm_unmap(struct vmm *vmm, uint64_t iova, uint64_t length)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg),
		.ioas_id = vmm->ioas,
		.iova = iova,
		.length = length,
	};

	return ioctl(vmm->iommufd, IOMMU_IOAS_UNMAP, &arg) ? -errno : 0;
}

int vmm_attach(struct vmm *vmm, uint32_t pt)
{
	struct vfio_device_attach_iommufd_pt arg = {
		.argsz = sizeof(arg),
		.pt_id = pt,
	};

	if (ioctl(vmm->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg))
		return -errno;
	vmm->hwpt = arg.pt_id;
	return 0;
}

int vmm_detach(struct vmm *vmm)
{
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	return ioctl(vmm->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg) ? -errno : 0;
}

int vmm_destroy(struct vmm *vmm, uint32_t id)
{
	struct iommu_destroy arg = { .size = sizeof(arg), .id = id };

	return ioctl(vmm->iommufd, IOMMU_DESTROY, &arg) ? -errno : 0;
}

int vmm_reset(struct vmm *vmm)
{
	return ioctl(vmm->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int region(struct vmm *vmm, unsigned int index,
		  struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){
		.argsz = sizeof(*info),
		.index = index,
	};
	return ioctl(vmm->device, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

int vmm_command(struct vmm *vmm, uint16_t clear, uint16_t set)
{
	struct vfio_region_info info;
	uint16_t value;
	int ret;

	ret = region(vmm, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (ret)
		return ret;
	if (pread(vmm->device, &value, 2, info.offset + PCI_COMMAND) != 2)
		return -EIO;
	value = (value & ~clear) | set;
	if (pwrite(vmm->device, &value, 2, info.offset + PCI_COMMAND) != 2)
		return -EIO;
	return 0;
}

void *vmm_bar(struct vmm *vmm, unsigned int bar, size_t *size)
{
	struct vfio_region_info info;
	void *map;

	if (region(vmm, VFIO_PCI_BAR0_REGION_INDEX + bar, &info))
		return NULL;
	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vmm->device, info.offset);
	if (size)
		*size = info.size;
	return map == MAP_FAILED ? NULL : map;
}

int vmm_irq_set(struct vmm *vmm, uint32_t index, uint32_t flags, const int *eventfds,
		unsigned int n)
{
	char buf[sizeof(struct vfio_irq_set) + 8 * sizeof(int)];
	size_t data = flags & VFIO_IRQ_SET_DATA_EVENTFD ? n * sizeof(int) : 0;
	struct vfio_irq_set *set = (void *)buf;

	if (n > 8)
		return -EINVAL;
	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + data,
		.flags = flags,
		.index = index,
		.count = n,
	};
	memcpy(set->data, eventfds, data);
	return ioctl(vmm->device, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}

int vmm_irqs(struct vmm *vmm, const int *eventfds, unsigned int n)
{
	return vmm_irq_set(vmm, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER |
			   (n ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
			   eventfds, n);
}

uint64_t vmm_events(int eventfd, int ms)
{
	struct pollfd p = { .fd = eventfd, .events = POLLIN };
	uint64_t n = 0;

	if (poll(&p, 1, ms) == 1 && read(eventfd, &n, sizeof(n)) != sizeof(n))
		n = 0;
	return n;
}

int vmm_start(struct vmm *vmm, const char *bdf, int memfd, uint64_t size,
	      uint64_t iova)
{
	int ret;

	snprintf(vmm->bdf, sizeof(vmm->bdf), "%s", bdf);
	vmm->device = -1;
	vmm->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vmm->iommufd < 0)
		return -errno;
	ret = vmm_take(bdf);
	if (!ret)
		ret = vmm_open(vmm);
	if (!ret)
		ret = vmm_bind(vmm);
	if (!ret)
		ret = vmm_ioas(vmm);
	if (!ret)
		ret = vmm_map(vmm, memfd, 0, size, iova);
	if (!ret)
		ret = vmm_attach(vmm, vmm->ioas);
	if (!ret)
		ret = vmm_command(vmm, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (ret)
		vmm_close(vmm);
	return ret;
}

void vmm_close(struct vmm *vmm)
{
	if (vmm->device >= 0)
		close(vmm->device);
	if (vmm->iommufd >= 0)
		close(vmm->iommufd);
	vmm->device = -1;
	vmm->iommufd = -1;
}
