// SPDX-License-Identifier: GPL-2.0
/* A memfd comes back as it was: everything but its pages. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x3003
#define SIZE	(16 * PAGE)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#define MFD_EXEC	0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC	0x0020
#endif

/* One case of a table: how the file is made, and changed once preserved. */
struct attr_case {
	const char *name;
	unsigned int flags;
	int (*before)(int fd);	/* may give another descriptor to preserve */
	void (*after)(int fd);
};

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int read_only(int fd)
{
	return reopen(fd, O_RDONLY);
}

static int write_only(int fd)
{
	return reopen(fd, O_WRONLY);
}

static int appending(int fd)
{
	return reopen(fd, O_RDWR | O_APPEND | O_NONBLOCK);
}

static void seek_after(int fd)
{
	check(lseek(fd, 3 * PAGE + 17, SEEK_SET) == (off_t)(3 * PAGE + 17));
}

static void seek_far(int fd)
{
	check(lseek(fd, 1LL << 40, SEEK_SET) == 1LL << 40);
}

static void nonblock_after(int fd)
{
	check(!fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND));
}

static void owner_after(int fd)
{
	static const struct timespec times[2] = {
		{ 1000000000, 123456789 }, { 1100000000, 987654321 },
	};

	check(!fchown(fd, 1234, 5678));
	check(!fchmod(fd, 0642));
	check(!futimens(fd, times));
}

static int seal_write(int fd)
{
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK));
	return fd;
}

static void seal_after(int fd)
{
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
}

static void seal_shut(int fd)
{
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
}

static void fsflags_after(int fd)
{
	int flags = FS_NODUMP_FL | FS_NOATIME_FL;

	check(!ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static int tiny(int fd)
{
	check(!ftruncate(fd, 5));
	return fd;
}

static int nothing(int fd)
{
	check(!ftruncate(fd, 0));
	return fd;
}

static int odd(int fd)
{
	check(!ftruncate(fd, 3 * PAGE + 1));
	return fd;
}

static const struct attr_case cases[] = {
	{ "plain" },
	{ "" },
	{ "name with blanks and \\ \n" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789" },
	{ "readonly", 0, read_only },
	{ "writeonly", 0, write_only },
	{ "append", 0, appending },
	{ "seek", 0, NULL, seek_after },
	{ "seek-far", 0, NULL, seek_far },
	{ "nonblock", 0, NULL, nonblock_after },
	{ "owner", 0, NULL, owner_after },
	{ "sealable", MFD_ALLOW_SEALING },
	{ "sealed", MFD_ALLOW_SEALING, seal_write },
	{ "sealed-later", MFD_ALLOW_SEALING, NULL, seal_after },
	{ "sealed-shut", MFD_ALLOW_SEALING, NULL, seal_shut },
	{ "noexec", MFD_NOEXEC_SEAL },
	{ "exec", MFD_EXEC },
	{ "fsflags", 0, NULL, fsflags_after },
	{ "tiny", 0, tiny },
	{ "nothing", 0, nothing },
	{ "odd", 0, odd },
};

#define NR_CASES	ARRAY_SIZE(cases)

/* The note is too small for all of them: the wants are a memfd of their own. */
static struct file_attr *wants(int fd)
{
	return mmap(NULL, NR_CASES * sizeof(struct file_attr),
		    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void attrs_save(void)
{
	int session = require_fd(luo_create("attrs")), fd[NR_CASES], notes;
	struct file_attr *want;
	unsigned int i;

	notes = require_fd(data_memfd("wants", 0, 0, 16 * PAGE));
	check_ret(luo_preserve(session, notes, 1000), 0);
	want = wants(notes);
	for (i = 0; i < NR_CASES; i++) {
		fd[i] = require_fd(data_memfd(cases[i].name, cases[i].flags, SEED,
					      SIZE));
		if (cases[i].before)
			fd[i] = require_fd(cases[i].before(fd[i]));
		check(!luo_preserve(session, fd[i], i), "case '%s'", cases[i].name);
	}
	for (i = 0; i < NR_CASES; i++) {
		if (cases[i].after)
			cases[i].after(fd[i]);
		file_attr_get(fd[i], &want[i]);
	}
}

static void attrs_contents(int fd, const struct file_attr *want)
{
	int rd = (want->flags & O_ACCMODE) == O_WRONLY ? reopen(fd, O_RDONLY) : fd;
	char byte = 0;

	check_ret(data_check(rd, SEED, 0, want->size), 0);
	if ((want->flags & O_ACCMODE) == O_RDONLY)
		check(pwrite(fd, &byte, 1, 0) < 0 && errno == EBADF,
		      "%s: written", want->name);
	if (want->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		check(pwrite(fd, &byte, 1, 0) < 0 && errno == EPERM,
		      "%s: written", want->name);
}

static void attrs_load(void)
{
	int session = require_fd(luo_retrieve("attrs")), fd, notes;
	struct file_attr *want;
	unsigned int i;

	notes = require_fd(luo_get(session, 1000));
	want = wants(notes);
	require(want != MAP_FAILED);
	for (i = 0; i < NR_CASES; i++) {
		fd = luo_get(session, i);
		if (!check(fd >= 0, "case '%s': %d", cases[i].name, fd))
			continue;
		file_attr_check(fd, &want[i], true);
		attrs_contents(fd, &want[i]);
	}
	check_ret(luo_finish(session), 0);
}

STORY(attrs, .stages = 2, .stage = { attrs_save, attrs_load });

/* User attributes come along, or PRESERVE says that they would not. */
static void xattr_save(void)
{
	int fd = require_fd(data_memfd("xattr", 0, SEED, PAGE)), session, ret;

	if (fsetxattr(fd, "user.story", "kept", 4, 0))
		story_skip("no user attributes on a memfd: errno %d", errno);
	session = require_fd(luo_create("xattr"));
	ret = luo_preserve(session, fd, 1);
	check(!ret || ret == -EOPNOTSUPP, "%d", ret);
	*(int *)story_note() = ret ? 2 : 1;
}

static void xattr_load(void)
{
	int session = require_fd(luo_retrieve("xattr")), fd;
	char value[16];

	if (*(int *)story_note() == 1) {
		fd = require_fd(luo_get(session, 1));
		check(fgetxattr(fd, "user.story", value, sizeof(value)) == 4 &&
		      !memcmp(value, "kept", 4));
	}
	check_ret(luo_finish(session), 0);
}

STORY(xattr, .stages = 2, .stage = { xattr_save, xattr_load });
