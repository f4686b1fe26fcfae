// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of vfio-pci: a function goes on while the kernel is replaced
 *
 * Old kernel: what could stop the DMA is refused from PRESERVE on, under the
 * memory_lock: resets, power states, and the runtime suspend. At freeze the
 * interrupts are masked and the virtual configuration space is copied.
 *
 * New kernel: the function is opened without being reset; bus mastering is left
 * alone, on success and on failure. What it is set to when it is closed comes
 * from the record, as what it is set to now is the user's.
 */
#include <linux/crc32.h>
#include <linux/export.h>
#include <linux/iommu_luo.h>
#include <linux/kho/abi/vfio.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "vfio_pci_priv.h"

static struct vfio_pci_core_device *to_core(struct vfio_device *device)
{
	return container_of(device, struct vfio_pci_core_device, vdev);
}

static int irq_type_check(struct vfio_pci_core_device *vdev)
{
	switch (vdev->irq_type) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		if (vdev->pci_2_3)
			return 0;
		pci_err(vdev->pdev, "vfio: live update: its INTx cannot be masked\n");
		return -EOPNOTSUPP;
	case VFIO_PCI_NUM_IRQS:
	case VFIO_PCI_MSI_IRQ_INDEX:
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return 0;
	default:
		pci_err(vdev->pdev, "vfio: live update: unknown kind of interrupt\n");
		return -EOPNOTSUPP;
	}
}

static int core_check(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	lockdep_assert_held(&vdev->memory_lock);
	if (vdev->pm_runtime_engaged || pdev->current_state != PCI_D0) {
		pci_err(pdev, "vfio: live update: in a low power state\n");
		return -EBUSY;
	}
	if (vdev->num_regions) {
		pci_err(pdev, "vfio: live update: has regions of its own kind\n");
		return -EOPNOTSUPP;
	}
	if (pdev->cfg_size > VFIO_PCI_LUO_CFG_SIZE || !vdev->pci_saved_state) {
		pci_err(pdev, "vfio: live update: its configuration cannot be carried\n");
		return -EOPNOTSUPP;
	}
	return irq_type_check(vdev);
}

/* What does not change from PRESERVE on. */
static int core_fill(struct vfio_pci_core_device *vdev,
		     struct vfio_pci_luo_ser *ser)
{
	int size;

	size = pci_luo_saved_state_write(vdev->pdev, vdev->pci_saved_state,
					 ser->state, sizeof(ser->state));
	if (size < 0) {
		pci_err(vdev->pdev, "vfio: live update: its saved state is too large\n");
		return size;
	}
	ser->state_size = size;
	ser->cfg_size = vdev->pdev->cfg_size;
	ser->map_crc = crc32(~0, vdev->pci_config_map, ser->cfg_size);
	memcpy(ser->rbar, vdev->rbar, sizeof(ser->rbar));
	return 0;
}

static int core_preserve(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int err;

	err = iommu_luo_preserve_device(&pdev->dev);
	if (err)
		return err;
	err = pci_luo_preserve(pdev, pdev->dev.driver->name);
	if (err)
		iommu_luo_unpreserve_device(&pdev->dev);
	return err;
}

static int vfio_pci_luo_preserve(struct vfio_device *device,
				 struct vfio_pci_luo_ser *ser)
{
	struct vfio_pci_core_device *vdev = to_core(device);
	int err;

	lockdep_assert_held(&device->dev_set->lock);
	guard(rwsem_write)(&vdev->memory_lock);
	err = core_check(vdev);
	if (!err)
		err = core_fill(vdev, ser);
	if (!err)
		err = core_preserve(vdev);
	if (!err)
		WRITE_ONCE(device->luo_preserved, true);
	return err;
}

static void vfio_pci_luo_unpreserve(struct vfio_device *device)
{
	struct vfio_pci_core_device *vdev = to_core(device);

	guard(rwsem_write)(&vdev->memory_lock);
	WRITE_ONCE(device->luo_preserved, false);
	pci_luo_unpreserve(vdev->pdev);
	iommu_luo_unpreserve_device(&vdev->pdev->dev);
}

static u32 core_flags(struct vfio_pci_core_device *vdev)
{
	return (vdev->reset_works ? VFIO_PCI_LUO_RESET_WORKS : 0) |
	       (vdev->nointx ? VFIO_PCI_LUO_NOINTX : 0) |
	       (vdev->pci_2_3 ? VFIO_PCI_LUO_PCI_2_3 : 0) |
	       (vdev->virq_disabled ? VFIO_PCI_LUO_VIRQ_DISABLED : 0);
}

static void set_frozen(struct vfio_pci_core_device *vdev)
{
	spin_lock_irq(&vdev->irqlock);
	WRITE_ONCE(vdev->vdev.luo_frozen, true);
	spin_unlock_irq(&vdev->irqlock);
}

static int core_freeze(struct vfio_pci_core_device *vdev,
		       struct vfio_pci_luo_ser *ser)
{
	/* Whoever did not see that it is frozen is gone. */
	guard(mutex)(&vdev->igate);
	guard(rwsem_write)(&vdev->memory_lock);
	memcpy(ser->vconfig, vdev->vconfig, ser->cfg_size);
	ser->flags = core_flags(vdev);
	return pci_luo_freeze(vdev->pdev);
}

static int vfio_pci_luo_freeze(struct vfio_device *device,
			       struct vfio_pci_luo_ser *ser)
{
	struct vfio_pci_core_device *vdev = to_core(device);
	int err;

	set_frozen(vdev);
	err = core_freeze(vdev, ser);
	if (err)
		vfio_pci_intx_thaw(vdev);
	return err;
}

static void vfio_pci_luo_unfreeze(struct vfio_device *device)
{
	struct vfio_pci_core_device *vdev = to_core(device);
	bool lost;

	scoped_guard(rwsem_write, &vdev->memory_lock)
		lost = pci_luo_unfreeze(vdev->pdev);
	vfio_pci_intx_thaw(vdev);
	if (lost)
		vfio_pci_msi_signal(vdev);
}

const struct vfio_luo_ops vfio_pci_core_luo_ops = {
	.preserve = vfio_pci_luo_preserve,
	.unpreserve = vfio_pci_luo_unpreserve,
	.freeze = vfio_pci_luo_freeze,
	.unfreeze = vfio_pci_luo_unfreeze,
};
EXPORT_SYMBOL_GPL(vfio_pci_core_luo_ops);

/**
 * vfio_pci_luo_restore_state() - the part of opening that would reset
 * @vdev: the function, enabled
 *
 * Context: May sleep.
 * Return: 0, -EBADMSG if the function is not what the record says, -ENOMEM
 */
int vfio_pci_luo_restore_state(struct vfio_pci_core_device *vdev)
{
	const struct vfio_pci_luo_ser *ser = vdev->vdev.luo_restore;
	struct pci_saved_state *state;

	state = pci_luo_saved_state_read(vdev->pdev, ser->state,
					 ser->state_size);
	if (IS_ERR(state)) {
		pci_err(vdev->pdev, "vfio: live update: its saved state does not fit: %pe\n",
			state);
		return PTR_ERR(state);
	}
	vdev->pci_saved_state = state;
	vdev->reset_works = ser->flags & VFIO_PCI_LUO_RESET_WORKS;
	vdev->nointx = ser->flags & VFIO_PCI_LUO_NOINTX;
	vdev->pci_2_3 = ser->flags & VFIO_PCI_LUO_PCI_2_3;
	return 0;
}

/**
 * vfio_pci_luo_restore_config() - let the user see what it saw before
 * @vdev: the function, after vfio_config_init()
 *
 * Context: Any.
 * Return: 0, -EBADMSG if the capabilities are not where they were
 */
int vfio_pci_luo_restore_config(struct vfio_pci_core_device *vdev)
{
	const struct vfio_pci_luo_ser *ser = vdev->vdev.luo_restore;

	if (ser->cfg_size != vdev->pdev->cfg_size ||
	    ser->map_crc != crc32(~0, vdev->pci_config_map, ser->cfg_size) ||
	    liveupdate_gate_off(LIVEUPDATE_BREAK_VFIO_MAP)) {
		pci_err(vdev->pdev, "vfio: live update: its capabilities are not where they were\n");
		return -EBADMSG;
	}
	memcpy(vdev->vconfig, ser->vconfig, ser->cfg_size);
	memcpy(vdev->rbar, ser->rbar, sizeof(vdev->rbar));
	vdev->virq_disabled = ser->flags & VFIO_PCI_LUO_VIRQ_DISABLED;
	vdev->bardirty = true;
	return 0;
}

/**
 * vfio_pci_luo_leave_enabled() - undo pci_enable_device(), but in software only
 * @vdev: a function that could not be opened, and goes on
 *
 * pci_disable_device() would turn bus mastering off.
 */
void vfio_pci_luo_leave_enabled(struct vfio_pci_core_device *vdev)
{
	atomic_dec(&vdev->pdev->enable_cnt);
}

/**
 * vfio_pci_luo_dev_set_busy() - would a reset of a set stop somebody's DMA?
 * @dev_set: functions that are reset together
 *
 * A function that came from the previous kernel counts as open, and one that
 * goes to the next cannot be reset even by its owner.
 *
 * Context: The set is locked.
 * Return: true if so
 */
bool vfio_pci_luo_dev_set_busy(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *cur;

	lockdep_assert_held(&dev_set->lock);
	if (liveupdate_gate_off(LIVEUPDATE_GATE_SIBLING))
		return false;
	list_for_each_entry(cur, &dev_set->device_list, vdev.dev_set_list)
		if (vfio_device_preserved(&cur->vdev) ||
		    pci_luo_incoming(cur->pdev))
			return true;
	return false;
}
