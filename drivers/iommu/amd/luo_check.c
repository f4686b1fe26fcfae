// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: does what the previous kernel recorded fit together?
 *
 * Nothing here follows an address or looks at hardware.
 */
#include <linux/bitfield.h>
#include <linux/mem_encrypt.h>

#include "amd_iommu.h"
#include "luo.h"

static const struct amd_luo_domain_ser *
domain_priv(const struct iommu_luo_domain_ser *ser)
{
	return (const struct amd_luo_domain_ser *)ser->priv;
}

/**
 * amd_luo_dte_check() - does the entry of a device lead to its domain?
 * @dev: the record of the device
 * @domain: that of its domain
 *
 * Return: NULL; or why not, for the log
 */
const char *amd_luo_dte_check(const struct iommu_luo_dev_ser *dev,
			      const struct iommu_luo_domain_ser *domain)
{
	const struct amd_luo_dev_ser *priv = (const void *)dev->priv;
	u64 lo = priv->dte[0], hi = priv->dte[1];

	if ((lo & (DTE_FLAG_V | DTE_FLAG_TV)) != (DTE_FLAG_V | DTE_FLAG_TV))
		return "its device table entry does not translate";
	if ((lo & DTE_FLAG_GV) || (lo & DTE_FLAG_HAD) ||
	    (lo & BIT_ULL(DEV_ENTRY_PPR)) || (hi & DTE_FLAG_IOTLB))
		return "its device table entry is of a kind that cannot go on";
	if (__sme_clr(lo & PM_ADDR_MASK) != domain->root_pa ||
	    PM_PTE_LEVEL(lo) != domain_priv(domain)->mode)
		return "its device table entry is of another domain";
	if (!dev->hw_domain_id ||
	    (hi & DEV_DOMID_MASK) != dev->hw_domain_id ||
	    dev->hw_domain_id != domain_priv(domain)->id)
		return "its domain number is not valid";
	return NULL;
}

/**
 * amd_luo_domain_check() - is it a domain that can go on here?
 * @domain: its record
 * @max_mode: the most levels that tables can have
 *
 * Return: NULL; or why not, for the log
 */
const char *amd_luo_domain_check(const struct iommu_luo_domain_ser *domain,
				 int max_mode)
{
	const struct amd_luo_domain_ser *priv = domain_priv(domain);

	if (domain->driver != IOMMU_LUO_DRIVER_AMD)
		return "it is another driver's";
	if (priv->mode < PAGE_MODE_1_LEVEL || priv->mode > max_mode)
		return "its tables have too many levels, or none";
	if (!priv->id || priv->id >= MAX_DOMAIN_ID)
		return "its number is not valid";
	if (!domain->pgsize_bitmap || domain->pgsize_bitmap & ~AMD_IOMMU_PGSIZES)
		return "it has other page sizes";
	return NULL;
}
