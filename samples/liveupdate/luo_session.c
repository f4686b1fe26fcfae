// SPDX-License-Identifier: GPL-2.0-only
/* See luo_session.h. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#include "luo_session.h"

#define RETRIES		50	/* a tenth of a second each */

static void set_name(__u8 to[LIVEUPDATE_SESSION_NAME_LENGTH], const char *name)
{
	size_t len = strlen(name) + 1;

	if (len > LIVEUPDATE_SESSION_NAME_LENGTH)
		errx(EXIT_USAGE, "the name of the session is too long");
	memcpy(to, name, len);
}

/* [device] */
int open_device(void)
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

/* [hold] */
int create_session(int dev, const char *name)
{
	struct liveupdate_ioctl_create_session args = { .size = sizeof(args) };

	set_name(args.name, name);

	if (ioctl(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &args))
		err(EXIT_FAILURE, "create session %s", name);
	return args.fd;
}

void preserve_fd(int session, int fd, uint64_t token)
{
	struct liveupdate_session_preserve_fd args = {
		.size = sizeof(args),
		.fd = fd,
		.token = token,
	};

	if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &args))
		err(EXIT_FAILURE, "preserve");
}

/* Until somebody asks the program to end. */
void wait_for_signal(const char *name)
{
	sigset_t signals;
	int sig;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigwait(&signals, &sig);
	printf("%s: %s ends\n", strsignal(sig), name);
}

/* [take] */
int retrieve_session(int dev, const char *name)
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

int retrieve_fd(int session, uint64_t token)
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

void finish(int session)
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

/* [drop] */
void drop(const char *name)
{
	struct liveupdate_ioctl_discard_session args = { .size = sizeof(args) };
	int dev = open_device();

	set_name(args.name, name);
	if (ioctl(dev, LIVEUPDATE_IOCTL_DISCARD_SESSION, &args))
		err(EXIT_FAILURE, "discard session %s", name);
	close(dev);
}
