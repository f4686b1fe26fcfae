// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "guest.h"
#include "levels.h"
#include "story.h"

#define DOMAINS_USED	"/sys/class/iommu/dmar0/intel-iommu/domains_used"

static const struct {
	const char *name;
	unsigned int slack;	/* beside the hundredth */
} levels[NR_LEVELS] = {
	[FREE]		= { "MemFree", 0 },
	[SLAB]		= { "Slab", 512 },
	[SHMEM]		= { "Shmem", 0 },
	[PINNED]	= { "pins", 0 },
	[PRESERVED]	= { "preserved pages", 0 },
	[TRACKER]	= { "tracker pages", 4 },
	[IOMMU]		= { "pages of IOMMUs", 0 },
	[TABLES]	= { "pages of second level tables", 0 },
	[DOMAINS]	= { "domains of IOMMUs", 0 },
};

/* 0: this kernel has none of it */
static unsigned long vm_counter(const char *name)
{
	static char text[16384];
	char *line;

	require(guest_read("/proc/vmstat", text, sizeof(text)) > 0);
	line = strstr(text, name);
	return line ? strtoul(line + strlen(name), NULL, 10) : 0;
}

/* Of the first unit of VT-d; the driver of others does not tell. */
static unsigned long domains(void)
{
	char text[32];

	if (guest_read(DOMAINS_USED, text, sizeof(text)) < 0)
		return 0;
	return strtoul(text, NULL, 10);
}

void levels_get(struct levels *now)
{
	uint32_t *value = now->value;
	struct counters c;

	guest_write("/proc/sys/vm/drop_caches", "3");
	counters_get(&c);
	value[FREE] = meminfo_kb("MemFree");
	value[SLAB] = meminfo_kb("Slab");
	value[SHMEM] = c.shmem_kb;
	value[PINNED] = vm_counter("nr_foll_pin_acquired ") - vm_counter("nr_foll_pin_released ");
	value[PRESERVED] = c.preserved_pages;
	value[TRACKER] = c.tracker_nodes;
	value[IOMMU] = vm_counter("nr_iommu_pages ");
	value[TABLES] = vm_counter("nr_sec_page_table_pages ");
	value[DOMAINS] = domains();
	story_log("MemFree %u kB, Slab %u kB, Shmem %u kB", value[FREE], value[SLAB],
		  value[SHMEM]);
	story_log("%u pins, %u pages preserved, %u to track them", value[PINNED],
		  value[PRESERVED], value[TRACKER]);
	story_log("%u pages of IOMMUs, %u of second level tables, %u domains", value[IOMMU],
		  value[TABLES], value[DOMAINS]);
}

void levels_check(const struct levels *then, const struct levels *now,
		  unsigned int free_slack_kb)
{
	unsigned int i, slack;
	uint32_t a, b;

	if (access(GUEST_IMAGE, F_OK))
		return;
	for (i = 0; i < NR_LEVELS; i++) {
		a = then->value[i];
		b = now->value[i];
		slack = i == FREE ? free_slack_kb : levels[i].slack;
		check(labs((long)b - (long)a) <= a / 100 + slack,
		      "%s: %u, was %u", levels[i].name, b, a);
	}
}

void levels_check_iommu(const struct levels *first, const struct levels *now)
{
	unsigned int i;

	for (i = IOMMU; i <= DOMAINS; i++)
		check(now->value[i] == first->value[i], "%s: %u, in the first kernel %u",
		      levels[i].name, now->value[i], first->value[i]);
}
