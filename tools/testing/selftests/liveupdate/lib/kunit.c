// SPDX-License-Identifier: GPL-2.0
/*
 * The results of the KUnit suites that ran while the kernel booted. Each suite
 * has its own in debugfs, as KTAP with a header of its own; here they become the
 * subtests of one report.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "init.h"
#include "story.h"

#define KUNIT_DIR	"/sys/kernel/debug/kunit"
#define MAX_SUITES	64

/* Lines of a suite, without its header; true if its own verdict is "ok". */
static void copy_suite(const char *name, unsigned int number)
{
	static char text[262144];
	char path[512], *line, *save;

	snprintf(path, sizeof(path), KUNIT_DIR "/%s/results", name);
	if (guest_read(path, text, sizeof(text)) <= 0) {
		verdict("not ok %u %s # no results\n", number, name);
		return;
	}
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "KTAP", 4) || !strncmp(line, "1..", 3))
			continue;
		if (!strncmp(line, "ok ", 3))
			verdict("ok %u %s\n", number, name);
		else if (!strncmp(line, "not ok ", 7))
			verdict("not ok %u %s\n", number, name);
		else
			verdict("%s\n", line);
	}
}

/* All that there are, but no more than one too many. */
static unsigned int list_suites(char names[][64])
{
	DIR *dir = opendir(KUNIT_DIR);
	struct dirent *entry;
	unsigned int n = 0;

	if (!dir)
		return 0;
	while (n <= MAX_SUITES && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(names[n++], 64, "%.63s", entry->d_name);
	closedir(dir);
	return n;
}

/* What is wanted and is not there comes out as a suite without results. */
static unsigned int add_missing(char names[][64], unsigned int n, char *wanted)
{
	char *name, *save;
	unsigned int i;

	for (name = strtok_r(wanted, ",", &save); name && n <= MAX_SUITES;
	     name = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < n && strcmp(names[i], name); i++)
			;
		if (i == n)
			snprintf(names[n++], 64, "%s", name);
	}
	return n;
}

void init_kunit(char *wanted)
{
	static char names[MAX_SUITES + 1][64];
	unsigned int i, n;

	n = add_missing(names, list_suites(names), wanted);
	if (n > MAX_SUITES) {
		verdict("Bail out! more than %u suites\n", MAX_SUITES);
		return;
	}
	qsort(names, n, sizeof(names[0]),
	      (int (*)(const void *, const void *))strcmp);
	verdict("KTAP version 1\n1..%u\n", n);
	for (i = 0; i < n; i++)
		copy_suite(names[i], i + 1);
}
