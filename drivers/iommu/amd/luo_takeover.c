// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: the hardware, in the kernel that comes
 *
 * An IOMMU that is found on is never turned off while a device may be at work
 * behind it. It gets a new device table, in which all entries block but those
 * that are recorded; what the previous kernel left is compared with the record,
 * and freed. Interrupts of recorded devices are aborted until somebody asks for
 * them.
 *
 * All but the end of this is before the first initcall: there are no PCI devices
 * yet.
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate_gates.h>
#include <linux/mem_encrypt.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <asm/iommu.h>

#include "amd_iommu.h"
#include "luo.h"
#include "../iommu-pages.h"

#define OFF_BITS	(BIT_ULL(CONTROL_IOMMU_EN) | BIT_ULL(CONTROL_CMDBUF_EN) | \
			 BIT_ULL(CONTROL_EVT_LOG_EN) | \
			 BIT_ULL(CONTROL_EVT_INT_EN) | \
			 BIT_ULL(CONTROL_PPRLOG_EN) | BIT_ULL(CONTROL_PPRINT_EN) | \
			 BIT_ULL(CONTROL_GALOG_EN) | BIT_ULL(CONTROL_GAINT_EN))

static const struct amd_luo_hw_ser *hw_priv(const struct iommu_luo_hw_ser *ser)
{
	return (const struct amd_luo_hw_ser *)ser->priv;
}

static const struct amd_luo_dev_ser *
dev_priv(const struct iommu_luo_dev_ser *ser)
{
	return (const struct amd_luo_dev_ser *)ser->priv;
}

static const struct iommu_luo_hw_ser *unit_record(struct amd_iommu *iommu)
{
	const struct iommu_luo_hw_ser *hw = iommu_luo_hw(iommu->mmio_phys);

	return hw && hw->driver == IOMMU_LUO_DRIVER_AMD ? hw : NULL;
}

/* F15: nothing behind the IOMMU goes on. */
static void fail_devices(const struct iommu_luo_hw_ser *hw, const char *why)
{
	const struct iommu_luo_dev_ser *dev;
	unsigned int pos = 0;

	while (hw && (dev = iommu_luo_next_dev(hw, &pos)))
		iommu_luo_fail_dev(dev, why);
}

/**
 * amd_luo_found() - look at an IOMMU that may be on
 * @iommu: the IOMMU
 *
 * If it is, and stays on, then AMD_IOMMU_FLAG_TRANS_PRE_ENABLED gives way to
 * AMD_IOMMU_FLAG_LUO_IN: the former is for kdump.
 *
 * Context: boot, after mm_core_init().
 */
void amd_luo_found(struct amd_iommu *iommu)
{
	if (!(iommu->flags & AMD_IOMMU_FLAG_TRANS_PRE_ENABLED) ||
	    !iommu_luo_kho_boot() ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_TRANSLATION))
		return;

	iommu_luo_fail_unrecorded();
	if (no_iommu) {
		fail_devices(unit_record(iommu), "its IOMMU is turned off");
		return;
	}

	iommu->flags &= ~AMD_IOMMU_FLAG_TRANS_PRE_ENABLED;
	iommu->flags |= AMD_IOMMU_FLAG_LUO_IN;
	if (!unit_record(iommu))
		pr_warn("IOMMU%d: translation was on, and nothing is recorded of it: it stays on, for no device (F16)\n",
			iommu->index);
}

/* The device table that the hardware uses, or NULL; its size in entries. */
static struct dev_table_entry *old_table(u64 dev_table, u32 *nr)
{
	u64 pages = (dev_table & ~PAGE_MASK) + 1;
	u64 pa = __sme_clr(dev_table & PM_ADDR_MASK);

	*nr = pages * PAGE_SIZE / DEV_TABLE_ENTRY_SIZE;
	if (!pa || !kho_is_incoming(PHYS_PFN(pa), pages))
		return NULL;
	return phys_to_virt(pa);
}

/* Has another device the same number, for the same domain? */
static bool domid_is_reserved(const struct iommu_luo_dev_ser *dev)
{
	const struct iommu_luo_dev_ser *other;
	struct amd_iommu *iommu;

	for_each_iommu(iommu) {
		const struct iommu_luo_hw_ser *hw = unit_record(iommu);
		unsigned int pos = 0;

		while (hw && (other = iommu_luo_next_dev(hw, &pos))) {
			if (other == dev)
				return false;
			if (other->domain == dev->domain &&
			    other->hw_domain_id == dev->hw_domain_id)
				return true;
		}
	}
	return false;
}

static const char *domid_reserve(const struct iommu_luo_dev_ser *dev)
{
	u32 id = dev->hw_domain_id;

	if (domid_is_reserved(dev) ||
	    ida_alloc_range(&pdom_ids, id, id, GFP_KERNEL) == id)
		return NULL;
	return "its domain number is another domain's";
}

/* Does the hardware have what is recorded, with interrupts aborted? */
static bool entry_is_recorded(const struct dev_table_entry *dte,
			      const struct iommu_luo_dev_ser *dev)
{
	const u64 *want = dev_priv(dev)->dte;

	return dte->data[0] == want[0] && dte->data[1] == want[1] &&
	       dte->data[3] == want[3] &&
	       (dte->data[2] == DTE_IRQ_REMAP_ENABLE ||
		liveupdate_gate_off(LIVEUPDATE_GATE_IR));
}

static const char *take_device(struct amd_iommu *iommu,
			       const struct dev_table_entry *old, u32 nr_old,
			       const struct iommu_luo_dev_ser *dev)
{
	struct dev_table_entry *dte = get_dev_table(iommu);
	u16 devid = PCI_DEVID(dev->bus, dev->devfn);
	const char *why;

	if (dev->segment != iommu->pci_seg->id ||
	    devid > iommu->pci_seg->last_bdf ||
	    iommu->pci_seg->rlookup_table[devid] != iommu)
		return "it is not behind its IOMMU";
	if (devid >= nr_old || !entry_is_recorded(&old[devid], dev))
		return "its device table entry is not what was recorded";
	why = amd_luo_dte_check(dev, iommu_luo_dev_domain(dev)) ?:
	      domid_reserve(dev);
	if (why)
		return why;

	dte[devid].data[0] = dev_priv(dev)->dte[0];
	dte[devid].data[1] = dev_priv(dev)->dte[1];
	dte[devid].data[2] = liveupdate_gate_off(LIVEUPDATE_GATE_IR) ?
			     0 : DTE_IRQ_REMAP_ENABLE;
	dte[devid].data[3] = 0;
	return NULL;
}

static void take_devices(struct amd_iommu *iommu,
			 const struct iommu_luo_hw_ser *hw)
{
	u64 reg = readq(iommu->mmio_base + MMIO_DEV_TABLE_OFFSET);
	const struct dev_table_entry *old;
	const struct iommu_luo_dev_ser *dev;
	unsigned int pos = 0;
	u32 nr;

	old = reg == hw_priv(hw)->dev_table ? old_table(reg, &nr) : NULL;
	if (!old) {
		fail_devices(hw, "the device table is not what was recorded");
		return;
	}
	if (readq(iommu->mmio_base + MMIO_EXT_FEATURES) !=
	    hw_priv(hw)->features ||
	    liveupdate_gate_off(LIVEUPDATE_BREAK_IOMMU_CAPS)) {
		fail_devices(hw, "its IOMMU has other capabilities");
		return;
	}

	while ((dev = iommu_luo_next_dev(hw, &pos))) {
		const char *why = take_device(iommu, old, nr, dev);

		if (why)
			iommu_luo_fail_dev(dev, why);
	}
	pr_info("IOMMU%d: goes on with translation\n", iommu->index);
}

/* As iommu_set_device_table(), in one write: the hardware may read meanwhile. */
static void table_switch(struct amd_iommu *iommu)
{
	u64 entry = iommu_virt_to_phys(get_dev_table(iommu));

	entry |= (iommu->pci_seg->dev_table_size >> 12) - 1;
	writeq(entry, iommu->mmio_base + MMIO_DEV_TABLE_OFFSET);
}

/**
 * amd_luo_take_over() - take an IOMMU over that is on
 * @iommu: the IOMMU
 *
 * What is recorded is in the new device table afterwards, and the hardware uses
 * that one; the caller flushes what it remembers. Devices for which that fails
 * are stopped.
 *
 * Context: boot, after mm_core_init().
 * Return: false: it is not one that was left on, turn it off as always
 */
bool amd_luo_take_over(struct amd_iommu *iommu)
{
	const struct iommu_luo_hw_ser *hw;

	if (!(iommu->flags & AMD_IOMMU_FLAG_LUO_IN))
		return false;

	amd_luo_stop_queues(iommu);
	init_device_table_dma(iommu->pci_seg);
	hw = unit_record(iommu);
	if (hw)
		take_devices(iommu, hw);
	table_switch(iommu);
	return true;
}

static void old_table_free(const struct iommu_luo_hw_ser *hw)
{
	u64 reg = hw_priv(hw)->dev_table;
	u32 nr;

	if (old_table(reg, &nr))
		iommu_free_pages(iommu_restore_pages(__sme_clr(reg & PM_ADDR_MASK)));
}

/**
 * amd_luo_release_old() - free what the hardware used until now
 *
 * The hardware uses the new device tables, and forgot the old ones. Now it can
 * be turned off again as any other.
 *
 * Context: boot, after the scan of the PCI bus.
 */
void amd_luo_release_old(void)
{
	const struct iommu_luo_hw_ser *hw;
	struct amd_iommu *iommu;

	for_each_iommu(iommu) {
		hw = unit_record(iommu);
		if (iommu->flags & AMD_IOMMU_FLAG_LUO_IN && hw)
			old_table_free(hw);
		iommu->flags &= ~AMD_IOMMU_FLAG_LUO_IN;
	}
}

/**
 * amd_luo_unwind() - the IOMMUs cannot be set up: they may be turned off (F15)
 *
 * Context: boot.
 */
void amd_luo_unwind(void)
{
	const struct iommu_luo_hw_ser *hw;
	struct amd_iommu *iommu;
	unsigned int pos = 0;

	if (!iommu_luo_kho_boot() || list_empty(&amd_iommu_list))
		return;
	iommu_luo_fail_unrecorded();
	while ((hw = iommu_luo_next_hw(IOMMU_LUO_DRIVER_AMD, &pos)))
		fail_devices(hw, "its IOMMU cannot be set up");
	for_each_iommu(iommu)
		iommu->flags &= ~AMD_IOMMU_FLAG_LUO_IN;
}

/*
 * There are emulations that remap interrupts although the IOMMU is off: so the
 * table says now that they pass. It stays preserved.
 */
static void turn_off(const struct iommu_luo_hw_ser *hw)
{
	void __iomem *reg = ioremap(hw->reg_pa, MMIO_CNTR_CONF_OFFSET);
	struct dev_table_entry *table;
	u32 nr;

	if (!reg) {
		pr_err("IOMMU at %#llx cannot be turned off\n", hw->reg_pa);
		return;
	}
	writeq(readq(reg + MMIO_CONTROL_OFFSET) & ~OFF_BITS,
	       reg + MMIO_CONTROL_OFFSET);
	table = old_table(hw_priv(hw)->dev_table, &nr);
	if (table)
		memset(table, 0, (size_t)nr * sizeof(*table));
	iounmap(reg);
}

/**
 * amd_luo_not_used() - this kernel was told not to use IOMMUs
 *
 * Those that were left on block all devices but the preserved ones: these are
 * stopped, and the IOMMUs are turned off.
 *
 * Context: boot, after mm_core_init().
 */
void amd_luo_not_used(void)
{
	const struct iommu_luo_hw_ser *hw;
	unsigned int pos = 0;

	if (!iommu_luo_kho_boot())
		return;
	iommu_luo_fail_unrecorded();
	while ((hw = iommu_luo_next_hw(IOMMU_LUO_DRIVER_AMD, &pos))) {
		fail_devices(hw, "its IOMMU is turned off");
		turn_off(hw);
	}
}

/**
 * amd_luo_probe() - a device was found
 * @iommu: its IOMMU
 * @dev_data: what the driver knows of it
 *
 * A device that goes on keeps the features that it was found with, and they
 * are none: see amd_luo_preserve_device().
 *
 * Return: true if it is such a device
 */
bool amd_luo_probe(struct amd_iommu *iommu, struct iommu_dev_data *dev_data)
{
	const struct iommu_luo_dev_ser *dev;

	dev = iommu_luo_dev(iommu->pci_seg->id, PCI_BUS_NUM(dev_data->devid),
			    dev_data->devid & 0xff);
	if (!dev || iommu_luo_failed_dev(dev) ||
	    !pci_luo_incoming(to_pci_dev(dev_data->dev)) ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_ATS))
		return false;
	dev_data->flags = 0;
	dev_data->max_pasids = 0;
	return true;
}
