// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: from one domain to another while a device works
 *
 * Both map the same memory at the same addresses, as far as the device uses
 * them: it does not matter which of the two answers, as long as one does. One is
 * the restored domain, and the other that of the new kernel; or both are of the
 * same owner, as when it prepares for an update.
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/cleanup.h>
#include <linux/cpufeature.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "iommu.h"
#include "luo.h"
#include "pasid.h"

/**
 * intel_luo_domain_link() - put down that a device is in a domain
 * @domain: the domain
 * @info: the device, in no domain
 */
void intel_luo_domain_link(struct dmar_domain *domain,
			   struct device_domain_info *info)
{
	guard(spinlock_irqsave)(&domain->lock);
	list_add(&info->link, &domain->devices);
	info->domain = domain;
	info->domain_attached = true;
}

static void domain_unlink(struct device_domain_info *info)
{
	guard(spinlock_irqsave)(&info->domain->lock);
	list_del(&info->link);
}

static void context_fill(struct context_entry *entry, struct dmar_domain *domain,
			 struct intel_iommu *iommu)
{
	context_set_domain_id(entry, domain_id_iommu(domain, iommu));
	context_set_address_root(entry, virt_to_phys(domain->pgd));
	context_set_address_width(entry, domain->agaw);
	context_set_translation_type(entry, CONTEXT_TT_MULTI_LEVEL);
	context_set_fault_enable(entry);
	context_set_present(entry);
}

/*
 * The hardware fetches an entry of the legacy mode as a whole: it sees the old
 * one or the new one, and both lead to the same memory.
 */
static int context_swap(struct device_domain_info *info,
			struct dmar_domain *domain)
{
	struct intel_iommu *iommu = info->iommu;
	struct context_entry *context, new = {};
	u128 old, want;

	context_fill(&new, domain, iommu);

	guard(spinlock)(&iommu->lock);
	context = iommu_context_addr(iommu, info->bus, info->devfn, 0);
	if (WARN_ON_ONCE(!context || !context_present(context)))
		return -EINVAL;

	memcpy(&old, context, sizeof(old));
	memcpy(&want, &new, sizeof(want));
	if (WARN_ON_ONCE(!try_cmpxchg128((u128 *)context, &old, want)))
		return -EBUSY;
	__iommu_flush_cache(iommu, context, sizeof(*context));
	return 0;
}

/*
 * After this nothing leads to the old tables. Hardware that did read half of
 * the entry before the change, and half of it after, may have noted an old table
 * under the new number.
 */
static void swap_flush(struct device_domain_info *info, u16 old, u16 new)
{
	struct intel_iommu *iommu = info->iommu;

	if (sm_supported(iommu))
		qi_flush_pasid_cache(iommu, old, QI_PC_PASID_SEL,
				     IOMMU_NO_PASID);
	else
		iommu->flush.flush_context(iommu, old,
					   PCI_DEVID(info->bus, info->devfn),
					   DMA_CCMD_MASK_NOBIT,
					   DMA_CCMD_DEVICE_INVL);
	iommu->flush.flush_iotlb(iommu, old, 0, 0, DMA_TLB_DSI_FLUSH);
	iommu->flush.flush_iotlb(iommu, new, 0, 0, DMA_TLB_DSI_FLUSH);
}

static void leave_old(struct device *dev, struct dmar_domain *old)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_iommu *iommu = info->iommu;

	cache_tag_unassign_domain(old, dev, IOMMU_NO_PASID);
	domain_unlink(info);
	domain_detach_iommu(old, iommu);
}

static int swap_domain(struct device *dev, struct dmar_domain *new)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_iommu *iommu = info->iommu;
	struct dmar_domain *old = info->domain;
	int err;

	err = domain_attach_iommu(new, iommu);
	if (err)
		return err;
	err = cache_tag_assign_domain(new, dev, IOMMU_NO_PASID);
	if (err)
		goto detach;

	err = sm_supported(iommu) ? intel_luo_pasid_swap(info, new) :
				    context_swap(info, new);
	if (err)
		goto unassign;

	swap_flush(info, domain_id_iommu(old, iommu),
		   domain_id_iommu(new, iommu));
	leave_old(dev, old);
	intel_luo_domain_link(new, info);
	return 0;

unassign:
	cache_tag_unassign_domain(new, dev, IOMMU_NO_PASID);
detach:
	domain_detach_iommu(new, iommu);
	return err;
}

static bool is_restored(const struct dmar_domain *domain)
{
	return domain && domain->domain.cookie_type == IOMMU_COOKIE_LIVEUPDATE;
}

static int other_requester(struct pci_dev *pdev, u16 alias, void *data)
{
	return alias != *(const u16 *)data;
}

/*
 * Where one entry says all about a device, and nothing but the unit itself
 * remembers what it said.
 */
static bool is_one_entry(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	u16 id = PCI_DEVID(info->bus, info->devfn);

	return dev_is_pci(dev) && !info->ats_enabled &&
	       !pci_for_each_dma_alias(to_pci_dev(dev), other_requester, &id);
}

/* Whoever made them knows what is mapped in either: as HWPTs of one owner. */
static bool is_of_owner(struct dmar_domain *domain)
{
	return domain->domain.cookie_type == IOMMU_COOKIE_IOMMUFD &&
	       intel_domain_is_ss_paging(domain) &&
	       !domain->domain.iopf_handler && !domain->nested_parent;
}

static bool may_swap(struct device *dev, struct dmar_domain *old,
		     struct dmar_domain *new)
{
	if (!intel_domain_is_ss_paging(new) || new->domain.iopf_handler ||
	    !boot_cpu_has(X86_FEATURE_CX16) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_SWAP))
		return false;
	return is_restored(old) ||
	       (old && is_of_owner(old) && is_of_owner(new) &&
		is_one_entry(dev));
}

/**
 * intel_luo_attach() - attach a domain without a gap, if that is possible
 * @domain: the domain to attach
 * @dev: the device
 *
 * A device that leaves a restored domain, or one of iommufd, for another one
 * with second-stage tables does not notice: there is no moment at which it is
 * blocked. On failure nothing changed.
 *
 * Return: 0; 1: not possible, attach it as always; -EBUSY: nobody else may enter
 * a restored domain; -EINVAL: the domain does not fit the device; -ENOMEM,
 * -ENOSPC
 */
int intel_luo_attach(struct iommu_domain *domain, struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct dmar_domain *new = to_dmar_domain(domain);
	int err;

	if (is_restored(new))
		return info->domain == new ? 0 : -EBUSY;
	if (!info->domain_attached || info->domain == new ||
	    !may_swap(dev, info->domain, new))
		return 1;

	err = paging_domain_compatible(domain, dev);
	return err ?: swap_domain(dev, new);
}
