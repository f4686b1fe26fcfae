/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A user space driver for an NVMe disk: one queue, no interrupts. Queues, data
 * and the state of the driver are in one memfd, at DISK_IOVA for the device.
 */
#ifndef LUO_DISK_H
#define LUO_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm.h"

#define DISK_VENDOR	0x1b36	/* QEMU's */
#define DISK_DEVICE	0x0010

#define DISK_ENTRIES	128UL	/* of a queue; at most one less is under way */
#define DISK_QUEUES	0x10000UL	/* offsets in the memfd */
#define DISK_DATA	0x20000UL
#define DISK_SIZE	(DISK_DATA + DISK_ENTRIES * 4096)
#define DISK_IOVA	0x2000000UL

struct disk_queue {
	uint32_t tail, head, phase;
};

struct disk_state {
	struct disk_queue queue[2];	/* admin, I/O */
	uint64_t errors;
	uint8_t done[DISK_ENTRIES];	/* by block */
};

struct disk {
	struct vmm vmm;
	int memfd;
	char *mem;
	void *regs;
	struct disk_state *state;
};

int disk_start(struct disk *disk);
int disk_take_memfd(struct disk *disk, int memfd);
int disk_regs(struct disk *disk);

/* Blocks 0 to n - 1 of 4 KiB, with contents of the seed, or all of them read. */
int disk_write(struct disk *disk, uint64_t seed, unsigned int n);
void disk_read(struct disk *disk, unsigned int n);

/* Completions that came since the last call. */
unsigned int disk_poll(struct disk *disk);
bool disk_wait(struct disk *disk, unsigned int n, unsigned int seconds);

/* Blocks that are done have the contents of the seed; how many there are. */
unsigned int disk_check(struct disk *disk, uint64_t seed, unsigned int n);

#endif /* LUO_DISK_H */
