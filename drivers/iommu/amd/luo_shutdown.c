// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of AMD IOMMUs: the last moment of the kernel that leaves
 */
#define pr_fmt(fmt) "AMD-Vi: live update: " fmt

#include <linux/iopoll.h>
#include <linux/kexec.h>
#include <linux/liveupdate_gates.h>
#include <linux/pci.h>

#include "amd_iommu.h"
#include "luo.h"

#define STATUS_CMDBUF_RUN	BIT(4)
#define STATUS_RUN		(MMIO_STATUS_EVT_RUN_MASK | STATUS_CMDBUF_RUN | \
				 MMIO_STATUS_PPR_RUN_MASK | \
				 MMIO_STATUS_GALOG_RUN_MASK)
#define STOP_STEP_US		10
#define STOP_US			10000

/* INIT, external interrupts, NMI, LINT0 and 1: what the firmware lets pass. */
#define DTE_DATA2_PASS		(GENMASK_ULL(58, 56) | GENMASK_ULL(63, 62))

/**
 * amd_luo_stop_queues() - the hardware reads no commands, and writes no logs
 * @iommu: the IOMMU, that may be on; no command is under way
 *
 * Context: any; waits up to 10 ms.
 */
void amd_luo_stop_queues(struct amd_iommu *iommu)
{
	static const u8 features[] = {
		CONTROL_CMDBUF_EN, CONTROL_EVT_INT_EN, CONTROL_EVT_LOG_EN,
		CONTROL_GALOG_EN, CONTROL_GAINT_EN, CONTROL_PPRLOG_EN,
		CONTROL_PPRINT_EN, CONTROL_IRTCACHEDIS,
	};
	u32 status;

	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		iommu_feature_disable(iommu, features[i]);

	if (readl_poll_timeout_atomic(iommu->mmio_base + MMIO_STATUS_OFFSET,
				      status, !(status & STATUS_RUN),
				      STOP_STEP_US, STOP_US))
		pr_err("IOMMU%d does not stop its logs: status %#x\n",
		       iommu->index, status);
}

/* Translation off first: the hardware may read the entry in between. */
static void entry_block(struct dev_table_entry *dte)
{
	WRITE_ONCE(dte->data[0], DTE_FLAG_V);
	WRITE_ONCE(dte->data[1], 0);
	WRITE_ONCE(dte->data[2],
		   (dte->data[2] & DTE_DATA2_PASS) | DTE_IRQ_REMAP_ENABLE);
	WRITE_ONCE(dte->data[3], 0);
}

/*
 * Remapped, by no table: aborted. With a table, an entry of it for a guest would
 * make the hardware write to our memory.
 */
static void interrupts_abort(struct dev_table_entry *dte)
{
	if (!liveupdate_gate_off(LIVEUPDATE_GATE_IR))
		WRITE_ONCE(dte->data[2], DTE_IRQ_REMAP_ENABLE);
}

/* Asking who is preserved is slow; few entries lead to tables. */
static bool goes_on(const struct amd_iommu_pci_seg *seg, u32 devid)
{
	u64 lo = seg->dev_table[devid].data[0];

	return (lo & DTE_FLAG_V) && (lo & DTE_FLAG_TV) && PM_PTE_LEVEL(lo) &&
	       iommu_luo_outgoing(seg->id, PCI_BUS_NUM(devid), devid & 0xff);
}

/* All that is not recorded is blocked from here on. */
static void segment_filter(struct amd_iommu_pci_seg *seg)
{
	for (u32 devid = 0; devid <= seg->last_bdf; devid++) {
		if (goes_on(seg, devid))
			interrupts_abort(&seg->dev_table[devid]);
		else
			entry_block(&seg->dev_table[devid]);
	}
}

static bool leave_on(struct amd_iommu *iommu)
{
	if (!(iommu->flags & AMD_IOMMU_FLAG_LUO_OUT) || !kexec_in_progress ||
	    liveupdate_gate_off(LIVEUPDATE_GATE_TE_OFF))
		return false;

	segment_filter(iommu->pci_seg);
	amd_iommu_flush_all_caches(iommu);
	amd_luo_stop_queues(iommu);
	return true;
}

/**
 * amd_luo_keeps_on() - does an IOMMU stay on that is about to be turned off?
 * @iommu: the IOMMU
 *
 * At the end of the old kernel it is left to the next one, which does not turn
 * it off as long as it has not taken it over.
 *
 * Context: one CPU, interrupts are off, nothing else runs any more; or boot.
 * Return: true if it stays on, for the devices that are preserved
 */
bool amd_luo_keeps_on(struct amd_iommu *iommu)
{
	return (iommu->flags & AMD_IOMMU_FLAG_LUO_IN) || leave_on(iommu);
}
