// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay CORPUS...: gives each line to the fuzz target, and prints KTAP. A bad one
 * ends the program in the middle, and with a report of a sanitizer. From a "#" on
 * a line is a comment.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define MAX_INPUT	(FUZZ_MAX_EDITS * sizeof(struct fuzz_edit))

static size_t parse(const char *line, u8 *input)
{
	size_t len = 0;
	int used;

	while (len < MAX_INPUT && sscanf(line, "%2hhx%n", &input[len], &used) == 1) {
		line += used;
		len++;
	}
	return len;
}

/* An allocation of just this size, so that reading beyond it shows. */
static void replay(const char *line)
{
	u8 input[MAX_INPUT], *copy;
	size_t len = parse(line, input);

	copy = malloc(len);
	memcpy(copy, input, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay_file(const char *path)
{
	char line[2 * MAX_INPUT + 128];
	FILE *corpus = fopen(path, "r");
	int nr = 0;

	while (corpus && fgets(line, sizeof(line), corpus)) {
		/* seen if this is the one that ends the program */
		fprintf(stderr, "# %s:%d: %s", path, ++nr, line);
		replay(line);
	}
	if (corpus)
		fclose(corpus);
	return nr;
}

int main(int argc, char **argv)
{
	int i, nr, failed = 0;

	printf("KTAP version 1\n1..%d\n", argc - 1);
	for (i = 1; i < argc; i++) {
		nr = replay_file(argv[i]);
		printf("%sok %d fuzz.%s: %d inputs\n", nr ? "" : "not ", i, argv[i], nr);
		failed += !nr;
	}
	return failed || argc < 2 ? 1 : 0;
}
