// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what: Documentation/admin-guide/liveupdate.rst, "Security". More of
 * it is in device.c (open_needs_admin, is_private), list.c (observers) and
 * memory.c (who pays).
 */
#include "uapi.h"
#include "../lib/users.h"

#include <ctype.h>

#define SEED	0x5ec

FIXTURE(security) {
	int dev, session;
};

FIXTURE_SETUP(security)
{
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "security");
	ASSERT_GE(self->session, 0);
}

FIXTURE_TEARDOWN(security)
{
	close(self->session);
	close(self->dev);
}

static int nobody_opens(void *arg)
{
	if (!users_become_nobody())
		return 1;
	if (luo_open() != -EACCES || luo_observe() != -EACCES)
		return 2;
	return 0;
}

TEST_F(security, nobody_opens_the_device)
{
	close(self->dev);
	EXPECT_EQ(in_child(nobody_opens, NULL), 0);
	self->dev = luo_open();
	EXPECT_GE(self->dev, 0);
}

/* Who was given the session may use it, and only it. */
static int nobody_uses(void *arg)
{
	int session = *(int *)arg, fd;

	if (!users_become_nobody())
		return 1;
	fd = data_memfd("nobody", 0, SEED, PAGE);
	if (luo_preserve(session, fd, 1) || luo_preserve(session, fd, 2) != -EBUSY)
		return 2;
	if (luo_unpreserve(session, 1) || luo_preserve(session, fd, 3))
		return 3;
	return 0;
}

TEST_F(security, a_holder_needs_no_capability)
{
	EXPECT_EQ(in_child(nobody_uses, &self->session), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 3), 0);
}

/* Somebody else's session cannot be reached through one's own. */
static int nobody_looks_around(void *arg)
{
	struct liveupdate_ioctl_list_session list;
	int session = *(int *)arg;

	if (!users_become_nobody())
		return 1;
	if (luo_create_on(session, "other") != -ENOTTY ||
	    luo_retrieve_on(session, "other") != -ENOTTY)
		return 2;
	if (luo_list_session(session, LIVEUPDATE_OUTGOING, 0, &list) != -ENOTTY)
		return 3;
	return 0;
}

TEST_F(security, a_session_is_not_the_device)
{
	EXPECT_EQ(in_child(nobody_looks_around, &self->session), 0);
}

static int has_user_namespaces(void *arg)
{
	return users_become_namespace_root();
}

static int namespace_root_opens(void *arg)
{
	if (!users_become_namespace_root() || access(LUO_DEVICE, R_OK | W_OK))
		return 1;
	if (luo_open() != -EPERM || luo_observe() != -EPERM)
		return 2;
	return 0;
}

/* The node is its own, by number and mode: what is missing is the capability. */
TEST_F(security, root_of_a_user_namespace_does_not_open_the_device)
{
	if (!in_child(has_user_namespaces, NULL))
		SKIP(return, "no user namespaces in this kernel");
	close(self->dev);
	EXPECT_EQ(in_child(namespace_root_opens, NULL), 0);
	self->dev = luo_open();
	EXPECT_GE(self->dev, 0);
}

/* But it uses a session that it was given, as anybody does. */
static int namespace_root_uses(void *arg)
{
	int session = *(int *)arg, fd;

	if (!users_become_namespace_root())
		return 1;
	fd = data_memfd("namespace", 0, SEED, PAGE);
	if (luo_preserve(session, fd, 1) || luo_unpreserve(session, 1))
		return 2;
	return 0;
}

TEST_F(security, a_holder_may_be_in_a_user_namespace)
{
	if (!in_child(has_user_namespaces, NULL))
		SKIP(return, "no user namespaces in this kernel");
	EXPECT_EQ(in_child(namespace_root_uses, &self->session), 0);
}

/* An address of the kernel: 16 hexadecimal digits that begin with ffff. */
static const char *kernel_address(const char *text)
{
	size_t digits;

	for (text = strstr(text, "ffff"); text; text = strstr(text + 1, "ffff")) {
		for (digits = 0; isxdigit(text[digits]); digits++)
			;
		if (digits == 16)
			return text;
	}
	return NULL;
}

static char text[65536];

static void no_address_in(struct __test_metadata *_metadata, const char *path)
{
	const char *found;

	ASSERT_GE(guest_read(path, text, sizeof(text)), 0) {
		TH_LOG("%s: cannot be read", path);
	}
	found = kernel_address(text);
	EXPECT_EQ(found, NULL) {
		TH_LOG("%s: %.16s", path, found);
	}
}

/* Our lines of the log. */
static void no_address_in_log(struct __test_metadata *_metadata)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), lines = 0;
	ssize_t n;

	ASSERT_GE(fd, 0);
	while ((n = read(fd, text, sizeof(text) - 1)) > 0 || errno == EPIPE) {
		text[n > 0 ? n : 0] = '\0';
		if (!strstr(text, "liveupdate:") && !strstr(text, "KHO:") &&
		    !strstr(text, "memfd_luo:"))
			continue;
		lines++;
		EXPECT_EQ(kernel_address(text), NULL) {
			TH_LOG("%s", text);
		}
	}
	close(fd);
	EXPECT_GT(lines, 0);
}

TEST_F(security, no_kernel_address)
{
	static const char * const paths[] = {
		"/sys/kernel/debug/liveupdate/state",
		"/sys/kernel/debug/liveupdate/outgoing",
		"/sys/kernel/debug/liveupdate/incoming",
		"/sys/kernel/debug/kho/out/state",
	};
	int fd = data_memfd("address", 0, SEED, 4 * PAGE);
	unsigned int i;
	char path[64];

	EXPECT_TRUE(!!kernel_address("at ffff888003a5c000, and so on"));
	ASSERT_EQ(luo_preserve(self->session, fd, 1), 0);
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		no_address_in(_metadata, paths[i]);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->session);
	no_address_in(_metadata, path);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->dev);
	no_address_in(_metadata, path);
	no_address_in_log(_metadata);
	close(fd);
}

#define TIMELINE	"/sys/kernel/debug/liveupdate/timeline"

TEST_F(security, no_kernel_address_in_the_timeline)
{
	if (access(TIMELINE, F_OK))
		SKIP(return, "no timeline: this machine has no clock for it");
	no_address_in(_metadata, TIMELINE);
}

TEST_HARNESS_MAIN
