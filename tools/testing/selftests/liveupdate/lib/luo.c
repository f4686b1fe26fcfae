// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "luo.h"
#include "story.h"

int luo_open(void)
{
	int fd = open(LUO_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int luo_create_on(int dev, const char *name)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };

	memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	if (ioctl(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg))
		return -errno;
	return arg.fd;
}

int luo_retrieve_on(int dev, const char *name)
{
	struct liveupdate_ioctl_retrieve_session arg = { .size = sizeof(arg) };

	memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	if (ioctl(dev, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &arg))
		return -errno;
	return arg.fd;
}

int luo_create(const char *name)
{
	int dev = luo_open(), fd;

	if (dev < 0)
		return dev;
	fd = luo_create_on(dev, name);
	close(dev);
	return fd;
}

int luo_retrieve(const char *name)
{
	int dev = luo_open(), fd;

	if (dev < 0)
		return dev;
	fd = luo_retrieve_on(dev, name);
	close(dev);
	return fd;
}

int luo_discard(const char *name)
{
	struct liveupdate_ioctl_discard_session arg = { .size = sizeof(arg) };
	int dev = luo_open(), ret;

	if (dev < 0)
		return dev;
	memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	ret = ioctl(dev, LIVEUPDATE_IOCTL_DISCARD_SESSION, &arg) ? -errno : 0;
	close(dev);
	return ret;
}

int luo_preserve(int session, int fd, uint64_t token)
{
	struct liveupdate_session_preserve_fd arg = {
		.size = sizeof(arg),
		.fd = fd,
		.token = token,
	};

	return ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg) ? -errno : 0;
}

int luo_refused(int session, int fd, uint64_t token, const char *line)
{
	unsigned int before = guest_log_count(line);
	int ret = luo_preserve(session, fd, token);
	unsigned int said = guest_log_count(line) - before;

	check(said == 1, "'%s' is said %u times", line, said);
	return ret;
}

int luo_unpreserve(int session, uint64_t token)
{
	struct liveupdate_session_unpreserve_fd arg = {
		.size = sizeof(arg),
		.token = token,
	};

	return ioctl(session, LIVEUPDATE_SESSION_UNPRESERVE_FD, &arg) ? -errno : 0;
}

int luo_get(int session, uint64_t token)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg),
		.token = token,
	};

	if (ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg))
		return -errno;
	return arg.fd;
}

int luo_finish(int session)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };

	return ioctl(session, LIVEUPDATE_SESSION_FINISH, &arg) ? -errno : 0;
}

int luo_get_name(int session, char *name)
{
	struct liveupdate_session_get_name arg = { .size = sizeof(arg) };

	if (ioctl(session, LIVEUPDATE_SESSION_GET_NAME, &arg))
		return -errno;
	memcpy(name, arg.name, sizeof(arg.name));
	return 0;
}

int luo_observe(void)
{
	int fd = open(LUO_DEVICE, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int luo_list_session(int dev, uint32_t direction, uint64_t id,
		     struct liveupdate_ioctl_list_session *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->direction = direction;
	arg->id = id;
	return ioctl(dev, LIVEUPDATE_IOCTL_LIST_SESSION, arg) ? -errno : 0;
}

int luo_list_file(int dev, uint32_t direction, uint64_t session, uint64_t token,
		  struct liveupdate_list_file *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->direction = direction;
	arg->session = session;
	arg->token = token;
	return ioctl(dev, LIVEUPDATE_IOCTL_LIST_FILE, arg) ? -errno : 0;
}

int luo_list_own_file(int session, uint64_t token,
		      struct liveupdate_list_file *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->token = token;
	return ioctl(session, LIVEUPDATE_SESSION_LIST_FILE, arg) ? -errno : 0;
}

int luo_find_session(int dev, uint32_t direction, const char *name,
		     struct liveupdate_ioctl_list_session *arg)
{
	uint64_t id = 0;
	int ret;

	while (!(ret = luo_list_session(dev, direction, id, arg))) {
		if (!strcmp((char *)arg->name, name))
			return 0;
		id = arg->id + 1;
	}
	return ret;
}
