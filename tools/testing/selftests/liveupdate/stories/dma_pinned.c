// SPDX-License-Identifier: GPL-2.0
/*
 * The next kernel needs memory badly, while a device still writes to that of a
 * file through the tables of the previous one: nothing of it moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	60

static struct nic nic;

static void pinned_save(void)
{
	dma_save(&nic);
}

static void check_goes_on(const char *what)
{
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "no frames: %s", what);
	nic_check(&nic);
}

static void pinned_load(void)
{
	int session = require_fd(luo_retrieve(DMA_SESSION));

	dma_ram(&nic, session);
	if (guest_swapon())
		story_skip("no swap: errno %d", errno);
	madvise(nic.mem, NIC_SIZE, MADV_PAGEOUT);
	check_goes_on("swapped out");
	guest_write("/proc/sys/vm/compact_memory", "1");
	guest_hog();
	check_goes_on("compaction");
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_goes_on("attached");
	check_ret(luo_finish(session), 0);
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_pinned, .stages = 2, .stage = { pinned_save, pinned_load });
