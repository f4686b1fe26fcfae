// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: scalable mode
 *
 * What the context entry is in legacy mode is an entry of the device's PASID
 * table here: the one of its requests without PASID, which is the only one. The
 * directory and the table are the device's own, so the new kernel goes on with
 * them, after it has seen that there is nothing else in them.
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iommu.h"
#include "luo.h"
#include "pasid.h"
#include "../iommu-pages.h"

/* A directory of one page: that of a device that is not used with PASIDs. */
#define DIR_MAX_PASID	(VTD_PAGE_SIZE << 3)
#define DIR_ENTRIES	(VTD_PAGE_SIZE / sizeof(struct pasid_dir_entry))

/* Is there nothing in the directory but the table of PASID 0? */
static bool dir_is_minimal(struct pasid_dir_entry *dir)
{
	return !memchr_inv(dir + 1, 0, VTD_PAGE_SIZE - sizeof(*dir));
}

static bool table_is_minimal(struct pasid_entry *table)
{
	return !memchr_inv(table + 1, 0, VTD_PAGE_SIZE - sizeof(*table));
}

/* Does the entry lead to these second-stage tables, and nowhere else? */
static bool entry_leads(struct pasid_entry *entry, phys_addr_t root_pa,
			unsigned int agaw, u16 did)
{
	return pasid_pte_is_present(entry) &&
	       pasid_pte_get_pgtt(entry) == PASID_ENTRY_PGTT_SL_ONLY &&
	       (entry->val[0] & VTD_PAGE_MASK) == root_pa &&
	       ((entry->val[0] >> 2) & 7) == agaw &&
	       pasid_get_domain_id(entry) == did;
}

/**
 * intel_luo_pasid_preserve() - preserve the PASID table of a device
 * @info: the device
 * @domain: the domain of its requests without PASID
 * @ser: gets all but @context
 *
 * Context: sleeps.
 * Return: 0; -ESTALE: it is used with other PASIDs; -EINVAL: it is not in that
 * domain; or an error of iommu_preserve_pages()
 */
int intel_luo_pasid_preserve(struct device_domain_info *info,
			     struct dmar_domain *domain,
			     struct vtd_luo_dev_ser *ser)
{
	struct pasid_dir_entry *dir = info->pasid_table->table;
	struct pasid_entry *table = get_pasid_table_from_pde(dir);
	int err;

	if (info->pasid_table->max_pasid != DIR_MAX_PASID ||
	    !dir_is_minimal(dir) || (table && !table_is_minimal(table))) {
		dev_err(info->dev, "live update: not with PASIDs\n");
		return -ESTALE;
	}
	if (!table || !entry_leads(table, virt_to_phys(domain->pgd),
				   domain->agaw,
				   domain_id_iommu(domain, info->iommu))) {
		dev_err(info->dev, "live update: not attached to its domain\n");
		return -EINVAL;
	}

	err = iommu_preserve_pages(dir);
	if (err)
		return err;
	err = iommu_preserve_pages(table);
	if (err) {
		iommu_unpreserve_pages(dir);
		return err;
	}

	ser->pasid_dir_pa = virt_to_phys(dir);
	ser->pasid_table_pa = virt_to_phys(table);
	ser->max_pasid = DIR_MAX_PASID;
	memcpy(ser->pasid_entry, table, sizeof(ser->pasid_entry));
	return 0;
}

/**
 * intel_luo_pasid_unpreserve() - take back intel_luo_pasid_preserve()
 * @info: the device
 *
 * Context: sleeps.
 */
void intel_luo_pasid_unpreserve(struct device_domain_info *info)
{
	struct pasid_dir_entry *dir = info->pasid_table->table;

	iommu_unpreserve_pages(get_pasid_table_from_pde(dir));
	iommu_unpreserve_pages(dir);
}

static void *incoming_page(u64 pa)
{
	if (!pa || !PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

static const struct vtd_luo_dev_ser *
dev_priv(const struct iommu_luo_dev_ser *dev)
{
	return (const struct vtd_luo_dev_ser *)dev->priv;
}

/**
 * intel_luo_pasid_check() - check the PASID table that a device was left with
 * @dev: the record of the device
 * @context: its context entry, which is the recorded one
 *
 * Context: sleeps.
 * Return: NULL, or what is wrong with it
 */
const char *intel_luo_pasid_check(const struct iommu_luo_dev_ser *dev,
				  const struct context_entry *context)
{
	const struct iommu_luo_domain_ser *domain = iommu_luo_dev_domain(dev);
	const struct vtd_luo_domain_ser *dpriv = (const void *)domain->priv;
	const struct vtd_luo_dev_ser *priv = dev_priv(dev);
	struct pasid_dir_entry *dir = incoming_page(priv->pasid_dir_pa);
	struct pasid_entry *table = incoming_page(priv->pasid_table_pa);

	if (!dir || !table || priv->reserved ||
	    priv->max_pasid != DIR_MAX_PASID)
		return "its PASID table was not preserved";
	/* one page of directory, requests without PASID are PASID 0 */
	if ((context->lo & VTD_PAGE_MASK) != priv->pasid_dir_pa ||
	    get_pasid_dir_size(context) != DIR_ENTRIES || context->hi)
		return "its context entry leads to another PASID table";
	if (dir->val != (priv->pasid_table_pa | PASID_PTE_PRESENT) ||
	    !dir_is_minimal(dir) || !table_is_minimal(table) ||
	    memcmp(table, priv->pasid_entry, sizeof(priv->pasid_entry)))
		return "its PASID table is not what was recorded";
	if (!entry_leads(table, domain->root_pa, dpriv->agaw,
			 dev->hw_domain_id))
		return "its PASID table is of another domain";
	return NULL;
}

/**
 * intel_luo_pasid_adopt() - give a device the PASID table that it has
 * @dev: a device that was just found
 *
 * Context: sleeps.
 * Return: 0; 1: not a device that goes on, it needs a new table; -ENOMEM;
 * -EBADMSG: somebody else took it, which cannot be
 */
int intel_luo_pasid_adopt(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	const struct iommu_luo_dev_ser *ser;
	struct pasid_table *table __free(kfree) = NULL;

	ser = iommu_luo_dev(info->segment, info->bus, info->devfn);
	if (!ser || iommu_luo_failed_dev(ser) ||
	    !context_copied(info->iommu, info->bus, info->devfn) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_PASID))
		return 1;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;

	table->max_pasid = dev_priv(ser)->max_pasid;
	table->table = iommu_restore_pages(dev_priv(ser)->pasid_dir_pa);
	if (!table->table ||
	    !iommu_restore_pages(dev_priv(ser)->pasid_table_pa))
		return -EBADMSG;
	info->pasid_table = no_free_ptr(table);
	return 0;
}

/**
 * intel_luo_pasid_swap() - let the requests without PASID use another domain
 * @info: the device
 * @domain: a domain with second-stage tables
 *
 * Of such an entry only the first two words are used, and they are written as
 * one. The caller flushes.
 *
 * Return: 0, or an error that is a bug: nothing changed
 */
int intel_luo_pasid_swap(struct device_domain_info *info,
			 struct dmar_domain *domain)
{
	struct pasid_dir_entry *dir = info->pasid_table->table;
	struct pasid_entry *entry = get_pasid_table_from_pde(dir);
	struct intel_iommu *iommu = info->iommu;
	struct pasid_entry new = {};
	u128 old, want;

	pasid_set_domain_id(&new, domain_id_iommu(domain, iommu));
	pasid_set_slptr(&new, virt_to_phys(domain->pgd));
	pasid_set_address_width(&new, domain->agaw);
	pasid_set_translation_type(&new, PASID_ENTRY_PGTT_SL_ONLY);
	pasid_set_page_snoop(&new, !!ecap_smpwc(iommu->ecap));
	if (domain->dirty_tracking)
		pasid_set_ssade(&new);
	pasid_set_present(&new);

	guard(spinlock)(&iommu->lock);
	if (WARN_ON_ONCE(!entry || !pasid_pte_is_present(entry)))
		return -EINVAL;
	memcpy(&old, entry, sizeof(old));
	memcpy(&want, &new, sizeof(want));
	if (WARN_ON_ONCE(!try_cmpxchg128((u128 *)entry, &old, want)))
		return -EBUSY;
	__iommu_flush_cache(iommu, entry, sizeof(*entry));
	return 0;
}
