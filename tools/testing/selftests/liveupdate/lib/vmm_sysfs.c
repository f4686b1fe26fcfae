// SPDX-License-Identifier: GPL-2.0
/* The device of a monitor, as sysfs and the kernel's log show it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "guest.h"
#include "vmm.h"

#define SYS_PCI		"/sys/bus/pci/"
#define SYS_DEVICES	SYS_PCI "devices/"
#define LOG_SIZE	0x100000

static long sysfs_number(const char *bdf, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), SYS_DEVICES "%.12s/%s", bdf, name);
	if (guest_read(path, text, sizeof(text)) < 0)
		return -1;
	return strtol(text, NULL, 0);
}

static int sysfs_set(const char *bdf, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), SYS_DEVICES "%.12s/%s", bdf, name);
	return guest_write(path, text);
}

int vmm_find(uint16_t vendor, uint16_t device, char *bdf)
{
	struct dirent **names;
	int n, i, ret = -ENOENT;

	n = scandir(SYS_DEVICES, &names, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (ret && sysfs_number(names[i]->d_name, "vendor") == vendor &&
		    sysfs_number(names[i]->d_name, "device") == device) {
			snprintf(bdf, VMM_BDF, "%.12s", names[i]->d_name);
			ret = 0;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ret;
}

int vmm_parent(const char *bdf, char *parent)
{
	char path[128], target[256], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), SYS_DEVICES "%s", bdf);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	slash = strrchr(target, '/');
	*slash = '\0';
	slash = strrchr(target, '/') + 1;
	if (!strncmp(slash, "pci", 3))
		return -ENOENT;
	snprintf(parent, VMM_BDF, "%.12s", slash);
	return 0;
}

const char *vmm_driver(const char *bdf, char *name, size_t size)
{
	char path[128], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), SYS_DEVICES "%s/driver", bdf);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	snprintf(name, size, "%s", n < 0 ? "" : strrchr(target, '/') + 1);
	return name;
}

int vmm_attr(const char *bdf, const char *attr, char *value, size_t size)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), SYS_DEVICES "%s/%s", bdf, attr);
	ret = guest_read(path, value, size);
	value[ret < 0 ? 0 : strcspn(value, "\n")] = '\0';
	return ret < 0 ? ret : 0;
}

int vmm_netdev(const char *bdf, char *name, size_t size)
{
	struct dirent *entry;
	int ret = -ENOENT;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), SYS_DEVICES "%s/net", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(name, size, "%.15s", entry->d_name);
			ret = 0;
		}
	closedir(dir);
	return ret;
}

int vmm_load(void)
{
	static const char * const modules[] = { "irqbypass", "vfio-pci-core", "vfio-pci" };
	unsigned int i;

	/* Each of them may be built in. */
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		guest_insmod(modules[i], "");
	return access(SYS_PCI "drivers/vfio-pci", F_OK) ? -ENODEV : 0;
}

int vmm_take(const char *bdf)
{
	char name[32];
	int ret = vmm_load();

	if (ret)
		return ret;
	if (!strcmp(vmm_driver(bdf, name, sizeof(name)), "vfio-pci"))
		return 0;
	ret = sysfs_set(bdf, "driver_override", "vfio-pci");
	if (!ret && *name)
		ret = sysfs_set(bdf, "driver/unbind", bdf);
	if (!ret)
		ret = guest_write(SYS_PCI "drivers_probe", bdf);
	if (ret)
		return ret;
	return strcmp(vmm_driver(bdf, name, sizeof(name)), "vfio-pci") ? -ENODEV : 0;
}

static int config_open(const char *bdf, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), SYS_DEVICES "%s/config", bdf);
	return open(path, flags | O_CLOEXEC);
}

uint32_t vmm_config(const char *bdf, unsigned int off, unsigned int bytes)
{
	int fd = config_open(bdf, O_RDONLY);
	uint32_t value = 0;

	if (pread(fd, &value, bytes, off) != (ssize_t)bytes)
		value = ~0;
	close(fd);
	return value;
}

/* Offset of a capability in config space, 0 if there is none. */
unsigned int vmm_capability(const char *bdf, uint8_t id)
{
	unsigned int pos = vmm_config(bdf, 0x34, 1), left = 48;

	while (pos >= 0x40 && pos < 0xff && left--) {
		if (vmm_config(bdf, pos, 1) == id)
			return pos;
		pos = vmm_config(bdf, pos + 1, 1);
	}
	return 0;
}

/* Behind "BDF: config space:" lines "00000010: 00 01 ..." of 16 bytes each. */
static int found_bytes(const char *text, const char *bdf, unsigned int off,
		       uint8_t *bytes)
{
	char head[64], row[16];
	const char *p;
	int i;

	snprintf(head, sizeof(head), "%s: config space:", bdf);
	snprintf(row, sizeof(row), "%08x: ", off & ~15U);
	p = strstr(text, head);
	p = p ? strstr(p, row) : NULL;
	if (!p)
		return -ENOENT;
	p += strlen(row) + (off & 15) * 3;
	for (i = 0; i < 4; i++, p += 3)
		bytes[i] = strtoul(p, NULL, 16);
	return 0;
}

int vmm_config_found(const char *bdf, unsigned int off, uint32_t *value)
{
	char *text = malloc(LOG_SIZE + 1);
	uint8_t bytes[4];
	int n, ret;

	if (!text || off & 3)
		return -EINVAL;
	n = klogctl(3, text, LOG_SIZE);		/* all of it */
	text[n < 0 ? 0 : n] = '\0';
	ret = found_bytes(text, bdf, off, bytes);
	if (!ret)
		memcpy(value, bytes, sizeof(*value));
	free(text);
	return ret;
}

void *vmm_bar_sysfs(const char *bdf, unsigned int bar, size_t size)
{
	char path[128];
	void *map;
	int fd;

	snprintf(path, sizeof(path), SYS_DEVICES "%s/resource%u", bdf, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}
