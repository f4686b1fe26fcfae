// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios of the benchmark with a device: an e1000e under VFIO that reaches
 * 1 GiB, and the same without that it is preserved. It receives nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/iommufd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "../lib/nic.h"
#include "bench.h"

#define RAM_PAGES	(GiB / PAGE)
#define HUGE_PAGES	(GiB / PAGE)

enum { RAM = 1, HUGE, IOMMUFD, DEVICE };

static struct vmm vmm;

/* Mappings of single pages in the IOAS, whatever the memory is like. */
static int small_mappings(struct vmm *vmm)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = vmm->ioas,
		.val64 = 0,
	};

	return ioctl(vmm->iommufd, IOMMU_OPTION, &cmd);
}

/* A device that is attached to an IOAS with 1 GiB of a memfd. */
static void device_with(int memfd, bool small)
{
	must(!vmm_find(NIC_VENDOR, NIC_DEVICE, vmm.bdf));
	must(!vmm_take(vmm.bdf));
	must_fd(vmm_open(&vmm));
	vmm.iommufd = must_fd(open("/dev/iommu", O_RDWR | O_CLOEXEC));
	must_fd(vmm_bind(&vmm));
	must_fd(vmm_ioas(&vmm));
	must(!small || !small_mappings(&vmm));
	must_fd(vmm_map(&vmm, memfd, 0, GiB, NIC_IOVA));
	must_fd(vmm_attach(&vmm, vmm.ioas));
	must_fd(vmm_command(&vmm, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
}

static void preserve_device(int session, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "preserve_iommufd_%s", name);
	figure(key, time_preserve(session, vmm.iommufd, IOMMUFD));
	snprintf(key, sizeof(key), "preserve_vfio_%s", name);
	figure(key, time_preserve(session, vmm.device, DEVICE));
}

static void unpreserve_device(int session)
{
	must_fd(luo_unpreserve(session, DEVICE));
	must_fd(luo_unpreserve(session, IOMMUFD));
	close(vmm.device);
	close(vmm.iommufd);
}

/* The device goes on with 2 MiB mappings, or with those of 4 KiB. */
static void before(bool small)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION));
	int ram = memfd_full("ram", RAM_PAGES), huge = memfd_large("huge", HUGE_PAGES);

	time_preserve(session, ram, RAM);
	time_preserve(session, huge, HUGE);
	device_with(small ? huge : ram, !small);
	preserve_device(session, small ? "large" : "small");
	unpreserve_device(session);
	device_with(small ? ram : huge, small);
	preserve_device(session, small ? "small" : "large");
}

static void after(int token, bool small)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), ram;
	uint64_t begin, end;

	time_retrieve(session, token, &ram);
	must(!vmm_load());
	must(!vmm_find(NIC_VENDOR, NIC_DEVICE, vmm.bdf));
	begin = ticks();
	vmm.iommufd = luo_get(session, IOMMUFD);
	vmm.device = luo_get(session, DEVICE);
	must_fd(vmm_bind(&vmm));
	end = ticks();
	must_fd(vmm.iommufd);
	must_fd(vmm.device);
	figure("retrieve_bind", end - begin);
	must_fd(vmm_ioas(&vmm));
	must(!small || !small_mappings(&vmm));
	must_fd(vmm_map(&vmm, ram, 0, GiB, NIC_IOVA));
	begin = ticks();
	must_fd(vmm_attach(&vmm, vmm.ioas));
	figure("attach", ticks() - begin);
	must_fd(luo_finish(session));
}

static void device_before(void)
{
	before(false);
}

static void device_after(void)
{
	after(HUGE, false);
}

const struct scenario scenario_device = { "device", device_before, device_after };

static void device4k_before(void)
{
	before(true);
}

static void device4k_after(void)
{
	after(RAM, true);
}

const struct scenario scenario_device4k = {
	"device4k", device4k_before, device4k_after
};

/* Everything but the last two calls of PRESERVE_FD. */
static void device0_before(void)
{
	int session = must_fd(luo_create_on(device(), BENCH_SESSION));
	int ram = memfd_full("ram", RAM_PAGES), huge = memfd_large("huge", HUGE_PAGES);

	time_preserve(session, ram, RAM);
	time_preserve(session, huge, HUGE);
	device_with(ram, true);
}

static void device0_after(void)
{
	int session = must_fd(luo_retrieve_on(device(), BENCH_SESSION)), ram;

	time_retrieve(session, RAM, &ram);
	must_fd(luo_finish(session));
}

const struct scenario scenario_device0 = { "device0", device0_before, device0_after };
