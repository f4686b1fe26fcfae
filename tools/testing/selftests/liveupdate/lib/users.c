// SPDX-License-Identifier: GPL-2.0
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "guest.h"
#include "users.h"

#define NOBODY	1000

bool users_become_nobody(void)
{
	return !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	       !setresuid(NOBODY, NOBODY, NOBODY);
}

bool users_become_namespace_root(void)
{
	return !unshare(CLONE_NEWUSER) &&
	       !guest_write("/proc/self/uid_map", "0 0 1") &&
	       !guest_write("/proc/self/setgroups", "deny") &&
	       !guest_write("/proc/self/gid_map", "0 0 1") && !getuid();
}
