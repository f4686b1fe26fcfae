// SPDX-License-Identifier: GPL-2.0-only
/*
 * luoctl image FILE: the check that kexec_file_load(2) makes, without loading
 *
 * The image is read by the kernel's own code (luo_abi_image.c); what is
 * preserved now comes from the ioctls that list it, what this kernel writes in
 * any case from /sys/kernel/liveupdate.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/liveupdate.h>

#include "../../../kernel/liveupdate/luo_abi_image.h"
#include "luoctl.h"

#define DEVICE	"/dev/liveupdate"
#define SYSFS	"/sys/kernel/liveupdate"

struct check {
	const struct luo_ranges *ranges;
	unsigned long refused;
	unsigned long undeclared;
	unsigned long files;
};

static const char *const kinds[] = {
	[LUO_RANGE_CORE] = "core",
	[LUO_RANGE_FILE] = "file",
	[LUO_RANGE_FLB] = "flb",
};

/* The ranges that an image declares; NULL, and errno, if it has none. */
static struct luo_ranges *ranges_copy(const void *file, size_t size)
{
	struct luo_ranges *ranges;
	unsigned int nr, i;
	size_t offset;
	int ret;

	ret = luo_abi_image_find(file, size, &offset, &nr);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	ranges = malloc(sizeof(*ranges) + nr * sizeof(ranges->ranges[0]));
	if (!ranges)
		return NULL;
	ranges->nr = nr;
	memcpy(ranges->ranges, (const char *)file + offset,
	       nr * sizeof(ranges->ranges[0]));
	for (i = 0; i < nr; i++) {
		if (luo_abi_range_check(&ranges->ranges[i])) {
			free(ranges);
			errno = EBADMSG;
			return NULL;
		}
	}
	return ranges;
}

static struct luo_ranges *ranges_of(const char *path)
{
	struct luo_ranges *ranges = NULL;
	struct stat st;
	void *file;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		goto out;
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		goto out;
	ranges = ranges_copy(file, st.st_size);
	munmap(file, st.st_size);
out:
	if (fd >= 0)
		close(fd);
	return ranges;
}

static void print_ranges(const struct luo_ranges *ranges)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		const struct luo_range_ser *range = &ranges->ranges[i];

		if (range->kind > LUO_RANGE_FLB)
			continue;
		printf("reads %-4s %s %u", kinds[range->kind], range->name,
		       range->read_min);
		if (range->read_min != range->read_max)
			printf("-%u", range->read_max);
		putchar('\n');
	}
}

/* One line of the verdict. What has to be declared, and is not, is refused. */
static void judge(struct check *check, const char *what, int ret, bool must)
{
	const char *verdict = "ok";

	if (ret == -ENOENT && !must) {
		verdict = "not declared";
		check->undeclared++;
	} else if (ret) {
		verdict = "refused";
		check->refused++;
	}
	printf("%s: %s\n", what, verdict);
}

static void judge_file(struct check *check, const char *session,
		       const struct liveupdate_list_file *file)
{
	const char *handler = (const char *)file->handler;
	const char *dash = strrchr(handler, '-');
	char what[256];
	int ret;

	/* A record that cannot be read has no version. */
	if (!dash)
		return;
	ret = luo_abi_ranges_read(check->ranges, LUO_RANGE_FILE, handler,
				  dash - handler, strtoul(dash + 2, NULL, 10));
	snprintf(what, sizeof(what), "%s %s %#llx %s",
		 file->direction == LIVEUPDATE_OUTGOING ? "outgoing" : "incoming",
		 session, (unsigned long long)file->token, handler);
	judge(check, what, ret, false);
	check->files++;
}

/* Goes to the next kernel: preserved, or came from the last one and waits. */
static bool goes_along(const struct liveupdate_list_file *file)
{
	return file->state != LIVEUPDATE_FILE_RETRIEVED &&
	       file->state != LIVEUPDATE_FILE_HANDED_OUT;
}

static int judge_session(struct check *check, int dev,
			 const struct liveupdate_ioctl_list_session *session)
{
	struct liveupdate_list_file file = { 0 };
	uint64_t token = 0;

	for (;;) {
		file.size = sizeof(file);
		file.direction = session->direction;
		file.session = session->id;
		file.token = token;
		if (ioctl(dev, LIVEUPDATE_IOCTL_LIST_FILE, &file))
			return errno == ENOENT ? 0 : -errno;
		if (goes_along(&file))
			judge_file(check, (const char *)session->name, &file);
		token = file.token + 1;
		if (!token)
			return 0;
	}
}

static int judge_sessions(struct check *check, int dev, uint32_t direction)
{
	struct liveupdate_ioctl_list_session session = { 0 };
	uint64_t id = 0;
	int ret;

	for (;;) {
		session.size = sizeof(session);
		session.direction = direction;
		session.id = id;
		if (ioctl(dev, LIVEUPDATE_IOCTL_LIST_SESSION, &session)) {
			/* EIO: all that came is lost, nothing of it goes on. */
			return errno == ENOENT || errno == EIO ? 0 : -errno;
		}
		ret = judge_session(check, dev, &session);
		if (ret)
			return ret;
		id = session.id + 1;
	}
}

static unsigned int sysfs_version(const char *kind, const char *name)
{
	unsigned int version = 0;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), SYSFS "/%s/%s/version", kind, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%u", &version) != 1)
		version = 0;
	fclose(f);
	return version;
}

/* All of one kind that this kernel has. Which FLBs are in use is not known. */
static int judge_kind(struct check *check, enum luo_range_kind kind)
{
	bool core = kind == LUO_RANGE_CORE;
	struct dirent *entry;
	char path[128], what[512];
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS "/%s", kinds[kind]);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned int version;
		int ret;

		if (entry->d_name[0] == '.')
			continue;
		version = sysfs_version(kinds[kind], entry->d_name);
		ret = luo_abi_ranges_read(check->ranges, kind, entry->d_name,
					  strlen(entry->d_name), version);
		snprintf(what, sizeof(what), "%s %s-v%u", kinds[kind],
			 entry->d_name, version);
		if (core)
			judge(check, what, ret, true);
		else if (ret == -EPROTONOSUPPORT)
			printf("%s: refused if a file depends on it\n", what);
	}
	closedir(dir);
	return 0;
}

static int judge_all(struct check *check)
{
	int dev, ret;

	dev = open(DEVICE, O_RDONLY | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	ret = judge_kind(check, LUO_RANGE_CORE);
	if (!ret)
		ret = judge_kind(check, LUO_RANGE_FLB);
	if (!ret)
		ret = judge_sessions(check, dev, LIVEUPDATE_OUTGOING);
	if (!ret)
		ret = judge_sessions(check, dev, LIVEUPDATE_INCOMING);
	close(dev);
	return ret;
}

static int verdict(const struct check *check)
{
	if (check->refused) {
		printf("update: refused\n");
		return LUOCTL_REFUSED;
	}
	printf("update: works, %lu files", check->files);
	if (check->undeclared)
		printf(", if it has modules for %lu of them", check->undeclared);
	putchar('\n');
	return LUOCTL_OK;
}

int luoctl_image(int argc, char **argv)
{
	struct luo_ranges *ranges;
	struct check check = { 0 };
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: luoctl image FILE\n");
		return LUOCTL_TROUBLE;
	}
	ranges = ranges_of(argv[1]);
	if (!ranges && (errno == ENOENT || errno == EBADMSG ||
			errno == EPROTONOSUPPORT) && !access(argv[1], R_OK)) {
		printf("%s does not say what it can read (%s)\nupdate: refused\n",
		       argv[1], strerror(errno));
		return LUOCTL_REFUSED;
	}
	if (!ranges) {
		fprintf(stderr, "luoctl: %s: %s\n", argv[1], strerror(errno));
		return LUOCTL_TROUBLE;
	}
	print_ranges(ranges);
	check.ranges = ranges;
	ret = judge_all(&check);
	if (ret) {
		fprintf(stderr, "luoctl: what this kernel has preserved is not known: %s\n",
			strerror(-ret));
		ret = LUOCTL_NOT_ASKED;
	} else {
		ret = verdict(&check);
	}
	free(ranges);
	return ret;
}
