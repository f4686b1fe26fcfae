// SPDX-License-Identifier: GPL-2.0
/*
 * What the device would be attached to is not what it has: ATTACH refuses it, the
 * device does not notice, and what is right is taken afterwards.
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	20
#define PATIENCE	120
#define ELSEWHERE	0x40000000UL
#define HALF		(NIC_SIZE / 2 / PAGE * PAGE)

static struct nic nic;
static struct vmm *const vmm = &nic.vmm;
static int other;	/* another file, as large */

static int map_nothing(void)
{
	return 0;
}

static int map_all_but_the_last(void)
{
	return vmm_map(vmm, nic.memfd, 0, NIC_SIZE - PAGE, NIC_IOVA);
}

static int map_one_page_on(void)
{
	return vmm_map(vmm, nic.memfd, PAGE, NIC_SIZE - PAGE, NIC_IOVA) ?:
	       vmm_map(vmm, nic.memfd, 0, PAGE, NIC_IOVA + NIC_SIZE - PAGE);
}

static int map_elsewhere(void)
{
	return vmm_map(vmm, nic.memfd, 0, NIC_SIZE, ELSEWHERE);
}

static int map_other_file(void)
{
	return vmm_map(vmm, other, 0, NIC_SIZE, NIC_IOVA);
}

static int map_half_of_it(void)
{
	return vmm_map(vmm, nic.memfd, 0, HALF, NIC_IOVA) ?:
	       vmm_map(vmm, other, HALF, NIC_SIZE - HALF, NIC_IOVA + HALF);
}

static int map_readable(void)
{
	return vmm_map_readable(vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA);
}

static int map_half_readable(void)
{
	return vmm_map(vmm, nic.memfd, 0, HALF, NIC_IOVA) ?:
	       vmm_map_readable(vmm, nic.memfd, HALF, NIC_SIZE - HALF,
				NIC_IOVA + HALF);
}

static const struct {
	const char *what;
	int (*map)(void);
} wrong[] = {
	{ "a page less", map_all_but_the_last },
	{ "a page further on", map_one_page_on },
	{ "elsewhere", map_elsewhere },
	{ "another file", map_other_file },
	{ "another file in its second half", map_half_of_it },
	{ "readable", map_readable },
	{ "readable in its second half", map_half_readable },
	{ "nothing", map_nothing },		/* the last: there is no unmap after it */
};

static void wrong_save(void)
{
	dma_save(&nic);
}

static void wrong_load(void)
{
	int session = require_fd(luo_retrieve(DMA_SESSION));
	unsigned int i;

	other = require_fd(data_memfd("other", 0, 1, NIC_SIZE));
	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		check_ret(vmm_unmap(vmm, 0, UINT64_MAX), 0);
		require(!check_ret(wrong[i].map(), 0, "%s", wrong[i].what));
		/* If it is attached then the device has lost its memory: no use in more. */
		require(check_ret(vmm_attach(vmm, vmm->ioas), -EINVAL) == -EINVAL,
			"%s", wrong[i].what);
		check_ret(luo_finish(session), -EBUSY);
		check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "%s: it has stopped",
		      wrong[i].what);
	}
	/* More than it had is its owner's business. */
	require(!check_ret(vmm_map(vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA), 0));
	require(!check_ret(vmm_map(vmm, other, 0, NIC_SIZE, ELSEWHERE), 0));
	check_ret(vmm_attach(vmm, vmm->ioas), 0);
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
	close(other);
}

STORY(dma_wrong, .stages = 2, .stage = { wrong_save, wrong_load });
