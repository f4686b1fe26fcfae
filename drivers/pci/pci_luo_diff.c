// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of preserved PCI functions: compare
 *
 * Pure, and built for userspace too, as pci_luo_abi.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "pci_luo_abi.h"

/* Bus Master Enable, as in <linux/pci_regs.h>, which userspace has not. */
#define COMMAND_MASTER		0x0004

#define REG(field, bits, name, fatal)					\
	{ offsetof(struct pci_luo_fn_ser, field),			\
	  sizeof_field(struct pci_luo_fn_ser, field), fatal, bits, name }

/*
 * What is compared. Fatal is what DMA or its translation depends on, or says
 * that this is not the function that was recorded. Bits that a kernel changes
 * in its shutdown, or hardware by itself, are left out.
 */
static const struct {
	u16 offset;
	u8 size;
	bool fatal;
	u32 bits;
	const char *name;
} regs[] = {
	REG(vendor, ~0U, "vendor ID", true),
	REG(device, ~0U, "device ID", true),
	REG(class_rev, ~0U, "class code and revision", true),
	REG(hdr_type, ~0U, "header type", true),
	REG(subsystem_vendor, ~0U, "subsystem vendor ID", true),
	REG(subsystem_device, ~0U, "subsystem ID", true),
	REG(exp_cap, ~0U, "place of the PCI Express capability", true),
	REG(buses, ~0U, "bus numbers", true),
	REG(command, COMMAND_MASTER, "bus mastering", true),
	REG(acs_cap, ~0U, "place of the ACS capability", true),
	REG(acs_ctrl, ~0U, "ACS control", true),
	REG(bars[0], ~0U, "BAR 0", true),
	REG(bars[1], ~0U, "BAR 1", true),
	REG(bars[2], ~0U, "BAR 2", true),
	REG(bars[3], ~0U, "BAR 3", true),
	REG(bars[4], ~0U, "BAR 4", true),
	REG(bars[5], ~0U, "BAR 5", true),
	REG(io_window, 0xffff, "I/O window", true),
	REG(io_upper, ~0U, "upper half of the I/O window", true),
	REG(mem_window, ~0U, "memory window", true),
	REG(pref_window, ~0U, "prefetchable window", true),
	REG(pref_base_upper, ~0U, "upper base of the prefetchable window", true),
	REG(pref_limit_upper, ~0U, "upper limit of the prefetchable window",
	    true),
	/* All but the reporting of errors and a reset. */
	REG(devctl, 0x7ff0, "device control", false),
	REG(devctl2, ~0U, "device control 2", false),
	/* All but the interrupts of a link that changes its width. */
	REG(lnkctl, 0xf3ff, "link control", false),
	REG(lnkctl2, ~0U, "link control 2", false),
	/* Speed and width. */
	REG(lnksta, 0x03ff, "link status", false),
	REG(ptm_ctrl, ~0U, "PTM control", false),
};

static u32 reg_value(const struct pci_luo_fn_ser *ser, unsigned int i)
{
	const u8 *p = (const u8 *)ser + regs[i].offset;
	u32 value32;
	u16 value16;

	switch (regs[i].size) {
	case 1:
		return *p & regs[i].bits;
	case 2:
		memcpy(&value16, p, sizeof(value16));
		return value16 & regs[i].bits;
	default:
		memcpy(&value32, p, sizeof(value32));
		return value32 & regs[i].bits;
	}
}

/**
 * pci_luo_fn_next_diff() - find what is not as it was recorded
 * @was: the record
 * @is: what is there, in the form of a record
 * @pos: where to begin, 0 at first; set to where to go on
 * @diff: out: the register
 *
 * Context: Any.
 * Return: true, or false if there is nothing more.
 */
bool pci_luo_fn_next_diff(const struct pci_luo_fn_ser *was,
			  const struct pci_luo_fn_ser *is, unsigned int *pos,
			  struct pci_luo_diff *diff)
{
	unsigned int i;

	for (i = *pos; i < ARRAY_SIZE(regs); i++) {
		diff->name = regs[i].name;
		diff->fatal = regs[i].fatal;
		diff->was = reg_value(was, i);
		diff->is = reg_value(is, i);
		if (diff->was == diff->is)
			continue;
		*pos = i + 1;
		return true;
	}
	*pos = i;
	return false;
}
