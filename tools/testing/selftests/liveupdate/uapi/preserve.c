// SPDX-License-Identifier: GPL-2.0
/* PRESERVE_FD: what it takes, what it refuses, and what is then forbidden. */
#include "uapi.h"

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define SEED	0x77

FIXTURE(preserve) {
	int dev, session, other, fd;
	struct counters before;
};

FIXTURE_SETUP(preserve)
{
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	self->session = luo_create_on(self->dev, "one");
	self->other = luo_create_on(self->dev, "other");
	ASSERT_GE(self->session, 0);
	ASSERT_GE(self->other, 0);
	self->fd = data_memfd("file", MFD_ALLOW_SEALING, SEED, 4 * PAGE);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(preserve)
{
	close(self->fd);
	close(self->session);
	close(self->other);
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

TEST_F(preserve, token_is_unique_in_its_session)
{
	int fd = data_memfd("second", 0, SEED, PAGE);

	EXPECT_EQ(luo_preserve(self->session, self->fd, 5), 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 5), -EEXIST);
	/* The token is looked at first, whatever else is wrong. */
	EXPECT_EQ(luo_preserve(self->session, -1, 5), -EEXIST);
	EXPECT_EQ(luo_preserve(self->session, self->fd, 5), -EEXIST);
	EXPECT_EQ(luo_preserve(self->other, fd, 5), 0);
	close(fd);
}

TEST_F(preserve, any_token)
{
	static const uint64_t tokens[] = { 0, 1, ~0ULL, 1ULL << 63, 1ULL << 32 };
	unsigned int i;
	int fd;

	for (i = 0; i < 5; i++) {
		fd = data_memfd("token", 0, SEED, PAGE);
		EXPECT_EQ(luo_preserve(self->session, fd, tokens[i]), 0);
		close(fd);
	}
	for (i = 0; i < 5; i++)
		EXPECT_EQ(luo_preserve(self->session, -1, tokens[i]), -EEXIST);
}

TEST_F(preserve, object_is_preserved_once)
{
	char path[64];
	int again;

	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(luo_preserve(self->session, self->fd, 2), -EBUSY);
	EXPECT_EQ(luo_preserve(self->other, self->fd, 1), -EBUSY);
	again = dup(self->fd);
	EXPECT_EQ(luo_preserve(self->other, again, 1), -EBUSY);
	close(again);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	again = open(path, O_RDONLY);
	ASSERT_GE(again, 0);
	EXPECT_EQ(luo_preserve(self->other, again, 1), -EBUSY);
	close(again);
}

TEST_F(preserve, bad_descriptors)
{
	int path;

	EXPECT_EQ(luo_preserve(self->session, -1, 1), -EBADF);
	EXPECT_EQ(luo_preserve(self->session, 60000, 1), -EBADF);
	path = open("/", O_PATH);
	EXPECT_EQ(luo_preserve(self->session, path, 1), -EBADF);
	close(path);
}

static int unlinked_tmpfs_file(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	return fd;
}

static int linked_tmpfs_file(void)
{
	int fd = open("/tmp/linked", O_CREAT | O_RDWR, 0600);

	unlink("/tmp/linked");
	return fd;
}

TEST_F(preserve, nobody_takes_these)
{
	int pair[2], fds[] = {
		open("/dev/null", O_RDWR), open("/", O_RDONLY | O_DIRECTORY),
		open("/proc/self/status", O_RDONLY), socket(AF_UNIX, SOCK_DGRAM, 0),
		self->dev, self->other, self->session,
		open("/dev/zero", O_RDWR),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_GE(fds[i], 0);
		EXPECT_EQ(luo_preserve(self->session, fds[i], i), -ENOENT) {
			TH_LOG("case %u", i);
		}
		if (i < 4 || i > 6)
			close(fds[i]);
	}
	ASSERT_EQ(pipe(pair), 0);
	EXPECT_EQ(luo_preserve(self->session, pair[0], 1), -ENOENT);
	close(pair[0]);
	close(pair[1]);
}

TEST_F(preserve, no_file_of_a_mount)
{
	int fd = linked_tmpfs_file();

	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 1), -EOPNOTSUPP);
	close(fd);
	fd = unlinked_tmpfs_file();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 1), -EOPNOTSUPP);
	close(fd);
}

/* The file of a mapping of this process, opened anew. */
static int open_mapping(const void *map)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)map, (unsigned long)map + PAGE);
	return open(path, O_RDWR);
}

/* The kernel's own files of shmem look like a memfd, and are none. */
TEST_F(preserve, no_file_of_the_kernel)
{
	void *map;
	int fd;

	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		   -1, 0);
	fd = open_mapping(map);
	EXPECT_GE(fd, 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 1), -EOPNOTSUPP);
	close(fd);
	munmap(map, PAGE);
}

TEST_F(preserve, no_segment_of_system_v)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600), fd;
	void *map;

	if (id < 0)
		SKIP(return, "no System V IPC in this kernel");
	map = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	fd = open_mapping(map);
	EXPECT_GE(fd, 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 1), -EOPNOTSUPP);
	close(fd);
	shmdt(map);
}

/* An ACL with an entry for one more user, as setxattr(2) takes it. */
static int set_acl(int fd)
{
	static const uint32_t acl[] = {
		2,			/* version */
		0x00060001, ~0U,	/* user::rw */
		0x00040002, 1234,	/* user:1234:r */
		0x00040004, ~0U,	/* group::r */
		0x00040010, ~0U,	/* mask::r */
		0x00000020, ~0U,	/* other:: */
	};

	return fsetxattr(fd, "system.posix_acl_access", acl, sizeof(acl), 0) ?
	       -errno : 0;
}

static int set_user_xattr(int fd)
{
	return fsetxattr(fd, "user.preserve", "x", 1, 0) ? -errno : 0;
}

/* None is carried: not before PRESERVE, and none comes after it. */
TEST_F(preserve, no_extended_attributes)
{
	static int (*const set[])(int fd) = { set_user_xattr, set_acl };
	unsigned int i;
	int fd;

	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		fd = data_memfd("attributes", 0, SEED, PAGE);
		if (set[i](fd) == -EOPNOTSUPP) {
			TH_LOG("case %u: not in this kernel", i);
		} else {
			EXPECT_EQ(luo_preserve(self->session, fd, 2), -EOPNOTSUPP);
			EXPECT_EQ(set[i](self->fd), -EPERM);
		}
		close(fd);
	}
	EXPECT_EQ(luo_unpreserve(self->session, 1), 0);
	EXPECT_EQ(set_user_xattr(self->fd), 0);
}

TEST_F(preserve, frozen_size)
{
	char byte = 1;
	struct stat st;

	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(ftruncate(self->fd, PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(ftruncate(self->fd, 8 * PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fallocate(self->fd, 0, 0, 8 * PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    0, PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(pwrite(self->fd, &byte, 1, 4 * PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fstat(self->fd, &st), 0);
	EXPECT_EQ(st.st_size, 4 * PAGE);
	EXPECT_EQ(data_check(self->fd, SEED, 0, 4 * PAGE), 0);
	/* What is inside the size may be written. */
	EXPECT_EQ(data_write(self->fd, SEED + 1, 0, 4 * PAGE), 0);
	EXPECT_EQ(data_check(self->fd, SEED + 1, 0, 4 * PAGE), 0);
}

TEST_F(preserve, write_across_the_end)
{
	static char two[2 * PAGE];
	struct stat st;

	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	/* Refused as a whole, not cut at the end of the file. */
	EXPECT_EQ(pwrite(self->fd, two, sizeof(two), 3 * PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fstat(self->fd, &st), 0);
	EXPECT_EQ(st.st_size, 4 * PAGE);
	EXPECT_EQ(data_check(self->fd, SEED, 0, 4 * PAGE), 0);
}

TEST_F(preserve, close_gives_it_back)
{
	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	close(self->session);
	EXPECT_EQ(ftruncate(self->fd, 8 * PAGE), 0);
	EXPECT_EQ(fallocate(self->fd, 0, 0, 8 * PAGE), 0);
	EXPECT_EQ(data_check(self->fd, SEED, 0, 4 * PAGE), 0);
	self->session = luo_create_on(self->dev, "one");
	ASSERT_GE(self->session, 0);
	EXPECT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(ftruncate(self->fd, PAGE), -1);
}

TEST_F(preserve, one_is_taken_back)
{
	int fd = data_memfd("second", 0, SEED, PAGE);

	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	ASSERT_EQ(luo_preserve(self->session, fd, 2), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 3), -ENOENT);
	EXPECT_EQ(luo_unpreserve(self->session, 1), 0);
	EXPECT_EQ(luo_unpreserve(self->session, 1), -ENOENT);
	EXPECT_EQ(ftruncate(self->fd, 8 * PAGE), 0);
	EXPECT_EQ(ftruncate(fd, 8 * PAGE), -1);
	EXPECT_EQ(luo_preserve(self->other, self->fd, 1), 0);
	EXPECT_EQ(luo_preserve(self->session, -1, 2), -EEXIST);
	close(fd);
}

TEST_F(preserve, seals_may_come_but_not_write)
{
	ASSERT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(fcntl(self->fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	EXPECT_EQ(fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	EXPECT_EQ(errno, EBUSY);
	EXPECT_EQ(fcntl(self->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	EXPECT_EQ(fcntl(self->fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
}

TEST_F(preserve, sealed_and_empty_files)
{
	int fd = data_memfd("empty", 0, SEED, 0);

	EXPECT_EQ(fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL |
			F_SEAL_GROW | F_SEAL_SHRINK), 0);
	EXPECT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(luo_preserve(self->session, fd, 2), 0);
	close(fd);
}

TEST_F(preserve, against_a_kexec_load_image)
{
	if (guest_kexec_load_legacy(true))
		SKIP(return, "no kexec_load(2)");
	EXPECT_EQ(luo_preserve(self->session, self->fd, 1), -ENOEXEC);
	EXPECT_EQ(guest_kexec_load_legacy(false), 0);
	EXPECT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_LT(guest_kexec_load_legacy(true), 0);
	guest_kexec_load_legacy(false);
}

#define POWER_STATE	"/sys/power/state"

/* F18. Without a file it fails for want of a place to write the image to. */
TEST_F(preserve, no_hibernation)
{
	if (access(POWER_STATE, W_OK))
		SKIP(return, "no hibernation");
	EXPECT_EQ(luo_preserve(self->session, self->fd, 1), 0);
	EXPECT_EQ(guest_write(POWER_STATE, "disk"), -EBUSY);
	EXPECT_EQ(luo_unpreserve(self->session, 1), 0);
	EXPECT_NE(guest_write(POWER_STATE, "disk"), -EBUSY);
}

TEST_HARNESS_MAIN
