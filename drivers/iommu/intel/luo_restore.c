// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: domains, in the kernel that comes
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kexec_handover.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "iommu.h"
#include "luo.h"
#include "pasid.h"
#include "../iommu-pages.h"

#define MAX_AGAW	3

static bool page_is_incoming(phys_addr_t pa)
{
	return kho_is_incoming(PHYS_PFN(pa), 1);
}

static bool walks_coherent(struct intel_iommu *iommu)
{
	return sm_supported(iommu) ? ecap_smpwc(iommu->ecap) :
				     ecap_coherent(iommu->ecap);
}

/* Is it one that this unit can go on with? */
static bool record_is_valid(struct intel_iommu *iommu,
			    const struct iommu_luo_domain_ser *ser)
{
	const struct vtd_luo_domain_ser *priv = (const void *)ser->priv;

	return ser->driver == IOMMU_LUO_DRIVER_VTD && priv->agaw <= MAX_AGAW &&
	       (cap_sagaw(iommu->cap) & BIT(priv->agaw)) &&
	       priv->gaw > VTD_PAGE_SHIFT &&
	       priv->gaw <= agaw_to_width(priv->agaw) &&
	       priv->superpage <= fls(cap_super_page_val(iommu->cap)) &&
	       !(priv->flags & ~VTD_LUO_FLAGS) &&
	       !!(priv->flags & VTD_LUO_COHERENT) == walks_coherent(iommu);
}

static void domain_init(struct dmar_domain *domain, struct device *dev,
			const struct iommu_luo_domain_ser *ser)
{
	const struct vtd_luo_domain_ser *priv = (const void *)ser->priv;

	INIT_LIST_HEAD(&domain->devices);
	INIT_LIST_HEAD(&domain->dev_pasids);
	INIT_LIST_HEAD(&domain->cache_tags);
	INIT_LIST_HEAD(&domain->s1_domains);
	spin_lock_init(&domain->lock);
	spin_lock_init(&domain->cache_lock);
	spin_lock_init(&domain->s1_lock);
	xa_init(&domain->iommu_array);

	domain->nid = dev_to_node(dev);
	domain->agaw = priv->agaw;
	domain->gaw = priv->gaw;
	domain->max_addr = BIT_ULL(priv->gaw) - 1;
	domain->iommu_superpage = priv->superpage;
	domain->iommu_coherency = !!(priv->flags & VTD_LUO_COHERENT);
	domain->force_snooping = !!(priv->flags & VTD_LUO_FORCE_SNOOPING);
	domain->set_pte_snp = !!(priv->flags & VTD_LUO_SET_PTE_SNP);
	domain->has_mappings = true;
	domain->iotlb_sync_map = true;

	domain->domain.type = IOMMU_DOMAIN_UNMANAGED;
	domain->domain.ops = &intel_ss_paging_domain_ops;
	domain->domain.pgsize_bitmap = ser->pgsize_bitmap;
	domain->domain.geometry.aperture_end = ser->aperture_end;
	domain->domain.geometry.force_aperture = true;
}

/* See struct iommu_luo_ops. */
struct iommu_domain *
intel_luo_restore_domain(struct device *dev,
			 const struct iommu_luo_domain_ser *ser)
{
	const struct vtd_luo_domain_ser *priv = (const void *)ser->priv;
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct dmar_domain *domain;
	u64 left = ser->nr_tables;
	int level, err;

	if (!record_is_valid(info->iommu, ser)) {
		dev_err(dev, "live update: the record of its domain does not fit its IOMMU\n");
		return ERR_PTR(-EBADMSG);
	}

	level = agaw_to_level(priv->agaw);
	err = intel_luo_tables_check(ser->root_pa, level, priv->superpage,
				     &left, page_is_incoming);
	if (!err && left) {
		dev_err(dev, "live update: %llu page tables are missing\n",
			left);
		err = -EBADMSG;
	}
	if (err)
		return ERR_PTR(err);

	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return ERR_PTR(-ENOMEM);

	err = intel_luo_tables_restore(ser->root_pa, level);
	if (err) {
		kfree(domain);
		return ERR_PTR(err);
	}
	domain_init(domain, dev, ser);
	domain->pgd = phys_to_virt(ser->root_pa);
	return &domain->domain;
}

/* As domain_attach_iommu(), with the number that the hardware knows. */
static int attach_iommu_did(struct dmar_domain *domain,
			    struct intel_iommu *iommu, u16 did)
{
	struct iommu_domain_info *info __free(kfree) =
		kzalloc(sizeof(*info), GFP_KERNEL);
	struct iommu_domain_info *curr;

	if (!info)
		return -ENOMEM;

	guard(mutex)(&iommu->did_lock);
	curr = xa_load(&domain->iommu_array, iommu->seq_id);
	if (curr) {
		if (curr->did != did)
			return -EBADMSG;
		curr->refcnt++;
		return 0;
	}

	info->refcnt = 1;
	info->did = did;
	info->iommu = iommu;
	curr = xa_cmpxchg(&domain->iommu_array, iommu->seq_id, NULL, info,
			  GFP_KERNEL);
	if (curr)
		return xa_err(curr) ?: -EBUSY;
	retain_and_null_ptr(info);
	return 0;
}

/* Scalable mode: is the device's table the one that the hardware uses? */
static bool has_pasid_table(const struct device_domain_info *info,
			    const struct iommu_luo_dev_ser *ser)
{
	const struct vtd_luo_dev_ser *priv = (const void *)ser->priv;

	return info->pasid_table &&
	       virt_to_phys(info->pasid_table->table) == priv->pasid_dir_pa;
}

/* See struct iommu_luo_ops. */
int intel_luo_restore_attach(struct iommu_domain *d, struct device *dev,
			     const struct iommu_luo_dev_ser *ser)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct dmar_domain *domain = to_dmar_domain(d);
	struct intel_iommu *iommu = info->iommu;
	int err;

	/* intel_luo_take_over() compared what the hardware has with the record */
	if (!context_copied(iommu, info->bus, info->devfn) ||
	    (sm_supported(iommu) && !has_pasid_table(info, ser)))
		return -EBADMSG;

	err = attach_iommu_did(domain, iommu, ser->hw_domain_id);
	if (err)
		return err;

	err = cache_tag_assign_domain(domain, dev, IOMMU_NO_PASID);
	if (err) {
		domain_detach_iommu(domain, iommu);
		return err;
	}
	intel_luo_domain_link(domain, info);
	clear_context_copied(iommu, info->bus, info->devfn);
	return 0;
}

/* See struct iommu_luo_ops. */
void intel_luo_restore_failed(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);

	/*
	 * In legacy mode the first domain that is attached takes the place of
	 * an entry that is marked as copied. The tables of the scalable mode
	 * are the device's own already, and have to be empty for it.
	 */
	if (!sm_supported(info->iommu) ||
	    !context_copied(info->iommu, info->bus, info->devfn))
		return;
	intel_pasid_tear_down_entry(info->iommu, dev, IOMMU_NO_PASID, false);
	intel_pasid_setup_sm_context(dev);
}
