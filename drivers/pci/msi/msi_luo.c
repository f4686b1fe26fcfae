// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a PCI function whose DMA goes on over a kexec
 *
 * From freeze to the day somebody in the new kernel sets them up, no interrupt
 * may leave the function: nobody is there to take it. With MSI-X, and with MSI
 * that has mask bits, it becomes pending, and is delivered once it is unmasked.
 *
 * MSI-X gets both masks. While the function is masked nothing leaves, whatever
 * happens to single vectors; that each vector is masked too keeps the new
 * kernel from unmasking one before it has somewhere to go.
 */
#include <linux/bitmap.h>
#include <linux/pci.h>

#include "../pci.h"
#include "../pci_luo.h"
#include "msi.h"

/**
 * pci_msi_luo_prepare() - get ready for pci_msi_luo_mask()
 * @pdev: the function
 * @masks: out: zeroed, with room for the vectors; free @masks->vectors
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int pci_msi_luo_prepare(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	int nr = pci_msix_vec_count(pdev);

	memset(masks, 0, sizeof(*masks));
	if (nr <= 0)
		return 0;
	masks->vectors = bitmap_zalloc(nr, GFP_KERNEL);
	if (!masks->vectors)
		return -ENOMEM;
	masks->nr_vectors = nr;
	return 0;
}

static bool set_word(struct pci_dev *pdev, int pos, u16 clear, u16 set)
{
	u16 old, new;

	pci_read_config_word(pdev, pos, &old);
	new = (old & ~clear) | set;
	if (new != old)
		pci_write_config_word(pdev, pos, new);
	return new != old;
}

static void __iomem *vector_ctrl(struct pci_dev *pdev, unsigned int index)
{
	return pdev->msix_base + index * PCI_MSIX_ENTRY_SIZE +
	       PCI_MSIX_ENTRY_VECTOR_CTRL;
}

/* So that whoever writes a vector writes its mask bit as we left it. */
static void vectors_update_cache(struct pci_dev *pdev,
				 const unsigned long *vectors, u32 clear,
				 u32 set)
{
	struct msi_desc *desc;

	guard(msi_descs_lock)(&pdev->dev);
	msi_for_each_desc(desc, &pdev->dev, MSI_DESC_ALL) {
		if (desc->pci.msi_attrib.is_virtual ||
		    !test_bit(desc->msi_index, vectors))
			continue;
		desc->pci.msix_ctrl &= ~clear;
		desc->pci.msix_ctrl |= set;
	}
}

/* The table answers only where memory decoding is on, which is the user's. */
static bool table_on(struct pci_dev *pdev)
{
	return set_word(pdev, PCI_COMMAND, 0, PCI_COMMAND_MEMORY);
}

static void table_off(struct pci_dev *pdev)
{
	set_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0);
}

static void vectors_mask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	bool was_off = table_on(pdev);
	unsigned int i;
	u32 ctrl;

	for (i = 0; i < masks->nr_vectors; i++) {
		ctrl = readl(vector_ctrl(pdev, i));
		if (ctrl & PCI_MSIX_ENTRY_CTRL_MASKBIT)
			continue;
		__set_bit(i, masks->vectors);
		writel(ctrl | PCI_MSIX_ENTRY_CTRL_MASKBIT,
		       vector_ctrl(pdev, i));
	}
	readl(pdev->msix_base); /* the writes have arrived */
	if (was_off)
		table_off(pdev);
	vectors_update_cache(pdev, masks->vectors, 0,
			     PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static void vectors_unmask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	bool was_off = table_on(pdev);
	unsigned int i;

	vectors_update_cache(pdev, masks->vectors, PCI_MSIX_ENTRY_CTRL_MASKBIT,
			     0);
	for_each_set_bit(i, masks->vectors, masks->nr_vectors)
		writel(readl(vector_ctrl(pdev, i)) &
		       ~PCI_MSIX_ENTRY_CTRL_MASKBIT, vector_ctrl(pdev, i));
	readl(pdev->msix_base);
	if (was_off)
		table_off(pdev);
	bitmap_zero(masks->vectors, masks->nr_vectors);
}

/* Without a table of ours the old kernel masked it for us, or never used it. */
static void msix_mask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	masks->maskall = set_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, 0,
				  PCI_MSIX_FLAGS_MASKALL);
	if (pdev->msix_base && masks->vectors &&
	    !liveupdate_gate_off(LIVEUPDATE_GATE_VECTOR_MASK))
		vectors_mask(pdev, masks);
}

/* Where there are no mask bits, what comes up until it is enabled is lost. */
static void msi_mask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	struct msi_desc *desc;

	guard(msi_descs_lock)(&pdev->dev);
	desc = msi_first_desc(&pdev->dev, MSI_DESC_ALL);
	if (desc && desc->pci.msi_attrib.can_mask) {
		masks->msi_mask = msi_multi_mask(desc) & ~desc->pci.msi_mask;
		pci_msi_mask(desc, masks->msi_mask);
		return;
	}
	masks->intx_off = set_word(pdev, PCI_COMMAND, 0,
				   PCI_COMMAND_INTX_DISABLE);
	masks->msi_off = set_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS,
				  PCI_MSI_FLAGS_ENABLE, 0);
}

static void msi_unmask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	struct msi_desc *desc;

	guard(msi_descs_lock)(&pdev->dev);
	desc = msi_first_desc(&pdev->dev, MSI_DESC_ALL);
	if (desc && masks->msi_mask)
		pci_msi_unmask(desc, masks->msi_mask);
	masks->msi_mask = 0;
	if (masks->msi_off)
		set_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, 0,
			 PCI_MSI_FLAGS_ENABLE);
	masks->msi_off = false;
}

/**
 * pci_msi_luo_mask() - let no interrupt leave a function
 * @pdev: the function
 * @masks: out: what was changed
 *
 * Context: May sleep. Nobody else sets interrupts of @pdev up or tears them
 * down, or changes its command register. Does not allocate.
 */
void pci_msi_luo_mask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	if (pdev->msix_enabled)
		msix_mask(pdev, masks);
	else if (pdev->msi_enabled)
		msi_mask(pdev, masks);
	else
		masks->intx_off = set_word(pdev, PCI_COMMAND, 0,
					   PCI_COMMAND_INTX_DISABLE);
}

/**
 * pci_msi_luo_unmask() - take pci_msi_luo_mask() back
 * @pdev: the function
 * @masks: what that one changed
 *
 * Context: as pci_msi_luo_mask().
 */
void pci_msi_luo_unmask(struct pci_dev *pdev, struct pci_luo_masks *masks)
{
	if (pdev->msix_enabled && pdev->msix_base && masks->vectors)
		vectors_unmask(pdev, masks);
	if (masks->maskall)
		set_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
			 PCI_MSIX_FLAGS_MASKALL, 0);
	masks->maskall = false;
	if (pdev->msi_enabled)
		msi_unmask(pdev, masks);
	if (masks->intx_off)
		set_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 0);
	masks->intx_off = false;
}
