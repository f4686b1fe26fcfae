// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict channel: a serial port of its own, so that nothing that the
 * kernel prints can be taken for a result.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "story.h"

static int channel = 1;

int verdict_open(const char *path)
{
	struct termios tio;
	int fd;

	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	channel = fd;
	return fd;
}

int verdict_fd(void)
{
	return channel;
}

void verdict(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (write(channel, line, len) != len)
		_exit(1);
}

void verdict_drain(void)
{
	tcdrain(channel);
}
