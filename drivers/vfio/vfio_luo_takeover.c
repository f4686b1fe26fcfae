// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of VFIO devices: the takeover in the new kernel
 *
 * The device runs. Nobody opens it but through its session, and the file from
 * there can only be bound to the iommufd of the same session. Until then it is
 * as restricted as any file that is not bound.
 *
 * A holder that dies changes nothing: the session keeps both files, in the state
 * in which they are, for whoever comes next.
 */
#define pr_fmt(fmt) "vfio: live update: " fmt

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
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
 * vfio_luo_reserved() - does a device wait for the owner of its session?
 * @device: the device
 *
 * Context: Any.
 * Return: true if so: it is not to be opened.
 */
bool vfio_luo_reserved(struct vfio_device *device)
{
	return dev_is_pci(device->dev) &&
	       pci_luo_incoming_fn(to_pci_dev(device->dev));
}

/* Return: the record of the previous kernel, checked, or an ERR_PTR */
static struct vfio_pci_luo_ser *record_get(u64 pa)
{
	struct vfio_pci_luo_ser *ser;

	if (!IS_ALIGNED(pa, PAGE_SIZE) ||
	    !kho_is_incoming(PHYS_PFN(pa), PFN_UP(sizeof(*ser))))
		return ERR_PTR(-EBADMSG);
	ser = phys_to_virt(pa);
	if (ser->magic != VFIO_PCI_LUO_MAGIC)
		return ERR_PTR(-EBADMSG);
	if (ser->version != VFIO_PCI_LUO_VERSION)
		return ERR_PTR(-EPROTONOSUPPORT);
	if (ser->crc != vfio_luo_record_crc(ser) ||
	    ser->flags & ~VFIO_PCI_LUO_FLAGS || ser->reserved0 ||
	    memchr_inv(ser->reserved, 0, sizeof(ser->reserved)) ||
	    ser->cfg_size > VFIO_PCI_LUO_CFG_SIZE ||
	    ser->state_size > VFIO_PCI_LUO_STATE_SIZE)
		return ERR_PTR(-EBADMSG);
	return ser;
}

/* Return: the function, with a reference, or NULL */
static struct pci_dev *record_pdev(const struct vfio_pci_luo_ser *ser)
{
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(ser->segment, ser->bus, ser->devfn);
	if (pdev && !pci_luo_incoming_fn(pdev)) {
		pci_dev_put(pdev);
		pdev = NULL;
	}
	return pdev;
}

static int match_vfio_device(struct device *dev, const void *unused)
{
	return dev->class && !strcmp(dev->class->name, "vfio-dev");
}

/* Return: the registered device of a function, or NULL: no driver has it yet */
static struct vfio_device *device_get(struct pci_dev *pdev)
{
	struct vfio_device *device;
	struct device *dev;

	dev = device_find_child(&pdev->dev, NULL, match_vfio_device);
	if (!dev)
		return NULL;
	device = container_of(dev, struct vfio_device, device);
	if (!device->ops->luo || !vfio_device_try_get_registration(device))
		device = NULL;
	put_device(dev);
	return device;
}

/* Return: a file as vfio_device_fops_cdev_open() makes it, or an ERR_PTR */
static struct file *device_open_file(struct vfio_device *device,
				     struct vfio_luo_in *in)
{
	struct vfio_device_file *df = vfio_allocate_device_file(device);
	struct file *file;

	if (IS_ERR(df))
		return ERR_CAST(df);
	df->luo = in;
	file = anon_inode_getfile_fmode("[vfio-device]", &vfio_device_fops, df,
					O_RDWR, FMODE_PREAD | FMODE_PWRITE);
	if (IS_ERR(file))
		kfree(df);
	else
		file->f_mapping = device->inode->i_mapping;
	return file;
}

static int device_retrieve(struct liveupdate_file_op_args *args,
			   struct vfio_device *device,
			   const struct vfio_pci_luo_ser *ser)
{
	struct vfio_luo_in *in __free(kfree) = NULL;
	struct file *file;
	int err;

	in = kzalloc(sizeof(*in), GFP_KERNEL_ACCOUNT);
	if (!in)
		return -ENOMEM;
	in->ser = ser;
	err = liveupdate_get_file_incoming(args->session, ser->iommufd_token,
					   &in->iommufd);
	if (err) {
		dev_err(device->dev, "vfio: live update: its iommufd cannot be retrieved: %pe\n",
			ERR_PTR(err));
		return err;
	}
	file = device_open_file(device, in);
	if (IS_ERR(file)) {
		fput(in->iommufd);
		return PTR_ERR(file);
	}
	retain_and_null_ptr(in);
	args->file = file;
	return 0;
}

/**
 * vfio_luo_retrieve() - make the file of a device that went on
 * @args: of the orchestrator
 *
 * Context: May sleep.
 * Return: 0, or
 * * -ENODEV: the function is not there, or no driver has it yet: try again
 * * -EIO: it was stopped, because it does not fit what was recorded
 * * -EBADMSG, -EPROTONOSUPPORT: the record is damaged, or of another version
 * * what retrieving its iommufd returns
 */
int vfio_luo_retrieve(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_luo_ser *ser = record_get(args->serialized_data);
	struct vfio_device *device;
	struct pci_dev *pdev;
	int err = -ENODEV;

	if (IS_ERR(ser))
		return PTR_ERR(ser);
	pdev = record_pdev(ser);
	if (!pdev) {
		pr_err("%04x:%02x:%02x.%x is not there\n", ser->segment,
		       ser->bus, PCI_SLOT(ser->devfn), PCI_FUNC(ser->devfn));
		return err;
	}
	if (pci_luo_failed(pdev)) {
		pci_err(pdev, "vfio: live update: it was stopped\n");
		err = -EIO;
		goto put_pdev;
	}
	device = device_get(pdev);
	if (!device) {
		pci_info(pdev, "vfio: live update: vfio-pci is not bound to it yet\n");
		goto put_pdev;
	}
	/* The file owns the registration from now on. */
	err = device_retrieve(args, device, ser);
	if (err)
		vfio_device_put_registration(device);
put_pdev:
	pci_dev_put(pdev);
	return err;
}

/**
 * vfio_luo_df_open() - vfio_df_open() for a file that is being bound
 * @df: the file, with @df->iommufd set
 * @arg: of the ioctl
 *
 * If a device that went on cannot be opened then it goes on as if nobody had
 * tried. So that reply is tried first that could not be taken back.
 *
 * Context: May sleep; the device set is locked.
 * Return: 0, -EPERM if it is not the iommufd of the same session, or a negative
 * errno.
 */
int vfio_luo_df_open(struct vfio_device_file *df,
		     struct vfio_device_bind_iommufd __user *arg)
{
	struct vfio_device *device = df->device;
	int ret;

	lockdep_assert_held(&device->dev_set->lock);
	if (!df->luo)
		return vfio_df_open(df);
	if (iommufd_ctx_file(df->iommufd) != df->luo->iommufd) {
		dev_err(device->dev, "vfio: live update: not the iommufd of its session\n");
		return -EPERM;
	}
	if (pci_luo_failed(to_pci_dev(device->dev)))
		return -EIO;
	if (put_user(0, &arg->out_devid))
		return -EFAULT;
	device->luo_restore = df->luo->ser;
	ret = vfio_df_open(df);
	device->luo_restore = NULL;
	return ret;
}

static void luo_in_free(struct vfio_device_file *df)
{
	struct vfio_luo_in *in = df->luo;

	if (!in)
		return;
	df->luo = NULL;
	fput(in->iommufd);
	kfree(in);
}

/**
 * vfio_luo_df_release() - a file goes
 * @df: its data
 */
void vfio_luo_df_release(struct vfio_device_file *df)
{
	luo_in_free(df);
}

/**
 * vfio_luo_can_finish() - is the device taken over, or does nobody want it?
 * @args: of the orchestrator
 *
 * Context: May sleep.
 * Return: false while it was retrieved, and is still in the IOMMU domain of the
 * previous kernel.
 */
bool vfio_luo_can_finish(struct liveupdate_file_op_args *args)
{
	struct vfio_device_file *df;

	if (!args->file || args->discard)
		return true;
	df = args->file->private_data;
	return !iommu_luo_on_restored_domain(df->device->dev);
}

/* Ends what is special about a retrieved file. Return: whether it is bound */
static bool df_finish(struct vfio_device_file *df)
{
	guard(mutex)(&df->device->dev_set->lock);
	luo_in_free(df);
	return df->access_granted;
}

/**
 * vfio_luo_finish() - end of a takeover
 * @args: of the orchestrator
 *
 * A device that is bound has an owner, even if that is nobody but the file that
 * the orchestrator is about to close: which stops it. Any other is stopped here.
 *
 * Context: May sleep.
 */
void vfio_luo_finish(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_luo_ser *ser = record_get(args->serialized_data);
	struct pci_dev *pdev;
	bool bound = false;

	if (args->file)
		bound = df_finish(args->file->private_data);
	if (IS_ERR(ser)) {
		pr_err("record at %#llx is unusable: %pe\n",
		       args->serialized_data, ser);
		return;
	}
	pdev = record_pdev(ser);
	if (pdev && !bound) {
		pci_luo_quiesce(pdev, "nobody took it over");
		iommu_luo_release_device(&pdev->dev);
		pci_try_reset_function(pdev);
	}
	if (pdev)
		pci_luo_finish(pdev);
	pci_dev_put(pdev);
	kho_restore_free(ser);
}
