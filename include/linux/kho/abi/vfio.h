/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crosses a kexec for one device file of vfio-pci
 *
 * VFIO_PCI_LUO_SIZE bytes, physically contiguous and preserved with KHO; their
 * address is the handle of the record. What the PCI and IOMMU layers carry for
 * the function is in records of their own, see <linux/kho/abi/pci.h> and
 * <linux/kho/abi/iommu.h>.
 *
 * Numbers are in the byte order of the machine: both kernels run on it.
 */
#ifndef _LINUX_KHO_ABI_VFIO_H
#define _LINUX_KHO_ABI_VFIO_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define VFIO_PCI_LUO_COMPATIBLE	"vfio-pci-v1"

#define VFIO_PCI_LUO_MAGIC	0x3163706f4956554cULL	/* "LUVIopc1" */
#define VFIO_PCI_LUO_VERSION	1

/* Bytes of a record; independent of PAGE_SIZE. */
#define VFIO_PCI_LUO_SIZE	8192
#define VFIO_PCI_LUO_CFG_SIZE	4096
#define VFIO_PCI_LUO_STATE_SIZE	3968

/*
 * Flags of a record.
 *
 * VFIO_PCI_LUO_RESET_WORKS: the function can be reset.
 * VFIO_PCI_LUO_NOINTX: its INTx cannot be masked and is not used.
 * VFIO_PCI_LUO_PCI_2_3: its INTx can be masked in the command register.
 * VFIO_PCI_LUO_VIRQ_DISABLED: the user has disabled INTx in the virtual
 *	command register.
 */
#define VFIO_PCI_LUO_RESET_WORKS	0x1
#define VFIO_PCI_LUO_NOINTX		0x2
#define VFIO_PCI_LUO_PCI_2_3		0x4
#define VFIO_PCI_LUO_VIRQ_DISABLED	0x8
#define VFIO_PCI_LUO_FLAGS		0xf

/**
 * struct vfio_pci_luo_ser - an open file of a function under vfio-pci
 * @magic: VFIO_PCI_LUO_MAGIC
 * @version: VFIO_PCI_LUO_VERSION
 * @crc: CRC-32 of all that follows.
 * @segment: PCI segment
 * @bus: PCI bus number
 * @devfn: PCI device and function
 * @flags: VFIO_PCI_LUO_*
 * @iommufd_token: In the same session: the iommufd that it is bound to.
 * @cfg_size: Bytes of @vconfig in use.
 * @map_crc: CRC-32 of the map that says which capability each byte of the
 *	configuration space belongs to; the next kernel has to find the same.
 * @state_size: Bytes of @state in use.
 * @reserved0: Zero.
 * @rbar: What the BARs and the ROM BAR are after a reset.
 * @reserved: Zero.
 * @vconfig: The configuration space as the user sees it.
 * @state: What the function is set to when it is closed, see
 *	pci_luo_saved_state_write().
 *
 * @flags, @vconfig and @crc are written again by freeze.
 */
struct vfio_pci_luo_ser {
	__u64 magic;
	__u32 version;
	__u32 crc;
	__u16 segment;
	__u8 bus;
	__u8 devfn;
	__u32 flags;
	__u64 iommufd_token;
	__u32 cfg_size;
	__u32 map_crc;
	__u32 state_size;
	__u32 reserved0;
	__u32 rbar[7];
	__u32 reserved[13];
	__u8 vconfig[VFIO_PCI_LUO_CFG_SIZE];
	__u8 state[VFIO_PCI_LUO_STATE_SIZE];
};

static_assert(sizeof(struct vfio_pci_luo_ser) == VFIO_PCI_LUO_SIZE);
static_assert(offsetof(struct vfio_pci_luo_ser, segment) == 16);
static_assert(offsetof(struct vfio_pci_luo_ser, vconfig) == 128);

#endif /* _LINUX_KHO_ABI_VFIO_H */
