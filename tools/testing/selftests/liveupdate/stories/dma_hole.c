// SPDX-License-Identifier: GPL-2.0
/*
 * Who has retrieved a memfd punches a hole into it, or cuts it off, while a device
 * writes there through the tables of the previous kernel. Nobody forbids that, and
 * it is the file alone that loses the pages: they stay the device's until it is
 * stopped. As the file has others then, it cannot be attached with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/kept.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	50
#define PATIENCE	120
#define AHEAD		100UL	/* frames until it gets there */
#define HOLE		128UL	/* frames that go into it */
#define SEED		0x401e
#define OTHERS		(64 * MiB)

static struct nic nic;
static struct kept pages;
static int others;

static void save(void)
{
	dma_save(&nic);
}

/* Bound, and not attached yet. Return: the session */
static int hole_take(void)
{
	struct dma_note *note = story_note();
	int session;

	snprintf(nic.vmm.bdf, sizeof(nic.vmm.bdf), "%s", note->device.bdf);
	dma_steps(&nic, &session, DMA_STEP_BIND);
	require(!nic_take_memfd(&nic, nic.memfd));
	require(!check_ret(nic_regs(&nic), 0));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
	return session;
}

/* They are not in the file any more; whoever asks for memory would get them. */
static void pages_stay(void)
{
	unsigned int kept = kept_count(&pages);

	check(kept == pages.nr, "given back: %u of %u pages", pages.nr - kept, pages.nr);
	others = require_fd(data_memfd("others", 0, SEED, OTHERS));
}

/* Nobody who asked has got one of them. */
static void pages_stayed(void)
{
	unsigned int kept = kept_count(&pages);

	check(kept == pages.nr, "given back later: %u of %u pages", pages.nr - kept,
	      pages.nr);
	check_ret(data_check(others, SEED, 0, OTHERS), 0, "it writes to others' memory");
	close(others);
}

/* Others may take some of them. */
static void pages_go(void)
{
	unsigned int kept = kept_wait(&pages, pages.nr / 2);

	check(kept <= pages.nr / 2, "of %u pages %u are still kept", pages.nr, kept);
}

/* What the file has now is mapped, and is not what the device has. */
static void attach_refused(int session, uint64_t iova)
{
	struct vmm *vmm = &nic.vmm;
	char text[80];

	snprintf(text, sizeof(text), "IOVA %#lx would be another page than it was", iova);
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA), 0));
	check_ret(vmm_attach(vmm, vmm->ioas), -EINVAL);
	check(guest_log_count(text) == 1, "not said: %s", text);
	check_ret(luo_finish(session), -EBUSY);
}

static void hole_close(int session)
{
	dma_lose(session);
	check_ret(luo_discard(DMA_SESSION), 0);
	nic_mark(nic.regs);
	nic_regs_close(&nic);
	vmm_close(&nic.vmm);
	pages_go();
	dma_check_quiet(&nic, nic.vmm.bdf);
}

/* The first descriptor of some that it uses soon; they have whole pages. */
static unsigned long hole_first(void)
{
	unsigned long first;

	nic_poll(&nic);
	first = (nic.state->next + AHEAD) % NIC_DESCS & ~1UL;
	return first + HOLE > NIC_DESCS ? 0 : first;
}

/* Each frame of the hole went where it was to go, which is not in the file. */
static void check_hole(void)
{
	struct nic_state *state = nic.state;

	check(nic_wait(&nic, AHEAD + SOME_FRAMES, PATIENCE), "it has stopped");
	check(state->missing == HOLE, "%lu frames went elsewhere", state->missing);
	check(state->bad == HOLE, "%lu buffers are as they were", state->bad);
	check(!state->disorder);
}

static void hole_load(void)
{
	int session = hole_take();
	unsigned long off = NIC_BUFFERS + hole_first() * NIC_BUFFER;
	unsigned long size = HOLE * NIC_BUFFER;

	kept_find(&pages, nic.memfd, off, size);
	check(!fallocate(nic.memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, size),
	      "errno %d", errno);
	pages_stay();
	attach_refused(session, NIC_IOVA + off);
	check_hole();
	pages_stayed();
	hole_close(session);
}

STORY(dma_hole, .stages = 2, .stage = { save, hole_load });

static void cut_load(void)
{
	int session = hole_take();

	nic_refill(&nic);
	kept_find(&pages, nic.memfd, 0, NIC_SIZE);
	check(!ftruncate(nic.memfd, 0), "errno %d", errno);
	pages_stay();
	check(nic_moves(&nic), "it has stopped");
	check(!ftruncate(nic.memfd, NIC_SIZE), "errno %d", errno);
	attach_refused(session, NIC_IOVA);
	check(nic_moves(&nic), "it has stopped");
	pages_stayed();
	hole_close(session);
}

STORY(dma_cut, .stages = 2, .stage = { save, cut_load });
