// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: which devices stay
 *
 * Old kernel. The handler of iommufd preserves a domain, which must not change
 * from then on (iommu_luo_domain.c); the handler of vfio preserves a device that
 * is in it. An IOMMU is preserved with its first device.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "iommu_luo.h"
#include "iommu-priv.h"

/* Protected by iommu_luo_out_lock, but for iommu_luo_outgoing(). */
static LIST_HEAD(iommu_luo_outs);

/* The one of a type that is for @key, or NULL. */
struct iommu_luo_out *iommu_luo_out_find(u32 type, const void *key)
{
	struct iommu_luo_out *out;

	lockdep_assert_held(&iommu_luo_out_lock);
	list_for_each_entry(out, &iommu_luo_outs, list)
		if (out->key == key && out->entry->type == type)
			return out;
	return NULL;
}

/* Not on the list yet: the caller fills the record first. */
struct iommu_luo_out *iommu_luo_out_new(u32 type, void *key)
{
	struct iommu_luo_entry_ser *entry;
	struct iommu_luo_out *out;

	out = kzalloc(sizeof(*out), GFP_KERNEL);
	if (!out)
		return ERR_PTR(-ENOMEM);

	entry = iommu_luo_entry_new(type);
	if (IS_ERR(entry)) {
		kfree(out);
		return ERR_CAST(entry);
	}
	out->key = key;
	out->users = 1;
	out->entry = entry;
	return out;
}

/* From here on it is found. */
void iommu_luo_out_publish(struct iommu_luo_out *out)
{
	iommu_luo_entry_seal(out->entry);
	list_add_tail(&out->list, &iommu_luo_outs);
}

/* Published or not. */
void iommu_luo_out_free(struct iommu_luo_out *out)
{
	if (out->list.next)
		list_del(&out->list);
	iommu_luo_entry_free(out->entry);
	kfree(out);
}

static int count_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	unsigned int *count = data;

	++*count;
	return 0;
}

static int device_check(struct device *dev)
{
	unsigned int aliases = 0;

	if (!dev_is_pci(dev) || !dev->iommu_group || !dev->iommu) {
		dev_err(dev, "live update: no IOMMU translates for it\n");
		return -ENODEV;
	}
	if (!dev_iommu_ops(dev)->liveupdate) {
		dev_err(dev, "live update: the IOMMU driver cannot do it\n");
		return -EOPNOTSUPP;
	}
	if (!iommu_luo_group_single(dev)) {
		dev_err(dev, "live update: not alone in its IOMMU group\n");
		return -EMLINK;
	}
	pci_for_each_dma_alias(to_pci_dev(dev), count_alias, &aliases);
	if (aliases != 1) {
		dev_err(dev, "live update: DMA under another requester ID\n");
		return -EXDEV;
	}
	if (dev->iommu->require_direct) {
		dev_err(dev, "live update: the firmware wants memory mapped for it\n");
		return -EPERM;
	}
	if (!msi_device_has_isolated_msi(dev)) {
		dev_err(dev, "live update: no interrupt remapping\n");
		return -EACCES;
	}
	return 0;
}

/* The IOMMU of a device, preserved with its first device. */
static struct iommu_luo_out *hw_get(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu->iommu_dev;
	const struct iommu_luo_ops *ops = dev_iommu_ops(dev)->liveupdate;
	struct iommu_luo_out *out = iommu_luo_out_find(IOMMU_LUO_HW, iommu);
	int err;

	if (out) {
		out->users++;
		return out;
	}

	out = iommu_luo_out_new(IOMMU_LUO_HW, iommu);
	if (IS_ERR(out))
		return out;

	out->entry->hw.driver = ops->driver;
	err = ops->preserve_hw(iommu, &out->entry->hw);
	if (err) {
		iommu_luo_out_free(out);
		return ERR_PTR(err);
	}
	iommu_luo_out_publish(out);
	return out;
}

static void hw_put(struct iommu_luo_out *out, const struct iommu_luo_ops *ops)
{
	if (--out->users)
		return;
	ops->unpreserve_hw(out->key, &out->entry->hw);
	iommu_luo_out_free(out);
}

static void count_devices(struct iommu_luo_out *hw, struct iommu_luo_out *domain,
			  int add)
{
	hw->entry->hw.nr_devices += add;
	iommu_luo_entry_seal(hw->entry);
	domain->entry->domain.nr_devices += add;
	iommu_luo_entry_seal(domain->entry);
}

static int device_fill(struct device *dev, struct iommu_luo_out *out,
		       struct iommu_luo_out *hw, struct iommu_luo_out *domain)
{
	struct iommu_luo_dev_ser *ser = &out->entry->dev;
	struct pci_dev *pdev = to_pci_dev(dev);

	ser->segment = pci_domain_nr(pdev->bus);
	ser->bus = pdev->bus->number;
	ser->devfn = pdev->devfn;
	ser->hw = hw->entry->index;
	ser->domain = domain->entry->index;
	ser->driver = hw->entry->hw.driver;
	return dev_iommu_ops(dev)->liveupdate->preserve_device(dev, domain->key,
							       ser);
}

static int device_preserve(struct device *dev, struct iommu_luo_out *domain)
{
	struct iommu_luo_out *hw, *out;
	int err;

	out = iommu_luo_out_new(IOMMU_LUO_DEVICE, dev);
	if (IS_ERR(out))
		return PTR_ERR(out);

	hw = hw_get(dev);
	if (IS_ERR(hw)) {
		iommu_luo_out_free(out);
		return PTR_ERR(hw);
	}

	err = device_fill(dev, out, hw, domain);
	if (err) {
		hw_put(hw, dev_iommu_ops(dev)->liveupdate);
		iommu_luo_out_free(out);
		return err;
	}
	count_devices(hw, domain, 1);
	iommu_luo_out_publish(out);
	return 0;
}

/**
 * iommu_luo_preserve_device() - let the translation of a device go on
 * @dev: a PCI device; the domain that it is in is preserved, and it stays there
 *
 * Context: sleeps.
 * Return: 0; -ENODEV: no PCI device behind an IOMMU; -EOPNOTSUPP: the IOMMU
 * driver cannot; -EMLINK: other devices in its group; -EXDEV: it has aliases;
 * -EPERM: the firmware wants memory mapped for it (RMRR); -EACCES: interrupts
 * are not remapped; -EINVAL: its domain is not preserved; -EBUSY: it is
 * preserved already; -ESTALE: it caches addresses (ATS, PRI) or uses PASIDs;
 * -ENOSPC, -ENOMEM. Each but the last says why in the log.
 */
int iommu_luo_preserve_device(struct device *dev)
{
	struct iommu_luo_out *domain;
	int err;

	err = device_check(dev);
	if (err)
		return err;

	guard(mutex)(&iommu_luo_out_lock);
	if (iommu_luo_out_find(IOMMU_LUO_DEVICE, dev)) {
		dev_err(dev, "live update: preserved already\n");
		return -EBUSY;
	}

	domain = iommu_luo_out_find(IOMMU_LUO_DOMAIN, iommu_luo_group_domain(dev));
	if (!domain) {
		dev_err(dev, "live update: its domain is not preserved\n");
		return -EINVAL;
	}
	return device_preserve(dev, domain);
}
EXPORT_SYMBOL_GPL(iommu_luo_preserve_device);

static struct iommu_luo_out *out_by_index(u32 index)
{
	struct iommu_luo_out *out;

	list_for_each_entry(out, &iommu_luo_outs, list)
		if (out->entry->index == index)
			return out;
	return NULL;
}

/**
 * iommu_luo_unpreserve_device() - take back iommu_luo_preserve_device()
 * @dev: the device
 *
 * Context: sleeps.
 */
void iommu_luo_unpreserve_device(struct device *dev)
{
	const struct iommu_luo_ops *ops = dev_iommu_ops(dev)->liveupdate;
	struct iommu_luo_out *out, *hw, *domain;

	guard(mutex)(&iommu_luo_out_lock);
	out = iommu_luo_out_find(IOMMU_LUO_DEVICE, dev);
	if (WARN_ON_ONCE(!out))
		return;

	hw = out_by_index(out->entry->dev.hw);
	domain = out_by_index(out->entry->dev.domain);
	ops->unpreserve_device(dev, &out->entry->dev);
	iommu_luo_out_free(out);
	count_devices(hw, domain, -1);
	hw_put(hw, ops);
}
EXPORT_SYMBOL_GPL(iommu_luo_unpreserve_device);

/**
 * iommu_luo_outgoing() - does the translation of a device go on?
 * @segment: PCI segment
 * @bus: PCI bus
 * @devfn: PCI device and function
 *
 * For the IOMMU drivers: when they preserve a device, and at shutdown, when
 * nothing else runs any more. Takes no lock.
 *
 * Return: the IOMMU that goes on translating for it, or NULL
 */
struct iommu_device *iommu_luo_outgoing(u16 segment, u8 bus, u8 devfn)
{
	struct iommu_luo_out *out;

	list_for_each_entry(out, &iommu_luo_outs, list)
		if (out->entry->type == IOMMU_LUO_DEVICE &&
		    out->entry->dev.segment == segment &&
		    out->entry->dev.bus == bus &&
		    out->entry->dev.devfn == devfn)
			return out_by_index(out->entry->dev.hw)->key;
	return NULL;
}
