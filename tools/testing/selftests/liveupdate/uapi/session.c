// SPDX-License-Identifier: GPL-2.0
/* A session: what its descriptor is, and the ioctls that need no file. */
#include "uapi.h"

#include <poll.h>
#include <sys/socket.h>

FIXTURE(session) {
	int dev, session;
	struct counters before;
};

FIXTURE_SETUP(session)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "session");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(session)
{
	close(self->session);
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

TEST_F(session, unknown_numbers)
{
	char arg[256] = { 72 };
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		if ((nr >= 0x40 && nr <= 0x43) || (nr >= 0x60 && nr < 0x80))
			continue;
		EXPECT_EQ(raw_ioctl(self->session, _IO(0xBA, nr), arg), -ENOTTY) {
			TH_LOG("number %#x", nr);
		}
	}
	EXPECT_EQ(raw_ioctl(self->session, _IO(0xBB, 0x43), arg), -ENOTTY);
	EXPECT_EQ(raw_ioctl(self->session, _IOR(0xBA, 0x43, char[72]), arg), -ENOTTY);
}

TEST_F(session, link_name)
{
	char link[128];

	file_link(self->session, link, sizeof(link));
	EXPECT_STREQ(link, "anon_inode:[luo_session] session");
	EXPECT_EQ(fcntl(self->session, F_GETFD), FD_CLOEXEC);
}

TEST_F(session, fdinfo)
{
	static const char * const lines[] = {
		"luo-session:\tsession\n", "luo-direction:\toutgoing\n",
		"luo-files:\t0\n", "luo-update:\t1\n", "luo-damaged:\t0\n",
		"luo-finished:\t0\n",
	};
	char path[64], text[2048];
	unsigned int i;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->session);
	ASSERT_GT(guest_read(path, text, sizeof(text)), 0);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_NE(strstr(text, lines[i]), NULL) {
			TH_LOG("no %s in %s", lines[i], text);
		}
	}
}

TEST_F(session, get_name)
{
	struct liveupdate_session_get_name *edge, arg = { .size = sizeof(arg) };
	unsigned int i;

	memset(arg.name, 0xff, sizeof(arg.name));
	ASSERT_EQ(raw_ioctl(self->session, LIVEUPDATE_SESSION_GET_NAME, &arg), 0);
	EXPECT_STREQ((char *)arg.name, "session");
	for (i = strlen("session"); i < sizeof(arg.name); i++)
		EXPECT_EQ(arg.name[i], 0);
	arg.reserved = 1;
	EXPECT_EQ(raw_ioctl(self->session, LIVEUPDATE_SESSION_GET_NAME, &arg),
		  -EINVAL);
	EXPECT_EQ(raw_ioctl(self->session, LIVEUPDATE_SESSION_GET_NAME, NULL),
		  -EFAULT);
	edge = edge_of_memory(sizeof(*edge));
	edge->size = sizeof(*edge);
	mprotect((void *)((unsigned long)edge & -PAGE), PAGE, PROT_READ);
	EXPECT_EQ(raw_ioctl(self->session, LIVEUPDATE_SESSION_GET_NAME, edge),
		  -EFAULT);
}

TEST_F(session, incoming_only)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };

	EXPECT_EQ(luo_get(self->session, 1), -EINVAL);
	EXPECT_EQ(luo_finish(self->session), -EINVAL);
	arg.reserved = 1;
	EXPECT_EQ(raw_ioctl(self->session, LIVEUPDATE_SESSION_FINISH, &arg), -EINVAL);
}

FIXTURE(sizes) {
	int dev, session, fd;
};

FIXTURE_VARIANT(sizes) {
	unsigned long cmd;
	uint32_t size;		/* the first version of the struct */
	int good;		/* what it gives when its argument is in order */
};

FIXTURE_VARIANT_ADD(sizes, preserve) {
	LIVEUPDATE_SESSION_PRESERVE_FD, 16, -EBADF
};

FIXTURE_VARIANT_ADD(sizes, retrieve) {
	LIVEUPDATE_SESSION_RETRIEVE_FD, 16, -EINVAL
};

FIXTURE_VARIANT_ADD(sizes, finish) { LIVEUPDATE_SESSION_FINISH, 8, -EINVAL };
FIXTURE_VARIANT_ADD(sizes, get_name) { LIVEUPDATE_SESSION_GET_NAME, 72, 0 };

FIXTURE_SETUP(sizes)
{
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "sizes");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(sizes)
{
	close(self->session);
	close(self->dev);
}

TEST_F(sizes, all)
{
	bool fd = variant->cmd == LIVEUPDATE_SESSION_PRESERVE_FD;
	uint32_t mem[1024], size, *edge;

	for (size = 0; size < variant->size + 64; size++) {
		memset(mem, 0, sizeof(mem));
		mem[0] = size;
		mem[1] = fd ? ~0u : 0;
		EXPECT_EQ(raw_ioctl(self->session, variant->cmd, mem),
			  size < variant->size ? -EINVAL : variant->good) {
			TH_LOG("size %u", size);
		}
	}
	memset(mem, 0, sizeof(mem));
	mem[0] = variant->size + 64;
	mem[1] = fd ? ~0u : 0;
	((char *)mem)[variant->size] = 1;
	EXPECT_EQ(raw_ioctl(self->session, variant->cmd, mem), -E2BIG);
	mem[0] = variant->size;
	EXPECT_EQ(raw_ioctl(self->session, variant->cmd, mem), variant->good);
	/* The reply is no longer than what the caller knows. */
	EXPECT_EQ(((char *)mem)[variant->size], 1);
	EXPECT_EQ(raw_ioctl(self->session, variant->cmd, NULL), -EFAULT);
	edge = edge_of_memory(variant->size - 1);
	*edge = variant->size;
	EXPECT_EQ(raw_ioctl(self->session, variant->cmd, edge), -EFAULT);
}

static int send_fd(int sock, int fd)
{
	char byte = 0, ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char byte, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/* The one who gets it is not the one who made it, and has no rights. */
static int use_received(void *arg)
{
	int sock = *(int *)arg, session, fd;

	session = receive_fd(sock);
	if (session < 0 || drop_cap(CAP_SYS_ADMIN))
		return 1;
	fd = data_memfd("passed", 0, 1, PAGE);
	return luo_preserve(session, fd, 99) ? 2 : 0;
}

TEST_F(session, passed_over_a_socket)
{
	int pair[2];

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ASSERT_EQ(send_fd(pair[0], self->session), 0);
	EXPECT_EQ(in_child(use_received, &pair[1]), 0);
	/* The child is gone, what it preserved is still there. */
	EXPECT_EQ(luo_preserve(self->session, -1, 99), -EEXIST);
	close(pair[0]);
	close(pair[1]);
}

TEST_HARNESS_MAIN
