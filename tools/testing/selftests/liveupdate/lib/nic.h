/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A user space driver for the receive side of an Intel 82574 (e1000e). The ring,
 * its buffers and what was counted are in one memfd, which the device knows as
 * the addresses from NIC_IOVA on; so whoever has the memfd can go on counting.
 */
#ifndef LUO_NIC_H
#define LUO_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm.h"

#define NIC_VENDOR	0x8086
#define NIC_DEVICE	0x10d3

#define NIC_DESCS	4096UL
#define NIC_BUFFER	2048UL
#define NIC_STATE	0x80000UL	/* offsets in the memfd; the ring is at 0 */
#define NIC_BUFFERS	0x100000UL
#define NIC_SIZE	(NIC_BUFFERS + NIC_DESCS * NIC_BUFFER)
#define NIC_IOVA	0x1000000UL
#define NIC_REGS	0x20000UL	/* bytes of BAR 0 */
#define NIC_VECTOR	0x100000U	/* the interrupt cause of vector 0 */

/* What was counted. The first frames may have waited for the guest to come up. */
struct nic_state {
	uint64_t next;		/* descriptor that is looked at next */
	uint64_t number;	/* the frame that has to come next */
	uint64_t first;		/* from this one on they are counted */
	uint64_t run;		/* numbers in a row, until synced */
	uint64_t synced;
	uint64_t frames;
	uint64_t missing, disorder, bad;
};

struct nic {
	struct vmm vmm;
	int memfd;
	char *mem;
	void *regs;
	struct nic_state *state;
};

/* A memfd for it; or one that is there already. -errno on failure. */
int nic_memfd(struct nic *nic);
int nic_take_memfd(struct nic *nic, int memfd);

/* The whole device, receiving; and its registers alone, when it is running. */
int nic_start(struct nic *nic);
int nic_regs(struct nic *nic);
/* The same for a device that somebody else has, and its memfd. */
int nic_drive(struct nic *nic, const char *bdf, int memfd);
void nic_receive(struct nic *nic);
void nic_close(struct nic *nic);
/* Its registers alone: it goes on, and frames are still counted. */
void nic_regs_close(struct nic *nic);

/* Look at what came; give the descriptors back to the device. */
unsigned int nic_poll(struct nic *nic);
void nic_refill(struct nic *nic);

/* Let descriptors use another address than that of their buffer, and no longer. */
void nic_aim(struct nic *nic, uint64_t i, uint64_t address);
void nic_unaim(struct nic *nic);

/* Does it go on to other descriptors? For who has nothing but its registers. */
bool nic_moves(struct nic *nic);

/* Until so many more frames have come; false after so many seconds. */
bool nic_wait(struct nic *nic, uint64_t frames, unsigned int seconds);
/* From now on all numbers count. */
bool nic_sync(struct nic *nic);
/* All numbers were there, in order, with all of their bytes. */
void nic_check(struct nic *nic);

/*
 * For whoever reads QEMU's trace: the first mark begins the time in which the
 * device must not stop receiving, the second one ends it.
 */
void nic_mark(void *regs);
/* Nothing is missing, and from here on anything may be in the trace: the end. */
void nic_end(struct nic *nic);

/* Interrupts: vector 0 for received frames. */
void nic_irq_setup(struct nic *nic);
void nic_irq_rearm(struct nic *nic);
/* None of either kind, until one of these asks for them. */
void nic_irq_off(struct nic *nic);

/* MSI and INTx: an interrupt for received frames; it comes again when served. */
void nic_legacy_setup(struct nic *nic);
void nic_legacy_serve(struct nic *nic);

#endif /* LUO_NIC_H */
