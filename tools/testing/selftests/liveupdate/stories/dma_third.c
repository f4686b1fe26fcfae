// SPDX-License-Identifier: GPL-2.0
/*
 * Another device is given to user space in the next kernel, with a domain of its
 * own, while that of the session goes on in the domain of the previous kernel,
 * and after that. It does not reach preserved memory, neither where that is nor
 * at the address that the first device has for it; what is its own it does reach.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define THIRD		"0000:02:00.0"
#define SOME_FRAMES	50
#define PATIENCE	120
#define LOG_LIMIT	6	/* seconds after which faults are told of again */
#define SEED		0x3d1d
/* Between the ring of the first one and what it counts: nobody writes there. */
#define SPARE		0x10000UL
#define SPARE_SIZE	(NIC_STATE - SPARE)
/* What the third one has: a ring for each direction, a frame to send, buffers. */
#define RING_SIZE	SPARE
#define TX_RING		(NIC_BUFFERS + 512 * KiB)
#define TX_FRAME	(TX_RING + PAGE)
#define OWN_SIZE	MiB

enum {
	RCTL = 0x0100, TCTL = 0x0400, TDBAL = 0x3800, TDBAH = 0x3804, TDLEN = 0x3808,
	TDH = 0x3810, TDT = 0x3818,
};

#define RCTL_LOOPBACK	0x40U	/* what it sends comes back */
#define TCTL_ON		0x2U
#define TX_DESCS	256U
#define TX_COMMAND	0x0b000000U	/* all of a frame, with its checksum; tell */
#define FRAME_SIZE	64U
#define STATUS		12	/* offset in a descriptor that has received */
#define DONE		1

struct tx_desc {
	uint64_t addr;
	uint32_t command, status;
};

static struct nic nic, third;
static unsigned int writes;

static void third_save(void)
{
	int session;

	dma_begin(&nic);
	require(!check_ret(data_write(nic.memfd, SEED, SPARE, SPARE_SIZE), 0));
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
}

static void transmit_setup(void)
{
	void *regs = third.regs;

	memset(third.mem + TX_FRAME, 0x3d, FRAME_SIZE);
	vmm_reg_set(regs, TDBAL, NIC_IOVA + TX_RING);
	vmm_reg_set(regs, TDBAH, 0);
	vmm_reg_set(regs, TDLEN, TX_DESCS * sizeof(struct tx_desc));
	vmm_reg_set(regs, TDH, 0);
	vmm_reg_set(regs, TDT, 0);
	vmm_reg_set(regs, TCTL, TCTL_ON);
	vmm_reg_set(regs, RCTL, vmm_reg(regs, RCTL) | RCTL_LOOPBACK);
}

/* Nothing is mapped between its ring and its buffers, and behind OWN_SIZE of them. */
static void third_start(void)
{
	struct vmm *vmm = &third.vmm;

	require(!check_ret(nic_memfd(&third), 0));
	require(!check_ret(vmm_start(vmm, THIRD, third.memfd, RING_SIZE, NIC_IOVA), 0));
	require(!check_ret(vmm_map(vmm, third.memfd, NIC_BUFFERS, OWN_SIZE,
				   NIC_IOVA + NIC_BUFFERS), 0));
	require(!check_ret(nic_regs(&third), 0));
	nic_receive(&third);
	transmit_setup();
}

/* It sends a frame to itself, and has written it when this returns. */
static void third_writes(uint64_t address)
{
	struct tx_desc *tx = (struct tx_desc *)(third.mem + TX_RING) + writes;
	char *status = third.mem + writes * sizeof(*tx) + STATUS;
	unsigned int tries;

	nic_aim(&third, writes, address);
	tx->addr = NIC_IOVA + TX_FRAME;
	tx->command = FRAME_SIZE | TX_COMMAND;
	vmm_reg_set(third.regs, TDT, ++writes);
	for (tries = 0; tries < 1000; tries++) {
		if (__atomic_load_n(status, __ATOMIC_ACQUIRE) & DONE)
			return;
		usleep(1000);
	}
	check(0, "the third one did not get its frame %u", writes);
}

static void own_comes(const char *when)
{
	unsigned long at = NIC_BUFFERS + writes * NIC_BUFFER;

	third_writes(NIC_IOVA + at);
	check(!memcmp(third.mem + at, third.mem + TX_FRAME, FRAME_SIZE),
	      "%s: it does not reach what is its own", when);
}

static void foreign_faults(uint64_t address, const char *when)
{
	unsigned int before, now, tries;
	char text[80];

	snprintf(text, sizeof(text), "Request device [%s] fault addr %#lx ", THIRD + 5,
		 address);
	before = guest_log_count(text);
	now = before;
	third_writes(address);
	for (tries = 0; tries < 100 && now == before; tries++) {
		usleep(10000);
		now = guest_log_count(text);
	}
	check(now > before, "%s: no fault at %#lx", when, address);
}

/* A page whose address in memory is not one that the third may use. */
static uint64_t preserved_page(uint64_t *off)
{
	uint64_t at = 0;

	for (*off = SPARE; *off < SPARE + SPARE_SIZE; *off += PAGE) {
		at = data_phys(nic.memfd, *off);
		if (at && (at < NIC_IOVA || at >= NIC_IOVA + NIC_SIZE))
			break;
	}
	require(*off < SPARE + SPARE_SIZE, "no page can be found");
	return at;
}

static void third_tries(const char *when)
{
	uint64_t off, at = preserved_page(&off);

	story_log("%s: at %#lx and %#lx", when, at, NIC_IOVA + off);
	own_comes(when);
	foreign_faults(at, when);
	foreign_faults(NIC_IOVA + off, when);
	own_comes(when);
	check_ret(data_check(nic.memfd, SEED, SPARE, SPARE_SIZE), 0, "%s", when);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "%s: the first has stopped", when);
}

/* Where the tables of the third are, if that can be seen. */
static uint64_t third_root(void)
{
	const struct vtd_entry *entry;
	struct vtd_tables tables;

	if (!vtd_visible() || check_ret(vtd_read(&tables), 0))
		return 0;
	entry = vtd_entry(&tables, THIRD);
	check(entry, "the third is in no domain");
	return entry ? vtd_root(entry) : 0;
}

static void third_load(void)
{
	uint64_t root;
	int session;

	third_start();
	root = third_root();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	third_tries("before");
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_ret(luo_finish(session), 0);
	sleep(LOG_LIMIT);
	third_tries("after");
	check(third_root() == root, "the third has other tables");
	nic_close(&third);
	nic_end(&nic);
}

STORY(dma_third, .stages = 2, .stage = { third_save, third_load });
