/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the scenarios of the benchmark share.
 *
 * A scenario runs in the first kernel and, unless it has no second part, in the
 * kernel that it jumps to. Times are of the time stamp counter: under QEMU's
 * -icount shift=0 one tick is one instruction of the guest.
 */
#ifndef LUO_BENCH_H
#define LUO_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

#define BENCH_SESSION	"bench"

/**
 * struct scenario - one guest
 * @name: as in bench=NAME on the kernel command line
 * @before: runs in the first kernel; what it has open stays open over the jump
 * @after: runs in the second kernel; NULL if there is none
 */
struct scenario {
	const char *name;
	void (*before)(void);
	void (*after)(void);
};

extern const struct scenario scenario_big, scenario_files, scenario_scale;
extern const struct scenario scenario_device, scenario_device0,
	scenario_device4k;
extern const struct scenario scenario_runs, scenario_runs1, scenario_digest;

static inline uint64_t ticks(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

/* Hand a figure to bench.sh. */
void figure(const char *name, double value);

/* End the guest with a message if this did not work. */
#define must(cond) must_be(!!(cond), #cond, __FILE__, __LINE__)
void must_be(int good, const char *what, const char *file, int line);

/* The same for calls that return -errno. */
#define must_fd(call) must_not_fail(call, #call, __FILE__, __LINE__)
int must_not_fail(int ret, const char *what, const char *file, int line);

/* The one open of /dev/liveupdate. */
int device(void);

/* Ticks of one PRESERVE_FD or RETRIEVE_FD; the latter also gives the file. */
uint64_t time_preserve(int session, int fd, uint64_t token);
uint64_t time_retrieve(int session, uint64_t token, int *fd);

/* A memfd of this many pages, all of them written. */
int memfd_full(const char *name, size_t pages);

/* The same in folios of 2 MiB. */
int memfd_large(const char *name, size_t pages);

/* Bytes that are preserved, the records included. */
long preserved_bytes(void);

/* Bytes that KHO's own tracker takes. */
long tracker_bytes(void);

/* Pages that were ever moved to another place in memory. */
long moved_pages(void);

/* Physically contiguous runs of the pages of a file. */
size_t count_runs(int fd, size_t pages);

/* The middle one of @n values; sorts them. */
uint64_t median(uint64_t *v, size_t n);

#endif /* LUO_BENCH_H */
