// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "pci.h"

#define SYS_PCI		"/sys/bus/pci"
#define LOG_SIZE	0x80000
#define LOG_READ_ALL	3

static void function_path(const struct function *fn, const char *name,
			  char *path, size_t size)
{
	snprintf(path, size, SYS_PCI "/devices/%s/%s", fn->name, name);
}

int function_read(struct function *fn)
{
	char path[128];
	int fd, ret = 0;

	function_path(fn, "config", path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, fn->config, PCI_CONFIG, 0) != PCI_CONFIG)
		ret = -EIO;
	close(fd);
	return ret;
}

int function_find(uint16_t vendor, uint16_t device, struct function *fn)
{
	DIR *dir = opendir(SYS_PCI "/devices");
	struct dirent *entry;
	int ret = -ENOENT;

	while (ret && dir && (entry = readdir(dir))) {
		snprintf(fn->name, sizeof(fn->name), "%.15s", entry->d_name);
		if (!function_read(fn) && function_word(fn, 0) == vendor &&
		    function_word(fn, 2) == device)
			ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

int function_parent(const struct function *fn, struct function *parent)
{
	char path[128], target[512], *slash;
	ssize_t len;

	snprintf(path, sizeof(path), SYS_PCI "/devices/%s", fn->name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	slash = strrchr(target, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	slash = strrchr(target, '/');
	if (!slash || !strncmp(slash + 1, "pci", 3))
		return -ENOENT;
	snprintf(parent->name, sizeof(parent->name), "%.15s", slash + 1);
	return function_read(parent);
}

/* "... 00000010: 00 00 84 fe ..." after "NAME: config space:". */
static int parse_dump(const char *text, uint8_t *config, unsigned int size)
{
	char mark[16];
	unsigned int pos, byte;

	for (pos = 0; pos < size; pos += 16) {
		snprintf(mark, sizeof(mark), "%08x: ", pos);
		text = strstr(text, mark);
		if (!text)
			return -ENOENT;
		text += strlen(mark);
		for (byte = 0; byte < 16; byte++)
			config[pos + byte] = strtoul(text + 3 * byte, NULL, 16);
	}
	return 0;
}

int function_found(struct function *fn, unsigned int size)
{
	char mark[64], *text, *log = malloc(LOG_SIZE + 1);
	int ret = -ENOMEM, len;

	if (!log)
		return ret;
	len = klogctl(LOG_READ_ALL, log, LOG_SIZE);
	log[len < 0 ? 0 : len] = '\0';
	snprintf(mark, sizeof(mark), "pci %s: config space:", fn->name);
	text = strstr(log, mark);
	ret = text ? parse_dump(text, fn->config, size) : -ENOENT;
	free(log);
	return ret;
}

uint16_t function_word(const struct function *fn, unsigned int pos)
{
	uint16_t value;

	memcpy(&value, fn->config + pos, sizeof(value));
	return value;
}

uint32_t function_dword(const struct function *fn, unsigned int pos)
{
	uint32_t value;

	memcpy(&value, fn->config + pos, sizeof(value));
	return value;
}

unsigned int function_cap(const struct function *fn, uint8_t id)
{
	unsigned int pos = fn->config[0x34] & ~3, left = 48;

	for (; pos >= 0x40 && left; left--, pos = fn->config[pos + 1] & ~3)
		if (fn->config[pos] == id)
			return pos;
	return 0;
}

uint32_t function_vector_ctrl(const struct function *fn, unsigned int index)
{
	unsigned int cap = function_cap(fn, 0x11);
	uint32_t table = function_dword(fn, cap + 4), ctrl = ~0;
	char path[128], name[16];
	void *map;
	int fd;

	snprintf(name, sizeof(name), "resource%u", table & 7);
	function_path(fn, name, path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (!cap || fd < 0)
		return ctrl;
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, (table & ~7) & ~4095);
	if (map != MAP_FAILED) {
		ctrl = *(volatile uint32_t *)((char *)map + (table & 0xff8) +
					      16 * index + 12);
		munmap(map, 4096);
	}
	close(fd);
	return ctrl;
}

int function_seal(const struct function *fn, bool sealed)
{
	uint8_t mark = sealed ? 0xa5 : 0x5a;
	char path[128];
	int fd, ret = 0;

	function_path(fn, "config", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, &mark, 1, 0x0c) != 1)	/* the cache line size */
		ret = -EIO;
	close(fd);
	return ret;
}

void function_driver(const struct function *fn, char *name, size_t size)
{
	char path[128], target[512];
	ssize_t len;

	function_path(fn, "driver", path, sizeof(path));
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	snprintf(name, size, "%s", len < 0 ? "" : strrchr(target, '/') + 1);
}

int function_set(const struct function *fn, const char *name, const char *text)
{
	char path[128];

	function_path(fn, name, path, sizeof(path));
	return guest_write(path, text);
}

int driver_set(const char *driver, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), SYS_PCI "/drivers/%s/%s", driver, name);
	return guest_write(path, text);
}
