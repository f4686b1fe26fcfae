// SPDX-License-Identifier: GPL-2.0
/*
 * F3: the owner of a session is killed, at each step and in the middle of a
 * long one; then memory, pins and counters are where they were.
 */
#include "uapi.h"

#include <signal.h>

#define SEED	0x3131

FIXTURE(crash) {
	struct counters before;
};

FIXTURE_VARIANT(crash) {
	int steps;
};

FIXTURE_VARIANT_ADD(crash, opened) { .steps = 1 };
FIXTURE_VARIANT_ADD(crash, created) { .steps = 2 };
FIXTURE_VARIANT_ADD(crash, device_closed) { .steps = 3 };
FIXTURE_VARIANT_ADD(crash, one_file) { .steps = 4 };
FIXTURE_VARIANT_ADD(crash, four_files) { .steps = 7 };
FIXTURE_VARIANT_ADD(crash, file_closed) { .steps = 8 };
FIXTURE_VARIANT_ADD(crash, refused) { .steps = 10 };

FIXTURE_SETUP(crash)
{
	int dev = luo_open();

	if (dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(dev, 0);
	close(dev);
	counters_get(&self->before);
}

/* The device is free again and so is the name: nobody holds anything. */
FIXTURE_TEARDOWN(crash)
{
	int session, tries;

	for (tries = 0; tries < 200; tries++) {
		session = luo_create("crash");
		if (session >= 0)
			break;
		usleep(10000);
	}
	EXPECT_GE(session, 0);
	close(session);
	guest_kexec_unload();	/* an image outlives who loaded it */
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

/* Step by step; after each a byte, and nothing more after the last. */
static void owner(int pipe, int steps)
{
	int dev = -1, session = -1, fd = -1, i;

	for (i = 0; i < steps; i++) {
		switch (i) {
		case 0:
			dev = luo_open();
			break;
		case 1:
			session = luo_create_on(dev, "crash");
			break;
		case 2:
			close(dev);
			break;
		case 3 ... 6:
			fd = data_memfd("crash", 0, SEED, (1UL << i) * MiB / 8);
			if (luo_preserve(session, fd, i))
				_exit(1);
			break;
		case 7:
			close(fd);
			break;
		case 8:
			guest_kexec_load(false, "");
			break;
		case 9:
			luo_preserve(session, fd, 3);	/* refused */
			break;
		}
	}
	if (write(pipe, "x", 1) == 1)
		for (;;)
			pause();
}

static void kill_after(struct __test_metadata *_metadata, int steps)
{
	int ready[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid)
		owner(ready[1], steps);
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(crash, at_a_step)
{
	kill_after(_metadata, variant->steps);
}

FIXTURE(loaded) {
	int image;
};

FIXTURE_SETUP(loaded)
{
	self->image = guest_kexec_load(false, "");
	if (self->image)
		SKIP(return, "no image to load: %d", self->image);
}

FIXTURE_TEARDOWN(loaded)
{
	EXPECT_EQ(guest_kexec_unload(), 0);
}

TEST_F(loaded, killed_with_an_image)
{
	struct counters before;

	counters_get(&before);
	kill_after(_metadata, 9);
	counters_check(&before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

FIXTURE(middle) {
	int fd;
	struct counters before;
};

FIXTURE_SETUP(middle)
{
	int dev = luo_open();

	if (dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	close(dev);
	self->fd = data_memfd("long", 0, SEED, 64 * MiB);
	ASSERT_GE(self->fd, 0);
	counters_get(&self->before);
}

FIXTURE_TEARDOWN(middle)
{
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
	close(self->fd);
}

/* Which call it is in: the second one is what takes long. */
static void long_preserve(int fd, volatile int *call)
{
	int session;

	*call = 1;
	session = luo_create("crash");
	*call = 2;
	luo_preserve(session, fd, 1);
	*call = 3;
	for (;;)
		pause();
}

TEST_F_TIMEOUT(middle, of_a_long_preserve, 120)
{
	int *call = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	int round, killed = 0;
	pid_t pid;

	ASSERT_NE(call, MAP_FAILED);
	for (round = 0; round < 20; round++) {
		*call = 0;
		pid = fork();
		if (!pid)
			long_preserve(self->fd, call);
		usleep(round * 1500);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		killed += *call == 2;
	}
	munmap(call, PAGE);
	TH_LOG("killed in it %d times", killed);
	EXPECT_GT(killed, 0);
	EXPECT_EQ(ftruncate(self->fd, 65 * MiB), 0);
	EXPECT_EQ(ftruncate(self->fd, 64 * MiB), 0);
	EXPECT_EQ(data_check(self->fd, SEED, 0, 64 * MiB), 0);
}

TEST_HARNESS_MAIN
