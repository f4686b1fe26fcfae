// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a preserved PCI function: filled from the function itself
 *
 * The old kernel hands over what this reads, the new kernel reads the same once
 * more and compares. Nothing is written to the function.
 */
#include <linux/pci.h>
#include <linux/string.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"

static void fill_ids(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	ser->segment = pci_domain_nr(pdev->bus);
	ser->bus = pdev->bus->number;
	ser->devfn = pdev->devfn;
	ser->hdr_type = pdev->hdr_type;
	pci_read_config_word(pdev, PCI_VENDOR_ID, &ser->vendor);
	pci_read_config_word(pdev, PCI_DEVICE_ID, &ser->device);
	pci_read_config_dword(pdev, PCI_CLASS_REVISION, &ser->class_rev);
	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return;
	pci_read_config_word(pdev, PCI_SUBSYSTEM_VENDOR_ID,
			     &ser->subsystem_vendor);
	pci_read_config_word(pdev, PCI_SUBSYSTEM_ID, &ser->subsystem_device);
}

/* The size of a BAR of its own; those of other origin have no register. */
static u64 bar_size(struct pci_dev *pdev, unsigned int bar)
{
	const struct resource *res = pci_resource_n(pdev, bar);

	if (!res->flags || res->flags & IORESOURCE_PCI_EA_BEI ||
	    resource_size(res) & (resource_size(res) - 1))
		return 0;
	return resource_size(res);
}

static void fill_bars(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	bool bridge = pdev->hdr_type == PCI_HEADER_TYPE_BRIDGE;
	unsigned int i, nr = bridge ? 2 : PCI_STD_NUM_BARS;

	for (i = 0; i < nr; i++) {
		pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i,
				      &ser->bars[i]);
		ser->bar_sizes[i] = bar_size(pdev, i);
	}
	pci_read_config_dword(pdev, bridge ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS,
			      &ser->rom);
	ser->rom_size = bar_size(pdev, PCI_ROM_RESOURCE);
}

static void fill_bridge(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	pci_read_config_dword(pdev, PCI_PRIMARY_BUS, &ser->buses);
	ser->buses &= 0xffffff;
	pci_read_config_dword(pdev, PCI_IO_BASE, &ser->io_window);
	ser->io_window &= 0xffff;
	pci_read_config_dword(pdev, PCI_IO_BASE_UPPER16, &ser->io_upper);
	pci_read_config_dword(pdev, PCI_MEMORY_BASE, &ser->mem_window);
	pci_read_config_dword(pdev, PCI_PREF_MEMORY_BASE, &ser->pref_window);
	pci_read_config_dword(pdev, PCI_PREF_BASE_UPPER32,
			      &ser->pref_base_upper);
	pci_read_config_dword(pdev, PCI_PREF_LIMIT_UPPER32,
			      &ser->pref_limit_upper);
	pci_read_config_word(pdev, PCI_BRIDGE_CONTROL, &ser->bridge_ctl);
}

static void fill_express(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	ser->exp_cap = pci_pcie_cap(pdev);
	pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &ser->devctl);
	pcie_capability_read_word(pdev, PCI_EXP_DEVCTL2, &ser->devctl2);
	pcie_capability_read_word(pdev, PCI_EXP_LNKCTL, &ser->lnkctl);
	pcie_capability_read_word(pdev, PCI_EXP_LNKSTA, &ser->lnksta);
	pcie_capability_read_word(pdev, PCI_EXP_LNKCTL2, &ser->lnkctl2);
}

static u16 read_word_of(struct pci_dev *pdev, u16 cap, int offset)
{
	u16 value = 0;

	if (cap)
		pci_read_config_word(pdev, cap + offset, &value);
	return value;
}

static void fill_capabilities(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	ser->msi_cap = pci_find_capability(pdev, PCI_CAP_ID_MSI);
	ser->msi_ctrl = read_word_of(pdev, ser->msi_cap, PCI_MSI_FLAGS);
	ser->msix_cap = pci_find_capability(pdev, PCI_CAP_ID_MSIX);
	ser->msix_ctrl = read_word_of(pdev, ser->msix_cap, PCI_MSIX_FLAGS);
	ser->acs_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ACS);
	ser->acs_ctrl = read_word_of(pdev, ser->acs_cap, PCI_ACS_CTRL);
	ser->ptm_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PTM);
	if (ser->ptm_cap)
		pci_read_config_dword(pdev, ser->ptm_cap + PCI_PTM_CTRL,
				      &ser->ptm_ctrl);
}

/**
 * pci_luo_fill() - read all registers that a record has
 * @pdev: a function or a bridge, in D0
 * @ser: the record; flags, driver and reserved members stay as they are
 *
 * Context: Any in which configuration space can be read.
 */
void pci_luo_fill(struct pci_dev *pdev, struct pci_luo_fn_ser *ser)
{
	fill_ids(pdev, ser);
	pci_read_config_word(pdev, PCI_COMMAND, &ser->command);
	fill_bars(pdev, ser);
	if (pdev->hdr_type == PCI_HEADER_TYPE_BRIDGE)
		fill_bridge(pdev, ser);
	fill_express(pdev, ser);
	fill_capabilities(pdev, ser);
}
