// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions that outlive the kernel, without the handlers of VFIO
 *
 * A file of /dev/luo_test_function stands for the function that its address was
 * written to, "0000:01:00.0", once; it can be preserved, whatever driver the
 * function has. If that is one of userspace, the domain that it is attached to
 * is preserved as well, and DMA goes on; whoever has the function open keeps it
 * so, as there is no reference to the domain.
 *
 * The driver here is bound by driver_override only. It makes the function busy
 * enough to be interesting: bus mastering and MSI-X are on.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/iommu_luo.h>
#include <linux/liveupdate.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/uaccess.h>

#define LUO_FN_NAME	"luo_test_function"
#define LUO_FN_VECTORS	32
#define LUO_FN_IOMMU	BIT_ULL(48)	/* beside the address: its domain, too */

static bool no_iommu;
module_param(no_iommu, bool, 0444);
MODULE_PARM_DESC(no_iommu, "Preserve functions only, not their domains");

/* Found by the file that stands for it as it was found by the bus. */
static struct pci_dev *luo_fn_get(u64 address)
{
	return pci_get_domain_bus_and_slot((u32)(address >> 16),
					   address >> 8 & 0xff, address & 0xff);
}

static u64 luo_fn_address(const struct pci_dev *pdev)
{
	return (u64)pci_domain_nr(pdev->bus) << 16 |
	       pdev->bus->number << 8 | pdev->devfn;
}

/* misc_open() leaves its device there, and ours begins without one. */
static int luo_fn_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static int luo_fn_release(struct inode *inode, struct file *file)
{
	pci_dev_put(file->private_data);
	return 0;
}

static ssize_t luo_fn_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	unsigned int segment, bus, slot, fn;
	char text[16] = {};

	if (file->private_data)
		return -EBUSY;
	if (len >= sizeof(text) || copy_from_user(text, buf, len) ||
	    sscanf(text, "%x:%x:%x.%x", &segment, &bus, &slot, &fn) != 4)
		return -EINVAL;
	file->private_data = luo_fn_get((u64)segment << 16 | bus << 8 |
					PCI_DEVFN(slot, fn));
	return file->private_data ? len : -ENODEV;
}

static const struct file_operations luo_fn_fops = {
	.owner = THIS_MODULE,
	.open = luo_fn_open,
	.write = luo_fn_write,
	.release = luo_fn_release,
};

static struct miscdevice luo_fn_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = LUO_FN_NAME,
	.fops = &luo_fn_fops,
};

static bool luo_fn_can_preserve(struct liveupdate_file_handler *handler,
				struct file *file)
{
	return file->f_op == &luo_fn_fops;
}

/* The domain that userspace attached it to, or NULL. */
static struct iommu_domain *luo_fn_domain(struct pci_dev *pdev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&pdev->dev);

	return domain && domain->type == IOMMU_DOMAIN_UNMANAGED && !no_iommu ?
	       domain : NULL;
}

static int luo_fn_preserve_iommu(struct pci_dev *pdev,
				 struct iommu_domain *domain)
{
	u64 leaf_bytes;
	int ret;

	ret = iommu_luo_preserve_domain(domain, &leaf_bytes);
	if (ret)
		return ret;
	pci_info(pdev, "luo_test: %llu bytes are mapped\n", leaf_bytes);
	ret = iommu_luo_preserve_device(&pdev->dev);
	if (ret)
		iommu_luo_unpreserve_domain(domain);
	return ret;
}

static int luo_fn_preserve(struct liveupdate_file_op_args *args)
{
	struct pci_dev *pdev = args->file->private_data;
	struct iommu_domain *domain;
	int ret;

	if (!pdev)
		return -ENODEV;
	ret = pci_luo_preserve(pdev, pdev->driver ? pdev->driver->name :
						    LUO_FN_NAME);
	if (ret)
		return ret;
	args->serialized_data = luo_fn_address(pdev);
	domain = luo_fn_domain(pdev);
	if (!domain)
		return 0;
	args->serialized_data |= LUO_FN_IOMMU;
	args->private_data = domain;
	ret = luo_fn_preserve_iommu(pdev, domain);
	if (ret)
		pci_luo_unpreserve(pdev);
	return ret;
}

static void luo_fn_unpreserve(struct liveupdate_file_op_args *args)
{
	struct pci_dev *pdev = args->file->private_data;

	if (args->private_data) {
		iommu_luo_unpreserve_device(&pdev->dev);
		iommu_luo_unpreserve_domain(args->private_data);
	}
	pci_luo_unpreserve(pdev);
}

static int luo_fn_freeze(struct liveupdate_file_op_args *args)
{
	return pci_luo_freeze(args->file->private_data);
}

static void luo_fn_unfreeze(struct liveupdate_file_op_args *args)
{
	pci_luo_unfreeze(args->file->private_data);
}

static int luo_fn_retrieve(struct liveupdate_file_op_args *args)
{
	struct pci_dev *pdev = luo_fn_get(args->serialized_data);
	struct file *file;

	if (!pdev || !pci_luo_record(pdev) || pci_luo_failed(pdev)) {
		pci_dev_put(pdev);
		return -ENODEV;
	}
	file = anon_inode_getfile(LUO_FN_NAME, &luo_fn_fops, pdev, O_RDWR);
	if (IS_ERR(file)) {
		pci_dev_put(pdev);
		return PTR_ERR(file);
	}
	args->file = file;
	return 0;
}

static void luo_fn_finish(struct liveupdate_file_op_args *args)
{
	struct pci_dev *pdev = luo_fn_get(args->serialized_data);

	/* Another function may be there, or one that is nobody's business. */
	if (!pdev || !pci_luo_record(pdev))
		goto out;
	if (args->serialized_data & LUO_FN_IOMMU)
		iommu_luo_release_device(&pdev->dev);
	else if (!args->file)
		pci_luo_quiesce(pdev, "nobody took it over");
	pci_luo_finish(pdev);
out:
	pci_dev_put(pdev);
}

static const struct liveupdate_file_ops luo_fn_ops = {
	.can_preserve = luo_fn_can_preserve,
	.preserve = luo_fn_preserve,
	.unpreserve = luo_fn_unpreserve,
	.freeze = luo_fn_freeze,
	.unfreeze = luo_fn_unfreeze,
	.retrieve = luo_fn_retrieve,
	.finish = luo_fn_finish,
	.retrieve_retryable = true,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler luo_fn_handler = {
	.ops = &luo_fn_ops,
	.compatible = "luo-test-function-v1",
};

static irqreturn_t luo_fn_irq(int irq, void *data)
{
	return IRQ_HANDLED;
}

/* Vector 0 is not masked, the others are. */
static int luo_fn_irqs(struct pci_dev *pdev)
{
	int ret = pci_alloc_irq_vectors(pdev, 1, LUO_FN_VECTORS, PCI_IRQ_MSIX);

	if (ret < 0)
		return ret;
	ret = pci_request_irq(pdev, 0, luo_fn_irq, NULL, pdev, LUO_FN_NAME);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static int luo_fn_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pci_enable_device(pdev);

	if (ret || pci_luo_incoming(pdev))
		return ret;
	pci_set_master(pdev);
	ret = luo_fn_irqs(pdev);
	if (ret)
		pci_disable_device(pdev);
	else
		pci_set_drvdata(pdev, pdev);
	return ret;
}

static void luo_fn_remove(struct pci_dev *pdev)
{
	if (pci_get_drvdata(pdev)) {
		pci_free_irq(pdev, 0, pdev);
		pci_free_irq_vectors(pdev);
	}
	pci_disable_device(pdev);
}

static const struct pci_device_id luo_fn_ids[] = {
	{ PCI_DEVICE_DRIVER_OVERRIDE(PCI_ANY_ID, PCI_ANY_ID,
				     PCI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{}
};

static struct pci_driver luo_fn_driver = {
	.name = LUO_FN_NAME,
	.id_table = luo_fn_ids,
	.probe = luo_fn_probe,
	.remove = luo_fn_remove,
	.driver_managed_dma = true,
};

static struct liveupdate_flb *const luo_fn_flbs[] = {
	&pci_luo_flb,
#ifdef CONFIG_LIVEUPDATE_IOMMU
	&iommu_luo_flb,
#endif
};

static void luo_fn_unregister(unsigned int flbs)
{
	while (flbs--)
		liveupdate_unregister_flb(&luo_fn_handler, luo_fn_flbs[flbs]);
	liveupdate_unregister_file_handler(&luo_fn_handler);
}

static int luo_fn_register(void)
{
	unsigned int i;
	int ret;

	ret = liveupdate_register_file_handler(&luo_fn_handler);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(luo_fn_flbs); i++) {
		ret = liveupdate_register_flb(&luo_fn_handler, luo_fn_flbs[i]);
		if (ret) {
			luo_fn_unregister(i);
			return ret;
		}
	}
	return 0;
}

static int __init luo_fn_init(void)
{
	int ret = misc_register(&luo_fn_device);

	if (ret)
		return ret;
	ret = pci_register_driver(&luo_fn_driver);
	if (ret)
		goto deregister_device;
	ret = luo_fn_register();
	if (ret)
		goto unregister_driver;
	return 0;

unregister_driver:
	pci_unregister_driver(&luo_fn_driver);
deregister_device:
	misc_deregister(&luo_fn_device);
	return ret;
}

static void __exit luo_fn_exit(void)
{
	luo_fn_unregister(ARRAY_SIZE(luo_fn_flbs));
	pci_unregister_driver(&luo_fn_driver);
	misc_deregister(&luo_fn_device);
}

module_init(luo_fn_init);
module_exit(luo_fn_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test driver of PCI functions that outlive the kernel");
