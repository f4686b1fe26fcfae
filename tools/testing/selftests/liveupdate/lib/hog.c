// SPDX-License-Identifier: GPL-2.0
/*
 * The memory hog: whatever the kernel believes to be free is overwritten, so
 * that a preserved page that was not reserved has lost its contents before any
 * check looks at it. The kernel clears the pages; a word in each tells a page of
 * ours from one that is still zero. Scratch (the only CMA area) is left out: it
 * never holds a preserved page, and the kernel needs it when all else is full.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "data.h"
#include "guest.h"
#include "story.h"

#define CHUNK		(4 * MiB)
#define LEAVE_KB	(24L << 10)	/* for the kernel to live on */

static bool hog(void)
{
	long filled = 0;
	size_t off;
	char *mem;

	while (meminfo_kb("MemFree") - meminfo_kb("CmaFree") > LEAVE_KB) {
		mem = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (mem == MAP_FAILED)
			break;
		for (off = 0; off < CHUNK; off += PAGE)
			*(volatile uint64_t *)(mem + off) = 0xa5a5a5a5a5a5a5a5ULL;
		filled += CHUNK / MiB;
	}
	verdict("# hog: overwrote %ld MiB of free memory\n", filled);
	return filled;
}

void guest_hog(void)
{
	int status;
	pid_t pid;

	guest_write("/proc/sys/vm/overcommit_memory", "1");
	guest_write("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	/* Huge pages raise it above what the hog leaves: it would be killed. */
	guest_write("/proc/sys/vm/min_free_kbytes", "4096");
	pid = fork();
	if (!pid) {
		/* Should it take too much, then it is the one to go. */
		prctl(PR_SET_NAME, "luo-hog");
		guest_write("/proc/self/oom_score_adj", "1000");
		_exit(hog() ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		verdict("Bail out! the hog did not come to its end\n");
	guest_write("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
}
