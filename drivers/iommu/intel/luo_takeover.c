// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: the hardware, in the kernel that comes
 *
 * A unit that is found translating is never turned off while a device may be at
 * work behind it. It gets a new root table that holds what is recorded, and
 * nothing else; what the previous kernel left is compared with the record, and
 * freed. Interrupts stay remapped throughout, by an empty table.
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/dmar.h>
#include <linux/err.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/pfn.h>

#include "iommu.h"
#include "luo.h"
#include "../iommu-pages.h"

static const struct vtd_luo_hw_ser *hw_priv(const struct iommu_luo_hw_ser *ser)
{
	return (const struct vtd_luo_hw_ser *)ser->priv;
}

static const struct iommu_luo_hw_ser *unit_record(struct intel_iommu *iommu)
{
	const struct iommu_luo_hw_ser *hw = iommu_luo_hw(iommu->reg_phys);

	return hw && hw->driver == IOMMU_LUO_DRIVER_VTD ? hw : NULL;
}

/**
 * intel_luo_keeps_ir() - do interrupts stay remapped, although not in kdump?
 * @iommu: the unit, with interrupt remapping found on
 *
 * A device that is at work could send any interrupt to this kernel otherwise,
 * with an ordinary DMA write.
 *
 * Context: any time after mm_core_init().
 * Return: true if so: the caller has an empty table to switch over to
 */
bool intel_luo_keeps_ir(struct intel_iommu *iommu)
{
	if (!iommu_luo_kho_boot() || liveupdate_gate_off(LIVEUPDATE_GATE_IR))
		return false;
	return unit_record(iommu) ||
	       (readl(iommu->reg + DMAR_GSTS_REG) & DMA_GSTS_TES);
}

/* F15: nothing behind the unit goes on. */
static void fail_unit(struct intel_iommu *iommu, const char *why)
{
	const struct iommu_luo_hw_ser *hw = unit_record(iommu);
	const struct iommu_luo_dev_ser *dev;
	unsigned int pos = 0;

	while (hw && (dev = iommu_luo_next_dev(hw, &pos)))
		iommu_luo_fail_dev(dev, why);
}

/**
 * intel_luo_found() - look at a unit that may be translating
 * @iommu: the unit
 *
 * If it is, and goes on, then VTD_FLAG_TRANS_PRE_ENABLED gives way to
 * VTD_FLAG_LUO_IN: the former makes each device one whose domain is attached
 * late.
 *
 * Context: boot, after the scan of the PCI bus.
 */
void intel_luo_found(struct intel_iommu *iommu)
{
	u64 rtaddr;

	if (!(iommu->flags & VTD_FLAG_TRANS_PRE_ENABLED) ||
	    !iommu_luo_kho_boot() || liveupdate_gate_off(LIVEUPDATE_GATE_TRANSLATION))
		return;

	rtaddr = dmar_readq(iommu->reg + DMAR_RTADDR_REG);
	if (!!(rtaddr & DMA_RTADDR_SMT) != !!sm_supported(iommu)) {
		/* can only be changed with translation off */
		pr_err("%s: was %sin scalable mode\n", iommu->name,
		       rtaddr & DMA_RTADDR_SMT ? "" : "not ");
		return;
	}

	iommu_luo_fail_unrecorded();
	iommu->flags &= ~VTD_FLAG_TRANS_PRE_ENABLED;
	iommu->flags |= VTD_FLAG_LUO_IN;
	if (!unit_record(iommu))
		pr_warn("%s: translation was on, and nothing is recorded of it: it stays on, for no device (F16)\n",
			iommu->name);
}

/* A page of the previous kernel that is there to be read, or NULL. */
static void *incoming_page(u64 pa)
{
	if (!pa || !PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	return phys_to_virt(pa);
}

/* The root table that the hardware uses, if it is the one that is recorded. */
static struct root_entry *old_root(struct intel_iommu *iommu,
				   const struct iommu_luo_hw_ser *hw)
{
	u64 rtaddr = dmar_readq(iommu->reg + DMAR_RTADDR_REG);

	if (rtaddr != hw_priv(hw)->rtaddr)
		return NULL;
	return incoming_page(rtaddr & VTD_PAGE_MASK);
}

static const struct vtd_luo_dev_ser *
dev_priv(const struct iommu_luo_dev_ser *dev)
{
	return (const struct vtd_luo_dev_ser *)dev->priv;
}

/* The entry of a device in it, if its context table is the recorded one. */
static struct context_entry *old_context(struct intel_iommu *iommu,
					 const struct root_entry *root,
					 const struct iommu_luo_dev_ser *dev)
{
	bool upper = sm_supported(iommu) && dev->devfn >= 0x80;
	u64 entry = upper ? root[dev->bus].hi : root[dev->bus].lo;
	struct context_entry *table;

	table = incoming_page(dev_priv(dev)->context_table_pa);
	if (!table || entry != (dev_priv(dev)->context_table_pa | 1))
		return NULL;
	return sm_supported(iommu) ? &table[(dev->devfn & 0x7f) * 2] :
				     &table[dev->devfn];
}

/* Legacy mode: does the entry lead to the domain that is recorded? */
static const char *context_leads(const struct iommu_luo_dev_ser *dev,
				 struct context_entry *entry)
{
	const struct iommu_luo_domain_ser *domain = iommu_luo_dev_domain(dev);
	const struct vtd_luo_domain_ser *priv = (const void *)domain->priv;
	u64 type = (entry->lo >> 2) & 3;

	if (type != CONTEXT_TT_MULTI_LEVEL && type != CONTEXT_TT_DEV_IOTLB)
		return "its context entry does not translate";
	if ((entry->lo & VTD_PAGE_MASK) != domain->root_pa ||
	    (entry->hi & 7) != priv->agaw ||
	    context_domain_id(entry) != dev->hw_domain_id)
		return "its context entry is of another domain";
	return NULL;
}

/* Does the entry of the device say what the records say? */
static const char *context_check(struct intel_iommu *iommu,
				 const struct iommu_luo_dev_ser *dev,
				 struct context_entry *entry)
{
	const struct vtd_luo_dev_ser *priv = dev_priv(dev);

	if (entry->lo != priv->context[0] || entry->hi != priv->context[1])
		return "its context entry is not what was recorded";
	if (!context_present(entry))
		return "its context entry is not present";
	if (dev->hw_domain_id < IDA_START_DID ||
	    dev->hw_domain_id >= cap_ndoms(iommu->cap))
		return "its domain number is not valid";
	return sm_supported(iommu) ? intel_luo_pasid_check(dev, entry) :
				     context_leads(dev, entry);
}

/* Has another device of the unit the same number, for the same domain? */
static bool did_is_shared(const struct iommu_luo_hw_ser *hw,
			  const struct iommu_luo_dev_ser *dev)
{
	const struct iommu_luo_dev_ser *other;
	unsigned int pos = 0;

	while ((other = iommu_luo_next_dev(hw, &pos)) && other != dev)
		if (other->domain == dev->domain &&
		    other->hw_domain_id == dev->hw_domain_id)
			return true;
	return false;
}

static const char *did_reserve(struct intel_iommu *iommu,
			       const struct iommu_luo_hw_ser *hw,
			       const struct iommu_luo_dev_ser *dev)
{
	int did = dev->hw_domain_id;

	if (did_is_shared(hw, dev) ||
	    ida_alloc_range(&iommu->domain_ida, did, did, GFP_KERNEL) == did)
		return NULL;
	return "its domain number is another domain's";
}

static const char *context_copy(struct intel_iommu *iommu,
				const struct iommu_luo_dev_ser *dev,
				const struct context_entry *entry)
{
	struct context_entry *context;

	guard(spinlock)(&iommu->lock);
	context = iommu_context_addr(iommu, dev->bus, dev->devfn, 1);
	if (!context)
		return "out of memory";
	*context = *entry;
	__iommu_flush_cache(iommu, context, sizeof(*context));
	set_context_copied(iommu, dev->bus, dev->devfn);
	return NULL;
}

static const char *take_device(struct intel_iommu *iommu,
			       const struct iommu_luo_hw_ser *hw,
			       const struct root_entry *root,
			       const struct iommu_luo_dev_ser *dev)
{
	struct context_entry *old, entry;
	const char *why;

	if (dev->segment != iommu->segment)
		return "its PCI segment is another IOMMU's";
	old = old_context(iommu, root, dev);
	if (!old)
		return "its context table was not preserved";

	entry = *old;
	why = context_check(iommu, dev, &entry);
	if (!why)
		why = did_reserve(iommu, hw, dev);
	return why ?: context_copy(iommu, dev, &entry);
}

/**
 * intel_luo_take_over() - put what is recorded into the new root table
 * @iommu: the unit, with a new root table that the hardware does not use yet
 *
 * Devices for which that fails are stopped. Nothing to do unless
 * intel_luo_found() found something.
 *
 * Context: boot, after the scan of the PCI bus.
 * Return: 0 or -ENOMEM
 */
int intel_luo_take_over(struct intel_iommu *iommu)
{
	const struct iommu_luo_hw_ser *hw = unit_record(iommu);
	const struct iommu_luo_dev_ser *dev;
	const struct root_entry *root;
	unsigned int pos = 0;

	if (!(iommu->flags & VTD_FLAG_LUO_IN) || !hw)
		return 0;

	root = old_root(iommu, hw);
	if (!root || hw_priv(hw)->cap != iommu->cap ||
	    hw_priv(hw)->ecap != iommu->ecap ||
	    liveupdate_gate_off(LIVEUPDATE_BREAK_IOMMU_CAPS)) {
		fail_unit(iommu, root ? "its IOMMU has other capabilities" :
			  "the root table is not what was recorded");
		return 0;
	}

	iommu->copied_tables = bitmap_zalloc(BIT_ULL(16), GFP_KERNEL);
	if (!iommu->copied_tables)
		return -ENOMEM;

	while ((dev = iommu_luo_next_dev(hw, &pos))) {
		const char *why = take_device(iommu, hw, root, dev);

		if (why)
			iommu_luo_fail_dev(dev, why);
	}
	pr_info("%s: goes on with translation\n", iommu->name);
	return 0;
}

static void old_page_free(u64 pa)
{
	if (incoming_page(pa))
		iommu_free_pages(iommu_restore_pages(pa));
}

/* The table that the hardware used for interrupts until we had one. */
static void old_irt_free(struct intel_iommu *iommu,
			 const struct iommu_luo_hw_ser *hw)
{
	u64 irta = dmar_readq(iommu->reg + DMAR_IRTA_REG) & VTD_PAGE_MASK;
	u64 old = hw_priv(hw)->irta & VTD_PAGE_MASK;

	if (old != irta)
		old_page_free(old);
}

/**
 * intel_luo_release_old() - free what the hardware used until now
 * @iommu: the unit; the hardware uses the new root table, and forgot the old one
 *
 * Context: boot.
 */
void intel_luo_release_old(struct intel_iommu *iommu)
{
	const struct iommu_luo_hw_ser *hw = unit_record(iommu);
	const struct iommu_luo_dev_ser *dev;
	unsigned int pos = 0;

	if (!(iommu->flags & VTD_FLAG_LUO_IN) || !hw)
		return;

	while ((dev = iommu_luo_next_dev(hw, &pos)))
		old_page_free(dev_priv(dev)->context_table_pa);
	old_page_free(hw_priv(hw)->rtaddr & VTD_PAGE_MASK);
	old_irt_free(iommu, hw);
}

/**
 * intel_luo_translation_ends() - translation is about to be turned off
 * @iommu: the unit
 *
 * During boot that may be with devices at work: they are stopped before (F15).
 *
 * Context: sleeps, if during boot.
 */
void intel_luo_translation_ends(struct intel_iommu *iommu)
{
	if (system_state >= SYSTEM_RUNNING || !iommu_luo_kho_boot() ||
	    !(iommu->gcmd & DMA_GCMD_TE))
		return;
	iommu_luo_fail_unrecorded();
	fail_unit(iommu, "its IOMMU is turned off");
}

/**
 * intel_luo_unwind() - undo intel_luo_take_over(), the units cannot be set up
 * @iommu: the unit
 *
 * Context: boot, after the scan of the PCI bus.
 */
void intel_luo_unwind(struct intel_iommu *iommu)
{
	if (!(iommu->flags & VTD_FLAG_LUO_IN))
		return;
	fail_unit(iommu, "its IOMMU cannot be set up");
	ida_destroy(&iommu->domain_ida);
}

/**
 * intel_luo_probe() - a device was found
 * @info: what the driver knows of it
 *
 * A device that goes on keeps the features that it was found with, and they
 * are none: see intel_luo_preserve_device().
 */
void intel_luo_probe(struct device_domain_info *info)
{
	const struct iommu_luo_dev_ser *dev;

	dev = iommu_luo_dev(info->segment, info->bus, info->devfn);
	if (!dev || iommu_luo_failed_dev(dev) ||
	    !pci_luo_incoming(to_pci_dev(info->dev)) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_ATS))
		return;
	info->ats_supported = 0;
	info->pri_supported = 0;
	info->pasid_supported = 0;
}

/**
 * intel_luo_release() - the driver forgets a device
 * @info: what it knows of it
 *
 * If the device was found, but never came to its domain, as other devices could
 * not be set up, then the hardware still uses the tables that are freed next.
 *
 * Context: sleeps.
 */
void intel_luo_release(struct device_domain_info *info)
{
	const struct iommu_luo_dev_ser *dev;

	if (!(info->iommu->flags & VTD_FLAG_LUO_IN) ||
	    !context_copied(info->iommu, info->bus, info->devfn))
		return;
	dev = iommu_luo_dev(info->segment, info->bus, info->devfn);
	if (dev)
		iommu_luo_fail_dev(dev, "its IOMMU cannot be set up");
	intel_luo_restore_failed(info->dev);
}
