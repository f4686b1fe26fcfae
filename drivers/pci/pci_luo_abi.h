/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PCI_LUO_ABI_H
#define _PCI_LUO_ABI_H

#include <linux/crc32.h>
#include <linux/kho/abi/pci.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* Records in a page. */
#define PCI_LUO_BLOCK_CAPACITY						\
	((unsigned int)((PAGE_SIZE - sizeof(struct pci_luo_block_ser)) / \
			sizeof(struct pci_luo_fn_ser)))

/**
 * struct pci_luo_diff - a register that is not as it was recorded
 * @name: of the register, in words
 * @was: recorded
 * @is: found
 * @fatal: the function cannot go on with it (F15)
 */
struct pci_luo_diff {
	const char *name;
	u32 was;
	u32 is;
	bool fatal;
};

static inline struct pci_luo_fn_ser *
pci_luo_block_record(struct pci_luo_block_ser *block, unsigned int index)
{
	return (struct pci_luo_fn_ser *)(block + 1) + index;
}

void pci_luo_block_seal(struct pci_luo_block_ser *block, unsigned int count,
			unsigned int total, u64 next_pa);
int pci_luo_block_check(const struct pci_luo_block_ser *block);

void pci_luo_fn_seal(struct pci_luo_fn_ser *ser);
int pci_luo_fn_check(const struct pci_luo_fn_ser *ser);

bool pci_luo_fn_is(const struct pci_luo_fn_ser *ser, u16 segment, u8 bus,
		   u8 devfn);
bool pci_luo_fn_same_model(const struct pci_luo_fn_ser *ser, u16 vendor,
			   u16 device, u32 class_rev, u8 hdr_type);
bool pci_luo_fn_next_diff(const struct pci_luo_fn_ser *was,
			  const struct pci_luo_fn_ser *is, unsigned int *pos,
			  struct pci_luo_diff *diff);
bool pci_luo_fn_masks(const struct pci_luo_fn_ser *ser, const u32 *bars,
		      unsigned int nr, u32 *masks);

#endif /* _PCI_LUO_ABI_H */
