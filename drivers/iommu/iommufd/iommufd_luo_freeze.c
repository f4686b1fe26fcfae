// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of iommufd: a context stays as it is from PRESERVE on
 *
 * Two flags do it. That of the context is read under the lock of a group where
 * devices are attached or replaced; that of an IOAS under its iova_rwsem where
 * something is mapped or unmapped. Whoever came before the flag is waited for,
 * or makes PRESERVE fail: a mapping that is being made is found without pages.
 * The wait can be ended: all of these locks are held while memory of userspace is
 * touched, and that takes as long as userspace likes.
 *
 * Detaching cannot fail, so that whoever lets userspace detach asks
 * iommufd_ctx_is_frozen() first. When a device is closed its domain stays, as
 * the HWPT is held.
 */
#define pr_fmt(fmt) "iommufd: live update: " fmt

#include <linux/iommufd.h>
#include <linux/liveupdate.h>

#include "iommufd_luo.h"

static bool ioas_trylock(struct iommufd_ioas *ioas)
{
	if (!mutex_trylock(&ioas->mutex))
		return false;
	if (!down_write_trylock(&ioas->iopt.domains_rwsem))
		goto unlock_ioas;
	if (!down_write_trylock(&ioas->iopt.iova_rwsem))
		goto unlock_domains;
	return true;

unlock_domains:
	up_write(&ioas->iopt.domains_rwsem);
unlock_ioas:
	mutex_unlock(&ioas->mutex);
	return false;
}

static void ioas_unlock(struct iommufd_ioas *ioas)
{
	up_write(&ioas->iopt.iova_rwsem);
	up_write(&ioas->iopt.domains_rwsem);
	mutex_unlock(&ioas->mutex);
}

static bool is_being_mapped(struct io_pagetable *iopt)
{
	struct iopt_area *area;

	for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
	     area = iopt_area_iter_next(area, 0, ULONG_MAX))
		if (!area->pages)
			return true;
	return false;
}

/* The next object from *@index on, locked; iommufd_put_object() it. */
static struct iommufd_object *object_next(struct iommufd_ctx *ictx,
					  unsigned long *index)
{
	struct iommufd_object *obj;

	xa_lock(&ictx->objects);
	for (obj = xa_find(&ictx->objects, index, ULONG_MAX, XA_PRESENT); obj;
	     obj = xa_find_after(&ictx->objects, index, ULONG_MAX, XA_PRESENT))
		if (iommufd_lock_obj(obj))
			break;
	xa_unlock(&ictx->objects);
	return obj;
}

#define for_each_object(ictx, index, obj)                                      \
	for ((index) = 0; ((obj) = object_next(ictx, &(index))) != NULL;       \
	     (index)++, iommufd_put_object(ictx, obj))

static int ioas_freeze(struct iommufd_ioas *ioas)
{
	struct io_pagetable *iopt = &ioas->iopt;
	int err = 0;

	/* Whoever attaches to the IOAS and did not see the flag is gone. */
	while (!err && !ioas_trylock(ioas))
		err = liveupdate_wait();
	if (err)
		return err;
	if (is_being_mapped(iopt))
		err = -EBUSY;
	else
		iopt_set_frozen(iopt, true);
	ioas_unlock(ioas);
	return err;
}

static struct iommufd_ioas *to_ioas(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_ioas, obj);
}

static struct iommufd_device *to_device(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_device, obj);
}

static int hwpt_check(struct iommufd_hw_pagetable *hwpt)
{
	struct iommufd_hwpt_paging *paging;

	if (!hwpt_is_paging(hwpt)) {
		pr_err("HWPT %u is nested\n", hwpt->obj.id);
		return -EOPNOTSUPP;
	}
	paging = to_hwpt_paging(hwpt);
	if (paging->nest_parent) {
		pr_err("HWPT %u is a parent of nested ones\n", hwpt->obj.id);
		return -EOPNOTSUPP;
	}
	if (hwpt->domain->dirty_ops) {
		pr_err("HWPT %u tracks dirty pages\n", hwpt->obj.id);
		return -EOPNOTSUPP;
	}
	if (hwpt->fault) {
		pr_err("HWPT %u has a queue of faults\n", hwpt->obj.id);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int hwpt_hold(struct iommufd_luo_out *out,
		     struct iommufd_hw_pagetable *hwpt)
{
	int err = hwpt_check(hwpt);

	if (err)
		return err;
	if (xa_load(&out->hwpts, hwpt->obj.id))
		return 0;
	err = xa_err(xa_store(&out->hwpts, hwpt->obj.id, hwpt, GFP_KERNEL));
	if (!err)
		refcount_inc(&hwpt->obj.users);
	return err;
}

static int device_hold(struct iommufd_luo_out *out, struct iommufd_device *idev)
{
	struct iommufd_attach *attach;
	unsigned long pasid;
	int err;

	lockdep_assert_held(&idev->igroup->lock);
	xa_for_each(&idev->igroup->pasid_attach, pasid, attach) {
		if (pasid != IOMMU_NO_PASID) {
			dev_err(idev->dev, "iommufd: live update: PASID %lu is attached\n",
				pasid);
			return -EOPNOTSUPP;
		}
		err = hwpt_hold(out, attach->hwpt);
		if (err)
			return err;
	}
	return 0;
}

/* Holds what a device is attached to. It does not change any more. */
static int device_freeze(struct iommufd_luo_out *out,
			 struct iommufd_device *idev)
{
	int err = 0;

	/* Whoever did not see the flag is gone. */
	while (!err && !mutex_trylock(&idev->igroup->lock))
		err = liveupdate_wait();
	if (err)
		return err;
	err = device_hold(out, idev);
	mutex_unlock(&idev->igroup->lock);
	return err;
}

static int object_freeze_ioas(struct iommufd_luo_out *out,
			      struct iommufd_object *obj)
{
	return obj->type == IOMMUFD_OBJ_IOAS ? ioas_freeze(to_ioas(obj)) : 0;
}

static int object_freeze(struct iommufd_luo_out *out,
			 struct iommufd_object *obj)
{
	switch (obj->type) {
	case IOMMUFD_OBJ_DEVICE:
		return device_freeze(out, to_device(obj));
	case IOMMUFD_OBJ_IOAS:
	case IOMMUFD_OBJ_HWPT_PAGING:
		return 0;
#ifdef CONFIG_IOMMUFD_TEST
	case IOMMUFD_OBJ_SELFTEST:
		return 0;
#endif
	default:
		pr_err("object %u is of type %u, which cannot be preserved\n",
		       obj->id, obj->type);
		return -EOPNOTSUPP;
	}
}

static int objects_freeze(struct iommufd_luo_out *out,
			  int (*freeze)(struct iommufd_luo_out *out,
					struct iommufd_object *obj))
{
	struct iommufd_object *obj;
	unsigned long index;
	int err;

	for_each_object(out->ictx, index, obj) {
		err = freeze(out, obj);
		if (err) {
			iommufd_put_object(out->ictx, obj);
			return err;
		}
	}
	return 0;
}

static int ctx_check(struct iommufd_ctx *ictx)
{
	if (ictx->vfio_ioas || ictx->no_iommu_mode) {
		pr_err("the context emulates a container of VFIO\n");
		return -EOPNOTSUPP;
	}
	if (!list_empty(&ictx->sw_msi_list)) {
		pr_err("the context maps doorbells of interrupts\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * iommufd_luo_freeze() - freeze a context, and hold what devices use
 * @out: with @ictx set, and @hwpts empty
 *
 * Context: May sleep.
 * Return: 0, or a negative errno, and it has to be thawed all the same:
 * * -EBUSY: something is being mapped or unmapped
 * * -EINTR, -ERESTART: see liveupdate_wait()
 * * -EINVAL: no device is attached
 * * -ENOMEM: no memory for the list of HWPTs
 * * -EOPNOTSUPP: a kind of context or object that cannot be preserved
 */
int iommufd_luo_freeze(struct iommufd_luo_out *out)
{
	int err;

	WRITE_ONCE(out->ictx->luo_frozen, true);
	err = ctx_check(out->ictx);
	if (!err)
		err = objects_freeze(out, object_freeze_ioas);
	if (!err)
		err = objects_freeze(out, object_freeze);
	if (err)
		return err;
	if (xa_empty(&out->hwpts)) {
		pr_err("no device is attached in the context\n");
		return -EINVAL;
	}
	return 0;
}

/**
 * iommufd_luo_thaw() - take iommufd_luo_freeze() back
 * @out: as it left it
 *
 * Context: May sleep.
 */
void iommufd_luo_thaw(struct iommufd_luo_out *out)
{
	struct iommufd_ctx *ictx = out->ictx;
	struct iommufd_hw_pagetable *hwpt;
	struct iommufd_object *obj;
	unsigned long index;

	for_each_object(ictx, index, obj)
		if (obj->type == IOMMUFD_OBJ_IOAS)
			iopt_set_frozen(&to_ioas(obj)->iopt, false);
	WRITE_ONCE(ictx->luo_frozen, false);
	/* Frees one that was made for a device that is closed now. */
	xa_for_each(&out->hwpts, index, hwpt)
		iommufd_hw_pagetable_put(ictx, hwpt);
	xa_destroy(&out->hwpts);
}

/**
 * iommufd_ctx_is_frozen() - is a context being carried to the next kernel?
 * @ictx: the context
 *
 * To be asked before iommufd_device_detach() is called on behalf of userspace.
 *
 * Context: Any.
 * Return: true if so
 */
bool iommufd_ctx_is_frozen(struct iommufd_ctx *ictx)
{
	return iommufd_ctx_frozen(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_is_frozen, "IOMMUFD");

/**
 * iommufd_ctx_file() - the file of a context
 * @ictx: the context, held by the caller
 *
 * Context: Any.
 * Return: the file, without a reference of its own
 */
struct file *iommufd_ctx_file(struct iommufd_ctx *ictx)
{
	return ictx->file;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_file, "IOMMUFD");
