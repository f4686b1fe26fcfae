/* SPDX-License-Identifier: GPL-2.0 */
/* PCI functions as sysfs and the log of the kernel show them. */
#ifndef LUO_PCI_H
#define LUO_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_NAME	16	/* "0000:01:00.0" */
#define PCI_CONFIG	256

struct function {
	char name[PCI_NAME];
	uint8_t config[PCI_CONFIG];
};

/* The first function with these IDs; -ENOENT if there is none. */
int function_find(uint16_t vendor, uint16_t device, struct function *fn);

/* The bridge above it; -ENOENT on a root bus. */
int function_parent(const struct function *fn, struct function *parent);

/* Read its configuration space. */
int function_read(struct function *fn);

/* The first @size bytes as this kernel found them, of pci=earlydump. */
int function_found(struct function *fn, unsigned int size);

uint16_t function_word(const struct function *fn, unsigned int pos);
uint32_t function_dword(const struct function *fn, unsigned int pos);

/* Where a capability is, 0 if it is not there. */
unsigned int function_cap(const struct function *fn, uint8_t id);

/* The control word of an entry of its MSI-X table; ~0 if it cannot be read. */
uint32_t function_vector_ctrl(const struct function *fn, unsigned int index);

/* For whoever reads QEMU's trace: from here on, or up to here, nobody writes. */
int function_seal(const struct function *fn, bool sealed);

/* The driver that is bound, "" if there is none. */
void function_driver(const struct function *fn, char *name, size_t size);

/* Write to an attribute of it, or of a driver. */
int function_set(const struct function *fn, const char *name, const char *text);
int driver_set(const char *driver, const char *name, const char *text);

#endif /* LUO_PCI_H */
