// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "data.h"
#include "foreign.h"
#include "guest.h"
#include "story.h"

#define LOG		"/sys/kernel/debug/luo_test/log"
#define PARAMS		"/sys/module/" FOREIGN_MODULE "/parameters/"
#define DAMAGE		"/sys/kernel/debug/luo_damage/"
#define KHO_FDT		"/sys/kernel/debug/kho/out/fdt"

static char text[65536];

void foreign_load(const char *params)
{
	int ret = guest_insmod(FOREIGN_MODULE, params);

	if (ret == -ENOENT)
		story_skip("no module %s", FOREIGN_MODULE);
	require(!ret || ret == -EEXIST, "insmod: %d", ret);
}

int foreign_open(const char *device, uint64_t value)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return foreign_change(fd, value) ? -EIO : fd;
}

int foreign_change(int fd, uint64_t value)
{
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -EIO;
}

uint64_t foreign_value(int fd)
{
	uint64_t value = ~0ULL;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : ~0ULL;
}

void foreign_set(const char *param, int value)
{
	char path[128], number[16];

	snprintf(path, sizeof(path), PARAMS "%s", param);
	snprintf(number, sizeof(number), "%d", value);
	check(!guest_write(path, number), "%s=%d", param, value);
}

void foreign_log_clear(void)
{
	check(!guest_write(LOG, "x"));
}

void foreign_log_check(const char *want)
{
	char *c;

	require(guest_read(LOG, text, sizeof(text)) >= 0);
	for (c = text; *c; c++)
		if (*c == '\n')
			*c = ';';
	check(!strcmp(text, want), "log '%s', not '%s'", text, want);
}

bool foreign_log_has(const char *line)
{
	return guest_read(LOG, text, sizeof(text)) >= 0 && strstr(text, line);
}

static struct {
	pthread_t reader;
	int uffd;
	char *page;
} hold;

static void *hold_reader(void *arg)
{
	int fd = open(LOG, O_RDONLY | O_CLOEXEC);

	check(read(fd, hold.page, PAGE) > 0, "nothing in the log");
	close(fd);
	return NULL;
}

static void hold_open(void)
{
	struct uffdio_register reg = {
		.range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };

	hold.uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (hold.uffd < 0 || ioctl(hold.uffd, UFFDIO_API, &api))
		story_skip("no userfaultfd");
	hold.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)hold.page;
	require(!ioctl(hold.uffd, UFFDIO_REGISTER, &reg));
}

void foreign_hold(void)
{
	struct pollfd p = { .events = POLLIN };

	hold_open();
	p.fd = hold.uffd;
	require(!pthread_create(&hold.reader, NULL, hold_reader, NULL));
	require(poll(&p, 1, 60000) == 1, "nobody reads the log");
}

void foreign_let_go(void)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)hold.page, .len = PAGE },
	};

	check(!ioctl(hold.uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	pthread_join(hold.reader, NULL);
	munmap(hold.page, PAGE);
	close(hold.uffd);
}

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] << 24 | u[1] << 16 | u[2] << 8 | u[3];
}

/*
 * The address of a blob of ours: the first property of 8 bytes in the node of
 * that name of KHO's tree (FDT: 1 begins a node, 3 a property, 4 is nothing).
 */
static uint64_t find_blob(const char *fdt, int size, const char *name)
{
	const char *p = fdt + be32(fdt + 8), *end = fdt + size;
	bool ours = false;
	uint64_t value;

	while (p + 12 < end) {
		switch (be32(p)) {
		case 1:
			ours = !strcmp(p + 4, name);
			p += 4 + (strlen(p + 4) + 4) / 4 * 4;
			break;
		case 3:
			if (ours && be32(p + 4) == 8) {
				memcpy(&value, p + 12, sizeof(value));
				return value;
			}
			p += 12 + (be32(p + 4) + 3) / 4 * 4;
			break;
		case 9:
			return 0;
		default:
			p += 4;
		}
	}
	return 0;
}

static void damage_address(const char *file, uint64_t address)
{
	char path[64], number[32];

	snprintf(path, sizeof(path), DAMAGE "%s", file);
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)address);
	require(!guest_write(path, number));
}

void damage_load(void)
{
	uint64_t header;
	int ret, size;

	ret = guest_insmod("luo_test_damage", "");
	if (ret == -ENOENT)
		story_skip("no module luo_test_damage");
	require(!ret || ret == -EEXIST, "insmod: %d", ret);
	size = guest_read(KHO_FDT, text, sizeof(text));
	require(size > 0, KHO_FDT);
	header = find_blob(text, size, "liveupdate");
	require(header, "no header of ours in KHO's tree");
	damage_address("header", header);
	damage_address("timeline", find_blob(text, size, "liveupdate-timeline"));
}

void damage(const char *fmt, ...)
{
	char order[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(order, sizeof(order), fmt, ap);
	va_end(ap);
	check(!guest_write(DAMAGE "orders", order), "order '%s'", order);
}
