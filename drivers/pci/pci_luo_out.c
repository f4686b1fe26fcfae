// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA goes on over a kexec: the old kernel
 *
 * Each preserved function, and each bridge above one, has a record. They lie
 * back to back in pages, see pci_luo_pages.c, and are complete at any time: the
 * jump may come as soon as the last freeze is through.
 */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"

/**
 * struct pci_luo_out - a preserved function, or a bridge above one
 * @list: in pci_luo_outs
 * @pdev: the function, held
 * @slot: number of its record
 * @users: of a bridge: preserved functions below it
 * @masks: of a function: what freeze masked
 */
struct pci_luo_out {
	struct list_head list;
	struct pci_dev *pdev;
	unsigned int slot;
	unsigned int users;
	struct pci_luo_masks masks;
};

/* Protected by pci_luo_out_lock. */
static LIST_HEAD(pci_luo_outs);

static struct pci_luo_out *out_find(const struct pci_dev *pdev)
{
	struct pci_luo_out *out;

	lockdep_assert_held(&pci_luo_out_lock);
	list_for_each_entry(out, &pci_luo_outs, list) {
		if (out->pdev == pdev)
			return out;
	}
	return NULL;
}

/* The last record moves to where one is given up. */
static void slot_del(unsigned int slot)
{
	unsigned int last = pci_luo_slot_del(slot);
	struct pci_luo_out *out;

	lockdep_assert_held(&pci_luo_out_lock);
	list_for_each_entry(out, &pci_luo_outs, list) {
		if (out->slot == last)
			out->slot = slot;
	}
}

static void out_del(struct pci_luo_out *out)
{
	clear_bit(PCI_LUO_OUTGOING, &out->pdev->liveupdate);
	list_del(&out->list);
	slot_del(out->slot);
	bitmap_free(out->masks.vectors);
	pm_runtime_put(&out->pdev->dev);
	pci_dev_put(out->pdev);
	kfree(out);
}

static void record_write(struct pci_luo_out *out, u32 flags, const char *driver)
{
	struct pci_luo_fn_ser *ser = pci_luo_slot_record(out->slot);

	pci_luo_fill(out->pdev, ser);
	ser->flags = flags;
	if (out->pdev->broken_intx_masking)
		ser->flags |= PCI_LUO_FN_NO_DISINTX;
	if (out->pdev->pref_64_window)
		ser->flags |= PCI_LUO_FN_PREF_64;
	if (driver)
		strscpy_pad(ser->driver, driver, sizeof(ser->driver));
	pci_luo_fn_seal(ser);
}

static struct pci_luo_out *out_add(struct pci_dev *pdev, u32 flags,
				   const char *driver)
{
	struct pci_luo_out *out __free(kfree) = kzalloc(sizeof(*out),
							GFP_KERNEL);
	int ret;

	if (!out)
		return ERR_PTR(-ENOMEM);
	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ERR_PTR(ret);
	ret = pci_luo_slot_add(&out->slot);
	if (ret) {
		pm_runtime_put(&pdev->dev);
		return ERR_PTR(ret);
	}
	out->pdev = pci_dev_get(pdev);
	out->users = 1;
	record_write(out, flags, driver);
	pci_luo_pages_seal();
	list_add_tail(&out->list, &pci_luo_outs);
	set_bit(PCI_LUO_OUTGOING, &pdev->liveupdate);
	return no_free_ptr(out);
}

/* The bridges above @pdev up to, but without, @end. */
static void bridges_put(struct pci_dev *pdev, const struct pci_dev *end)
{
	struct pci_luo_out *out;

	while ((pdev = pci_upstream_bridge(pdev)) != end) {
		out = out_find(pdev);
		if (!WARN_ON_ONCE(!out) && !--out->users)
			out_del(out);
	}
}

static int bridges_get(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;
	struct pci_luo_out *out;

	while ((bridge = pci_upstream_bridge(bridge))) {
		out = out_find(bridge);
		if (out) {
			out->users++;
			continue;
		}
		out = out_add(bridge, PCI_LUO_FN_BRIDGE, NULL);
		if (IS_ERR(out)) {
			bridges_put(pdev, bridge);
			return PTR_ERR(out);
		}
	}
	return 0;
}

/**
 * pci_luo_lock() - lock a function, unless somebody keeps it locked
 * @pdev: the function
 *
 * Its driver cannot leave it as long as the file is open that our caller has:
 * an unbind, or a removal, waits for that with the lock held.
 *
 * Context: May sleep, for a tenth of a second.
 * Return: true if the caller has to unlock it
 */
bool pci_luo_lock(struct pci_dev *pdev)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		if (device_trylock(&pdev->dev))
			return true;
		msleep(20);
	}
	return false;
}

/* Return: 0 or -EBUSY. */
static int override_flag(struct pci_dev *pdev, const char *driver, u32 *flag)
{
	if (!pci_luo_lock(pdev)) {
		pci_err(pdev, "live update: is being unbound, removed, or changed\n");
		return -EBUSY;
	}
	*flag = pdev->driver_override && !strcmp(pdev->driver_override, driver) ?
			PCI_LUO_FN_OVERRIDE : 0;
	device_unlock(&pdev->dev);
	return 0;
}

static int preserve_locked(struct pci_dev *pdev, u32 flags, const char *driver)
{
	struct pci_luo_out *out;
	int ret;

	lockdep_assert_held(&pci_luo_out_lock);
	if (WARN_ON_ONCE(!pci_luo_has_pages()))
		return -EINVAL;
	if (pci_luo_outgoing(pdev))
		return -EBUSY;
	out = out_add(pdev, flags, driver);
	if (IS_ERR(out))
		return PTR_ERR(out);
	ret = pci_luo_check(pdev);
	if (!ret)
		ret = pci_msi_luo_prepare(pdev, &out->masks);
	if (!ret)
		ret = bridges_get(pdev);
	if (ret)
		out_del(out);
	return ret;
}

/**
 * pci_luo_preserve() - let the DMA of a function go on over the next kexec
 * @pdev: the function; its user keeps it in D0 and does not reset it
 * @driver: name of the driver that takes it over in the new kernel
 *
 * Records the function and the bridges above it, and holds them in D0. Called
 * by the handler of a file that depends on pci_luo_flb.
 *
 * Context: May sleep. Takes the lock of the device.
 * Return:
 * * 0: success; pci_luo_unpreserve() takes it back
 * * -EBUSY: it is preserved already, or its take-over from the previous kernel
 *   has not ended; it is being unbound or removed; it has virtual functions,
 *   recovers from an error, or is not in D0
 * * -EOPNOTSUPP, -EPERM, -ENODEV: it cannot be preserved, the log says why
 * * -ENAMETOOLONG: @driver does not fit
 * * -ENOSPC: there are PCI_LUO_RECORDS_MAX records
 * * -ENOMEM: no memory
 */
int pci_luo_preserve(struct pci_dev *pdev, const char *driver)
{
	u32 flags;
	int ret;

	if (!*driver || strlen(driver) >= PCI_LUO_DRIVER_LENGTH)
		return -ENAMETOOLONG;
	ret = override_flag(pdev, driver, &flags);
	if (ret)
		return ret;
	guard(mutex)(&pci_luo_out_lock);
	return preserve_locked(pdev, flags, driver);
}
EXPORT_SYMBOL_GPL(pci_luo_preserve);

/**
 * pci_luo_unpreserve() - take pci_luo_preserve() back
 * @pdev: the function, not frozen
 *
 * Context: May sleep.
 */
void pci_luo_unpreserve(struct pci_dev *pdev)
{
	struct pci_luo_out *out;

	guard(mutex)(&pci_luo_out_lock);
	out = out_find(pdev);
	if (WARN_ON_ONCE(!out))
		return;
	bridges_put(pdev, NULL);
	out_del(out);
}
EXPORT_SYMBOL_GPL(pci_luo_unpreserve);

/* Registers may have changed since: the owner, ASPM, the administrator. */
static void record_refresh(struct pci_dev *pdev, u32 add, u32 remove)
{
	struct pci_luo_out *out = out_find(pdev);
	struct pci_luo_fn_ser *ser;

	if (WARN_ON_ONCE(!out))
		return;
	ser = pci_luo_slot_record(out->slot);
	pci_luo_fill(pdev, ser);
	ser->flags = (ser->flags & ~remove) | add;
	pci_luo_fn_seal(ser);
}

/**
 * pci_luo_freeze() - mask the interrupts of a function, finish its record
 * @pdev: a preserved function; nobody else changes its interrupts from here
 *        on, until pci_luo_unfreeze() or for good
 *
 * DMA goes on. What would be an interrupt is pending in the function until the
 * new kernel unmasks it; with MSI that has no mask bits it may get lost.
 *
 * Context: May sleep. Does not allocate.
 * Return: 0; -EIO if the function does not answer any more; -EBUSY if somebody
 * unbinds or removes it, and so keeps the lock that device_shutdown() needs.
 */
int pci_luo_freeze(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;
	struct pci_luo_out *out;
	u32 flags = PCI_LUO_FN_FROZEN;

	guard(mutex)(&pci_luo_out_lock);
	out = out_find(pdev);
	if (WARN_ON_ONCE(!out))
		return -EINVAL;
	if (!pci_device_is_present(pdev)) {
		pci_err(pdev, "live update: does not answer\n");
		return -EIO;
	}
	if (!pci_luo_lock(pdev)) {
		pci_err(pdev, "live update: is being unbound, removed, or changed\n");
		return -EBUSY;
	}
	device_unlock(&pdev->dev);
	pci_msi_luo_mask(pdev, &out->masks);
	if (out->masks.msi_off)
		flags |= PCI_LUO_FN_MSI_OFF;
	record_refresh(pdev, flags, 0);
	while ((bridge = pci_upstream_bridge(bridge)))
		record_refresh(bridge, 0, 0);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_luo_freeze);

/**
 * pci_luo_unfreeze() - take pci_luo_freeze() back, the update failed
 * @pdev: the function
 *
 * Context: May sleep.
 * Return: true if interrupts may have been lost: its MSI has no mask bits, and
 * was turned off.
 */
bool pci_luo_unfreeze(struct pci_dev *pdev)
{
	struct pci_luo_out *out;
	bool lost;

	guard(mutex)(&pci_luo_out_lock);
	out = out_find(pdev);
	if (WARN_ON_ONCE(!out))
		return false;
	lost = out->masks.msi_off;
	pci_msi_luo_unmask(pdev, &out->masks);
	record_refresh(pdev, 0, PCI_LUO_FN_FROZEN | PCI_LUO_FN_MSI_OFF);
	return lost;
}
EXPORT_SYMBOL_GPL(pci_luo_unfreeze);
