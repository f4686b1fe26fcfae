// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA went on over a kexec: are they as they were?
 */
#define pr_fmt(fmt) "PCI: live update: " fmt

#include <linux/init.h>
#include <linux/pci.h>
#include <linux/printk.h>

#include "pci_luo.h"
#include "pci_luo_abi.h"
#include "pci_luo_in.h"

static bool path_fits(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;

	while ((bridge = pci_upstream_bridge(bridge))) {
		if (!pci_luo_incoming(bridge) || pci_luo_failed(bridge))
			return false;
	}
	return true;
}

static void verify_registers(struct pci_dev *pdev,
			     const struct pci_luo_fn_ser *was)
{
	struct pci_luo_fn_ser is = {};
	struct pci_luo_diff diff;
	unsigned int pos = 0;
	char why[80];

	pci_luo_fill(pdev, &is);
	while (pci_luo_fn_next_diff(was, &is, &pos, &diff)) {
		snprintf(why, sizeof(why), "%s is %#x, was %#x", diff.name,
			 diff.is, diff.was);
		if (diff.fatal)
			pci_luo_quiesce(pdev, why);
		else
			pci_warn(pdev, "live update: %s\n", why);
	}
}

/**
 * pci_luo_verify() - is a function still as the previous kernel recorded it?
 * @pdev: a function or a bridge, completely scanned; the bridges above it were
 *        verified before
 *
 * Context: May sleep.
 */
void pci_luo_verify(struct pci_dev *pdev)
{
	const struct pci_luo_fn_ser *ser = pci_luo_record(pdev);

	if (!ser || pci_luo_failed(pdev))
		return;
	verify_registers(pdev, ser);
	if (pci_luo_incoming_fn(pdev) && !path_fits(pdev))
		pci_luo_quiesce(pdev, "a bridge above it is not as recorded");
	if (!pci_luo_failed(pdev))
		pci_info(pdev, "live update: as the previous kernel left it\n");
}

static int __init pci_luo_report_missing(void)
{
	unsigned int i, nr = pci_luo_in_nr();

	for (i = 0; i < nr; i++) {
		const struct pci_luo_in *in = pci_luo_in_get(i);

		if (in->state == PCI_LUO_RECORDED)
			pr_err("%04x:%02x:%02x.%u was preserved, but is not there\n",
			       in->ser.segment, in->ser.bus,
			       PCI_SLOT(in->ser.devfn),
			       PCI_FUNC(in->ser.devfn));
	}
	return 0;
}
late_initcall(pci_luo_report_missing);
