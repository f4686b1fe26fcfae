// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"
#include "story.h"

#define LOG_READ_ALL	3			/* SYSLOG_ACTION_READ_ALL */
#define LOG_SIZE	(512 * 1024)

#define MODULE_DIR	"/modules"
#define SWAP_DISK	"/dev/ram0"

static int starve_fd = -1;	/* on and off, see guest_starve() */

uint64_t *guest_kexec_ticks;

static void mount_one(const char *what, const char *where)
{
	mkdir(where, 0755);
	mount(what, where, what, 0, NULL);
}

void guest_mount(void)
{
	mount_one("devtmpfs", "/dev");
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("debugfs", "/sys/kernel/debug");
	mount_one("tmpfs", "/tmp");
	mount_one("cgroup2", "/sys/fs/cgroup");
}

int guest_read(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		n = read(fd, buf + used, size - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	buf[used] = '\0';
	close(fd);
	return used;
}

unsigned int guest_log_count(const char *what)
{
	char *log = malloc(LOG_SIZE), *at = log;
	unsigned int nr = 0;
	int len;

	require(log, "no memory");
	len = klogctl(LOG_READ_ALL, log, LOG_SIZE - 1);
	require(len > 0, "no log");
	log[len] = '\0';
	while ((at = strstr(at, what))) {
		nr++;
		at++;
	}
	free(log);
	return nr;
}

int guest_write(const char *path, const char *text)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

const char *guest_param(const char *name, char *buf, size_t size)
{
	char cmdline[4096], *word, *save;
	size_t len = strlen(name);
	const char *found = NULL;

	if (guest_read("/proc/cmdline", cmdline, sizeof(cmdline)) < 0)
		return NULL;
	for (word = strtok_r(cmdline, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (strncmp(word, name, len) || word[len] != '=')
			continue;
		snprintf(buf, size, "%s", word + len + 1);
		found = buf;
	}
	return found;
}

unsigned long guest_number(const char *name, unsigned long otherwise)
{
	char buf[32];

	return guest_param(name, buf, sizeof(buf)) ? strtoul(buf, NULL, 0) : otherwise;
}

static void starve_set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/failslab/%s", name);
	guest_write(path, value);
	snprintf(path, sizeof(path), "/sys/kernel/debug/fail_page_alloc/%s", name);
	guest_write(path, value);
}

static int starve_switch(const char *on)
{
	return pwrite(starve_fd, on, 1, 0) == 1 ? 0 : -errno;
}

/* Whether they do fail is tried first; that is not named. */
int guest_starve(void)
{
	int ret;

	starve_fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	if (starve_fd < 0)
		return -errno;
	starve_set("task-filter", "Y");
	starve_set("ignore-gfp-wait", "N");
	starve_set("ignore-gfp-highmem", "N");
	starve_set("min-order", "0");
	starve_set("times", "-1");
	starve_set("verbose", "0");
	starve_set("probability", "100");
	starve_switch("1");
	ret = open("/", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
	starve_switch("0");
	if (ret != -ENOMEM)
		return -EINVAL;
	starve_set("verbose", "2");
	return starve_switch("1");
}

int guest_kexec(void)
{
	int ret;

	verdict_drain();
	if (guest_kexec_ticks)
		*guest_kexec_ticks = guest_ticks();
	ret = reboot(RB_KEXEC) ? -errno : 0;
	if (starve_fd >= 0)
		starve_switch("0");
	return ret;
}

void guest_end(void)
{
	verdict_drain();
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

int guest_insmod(const char *name, const char *params)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), MODULE_DIR "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int guest_rmmod(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int swap_make(const char *path)
{
	static char page[4096];
	uint32_t *head = (uint32_t *)(page + 1024);
	int fd = open(path, O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	head[0] = 1;
	head[1] = lseek(fd, 0, SEEK_END) / sizeof(page) - 1;
	memcpy(page + sizeof(page) - 10, "SWAPSPACE2", 10);
	ret = pwrite(fd, page, sizeof(page), 0) == sizeof(page) && !fsync(fd) ? 0 : -EIO;
	close(fd);
	return ret;
}

int guest_swapon(void)
{
	int ret = swap_make(SWAP_DISK);

	if (!ret && swapon(SWAP_DISK, 0))
		ret = -errno;
	return ret;
}
