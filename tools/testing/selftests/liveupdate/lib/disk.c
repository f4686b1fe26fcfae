// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "data.h"
#include "disk.h"
#include "story.h"

enum { CC = 0x14, CSTS = 0x1c, AQA = 0x24, ASQ = 0x28, ACQ = 0x30, DOORBELL = 0x1000 };
enum { ADMIN, IO };
enum { CREATE_SQ = 1, CREATE_CQ = 5, WRITE = 1, READ = 2 };

#define CC_ENABLE	0x460001U	/* entries of 64 and 16 bytes */
#define CSTS_READY	1U
#define CSTS_FATAL	2U
#define SECTORS		8		/* of 512 bytes in a block */
#define FEW_SECONDS	30

struct command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t nsid;
	uint64_t reserved[2];
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

struct completion {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id, id;
	uint16_t status;		/* bit 0: phase */
};

static uint32_t get(struct disk *disk, unsigned int off)
{
	return vmm_reg(disk->regs, off);
}

static void set(struct disk *disk, unsigned int off, uint32_t value)
{
	vmm_reg_set(disk->regs, off, value);
}

static unsigned long sq_offset(unsigned int q)
{
	return DISK_QUEUES + q * 4 * PAGE;
}

static unsigned long cq_offset(unsigned int q)
{
	return sq_offset(q) + 2 * PAGE;
}

static void submit(struct disk *disk, unsigned int q, struct command cmd)
{
	struct command *sq = (void *)(disk->mem + sq_offset(q));
	struct disk_queue *queue = &disk->state->queue[q];

	cmd.nsid = q;
	sq[queue->tail] = cmd;
	queue->tail = (queue->tail + 1) % DISK_ENTRIES;
	__sync_synchronize();
	set(disk, DOORBELL + q * 8, queue->tail);
}

static void take_completion(struct disk *disk, unsigned int q,
			    const struct completion *done)
{
	struct disk_state *state = disk->state;

	if (done->status >> 1) {
		state->errors++;
		story_log("queue %u, command %u: status %#x", q, done->id,
			  done->status >> 1);
	} else if (q == IO) {
		state->done[done->id % DISK_ENTRIES] = 1;
	}
}

static unsigned int poll_queue(struct disk *disk, unsigned int q)
{
	struct completion *cq = (void *)(disk->mem + cq_offset(q));
	struct disk_queue *queue = &disk->state->queue[q];
	unsigned int n = 0;

	while ((__atomic_load_n(&cq[queue->head].status, __ATOMIC_ACQUIRE) & 1) !=
	       queue->phase) {
		take_completion(disk, q, &cq[queue->head]);
		queue->head = (queue->head + 1) % DISK_ENTRIES;
		if (!queue->head)
			queue->phase ^= 1;
		n++;
	}
	if (n && disk->regs)
		set(disk, DOORBELL + q * 8 + 4, queue->head);
	return n;
}

unsigned int disk_poll(struct disk *disk)
{
	return poll_queue(disk, IO);
}

static bool wait_queue(struct disk *disk, unsigned int q, unsigned int n,
		       unsigned int seconds)
{
	struct timespec t;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + seconds;
	while (n && t.tv_sec < end) {
		unsigned int got = poll_queue(disk, q);

		n -= got < n ? got : n;
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &t);
	}
	return !n;
}

bool disk_wait(struct disk *disk, unsigned int n, unsigned int seconds)
{
	return wait_queue(disk, IO, n, seconds);
}

int disk_take_memfd(struct disk *disk, int memfd)
{
	disk->memfd = memfd;
	disk->regs = NULL;
	disk->mem = mmap(NULL, DISK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 memfd, 0);
	if (disk->mem == MAP_FAILED)
		return -errno;
	disk->state = (void *)disk->mem;
	return 0;
}

int disk_regs(struct disk *disk)
{
	disk->regs = vmm_bar(&disk->vmm, 0, NULL);
	return disk->regs ? 0 : -ENXIO;
}

static bool wait_ready(struct disk *disk, uint32_t want)
{
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if ((get(disk, CSTS) & (CSTS_READY | CSTS_FATAL)) == want)
			return true;
		usleep(1000);
	}
	return false;
}

static int enable(struct disk *disk)
{
	set(disk, CC, 0);
	if (!wait_ready(disk, 0))
		return -ETIMEDOUT;
	set(disk, AQA, (DISK_ENTRIES - 1) << 16 | (DISK_ENTRIES - 1));
	set(disk, ASQ, DISK_IOVA + sq_offset(ADMIN));
	set(disk, ASQ + 4, 0);
	set(disk, ACQ, DISK_IOVA + cq_offset(ADMIN));
	set(disk, ACQ + 4, 0);
	set(disk, CC, CC_ENABLE);
	return wait_ready(disk, CSTS_READY) ? 0 : -ETIMEDOUT;
}

/* Physically contiguous, queue 1, completions of it in queue 1. */
static int create_queues(struct disk *disk)
{
	const uint32_t cdw10 = (DISK_ENTRIES - 1) << 16 | IO;

	submit(disk, ADMIN, (struct command){
		.opcode = CREATE_CQ, .prp1 = DISK_IOVA + cq_offset(IO),
		.cdw10 = cdw10, .cdw11 = 1,
	});
	if (!wait_queue(disk, ADMIN, 1, FEW_SECONDS))
		return -ETIMEDOUT;
	submit(disk, ADMIN, (struct command){
		.opcode = CREATE_SQ, .prp1 = DISK_IOVA + sq_offset(IO),
		.cdw10 = cdw10, .cdw11 = IO << 16 | 1,
	});
	if (!wait_queue(disk, ADMIN, 1, FEW_SECONDS))
		return -ETIMEDOUT;
	return disk->state->errors ? -EIO : 0;
}

int disk_start(struct disk *disk)
{
	char bdf[VMM_BDF];
	int ret;

	ret = vmm_find(DISK_VENDOR, DISK_DEVICE, bdf);
	if (ret)
		return ret;
	ret = data_memfd_sparse("guest-ram", 0, DISK_SIZE);
	if (ret >= 0)
		ret = disk_take_memfd(disk, ret);
	if (!ret)
		ret = vmm_start(&disk->vmm, bdf, disk->memfd, DISK_SIZE, DISK_IOVA);
	if (!ret)
		ret = disk_regs(disk);
	if (!ret)
		ret = enable(disk);
	return ret ?: create_queues(disk);
}

static char *block(struct disk *disk, unsigned int i)
{
	return disk->mem + DISK_DATA + i * PAGE;
}

static void submit_block(struct disk *disk, uint8_t opcode, unsigned int i)
{
	submit(disk, IO, (struct command){
		.opcode = opcode, .id = i,
		.prp1 = DISK_IOVA + DISK_DATA + i * PAGE,
		.cdw10 = i * SECTORS, .cdw12 = SECTORS - 1,
	});
}

int disk_write(struct disk *disk, uint64_t seed, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		data_page(block(disk, i), seed, i * PAGE);
		submit_block(disk, WRITE, i);
	}
	if (!disk_wait(disk, n, FEW_SECONDS))
		return -ETIMEDOUT;
	return disk->state->errors ? -EIO : 0;
}

void disk_read(struct disk *disk, unsigned int n)
{
	unsigned int i;

	memset(disk->state->done, 0, sizeof(disk->state->done));
	memset(disk->mem + DISK_DATA, 0xee, n * PAGE);
	for (i = 0; i < n; i++)
		submit_block(disk, READ, i);
}

unsigned int disk_check(struct disk *disk, uint64_t seed, unsigned int n)
{
	unsigned int i, done = 0;

	check(!disk->state->errors, "%lu commands failed", disk->state->errors);
	for (i = 0; i < n; i++) {
		if (!disk->state->done[i])
			continue;
		check(data_page_is(block(disk, i), seed, i * PAGE),
		      "block %u has other contents", i);
		done++;
	}
	return done;
}
