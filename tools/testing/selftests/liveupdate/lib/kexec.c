// SPDX-License-Identifier: GPL-2.0
/*
 * Load the next kernel from /kexec.
 *
 * The initramfs of a guest is init and its files, followed by a /kexec with the
 * next kernel and with the first part alone as its initrd. So K2 has nothing to
 * load: a guest of more generations gives its successor an archive with a /kexec
 * made here, of the same two files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kexec.h>

#include "../../../../../kernel/liveupdate/luo_abi_image.h"
#include "guest.h"
#include "image.h"

#define IMAGE	GUEST_IMAGE
#define INITRD	"/kexec/initrd.cpio"

static int copy_file(int out, const char *path)
{
	char buf[65536];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n) {
			n = -1;
			break;
		}
	close(fd);
	return n < 0 ? -EIO : 0;
}

static void pad4(int out)
{
	off_t pos = lseek(out, 0, SEEK_CUR);

	if (pos & 3)
		(void)!write(out, "\0\0\0", 4 - (pos & 3));
}

/* One entry of a newc archive; path is relative, as the format wants it. */
static int cpio_entry(int out, const char *path, mode_t mode, const char *from)
{
	static unsigned int ino = 900000;
	struct stat st = { 0 };
	char head[160];
	int ret = 0;

	if (from && stat(from, &st))
		return -errno;
	snprintf(head, sizeof(head),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s",
		 ino++, mode, 0, 0, 1, 0, (unsigned int)st.st_size, 0, 0, 0, 0,
		 (unsigned int)strlen(path) + 1, 0, path);
	if (write(out, head, strlen(head) + 1) < 0)
		return -errno;
	pad4(out);
	if (from)
		ret = copy_file(out, from);
	pad4(out);
	return ret;
}

/* The initrd for a kernel that will itself go on to another one. */
static int initrd_with_payload(void)
{
	int fd, ret;

	fd = memfd_create("initrd", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = copy_file(fd, INITRD);
	pad4(fd);
	if (!ret)
		ret = cpio_entry(fd, "kexec", S_IFDIR | 0755, NULL);
	if (!ret)
		ret = cpio_entry(fd, IMAGE + 1, S_IFREG | 0644, IMAGE);
	if (!ret)
		ret = cpio_entry(fd, INITRD + 1, S_IFREG | 0644, INITRD);
	if (!ret)
		ret = cpio_entry(fd, "TRAILER!!!", 0, NULL);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/*
 * This kernel's command line without what is ours, and with the new words. If they
 * do not say which kernel it will be, then nobody may get there.
 */
static void next_cmdline(char *out, size_t size, const char *extra)
{
	char old[4096], *word, *save;
	size_t used = 0;

	out[0] = '\0';
	if (guest_read("/proc/cmdline", old, sizeof(old)) < 0)
		return;
	for (word = strtok_r(old, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (!strncmp(word, "luo.gen=", 8) || !strncmp(word, "luo.tap=", 8) ||
		    !strncmp(word, "luo.silent=", 11) ||
		    !strncmp(word, "memfd_luo_v2.", 13))
			continue;
		used += snprintf(out + used, size - used, "%s ", word);
		if (used >= size)
			return;
	}
	snprintf(out + used, size - used, "%s%s", extra,
		 strstr(extra, "luo.gen=") ? "" : " luo.stray=1");
}

/*
 * A kernel that is told to read one version of a memfd alone has to say so in
 * its image, too; with luo.silent=1 it says nothing of memfds.
 */
static int image_for(const char *extra)
{
	const char *reads = strstr(extra, "memfd_luo_v2.reads=");
	unsigned int version = reads ? strtoul(strchr(reads, '=') + 1, NULL, 10) : 0;
	int fd, ret;

	if (!version) {
		fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = image_copy();
	if (fd < 0)
		return fd;
	if (strstr(extra, "luo.silent=1"))
		ret = image_undeclare(fd, LUO_RANGE_FILE, "memfd");
	else
		ret = image_set_range(fd, LUO_RANGE_FILE, "memfd", version, version);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int guest_kexec_load(bool more, const char *extra)
{
	int kernel = image_for(extra), ret;

	if (kernel < 0)
		return kernel;
	ret = guest_kexec_load_image(kernel, more, extra);
	close(kernel);
	return ret;
}

int guest_kexec_load_image(int kernel, bool more, const char *extra)
{
	char cmdline[2048];
	int initrd, ret;

	initrd = more ? initrd_with_payload() : open(INITRD, O_RDONLY | O_CLOEXEC);
	if (initrd < 0)
		return -ENOENT;
	next_cmdline(cmdline, sizeof(cmdline), extra);
	ret = syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1,
		      cmdline, 0) ? -errno : 0;
	close(initrd);
	return ret;
}

int guest_kexec_unload(void)
{
	return syscall(SYS_kexec_file_load, -1, -1, 0, NULL,
		       KEXEC_FILE_UNLOAD) ? -errno : 0;
}

int guest_luoctl_image(int fd)
{
	char path[64];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	pid = fork();
	if (!pid) {
		execl("/tests/luoctl", "luoctl", "image", path, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

bool guest_kexec_loaded(void)
{
	char text[8];

	return guest_read("/sys/kernel/kexec_loaded", text, sizeof(text)) > 0 &&
	       text[0] == '1';
}

static int load_segments(const void *code, unsigned long nr, unsigned long flags)
{
	struct {
		const void *buf;
		size_t bufsz;
		const void *mem;
		size_t memsz;
	} segment = {
		.buf = code,
		.bufsz = 4096,
		.mem = (void *)0x2000000,
		.memsz = 4096,
	};

	return syscall(SYS_kexec_load, segment.mem, nr, &segment,
		       KEXEC_ARCH_DEFAULT | flags) ? -errno : 0;
}

int guest_kexec_load_code(const void *code)
{
	return load_segments(code, 1, 0);
}

int guest_kexec_load_legacy(bool load)
{
	static const char code[4096] __attribute__((aligned(4096)));

	return load_segments(code, load ? 1 : 0, 0);
}

int guest_kexec_load_jump(void)
{
#ifdef __x86_64__
	static const char code[4096] __attribute__((aligned(4096))) = "\xc3";

	return load_segments(code, 1, KEXEC_PRESERVE_CONTEXT);
#else
	return -EOPNOTSUPP;
#endif
}
