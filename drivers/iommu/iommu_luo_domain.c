// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: which domains stay
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kexec_handover.h>
#include <linux/pfn.h>

#include "iommu_luo.h"

static const struct iommu_luo_ops *domain_luo_ops(struct iommu_domain *domain)
{
	return domain->owner ? domain->owner->liveupdate : NULL;
}

static int domain_check(struct iommu_domain *domain)
{
	const struct iommu_luo_ops *ops = domain_luo_ops(domain);

	if (!ops) {
		pr_err("the IOMMU driver of this domain cannot do it\n");
		return -EOPNOTSUPP;
	}
	if (domain->type != IOMMU_DOMAIN_UNMANAGED ||
	    domain->cookie_type != IOMMU_COOKIE_IOMMUFD) {
		pr_err("only domains of iommufd can be preserved\n");
		return -EINVAL;
	}
	if (domain->iopf_handler) {
		pr_err("a domain with page faults cannot be preserved\n");
		return -EBUSY;
	}
	return 0;
}

static int domain_fill(struct iommu_domain *domain,
		       struct iommu_luo_domain_ser *ser)
{
	const struct iommu_luo_ops *ops = domain_luo_ops(domain);
	u64 bytes = 0;
	int err;

	err = ops->preserve_domain(domain, ser);
	if (err)
		return err;

	ser->driver = ops->driver;
	err = iommu_luo_check_leaves(domain, ops, kho_is_preserved_range, &bytes);
	if (!err && bytes != ser->leaf_bytes)
		err = -EIO;	/* it changed under us */
	if (err)
		ops->unpreserve_domain(domain, ser);
	return err;
}

/**
 * iommu_luo_preserve_domain() - let a domain go on in the next kernel
 * @domain: a paging domain of iommufd, in which nothing changes any more, and
 *          all of whose memory is preserved
 * @leaf_bytes: gets the number of bytes that are mapped in it
 *
 * May be called more than once for a domain, and is undone as often.
 *
 * Context: sleeps; takes long for a large domain.
 * Return: 0; -EOPNOTSUPP: its IOMMU driver cannot; -EINVAL: not a domain of
 * iommufd, or one of a kind that cannot be preserved; -EBUSY: it handles page
 * faults; -EFAULT: memory is mapped that is not preserved; -ENOSPC, -ENOMEM.
 * Each but the last says why in the log.
 */
int iommu_luo_preserve_domain(struct iommu_domain *domain, u64 *leaf_bytes)
{
	struct iommu_luo_out *out;
	int err;

	err = domain_check(domain);
	if (err)
		return err;

	guard(mutex)(&iommu_luo_out_lock);
	out = iommu_luo_out_find(IOMMU_LUO_DOMAIN, domain);
	if (out) {
		out->users++;
		*leaf_bytes = out->entry->domain.leaf_bytes;
		return 0;
	}

	out = iommu_luo_out_new(IOMMU_LUO_DOMAIN, domain);
	if (IS_ERR(out))
		return PTR_ERR(out);

	err = domain_fill(domain, &out->entry->domain);
	if (err) {
		iommu_luo_out_free(out);
		return err;
	}
	iommu_luo_out_publish(out);
	*leaf_bytes = out->entry->domain.leaf_bytes;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_luo_preserve_domain);

/**
 * iommu_luo_unpreserve_domain() - take back iommu_luo_preserve_domain()
 * @domain: the domain; no preserved device uses it any more
 *
 * Context: sleeps.
 */
void iommu_luo_unpreserve_domain(struct iommu_domain *domain)
{
	struct iommu_luo_out *out;

	guard(mutex)(&iommu_luo_out_lock);
	out = iommu_luo_out_find(IOMMU_LUO_DOMAIN, domain);
	if (WARN_ON_ONCE(!out) || --out->users)
		return;

	WARN_ON_ONCE(out->entry->domain.nr_devices);
	domain_luo_ops(domain)->unpreserve_domain(domain, &out->entry->domain);
	iommu_luo_out_free(out);
}
EXPORT_SYMBOL_GPL(iommu_luo_unpreserve_domain);

/**
 * iommu_luo_domain_id() - the number by which the next kernel finds a domain
 * @domain: the domain
 *
 * Context: sleeps.
 * Return: a number, not negative; -ENOENT: it is not preserved
 */
int iommu_luo_domain_id(struct iommu_domain *domain)
{
	struct iommu_luo_out *out;

	guard(mutex)(&iommu_luo_out_lock);
	out = iommu_luo_out_find(IOMMU_LUO_DOMAIN, domain);
	return out ? out->entry->index : -ENOENT;
}
EXPORT_SYMBOL_GPL(iommu_luo_domain_id);

/**
 * iommu_luo_walk() - call a function for each mapping of a domain
 * @domain: the domain; it does not change meanwhile
 * @fn: the function
 * @arg: its argument
 *
 * Context: sleeps.
 * Return: what @fn returned if that was not 0; -EOPNOTSUPP: the IOMMU driver of
 * the domain does nothing for live update.
 */
int iommu_luo_walk(struct iommu_domain *domain, iommu_luo_leaf_fn fn, void *arg)
{
	const struct iommu_luo_ops *ops = domain_luo_ops(domain);

	return ops ? ops->walk(domain, fn, arg) : -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(iommu_luo_walk);
