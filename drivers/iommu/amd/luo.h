/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update: an AMD IOMMU that goes on translating through a kexec
 *
 * In the old kernel (luo.c) the device table is kept for the hardware; at the
 * end (luo_shutdown.c) all entries but those of preserved devices block. The new
 * kernel (luo_takeover.c) puts the entries that are recorded, and only these,
 * into a table of its own and switches the hardware over to it, with translation
 * on. Page tables (luo_tables.c) stay where they are.
 *
 * The device table is that of a whole PCI segment. Interrupts have no table of
 * their own: an entry says which one there is, or that they are aborted.
 */
#ifndef _AMD_LUO_H
#define _AMD_LUO_H

#include <linux/iommu_luo.h>
#include <linux/kho/abi/iommu.h>

#include "amd_iommu_types.h"

#ifdef CONFIG_AMD_IOMMU_LIVEUPDATE
extern const struct iommu_luo_ops amd_luo_ops;

/* luo_shutdown.c: the kernel that leaves, see also luo.c */
bool amd_luo_keeps_on(struct amd_iommu *iommu);
void amd_luo_stop_queues(struct amd_iommu *iommu);

/* luo_takeover.c: the hardware, in the kernel that comes */
void amd_luo_found(struct amd_iommu *iommu);
bool amd_luo_take_over(struct amd_iommu *iommu);
void amd_luo_release_old(void);
void amd_luo_unwind(void);
void amd_luo_not_used(void);
bool amd_luo_probe(struct amd_iommu *iommu, struct iommu_dev_data *dev_data);

/* luo_check.c */
const char *amd_luo_dte_check(const struct iommu_luo_dev_ser *dev,
			      const struct iommu_luo_domain_ser *domain);
const char *amd_luo_domain_check(const struct iommu_luo_domain_ser *domain,
				 int max_mode);

/* luo_restore.c: domains, in the kernel that comes */
struct iommu_domain *
amd_luo_restore_domain(struct device *dev,
		       const struct iommu_luo_domain_ser *ser);
int amd_luo_restore_attach(struct iommu_domain *domain, struct device *dev,
			   const struct iommu_luo_dev_ser *ser);
void amd_luo_restore_failed(struct device *dev);

/* luo_swap.c */
void amd_luo_domain_link(struct protection_domain *domain,
			 struct iommu_dev_data *dev_data);
int amd_luo_attach(struct iommu_domain *dom, struct device *dev);

/* luo_tables.c */
int amd_luo_tables_preserve(u64 *table, int level,
			    struct iommu_luo_domain_ser *ser);
void amd_luo_tables_unpreserve(u64 *table, int level, u64 nr);
int amd_luo_tables_walk(u64 *table, int level, u64 iova, iommu_luo_leaf_fn fn,
			void *arg);
int amd_luo_tables_lookup(u64 *table, int level, u64 iova,
			  struct iommu_luo_leaf *leaf);
int amd_luo_tables_check(phys_addr_t pa, int level, u64 pgsizes, u64 *left,
			 bool (*incoming)(phys_addr_t pa));
int amd_luo_tables_restore(phys_addr_t pa, int level);

#else /* !CONFIG_AMD_IOMMU_LIVEUPDATE */

static inline bool amd_luo_keeps_on(struct amd_iommu *iommu)
{
	return false;
}

static inline void amd_luo_found(struct amd_iommu *iommu)
{
}

static inline bool amd_luo_take_over(struct amd_iommu *iommu)
{
	return false;
}

static inline void amd_luo_release_old(void)
{
}

static inline void amd_luo_unwind(void)
{
}

static inline void amd_luo_not_used(void)
{
}

static inline bool amd_luo_probe(struct amd_iommu *iommu,
				 struct iommu_dev_data *dev_data)
{
	return false;
}

static inline int amd_luo_attach(struct iommu_domain *dom, struct device *dev)
{
	return 1;
}

#endif /* CONFIG_AMD_IOMMU_LIVEUPDATE */
#endif /* _AMD_LUO_H */
