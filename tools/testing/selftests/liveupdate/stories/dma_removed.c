// SPDX-License-Identifier: GPL-2.0
/*
 * A device that goes on is removed in the next kernel, before anybody has taken
 * it over: it is quiet then, and its memory comes over all the same.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120
#define STOPPED		"live update: bus mastering is off: it is removed"

static struct nic nic;

static void removed_save(void)
{
	dma_save(&nic);
}

static void check_stopped(void)
{
	uint64_t frames;

	check(guest_log_count(STOPPED) == 1, "not said");
	nic_poll(&nic);
	nic_check(&nic);
	frames = nic.state->frames;
	sleep(1);
	nic_poll(&nic);
	check(nic.state->frames == frames, "it goes on");
}

static void removed_load(void)
{
	const char *bdf = ((struct dma_note *)story_note())->device.bdf;
	char path[80];
	int session;

	check_ret(vmm_load(), 0);
	session = require_fd(luo_retrieve(DMA_SESSION));
	require(!nic_take_memfd(&nic, require_fd(luo_get(session, DMA_RAM))));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	dma_mark(bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", bdf);
	check_ret(guest_write(path, "1"), 0);
	check_stopped();
	check_ret(luo_get(session, DMA_DEVICE), -ENODEV);
	dma_lose(session);
	check_ret(luo_discard(DMA_SESSION), 0);
	check_ret(luo_retrieve(DMA_SESSION), -ENOENT);
}

STORY(dma_removed, .stages = 2, .stage = { removed_save, removed_load });
