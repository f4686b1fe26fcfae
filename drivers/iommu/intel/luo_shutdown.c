// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of Intel VT-d: the last moment of the kernel that leaves
 */
#define pr_fmt(fmt) "DMAR: live update: " fmt

#include <linux/kexec.h>
#include <linux/liveupdate_gates.h>
#include <linux/string.h>

#include "iommu.h"
#include "luo.h"
#include "../irq_remapping.h"

/**
 * intel_luo_context_table() - find a context table
 * @iommu: the unit
 * @bus: PCI bus
 * @upper: Scalable mode has two for a bus: that of the upper half of the
 *         devices is wanted. In legacy mode: false.
 *
 * Return: the table or NULL, no device of it was ever attached
 */
void *intel_luo_context_table(struct intel_iommu *iommu, unsigned int bus,
			      bool upper)
{
	struct root_entry *root = &iommu->root_entry[bus];
	u64 entry = upper ? root->hi : root->lo;

	return entry & 1 ? phys_to_virt(entry & VTD_PAGE_MASK) : NULL;
}

/*
 * All that is not recorded is blocked from here on. A context table without
 * a recorded device is not preserved.
 */
static bool contexts_filter(struct intel_iommu *iommu, unsigned int bus,
			    bool upper)
{
	struct context_entry *table;
	const bool sm = sm_supported(iommu);
	bool used = false;

	table = intel_luo_context_table(iommu, bus, upper);
	if (!table)
		return false;

	for (unsigned int i = 0; i < (sm ? 128 : 256); i++) {
		if (iommu_luo_outgoing(iommu->segment, bus, i + 128 * upper) ==
		    &iommu->iommu)
			used = true;
		else if (sm)
			memset(&table[2 * i], 0, 2 * sizeof(*table));
		else
			context_clear_entry(&table[i]);
	}
	__iommu_flush_cache(iommu, table, VTD_PAGE_SIZE);
	return used;
}

static void root_filter(struct intel_iommu *iommu)
{
	for (unsigned int bus = 0; bus < 256; bus++) {
		struct root_entry *root = &iommu->root_entry[bus];

		if (!contexts_filter(iommu, bus, false))
			root->lo = 0;
		if (!sm_supported(iommu) || !contexts_filter(iommu, bus, true))
			root->hi = 0;
	}
	__iommu_flush_cache(iommu, iommu->root_entry, VTD_PAGE_SIZE);
}

/* Nobody may ask for pages any more: the queue is memory of this kernel. */
static void requests_block(struct intel_iommu *iommu)
{
	if (!ecap_prs(iommu->ecap))
		return;
	dmar_writeq(iommu->reg + DMAR_PQH_REG, 0ULL);
	dmar_writeq(iommu->reg + DMAR_PQT_REG, 0ULL);
	dmar_writeq(iommu->reg + DMAR_PQA_REG, 0ULL);
}

/*
 * The table stays where the hardware finds it, empty: a message of a device is
 * blocked, whoever sends it, until the next kernel has a table of its own. An
 * entry in posted format would make the hardware write to our memory.
 */
static void interrupts_block(struct intel_iommu *iommu)
{
	memset(iommu->ir_table->base, 0,
	       INTR_REMAP_TABLE_ENTRIES * sizeof(struct irte));
	__iommu_flush_cache(iommu, iommu->ir_table->base,
			    INTR_REMAP_TABLE_ENTRIES * sizeof(struct irte));
	writel(DMA_FECTL_IM, iommu->reg + DMAR_FECTL_REG);
	qi_global_iec(iommu);
}

/**
 * intel_luo_shutdown() - leave a unit to the next kernel
 * @iommu: the unit
 *
 * Context: one CPU, interrupts are off; nothing else runs any more.
 * Return: true if it goes on translating, for the devices that are preserved
 */
bool intel_luo_shutdown(struct intel_iommu *iommu)
{
	if (!(iommu->flags & VTD_FLAG_LUO_OUT) || !kexec_in_progress ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_TE_OFF))
		return false;

	root_filter(iommu);
	interrupts_block(iommu);
	requests_block(iommu);

	iommu_flush_write_buffer(iommu);
	iommu->flush.flush_context(iommu, 0, 0, 0, DMA_CCMD_GLOBAL_INVL);
	if (sm_supported(iommu))
		qi_flush_pasid_cache(iommu, 0, QI_PC_GLOBAL, 0);
	iommu->flush.flush_iotlb(iommu, 0, 0, 0, DMA_TLB_GLOBAL_FLUSH);
	dmar_disable_qi(iommu);
	return true;
}
