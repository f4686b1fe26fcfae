// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA went on over a kexec: leave them as they are
 *
 * In place of what the PCI core finds out by writing, the new kernel takes what
 * the previous one recorded. That it is true is checked in pci_luo_verify.c.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"

/**
 * pci_luo_size_bars() - sizes of BARs, without a write
 * @pdev: the function
 * @nr: number of its BARs
 * @sizes: out: what each reads after all ones were written to it
 * @rom_size: out: the same of the expansion ROM
 *
 * Context: Any in which configuration space can be read.
 * Return: true, or false if they have to be found in the usual way.
 */
bool pci_luo_size_bars(struct pci_dev *pdev, unsigned int nr, u32 *sizes,
		       u32 *rom_size)
{
	u32 bars[PCI_LUO_NR_BARS], masks[PCI_LUO_NR_BARS + 1];
	const struct pci_luo_fn_ser *ser;
	unsigned int i;

	if (!pci_luo_inherits(pdev, LIVEUPDATE_GATE_BARS))
		return false;
	ser = pci_luo_record(pdev);
	if (!ser || nr > PCI_LUO_NR_BARS)
		return false;
	for (i = 0; i < nr; i++)
		pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i,
				      &bars[i]);
	if (!pci_luo_fn_masks(ser, bars, nr, masks))
		return false;
	memcpy(sizes, masks, nr * sizeof(sizes[0]));
	*rom_size = masks[nr];
	return true;
}

/**
 * pci_luo_pref_64() - has a window 64 bits, without a write
 * @bridge: the bridge, whose prefetchable window claims it
 * @upper: out: not 0 if it has
 *
 * Context: Any.
 * Return: true, or false if it has to be found out in the usual way.
 */
bool pci_luo_pref_64(struct pci_dev *bridge, u32 *upper)
{
	const struct pci_luo_fn_ser *ser;

	if (!pci_luo_inherits(bridge, LIVEUPDATE_GATE_BARS))
		return false;
	ser = pci_luo_record(bridge);
	if (!ser)
		return false;
	*upper = ser->flags & PCI_LUO_FN_PREF_64;
	return true;
}

/**
 * pci_luo_intx_mask_broken() - pci_intx_mask_broken(), without a write
 * @pdev: a recorded function
 *
 * Context: Any.
 * Return: as the previous kernel found it.
 */
int pci_luo_intx_mask_broken(struct pci_dev *pdev)
{
	const struct pci_luo_fn_ser *ser = pci_luo_record(pdev);

	return ser && ser->flags & PCI_LUO_FN_NO_DISINTX;
}

/**
 * pci_luo_set_fixed() - let BARs stay where they are, or let them move again
 * @pdev: a function or a bridge
 * @fixed: whether they stay
 *
 * Context: Any in which nobody assigns resources.
 */
void pci_luo_set_fixed(struct pci_dev *pdev, bool fixed)
{
	struct resource *res;
	unsigned int i;

	if (liveupdate_gate_off(LIVEUPDATE_GATE_RESOURCES))
		return;
	for (i = PCI_STD_RESOURCES; i <= PCI_ROM_RESOURCE; i++) {
		res = pci_resource_n(pdev, i);
		if (!res->flags || res->flags & IORESOURCE_PCI_EA_BEI)
			continue;
		if (fixed)
			res->flags |= IORESOURCE_PCI_FIXED;
		else
			res->flags &= ~IORESOURCE_PCI_FIXED;
	}
}

/**
 * pci_luo_device_add() - a function was set up
 * @pdev: a function or a bridge, initialized but not visible to drivers
 *
 * Keeps it in D0, and for the driver that is recorded.
 *
 * Context: May sleep.
 */
void pci_luo_device_add(struct pci_dev *pdev)
{
	const struct pci_luo_fn_ser *ser = pci_luo_record(pdev);

	if (!ser)
		return;
	pci_luo_set_fixed(pdev, true);
	if (!liveupdate_gate_off(LIVEUPDATE_GATE_POWER))
		pm_runtime_get_noresume(&pdev->dev);
	if (!pci_luo_incoming_fn(pdev))
		return;
	pci_luo_bridges_get(pdev);
	if (liveupdate_gate_off(LIVEUPDATE_GATE_DRIVER))
		return;
	pdev->driver_override = kstrdup(ser->driver, GFP_KERNEL);
	if (!pdev->driver_override)
		pci_luo_quiesce(pdev, "no memory");
}
