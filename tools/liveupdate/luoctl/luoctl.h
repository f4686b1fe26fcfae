/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LUOCTL_H
#define LUOCTL_H

/* Exit statuses. */
enum {
	LUOCTL_OK = 0,
	LUOCTL_REFUSED = 1,
	LUOCTL_TROUBLE = 2,
	LUOCTL_NOT_ASKED = 3,
};

int luoctl_image(int argc, char **argv);

#endif /* LUOCTL_H */
