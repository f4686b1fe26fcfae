/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crosses a kexec for IOMMUs that go on translating
 *
 * A KHO subtree, IOMMU_LUO_SUBTREE, is the head: one page with the addresses of
 * all blocks. A block is one page with IOMMU_LUO_BLOCK_ENTRIES entries of one
 * size. An entry is of an IOMMU, of a domain or of a device, or free; it has a
 * checksum of its own, so that damage is confined to what it hits. Entries name
 * each other by their index, counted over all blocks. An entry keeps its index
 * as long as it is in use.
 *
 * The next kernel needs all of this before its initcalls run. So there are no
 * strings, nothing to parse, and nothing that has to be followed but an index.
 *
 * Page tables are not part of the records: they are used where they are, each
 * page of them preserved with KHO as it was allocated. What the records say of
 * them is enough to check them: the number of pages and of mapped bytes.
 *
 * Numbers are in the byte order of the machine: both kernels run on it.
 */
#ifndef _LINUX_KHO_ABI_IOMMU_H
#define _LINUX_KHO_ABI_IOMMU_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define IOMMU_LUO_COMPATIBLE	"iommu-v1"
#define IOMMU_LUO_SUBTREE	"iommu-luo"

#define IOMMU_LUO_MAGIC		0x316d6d6f4f554c49ULL	/* "ILUOomm1" */
#define IOMMU_LUO_VERSION	1

/* Bytes of the head, of a block, and of an entry; independent of PAGE_SIZE. */
#define IOMMU_LUO_PAGE_SIZE	4096
#define IOMMU_LUO_ENTRY_SIZE	256
#define IOMMU_LUO_BLOCK_ENTRIES	(IOMMU_LUO_PAGE_SIZE / IOMMU_LUO_ENTRY_SIZE)
#define IOMMU_LUO_BLOCKS_MAX	500
#define IOMMU_LUO_ENTRIES_MAX	(IOMMU_LUO_BLOCKS_MAX * IOMMU_LUO_BLOCK_ENTRIES)

/* Table pages of one domain: more than any memory that there is could need. */
#define IOMMU_LUO_TABLES_MAX	BIT_ULL(32)

/**
 * struct iommu_luo_head_ser - where all entries are
 * @magic: IOMMU_LUO_MAGIC
 * @version: IOMMU_LUO_VERSION
 * @crc: CRC-32 of all that follows.
 * @nr_blocks: Blocks in use, at most IOMMU_LUO_BLOCKS_MAX.
 * @page_shift: PAGE_SHIFT of the kernel that wrote this.
 * @reserved: Zero.
 * @block_pa: Physical addresses of the blocks; zero behind @nr_blocks.
 */
struct iommu_luo_head_ser {
	__u64 magic;
	__u32 version;
	__u32 crc;
	__u32 nr_blocks;
	__u32 page_shift;
	__u64 reserved[9];
	__u64 block_pa[IOMMU_LUO_BLOCKS_MAX];
};

static_assert(sizeof(struct iommu_luo_head_ser) == IOMMU_LUO_PAGE_SIZE);
static_assert(offsetof(struct iommu_luo_head_ser, nr_blocks) == 16);

/* Who wrote @priv of an entry. */
#define IOMMU_LUO_DRIVER_VTD	1	/* see struct vtd_luo_*_ser */
#define IOMMU_LUO_DRIVER_AMD	2	/* see struct amd_luo_*_ser */
#define IOMMU_LUO_DRIVER_SMMU3	3	/* reserved */
#define IOMMU_LUO_DRIVER_MOCK	255	/* iommufd's selftest */

/**
 * struct iommu_luo_hw_ser - an IOMMU that has preserved devices
 * @reg_pa: Physical address of its registers: this is how it is found again.
 * @driver: IOMMU_LUO_DRIVER_*
 * @nr_devices: Preserved devices behind it.
 * @priv: The driver's.
 */
struct iommu_luo_hw_ser {
	__u64 reg_pa;
	__u32 driver;
	__u32 nr_devices;
	__u64 priv[28];
};

/**
 * struct iommu_luo_domain_ser - a domain that devices go on using
 * @root_pa: Physical address of the top table.
 * @nr_tables: Pages of tables, the top included; as the driver counts them.
 * @leaf_bytes: Bytes that are mapped.
 * @pgsize_bitmap: Page sizes that the tables may use.
 * @aperture_end: Highest address that can be mapped.
 * @driver: IOMMU_LUO_DRIVER_*
 * @nr_devices: Preserved devices in this domain.
 * @priv: The driver's.
 */
struct iommu_luo_domain_ser {
	__u64 root_pa;
	__u64 nr_tables;
	__u64 leaf_bytes;
	__u64 pgsize_bitmap;
	__u64 aperture_end;
	__u32 driver;
	__u32 nr_devices;
	__u64 priv[24];
};

/**
 * struct iommu_luo_dev_ser - a device that goes on doing DMA
 * @segment: PCI segment
 * @bus: PCI bus number
 * @devfn: PCI device and function
 * @hw: Index of its IOMMU's entry.
 * @domain: Index of its domain's entry.
 * @driver: IOMMU_LUO_DRIVER_*
 * @hw_domain_id: What the hardware calls the domain, on this IOMMU.
 * @reserved: Zero.
 * @priv: The driver's.
 */
struct iommu_luo_dev_ser {
	__u16 segment;
	__u8 bus;
	__u8 devfn;
	__u32 hw;
	__u32 domain;
	__u32 driver;
	__u32 hw_domain_id;
	__u32 reserved;
	__u64 priv[27];
};

/* @type of an entry */
#define IOMMU_LUO_FREE		0
#define IOMMU_LUO_HW		1
#define IOMMU_LUO_DOMAIN	2
#define IOMMU_LUO_DEVICE	3

/**
 * struct iommu_luo_entry_ser - an entry of a block
 * @crc: CRC-32 of all that follows.
 * @type: IOMMU_LUO_FREE and so on
 * @index: Its own index.
 * @reserved: Zero.
 * @hw: if @type is IOMMU_LUO_HW
 * @domain: if @type is IOMMU_LUO_DOMAIN
 * @dev: if @type is IOMMU_LUO_DEVICE
 */
struct iommu_luo_entry_ser {
	__u32 crc;
	__u32 type;
	__u32 index;
	__u32 reserved;
	union {
		struct iommu_luo_hw_ser hw;
		struct iommu_luo_domain_ser domain;
		struct iommu_luo_dev_ser dev;
	};
};

static_assert(sizeof(struct iommu_luo_hw_ser) == 240);
static_assert(sizeof(struct iommu_luo_domain_ser) == 240);
static_assert(sizeof(struct iommu_luo_dev_ser) == 240);
static_assert(sizeof(struct iommu_luo_entry_ser) == IOMMU_LUO_ENTRY_SIZE);

/**
 * struct vtd_luo_hw_ser - @priv of an Intel VT-d unit
 * @cap: Capability register
 * @ecap: Extended capability register
 * @rtaddr: Root table address register, with the mode of translation
 * @irta: Interrupt remapping table address register; 0: not remapping
 */
struct vtd_luo_hw_ser {
	__u64 cap;
	__u64 ecap;
	__u64 rtaddr;
	__u64 irta;
};

/* @flags of struct vtd_luo_domain_ser */
#define VTD_LUO_COHERENT	BIT(0)	/* the hardware snoops its walks */
#define VTD_LUO_FORCE_SNOOPING	BIT(1)
#define VTD_LUO_SET_PTE_SNP	BIT(2)
#define VTD_LUO_FLAGS		(VTD_LUO_COHERENT | VTD_LUO_FORCE_SNOOPING | \
				 VTD_LUO_SET_PTE_SNP)

/**
 * struct vtd_luo_domain_ser - @priv of a second-stage domain of Intel VT-d
 * @agaw: Adjusted guest address width, 0-3: tables of 2 to 5 levels
 * @gaw: Guest address width in bits
 * @superpage: Largest page: 0 4 KiB, 1 2 MiB, 2 1 GiB
 * @flags: VTD_LUO_*
 */
struct vtd_luo_domain_ser {
	__u32 agaw;
	__u32 gaw;
	__u32 superpage;
	__u32 flags;
};

/**
 * struct vtd_luo_dev_ser - @priv of a device behind Intel VT-d
 * @context: Its context entry; in scalable mode the first half of it
 * @context_table_pa: The table with that entry.
 * @pasid_dir_pa: Scalable mode: its PASID directory. Legacy mode: 0.
 * @pasid_table_pa: Scalable mode: the table of its requests without PASID
 * @max_pasid: Scalable mode: what the directory has room for
 * @reserved: Zero.
 * @pasid_entry: Scalable mode: the entry of its requests without PASID
 */
struct vtd_luo_dev_ser {
	__u64 context[2];
	__u64 context_table_pa;
	__u64 pasid_dir_pa;
	__u64 pasid_table_pa;
	__u32 max_pasid;
	__u32 reserved;
	__u64 pasid_entry[8];
};

static_assert(sizeof(struct vtd_luo_hw_ser) <=
	      sizeof_field(struct iommu_luo_hw_ser, priv));
static_assert(sizeof(struct vtd_luo_domain_ser) <=
	      sizeof_field(struct iommu_luo_domain_ser, priv));
static_assert(sizeof(struct vtd_luo_dev_ser) <=
	      sizeof_field(struct iommu_luo_dev_ser, priv));

/**
 * struct amd_luo_hw_ser - @priv of an AMD IOMMU
 * @features: Extended feature register
 * @dev_table: Device table base address register: the table, and its size
 */
struct amd_luo_hw_ser {
	__u64 features;
	__u64 dev_table;
};

/**
 * struct amd_luo_domain_ser - @priv of a domain of an AMD IOMMU, format v1
 * @mode: Levels of its tables, 1 to 6
 * @id: What all IOMMUs call the domain: @hw_domain_id of each device in it.
 */
struct amd_luo_domain_ser {
	__u32 mode;
	__u32 id;
};

/**
 * struct amd_luo_dev_ser - @priv of a device behind an AMD IOMMU
 * @dte: Its entry of the device table. The third word, with the table for
 *       interrupts, is only for those who read dumps: it is not taken over.
 */
struct amd_luo_dev_ser {
	__u64 dte[4];
};

static_assert(sizeof(struct amd_luo_hw_ser) <=
	      sizeof_field(struct iommu_luo_hw_ser, priv));
static_assert(sizeof(struct amd_luo_domain_ser) <=
	      sizeof_field(struct iommu_luo_domain_ser, priv));
static_assert(sizeof(struct amd_luo_dev_ser) <=
	      sizeof_field(struct iommu_luo_dev_ser, priv));

#endif /* _LINUX_KHO_ABI_IOMMU_H */
