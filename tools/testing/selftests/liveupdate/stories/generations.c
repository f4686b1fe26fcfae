// SPDX-License-Identifier: GPL-2.0
/* K1 to K11 with the same memfd, which grows in each of them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x6006
#define KERNELS	11

static void check_all(int fd, unsigned int parts)
{
	unsigned int i;

	for (i = 0; i < parts; i++)
		check_ret(data_check(fd, SEED + i, i * MiB, MiB), 0);
}

static void generation(void)
{
	unsigned int n = story_stage();
	int session, fd;

	if (n) {
		session = require_fd(luo_retrieve("generations"));
		fd = require_fd(luo_get(session, n - 1));
		check(lseek(fd, 0, SEEK_CUR) == (off_t)n, "position");
		check_all(fd, n);
		check_ret(luo_finish(session), 0);
		close(session);
		check(!ftruncate(fd, (n + 1) * MiB));
	} else {
		fd = require_fd(data_memfd_sparse("generations", 0, MiB));
	}
	check_ret(data_write(fd, SEED + n, n * MiB, MiB), 0);
	check_all(fd, n + 1);
	if (n + 1 == KERNELS)
		return;
	lseek(fd, n + 1, SEEK_SET);
	session = require_fd(luo_create("generations"));
	check_ret(luo_preserve(session, fd, n), 0);
}

STORY(generations, .stages = KERNELS,
      .stage = { [0 ... KERNELS - 1] = generation });

