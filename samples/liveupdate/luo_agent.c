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
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#define EXIT_USAGE	2
#define EXIT_COLD	3

#define RETRIES		50	/* a tenth of a second each */

/* The token is ours to choose. It is all that we know in the new kernel. */
#define TOKEN_DATA	1

/* [device] */
static int open_device(void)
{
	int fd, tries;

	/* One process at a time: another agent may be about to close it. */
	for (tries = 0; tries < RETRIES; tries++) {
		fd = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != EBUSY)
			break;
		usleep(100 * 1000);
	}
	if (fd < 0)
		err(EXIT_FAILURE, "/dev/liveupdate");
	return fd;
}

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

static void set_name(__u8 to[LIVEUPDATE_SESSION_NAME_LENGTH], const char *name)
{
	size_t len = strlen(name) + 1;

	if (len > LIVEUPDATE_SESSION_NAME_LENGTH)
		errx(EXIT_USAGE, "the name of the session is too long");
	memcpy(to, name, len);
}

/* [hold] */
static int create_session(int dev, const char *name)
{
	struct liveupdate_ioctl_create_session args = { .size = sizeof(args) };

	set_name(args.name, name);

	if (ioctl(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &args))
		err(EXIT_FAILURE, "create session %s", name);
	return args.fd;
}

static void preserve_fd(int session, int fd, uint64_t token)
{
	struct liveupdate_session_preserve_fd args = {
		.size = sizeof(args),
		.fd = fd,
		.token = token,
	};

	if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &args))
		err(EXIT_FAILURE, "preserve");
}

static void hold(const char *name, const char *path)
{
	int dev, session, in, mem;
	sigset_t signals;
	int sig;

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
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigwait(&signals, &sig);
	printf("%s: session %s is dropped\n", strsignal(sig), name);
	close(session);
}

/* [take] */
static int retrieve_session(int dev, const char *name)
{
	struct liveupdate_ioctl_retrieve_session args = { .size = sizeof(args) };

	set_name(args.name, name);

	if (!ioctl(dev, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &args))
		return args.fd;
	if (errno == ENOENT)
		errx(EXIT_COLD, "no session %s: start from nothing", name);
	err(EXIT_FAILURE, "retrieve session %s", name);
}

static int worth_a_retry(int error)
{
	/* Nothing was lost: a module is still loading, or memory was short. */
	return error == ENODEV || error == ENOMEM || error == EINTR ||
	       error == EMFILE || error == ENFILE;
}

static int retrieve_fd(int session, uint64_t token)
{
	struct liveupdate_session_retrieve_fd args = {
		.size = sizeof(args),
		.token = token,
	};
	int tries;

	for (tries = 0; tries < RETRIES; tries++) {
		if (!ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &args))
			return args.fd;
		if (!worth_a_retry(errno))
			break;
		usleep(100 * 1000);
	}
	err(EXIT_FAILURE, "retrieve token %llu", (unsigned long long)token);
}

static void finish(int session)
{
	struct liveupdate_session_finish args = { .size = sizeof(args) };
	int tries;

	for (tries = 0; tries < RETRIES; tries++) {
		if (!ioctl(session, LIVEUPDATE_SESSION_FINISH, &args))
			return;
		if (errno != EBUSY)
			break;
		usleep(100 * 1000);
	}
	err(EXIT_FAILURE, "finish");
}

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

/* [drop] */
static void drop(const char *name)
{
	struct liveupdate_ioctl_discard_session args = { .size = sizeof(args) };
	int dev = open_device();

	set_name(args.name, name);
	if (ioctl(dev, LIVEUPDATE_IOCTL_DISCARD_SESSION, &args))
		err(EXIT_FAILURE, "discard session %s", name);
	close(dev);
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
