// SPDX-License-Identifier: GPL-2.0
/*
 * Init of both kernels of the live update demo.
 *
 * In the first kernel the initramfs holds the file and the next kernel, so the
 * sender runs; in the second it holds neither, so the receiver does. Each runs
 * in a process of its own: if it fails, init is there to say so and to end the
 * machine. The second serial port is the channel to the person: lines for
 * people, and lines that begin with "@" for report.py.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "agent.h"

static int channel = STDERR_FILENO;

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(channel, fmt, ap);
	va_end(ap);
	dprintf(channel, "\n");
}

void die(const char *fmt, ...)
{
	int err = errno;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	say("FAILED: %s (errno %d: %s)", what, err, strerror(err));
	exit(EXIT_FAILURE);
}

struct journal *journal_private(void)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		die("no memory for the journal");
	return j;
}

struct journal *journal_map(int fd)
{
	struct journal *j;

	j = mmap(NULL, sizeof(*j), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (j == MAP_FAILED)
		die("cannot map the journal");
	return j;
}

struct span *span_begin(struct journal *j, int kernel, const char *name, const char *what)
{
	struct span *span;

	if (j->nr_spans == JOURNAL_SPANS)
		die("the journal is full");
	span = &j->spans[j->nr_spans++];
	snprintf(span->name, sizeof(span->name), "%s", name);
	snprintf(span->what, sizeof(span->what), "%s", what);
	span->kernel = kernel;
	span->begin = tsc_now();
	return span;
}

void span_end(struct span *span)
{
	span->end = tsc_now();
	say("  %9.4f s  %-9s %-24s %12.3f ms", span->begin / TSC_PER_SECOND, span->name,
	    span->what, (span->end - span->begin) / TSC_PER_SECOND * 1e3);
}

void sha256_fd(int fd, size_t len, uint8_t out[SHA256_LEN])
{
	unsigned int out_len;
	void *map;

	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		die("cannot map %zu bytes to hash them", len);
	if (!EVP_Digest(map, len, out, &out_len, EVP_sha256(), NULL) || out_len != SHA256_LEN)
		die("SHA-256 failed");
	munmap(map, len);
}

void sha256_hex(const uint8_t sum[SHA256_LEN], char *hex)
{
	int i;

	for (i = 0; i < SHA256_LEN; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
}

void sparse_pattern(uint64_t offset, uint64_t *buf, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*buf); i++)
		buf[i] = (offset + i * sizeof(*buf)) * 0x9e3779b97f4a7c15ULL;
}

long kho_state(const char *name)
{
	char line[128], key[32];
	long value, found = -1;
	FILE *f;

	f = fopen("/sys/kernel/debug/kho/out/state", "re");
	if (!f)
		die("cannot read the state of KHO");
	while (found < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31[^:]: %ld", key, &value) == 2 && !strcmp(key, name))
			found = value;
	fclose(f);
	if (found < 0)
		die("KHO's state has no %s", name);
	return found;
}

static void mount_at(const char *type, const char *dir)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, NULL) && errno != EBUSY)
		die("cannot mount %s", type);
}

static void open_channel(void)
{
	struct termios tio;
	int fd;

	fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	channel = fd;
}

static int run_stage(void (*stage)(void))
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		die("cannot fork");
	if (!pid) {
		stage();
		exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	if (WIFSIGNALED(status))
		say("FAILED: stage killed by signal %d", WTERMSIG(status));
	return status;
}

int main(void)
{
	bool first;
	int status;

	mount_at("devtmpfs", "/dev");
	open_channel();
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("debugfs", "/sys/kernel/debug");

	first = !access(DEMO_KERNEL, R_OK);
	status = run_stage(first ? sender : receiver);
	say("@ end %d %s\n", first ? 1 : 2, status ? "failed" : "ok");
	tcdrain(channel);
	sync();
	reboot(RB_AUTOBOOT);
	return EXIT_FAILURE;
}
