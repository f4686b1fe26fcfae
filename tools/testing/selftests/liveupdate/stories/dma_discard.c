// SPDX-License-Identifier: GPL-2.0
/*
 * A session is discarded after its device was retrieved, bound, or attached. If
 * nobody has the file of the device any more then the device is quiet when that
 * returns. If somebody has it, and has bound it, then it goes on, until that
 * one closes it. Another one in each kernel; then it is started anew.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/kept.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	30
#define PATIENCE	120
#define STAYS		"devices write to it, its memory stays"

static struct nic nic;
static struct kept pages;

static void save(void)
{
	dma_save(&nic);
}

static const char *bdf(void)
{
	struct dma_note *note = story_note();

	return note->device.bdf;
}

static void forget_memory(void)
{
	munmap(nic.mem, NIC_SIZE);
	close(nic.memfd);
}

static void goes_on(const char *when)
{
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped: %s", when);
	nic_check(&nic);
}

static void discard(void)
{
	check_ret(luo_discard(DMA_SESSION), 0);
	check_ret(luo_retrieve(DMA_SESSION), -ENOENT);
}

/* Who had it is dead: there is nobody but the session. */
static void dropped_after(enum dma_step last)
{
	dma_look(&nic);
	dma_killed_after(last);
	goes_on("its holder has died");
	dma_mark(bdf());
	discard();
	dma_check_quiet(&nic, bdf());
	forget_memory();
}

static void drop_retrieved(void)
{
	dropped_after(DMA_STEP_DEVICE);
	save();
}

static void drop_bound(void)
{
	dropped_after(DMA_STEP_BIND);
	save();
}

static void drop_attached(void)
{
	dropped_after(DMA_STEP_ATTACH);
}

STORY(dma_discard, .stages = 4, .stage = { save, drop_retrieved, drop_bound, drop_attached });

/* Who retrieved it is dead, and has given the files to us before. */
static void held_after(enum dma_step last)
{
	int session;

	dma_steps(&nic, &session, last);
	require(!nic_take_memfd(&nic, nic.memfd));
	dma_lose(session);
	goes_on("taken");
}

static void held_close(void)
{
	nic_mark(nic.regs);
	nic_regs_close(&nic);
	vmm_close(&nic.vmm);
	dma_check_quiet(&nic, bdf());
	forget_memory();
}

/* Nobody has bound it: it is stopped, and its file is like any other. */
static void own_retrieved(void)
{
	struct vmm *vmm = &nic.vmm;

	held_after(DMA_STEP_DEVICE);
	dma_mark(bdf());
	discard();
	dma_check_quiet(&nic, bdf());
	require(!check_ret(vmm_bind(vmm), 0));
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA), 0));
	require(!check_ret(vmm_attach(vmm, vmm->ioas), 0));
	check_ret(vmm_command(vmm, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER), 0);
	require(!check_ret(nic_regs(&nic), 0));
	nic_receive(&nic);
	require(nic_sync(&nic), "no frames");
	nic_mark(nic.regs);
	goes_on("started anew");
	held_close();
	save();
}

/* It goes on where the previous kernel had it, and is attached later. */
static void own_bound(void)
{
	struct vmm *vmm = &nic.vmm;

	held_after(DMA_STEP_BIND);
	discard();
	goes_on("bound, and discarded");
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, nic.memfd, 0, NIC_SIZE, NIC_IOVA), 0));
	require(!check_ret(vmm_attach(vmm, vmm->ioas), 0));
	goes_on("attached");
	require(!check_ret(nic_regs(&nic), 0));
	held_close();
	save();
}

/* It is its owner's. */
static void own_attached(void)
{
	held_after(DMA_STEP_ATTACH);
	discard();
	goes_on("attached, and discarded");
	require(!check_ret(nic_regs(&nic), 0));
	held_close();
}

STORY(dma_discard_held, .stages = 4, .stage = { save, own_retrieved, own_bound, own_attached });

/* Nobody has the memory that it writes to: that comes back when it has stopped. */
static void own_alone(void)
{
	unsigned int kept;

	held_after(DMA_STEP_BIND);
	require(!check_ret(nic_regs(&nic), 0));
	kept_find(&pages, nic.memfd, 0, NIC_SIZE);
	forget_memory();
	discard();
	check(guest_log_count(STAYS) == 1, "not said");
	check(nic_moves(&nic), "it has stopped");
	kept = kept_count(&pages);
	check(kept == pages.nr, "of %u pages %u are kept", pages.nr, kept);
	nic_mark(nic.regs);
	nic_regs_close(&nic);
	vmm_close(&nic.vmm);
	check(!(vmm_config(bdf(), PCI_COMMAND, 2) & PCI_COMMAND_MASTER),
	      "bus mastering is on");
	kept = kept_wait(&pages, pages.nr / 8);
	check(kept <= pages.nr / 8, "of %u pages %u are still kept", pages.nr, kept);
}

STORY(dma_discard_alone, .stages = 2, .stage = { save, own_alone });
