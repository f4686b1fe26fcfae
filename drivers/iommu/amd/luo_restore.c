// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: domains, in the kernel that comes
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/err.h>
#include <linux/io-pgtable.h>
#include <linux/kexec_handover.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "amd_iommu.h"
#include "luo.h"
#include "../iommu-pages.h"

static const struct amd_luo_domain_ser *
domain_priv(const struct iommu_luo_domain_ser *ser)
{
	return (const struct amd_luo_domain_ser *)ser->priv;
}

static bool page_is_incoming(phys_addr_t pa)
{
	return kho_is_incoming(PHYS_PFN(pa), 1);
}

static int tables_check(struct device *dev,
			const struct iommu_luo_domain_ser *ser)
{
	u64 left = ser->nr_tables;
	const char *why;
	int err;

	why = amd_luo_domain_check(ser, amd_iommu_hatdis ? PAGE_MODE_NONE :
				   amd_iommu_hpt_level);
	if (why) {
		dev_err(dev, "live update: the record of its domain does not fit its IOMMU: %s\n",
			why);
		return -EBADMSG;
	}

	err = amd_luo_tables_check(ser->root_pa, domain_priv(ser)->mode,
				   ser->pgsize_bitmap, &left,
				   page_is_incoming);
	if (!err && left) {
		dev_err(dev, "live update: %llu page tables are missing\n",
			left);
		err = -EBADMSG;
	}
	return err;
}

static void domain_init(struct protection_domain *domain,
			const struct iommu_luo_domain_ser *ser)
{
	protection_domain_init(domain);
	domain->id = domain_priv(ser)->id;
	domain->pd_mode = PD_MODE_V1;
	domain->domain.type = IOMMU_DOMAIN_UNMANAGED;
	domain->domain.ops = amd_iommu_ops.default_domain_ops;
	domain->domain.pgsize_bitmap = ser->pgsize_bitmap;
	domain->domain.geometry.aperture_end = ser->aperture_end;
	domain->domain.geometry.force_aperture = true;
}

/* A domain with an empty table of its own. */
static struct protection_domain *
domain_alloc(struct device *dev, const struct iommu_luo_domain_ser *ser)
{
	struct protection_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	domain_init(domain, ser);
	domain->iop.pgtbl.cfg.amd.nid = dev_to_node(dev);
	if (alloc_io_pgtable_ops(AMD_IOMMU_V1, &domain->iop.pgtbl.cfg, domain))
		return domain;
	kfree(domain);
	return NULL;
}

/* See struct iommu_luo_ops. The number of the domain is reserved already. */
struct iommu_domain *
amd_luo_restore_domain(struct device *dev,
		       const struct iommu_luo_domain_ser *ser)
{
	struct protection_domain *domain;
	int err;

	err = tables_check(dev, ser);
	if (err)
		return ERR_PTR(err);

	domain = domain_alloc(dev, ser);
	if (!domain)
		return ERR_PTR(-ENOMEM);

	err = amd_luo_tables_restore(ser->root_pa, domain_priv(ser)->mode);
	if (err) {
		free_io_pgtable_ops(&domain->iop.pgtbl.ops);
		kfree(domain);
		return ERR_PTR(err);
	}

	iommu_free_pages(domain->iop.root);
	domain->iop.root = phys_to_virt(ser->root_pa);
	domain->iop.mode = domain_priv(ser)->mode;
	return &domain->domain;
}

/* amd_luo_take_over() compared what the hardware had with the record. */
static bool is_taken_over(struct amd_iommu *iommu,
			  const struct iommu_dev_data *dev_data,
			  const struct iommu_luo_dev_ser *ser)
{
	const struct dev_table_entry *dte =
		&get_dev_table(iommu)[dev_data->devid];
	const struct amd_luo_dev_ser *priv = (const void *)ser->priv;

	return dte->data[0] == priv->dte[0] && dte->data[1] == priv->dte[1];
}

/* See struct iommu_luo_ops. */
int amd_luo_restore_attach(struct iommu_domain *d, struct device *dev,
			   const struct iommu_luo_dev_ser *ser)
{
	struct iommu_dev_data *dev_data = dev_iommu_priv_get(dev);
	struct amd_iommu *iommu = get_amd_iommu_from_dev(dev);
	struct protection_domain *domain = to_pdomain(d);
	int err;

	if (!is_taken_over(iommu, dev_data, ser) || dev_data->domain ||
	    ser->hw_domain_id != domain->id)
		return -EBADMSG;

	err = pdom_attach_iommu(iommu, domain);
	if (err)
		return err;
	dev_data->use_vapic = AMD_IOMMU_GUEST_IR_VAPIC(amd_iommu_guest_ir);
	amd_luo_domain_link(domain, dev_data);
	return 0;
}

/*
 * See struct iommu_luo_ops. The first domain that is attached takes the place of
 * whatever entry there is.
 */
void amd_luo_restore_failed(struct device *dev)
{
}
