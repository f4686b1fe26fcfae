// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of iommufd: a context in the new kernel
 *
 * It begins empty, but for a right: it may claim devices that are still in one
 * of the domains that its record names. Such a device is attached to a domain
 * of the context only if the same memory is mapped in it at the same place, and
 * while nobody maps or unmaps anything there; so neither the device nor whoever
 * wrote its descriptors notices.
 */
#define pr_fmt(fmt) "iommufd: live update: " fmt

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kho/abi/iommufd.h>
#include <linux/liveupdate_gates.h>
#include <linux/slab.h>

#include "iommufd_luo.h"

/**
 * iommufd_luo_retrieve_file() - make a context from a record
 * @ser: the record, sound
 *
 * Context: May sleep.
 * Return: the file, or an ERR_PTR
 */
struct file *iommufd_luo_retrieve_file(const struct iommufd_luo_ser *ser)
{
	struct iommufd_luo_in *in __free(kfree) = NULL;
	struct iommufd_ctx *ictx;
	struct file *file;

	in = kzalloc(struct_size(in, domains, ser->nr_domains),
		     GFP_KERNEL_ACCOUNT);
	if (!in)
		return ERR_PTR(-ENOMEM);
	in->nr_domains = ser->nr_domains;
	memcpy(in->domains, ser->domains,
	       array_size(ser->nr_domains, sizeof(ser->domains[0])));

	ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[iommufd]", &iommufd_fops, ictx, O_RDWR);
	if (IS_ERR(file)) {
		kfree(ictx);
		return file;
	}
	iommufd_ctx_init(ictx, file);
	ictx->luo_in = no_free_ptr(in);
	return file;
}

/**
 * iommufd_luo_takeover_end() - nothing is left to be claimed
 * @file: the context
 */
void iommufd_luo_takeover_end(struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;

	WRITE_ONCE(ictx->luo_in->ended, true);
}

static bool may_claim(struct iommufd_ctx *ictx, struct device *dev)
{
	struct iommufd_luo_in *in = ictx->luo_in;
	int id = iommu_luo_device_domain_id(dev);
	unsigned int i;

	if (!in || in->ended)
		return false;
	for (i = 0; i < in->nr_domains; i++)
		if (in->domains[i] == id)
			return true;
	return false;
}

/**
 * iommufd_luo_claim() - become the owner of a device's DMA
 * @ictx: the context
 * @dev: the device
 *
 * As iommu_device_claim_dma_owner(), but a device that is still in a domain of
 * the previous kernel stays there.
 *
 * Context: May sleep.
 * Return: 0, -EPERM if the device was not preserved with this context, or what
 * iommu_device_claim_dma_owner() returns.
 */
int iommufd_luo_claim(struct iommufd_ctx *ictx, struct device *dev)
{
	if (!iommu_luo_on_restored_domain(dev) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_OWNER))
		return iommu_device_claim_dma_owner(dev, ictx);
	if (!may_claim(ictx, dev)) {
		dev_err(dev, "iommufd: live update: not preserved with this context\n");
		return -EPERM;
	}
	return iommu_luo_claim(dev, ictx);
}

/**
 * iommufd_luo_release() - take iommufd_luo_claim() back
 * @ictx: the context
 * @dev: the device; if the takeover has ended then it was stopped
 *
 * A device that could not be opened goes on as if nobody had tried.
 *
 * Context: May sleep.
 */
void iommufd_luo_release(struct iommufd_ctx *ictx, struct device *dev)
{
	if (ictx->luo_in && !READ_ONCE(ictx->luo_in->ended) &&
	    !iommu_luo_unclaim(dev, ictx))
		return;
	iommu_device_release_dma_owner(dev);
}

/**
 * iommufd_luo_attach_group() - attach the group of a device to a domain
 * @hwpt: with the domain
 * @idev: the device; its group is attached to nothing
 * @handle: as for iommu_attach_group_handle()
 *
 * Context: May sleep; the group is locked.
 * Return: 0, -EINVAL if the device would see other memory than it did in the
 * domain that the previous kernel left it in, or what
 * iommu_attach_group_handle() returns.
 */
int iommufd_luo_attach_group(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_device *idev,
			     struct iommu_attach_handle *handle)
{
	struct iommufd_hwpt_paging *paging;
	int err;

	lockdep_assert_held(&idev->igroup->lock);
	if (!iommu_luo_on_restored_domain(idev->dev))
		return iommu_attach_group_handle(hwpt->domain,
						 idev->igroup->group, handle);
	if (!hwpt_is_paging(hwpt)) {
		dev_err(idev->dev, "iommufd: live update: not into a nested domain\n");
		return -EINVAL;
	}

	paging = to_hwpt_paging(hwpt);
	guard(rwsem_write)(&paging->ioas->iopt.domains_rwsem);
	err = iommu_luo_verify_swap(idev->dev, hwpt->domain);
	if (err)
		return err;
	return iommu_attach_group_handle(hwpt->domain, idev->igroup->group,
					 handle);
}
