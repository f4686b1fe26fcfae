/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_PCI_LUO_IN_H
#define _DRIVERS_PCI_LUO_IN_H

#include <linux/kho/abi/pci.h>
#include <linux/types.h>

/**
 * enum pci_luo_state - how far the take-over of a function is
 * @PCI_LUO_RECORDED: It was not found yet.
 * @PCI_LUO_FOUND: It is there, and runs.
 * @PCI_LUO_STOPPED: It is there, or will be; its bus mastering is, or will be,
 *	turned off (F15).
 * @PCI_LUO_DONE: It is an ordinary function again, or gone.
 * @PCI_LUO_LEFT: It was not found, and nobody waits for it any more. If it turns
 *	up, then its bus mastering is turned off; an ordinary function.
 */
enum pci_luo_state {
	PCI_LUO_RECORDED,
	PCI_LUO_FOUND,
	PCI_LUO_STOPPED,
	PCI_LUO_DONE,
	PCI_LUO_LEFT,
};

/**
 * struct pci_luo_in - a function, or bridge, that the previous kernel recorded
 * @ser: the record, checked; does not change
 * @state: protected by pci_luo_in_lock, may be read without
 * @users: of a bridge: functions below that are incoming; as @state
 * @why: why it was stopped before it was found, or NULL
 */
struct pci_luo_in {
	struct pci_luo_fn_ser ser;
	enum pci_luo_state state;
	unsigned int users;
	const char *why;
};

#endif /* _DRIVERS_PCI_LUO_IN_H */
