/* SPDX-License-Identifier: GPL-2.0 */
/* What the uAPI tests share: raw calls, and the fixture's counters. */
#ifndef LUO_UAPI_H
#define LUO_UAPI_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "../../kselftest_harness.h"
#include "../lib/counters.h"
#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

/* Free memory that a test may seem to have lost to caches of the kernel. */
#define SLACK_KB	(16 * 1024)

/* An ioctl with any argument; -errno or what it returned. */
static inline int raw_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* Two pages of which the second is not there; the last len bytes before it. */
static inline void *edge_of_memory(size_t len)
{
	char *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(mem + PAGE, PAGE);
	return mem + PAGE - len;
}

static inline int drop_cap(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[cap / 32].effective &= ~(1u << (cap % 32));
	data[cap / 32].permitted &= ~(1u << (cap % 32));
	data[cap / 32].inheritable &= ~(1u << (cap % 32));
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* Run fn in a child and give its exit status; -1 if a signal ended it. */
static inline int in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif /* LUO_UAPI_H */
