/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that are less than root. */
#ifndef LUO_USERS_H
#define LUO_USERS_H

#include <stdbool.h>

/* Some user, without a capability, with the descriptors that it was born with. */
bool users_become_nobody(void);

/*
 * Root, with every capability, of a user namespace in which it is the only user.
 * False if this kernel has no such namespaces.
 */
bool users_become_namespace_root(void);

#endif /* LUO_USERS_H */
