// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: from one domain to another while a device works
 *
 * Both map the same memory at the same addresses, as far as the device uses
 * them: it does not matter which of the two answers, as long as one does. One is
 * the restored domain, and the other that of the new kernel; or both are of the
 * same owner, as when it prepares for an update.
 *
 * All that differs between two domains of format v1 is in the lower half of the
 * device table entry, which is written at once.
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/cleanup.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>

#include "amd_iommu.h"
#include "luo.h"

/**
 * amd_luo_domain_link() - put down that a device is in a domain
 * @domain: the domain
 * @dev_data: the device, in no domain
 */
void amd_luo_domain_link(struct protection_domain *domain,
			 struct iommu_dev_data *dev_data)
{
	guard(spinlock_irqsave)(&domain->lock);
	dev_data->domain = domain;
	list_add(&dev_data->list, &domain->dev_list);
}

static void domain_unlink(struct iommu_dev_data *dev_data)
{
	guard(spinlock_irqsave)(&dev_data->domain->lock);
	list_del(&dev_data->list);
}

/*
 * Under the lock, as the new domain may get another top table at any time. After
 * this nothing leads to the old tables: entry and old number are flushed.
 */
static void entry_swap(struct amd_iommu *iommu, struct iommu_dev_data *dev_data,
		       struct protection_domain *new)
{
	guard(spinlock_irqsave)(&new->lock);
	dev_data->domain = new;
	list_add(&dev_data->list, &new->dev_list);
	set_dte_entry(iommu, dev_data);
}

static int swap_domain(struct device *dev, struct protection_domain *new)
{
	struct iommu_dev_data *dev_data = dev_iommu_priv_get(dev);
	struct amd_iommu *iommu = get_amd_iommu_from_dev(dev);
	struct protection_domain *old = dev_data->domain;
	int err;

	guard(mutex)(&dev_data->mutex);
	err = pdom_attach_iommu(iommu, new);
	if (err)
		return err;
	domain_unlink(dev_data);
	entry_swap(iommu, dev_data, new);
	pdom_detach_iommu(iommu, old);
	return 0;
}

static bool is_restored(const struct protection_domain *domain)
{
	return domain && domain->domain.cookie_type == IOMMU_COOKIE_LIVEUPDATE;
}

static bool is_v1_paging(const struct protection_domain *domain)
{
	return (domain->domain.type & __IOMMU_DOMAIN_PAGING) &&
	       domain->pd_mode == PD_MODE_V1 && !domain->domain.iopf_handler;
}

/* Whoever made them knows what is mapped in either: as HWPTs of one owner. */
static bool is_of_owner(const struct protection_domain *domain)
{
	return domain->domain.cookie_type == IOMMU_COOKIE_IOMMUFD &&
	       is_v1_paging(domain);
}

static int other_requester(struct pci_dev *pdev, u16 alias, void *data)
{
	return alias != *(const u16 *)data;
}

/* Where one entry says all about a device, and only the IOMMU remembers it. */
static bool is_one_entry(struct device *dev)
{
	struct iommu_dev_data *dev_data = dev_iommu_priv_get(dev);
	struct amd_iommu *iommu = get_amd_iommu_from_dev(dev);
	u16 id = dev_data->devid;

	return dev_is_pci(dev) && !dev_data->ats_enabled && !dev_data->ppr &&
	       !dev_data->gcr3_info.gcr3_tbl &&
	       iommu->pci_seg->alias_table[id] == id &&
	       !pci_for_each_dma_alias(to_pci_dev(dev), other_requester, &id);
}

static bool may_swap(struct device *dev, const struct protection_domain *old,
		     const struct protection_domain *new)
{
	if (!is_v1_paging(new) || !is_one_entry(dev) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_SWAP))
		return false;
	return is_restored(old) || (is_of_owner(old) && is_of_owner(new));
}

/**
 * amd_luo_attach() - attach a domain without a gap, if that is possible
 * @dom: the domain to attach
 * @dev: the device
 *
 * A device that leaves a restored domain, or one of iommufd, for another one
 * with tables of format v1 does not notice: there is no moment at which it is
 * blocked. On failure nothing changed.
 *
 * Return: 0; 1: not possible, attach it as always; -EBUSY: nobody else may enter
 * a restored domain; -ENOMEM, -ENOSPC
 */
int amd_luo_attach(struct iommu_domain *dom, struct device *dev)
{
	struct iommu_dev_data *dev_data = dev_iommu_priv_get(dev);
	struct protection_domain *new = to_pdomain(dom);

	if (is_restored(new))
		return -EBUSY;
	if (!dev_data->domain || !may_swap(dev, dev_data->domain, new))
		return 1;
	return swap_domain(dev, new);
}
