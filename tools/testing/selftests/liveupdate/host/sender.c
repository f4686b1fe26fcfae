// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the host, beside the guest: sends numbered frames into the socket of
 * QEMU's network device, at a given rate.
 *
 * It never waits. A device that takes nothing leaves the frames in the socket;
 * the socket is as small as it can be, and a frame that finds no room in it is
 * lost. Its number is used up, so that the guest misses it, and written to the
 * log. A sender that is late does not make up for it: a burst would be lost for
 * reasons that are not the guest's. When nobody has been there for two minutes
 * the guest is gone, and so is whoever should have ended this.
 *
 *	sender PATH RATE SIZE LOG
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../lib/frames.h"

#define NSEC	1000000000LL
#define ALONE	(120 * NSEC)

static volatile sig_atomic_t ended;
static struct sockaddr_un to = { .sun_family = AF_UNIX };

static void on_signal(int sig)
{
	ended = sig;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static void sleep_until(long long when)
{
	struct timespec t = { when / NSEC, when % NSEC };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int open_socket(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int smallest = 1;

	if (strlen(path) >= sizeof(to.sun_path))
		return -1;
	strcpy(to.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof(smallest));
	return fd;
}

/* 1 sent, 0 lost, -1 nobody is there */
static int send_frame(int fd, size_t size, unsigned long long number)
{
	char buf[FRAME_MAX];

	frame_fill(buf, size, number);
	if (sendto(fd, buf, size, 0, (void *)&to, sizeof(to)) == (ssize_t)size)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned long long number = 0, lost = 0, late = 0;
	long long next, period, seen;
	size_t size;
	FILE *log;
	int fd, ret;

	if (argc != 5) {
		fprintf(stderr, "usage: sender PATH RATE SIZE LOG\n");
		return 2;
	}
	fd = open_socket(argv[1]);
	period = NSEC / atoi(argv[2]);
	size = atoi(argv[3]);
	log = fopen(argv[4], "w");
	if (fd < 0 || !log || size < FRAME_MIN || size > FRAME_MAX)
		return 2;
	setlinebuf(log);
	signal(SIGTERM, on_signal);
	seen = now();
	for (next = seen; !ended && next < seen + ALONE; next += period) {
		if (now() > next + period) {
			late++;
			next = now();
		}
		sleep_until(next);
		ret = send_frame(fd, size, number);
		if (ret < 0)
			continue;
		seen = next;
		if (!ret)
			lost++;
		fprintf(log, "%s %llu %lld\n", ret ? "at" : "lost", number, now());
		number++;
	}
	fprintf(log, "sent %llu lost %llu late %llu\n", number, lost, late);
	return 0;
}
