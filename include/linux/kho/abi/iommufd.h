/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crosses a kexec for one iommufd
 *
 * One page, preserved with KHO; its physical address is the handle of the
 * record. It names the IOMMU domains of the context that devices go on using;
 * all the rest is rebuilt by the owner. Whoever retrieves the context may take
 * over devices that are in one of these domains, and no others.
 *
 * Numbers are in the byte order of the machine: both kernels run on it.
 */
#ifndef _LINUX_KHO_ABI_IOMMUFD_H
#define _LINUX_KHO_ABI_IOMMUFD_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define IOMMUFD_LUO_COMPATIBLE	"iommufd-v1"

#define IOMMUFD_LUO_MAGIC	0x3164664f554c5f49ULL	/* "I_LUOfd1" */
#define IOMMUFD_LUO_VERSION	1

/* Bytes of the record; independent of PAGE_SIZE. */
#define IOMMUFD_LUO_SIZE	4096
#define IOMMUFD_LUO_MAX_DOMAINS	1016

/**
 * struct iommufd_luo_ser - record of an iommufd
 * @magic: IOMMUFD_LUO_MAGIC
 * @version: IOMMUFD_LUO_VERSION
 * @crc: CRC-32 of all that follows.
 * @nr_domains: Entries of @domains in use, at least one.
 * @reserved: Zero.
 * @domains: Index of the record of each domain, see <linux/kho/abi/iommu.h>;
 *	zero behind @nr_domains.
 */
struct iommufd_luo_ser {
	__u64 magic;
	__u32 version;
	__u32 crc;
	__u32 nr_domains;
	__u32 reserved[3];
	__u32 domains[IOMMUFD_LUO_MAX_DOMAINS];
};

static_assert(sizeof(struct iommufd_luo_ser) == IOMMUFD_LUO_SIZE);
static_assert(offsetof(struct iommufd_luo_ser, nr_domains) == 16);

#endif /* _LINUX_KHO_ABI_IOMMUFD_H */
