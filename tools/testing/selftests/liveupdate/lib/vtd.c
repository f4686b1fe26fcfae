// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "story.h"
#include "vtd.h"

#define UNIT		"/sys/class/iommu/dmar0"
#define DEBUGFS		"/sys/kernel/debug/iommu/intel/"
#define PAGE_MASK	(~0xfffULL)

#define GSTS_TES	0x80000000U	/* translation is on */
#define GSTS_IRES	0x02000000U	/* interrupt remapping is on */
#define GSTS_CFIS	0x00800000U	/* messages in compatibility format pass */

static char text[65536];

bool vtd_visible(void)
{
	if (!access(DEBUGFS, F_OK))
		return true;
	if (!access(UNIT, F_OK))
		story_log("nobody looked at the IOMMU: it is not in debugfs # SKIP");
	return false;
}

static int read_text(const char *name)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), DEBUGFS "%s", name);
	ret = guest_read(path, text, sizeof(text));
	if (ret < 0)
		return ret;
	return ret == sizeof(text) - 1 ? -EOVERFLOW : 0;
}

/* "NAME   OFFSET   VALUE", of the first unit. */
int vtd_register(const char *name, uint64_t *value)
{
	int ret = read_text("iommu_regset");
	char *line, *save, word[32];

	if (ret)
		return ret;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%31s %*x %lx", word, value) == 2 &&
		    !strcmp(word, name))
			return 0;
	return -ENOENT;
}

/* "B:D.F   ROOT   CONTEXT   PASID   ENTRY", each entry as numbers with colons. */
static bool parse_entry(const char *line, struct vtd_entry *entry)
{
	uint64_t *context = entry->context, *pasid = entry->pasid_entry;
	unsigned int bus, slot, function;

	if (sscanf(line, "%x:%x.%x %*x:%*x %lx:%lx %d %lx:%lx:%lx",
		   &bus, &slot, &function, &context[0], &context[1],
		   &entry->pasid, &pasid[0], &pasid[1], &pasid[2]) != 9)
		return false;
	snprintf(entry->bdf, sizeof(entry->bdf), "0000:%02x:%02x.%x", bus & 0xff,
		 slot & 0x1f, function & 7);
	entry->did = (entry->pasid < 0 ? context[0] >> 8 : pasid[1]) & 0xffff;
	return true;
}

int vtd_read(struct vtd_tables *tables)
{
	int ret = read_text("dmar_translation_struct");
	char *line, *save;

	tables->root = 0;
	tables->nr = 0;
	if (ret)
		return ret;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (tables->nr == VTD_ENTRIES)
			return -EOVERFLOW;
		if (parse_entry(line, &tables->entries[tables->nr]))
			tables->nr++;
		else if (!tables->root)
			sscanf(line, "IOMMU %*s Root Table Address: %lx", &tables->root);
	}
	return tables->root ? 0 : -ENODEV;
}

const struct vtd_entry *vtd_entry(const struct vtd_tables *tables, const char *bdf)
{
	unsigned int i;

	for (i = 0; i < tables->nr; i++)
		if (!strcmp(tables->entries[i].bdf, bdf) && tables->entries[i].pasid <= 0)
			return &tables->entries[i];
	return NULL;
}

uint64_t vtd_root(const struct vtd_entry *entry)
{
	return (entry->pasid < 0 ? entry->context[1] : entry->pasid_entry[2]) & PAGE_MASK;
}

/* The unit works, with the root table of this kernel. */
static void check_unit(struct vtd_tables *tables)
{
	uint64_t status = 0, rtaddr = 0;

	check_ret(vtd_register("GSTS", &status), 0);
	check(status & GSTS_TES, "translation is off: %#lx", status);
	check(status & GSTS_IRES, "interrupt remapping is off: %#lx", status);
	check(!(status & GSTS_CFIS), "compatibility format is on: %#lx", status);
	check_ret(vtd_register("RTADDR", &rtaddr), 0);
	check_ret(vtd_read(tables), 0);
	check((rtaddr & PAGE_MASK) == tables->root,
	      "its root table is at %#lx, ours at %#lx", rtaddr, tables->root);
}

void vtd_note(struct vtd_note *note, const char *bdf)
{
	const struct vtd_entry *entry;
	struct vtd_tables tables;

	note->seen = false;
	if (!vtd_visible())
		return;
	check_unit(&tables);
	entry = vtd_entry(&tables, bdf);
	if (!check(entry, "%s is not let through", bdf))
		return;
	note->root = tables.root;
	note->entry = *entry;
	note->seen = true;
}

/* Of the second-stage tables: where they are, and all that is said about them. */
static void check_same(const struct vtd_entry *was, const struct vtd_entry *now)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		check(now->context[i] == was->context[i], "context entry: %#lx, not %#lx",
		      now->context[i], was->context[i]);
	check(now->pasid == was->pasid, "PASID %d, not %d", now->pasid, was->pasid);
	for (i = 0; i < 3; i++)
		check(now->pasid_entry[i] == was->pasid_entry[i], "PASID entry: %#lx, not %#lx",
		      now->pasid_entry[i], was->pasid_entry[i]);
}

void vtd_check(const struct vtd_note *note)
{
	const char *bdf = note->entry.bdf;
	const struct vtd_entry *now;
	struct vtd_tables tables;

	if (!note->seen || !check(!access(UNIT, F_OK), "K1 had an IOMMU") || !vtd_visible())
		return;
	check_unit(&tables);
	check(tables.root != note->root, "the root table is still that of K1");
	now = vtd_entry(&tables, bdf);
	if (check(now, "%s is not let through", bdf))
		check_same(&note->entry, now);
	vtd_check_did(&tables, note);
}

bool vtd_check_did(const struct vtd_tables *tables, const struct vtd_note *note)
{
	const char *bdf = note->entry.bdf;
	unsigned int did = note->entry.did, i;
	const struct vtd_entry *entry;
	bool good = true, own = false;

	for (i = 0; i < tables->nr; i++) {
		entry = &tables->entries[i];
		if (entry->did != did)
			continue;
		if (!strcmp(entry->bdf, bdf))
			own = true;
		else
			good = check(false, "%s has the number %u, too", entry->bdf, did);
	}
	return check(own, "%s does not have the number %u", bdf, did) && good;
}
