// SPDX-License-Identifier: GPL-2.0
/*
 * The first kernel: put a real file into memory, preserve it half-read together
 * with a sparse file and the journal, and update into the next kernel.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/reboot.h>

#include "agent.h"
#include "luo.h"

static int memfd_new(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		die("memfd_create(%s)", name);
	return fd;
}

static struct journal *journal_new(int *fd)
{
	struct journal *j;
	struct utsname u;

	*fd = memfd_new("demo-journal");
	if (ftruncate(*fd, sizeof(*j)))
		die("cannot size the journal");
	j = journal_map(*fd);
	uname(&u);
	snprintf(j->release, sizeof(j->release), "%s", u.release);
	j->magic = JOURNAL_MAGIC;
	return j;
}

/* Copy the file into a memfd; the source goes, so that this is the only copy. */
static int load_file(struct journal *j)
{
	struct stat st;
	off_t done = 0;
	int src, fd;

	fd = memfd_new("demo-data");
	src = open(DEMO_FILE, O_RDONLY | O_CLOEXEC);
	if (src < 0 || fstat(src, &st))
		die("cannot open %s", DEMO_FILE);
	while (done < st.st_size)
		if (sendfile(fd, src, &done, st.st_size - done) <= 0)
			die("cannot copy the file into memory");
	close(src);
	unlink(DEMO_FILE);
	j->size = st.st_size;
	return fd;
}

static void seal(struct journal *j, int fd)
{
	j->seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	if (fcntl(fd, F_ADD_SEALS, j->seals))
		die("cannot seal the file");
}

/* Read the first half, as a program does that is interrupted by the update. */
static void read_half(struct journal *j, int fd)
{
	static char buf[1 << 16];
	size_t left = j->size / 2;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET))
		die("cannot seek");
	while (left) {
		n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));
		if (n <= 0)
			die("cannot read the file");
		left -= n;
	}
	j->position = lseek(fd, 0, SEEK_CUR);
}

static int make_sparse(struct journal *j)
{
	uint64_t *buf = malloc(SPARSE_END);
	uint64_t at[] = { 0, SPARSE_SIZE - SPARSE_END };
	struct stat st;
	int fd, i;

	fd = memfd_new("demo-sparse");
	if (!buf || ftruncate(fd, SPARSE_SIZE))
		die("cannot make the sparse file");
	for (i = 0; i < 2; i++) {
		sparse_pattern(at[i], buf, SPARSE_END);
		if (pwrite(fd, buf, SPARSE_END, at[i]) != (ssize_t)SPARSE_END)
			die("cannot write the sparse file");
	}
	fstat(fd, &st);
	j->sparse_blocks = st.st_blocks;
	free(buf);
	return fd;
}

static void preserve(struct journal *j, int session, int fd, enum demo_token token,
		     const char *what)
{
	struct span *span = span_begin(j, 1, "preserve", what);

	if (luo_preserve_fd(session, fd, token))
		die("PRESERVE_FD %s", what);
	span_end(span);
}

/* Pages of the kernel that carry something over, the tracker's own included. */
static long overhead_pages(void)
{
	return kho_state("preserved_pages") + kho_state("tracker_pages");
}

static long data_pages(int fd)
{
	struct stat st;

	fstat(fd, &st);
	return st.st_blocks / (sysconf(_SC_PAGESIZE) / 512);
}

static void load_kernel(struct journal *j)
{
	struct span *span;
	char cmdline[2048];
	int kernel, initrd, fd;
	ssize_t len;

	kernel = open(DEMO_KERNEL, O_RDONLY | O_CLOEXEC);
	initrd = open(DEMO_INITRD, O_RDONLY | O_CLOEXEC);
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (kernel < 0 || initrd < 0 || fd < 0)
		die("the next kernel is not complete");
	len = read(fd, cmdline, sizeof(cmdline) - 1);
	if (len <= 0)
		die("cannot read the command line");
	cmdline[len - 1] = '\0';
	close(fd);

	span = span_begin(j, 1, "load", "next kernel and initrd");
	if (syscall(SYS_kexec_file_load, kernel, initrd, (unsigned long)len, cmdline, 0UL))
		die("kexec_file_load");
	span_end(span);
	close(kernel);
	close(initrd);
}

/* Everything up to the point where only the jump is missing. */
static void prepare_data(struct journal *j, int *data, int *sparse)
{
	char hex[2 * SHA256_LEN + 1];
	struct span *span;

	span = span_begin(j, 1, "fill", "file into a memfd");
	*data = load_file(j);
	span_end(span);
	j->born = tsc_now();
	seal(j, *data);
	span = span_begin(j, 1, "hash", "SHA-256 of the file");
	sha256_fd(*data, j->size, j->sha256);
	span_end(span);
	read_half(j, *data);
	*sparse = make_sparse(j);
	sha256_hex(j->sha256, hex);
	say("  file: %llu bytes, sealed, read up to %llu, SHA-256 %s",
	    (unsigned long long)j->size, (unsigned long long)j->position, hex);
	say("  sparse file: 64 GiB, data in the first and in the last MiB");
	say("@ info sha256_before %s", hex);
}

void sender(void)
{
	int luo, session, data, sparse, journal;
	struct journal *j = journal_new(&journal);

	say("first kernel: %s", j->release);
	say("@ info started %llu", (unsigned long long)tsc_now());
	prepare_data(j, &data, &sparse);

	luo = luo_open();
	session = luo < 0 ? -1 : luo_create_session(luo, DEMO_SESSION);
	if (session < 0)
		die("cannot make the session");
	j->cost_pages = -overhead_pages();
	j->cost_pages -= data_pages(data) + data_pages(sparse) + data_pages(journal);
	preserve(j, session, data, DEMO_DATA, "the file");
	preserve(j, session, sparse, DEMO_SPARSE, "the sparse file");
	preserve(j, session, journal, DEMO_JOURNAL, "the journal");
	j->cost_pages += overhead_pages();
	load_kernel(j);

	say("  jump");
	span_begin(j, 1, "reboot", "reboot(2) entered");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC,
		NULL);
	die("reboot(2) returned");
}
