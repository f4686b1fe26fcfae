/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update: take out one protection, to see the test that guards it fail
 *
 * Much in a live update of a device is there so that something does *not*
 * happen. Each such place asks liveupdate_gate_off() first. The answer is a
 * constant "no" but in test kernels, where luo_gate_off= on the command line
 * lists the gates to take out.
 */
#ifndef _LINUX_LIVEUPDATE_GATES_H
#define _LINUX_LIVEUPDATE_GATES_H

#include <linux/types.h>

/**
 * enum liveupdate_gate - what luo_gate_off= can take out
 * @LIVEUPDATE_GATE_BUS_MASTER: Old kernel: bus mastering of preserved functions
 *	and of the bridges above them stays on at shutdown.
 * @LIVEUPDATE_GATE_TE_OFF: Old kernel: DMA remapping stays on at shutdown.
 * @LIVEUPDATE_GATE_IR: Interrupt remapping stays on.
 * @LIVEUPDATE_GATE_BARS: BARs are not written to find their sizes.
 * @LIVEUPDATE_GATE_MSIX: MSI and MSI-X stay as the old kernel left them.
 * @LIVEUPDATE_GATE_BUSNR: No bridge gets other bus numbers.
 * @LIVEUPDATE_GATE_RESOURCES: No BAR and no bridge window moves.
 * @LIVEUPDATE_GATE_CONFIG: ACS, ARI, MPS and the like stay as they are.
 * @LIVEUPDATE_GATE_TRANSLATION: DMA remapping is taken over while it is on.
 * @LIVEUPDATE_GATE_PASID: Scalable mode: the PASID directory is taken over.
 * @LIVEUPDATE_GATE_DEFAULT_DOMAIN: The group begins on the restored domain.
 * @LIVEUPDATE_GATE_DRIVER: Only the recorded driver binds.
 * @LIVEUPDATE_GATE_ATS: ATS, PRI and PASID stay as they are.
 * @LIVEUPDATE_GATE_POWER: The function does not leave D0.
 * @LIVEUPDATE_GATE_OWNER: The claim of DMA ownership leaves the domain alone.
 * @LIVEUPDATE_GATE_OPEN: vfio opens without a reset.
 * @LIVEUPDATE_GATE_INTX: INTx stays disabled when the function is enabled.
 * @LIVEUPDATE_GATE_SWAP: The domain is swapped without blocking in between.
 * @LIVEUPDATE_GATE_SIBLING: A sibling that is closed does not reset the bus.
 * @LIVEUPDATE_GATE_PINS: Memory under DMA cannot be moved or swapped out.
 * @LIVEUPDATE_GATE_LINK: The link is neither retrained nor reconfigured.
 * @LIVEUPDATE_GATE_VECTOR_MASK: Old kernel: freeze masks each MSI-X vector, and
 *	not only the function.
 * @LIVEUPDATE_GATE_UNTRANSLATED: New kernel: a function of which no IOMMU is
 *	recorded is stopped.
 * @LIVEUPDATE_BREAK_PCI_ID: New kernel: not a gate. Every recorded function is
 *	taken to be another model than the one that is found.
 * @LIVEUPDATE_BREAK_PCI_GONE: New kernel: not a gate. Every record names a
 *	function that is not there.
 * @LIVEUPDATE_BREAK_PCI_RECORD: New kernel: not a gate. One bit of the first
 *	record is flipped before it is checked.
 * @LIVEUPDATE_BREAK_PCI_SUBTREE: New kernel: not a gate. The head of the
 *	records is damaged.
 * @LIVEUPDATE_BREAK_IOMMU_HEAD: New kernel: not a gate. The head of the records
 *	of IOMMUs is damaged.
 * @LIVEUPDATE_BREAK_IOMMU_CAPS: New kernel: not a gate. Every IOMMU is taken to
 *	have other capabilities than those that are recorded.
 * @LIVEUPDATE_BREAK_VFIO_MAP: New kernel: not a gate. Every function is taken to
 *	have its capabilities elsewhere in config space.
 * @LIVEUPDATE_NR_GATES: Not a gate.
 *
 * Up to 24 the numbers are those of the "kill list" of the design: the places
 * that stop or corrupt the DMA of a device in a kexec.
 */
enum liveupdate_gate {
	LIVEUPDATE_GATE_BUS_MASTER = 1,
	LIVEUPDATE_GATE_TE_OFF = 2,
	LIVEUPDATE_GATE_IR = 3,
	LIVEUPDATE_GATE_BARS = 4,
	LIVEUPDATE_GATE_MSIX = 5,
	LIVEUPDATE_GATE_BUSNR = 7,
	LIVEUPDATE_GATE_RESOURCES = 8,
	LIVEUPDATE_GATE_CONFIG = 9,
	LIVEUPDATE_GATE_TRANSLATION = 10,
	LIVEUPDATE_GATE_PASID = 11,
	LIVEUPDATE_GATE_DEFAULT_DOMAIN = 12,
	LIVEUPDATE_GATE_DRIVER = 13,
	LIVEUPDATE_GATE_ATS = 14,
	LIVEUPDATE_GATE_POWER = 15,
	LIVEUPDATE_GATE_OWNER = 16,
	LIVEUPDATE_GATE_OPEN = 17,
	LIVEUPDATE_GATE_INTX = 18,
	LIVEUPDATE_GATE_SWAP = 19,
	LIVEUPDATE_GATE_SIBLING = 20,
	LIVEUPDATE_GATE_PINS = 21,
	LIVEUPDATE_GATE_LINK = 24,
	LIVEUPDATE_GATE_VECTOR_MASK = 25,
	LIVEUPDATE_GATE_UNTRANSLATED = 26,

	LIVEUPDATE_BREAK_PCI_ID = 40,
	LIVEUPDATE_BREAK_PCI_GONE = 41,
	LIVEUPDATE_BREAK_PCI_RECORD = 42,
	LIVEUPDATE_BREAK_PCI_SUBTREE = 43,
	LIVEUPDATE_BREAK_IOMMU_HEAD = 44,
	LIVEUPDATE_BREAK_IOMMU_CAPS = 45,
	LIVEUPDATE_BREAK_VFIO_MAP = 46,

	LIVEUPDATE_NR_GATES = 64,
};

#ifdef CONFIG_LIVEUPDATE_TEST_GATES
bool liveupdate_gate_off(enum liveupdate_gate gate);
#else
static inline bool liveupdate_gate_off(enum liveupdate_gate gate)
{
	return false;
}
#endif

#endif /* _LINUX_LIVEUPDATE_GATES_H */
