/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The journal of the demo: what was measured and noted, in a memfd that is
 * itself preserved. The first kernel goes on writing into it after it was
 * preserved, up to reboot(2); the second finds everything there and adds to it.
 *
 * Times are of the time stamp counter, which runs on through a kexec.
 */
#ifndef LIVEUPDATE_DEMO_JOURNAL_H
#define LIVEUPDATE_DEMO_JOURNAL_H

#include <stdint.h>
#include <x86intrin.h>

#define JOURNAL_MAGIC	0x6c6e72756f6a2d31ULL
#define JOURNAL_SPANS	64
#define SHA256_LEN	32

/* QEMU's -icount shift=0: one instruction is one nanosecond and one tick. */
#define TSC_PER_SECOND	1000000000.0

/**
 * struct span - one phase that was observed
 * @name: of the phase, as the report shows it
 * @what: it was done to, may be empty
 * @kernel: 1 for the first, 2 for the second
 * @begin: time stamp, ticks
 * @end: time stamp, ticks; 0 as long as it goes on
 */
struct span {
	char name[16];
	char what[24];
	uint64_t kernel;
	uint64_t begin;
	uint64_t end;
};

/**
 * struct journal - what the first kernel tells the second
 * @magic: JOURNAL_MAGIC
 * @release: of the first kernel
 * @sha256: of the file, as read in the first kernel
 * @size: of the file, bytes
 * @position: at which its reader stopped
 * @seals: of the file, as fcntl(F_GET_SEALS) says
 * @sparse_blocks: st_blocks of the sparse file
 * @born: time stamp of the moment at which the data was complete in memory
 * @cost_pages: pages that the records and KHO's tracker take, beside the data
 * @nr_spans: used entries of @spans
 * @spans: phases in the order in which they began
 */
struct journal {
	uint64_t magic;
	char release[72];
	uint8_t sha256[SHA256_LEN];
	uint64_t size;
	uint64_t position;
	uint64_t seals;
	uint64_t sparse_blocks;
	uint64_t born;
	int64_t cost_pages;
	uint64_t nr_spans;
	struct span spans[JOURNAL_SPANS];
};

static inline uint64_t tsc_now(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

#endif /* LIVEUPDATE_DEMO_JOURNAL_H */
