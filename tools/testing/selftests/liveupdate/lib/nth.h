/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection: let the nth thing that can fail in a call of this thread
 * fail. Things are allocations, and copies from and to user memory.
 */
#ifndef LUO_NTH_H
#define LUO_NTH_H

#include <stdbool.h>

/* -errno if this kernel does not inject faults. */
int nth_open(void);

/* Do copies of user memory fail, too? They take EFAULT. */
bool nth_has_copies(void);

void nth_set(unsigned int n);

/* Whether the failure asked for came; none is asked for afterwards. */
bool nth_came(void);

/* A call that gives an fd, or 0; and what takes it back, with what it gave. */
struct nth_call {
	int (*call)(void *arg);
	void (*undo)(void *arg, int ret);
	void *arg;
	int error;	/* beside ENOMEM and ENFILE, what a failed allocation may give */
};

/* How many failed: and the call for it, or it got along without. */
struct nth_swept {
	unsigned int allocations;
	unsigned int copies;
	unsigned int spared;
};

/*
 * Let the first thing fail, then the second, and so on until the call has no
 * more of them. What it returns then; -ELOOP if it never comes that far; or an
 * error that the failure does not explain.
 */
int nth_sweep(const struct nth_call *call, struct nth_swept *swept);

/* For calls that give a descriptor, or change nothing. */
void nth_close(void *arg, int fd);
void nth_nothing(void *arg, int ret);

#endif /* LUO_NTH_H */
