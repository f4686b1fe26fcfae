// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of VFIO devices: the handler, and the old kernel
 *
 * Preserved is the file of a device of vfio-pci that was opened as a character
 * device and is bound to an iommufd of the same session. The PCI and the IOMMU
 * layer let the function go on with its DMA; the driver of the device carries
 * what the user sees of it.
 *
 *	old kernel	preserve	nothing resets, detaches or suspends it
 *			freeze		interrupts masked, no ioctl, no write
 *	new kernel	retrieve	a file that can be bound to that iommufd
 *			(bind)		open, without a reset
 *			finish		flags dropped; if nobody took it over then
 *					it is stopped first
 */
#define pr_fmt(fmt) "vfio: live update: " fmt

#include <linux/crc32.h>
#include <linux/io.h>
#include <linux/iommu_luo.h>
#include <linux/iommufd.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "vfio.h"
#include "vfio_luo.h"

/**
 * struct vfio_luo_out - a preserved device file
 * @device: the device; the orchestrator holds the file
 * @ser: its record
 */
struct vfio_luo_out {
	struct vfio_device *device;
	struct vfio_pci_luo_ser *ser;
};

/**
 * vfio_luo_record_crc() - checksum of a record
 * @ser: the record
 *
 * Return: what @ser->crc has to be
 */
u32 vfio_luo_record_crc(const struct vfio_pci_luo_ser *ser)
{
	return crc32(~0, &ser->segment,
		     sizeof(*ser) - offsetof(struct vfio_pci_luo_ser, segment));
}

static bool vfio_luo_can_preserve(struct liveupdate_file_handler *handler,
				  struct file *file)
{
	return file->f_op == &vfio_device_fops;
}

static int df_check(struct vfio_device_file *df)
{
	struct vfio_device *device = df->device;

	lockdep_assert_held(&device->dev_set->lock);
	if (df->group) {
		dev_err(device->dev, "vfio: live update: opened through its group\n");
		return -EOPNOTSUPP;
	}
	if (!df->access_granted) {
		dev_err(device->dev, "vfio: live update: not bound to an iommufd\n");
		return -EINVAL;
	}
	if (!device->ops->luo) {
		dev_err(device->dev, "vfio: live update: the driver %s cannot do it\n",
			device->ops->name);
		return -EOPNOTSUPP;
	}
	if (!device->iommufd_attached) {
		dev_err(device->dev, "vfio: live update: not attached\n");
		return -EINVAL;
	}
	if (!ida_is_empty(&device->pasids)) {
		dev_err(device->dev, "vfio: live update: a PASID is attached\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Makes the record, and lets the driver of the device fill it. */
static int device_preserve(struct vfio_device_file *df,
			   struct vfio_pci_luo_ser *ser)
{
	struct pci_dev *pdev = to_pci_dev(df->device->dev);

	ser->magic = VFIO_PCI_LUO_MAGIC;
	ser->version = VFIO_PCI_LUO_VERSION;
	ser->segment = pci_domain_nr(pdev->bus);
	ser->bus = pdev->bus->number;
	ser->devfn = pdev->devfn;
	return df->device->ops->luo->preserve(df->device, ser);
}

/* Whoever attaches another device of the set holds it while memory is pinned. */
static int dev_set_lock(struct vfio_device_set *dev_set)
{
	int err = 0;

	while (!err && !mutex_trylock(&dev_set->lock))
		err = liveupdate_wait();
	return err;
}

static int df_preserve(struct vfio_device_file *df, struct vfio_luo_out *out,
		       struct liveupdate_session *session)
{
	struct vfio_device *device = df->device;
	int err;

	lockdep_assert_held(&device->dev_set->lock);
	err = df_check(df);
	if (err)
		return err;
	if (liveupdate_depend_outgoing(session, iommufd_ctx_file(df->iommufd),
				       &out->ser->iommufd_token)) {
		dev_err(device->dev, "vfio: live update: its iommufd is not preserved in this session\n");
		return -EXDEV;
	}
	err = device_preserve(df, out->ser);
	if (err)
		liveupdate_undepend_outgoing(session, out->ser->iommufd_token);
	return err;
}

static int vfio_luo_preserve(struct liveupdate_file_op_args *args)
{
	struct vfio_device_file *df = args->file->private_data;
	struct vfio_luo_out *out __free(kfree) = NULL;
	int err;

	out = kzalloc(sizeof(*out), GFP_KERNEL_ACCOUNT);
	if (!out)
		return -ENOMEM;
	out->device = df->device;
	out->ser = kho_alloc_preserve(sizeof(*out->ser));
	if (IS_ERR(out->ser))
		return PTR_ERR(out->ser);
	err = dev_set_lock(df->device->dev_set);
	if (!err) {
		err = df_preserve(df, out, args->session);
		mutex_unlock(&df->device->dev_set->lock);
	}
	if (err) {
		kho_unpreserve_free(out->ser);
		return err;
	}
	args->serialized_data = virt_to_phys(out->ser);
	args->private_data = no_free_ptr(out);
	return 0;
}

static void vfio_luo_unpreserve(struct liveupdate_file_op_args *args)
{
	struct vfio_luo_out *out = args->private_data;

	out->device->ops->luo->unpreserve(out->device);
	liveupdate_undepend_outgoing(args->session, out->ser->iommufd_token);
	kho_unpreserve_free(out->ser);
	kfree(out);
	args->private_data = NULL;
}

static int vfio_luo_freeze(struct liveupdate_file_op_args *args)
{
	struct vfio_luo_out *out = args->private_data;
	int err;

	err = out->device->ops->luo->freeze(out->device, out->ser);
	if (!err)
		out->ser->crc = vfio_luo_record_crc(out->ser);
	return err;
}

static void vfio_luo_unfreeze(struct liveupdate_file_op_args *args)
{
	struct vfio_luo_out *out = args->private_data;

	out->device->ops->luo->unfreeze(out->device);
}

static const struct liveupdate_file_ops vfio_luo_ops = {
	.can_preserve = vfio_luo_can_preserve,
	.preserve = vfio_luo_preserve,
	.unpreserve = vfio_luo_unpreserve,
	.freeze = vfio_luo_freeze,
	.unfreeze = vfio_luo_unfreeze,
	.retrieve = vfio_luo_retrieve,
	.can_finish = vfio_luo_can_finish,
	.finish = vfio_luo_finish,
	.retrieve_retryable = true,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler vfio_luo_handler = {
	.ops = &vfio_luo_ops,
	.compatible = VFIO_PCI_LUO_COMPATIBLE,
};

LIVEUPDATE_READS_FILES("vfio-pci", VFIO_PCI_LUO_VERSION, VFIO_PCI_LUO_VERSION);

/**
 * vfio_luo_init() - register the handler
 *
 * Return: 0, also if live update is off, or a negative errno
 */
int vfio_luo_init(void)
{
	int err = liveupdate_register_file_handler(&vfio_luo_handler);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	err = liveupdate_register_flb(&vfio_luo_handler, &iommu_luo_flb);
	if (err)
		goto unregister_handler;
	err = liveupdate_register_flb(&vfio_luo_handler, &pci_luo_flb);
	if (err)
		goto unregister_iommu;
	return 0;

unregister_iommu:
	liveupdate_unregister_flb(&vfio_luo_handler, &iommu_luo_flb);
unregister_handler:
	liveupdate_unregister_file_handler(&vfio_luo_handler);
	return err;
}

/**
 * vfio_luo_exit() - take vfio_luo_init() back
 */
void vfio_luo_exit(void)
{
	if (!liveupdate_enabled())
		return;
	liveupdate_unregister_flb(&vfio_luo_handler, &pci_luo_flb);
	liveupdate_unregister_flb(&vfio_luo_handler, &iommu_luo_flb);
	liveupdate_unregister_file_handler(&vfio_luo_handler);
}
