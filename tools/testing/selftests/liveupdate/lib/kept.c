// SPDX-License-Identifier: GPL-2.0
/* The page frames that part of a file was in, whoever has them later. */
#include <fcntl.h>
#include <unistd.h>

#include "kept.h"
#include "story.h"

#define CONTENTS	3	/* KPF_UPTODATE, a bit of /proc/kpageflags */
#define TRIES		100
#define WAIT_US		20000

void kept_find(struct kept *kept, int fd, off_t off, size_t size)
{
	unsigned int i;

	require(size / PAGE <= KEPT_MAX);
	kept->nr = size / PAGE;
	for (i = 0; i < kept->nr; i++) {
		kept->pfn[i] = data_phys(fd, off + i * PAGE) / PAGE;
		require(kept->pfn[i], "page %u is not there", i);
	}
}

unsigned int kept_count(const struct kept *kept)
{
	int fd = require_fd(open("/proc/kpageflags", O_RDONLY | O_CLOEXEC));
	unsigned int i, nr = 0;
	uint64_t flags;

	for (i = 0; i < kept->nr; i++) {
		require(pread(fd, &flags, 8, kept->pfn[i] * 8) == 8);
		nr += flags >> CONTENTS & 1;
	}
	close(fd);
	return nr;
}

unsigned int kept_wait(const struct kept *kept, unsigned int most)
{
	unsigned int tries, nr = kept_count(kept);

	for (tries = 0; tries < TRIES && nr > most; tries++) {
		usleep(WAIT_US);
		nr = kept_count(kept);
	}
	return nr;
}
