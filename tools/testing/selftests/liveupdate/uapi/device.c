// SPDX-License-Identifier: GPL-2.0
/* /dev/liveupdate: who may open it, and its ioctls. */
#include "uapi.h"

#include <sys/stat.h>

FIXTURE(device) {
	int dev;
	struct counters before;
};

FIXTURE_SETUP(device)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(device)
{
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

TEST_F(device, is_private)
{
	struct stat st;

	ASSERT_EQ(stat(LUO_DEVICE, &st), 0);
	EXPECT_EQ(st.st_mode, S_IFCHR | 0600);
	EXPECT_EQ(st.st_uid, 0);
}

TEST_F(device, open_is_exclusive)
{
	EXPECT_EQ(luo_open(), -EBUSY);
	close(self->dev);
	self->dev = luo_open();
	EXPECT_GE(self->dev, 0);
}

static int open_without_admin(void *arg)
{
	if (drop_cap(CAP_SYS_ADMIN))
		return 100;
	return -luo_open();
}

static bool fdinfo_has(int fd, const char *line)
{
	char path[64], text[2048];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return guest_read(path, text, sizeof(text)) > 0 && strstr(text, line);
}

TEST_F(device, fdinfo)
{
	int observer = luo_observe(), session = luo_create_on(self->dev, "fdinfo");

	ASSERT_GE(observer, 0);
	ASSERT_GE(session, 0);
	EXPECT_TRUE(fdinfo_has(self->dev, "luo-observer:\t0\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-observer:\t1\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-updates:\t0\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-outgoing:\t1\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-incoming:\t0\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-files:\t0\n"));
	EXPECT_TRUE(fdinfo_has(observer, "luo-waiting:\t0\n"));
	close(session);
	EXPECT_TRUE(fdinfo_has(observer, "luo-outgoing:\t0\n"));
	close(observer);
}

TEST_F(device, open_needs_admin)
{
	close(self->dev);
	EXPECT_EQ(in_child(open_without_admin, NULL), EPERM);
	self->dev = luo_open();
	ASSERT_GE(self->dev, 0);
}

TEST_F(device, unknown_numbers)
{
	char arg[256] = { 72 };
	unsigned int nr;

	for (nr = 2; nr < 256; nr++) {
		if (nr >= 0x20 && nr < 0x40)
			continue;	/* ours, see unknown_extensions */
		EXPECT_EQ(raw_ioctl(self->dev, _IO(0xBA, nr), arg), -ENOTTY) {
			TH_LOG("number %#x", nr);
		}
	}
	EXPECT_EQ(raw_ioctl(self->dev, _IO(0xBB, 0), arg), -ENOTTY);
	EXPECT_EQ(raw_ioctl(self->dev, _IOWR(0xBA, 0, char[72]), arg), -ENOTTY);
	EXPECT_EQ(raw_ioctl(self->dev, 0, arg), -ENOTTY);
}

/* The two calls that take a name. */
FIXTURE(named) {
	int dev;
	struct counters before;
};

FIXTURE_VARIANT(named) {
	unsigned long cmd;
};

FIXTURE_VARIANT_ADD(named, create) { .cmd = LIVEUPDATE_IOCTL_CREATE_SESSION };
FIXTURE_VARIANT_ADD(named, retrieve) { .cmd = LIVEUPDATE_IOCTL_RETRIEVE_SESSION };

FIXTURE_SETUP(named)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(named)
{
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

/* What a call that passed all checks of its argument gives. */
static int named_call(int dev, unsigned long cmd, uint32_t size, void *mem)
{
	struct liveupdate_ioctl_create_session *arg = mem;
	int ret;

	arg->size = size;
	arg->fd = -1;
	strcpy((char *)arg->name, "sizes");
	ret = raw_ioctl(dev, cmd, arg);
	if (!ret)
		close(arg->fd);
	return ret;
}

TEST_F(named, sizes)
{
	int good = variant->cmd == LIVEUPDATE_IOCTL_CREATE_SESSION ? 0 : -ENOENT;
	char mem[4096] = { 0 };
	uint32_t size;

	for (size = 0; size < 72; size++)
		EXPECT_EQ(named_call(self->dev, variant->cmd, size, mem), -EINVAL);
	for (size = 72; size < 200; size++)
		EXPECT_EQ(named_call(self->dev, variant->cmd, size, mem), good);
	mem[72] = 1;
	EXPECT_EQ(named_call(self->dev, variant->cmd, 72, mem), good);
	EXPECT_EQ(named_call(self->dev, variant->cmd, 73, mem), -E2BIG);
	mem[72] = 0;
	mem[199] = 1;
	EXPECT_EQ(named_call(self->dev, variant->cmd, 200, mem), -E2BIG);
	EXPECT_LT(named_call(self->dev, variant->cmd, ~0u, mem), 0);
}

TEST_F(named, bad_pointers)
{
	struct liveupdate_ioctl_create_session *arg;
	uint32_t *size;
	int fd;

	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, NULL), -EFAULT);
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, (void *)-1UL), -EFAULT);
	size = edge_of_memory(4);
	*size = 72;
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, size), -EFAULT);
	arg = edge_of_memory(71);
	arg->size = 72;
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, arg), -EFAULT);
	if (variant->cmd != LIVEUPDATE_IOCTL_CREATE_SESSION)
		return;
	/* The reply cannot be written: undone, no descriptor and no name left. */
	arg = edge_of_memory(72);
	arg->size = 72;
	strcpy((char *)arg->name, "undone");
	mprotect((void *)((unsigned long)arg & -PAGE), PAGE, PROT_READ);
	fd = dup(0);
	close(fd);
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, arg), -EFAULT);
	EXPECT_EQ(dup(0), fd);
	close(fd);
	fd = luo_create_on(self->dev, "undone");
	EXPECT_GE(fd, 0);
	close(fd);
}

TEST_F(named, names)
{
	int none = variant->cmd == LIVEUPDATE_IOCTL_CREATE_SESSION ? 0 : -ENOENT;
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };

	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, &arg), -EINVAL);
	memset(arg.name, 'n', sizeof(arg.name));
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, &arg), -EINVAL);
	arg.name[63] = '\0';
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, &arg), none);
	if (!none)
		close(arg.fd);
	strcpy((char *)arg.name, "a/b ]\n\x01\xff");
	memset(arg.name + 16, 0, 48);
	EXPECT_EQ(raw_ioctl(self->dev, variant->cmd, &arg), none);
	if (!none)
		close(arg.fd);
}

TEST_F(device, session_numbers_are_not_ours)
{
	struct liveupdate_session_get_name arg = { .size = sizeof(arg) };
	unsigned int nr;

	for (nr = 0x40; nr <= 0x43; nr++)
		EXPECT_EQ(raw_ioctl(self->dev, _IO(0xBA, nr), &arg), -ENOTTY);
}

TEST_F(device, name_in_use)
{
	int fd, other;

	fd = luo_create_on(self->dev, "twice");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_create_on(self->dev, "twice"), -EEXIST);
	other = luo_create_on(self->dev, "twice2");
	EXPECT_GE(other, 0);
	/* Incoming sessions have names of their own. */
	EXPECT_EQ(luo_retrieve_on(self->dev, "twice"), -ENOENT);
	close(fd);
	fd = luo_create_on(self->dev, "twice");
	EXPECT_GE(fd, 0);
	close(fd);
	close(other);
}

/* The call of a 32-bit program: the argument is a pointer of 32 bits. */
static int compat_ioctl(int fd, unsigned int cmd, void *arg)
{
#ifdef __x86_64__
	int ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(54), "b"(fd), "c"(cmd), "d"((uint32_t)(uintptr_t)arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
#else
	return -ENOSYS;
#endif
}

TEST_F(device, compat)
{
	struct liveupdate_ioctl_create_session *arg;
	struct liveupdate_session_get_name *name;
	int session;

	arg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(arg, MAP_FAILED);
	arg->size = 72;
	strcpy((char *)arg->name, "compat");
	session = compat_ioctl(self->dev, LIVEUPDATE_IOCTL_CREATE_SESSION, arg);
	if (session == -ENOSYS)
		SKIP(return, "no 32-bit calls here");
	ASSERT_EQ(session, 0);
	session = arg->fd;
	name = (void *)arg;
	name->size = 72;
	name->reserved = 0;
	EXPECT_EQ(compat_ioctl(session, LIVEUPDATE_SESSION_GET_NAME, name), 0);
	EXPECT_STREQ((char *)name->name, "compat");
	EXPECT_EQ(compat_ioctl(session, _IO(0xBA, 0x5f), name), -ENOTTY);
	close(session);
	munmap(arg, PAGE);
}

TEST_HARNESS_MAIN
