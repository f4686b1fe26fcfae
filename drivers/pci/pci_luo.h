/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update of PCI functions: what the PCI core calls
 */
#ifndef _DRIVERS_PCI_LUO_H
#define _DRIVERS_PCI_LUO_H

#include <linux/liveupdate_gates.h>
#include <linux/pci_luo.h>

/**
 * struct pci_luo_masks - what freeze masked, and unfreeze unmasks
 * @vectors: a bit for each entry of the MSI-X table
 * @nr_vectors: size of the table
 * @msi_mask: bits of the MSI mask register
 * @maskall: MSI-X: the function was masked
 * @msi_off: MSI, which cannot be masked there, was disabled
 * @intx_off: INTx was disabled
 */
struct pci_luo_masks {
	unsigned long *vectors;
	unsigned int nr_vectors;
	u32 msi_mask;
	bool maskall;
	bool msi_off;
	bool intx_off;
};

#ifdef CONFIG_LIVEUPDATE_PCI

/* Old kernel */
extern struct mutex pci_luo_out_lock;
bool pci_luo_has_pages(void);
struct pci_luo_fn_ser *pci_luo_slot_record(unsigned int slot);
void pci_luo_pages_seal(void);
int pci_luo_slot_add(unsigned int *slot);
unsigned int pci_luo_slot_del(unsigned int slot);
void pci_luo_fill(struct pci_dev *pdev, struct pci_luo_fn_ser *ser);
int pci_luo_check(struct pci_dev *pdev);
bool pci_luo_lock(struct pci_dev *pdev);
int pci_msi_luo_prepare(struct pci_dev *pdev, struct pci_luo_masks *masks);
void pci_msi_luo_mask(struct pci_dev *pdev, struct pci_luo_masks *masks);
void pci_msi_luo_unmask(struct pci_dev *pdev, struct pci_luo_masks *masks);

/* New kernel */
struct pci_luo_in;
unsigned int pci_luo_in_nr(void);
struct pci_luo_in *pci_luo_in_get(unsigned int index);
bool pci_luo_records_lost(void);
void pci_luo_records_free(u64 head_pa);

void pci_luo_bridges_get(struct pci_dev *pdev);
void pci_luo_set_fixed(struct pci_dev *pdev, bool fixed);

void pci_luo_setup(struct pci_dev *pdev);
bool pci_luo_size_bars(struct pci_dev *pdev, unsigned int nr, u32 *sizes,
		       u32 *rom_size);
bool pci_luo_pref_64(struct pci_dev *bridge, u32 *upper);
int pci_luo_intx_mask_broken(struct pci_dev *pdev);
void pci_luo_device_add(struct pci_dev *pdev);
void pci_luo_verify(struct pci_dev *pdev);
void pci_luo_remove(struct pci_dev *pdev);
void pci_luo_stop_left(void);

#else /* !CONFIG_LIVEUPDATE_PCI */

static inline void pci_luo_setup(struct pci_dev *pdev) { }
static inline bool pci_luo_size_bars(struct pci_dev *pdev, unsigned int nr,
				     u32 *sizes, u32 *rom_size)
{
	return false;
}

static inline bool pci_luo_pref_64(struct pci_dev *bridge, u32 *upper)
{
	return false;
}

static inline int pci_luo_intx_mask_broken(struct pci_dev *pdev)
{
	return 0;
}

static inline void pci_luo_device_add(struct pci_dev *pdev) { }
static inline void pci_luo_verify(struct pci_dev *pdev) { }
static inline void pci_luo_remove(struct pci_dev *pdev) { }

#endif /* CONFIG_LIVEUPDATE_PCI */

/* Old kernel: does bus mastering stay on? */
static inline bool pci_luo_keeps_master(const struct pci_dev *pdev)
{
	return pci_luo_outgoing(pdev) &&
	       !liveupdate_gate_off(LIVEUPDATE_GATE_BUS_MASTER);
}

/* New kernel: does a function, or a bridge, stay as it is in this respect? */
static inline bool pci_luo_inherits(const struct pci_dev *pdev,
				    enum liveupdate_gate gate)
{
	return pci_luo_incoming(pdev) && !liveupdate_gate_off(gate);
}

/* The same for what is no business of the bridges. */
static inline bool pci_luo_inherits_fn(const struct pci_dev *pdev,
				       enum liveupdate_gate gate)
{
	return pci_luo_incoming_fn(pdev) && !liveupdate_gate_off(gate);
}

/* New kernel: do all bridges keep their bus numbers? */
static inline bool pci_luo_inherits_buses(void)
{
	return pci_luo_any_incoming() &&
	       !liveupdate_gate_off(LIVEUPDATE_GATE_BUSNR);
}

#endif /* _DRIVERS_PCI_LUO_H */
