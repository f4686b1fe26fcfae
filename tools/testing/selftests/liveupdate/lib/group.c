// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "guest.h"
#include "luo.h"
#include "story.h"

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/small"

bool group_make(const char *limit)
{
	guest_write(ROOT "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	return !guest_write(GROUP "/memory.max", limit);
}

static void attempt(int session, uint64_t token)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (guest_write(GROUP "/cgroup.procs", pid))
		_exit(3);
	_exit(luo_get(session, token) < 0 ? 0 : 1);
}

void group_retrieve(int session, uint64_t token)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		attempt(session, token);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) || !status, "status %#x", status);
}

long group_current(void)
{
	char text[64] = "-1";

	guest_read(GROUP "/memory.current", text, sizeof(text));
	return atol(text);
}
