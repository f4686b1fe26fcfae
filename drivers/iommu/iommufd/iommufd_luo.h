/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update of iommufd: what its parts share, and the hooks in the rest of
 * iommufd
 *
 * Old kernel: a context that is preserved is *frozen*. Nothing is mapped,
 * unmapped, attached, replaced or destroyed in it (-EBUSY), so that what was
 * verified when it was preserved is true when the kernel is replaced.
 *
 * New kernel: a context that was retrieved may claim devices that are still in
 * the domains of its record. It moves each of them to a domain of its own, in
 * which the same memory is mapped at the same place.
 */
#ifndef __IOMMUFD_LUO_H
#define __IOMMUFD_LUO_H

#include <linux/iommu_luo.h>
#include <linux/slab.h>

#include "io_pagetable.h"
#include "iommufd_private.h"

struct iommufd_luo_ser;
struct liveupdate_session;

#ifdef CONFIG_LIVEUPDATE_IOMMUFD

/**
 * struct iommufd_luo_dep - a memfd that a preserved domain reaches
 * @list: on iommufd_luo_out.deps
 * @file: the file that was mapped
 * @token: its token in the session
 * @domain: iommu_luo_domain_id() of the domain
 */
struct iommufd_luo_dep {
	struct list_head list;
	struct file *file;
	u64 token;
	int domain;
};

/**
 * struct iommufd_luo_out - a preserved context
 * @ictx: the context, frozen
 * @session: its session
 * @ser: its record
 * @hwpts: the HWPTs that have devices, by object id; each held
 * @deps: the memfds that they reach
 */
struct iommufd_luo_out {
	struct iommufd_ctx *ictx;
	struct liveupdate_session *session;
	struct iommufd_luo_ser *ser;
	struct xarray hwpts;
	struct list_head deps;
};

/**
 * struct iommufd_luo_in - what a retrieved context may claim
 * @ended: the takeover is over
 * @nr_domains: entries of @domains
 * @domains: restored domains
 */
struct iommufd_luo_in {
	bool ended;
	unsigned int nr_domains;
	u32 domains[] __counted_by(nr_domains);
};

/* iommufd_luo_freeze.c */
int iommufd_luo_freeze(struct iommufd_luo_out *out);
void iommufd_luo_thaw(struct iommufd_luo_out *out);

/* iommufd_luo_verify.c */
int iommufd_luo_verify(struct iommufd_luo_out *out,
		       struct iommufd_hwpt_paging *hwpt, u64 *bytes);
int iommufd_luo_depend(struct iommufd_luo_out *out,
		       struct iommufd_hwpt_paging *hwpt);
void iommufd_luo_undepend(struct iommufd_luo_out *out);

/* iommufd_luo_takeover.c */
struct file *iommufd_luo_retrieve_file(const struct iommufd_luo_ser *ser);
void iommufd_luo_takeover_end(struct file *file);
int iommufd_luo_claim(struct iommufd_ctx *ictx, struct device *dev);
void iommufd_luo_release(struct iommufd_ctx *ictx, struct device *dev);
int iommufd_luo_attach_group(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_device *idev,
			     struct iommu_attach_handle *handle);

/* iommufd_luo.c */
int iommufd_luo_init(void);
void iommufd_luo_exit(void);

static inline void iommufd_luo_ctx_free(struct iommufd_ctx *ictx)
{
	kfree(ictx->luo_in);
}

static inline bool iommufd_ctx_frozen(const struct iommufd_ctx *ictx)
{
	return unlikely(READ_ONCE(ictx->luo_frozen));
}

static inline bool iopt_frozen(const struct io_pagetable *iopt)
{
	lockdep_assert_held(&iopt->iova_rwsem);
	return unlikely(READ_ONCE(iopt->luo_frozen));
}

/* To set it takes the lock. What was refused until now may go on at any time. */
static inline void iopt_set_frozen(struct io_pagetable *iopt, bool frozen)
{
	if (frozen)
		lockdep_assert_held_write(&iopt->iova_rwsem);
	WRITE_ONCE(iopt->luo_frozen, frozen);
}

#else /* !CONFIG_LIVEUPDATE_IOMMUFD */

static inline int iommufd_luo_init(void)
{
	return 0;
}

static inline void iommufd_luo_exit(void)
{
}

static inline void iommufd_luo_ctx_free(struct iommufd_ctx *ictx)
{
}

static inline bool iommufd_ctx_frozen(const struct iommufd_ctx *ictx)
{
	return false;
}

static inline bool iopt_frozen(const struct io_pagetable *iopt)
{
	return false;
}

static inline void iopt_set_frozen(struct io_pagetable *iopt, bool frozen)
{
}

static inline int iommufd_luo_claim(struct iommufd_ctx *ictx,
				    struct device *dev)
{
	return iommu_device_claim_dma_owner(dev, ictx);
}

static inline void iommufd_luo_release(struct iommufd_ctx *ictx,
				       struct device *dev)
{
	iommu_device_release_dma_owner(dev);
}

static inline int iommufd_luo_attach_group(struct iommufd_hw_pagetable *hwpt,
					   struct iommufd_device *idev,
					   struct iommu_attach_handle *handle)
{
	return iommu_attach_group_handle(hwpt->domain, idev->igroup->group,
					 handle);
}

#endif /* CONFIG_LIVEUPDATE_IOMMUFD */
#endif /* __IOMMUFD_LUO_H */
