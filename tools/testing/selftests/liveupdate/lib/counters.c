// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "guest.h"
#include "story.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define KHO_STATE	"/sys/kernel/debug/kho/out/state"
#define KHO_STATE_IN	"/sys/kernel/debug/kho/in/state"

/* The number after NAME in a text of lines "NAME: number". */
static long number_of(const char *path, const char *name)
{
	static char text[16384];
	size_t len = strlen(name);
	char *line;

	if (guest_read(path, text, sizeof(text)) < 0)
		return -1;
	for (line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtol(line + len + 1, NULL, 0);
	}
	return -1;
}

long meminfo_kb(const char *name)
{
	return number_of("/proc/meminfo", name);
}

long pages_waiting(void)
{
	return number_of(KHO_STATE_IN, "preserved_pages");
}

void counters_get(struct counters *c)
{
	memset(c, 0, sizeof(*c));
	guest_write("/proc/sys/vm/stat_refresh", "1");
	c->free_kb = meminfo_kb("MemAvailable");
	c->unevictable_kb = meminfo_kb("Unevictable");
	c->shmem_kb = meminfo_kb("Shmem");
	c->preserved_pages = number_of(KHO_STATE, "preserved_pages");
	c->tracker_nodes = number_of(KHO_STATE, "tracker_pages");
	c->pinned_kb = number_of("/proc/self/status", "VmPin");
}

/* Files and pages that a process held go a little after it does. */
static bool settled(const struct counters *before, struct counters *now, long slack)
{
	counters_get(now);
	return now->shmem_kb == before->shmem_kb &&
	       now->preserved_pages == before->preserved_pages &&
	       now->tracker_nodes == before->tracker_nodes &&
	       now->unevictable_kb == before->unevictable_kb &&
	       now->free_kb >= before->free_kb - slack;
}

/* KASAN keeps what was freed in a quarantine; there, kmemleak looks for leaks. */
static long quarantine_kb(void)
{
	return access(KMEMLEAK, F_OK) ? 0 : meminfo_kb("MemTotal") / 32;
}

void counters_check(const struct counters *before, long slack_kb)
{
	struct counters now;
	int tries;

	slack_kb += quarantine_kb();
	for (tries = 0; tries < 100 && !settled(before, &now, slack_kb); tries++)
		usleep(20000);
	check(now.shmem_kb == before->shmem_kb, "Shmem %ld kB, was %ld kB",
	      now.shmem_kb, before->shmem_kb);
	check(now.preserved_pages == before->preserved_pages,
	      "%ld pages preserved, was %ld", now.preserved_pages,
	      before->preserved_pages);
	check(now.tracker_nodes == before->tracker_nodes,
	      "%ld tracker pages, was %ld", now.tracker_nodes,
	      before->tracker_nodes);
	check(now.unevictable_kb == before->unevictable_kb,
	      "Unevictable %ld kB, was %ld kB", now.unevictable_kb,
	      before->unevictable_kb);
	check(now.pinned_kb == before->pinned_kb, "VmPin %ld kB, was %ld kB",
	      now.pinned_kb, before->pinned_kb);
	check(now.free_kb >= before->free_kb - slack_kb,
	      "%ld kB available, was %ld kB", now.free_kb, before->free_kb);
}
