/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a virtual machine monitor does with a device that it owns: take it from
 * its driver, give it memory, read and write its registers. A step that fails
 * returns -errno, and the steps are apart, so that a story can stop between any
 * two of them.
 */
#ifndef LUO_VMM_H
#define LUO_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_COMMAND		0x04
#define PCI_COMMAND_MEMORY	0x02
#define PCI_COMMAND_MASTER	0x04
#define VMM_BDF			13	/* bytes of "0000:01:00.0" */

struct vmm {
	char bdf[VMM_BDF];
	int iommufd;		/* /dev/iommu */
	int device;		/* the character device of vfio */
	uint32_t devid;		/* its number in the iommufd */
	uint32_t ioas;
	uint32_t hwpt;		/* what the device is attached to */
};

/* The first function with these numbers in the order of sysfs. */
int vmm_find(uint16_t vendor, uint16_t device, char *bdf);
/* The port above it; -ENOENT if it is on the root bus. */
int vmm_parent(const char *bdf, char *parent);
/* Load vfio-pci, if it is a module. */
int vmm_load(void);
/* Take it from its driver, and give it to vfio-pci. */
int vmm_take(const char *bdf);
/* The node of its character device. */
int vmm_cdev(const char *bdf, char *path, size_t size);
const char *vmm_driver(const char *bdf, char *name, size_t size);
/* What its network interface is called. */
int vmm_netdev(const char *bdf, char *name, size_t size);
/* A file of its directory in sysfs, without the end of the line. */
int vmm_attr(const char *bdf, const char *attr, char *value, size_t size);

/* The device as it is: config space, through sysfs. */
uint32_t vmm_config(const char *bdf, unsigned int off, unsigned int bytes);
unsigned int vmm_capability(const char *bdf, uint8_t id);
/* The same, as this kernel found it before it wrote anything (pci=earlydump). */
int vmm_config_found(const char *bdf, unsigned int off, uint32_t *value);
void *vmm_bar_sysfs(const char *bdf, unsigned int bar, size_t size);

/*
 * The older way: its group in a container, of vfio or an iommufd. The group has to
 * stay open as long as what came out of it.
 */
int vmm_group_open(const char *bdf);
int vmm_group_join(int group, int container);
int vmm_group_device(int group, const char *bdf);

/* Steps: open, bind, ioas, map, attach, enable. */
int vmm_open(struct vmm *vmm);
int vmm_bind(struct vmm *vmm);
int vmm_ioas(struct vmm *vmm);
int vmm_hwpt(struct vmm *vmm, uint32_t *hwpt);
int vmm_map(struct vmm *vmm, int memfd, uint64_t start, uint64_t length,
	    uint64_t iova);
/* The same, but the device may only read it. */
int vmm_map_readable(struct vmm *vmm, int memfd, uint64_t start, uint64_t length,
		     uint64_t iova);
int vmm_unmap(struct vmm *vmm, uint64_t iova, uint64_t length);
int vmm_attach(struct vmm *vmm, uint32_t pt);
int vmm_detach(struct vmm *vmm);
int vmm_destroy(struct vmm *vmm, uint32_t id);
int vmm_reset(struct vmm *vmm);
int vmm_command(struct vmm *vmm, uint16_t clear, uint16_t set);
void *vmm_bar(struct vmm *vmm, unsigned int bar, size_t *size);

/* Registers; never merged, moved or left out by the compiler. */
static inline uint32_t vmm_reg(const void *bar, unsigned int off)
{
	return __atomic_load_n((const uint32_t *)bar + off / 4, __ATOMIC_ACQUIRE);
}

static inline void vmm_reg_set(void *bar, unsigned int off, uint32_t value)
{
	__atomic_store_n((uint32_t *)bar + off / 4, value, __ATOMIC_RELEASE);
}

/* MSI-X vectors 0 to n - 1 signal these eventfds; n 0: none. */
int vmm_irqs(struct vmm *vmm, const int *eventfds, unsigned int n);
/* Any kind of interrupt, any VFIO_IRQ_SET_*. */
int vmm_irq_set(struct vmm *vmm, uint32_t index, uint32_t flags, const int *eventfds,
		unsigned int n);
/* How often it has signalled within so many milliseconds. */
uint64_t vmm_events(int eventfd, int ms);

/* All steps; the memory of the memfd is at iova. */
int vmm_start(struct vmm *vmm, const char *bdf, int memfd, uint64_t size,
	      uint64_t iova);
void vmm_close(struct vmm *vmm);

#endif /* LUO_VMM_H */
