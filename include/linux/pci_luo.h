/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update of PCI functions whose DMA goes on
 *
 * In the old kernel the handler of a file (vfio) preserves a function: the PCI
 * core records it and the bridges above it, and leaves their bus mastering on
 * in the shutdown. In the new kernel the PCI core takes a recorded function as
 * it finds it: it writes nothing that could disturb the DMA, lets only the
 * recorded driver bind, and checks what it finds against the record. That ends
 * with pci_luo_finish().
 *
 * A function "is outgoing" from pci_luo_preserve() to pci_luo_unpreserve() or
 * the jump, and "is incoming" from the scan of its bus to pci_luo_finish(). So
 * are the bridges above one. See Documentation/core-api/liveupdate.rst.
 */
#ifndef _LINUX_PCI_LUO_H
#define _LINUX_PCI_LUO_H

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/pci.h>
#include <linux/types.h>

struct liveupdate_flb;
struct pci_luo_fn_ser;

/* Bits of pci_dev.liveupdate; changed by drivers/pci/pci_luo*.c only. */
#define PCI_LUO_OUTGOING	0
#define PCI_LUO_INCOMING	1
#define PCI_LUO_BRIDGE		2	/* incoming: above a recorded function */
#define PCI_LUO_FAILED		3

/* Is called with the address of a recorded function. */
typedef void (*pci_luo_visit_fn)(u16 segment, u8 bus, u8 devfn);

#ifdef CONFIG_LIVEUPDATE_PCI

/**
 * pci_luo_outgoing() - old kernel: does its DMA go on through the kexec?
 * @pdev: a function or a bridge
 *
 * Context: Any.
 * Return: whether it is preserved, or a bridge above a function that is.
 */
static inline bool pci_luo_outgoing(const struct pci_dev *pdev)
{
	return test_bit(PCI_LUO_OUTGOING, &pdev->liveupdate);
}

/**
 * pci_luo_incoming() - new kernel: did its DMA go on through the kexec?
 * @pdev: a function or a bridge
 *
 * Also true for a function that failed, see pci_luo_failed(): it belongs to its
 * session until that is finished.
 *
 * Context: Any; from the scan of its bus on.
 * Return: whether it is recorded, or a bridge above a function that is, and the
 * take-over has not ended.
 */
static inline bool pci_luo_incoming(const struct pci_dev *pdev)
{
	return test_bit(PCI_LUO_INCOMING, &pdev->liveupdate);
}

/**
 * pci_luo_incoming_fn() - as pci_luo_incoming(), but not of bridges
 * @pdev: a function
 *
 * Context: Any; from the scan of its bus on.
 * Return: whether it is recorded as a function that somebody takes over.
 */
static inline bool pci_luo_incoming_fn(const struct pci_dev *pdev)
{
	return pci_luo_incoming(pdev) &&
	       !test_bit(PCI_LUO_BRIDGE, &pdev->liveupdate);
}

/**
 * pci_luo_failed() - new kernel: was it stopped?
 * @pdev: a function
 *
 * Context: Any.
 * Return: whether it was recorded, but does not fit its record or its IOMMU
 * does not, so that its bus mastering was turned off (F15).
 */
static inline bool pci_luo_failed(const struct pci_dev *pdev)
{
	return test_bit(PCI_LUO_FAILED, &pdev->liveupdate);
}

extern struct liveupdate_flb pci_luo_flb;

int pci_luo_preserve(struct pci_dev *pdev, const char *driver);
void pci_luo_unpreserve(struct pci_dev *pdev);
int pci_luo_freeze(struct pci_dev *pdev);
bool pci_luo_unfreeze(struct pci_dev *pdev);

void pci_luo_early_init(void);
bool pci_luo_any_incoming(void);
const struct pci_luo_fn_ser *pci_luo_find(u16 segment, u8 bus, u8 devfn);
const struct pci_luo_fn_ser *pci_luo_record(struct pci_dev *pdev);
void pci_luo_quiesce(struct pci_dev *pdev, const char *why);
void pci_luo_quiesce_early(u16 segment, u8 bus, u8 devfn, const char *why);
void pci_luo_visit_fns(pci_luo_visit_fn fn);
void pci_luo_finish(struct pci_dev *pdev);

int pci_luo_saved_state_write(struct pci_dev *pdev,
			      struct pci_saved_state *state, void *buf,
			      size_t size);
struct pci_saved_state *pci_luo_saved_state_read(struct pci_dev *pdev,
						 const void *buf, size_t size);

#else /* !CONFIG_LIVEUPDATE_PCI */

static inline bool pci_luo_outgoing(const struct pci_dev *pdev)
{
	return false;
}

static inline bool pci_luo_incoming(const struct pci_dev *pdev)
{
	return false;
}

static inline bool pci_luo_incoming_fn(const struct pci_dev *pdev)
{
	return false;
}

static inline bool pci_luo_failed(const struct pci_dev *pdev)
{
	return false;
}

static inline int pci_luo_preserve(struct pci_dev *pdev, const char *driver)
{
	return -EOPNOTSUPP;
}

static inline void pci_luo_unpreserve(struct pci_dev *pdev)
{
}

static inline int pci_luo_freeze(struct pci_dev *pdev)
{
	return 0;
}

static inline bool pci_luo_unfreeze(struct pci_dev *pdev)
{
	return false;
}

static inline void pci_luo_early_init(void)
{
}

static inline bool pci_luo_any_incoming(void)
{
	return false;
}

static inline const struct pci_luo_fn_ser *pci_luo_find(u16 segment, u8 bus,
							u8 devfn)
{
	return NULL;
}

static inline const struct pci_luo_fn_ser *pci_luo_record(struct pci_dev *pdev)
{
	return NULL;
}

static inline void pci_luo_quiesce(struct pci_dev *pdev, const char *why)
{
}

static inline void pci_luo_quiesce_early(u16 segment, u8 bus, u8 devfn,
					 const char *why)
{
}

static inline void pci_luo_visit_fns(pci_luo_visit_fn fn)
{
}

static inline void pci_luo_finish(struct pci_dev *pdev)
{
}

#endif /* CONFIG_LIVEUPDATE_PCI */
#endif /* _LINUX_PCI_LUO_H */
