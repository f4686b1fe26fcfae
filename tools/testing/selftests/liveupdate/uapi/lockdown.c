// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that is locked down, and looks at signatures, starts no image that
 * nobody signed: an update is no way around that. Lockdown cannot be taken back,
 * so this is a guest of its own.
 */
#include "uapi.h"

#include <sys/mount.h>

#define SECURITYFS	"/sys/kernel/security"
#define LOCKDOWN	SECURITYFS "/lockdown"
#define SEED		0x10c4

FIXTURE(lockdown) {
	int dev, session, fd;
};

FIXTURE_SETUP(lockdown)
{
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	if (mount("securityfs", SECURITYFS, "securityfs", 0, NULL) && errno != EBUSY)
		SKIP(return, "no securityfs in this kernel");
	if (access(LOCKDOWN, W_OK))
		SKIP(return, "no lockdown in this kernel");
	self->session = luo_create_on(self->dev, "lockdown");
	ASSERT_GE(self->session, 0);
	self->fd = data_memfd("lockdown", 0, SEED, 4 * PAGE);
	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
}

FIXTURE_TEARDOWN(lockdown)
{
	close(self->fd);
	close(self->session);
	close(self->dev);
}

/* The same load works before. */
TEST_F(lockdown, no_image_without_a_signature)
{
	ASSERT_EQ(guest_kexec_load(false, ""), 0);
	EXPECT_EQ(guest_kexec_unload(), 0);
	ASSERT_EQ(guest_write(LOCKDOWN, "integrity"), 0);
	EXPECT_EQ(guest_kexec_load(false, ""), -EPERM);
	EXPECT_EQ(guest_kexec_load_legacy(true), -EPERM);
	EXPECT_FALSE(guest_kexec_loaded());
}

/* What is preserved is not touched by that, and sessions work as ever. */
TEST_F(lockdown, sessions_work)
{
	int other = data_memfd("other", 0, SEED, PAGE);

	ASSERT_EQ(guest_write(LOCKDOWN, "confidentiality"), 0);
	EXPECT_EQ(luo_preserve(self->session, other, 2), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 1), 0);
	EXPECT_EQ(data_check(self->fd, SEED, 0, 4 * PAGE), 0);
	EXPECT_EQ(guest_kexec_load(false, ""), -EPERM);
	close(other);
}

TEST_HARNESS_MAIN
