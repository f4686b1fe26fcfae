// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of iommufd: the handler
 *
 * What is carried are the IOMMU domains that devices are attached to. They go
 * on translating while the kernel is replaced, and until the owner has rebuilt
 * the context in the next kernel: the objects themselves are not carried.
 *
 *	old kernel	preserve	freeze, verify, preserve the domains
 *			unpreserve	back, in reverse
 *	new kernel	retrieve	an empty context that may claim devices
 *			finish		devices that nobody claimed are stopped
 *
 * All is done at PRESERVE: a frozen context does not change, so that reboot(2)
 * has nothing to do.
 */
#define pr_fmt(fmt) "iommufd: live update: " fmt

#include <linux/crc32.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho/abi/iommufd.h>
#include <linux/liveupdate.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "iommufd_luo.h"

static u32 record_crc(const struct iommufd_luo_ser *ser)
{
	return crc32(~0, &ser->nr_domains,
		     sizeof(*ser) - offsetof(struct iommufd_luo_ser, nr_domains));
}

static bool iommufd_luo_can_preserve(struct liveupdate_file_handler *handler,
				     struct file *file)
{
	return file->f_op == &iommufd_fops;
}

/* Return: 0, or a negative errno, and the domain is as it was */
static int domain_preserve(struct iommufd_luo_out *out,
			   struct iommufd_hwpt_paging *hwpt)
{
	struct iommu_domain *domain = hwpt->common.domain;
	u64 bytes, leaf_bytes;
	int err;

	if (out->ser->nr_domains == IOMMUFD_LUO_MAX_DOMAINS) {
		pr_err("more than %u HWPTs\n", IOMMUFD_LUO_MAX_DOMAINS);
		return -E2BIG;
	}
	err = iommufd_luo_verify(out, hwpt, &bytes);
	if (err)
		return err;
	err = iommu_luo_preserve_domain(domain, &leaf_bytes);
	if (err)
		return err;
	if (leaf_bytes != bytes) {
		pr_err("HWPT %u: its tables map %llu bytes, and not %llu\n",
		       hwpt->common.obj.id, leaf_bytes, bytes);
		iommu_luo_unpreserve_domain(domain);
		return -EFAULT;
	}
	out->ser->domains[out->ser->nr_domains++] = iommu_luo_domain_id(domain);
	return 0;
}

/* The domains are preserved in the order of the HWPTs. */
static void domains_unpreserve(struct iommufd_luo_out *out)
{
	struct iommufd_hw_pagetable *hwpt;
	unsigned int nr = 0;
	unsigned long id;

	iommufd_luo_undepend(out);
	xa_for_each(&out->hwpts, id, hwpt)
		if (nr++ < out->ser->nr_domains)
			iommu_luo_unpreserve_domain(hwpt->domain);
}

static int domains_preserve(struct iommufd_luo_out *out)
{
	struct iommufd_hw_pagetable *hwpt;
	unsigned long id;
	int err;

	xa_for_each(&out->hwpts, id, hwpt) {
		struct iommufd_hwpt_paging *paging = to_hwpt_paging(hwpt);

		err = domain_preserve(out, paging);
		if (!err)
			err = iommufd_luo_depend(out, paging);
		if (err) {
			domains_unpreserve(out);
			return err;
		}
	}
	return 0;
}

static struct iommufd_luo_out *out_alloc(struct liveupdate_file_op_args *args)
{
	struct iommufd_luo_out *out;

	out = kzalloc(sizeof(*out), GFP_KERNEL_ACCOUNT);
	if (!out)
		return ERR_PTR(-ENOMEM);
	out->ser = kho_alloc_preserve(sizeof(*out->ser));
	if (IS_ERR(out->ser)) {
		long err = PTR_ERR(out->ser);

		kfree(out);
		return ERR_PTR(err);
	}
	out->ictx = args->file->private_data;
	out->session = args->session;
	xa_init(&out->hwpts);
	INIT_LIST_HEAD(&out->deps);
	out->ser->magic = IOMMUFD_LUO_MAGIC;
	out->ser->version = IOMMUFD_LUO_VERSION;
	return out;
}

static void out_free(struct iommufd_luo_out *out)
{
	kho_unpreserve_free(out->ser);
	kfree(out);
}

static int iommufd_luo_preserve(struct liveupdate_file_op_args *args)
{
	struct iommufd_luo_out *out = out_alloc(args);
	int err;

	if (IS_ERR(out))
		return PTR_ERR(out);
	err = iommufd_luo_freeze(out);
	if (!err)
		err = domains_preserve(out);
	if (err) {
		iommufd_luo_thaw(out);
		out_free(out);
		return err;
	}
	out->ser->crc = record_crc(out->ser);
	args->serialized_data = virt_to_phys(out->ser);
	args->private_data = out;
	return 0;
}

static void iommufd_luo_unpreserve(struct liveupdate_file_op_args *args)
{
	struct iommufd_luo_out *out = args->private_data;

	domains_unpreserve(out);
	iommufd_luo_thaw(out);
	out_free(out);
	args->private_data = NULL;
}

/* Return: the record of the previous kernel, checked, or an ERR_PTR */
static struct iommufd_luo_ser *record_get(u64 pa)
{
	struct iommufd_luo_ser *ser;
	unsigned int i;

	if (!IS_ALIGNED(pa, PAGE_SIZE) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return ERR_PTR(-EBADMSG);
	ser = phys_to_virt(pa);
	if (ser->magic != IOMMUFD_LUO_MAGIC)
		return ERR_PTR(-EBADMSG);
	if (ser->version != IOMMUFD_LUO_VERSION)
		return ERR_PTR(-EPROTONOSUPPORT);
	if (ser->crc != record_crc(ser) || !ser->nr_domains ||
	    ser->nr_domains > IOMMUFD_LUO_MAX_DOMAINS)
		return ERR_PTR(-EBADMSG);
	for (i = 0; i < ARRAY_SIZE(ser->reserved); i++)
		if (ser->reserved[i])
			return ERR_PTR(-EBADMSG);
	return ser;
}

static int iommufd_luo_retrieve(struct liveupdate_file_op_args *args)
{
	struct iommufd_luo_ser *ser = record_get(args->serialized_data);
	struct file *file;

	if (IS_ERR(ser))
		return PTR_ERR(ser);
	file = iommufd_luo_retrieve_file(ser);
	if (IS_ERR(file))
		return PTR_ERR(file);
	args->file = file;
	return 0;
}

/*
 * The handler of the devices comes before us, and has stopped those that nobody
 * took over. If it is not there, then we do.
 */
static void devices_stop(const struct iommufd_luo_ser *ser)
{
	struct pci_dev *pdev = NULL;
	unsigned int i;

	for_each_pci_dev(pdev) {
		int id = iommu_luo_device_domain_id(&pdev->dev);

		for (i = 0; id >= 0 && i < ser->nr_domains; i++)
			if (ser->domains[i] == id)
				iommu_luo_release_device(&pdev->dev);
	}
}

static void iommufd_luo_finish(struct liveupdate_file_op_args *args)
{
	struct iommufd_luo_ser *ser = record_get(args->serialized_data);

	if (args->file)
		iommufd_luo_takeover_end(args->file);
	if (IS_ERR(ser)) {
		pr_err("record at %#llx is unusable: %pe\n",
		       args->serialized_data, ser);
		return;
	}
	devices_stop(ser);
	kho_restore_free(ser);
}

static const struct liveupdate_file_ops iommufd_luo_ops = {
	.can_preserve = iommufd_luo_can_preserve,
	.preserve = iommufd_luo_preserve,
	.unpreserve = iommufd_luo_unpreserve,
	.retrieve = iommufd_luo_retrieve,
	.finish = iommufd_luo_finish,
	.retrieve_retryable = true,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler iommufd_luo_handler = {
	.ops = &iommufd_luo_ops,
	.compatible = IOMMUFD_LUO_COMPATIBLE,
};

LIVEUPDATE_READS_FILES("iommufd", IOMMUFD_LUO_VERSION, IOMMUFD_LUO_VERSION);

/**
 * iommufd_luo_init() - register the handler
 *
 * Return: 0, also if live update is off, or a negative errno
 */
int iommufd_luo_init(void)
{
	int err = liveupdate_register_file_handler(&iommufd_luo_handler);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	err = liveupdate_register_flb(&iommufd_luo_handler, &iommu_luo_flb);
	if (err)
		liveupdate_unregister_file_handler(&iommufd_luo_handler);
	return err;
}

/**
 * iommufd_luo_exit() - take iommufd_luo_init() back
 */
void iommufd_luo_exit(void)
{
	if (!liveupdate_enabled())
		return;
	liveupdate_unregister_flb(&iommufd_luo_handler, &iommu_luo_flb);
	liveupdate_unregister_file_handler(&iommufd_luo_handler);
}
