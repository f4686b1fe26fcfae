// SPDX-License-Identifier: GPL-2.0-only
/*
 * A minimal live update agent: one file's contents survive a kexec.
 *
 *   luo_agent hold SESSION FILE   in the old kernel: read FILE into a memfd,
 *                                 preserve it, stay until killed
 *   luo_agent take SESSION FILE   in the new kernel: write what came over to
 *                                 FILE, then finish the session
 *   luo_agent drop SESSION        in the new kernel: give the session up
 *
 * Exit status: 0 done, 1 failed, 2 usage, 3 no such session (a cold boot).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "luo_session.h"

/* The token is ours to choose. It is all that we know in the new kernel. */
#define TOKEN_DATA	1

/* [copy] */
static void copy_all(int from, int to)
{
	char buf[64 * 1024];
	ssize_t n, done, w;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		for (done = 0; done < n; done += w) {
			w = write(to, buf + done, n - done);
			if (w < 0)
				err(EXIT_FAILURE, "write");
		}
	}
	if (n < 0)
		err(EXIT_FAILURE, "read");
}

/* [hold] */
static void hold(const char *name, const char *path)
{
	int dev, session, in, mem;

	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		err(EXIT_FAILURE, "%s", path);
	mem = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem < 0)
		err(EXIT_FAILURE, "memfd_create");
	copy_all(in, mem);
	close(in);
	if (lseek(mem, 0, SEEK_SET))
		err(EXIT_FAILURE, "lseek");

	dev = open_device();
	session = create_session(dev, name);
	close(dev);		/* the session does not need it any more */
	preserve_fd(session, mem, TOKEN_DATA);
	printf("holding %s in session %s\n", path, name);
	fflush(stdout);

	/*
	 * From here on the session's descriptor is the promise. It has to be
	 * open when reboot(2) is called: closing it, exit included, takes
	 * everything back.
	 */
	wait_for_signal(name);
	close(session);
}

/* [take] */
static void take(const char *name, const char *path)
{
	int dev, session, mem, out;

	dev = open_device();
	session = retrieve_session(dev, name);
	close(dev);

	/*
	 * If we die before finish() nothing is lost: the session goes back to
	 * the kernel, and the next run of this program finds it there.
	 */
	mem = retrieve_fd(session, TOKEN_DATA);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		err(EXIT_FAILURE, "%s", path);
	if (lseek(mem, 0, SEEK_SET))
		err(EXIT_FAILURE, "lseek");
	copy_all(mem, out);
	if (fsync(out) && errno != EINVAL)
		err(EXIT_FAILURE, "%s", path);

	finish(session);
	printf("session %s is in %s\n", name, path);
}

/* [main] */
int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "hold")) {
		hold(argv[2], argv[3]);
		return EXIT_SUCCESS;
	}
	if (argc == 4 && !strcmp(argv[1], "take")) {
		take(argv[2], argv[3]);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && !strcmp(argv[1], "drop")) {
		drop(argv[2]);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "usage: %s hold|take SESSION FILE\n"
		"       %s drop SESSION\n", argv[0], argv[0]);
	return EXIT_USAGE;
}
