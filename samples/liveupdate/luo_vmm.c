// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner of a device whose DMA goes on while the kernel is replaced: what a
 * virtual machine monitor does with a passthrough device, and no machine.
 *
 *   luo_vmm hold SESSION DEVICE MIB   in the old kernel: let DEVICE, which is
 *                                     /dev/vfio/devices/vfioN, reach so much
 *                                     memory, preserve both, stay until killed
 *   luo_vmm take SESSION              in the new kernel: take over both, finish
 *                                     the session, stay until killed
 *   luo_vmm drop SESSION              in the new kernel: give both up
 *
 * Exit status: 0 done, 1 failed, 2 usage, 3 no such session (a cold boot).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "luo_session.h"

#define RAM_IOVA	0x1000000	/* where the device finds the memory */

#define COMMAND		4	/* of PCI's configuration space */
#define COMMAND_ON	6	/* memory space, bus mastering */

/* The tokens are ours to choose, the same in both kernels. */
enum { TOKEN_RAM = 1, TOKEN_IOMMUFD, TOKEN_DEVICE };

/**
 * struct vm - a machine: memory, and one device
 * @ram: memfd, all of which the device reaches
 * @iommufd: /dev/iommu
 * @device: /dev/vfio/devices/vfioN
 * @irq: eventfd of vector 0
 */
struct vm {
	int ram;
	int iommufd;
	int device;
	int irq;
};

/* [steps] */
static void bind_device(struct vm *vm)
{
	struct vfio_device_bind_iommufd args = {
		.argsz = sizeof(args),
		.iommufd = vm->iommufd,
	};

	/* EINVAL: an owner before us has bound it, and died before finish(). */
	if (ioctl(vm->device, VFIO_DEVICE_BIND_IOMMUFD, &args) &&
	    errno != EINVAL)
		err(EXIT_FAILURE, "bind");
}

/* An address space with all of the memory. Return: its id */
static uint32_t map_ram(struct vm *vm)
{
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.fd = vm->ram,
		.iova = RAM_IOVA,
	};
	struct stat st;

	if (ioctl(vm->iommufd, IOMMU_IOAS_ALLOC, &ioas))
		err(EXIT_FAILURE, "allocate an address space");
	if (fstat(vm->ram, &st))
		err(EXIT_FAILURE, "fstat");
	map.ioas_id = ioas.out_ioas_id;
	map.length = st.st_size;
	if (ioctl(vm->iommufd, IOMMU_IOAS_MAP_FILE, &map))
		err(EXIT_FAILURE, "map");
	return ioas.out_ioas_id;
}

static void attach(struct vm *vm, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt args = {
		.argsz = sizeof(args),
		.pt_id = ioas,
	};

	if (ioctl(vm->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &args))
		err(EXIT_FAILURE, "attach");
}

/* A monitor would give the eventfd to KVM, as the interrupt of a vCPU. */
static void ask_for_interrupts(struct vm *vm)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};
	struct {
		struct vfio_irq_set set;
		int fd;
	} args = {
		.set.argsz = sizeof(args),
		.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER,
		.set.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.set.count = 1,
	};

	vm->irq = eventfd(0, EFD_CLOEXEC);
	if (vm->irq < 0)
		err(EXIT_FAILURE, "eventfd");
	if (ioctl(vm->device, VFIO_DEVICE_GET_IRQ_INFO, &info))
		err(EXIT_FAILURE, "ask about interrupts");
	if (!info.count)
		return;
	args.fd = vm->irq;
	if (ioctl(vm->device, VFIO_DEVICE_SET_IRQS, &args))
		err(EXIT_FAILURE, "ask for interrupts");
}

/* What the driver in the machine does when it finds the device. */
static void switch_on(struct vm *vm)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	unsigned short command;

	if (ioctl(vm->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		err(EXIT_FAILURE, "find the configuration space");
	if (pread(vm->device, &command, 2, config.offset + COMMAND) != 2)
		err(EXIT_FAILURE, "read the command register");
	command |= COMMAND_ON;
	if (pwrite(vm->device, &command, 2, config.offset + COMMAND) != 2)
		err(EXIT_FAILURE, "write the command register");
}

/* [start] */
static void start(struct vm *vm, const char *path, unsigned long mib)
{
	vm->ram = memfd_create("guest-ram", MFD_CLOEXEC);
	if (vm->ram < 0 || ftruncate(vm->ram, mib << 20))
		err(EXIT_FAILURE, "memfd");
	vm->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vm->iommufd < 0)
		err(EXIT_FAILURE, "/dev/iommu");
	vm->device = open(path, O_RDWR | O_CLOEXEC);
	if (vm->device < 0)
		err(EXIT_FAILURE, "%s", path);

	bind_device(vm);
	attach(vm, map_ram(vm));
	ask_for_interrupts(vm);
	switch_on(vm);
}

/* [hold] */
static void hold(const char *name, const char *path, unsigned long mib)
{
	int dev, session;
	struct vm vm;

	start(&vm, path, mib);

	dev = open_device();
	session = create_session(dev, name);
	close(dev);

	/*
	 * Each needs the one before it. The machine may run all the time: memory
	 * is written to, and the device is used. What it maps does not change
	 * any more once the iommufd is preserved.
	 */
	preserve_fd(session, vm.ram, TOKEN_RAM);
	preserve_fd(session, vm.iommufd, TOKEN_IOMMUFD);
	preserve_fd(session, vm.device, TOKEN_DEVICE);
	printf("holding %s in session %s\n", path, name);
	fflush(stdout);

	/* The session has to be open when reboot(2) is called. */
	wait_for_signal(name);
}

/* [take] */
static void take(const char *name)
{
	int dev, session;
	struct vm vm;

	dev = open_device();
	session = retrieve_session(dev, name);
	close(dev);

	/*
	 * The device runs, and uses the mappings of the old kernel. If we die
	 * before finish() it goes on, and the next run of this program finds
	 * all of it in the session.
	 */
	vm.ram = retrieve_fd(session, TOKEN_RAM);
	vm.iommufd = retrieve_fd(session, TOKEN_IOMMUFD);
	vm.device = retrieve_fd(session, TOKEN_DEVICE);

	/* No reset, and nothing to switch on: that would be seen. */
	bind_device(&vm);
	ask_for_interrupts(&vm);

	/*
	 * The same memory at the same addresses: attach() compares, and then
	 * moves the device without a moment in which it is blocked.
	 */
	attach(&vm, map_ram(&vm));

	finish(session);
	close(session);
	printf("session %s is taken over\n", name);
	fflush(stdout);
	wait_for_signal(name);
}

/* [main] */
int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "hold")) {
		hold(argv[2], argv[3], strtoul(argv[4], NULL, 0));
		return EXIT_SUCCESS;
	}
	if (argc == 3 && !strcmp(argv[1], "take")) {
		take(argv[2]);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && !strcmp(argv[1], "drop")) {
		drop(argv[2]);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "usage: %s hold SESSION DEVICE MIB\n"
		"       %s take|drop SESSION\n", argv[0], argv[0]);
	return EXIT_USAGE;
}
