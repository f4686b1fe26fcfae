// SPDX-License-Identifier: GPL-2.0
/* See nic.h. The order of the registers is the one that QEMU's device needs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "data.h"
#include "frames.h"
#include "nic.h"
#include "story.h"

enum {
	CTRL = 0x0000, ICR = 0x00c0, ICS = 0x00c8, IMS = 0x00d0, IMC = 0x00d8, EIAC = 0x00dc,
	IVAR = 0x00e4, RCTL = 0x0100, RDBAL = 0x2800, RDBAH = 0x2804,
	RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, RDTR = 0x2820,
	RXDCTL = 0x2828, RADV = 0x282c, RFCTL = 0x5008, MTA = 0x5200,
};

#define CTRL_ASDE	0x20U
#define CTRL_SLU	0x40U
#define CTRL_RST	0x4000000U
#define RCTL_ALL	0x0400801aU	/* EN UPE MPE BAM SECRC, 2 KiB buffers */
#define IVAR_ALL	0x800cba98U	/* five causes, five vectors */
#define RECEIVED	0x80U		/* cause: a timer that is 0 has expired */
#define DESC_DONE	1
#define SYNC_RUN	32
#define MOST_LOGGED	5

struct desc {
	uint64_t addr;
	uint16_t length, csum;
	uint8_t status, errors;
	uint16_t special;
};

static uint32_t reg(struct nic *nic, unsigned int off)
{
	return vmm_reg(nic->regs, off);
}

static void set_reg(struct nic *nic, unsigned int off, uint32_t value)
{
	vmm_reg_set(nic->regs, off, value);
}

static struct desc *desc(struct nic *nic, uint64_t i)
{
	return (struct desc *)nic->mem + i % NIC_DESCS;
}

static char *buffer(struct nic *nic, uint64_t i)
{
	return nic->mem + NIC_BUFFERS + i % NIC_DESCS * NIC_BUFFER;
}

int nic_take_memfd(struct nic *nic, int memfd)
{
	nic->memfd = memfd;
	nic->regs = NULL;
	nic->mem = mmap(NULL, NIC_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (nic->mem == MAP_FAILED)
		return -errno;
	nic->state = (void *)(nic->mem + NIC_STATE);
	return 0;
}

int nic_memfd(struct nic *nic)
{
	int fd = data_memfd_sparse("guest-ram", 0, NIC_SIZE);

	if (fd < 0)
		return fd;
	return nic_take_memfd(nic, fd);
}

void nic_aim(struct nic *nic, uint64_t i, uint64_t address)
{
	desc(nic, i)->addr = address;
}

void nic_unaim(struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < NIC_DESCS; i++)
		nic_aim(nic, i, NIC_IOVA + NIC_BUFFERS + i * NIC_BUFFER);
}

static void fill_ring(struct nic *nic)
{
	memset(nic->state, 0, sizeof(*nic->state));
	memset(nic->mem, 0, NIC_DESCS * sizeof(struct desc));
	nic_unaim(nic);
}

/*
 * 4095 descriptors of 4096 are the device's: RDT never catches up with RDH. Until
 * its reset it may still use the ring that somebody programmed before, at the same
 * address and in the middle of it: so the ring is filled after that.
 */
void nic_receive(struct nic *nic)
{
	unsigned int i;

	set_reg(nic, IMC, ~0U);
	set_reg(nic, CTRL, reg(nic, CTRL) | CTRL_RST);
	for (i = 0; i < 1000 && reg(nic, CTRL) & CTRL_RST; i++)
		usleep(1000);
	require(i < 1000, "the device does not come out of its reset");
	fill_ring(nic);
	set_reg(nic, IMC, ~0U);
	set_reg(nic, CTRL, reg(nic, CTRL) | CTRL_SLU | CTRL_ASDE);
	for (i = 0; i < 128; i++)
		set_reg(nic, MTA + 4 * i, 0);
	set_reg(nic, RFCTL, 0);
	set_reg(nic, RXDCTL, 0);
	set_reg(nic, RDTR, 0);
	set_reg(nic, RADV, 0);
	set_reg(nic, RDBAL, NIC_IOVA);
	set_reg(nic, RDBAH, 0);
	set_reg(nic, RDLEN, NIC_DESCS * sizeof(struct desc));
	set_reg(nic, RDH, 0);
	set_reg(nic, RDT, 0);
	set_reg(nic, RCTL, RCTL_ALL);
	set_reg(nic, RDT, NIC_DESCS - 1);
}

int nic_regs(struct nic *nic)
{
	nic->regs = vmm_bar(&nic->vmm, 0, NULL);
	return nic->regs ? 0 : -ENXIO;
}

int nic_start(struct nic *nic)
{
	char bdf[VMM_BDF];
	int ret;

	ret = vmm_find(NIC_VENDOR, NIC_DEVICE, bdf);
	if (!ret)
		ret = nic_memfd(nic);
	if (ret)
		return ret;
	ret = vmm_start(&nic->vmm, bdf, nic->memfd, NIC_SIZE, NIC_IOVA);
	if (!ret)
		ret = nic_regs(nic);
	if (!ret)
		nic_receive(nic);
	return ret;
}

int nic_drive(struct nic *nic, const char *bdf, int memfd)
{
	int ret = nic_take_memfd(nic, memfd);

	if (ret)
		return ret;
	nic->regs = vmm_bar_sysfs(bdf, 0, NIC_REGS);
	if (!nic->regs)
		return -ENXIO;
	nic_receive(nic);
	return 0;
}

void nic_regs_close(struct nic *nic)
{
	if (nic->regs)
		munmap(nic->regs, NIC_REGS);
	nic->regs = NULL;
}

void nic_close(struct nic *nic)
{
	nic_regs_close(nic);
	vmm_close(&nic->vmm);
	if (nic->mem != MAP_FAILED)
		munmap(nic->mem, NIC_SIZE);
	close(nic->memfd);
}

/* Those that waited in the socket come first, then there is a hole. */
static void sync_number(struct nic_state *state, uint64_t number)
{
	state->run = number == state->number ? state->run + 1 : 0;
	state->number = number + 1;
	state->first = number + 1;
	state->synced = state->run >= SYNC_RUN;
}

static void count_number(struct nic_state *state, uint64_t number)
{
	if (number < state->number) {
		if (state->disorder++ < MOST_LOGGED)
			story_log("frame %lu after %lu", number, state->number - 1);
		return;
	}
	if (number > state->number) {
		if (state->missing < MOST_LOGGED)
			story_log("frames %lu to %lu are missing", state->number,
				  number - 1);
		state->missing += number - state->number;
	}
	state->number = number + 1;
	state->frames++;
}

static void take_frame(struct nic *nic, uint64_t i)
{
	struct nic_state *state = nic->state;
	struct frame *frame = (void *)buffer(nic, i);
	int wrong = frame_check(frame, desc(nic, i)->length);

	if (wrong >= 0) {
		if (state->synced && state->bad++ < MOST_LOGGED)
			story_log("descriptor %lu, after frame %lu: byte %d is wrong",
				  i, state->number - 1, wrong);
		return;
	}
	if (state->synced)
		count_number(state, frame->number);
	else
		sync_number(state, frame->number);
	memset(frame, 0xee, desc(nic, i)->length);
}

unsigned int nic_poll(struct nic *nic)
{
	struct nic_state *state = nic->state;
	unsigned int n = 0;

	while (__atomic_load_n(&desc(nic, state->next)->status, __ATOMIC_ACQUIRE) &
	       DESC_DONE) {
		take_frame(nic, state->next);
		desc(nic, state->next)->status = 0;
		state->next = (state->next + 1) % NIC_DESCS;
		n++;
	}
	return n;
}

void nic_refill(struct nic *nic)
{
	__sync_synchronize();
	set_reg(nic, RDT, (nic->state->next + NIC_DESCS - 1) % NIC_DESCS);
}

bool nic_moves(struct nic *nic)
{
	uint32_t head = reg(nic, RDH);

	sleep(1);
	return reg(nic, RDH) != head;
}

static bool wait_until(struct nic *nic, const uint64_t *counter, uint64_t value,
		       unsigned int seconds)
{
	struct timespec t;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + seconds;
	while (*counter < value && t.tv_sec < end) {
		if (nic_poll(nic) && nic->regs)
			nic_refill(nic);
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &t);
	}
	return *counter >= value;
}

bool nic_wait(struct nic *nic, uint64_t frames, unsigned int seconds)
{
	return wait_until(nic, &nic->state->frames, nic->state->frames + frames,
			  seconds);
}

bool nic_sync(struct nic *nic)
{
	return wait_until(nic, &nic->state->synced, 1, 60);
}

void nic_check(struct nic *nic)
{
	struct nic_state *state = nic->state;

	check(!state->missing, "%lu frames are missing", state->missing);
	check(!state->disorder, "%lu frames are out of order", state->disorder);
	check(!state->bad, "%lu frames have other contents", state->bad);
	verdict("# frames %lu to %lu\n", state->first, state->number - 1);
}

void nic_mark(void *regs)
{
	vmm_reg_set(regs, ICS, 0);
}

void nic_end(struct nic *nic)
{
	nic_check(nic);
	nic_mark(nic->regs);
	nic_close(nic);
}

void nic_irq_setup(struct nic *nic)
{
	set_reg(nic, IVAR, IVAR_ALL);
	set_reg(nic, EIAC, 0x1f00000);
	set_reg(nic, IMS, NIC_VECTOR);
}

/* The device masks a vector that it has signalled. */
void nic_irq_rearm(struct nic *nic)
{
	set_reg(nic, IMS, NIC_VECTOR);
}

void nic_irq_off(struct nic *nic)
{
	set_reg(nic, IMC, ~0U);
}

void nic_legacy_setup(struct nic *nic)
{
	set_reg(nic, IMS, RECEIVED);
}

void nic_legacy_serve(struct nic *nic)
{
	reg(nic, ICR);
	set_reg(nic, ICR, ~0U);
}
