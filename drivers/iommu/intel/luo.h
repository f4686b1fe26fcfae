/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update: an Intel VT-d unit that goes on translating through a kexec
 *
 * In the old kernel (luo.c) the root table, the context tables in question and
 * the interrupt remapping table are kept for the hardware. The new kernel
 * (luo_takeover.c) copies the context entries that are recorded, and only these,
 * into tables of its own and switches the hardware over to them, with
 * translation on. Page tables (luo_tables.c) stay where they are.
 */
#ifndef _INTEL_LUO_H
#define _INTEL_LUO_H

#include <linux/iommu_luo.h>
#include <linux/kho/abi/iommu.h>

struct context_entry;
struct device_domain_info;
struct dma_pte;
struct dmar_domain;
struct intel_iommu;

#ifdef CONFIG_INTEL_IOMMU_LIVEUPDATE
extern const struct iommu_luo_ops intel_luo_ops;

/* luo_shutdown.c: the kernel that leaves, see also luo.c */
void *intel_luo_context_table(struct intel_iommu *iommu, unsigned int bus,
			      bool upper);
bool intel_luo_shutdown(struct intel_iommu *iommu);

/* luo_takeover.c: the hardware, in the kernel that comes */
bool intel_luo_keeps_ir(struct intel_iommu *iommu);
void intel_luo_found(struct intel_iommu *iommu);
int intel_luo_take_over(struct intel_iommu *iommu);
void intel_luo_release_old(struct intel_iommu *iommu);
void intel_luo_translation_ends(struct intel_iommu *iommu);
void intel_luo_unwind(struct intel_iommu *iommu);
void intel_luo_probe(struct device_domain_info *info);
void intel_luo_release(struct device_domain_info *info);

/* luo_restore.c: domains, in the kernel that comes */
struct iommu_domain *
intel_luo_restore_domain(struct device *dev,
			 const struct iommu_luo_domain_ser *ser);
int intel_luo_restore_attach(struct iommu_domain *domain, struct device *dev,
			     const struct iommu_luo_dev_ser *ser);
void intel_luo_restore_failed(struct device *dev);

/* luo_swap.c */
void intel_luo_domain_link(struct dmar_domain *domain,
			   struct device_domain_info *info);
int intel_luo_attach(struct iommu_domain *domain, struct device *dev);

/* luo_pasid.c: scalable mode */
int intel_luo_pasid_preserve(struct device_domain_info *info,
			     struct dmar_domain *domain,
			     struct vtd_luo_dev_ser *ser);
void intel_luo_pasid_unpreserve(struct device_domain_info *info);
const char *intel_luo_pasid_check(const struct iommu_luo_dev_ser *dev,
				  const struct context_entry *context);
int intel_luo_pasid_adopt(struct device *dev);
int intel_luo_pasid_swap(struct device_domain_info *info,
			 struct dmar_domain *domain);

/* luo_tables.c */
int intel_luo_tables_preserve(struct dma_pte *table, int level,
			      struct iommu_luo_domain_ser *ser);
void intel_luo_tables_unpreserve(struct dma_pte *table, int level, u64 nr);
int intel_luo_tables_walk(struct dma_pte *table, int level, u64 iova,
			  iommu_luo_leaf_fn fn, void *arg);
int intel_luo_tables_lookup(struct dma_pte *table, int level, u64 iova,
			    struct iommu_luo_leaf *leaf);
int intel_luo_tables_check(phys_addr_t pa, int level, unsigned int superpage,
			   u64 *left, bool (*incoming)(phys_addr_t pa));
int intel_luo_tables_restore(phys_addr_t pa, int level);

#else /* !CONFIG_INTEL_IOMMU_LIVEUPDATE */

static inline bool intel_luo_shutdown(struct intel_iommu *iommu)
{
	return false;
}

static inline bool intel_luo_keeps_ir(struct intel_iommu *iommu)
{
	return false;
}

static inline void intel_luo_found(struct intel_iommu *iommu)
{
}

static inline int intel_luo_take_over(struct intel_iommu *iommu)
{
	return 0;
}

static inline void intel_luo_release_old(struct intel_iommu *iommu)
{
}

static inline void intel_luo_translation_ends(struct intel_iommu *iommu)
{
}

static inline void intel_luo_unwind(struct intel_iommu *iommu)
{
}

static inline void intel_luo_probe(struct device_domain_info *info)
{
}

static inline void intel_luo_release(struct device_domain_info *info)
{
}

static inline int intel_luo_pasid_adopt(struct device *dev)
{
	return 1;
}

static inline int intel_luo_attach(struct iommu_domain *domain,
				   struct device *dev)
{
	return 1;
}

#endif /* CONFIG_INTEL_IOMMU_LIVEUPDATE */
#endif /* _INTEL_LUO_H */
