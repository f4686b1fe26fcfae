// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which PCI functions can be preserved over a kexec
 *
 * What is refused here is listed in Documentation/core-api/liveupdate.rst.
 * What the IOMMU or vfio refuse is theirs.
 */
#include <linux/errno.h>
#include <linux/pci.h>

#include "pci.h"
#include "pci_luo.h"

static bool is_gone(struct pci_dev *pdev)
{
	return pci_dev_is_disconnected(pdev);
}

static bool is_virtual(struct pci_dev *pdev)
{
	return pdev->is_virtfn;
}

static bool has_virtual(struct pci_dev *pdev)
{
	return pci_num_vf(pdev);
}

static bool is_no_endpoint(struct pci_dev *pdev)
{
	return pdev->hdr_type != PCI_HEADER_TYPE_NORMAL;
}

static bool is_conventional(struct pci_dev *pdev)
{
	return !pci_is_pcie(pdev);
}

static bool is_display(struct pci_dev *pdev)
{
	return pci_is_vga(pdev);
}

static bool is_far_away(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) > U16_MAX;
}

static bool is_untrusted(struct pci_dev *pdev)
{
	return pdev->untrusted || pdev->external_facing;
}

/* A bridge that is not PCI Express hides who it is that does DMA. */
static bool has_other_bridge(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;

	while ((bridge = pci_upstream_bridge(bridge))) {
		if (!pci_is_pcie(bridge) ||
		    bridge->hdr_type != PCI_HEADER_TYPE_BRIDGE)
			return true;
	}
	return false;
}

static bool is_recovering(struct pci_dev *pdev)
{
	struct pci_dev *dev;

	for (dev = pdev; dev; dev = pci_upstream_bridge(dev)) {
		if (dev->error_state != pci_channel_io_normal ||
		    test_bit(PCI_DPC_RECOVERING, &dev->priv_flags))
			return true;
	}
	return false;
}

static bool is_asleep(struct pci_dev *pdev)
{
	struct pci_dev *dev;

	for (dev = pdev; dev; dev = pci_upstream_bridge(dev)) {
		if (dev->current_state != PCI_D0)
			return true;
	}
	return false;
}

/* An interrupt line that cannot be disabled would scream in the next kernel. */
static bool has_loud_intx(struct pci_dev *pdev)
{
	return pdev->pin && pdev->broken_intx_masking && !pdev->msix_cap;
}

/* It belongs to a session of the previous update. */
static bool is_incoming(struct pci_dev *pdev)
{
	return pci_luo_incoming(pdev);
}

/* A driver that stops its device on reboot stops the DMA. */
static bool has_shutdown(struct pci_dev *pdev)
{
	return pdev->driver && pdev->driver->shutdown;
}

static const struct {
	bool (*applies)(struct pci_dev *pdev);
	int error;
	const char *why;
} refusals[] = {
	{ is_gone, -ENODEV, "it is gone" },
	{ is_virtual, -EOPNOTSUPP, "it is a virtual function" },
	{ is_incoming, -EBUSY, "its take-over has not ended" },
	{ has_virtual, -EBUSY, "it has virtual functions" },
	{ is_no_endpoint, -EOPNOTSUPP, "it is a bridge" },
	{ is_conventional, -EOPNOTSUPP, "it is not PCI Express" },
	{ is_display, -EOPNOTSUPP, "it is a VGA device" },
	{ is_far_away, -EOPNOTSUPP, "its segment has more than 16 bits" },
	{ is_untrusted, -EPERM, "it is reachable from outside" },
	{ has_other_bridge, -EOPNOTSUPP,
	  "a bridge above it is not PCI Express" },
	{ is_recovering, -EBUSY, "it recovers from an error" },
	{ is_asleep, -EBUSY, "it, or a bridge above it, is not in D0" },
	{ has_loud_intx, -EOPNOTSUPP,
	  "it has no MSI-X, and its INTx cannot be disabled" },
	{ has_shutdown, -EOPNOTSUPP, "its driver stops it on reboot" },
};

/**
 * pci_luo_check() - can this function be preserved?
 * @pdev: the function
 *
 * Context: May sleep; the function is in use, so nothing of this changes.
 * Return: 0, or what the table above says, with a line in the log.
 */
int pci_luo_check(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (!refusals[i].applies(pdev))
			continue;
		pci_err(pdev, "live update: cannot be preserved: %s\n",
			refusals[i].why);
		return refusals[i].error;
	}
	return 0;
}
