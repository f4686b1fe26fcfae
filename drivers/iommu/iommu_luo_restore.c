// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of IOMMUs: domains that go on in the new kernel
 *
 * A restored domain is made when the first of its devices is found, and goes
 * with the last one that leaves it. It has no user but these devices: nobody
 * can map, unmap or attach.
 */
#define pr_fmt(fmt) "iommu: live update: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "iommu_luo.h"
#include "iommu-priv.h"

/* Protects the list, and what is in it. */
static DEFINE_MUTEX(iommu_luo_in_lock);
static LIST_HEAD(iommu_luo_ins);

/**
 * struct iommu_luo_restored - a domain of the previous kernel
 * @list: on iommu_luo_ins
 * @id: index of its record
 * @domain: the domain, or why there is none
 * @nr_devices: devices in it
 * @watches: who wants to know when it is gone
 */
struct iommu_luo_restored {
	struct list_head list;
	int id;
	struct iommu_domain *domain;
	unsigned int nr_devices;
	struct list_head watches;
};

static struct iommu_luo_restored *restored_find(int id)
{
	struct iommu_luo_restored *res;

	lockdep_assert_held(&iommu_luo_in_lock);
	list_for_each_entry(res, &iommu_luo_ins, list)
		if (res->id == id)
			return res;
	return NULL;
}

static struct iommu_domain *domain_restore(struct device *dev,
					   const struct iommu_luo_domain_ser *ser)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_domain *domain;
	u64 bytes = 0;
	int err;

	domain = ops->liveupdate->restore_domain(dev, ser);
	if (IS_ERR(domain))
		return domain;

	domain->owner = ops;
	domain->cookie_type = IOMMU_COOKIE_LIVEUPDATE;
	/* it is there, preserved, and nobody has it yet */
	err = iommu_luo_check_leaves(domain, ops->liveupdate, kho_is_incoming,
				     &bytes);
	if (!err && bytes != ser->leaf_bytes) {
		pr_err("%llu bytes are mapped, and should be %llu\n", bytes,
		       ser->leaf_bytes);
		err = -EBADMSG;
	}
	/* the hardware may still walk the tables: they are not freed */
	return err ? ERR_PTR(err) : domain;
}

static struct iommu_luo_restored *restored_new(struct device *dev, int id)
{
	const struct iommu_luo_entry_ser *entry;
	struct iommu_luo_restored *res;

	entry = iommu_luo_entry(id, IOMMU_LUO_DOMAIN);
	if (!entry)
		return ERR_PTR(-ENOENT);

	res = kzalloc(sizeof(*res), GFP_KERNEL);
	if (!res)
		return ERR_PTR(-ENOMEM);

	res->id = id;
	INIT_LIST_HEAD(&res->watches);
	res->domain = domain_restore(dev, &entry->domain);
	if (!IS_ERR(res->domain))
		res->domain->luo_restored = res;
	list_add_tail(&res->list, &iommu_luo_ins);
	return res;
}

static void restored_gone(struct iommu_luo_restored *res)
{
	struct iommu_luo_watch *watch, *next;

	list_del(&res->list);
	iommu_domain_free(res->domain);
	list_for_each_entry_safe(watch, next, &res->watches, list) {
		list_del_init(&watch->list);
		watch->gone(watch);
	}
	kfree(res);
}

static struct iommu_domain *restore(struct device *dev,
				    const struct iommu_luo_dev_ser *ser)
{
	const struct iommu_luo_ops *ops = dev_iommu_ops(dev)->liveupdate;
	struct iommu_luo_restored *res;
	int err;

	if (!ops || ops->driver != ser->driver)
		return ERR_PTR(-EOPNOTSUPP);

	guard(mutex)(&iommu_luo_in_lock);
	res = restored_find(ser->domain);
	if (!res)
		res = restored_new(dev, ser->domain);
	if (IS_ERR(res))
		return ERR_CAST(res);
	if (IS_ERR(res->domain))
		return res->domain;

	/* on failure the hardware may still walk the tables: they stay */
	err = ops->restore_attach(res->domain, dev, ser);
	if (err)
		return ERR_PTR(err);
	res->nr_devices++;
	return res->domain;
}

/* The record of a device, or NULL: an ordinary one. */
static const struct iommu_luo_dev_ser *record_of(struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return NULL;
	pdev = to_pci_dev(dev);
	return iommu_luo_dev(pci_domain_nr(pdev->bus), pdev->bus->number,
			     pdev->devfn);
}

/* It has been stopped, or is not the one that was recorded. */
static void restore_failed(struct device *dev)
{
	const struct iommu_luo_ops *ops = dev_iommu_ops(dev)->liveupdate;

	if (ops)
		ops->restore_failed(dev);
}

static void fail(struct device *dev, const struct iommu_luo_dev_ser *ser,
		 long why)
{
	dev_err(dev, "live update: its domain cannot be restored: %pe\n",
		ERR_PTR(why));
	iommu_luo_fail_dev(ser, "its domain cannot be restored");
	restore_failed(dev);
}

/**
 * iommu_luo_restore() - find a device in the domain that it was in
 * @dev: a device that was just found, alone in its group
 *
 * If it is one that was preserved, but cannot go on, then it is stopped before
 * this returns: its translation may change (F15).
 *
 * Context: sleeps, the mutex of the group is held.
 * Return: the domain that the hardware uses for it, or NULL: an ordinary device
 */
struct iommu_domain *iommu_luo_restore(struct device *dev)
{
	const struct iommu_luo_dev_ser *ser = record_of(dev);
	struct iommu_domain *domain;

	if (!ser)
		return NULL;
	/* one that was plugged in later is nobody we know */
	if (!pci_luo_incoming(to_pci_dev(dev)) || iommu_luo_failed_dev(ser) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_DEFAULT_DOMAIN)) {
		restore_failed(dev);
		return NULL;
	}

	domain = restore(dev, ser);
	if (IS_ERR(domain)) {
		fail(dev, ser, PTR_ERR(domain));
		return NULL;
	}
	dev_info(dev, "live update: goes on in the domain of the previous kernel\n");
	return domain;
}

/**
 * iommu_luo_refuse() - a device is not alone in its group
 * @dev: a device that was just found
 *
 * It gets the domain of the group: if it was preserved then it is stopped before.
 *
 * Context: sleeps, the mutex of the group is held.
 */
void iommu_luo_refuse(struct device *dev)
{
	const struct iommu_luo_dev_ser *ser = record_of(dev);

	if (ser && pci_luo_incoming(to_pci_dev(dev)) &&
	    !iommu_luo_failed_dev(ser))
		fail(dev, ser, -EMLINK);
	else if (ser)
		restore_failed(dev);
}

/**
 * iommu_luo_left() - a device left a restored domain
 * @domain: the domain; freed with the last device
 *
 * Context: sleeps, the mutex of the device's group is held.
 */
void iommu_luo_left(struct iommu_domain *domain)
{
	struct iommu_luo_restored *res = domain->luo_restored;

	guard(mutex)(&iommu_luo_in_lock);
	if (!--res->nr_devices)
		restored_gone(res);
}

/**
 * iommu_luo_restored_domain() - find a restored domain
 * @id: what iommu_luo_domain_id() said in the previous kernel
 *
 * The domain may go at any time, unless the caller knows of a device that stays
 * in it.
 *
 * Context: sleeps.
 * Return: the domain, or NULL: it is gone, or never was there
 */
struct iommu_domain *iommu_luo_restored_domain(int id)
{
	struct iommu_luo_restored *res;

	guard(mutex)(&iommu_luo_in_lock);
	res = restored_find(id);
	return res && res->nr_devices ? res->domain : NULL;
}
EXPORT_SYMBOL_GPL(iommu_luo_restored_domain);

/**
 * iommu_luo_watch_domain() - be told when a restored domain is gone
 * @id: what iommu_luo_domain_id() said in the previous kernel
 * @watch: with @gone set; belongs to the caller again when that is called
 *
 * Context: sleeps.
 * Return: 0; -ENOENT: it is gone, or never was there
 */
int iommu_luo_watch_domain(int id, struct iommu_luo_watch *watch)
{
	struct iommu_luo_restored *res;

	INIT_LIST_HEAD(&watch->list);
	guard(mutex)(&iommu_luo_in_lock);
	res = restored_find(id);
	if (!res || !res->nr_devices)
		return -ENOENT;
	list_add_tail(&watch->list, &res->watches);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_luo_watch_domain);

/**
 * iommu_luo_unwatch_domain() - take back iommu_luo_watch_domain()
 * @watch: as given to it; whether its domain is gone or not
 *
 * Context: sleeps; waits for @watch->gone.
 */
void iommu_luo_unwatch_domain(struct iommu_luo_watch *watch)
{
	guard(mutex)(&iommu_luo_in_lock);
	list_del_init(&watch->list);
}
EXPORT_SYMBOL_GPL(iommu_luo_unwatch_domain);

/**
 * iommu_luo_on_restored_domain() - is a device where the last kernel had it?
 * @dev: the device
 *
 * Context: sleeps.
 * Return: true as long as it is
 */
bool iommu_luo_on_restored_domain(struct device *dev)
{
	return iommu_luo_device_domain_id(dev) >= 0;
}
EXPORT_SYMBOL_GPL(iommu_luo_on_restored_domain);

/* What iommu_luo_domain_id() said of it in the previous kernel, or -ENOENT. */
int iommu_luo_restored_id(const struct iommu_domain *domain)
{
	return iommu_luo_is_restored(domain) ? domain->luo_restored->id :
					       -ENOENT;
}

/**
 * struct verify - state of a comparison of two domains
 * @dev: the device that is to be moved
 * @ops: of the driver of both
 * @new: the domain that it is to be moved to
 * @now: the mapping of @new that was found last
 */
struct verify {
	struct device *dev;
	const struct iommu_luo_ops *ops;
	struct iommu_domain *new;
	struct iommu_luo_leaf now;
};

static int verify_find(struct verify *verify, u64 iova)
{
	if (iova - verify->now.iova < verify->now.size)
		return 0;
	verify->now.size = 0;
	return verify->ops->lookup(verify->new, iova, &verify->now);
}

/* Return: bytes from @iova on that reach the same memory, or a negative errno */
static s64 verify_piece(struct verify *verify, u64 iova, phys_addr_t was,
			int prot)
{
	int err = verify_find(verify, iova);
	u64 ahead = iova - verify->now.iova;
	phys_addr_t now = verify->now.phys + ahead;

	if (err) {
		dev_err_ratelimited(verify->dev,
				    "live update: IOVA %#llx would not be mapped: %pe\n",
				    iova, ERR_PTR(err));
		return err == -ENOENT ? -EINVAL : err;
	}
	if (now != was) {
		dev_err_ratelimited(verify->dev,
				    "live update: IOVA %#llx would be another page than it was\n",
				    iova);
		return -EINVAL;
	}
	if (prot & ~verify->now.prot) {
		dev_err_ratelimited(verify->dev,
				    "live update: IOVA %#llx could be %s, and could not any more\n",
				    iova, prot & ~verify->now.prot & IOMMU_WRITE ?
				    "written" : "read");
		return -EINVAL;
	}
	return verify->now.size - ahead;
}

static int leaf_verify(const struct iommu_luo_leaf *leaf, void *arg)
{
	s64 ret;

	for (u64 done = 0; done < leaf->size; done += ret) {
		ret = verify_piece(arg, leaf->iova + done, leaf->phys + done,
				   leaf->prot);
		if (ret < 0)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * iommu_luo_verify_swap() - would a device see the same memory in a new domain?
 * @dev: a device in a restored domain, which it does not leave meanwhile
 * @new: the new domain, which does not change meanwhile
 *
 * Context: sleeps; takes long for a large domain.
 * Return: 0: what is mapped in the old domain is mapped to the same memory in
 * the new one, and the device may do with it what it could, or it is not in a
 * restored domain; -EINVAL: it is not, and the log says the first difference;
 * -EOPNOTSUPP: the new one is of a kind that cannot take over.
 */
int iommu_luo_verify_swap(struct device *dev, struct iommu_domain *new)
{
	struct iommu_domain *old = iommu_luo_group_domain(dev);
	struct verify verify = { .dev = dev, .new = new };

	if (!iommu_luo_is_restored(old))
		return 0;
	if (new->owner != old->owner)
		return -EINVAL;
	verify.ops = old->owner->liveupdate;
	return iommu_luo_walk(old, leaf_verify, &verify);
}
EXPORT_SYMBOL_GPL(iommu_luo_verify_swap);
