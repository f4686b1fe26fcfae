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
	{ }
};

static int usage(FILE *out)
{
	const struct command *c;

	fprintf(out, "usage: luoctl COMMAND [ARGUMENT]...\n\n");
	for (c = commands; c->name; c++)
		fprintf(out, "  %s %s\n        %s\n", c->name, c->args, c->what);
	fprintf(out, "\nExit status: %d yes; %d the update would be refused; %d wrong usage,\n"
		"or no such image; %d the image can be read, this kernel could not be asked.\n",
		LUOCTL_OK, LUOCTL_REFUSED, LUOCTL_TROUBLE, LUOCTL_NOT_ASKED);
	return out == stderr ? LUOCTL_TROUBLE : LUOCTL_OK;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return usage(stdout);
	for (c = commands; c->name; c++)
		if (!strcmp(argv[1], c->name))
			return c->run(argc - 1, argv + 1);
	return usage(stderr);
}
