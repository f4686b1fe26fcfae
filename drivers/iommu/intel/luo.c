// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: the kernel that leaves
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/cleanup.h>
#include <linux/pci.h>

#include "iommu.h"
#include "luo.h"
#include "../iommu-pages.h"
#include "../irq_remapping.h"

static struct vtd_luo_hw_ser *hw_priv(struct iommu_luo_hw_ser *ser)
{
	return (struct vtd_luo_hw_ser *)ser->priv;
}

static struct vtd_luo_domain_ser *domain_priv(struct iommu_luo_domain_ser *ser)
{
	return (struct vtd_luo_domain_ser *)ser->priv;
}

static struct vtd_luo_dev_ser *dev_priv(struct iommu_luo_dev_ser *ser)
{
	return (struct vtd_luo_dev_ser *)ser->priv;
}

static struct intel_iommu *to_intel_iommu(struct iommu_device *iommu)
{
	return container_of(iommu, struct intel_iommu, iommu);
}

static int hw_check(struct intel_iommu *iommu)
{
	if (!iommu->ir_table || !(iommu->gcmd & DMA_GCMD_IRE)) {
		pr_err("%s: not without interrupt remapping\n", iommu->name);
		return -EACCES;
	}
	return 0;
}

static int intel_luo_preserve_hw(struct iommu_device *iommu_dev,
				 struct iommu_luo_hw_ser *ser)
{
	struct intel_iommu *iommu = to_intel_iommu(iommu_dev);
	int err;

	err = hw_check(iommu);
	if (err)
		return err;

	err = iommu_preserve_pages(iommu->root_entry);
	if (err)
		return err;
	err = iommu_preserve_pages(iommu->ir_table->base);
	if (err) {
		iommu_unpreserve_pages(iommu->root_entry);
		return err;
	}

	ser->reg_pa = iommu->reg_phys;
	*hw_priv(ser) = (struct vtd_luo_hw_ser){
		.cap = iommu->cap,
		.ecap = iommu->ecap,
		.rtaddr = dmar_readq(iommu->reg + DMAR_RTADDR_REG),
		.irta = dmar_readq(iommu->reg + DMAR_IRTA_REG),
	};
	iommu->flags |= VTD_FLAG_LUO_OUT;
	return 0;
}

static void intel_luo_unpreserve_hw(struct iommu_device *iommu_dev,
				    struct iommu_luo_hw_ser *ser)
{
	struct intel_iommu *iommu = to_intel_iommu(iommu_dev);

	iommu->flags &= ~VTD_FLAG_LUO_OUT;
	iommu_unpreserve_pages(iommu->ir_table->base);
	iommu_unpreserve_pages(iommu->root_entry);
}

static int domain_check(struct dmar_domain *domain)
{
	if (!intel_domain_is_ss_paging(domain)) {
		pr_err("only domains with second-stage tables can be preserved\n");
		return -EINVAL;
	}
	if (domain->nested_parent || domain->dirty_tracking ||
	    !list_empty(&domain->dev_pasids)) {
		pr_err("a domain for nesting, with dirty tracking, or of a PASID cannot be preserved\n");
		return -EINVAL;
	}
	return 0;
}

static u32 domain_flags(const struct dmar_domain *domain)
{
	return (domain->iommu_coherency ? VTD_LUO_COHERENT : 0) |
	       (domain->force_snooping ? VTD_LUO_FORCE_SNOOPING : 0) |
	       (domain->set_pte_snp ? VTD_LUO_SET_PTE_SNP : 0);
}

static int intel_luo_preserve_domain(struct iommu_domain *d,
				     struct iommu_luo_domain_ser *ser)
{
	struct dmar_domain *domain = to_dmar_domain(d);
	int level = agaw_to_level(domain->agaw);
	int err;

	err = domain_check(domain);
	if (err)
		return err;

	ser->root_pa = virt_to_phys(domain->pgd);
	ser->pgsize_bitmap = d->pgsize_bitmap;
	ser->aperture_end = d->geometry.aperture_end;
	*domain_priv(ser) = (struct vtd_luo_domain_ser){
		.agaw = domain->agaw,
		.gaw = domain->gaw,
		.superpage = domain->iommu_superpage,
		.flags = domain_flags(domain),
	};

	err = intel_luo_tables_preserve(domain->pgd, level, ser);
	if (err) {
		pr_err("page tables cannot be preserved: %pe\n", ERR_PTR(err));
		intel_luo_tables_unpreserve(domain->pgd, level, ser->nr_tables);
	}
	return err;
}

static void intel_luo_unpreserve_domain(struct iommu_domain *d,
					struct iommu_luo_domain_ser *ser)
{
	struct dmar_domain *domain = to_dmar_domain(d);

	intel_luo_tables_unpreserve(domain->pgd, agaw_to_level(domain->agaw),
				    ser->nr_tables);
}

static int intel_luo_walk(struct iommu_domain *d, iommu_luo_leaf_fn fn,
			  void *arg)
{
	struct dmar_domain *domain = to_dmar_domain(d);

	if (!intel_domain_is_ss_paging(domain))
		return -EOPNOTSUPP;
	return intel_luo_tables_walk(domain->pgd, agaw_to_level(domain->agaw),
				     0, fn, arg);
}

static int intel_luo_lookup(struct iommu_domain *d, u64 iova,
			    struct iommu_luo_leaf *leaf)
{
	struct dmar_domain *domain = to_dmar_domain(d);

	if (!intel_domain_is_ss_paging(domain))
		return -EOPNOTSUPP;
	return intel_luo_tables_lookup(domain->pgd, agaw_to_level(domain->agaw),
				       iova, leaf);
}

static int device_check(struct device *dev, struct device_domain_info *info,
			const struct iommu_luo_dev_ser *ser)
{
	if (info->ats_enabled || info->pri_enabled || info->pasid_enabled) {
		dev_err(dev, "live update: not with ATS, PRI or PASID\n");
		return -ESTALE;
	}
	if (dev_is_real_dma_subdevice(dev) || info->segment != ser->segment ||
	    info->bus != ser->bus || info->devfn != ser->devfn) {
		dev_err(dev, "live update: DMA in the name of another device\n");
		return -EXDEV;
	}
	return 0;
}

/* Reads the entry that the hardware uses, which has to be that of the domain. */
static int context_read(struct device_domain_info *info,
			struct dmar_domain *domain, struct context_entry *entry)
{
	struct intel_iommu *iommu = info->iommu;
	struct context_entry *context;

	guard(spinlock)(&iommu->lock);
	context = iommu_context_addr(iommu, info->bus, info->devfn, 0);
	if (!context || !context_present(context) || info->domain != domain)
		return -EINVAL;
	*entry = *context;
	if (sm_supported(iommu))
		return 0;
	if ((entry->lo & VTD_PAGE_MASK) != virt_to_phys(domain->pgd) ||
	    context_domain_id(entry) != domain_id_iommu(domain, iommu))
		return -EINVAL;
	return 0;
}

static bool in_upper_half(const struct device_domain_info *info)
{
	return sm_supported(info->iommu) && info->devfn >= 0x80;
}

/* Is its context table preserved already, for another device of the unit? */
static bool table_is_shared(const struct device_domain_info *info)
{
	const bool sm = sm_supported(info->iommu);
	unsigned int devfn = in_upper_half(info) ? 0x80 : 0;
	unsigned int end = devfn + (sm ? 0x80 : 0x100);

	for (; devfn < end; devfn++)
		if (devfn != info->devfn &&
		    iommu_luo_outgoing(info->segment, info->bus, devfn) ==
		    &info->iommu->iommu)
			return true;
	return false;
}

static int table_preserve(struct device_domain_info *info,
			  struct vtd_luo_dev_ser *ser)
{
	void *table = intel_luo_context_table(info->iommu, info->bus,
					      in_upper_half(info));

	ser->context_table_pa = virt_to_phys(table);
	return table_is_shared(info) ? 0 : iommu_preserve_pages(table);
}

static void table_unpreserve(struct device_domain_info *info)
{
	if (!table_is_shared(info))
		iommu_unpreserve_pages(intel_luo_context_table(info->iommu,
							       info->bus,
							       in_upper_half(info)));
}

static int tables_preserve(struct device_domain_info *info,
			   struct dmar_domain *domain,
			   struct vtd_luo_dev_ser *ser)
{
	int err = table_preserve(info, ser);

	if (err || !sm_supported(info->iommu))
		return err;
	err = intel_luo_pasid_preserve(info, domain, ser);
	if (err)
		table_unpreserve(info);
	return err;
}

static int intel_luo_preserve_device(struct device *dev,
				     struct iommu_domain *d,
				     struct iommu_luo_dev_ser *ser)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct dmar_domain *domain = to_dmar_domain(d);
	struct context_entry entry;
	int err;

	err = device_check(dev, info, ser);
	if (err)
		return err;

	err = context_read(info, domain, &entry);
	if (err) {
		dev_err(dev, "live update: not attached to its domain\n");
		return err;
	}
	ser->hw_domain_id = domain_id_iommu(domain, info->iommu);
	dev_priv(ser)->context[0] = entry.lo;
	dev_priv(ser)->context[1] = entry.hi;
	return tables_preserve(info, domain, dev_priv(ser));
}

static void intel_luo_unpreserve_device(struct device *dev,
					struct iommu_luo_dev_ser *ser)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);

	if (sm_supported(info->iommu))
		intel_luo_pasid_unpreserve(info);
	table_unpreserve(info);
}

const struct iommu_luo_ops intel_luo_ops = {
	.driver			= IOMMU_LUO_DRIVER_VTD,
	.preserve_hw		= intel_luo_preserve_hw,
	.unpreserve_hw		= intel_luo_unpreserve_hw,
	.preserve_domain	= intel_luo_preserve_domain,
	.unpreserve_domain	= intel_luo_unpreserve_domain,
	.preserve_device	= intel_luo_preserve_device,
	.unpreserve_device	= intel_luo_unpreserve_device,
	.walk			= intel_luo_walk,
	.lookup			= intel_luo_lookup,
	.restore_domain		= intel_luo_restore_domain,
	.restore_attach		= intel_luo_restore_attach,
	.restore_failed		= intel_luo_restore_failed,
};
