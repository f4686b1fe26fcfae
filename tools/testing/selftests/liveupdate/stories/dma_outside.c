// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of a device gives it descriptors that aim where it must not write,
 * and it uses them from the old kernel to the new one: at memory outside of its
 * domain, which it would reach if nobody translated; and at interrupts, in
 * remappable format, with entries that the old kernel uses. While that has gone,
 * and the other is not there yet, neither may come through: see bed.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define CANARY		4
#define SEED		0xca4a
#define SIZE		(4 * MiB)
#define AHEAD		10	/* frames until the first one */
#define STRAYS		100	/* with a good one after each, so that some meet the gap */
#define SOME_FRAMES	50
#define PATIENCE	120
/*
 * The last four words before 0xfef00000: bit 4 says "remappable", entry 32767. The
 * third one adds FRAME_WORD to that, which makes entry 3: a serial port has it, as
 * soon as it is open, and does not mind interrupts for nothing.
 */
#define INTERRUPTS	0xfeeffff0UL

static struct nic nic;

/* Where in memory a page is, or 0. */
static uint64_t physical(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)page / PAGE * 8) != sizeof(entry))
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* A page whose address in memory is none that the device may use. */
static uint64_t canary_address(int memfd)
{
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	uint64_t at = 0;
	size_t off;

	require(map != MAP_FAILED);
	for (off = 0; off < SIZE; off += PAGE) {
		*(volatile char *)(map + off);
		at = physical(map + off);
		if (at && (at < NIC_IOVA || at >= NIC_IOVA + NIC_SIZE))
			break;
	}
	munmap(map, SIZE);
	require(at, "no page of the canary can be found");
	return at;
}

static void outside_save(void)
{
	int session, canary, i;
	uint64_t at;

	dma_begin(&nic);
	canary = require_fd(data_memfd("canary", 0, SEED, SIZE));
	session = dma_session(&nic);
	require(!check_ret(luo_preserve(session, canary, CANARY), 0));
	dma_preserve(&nic, session);
	at = canary_address(canary);
	dma_note(&nic);
	for (i = 0; i < STRAYS; i++)
		nic_aim(&nic, nic.state->next + AHEAD + 2 * i, i % 2 ? INTERRUPTS : at);
	story_log("strays at %#lx and %#lx", at, INTERRUPTS);
}

static void outside_load(void)
{
	int session, canary;

	check(guest_log_count("fault addr"), "this kernel has found no fault");
	session = require_fd(luo_retrieve(DMA_SESSION));
	require(!nic_take_memfd(&nic, require_fd(luo_get(session, DMA_RAM))));
	require(nic_wait(&nic, AHEAD + STRAYS, PATIENCE), "it has stopped");
	check(nic.state->missing == STRAYS, "%lu went elsewhere", nic.state->missing);
	check(nic.state->bad == STRAYS, "%lu buffers are as they were", nic.state->bad);
	check(!nic.state->disorder);
	canary = require_fd(luo_get(session, CANARY));
	check_ret(data_check(canary, SEED, 0, SIZE), 0);
	nic_unaim(&nic);
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check(nic.state->missing == STRAYS && nic.state->bad == STRAYS);
	check_ret(luo_finish(session), 0);
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_outside, .stages = 2, .stage = { outside_save, outside_load });
