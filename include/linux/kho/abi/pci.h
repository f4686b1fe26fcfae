/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What crosses a kexec for PCI functions whose DMA goes on
 *
 * The KHO subtree PCI_LUO_SUBTREE is one page, and may lead to more: a struct
 * pci_luo_block_ser, then records back to back. There is a record of each
 * preserved function, and of each bridge above one. Every page is preserved
 * with KHO by itself.
 *
 * The next kernel reads this before its init calls, without the rest of the
 * Live Update Orchestrator. A record that is damaged is so alone. Registers are
 * as in configuration space, in the byte order of the machine; those that a
 * function does not have are 0. Reserved members are zero, and checked.
 */
#ifndef _LINUX_KHO_ABI_PCI_H
#define _LINUX_KHO_ABI_PCI_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define PCI_LUO_SUBTREE		"pci-luo"
#define PCI_LUO_COMPATIBLE	"pci-luo-v1"

#define PCI_LUO_MAGIC		0x31494350204f554cULL	/* "LUO PCI1" */
#define PCI_LUO_VERSION		1

/* Upper bound of what a reader believes, and a writer writes. */
#define PCI_LUO_RECORDS_MAX	4096

#define PCI_LUO_DRIVER_LENGTH	32
#define PCI_LUO_NR_BARS		6

/**
 * struct pci_luo_block_ser - head of a page of records
 * @magic: PCI_LUO_MAGIC
 * @version: PCI_LUO_VERSION
 * @record_size: sizeof(struct pci_luo_fn_ser)
 * @count: number of records in this page
 * @total: number of records in this page and in all that follow it
 * @next_pa: physical address of the next page, 0 if there is none
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct pci_luo_block_ser {
	__u64 magic;
	__u32 version;
	__u32 record_size;
	__u32 count;
	__u32 total;
	__u64 next_pa;
	__u32 reserved;
	__u32 crc;
};

static_assert(sizeof(struct pci_luo_block_ser) == 40);

/*
 * Flags of a record.
 *
 * PCI_LUO_FN_BRIDGE: a bridge above a preserved function, not such a function.
 * PCI_LUO_FN_FROZEN: freeze went over it: its interrupts are masked, and the
 *	registers are as they are handed over.
 * PCI_LUO_FN_OVERRIDE: the administrator had set driver_override to @driver.
 * PCI_LUO_FN_MSI_OFF: the function uses MSI, which has no mask bits there:
 *	freeze disabled it. An interrupt may have been lost.
 * PCI_LUO_FN_NO_DISINTX: INTx cannot be disabled.
 * PCI_LUO_FN_PREF_64: the prefetchable window of a bridge has 64 bits.
 */
#define PCI_LUO_FN_BRIDGE	0x1
#define PCI_LUO_FN_FROZEN	0x2
#define PCI_LUO_FN_OVERRIDE	0x4
#define PCI_LUO_FN_MSI_OFF	0x8
#define PCI_LUO_FN_NO_DISINTX	0x10
#define PCI_LUO_FN_PREF_64	0x20
#define PCI_LUO_FN_FLAGS	0x3f

/**
 * struct pci_luo_fn_ser - a function, or a bridge on the way to one
 * @segment: PCI segment (domain)
 * @bus: bus number
 * @devfn: device and function number
 * @hdr_type: header type, without the multi-function bit
 * @reserved0: zero
 * @vendor: vendor ID
 * @device: device ID
 * @subsystem_vendor: subsystem vendor ID
 * @subsystem_device: subsystem ID
 * @class_rev: class code and revision, register 0x08
 * @flags: PCI_LUO_FN_*
 * @command: command register
 * @msi_cap: where the MSI capability is
 * @msi_ctrl: MSI message control
 * @msix_cap: where the MSI-X capability is
 * @msix_ctrl: MSI-X message control
 * @exp_cap: where the PCI Express capability is
 * @devctl: device control
 * @devctl2: device control 2
 * @lnkctl: link control
 * @lnksta: link status
 * @lnkctl2: link control 2
 * @acs_cap: where the ACS extended capability is
 * @acs_ctrl: ACS control
 * @bridge_ctl: bridge control
 * @ptm_cap: where the PTM extended capability is
 * @reserved1: zero
 * @ptm_ctrl: PTM control
 * @buses: primary, secondary and subordinate bus number, register 0x18,
 *	without the latency timer
 * @io_window: I/O base and limit of a bridge, register 0x1c without status
 * @io_upper: upper half of them, register 0x30
 * @mem_window: memory base and limit, register 0x20
 * @pref_window: prefetchable memory base and limit, register 0x24
 * @pref_base_upper: register 0x28
 * @pref_limit_upper: register 0x2c
 * @bars: BARs; a bridge has two
 * @rom: expansion ROM BAR
 * @reserved2: zero
 * @bar_sizes: bytes that each BAR decodes; 0 for one that is not there and for
 *	the upper half of a 64-bit one
 * @rom_size: bytes that the expansion ROM decodes, or 0
 * @driver: name of the driver that is to bind, NUL-terminated and padded with
 *	zeroes; empty for a bridge
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct pci_luo_fn_ser {
	__u16 segment;
	__u8 bus;
	__u8 devfn;
	__u8 hdr_type;
	__u8 reserved0[3];
	__u16 vendor;
	__u16 device;
	__u16 subsystem_vendor;
	__u16 subsystem_device;
	__u32 class_rev;
	__u32 flags;
	__u16 command;
	__u16 msi_cap;
	__u16 msi_ctrl;
	__u16 msix_cap;
	__u16 msix_ctrl;
	__u16 exp_cap;
	__u16 devctl;
	__u16 devctl2;
	__u16 lnkctl;
	__u16 lnksta;
	__u16 lnkctl2;
	__u16 acs_cap;
	__u16 acs_ctrl;
	__u16 bridge_ctl;
	__u16 ptm_cap;
	__u16 reserved1;
	__u32 ptm_ctrl;
	__u32 buses;
	__u32 io_window;
	__u32 io_upper;
	__u32 mem_window;
	__u32 pref_window;
	__u32 pref_base_upper;
	__u32 pref_limit_upper;
	__u32 bars[PCI_LUO_NR_BARS];
	__u32 rom;
	__u32 reserved2;
	__u64 bar_sizes[PCI_LUO_NR_BARS];
	__u64 rom_size;
	__u8 driver[PCI_LUO_DRIVER_LENGTH];
	__u32 reserved;
	__u32 crc;
};

static_assert(offsetof(struct pci_luo_fn_ser, command) == 24);
static_assert(offsetof(struct pci_luo_fn_ser, ptm_ctrl) == 56);
static_assert(offsetof(struct pci_luo_fn_ser, bars) == 88);
static_assert(offsetof(struct pci_luo_fn_ser, bar_sizes) == 120);
static_assert(sizeof(struct pci_luo_fn_ser) == 216);

#endif /* _LINUX_KHO_ABI_PCI_H */
