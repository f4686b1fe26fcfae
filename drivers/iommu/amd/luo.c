// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: the kernel that leaves
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/mem_encrypt.h>
#include <linux/pci.h>
#include <asm/iommu.h>

#include "amd_iommu.h"
#include "luo.h"
#include "../iommu-pages.h"
#include "../irq_remapping.h"

static struct amd_luo_hw_ser *hw_priv(struct iommu_luo_hw_ser *ser)
{
	return (struct amd_luo_hw_ser *)ser->priv;
}

static struct amd_luo_domain_ser *domain_priv(struct iommu_luo_domain_ser *ser)
{
	return (struct amd_luo_domain_ser *)ser->priv;
}

static struct amd_luo_dev_ser *dev_priv(struct iommu_luo_dev_ser *ser)
{
	return (struct amd_luo_dev_ser *)ser->priv;
}

static struct amd_iommu *to_amd_iommu(struct iommu_device *iommu)
{
	return container_of(iommu, struct amd_iommu, iommu);
}

static int hw_check(struct amd_iommu *iommu)
{
	if (!irq_remapping_enabled || !amd_iommu_irq_remap) {
		pr_err("IOMMU%d: not without interrupt remapping\n",
		       iommu->index);
		return -EACCES;
	}
	if (amd_iommu_snp_en) {
		pr_err("IOMMU%d: not with SNP\n", iommu->index);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Is the device table preserved already, for another IOMMU of the segment? */
static bool table_is_shared(const struct amd_iommu *iommu)
{
	struct amd_iommu *other;

	for_each_iommu(other)
		if (other != iommu && other->pci_seg == iommu->pci_seg &&
		    other->flags & AMD_IOMMU_FLAG_LUO_OUT)
			return true;
	return false;
}

static int amd_luo_preserve_hw(struct iommu_device *iommu_dev,
			       struct iommu_luo_hw_ser *ser)
{
	struct amd_iommu *iommu = to_amd_iommu(iommu_dev);
	int err;

	err = hw_check(iommu);
	if (err)
		return err;

	if (!table_is_shared(iommu)) {
		err = iommu_preserve_pages(iommu->pci_seg->dev_table);
		if (err)
			return err;
	}

	ser->reg_pa = iommu->mmio_phys;
	*hw_priv(ser) = (struct amd_luo_hw_ser){
		.features = readq(iommu->mmio_base + MMIO_EXT_FEATURES),
		.dev_table = readq(iommu->mmio_base + MMIO_DEV_TABLE_OFFSET),
	};
	iommu->flags |= AMD_IOMMU_FLAG_LUO_OUT;
	return 0;
}

static void amd_luo_unpreserve_hw(struct iommu_device *iommu_dev,
				  struct iommu_luo_hw_ser *ser)
{
	struct amd_iommu *iommu = to_amd_iommu(iommu_dev);

	iommu->flags &= ~AMD_IOMMU_FLAG_LUO_OUT;
	if (!table_is_shared(iommu))
		iommu_unpreserve_pages(iommu->pci_seg->dev_table);
}

static int domain_check(struct protection_domain *domain)
{
	if (domain->pd_mode != PD_MODE_V1 ||
	    domain->iop.mode == PAGE_MODE_NONE) {
		pr_err("only domains with tables of format v1 can be preserved\n");
		return -EINVAL;
	}
	if (domain->dirty_tracking || !list_empty(&domain->dev_data_list)) {
		pr_err("a domain with dirty tracking, or of a PASID cannot be preserved\n");
		return -EINVAL;
	}
	return 0;
}

static int amd_luo_preserve_domain(struct iommu_domain *d,
				   struct iommu_luo_domain_ser *ser)
{
	struct protection_domain *domain = to_pdomain(d);
	struct amd_io_pgtable *iop = &domain->iop;
	int err;

	err = domain_check(domain);
	if (err)
		return err;

	ser->root_pa = virt_to_phys(iop->root);
	ser->pgsize_bitmap = d->pgsize_bitmap;
	ser->aperture_end = d->geometry.aperture_end;
	*domain_priv(ser) = (struct amd_luo_domain_ser){
		.mode = iop->mode,
		.id = domain->id,
	};

	err = amd_luo_tables_preserve(iop->root, iop->mode, ser);
	if (err) {
		pr_err("page tables cannot be preserved: %pe\n", ERR_PTR(err));
		amd_luo_tables_unpreserve(iop->root, iop->mode,
					  ser->nr_tables);
	}
	return err;
}

static void amd_luo_unpreserve_domain(struct iommu_domain *d,
				      struct iommu_luo_domain_ser *ser)
{
	struct amd_io_pgtable *iop = &to_pdomain(d)->iop;

	amd_luo_tables_unpreserve(iop->root, iop->mode, ser->nr_tables);
}

static int amd_luo_walk(struct iommu_domain *d, iommu_luo_leaf_fn fn,
			void *arg)
{
	struct protection_domain *domain = to_pdomain(d);

	if (domain->pd_mode != PD_MODE_V1 ||
	    domain->iop.mode == PAGE_MODE_NONE)
		return -EOPNOTSUPP;
	return amd_luo_tables_walk(domain->iop.root, domain->iop.mode, 0, fn,
				   arg);
}

static int amd_luo_lookup(struct iommu_domain *d, u64 iova,
			  struct iommu_luo_leaf *leaf)
{
	struct protection_domain *domain = to_pdomain(d);

	if (domain->pd_mode != PD_MODE_V1)
		return -EOPNOTSUPP;
	if (domain->iop.mode == PAGE_MODE_NONE)
		return -ENOENT;
	return amd_luo_tables_lookup(domain->iop.root, domain->iop.mode, iova,
				     leaf);
}

/* The firmware may say so, besides the PCI core. */
static bool has_alias(const struct amd_iommu_pci_seg *seg, u16 devid)
{
	for (u32 i = 0; i <= seg->last_bdf; i++)
		if (i != devid && seg->alias_table[i] == devid)
			return true;
	return seg->alias_table[devid] != devid;
}

static int device_check(struct device *dev, struct iommu_dev_data *dev_data,
			const struct iommu_luo_dev_ser *ser)
{
	const struct amd_iommu *iommu = get_amd_iommu_from_dev(dev);

	if (dev_data->ats_enabled || dev_data->pri_enabled ||
	    dev_data->pasid_enabled || dev_data->ppr) {
		dev_err(dev, "live update: not with ATS, PRI or PASID\n");
		return -ESTALE;
	}
	if (dev_data->gcr3_info.gcr3_tbl) {
		dev_err(dev, "live update: not with PASIDs\n");
		return -ESTALE;
	}
	/* a kernel that is told not to use IOMMUs could not stop it in time */
	if (ser->segment) {
		dev_err(dev, "live update: only in PCI segment 0\n");
		return -EOPNOTSUPP;
	}
	if (iommu->pci_seg->id != ser->segment ||
	    dev_data->devid != PCI_DEVID(ser->bus, ser->devfn) ||
	    has_alias(iommu->pci_seg, dev_data->devid)) {
		dev_err(dev, "live update: DMA in the name of another device\n");
		return -EXDEV;
	}
	return 0;
}

static void dte_read(struct device *dev, struct iommu_dev_data *dev_data,
		     struct iommu_luo_dev_ser *ser)
{
	const struct dev_table_entry *dte =
		&get_dev_table(get_amd_iommu_from_dev(dev))[dev_data->devid];

	guard(spinlock_irqsave)(&dev_data->dte_lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(dte->data); i++)
		dev_priv(ser)->dte[i] = dte->data[i];
}

static int amd_luo_preserve_device(struct device *dev, struct iommu_domain *d,
				   struct iommu_luo_dev_ser *ser)
{
	struct iommu_dev_data *dev_data = dev_iommu_priv_get(dev);
	struct protection_domain *domain = to_pdomain(d);
	struct iommu_luo_domain_ser dom = {
		.root_pa = virt_to_phys(domain->iop.root),
	};
	const char *why;
	int err;

	err = device_check(dev, dev_data, ser);
	if (err)
		return err;

	domain_priv(&dom)->mode = domain->iop.mode;
	domain_priv(&dom)->id = domain->id;
	ser->hw_domain_id = domain->id;
	dte_read(dev, dev_data, ser);
	why = amd_luo_dte_check(ser, &dom);
	if (why || dev_data->domain != domain) {
		dev_err(dev, "live update: not attached to its domain (%s)\n",
			why ?: "another one");
		return -EINVAL;
	}
	return 0;
}

/* Nothing but the device table is there for a device. */
static void amd_luo_unpreserve_device(struct device *dev,
				      struct iommu_luo_dev_ser *ser)
{
}

const struct iommu_luo_ops amd_luo_ops = {
	.driver			= IOMMU_LUO_DRIVER_AMD,
	.preserve_hw		= amd_luo_preserve_hw,
	.unpreserve_hw		= amd_luo_unpreserve_hw,
	.preserve_domain	= amd_luo_preserve_domain,
	.unpreserve_domain	= amd_luo_unpreserve_domain,
	.preserve_device	= amd_luo_preserve_device,
	.unpreserve_device	= amd_luo_unpreserve_device,
	.walk			= amd_luo_walk,
	.lookup			= amd_luo_lookup,
	.restore_domain		= amd_luo_restore_domain,
	.restore_attach		= amd_luo_restore_attach,
	.restore_failed		= amd_luo_restore_failed,
};
