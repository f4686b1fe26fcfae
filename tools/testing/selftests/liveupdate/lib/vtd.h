/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An Intel IOMMU as debugfs shows it (CONFIG_INTEL_IOMMU_DEBUGFS): what is in its
 * registers, and in the tables that lead to those of a device. The beds have one.
 */
#ifndef LUO_VTD_H
#define LUO_VTD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm.h"

#define VTD_ENTRIES	64

/* A function that is let through, with the numbers in the order of debugfs. */
struct vtd_entry {
	char bdf[VMM_BDF];
	uint64_t context[2];	/* high, low */
	int pasid;		/* -1: the unit is in legacy mode */
	uint64_t pasid_entry[3];
	unsigned int did;	/* the number of its domain */
};

struct vtd_tables {
	uint64_t root;		/* where this kernel has the root table */
	unsigned int nr;
	struct vtd_entry entries[VTD_ENTRIES];
};

/* What K1 puts down for K2. */
struct vtd_note {
	bool seen;
	uint64_t root;
	struct vtd_entry entry;
};

/* If there is a unit that cannot be looked at, then the verdict says so. */
bool vtd_visible(void);

int vtd_register(const char *name, uint64_t *value);
int vtd_read(struct vtd_tables *tables);
const struct vtd_entry *vtd_entry(const struct vtd_tables *tables, const char *bdf);
/* Where its second-stage tables are. */
uint64_t vtd_root(const struct vtd_entry *entry);

/* Old kernel: translation is on for the device. */
void vtd_note(struct vtd_note *note, const char *bdf);
/* New kernel: it is on, for the same tables, until somebody takes the device over. */
void vtd_check(const struct vtd_note *note);
/* Its domain has the number that it had, and no other one has it; or false. */
bool vtd_check_did(const struct vtd_tables *tables, const struct vtd_note *note);

#endif /* LUO_VTD_H */
