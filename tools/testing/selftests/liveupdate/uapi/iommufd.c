// SPDX-License-Identifier: GPL-2.0
/*
 * PRESERVE_FD of an iommufd, with the mock devices of its own selftest: kinds of
 * objects that are refused, the line in the log that says why, and that nothing
 * is left of it. Needs CONFIG_IOMMUFD_TEST.
 */
#include "uapi.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/iommufd.h>
#include <linux/userfaultfd.h>

#include "../../../../../drivers/iommu/iommufd/iommufd_test.h"

#define SIZE	(16 * PAGE)
#define IOVA	MOCK_APERTURE_START
#define SEED	0x33
#define PASID	100
#define NO_OBJECT	", which cannot be preserved"

enum token { RAM = 1, IOMMUFD };

FIXTURE(iommufd) {
	int session, memfd, fd;
	uint32_t ioas, stdev, hwpt, idev;
};

static int ioas_alloc(int fd, uint32_t *ioas)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = raw_ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	*ioas = cmd.out_ioas_id;
	return ret;
}

static int map(int fd, uint32_t ioas, int memfd, uint64_t iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = memfd,
		.length = SIZE,
		.iova = iova,
	};

	return raw_ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static int mock_device(int fd, uint32_t ioas, uint32_t flags, uint32_t *stdev,
		       uint32_t *hwpt, uint32_t *idev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = ioas,
		.mock_domain_flags.dev_flags = flags,
	};
	int ret = raw_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	*stdev = cmd.mock_domain_flags.out_stdev_id;
	*hwpt = cmd.mock_domain_flags.out_hwpt_id;
	*idev = cmd.mock_domain_flags.out_idev_id;
	return ret;
}

/* queue: of faults, for IOMMU_HWPT_FAULT_ID_VALID */
static int hwpt_alloc_queue(int fd, uint32_t idev, uint32_t pt, uint32_t flags,
			    uint32_t queue, uint32_t *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = idev,
		.pt_id = pt,
		.fault_id = queue,
	};
	int ret = raw_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

static int hwpt_alloc(int fd, uint32_t idev, uint32_t pt, uint32_t flags,
		      uint32_t *hwpt)
{
	return hwpt_alloc_queue(fd, idev, pt, flags, 0, hwpt);
}

static int nested_alloc(int fd, uint32_t idev, uint32_t parent, uint32_t *hwpt)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = idev,
		.pt_id = parent,
		.data_type = IOMMU_HWPT_DATA_SELFTEST,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)&data,
	};
	int ret = raw_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

static int replace(int fd, uint32_t stdev, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = stdev,
		.mock_domain_replace.pt_id = pt,
	};

	return raw_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static int attach_pasid(int fd, uint32_t stdev, uint32_t pt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_PASID_ATTACH,
		.id = stdev,
		.pasid_attach = { .pasid = PASID, .pt_id = pt },
	};

	return raw_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static int detach_pasid(int fd, uint32_t stdev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_PASID_DETACH,
		.id = stdev,
		.pasid_detach = { .pasid = PASID },
	};

	return raw_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static int create_access(int fd, uint32_t ioas)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
	};
	int ret = raw_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	return ret ?: (int)cmd.create_access.out_access_fd;
}

static int fault_queue(int fd, uint32_t *queue)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int ret = raw_ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*queue = cmd.out_fault_id;
	return ret ?: (int)cmd.out_fault_fd;
}

FIXTURE_SETUP(iommufd)
{
	int ret;

	self->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (self->fd < 0)
		SKIP(return, "no /dev/iommu");
	ASSERT_EQ(ioas_alloc(self->fd, &self->ioas), 0);
	ret = mock_device(self->fd, self->ioas, MOCK_FLAGS_DEVICE_PASID,
			  &self->stdev, &self->hwpt, &self->idev);
	if (ret == -ENOTTY)
		SKIP(return, "no mock devices");
	ASSERT_EQ(ret, 0);
	self->session = luo_create("one");
	ASSERT_GE(self->session, 0);
	self->memfd = data_memfd("ram", 0, SEED, SIZE);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(map(self->fd, self->ioas, self->memfd, IOVA), 0);
	ASSERT_EQ(luo_preserve(self->session, self->memfd, RAM), 0);
}

/* Whatever was refused: the context is thawed, and nothing holds the memory. */
FIXTURE_TEARDOWN(iommufd)
{
	EXPECT_EQ(map(self->fd, self->ioas, self->memfd, IOVA + SIZE), 0);
	EXPECT_EQ(luo_unpreserve(self->session, RAM), 0);
	close(self->session);
	close(self->fd);
	close(self->memfd);
	EXPECT_EQ(story_failures(), 0);
}

TEST_F(iommufd, the_driver_cannot)
{
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      "its IOMMU driver cannot do it"), -EOPNOTSUPP);
}

TEST_F(iommufd, nothing_attached)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(luo_refused(self->session, fd, IOMMUFD,
			      "no device is attached in the context"), -EINVAL);
	close(fd);
}

TEST_F(iommufd, parent_of_nested)
{
	uint32_t hwpt;

	ASSERT_EQ(hwpt_alloc(self->fd, self->idev, self->ioas,
			     IOMMU_HWPT_ALLOC_NEST_PARENT, &hwpt), 0);
	ASSERT_EQ(replace(self->fd, self->stdev, hwpt), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      "is a parent of nested ones"), -EOPNOTSUPP);
	EXPECT_EQ(replace(self->fd, self->stdev, self->ioas), 0);
}

TEST_F(iommufd, nested)
{
	uint32_t hwpt, nested;

	ASSERT_EQ(hwpt_alloc(self->fd, self->idev, self->ioas,
			     IOMMU_HWPT_ALLOC_NEST_PARENT, &hwpt), 0);
	ASSERT_EQ(nested_alloc(self->fd, self->idev, hwpt, &nested), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      NO_OBJECT), -EOPNOTSUPP);
	ASSERT_EQ(replace(self->fd, self->stdev, nested), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD, " is nested"),
		  -EOPNOTSUPP);
	EXPECT_EQ(replace(self->fd, self->stdev, self->ioas), 0);
}

TEST_F(iommufd, dirty_tracking)
{
	uint32_t hwpt;

	ASSERT_EQ(hwpt_alloc(self->fd, self->idev, self->ioas,
			     IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
	ASSERT_EQ(replace(self->fd, self->stdev, hwpt), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      "tracks dirty pages"), -EOPNOTSUPP);
	EXPECT_EQ(replace(self->fd, self->stdev, self->ioas), 0);
}

TEST_F(iommufd, pasid)
{
	uint32_t hwpt;

	ASSERT_EQ(hwpt_alloc(self->fd, self->idev, self->ioas,
			     IOMMU_HWPT_ALLOC_PASID, &hwpt), 0);
	ASSERT_EQ(replace(self->fd, self->stdev, hwpt), 0);
	ASSERT_EQ(attach_pasid(self->fd, self->stdev, hwpt), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      "PASID 100 is attached"), -EOPNOTSUPP);
	EXPECT_EQ(detach_pasid(self->fd, self->stdev), 0);
}

TEST_F(iommufd, access)
{
	int fd = create_access(self->fd, self->ioas);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      NO_OBJECT), -EOPNOTSUPP);
	close(fd);
}

TEST_F(iommufd, queue_of_faults)
{
	uint32_t queue, hwpt;
	int fd = fault_queue(self->fd, &queue);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      NO_OBJECT), -EOPNOTSUPP);
	ASSERT_EQ(hwpt_alloc_queue(self->fd, self->idev, self->ioas,
				   IOMMU_HWPT_FAULT_ID_VALID, queue, &hwpt),
		  0);
	ASSERT_EQ(replace(self->fd, self->stdev, hwpt), 0);
	EXPECT_EQ(luo_refused(self->session, self->fd, IOMMUFD,
			      "has a queue of faults"), -EOPNOTSUPP);
	EXPECT_EQ(replace(self->fd, self->stdev, self->ioas), 0);
	close(fd);
}

/* A mapping that is being made: its page comes when the test says so. */
struct late {
	int fd, uffd;
	uint32_t ioas;
	void *page;
	pthread_t thread;
};

static void *late_map(void *arg)
{
	struct late *late = arg;
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = late->ioas,
		.user_va = (uintptr_t)late->page,
		.length = PAGE,
		.iova = IOVA + 8 * SIZE,
	};

	return (void *)(intptr_t)raw_ioctl(late->fd, IOMMU_IOAS_MAP, &cmd);
}

static int late_begin(struct late *late)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	late->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	late->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)late->page;
	if (late->page == MAP_FAILED || late->uffd < 0 ||
	    ioctl(late->uffd, UFFDIO_API, &api) ||
	    ioctl(late->uffd, UFFDIO_REGISTER, &reg))
		return -1;
	return pthread_create(&late->thread, NULL, late_map, late);
}

static int late_end(struct late *late)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)late->page, .len = PAGE },
	};
	void *ret = (void *)-1;

	ioctl(late->uffd, UFFDIO_ZEROPAGE, &zero);
	pthread_join(late->thread, &ret);
	close(late->uffd);
	return (intptr_t)ret;
}

/* Return: whether a child was there to be reaped, within so many tenths of a second */
static bool reaped(pid_t pid, int tenths)
{
	for (; tenths; tenths--) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(100000);
	}
	return false;
}

/* Whoever waits for one that maps, for as long as that likes, can be killed. */
TEST_F(iommufd, waits_for_a_map)
{
	struct late late = { .fd = self->fd, .ioas = self->ioas };
	struct uffd_msg msg;
	pid_t pid;

	ASSERT_EQ(late_begin(&late), 0);
	ASSERT_EQ(read(late.uffd, &msg, sizeof(msg)), (ssize_t)sizeof(msg));
	pid = fork();
	if (!pid) {
		luo_preserve(self->session, self->fd, IOMMUFD);
		_exit(0);
	}
	EXPECT_FALSE(reaped(pid, 5));
	/* Nobody else begins: or whoever waits might wait for ever. */
	EXPECT_EQ(map(self->fd, self->ioas, self->memfd, IOVA + SIZE), -EBUSY);
	kill(pid, SIGKILL);
	EXPECT_TRUE(reaped(pid, 20));
	EXPECT_EQ(late_end(&late), 0);
}

TEST_HARNESS_MAIN
