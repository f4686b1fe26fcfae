// SPDX-License-Identifier: GPL-2.0-only
/* luoctl: look at live updates from a shell. See luoctl.8. */
#include <stdio.h>
#include <string.h>

#include "luoctl.h"

static const struct command {
	const char *name;
	const char *args;
	const char *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "image", "FILE", "what a kernel image can read, and whether an update into it would work",
	  luoctl_image },
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	unsigned int i;

	fprintf(out, "usage: luoctl COMMAND [ARGUMENT]...\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %s %s\n        %s\n", commands[i].name,
			commands[i].args, commands[i].what);
	fprintf(out, "\nExit status: %d yes; %d the update would be refused; %d wrong usage, or no such\n"
		"image; %d yes as far as the image goes, this kernel could not be asked.\n",
		LUOCTL_OK, LUOCTL_REFUSED, LUOCTL_TROUBLE, LUOCTL_NOT_ASKED);
	return out == stderr ? LUOCTL_TROUBLE : LUOCTL_OK;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return usage(stdout);
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return usage(stderr);
}
