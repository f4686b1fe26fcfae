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
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kexec.h>

#include "guest.h"

#define IMAGE	"/kexec/bzImage"
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
		if (write(out, buf, n) != n)
			n = -1;
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

/* This kernel's command line without what is ours, and with the new words. */
static void next_cmdline(char *out, size_t size, const char *extra)
{
	char old[4096], *word, *save;
	size_t used = 0;

	out[0] = '\0';
	if (guest_read("/proc/cmdline", old, sizeof(old)) < 0)
		return;
	for (word = strtok_r(old, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (!strncmp(word, "luo.gen=", 8) || !strncmp(word, "luo.tap=", 8))
			continue;
		used += snprintf(out + used, size - used, "%s ", word);
		if (used >= size)
			return;
	}
	snprintf(out + used, size - used, "%s", extra);
}

int guest_kexec_load(bool more, const char *extra)
{
	char cmdline[2048];
	int kernel, initrd, ret;

	kernel = open(IMAGE, O_RDONLY | O_CLOEXEC);
	if (kernel < 0)
		return -errno;
	initrd = more ? initrd_with_payload() : open(INITRD, O_RDONLY | O_CLOEXEC);
	if (initrd < 0) {
		close(kernel);
		return -ENOENT;
	}
	next_cmdline(cmdline, sizeof(cmdline), extra);
	ret = syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1,
		      cmdline, 0) ? -errno : 0;
	close(initrd);
	close(kernel);
	return ret;
}

int guest_kexec_unload(void)
{
	return syscall(SYS_kexec_file_load, -1, -1, 0, NULL,
		       KEXEC_FILE_UNLOAD) ? -errno : 0;
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
