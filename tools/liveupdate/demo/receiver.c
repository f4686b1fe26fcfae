// SPDX-License-Identifier: GPL-2.0
/*
 * The second kernel: take everything back by name, prove that it is what the
 * first kernel had, and finish.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"
#include "luo.h"

static void check(bool good, const char *what)
{
	say("  %s  %s", good ? "ok    " : "WRONG ", what);
	say("@ proof %s %s", good ? "ok" : "wrong", what);
	if (!good)
		exit(EXIT_FAILURE);
}

static int retrieve(struct journal *j, int session, enum demo_token token, const char *what)
{
	struct span *span = span_begin(j, 2, "retrieve", what);
	int fd = luo_retrieve_fd(session, token);

	if (fd < 0)
		die("RETRIEVE_FD %s", what);
	span_end(span);
	return fd;
}

/* The journal comes first; the phases that were seen before it was there move into it. */
static struct journal *retrieve_journal(struct journal *early, int session)
{
	int fd = retrieve(early, session, DEMO_JOURNAL, "the journal");
	struct journal *j = journal_map(fd);
	uint64_t i;

	if (j->magic != JOURNAL_MAGIC || j->nr_spans + early->nr_spans > JOURNAL_SPANS)
		die("the journal is not what the first kernel wrote");
	for (i = 0; i < early->nr_spans; i++)
		j->spans[j->nr_spans++] = early->spans[i];
	close(fd);
	free(early);
	return j;
}

static void check_name(int fd, const char *name)
{
	char path[64], link[128] = "", want[128];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(want, sizeof(want), "/memfd:%s (deleted)", name);
	check(readlink(path, link, sizeof(link) - 1) > 0 && !strcmp(link, want),
	      "the file has its name");
}

/* What the interrupted reader reads next is what follows in the file. */
static void check_position(struct journal *j, int fd)
{
	char next[4096], want[4096];
	ssize_t n;

	check(lseek(fd, 0, SEEK_CUR) == (off_t)j->position, "the read position is half way");
	n = pread(fd, want, sizeof(want), j->position);
	check(n > 0 && read(fd, next, n) == n && !memcmp(next, want, n),
	      "reading goes on where it stopped");
}

static void check_data(struct journal *j, int fd)
{
	uint8_t sum[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	struct span *span;
	struct stat st;

	check(!fstat(fd, &st) && st.st_size == (off_t)j->size, "the file has its size");
	check_name(fd, "demo-data");
	check((uint64_t)fcntl(fd, F_GET_SEALS) == j->seals, "the file has its seals");
	check(write(fd, "x", 1) < 0, "the sealed file refuses a write");
	check_position(j, fd);
	span = span_begin(j, 2, "verify", "SHA-256 of the file");
	sha256_fd(fd, j->size, sum);
	span_end(span);
	sha256_hex(sum, hex);
	say("@ info sha256_after %s", hex);
	check(!memcmp(sum, j->sha256, sizeof(sum)), "the file has its SHA-256");
}

static void check_end(int fd, uint64_t at)
{
	uint64_t *want = malloc(SPARSE_END), *have = malloc(SPARSE_END);

	if (!want || !have)
		die("no memory");
	sparse_pattern(at, want, SPARSE_END);
	check(pread(fd, have, SPARSE_END, at) == (ssize_t)SPARSE_END &&
	      !memcmp(want, have, SPARSE_END),
	      at ? "the sparse file has its tail" : "the sparse file has its head");
	free(want);
	free(have);
}

static void check_sparse(struct journal *j, int fd)
{
	struct stat st;

	check(!fstat(fd, &st) && st.st_size == (off_t)SPARSE_SIZE, "the sparse file has 64 GiB");
	check_end(fd, 0);
	check_end(fd, SPARSE_SIZE - SPARSE_END);
	check(lseek(fd, 0, SEEK_HOLE) == (off_t)SPARSE_END &&
	      lseek(fd, SPARSE_END, SEEK_DATA) == (off_t)(SPARSE_SIZE - SPARSE_END),
	      "between them there is one hole");
	check((uint64_t)st.st_blocks == j->sparse_blocks, "it takes no more memory than before");
}

static void dump_journal(const struct journal *j, const struct utsname *u)
{
	uint64_t i;

	say("@ info release_before %s", j->release);
	say("@ info release_after %s", u->release);
	say("@ info size %llu", (unsigned long long)j->size);
	say("@ info position %llu", (unsigned long long)j->position);
	say("@ info born %llu", (unsigned long long)j->born);
	say("@ info now %llu", (unsigned long long)tsc_now());
	say("@ info cost_kb %lld", (long long)j->cost_pages * sysconf(_SC_PAGESIZE) / 1024);
	for (i = 0; i < j->nr_spans; i++)
		say("@ span %llu %llu %llu %s %s", (unsigned long long)j->spans[i].kernel,
		    (unsigned long long)j->spans[i].begin, (unsigned long long)j->spans[i].end,
		    j->spans[i].name, j->spans[i].what);
}

/* What both kernels stamped themselves, for report.py. */
static void dump_timeline(void)
{
	char line[512];
	FILE *f;

	f = fopen("/sys/kernel/debug/liveupdate/timeline", "re");
	if (!f)
		die("cannot read the timeline");
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		say("@ timeline %s", line);
	}
	fclose(f);
}

void receiver(void)
{
	struct journal *j = journal_private();
	int luo, session, data, sparse;
	struct utsname u;
	struct span *span;

	uname(&u);
	say("second kernel: %s", u.release);
	luo = luo_open();
	if (luo < 0)
		die("cannot open /dev/liveupdate");
	span = span_begin(j, 2, "retrieve", "the session");
	session = luo_retrieve_session(luo, DEMO_SESSION);
	if (session < 0)
		die("RETRIEVE_SESSION %s", DEMO_SESSION);
	span_end(span);
	j = retrieve_journal(j, session);
	data = retrieve(j, session, DEMO_DATA, "the file");
	sparse = retrieve(j, session, DEMO_SPARSE, "the sparse file");

	check(strcmp(j->release, u.release) != 0, "this is another kernel");
	check_data(j, data);
	check_sparse(j, sparse);
	span = span_begin(j, 2, "finish", "the session");
	if (luo_finish(session))
		die("FINISH");
	span_end(span);
	check(pread(data, &u, 1, 0) == 1 && pread(sparse, &u, 1, 0) == 1,
	      "both files are ordinary files again");
	uname(&u);
	dump_journal(j, &u);
	dump_timeline();
}
