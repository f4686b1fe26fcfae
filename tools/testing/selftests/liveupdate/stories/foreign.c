// SPDX-License-Identifier: GPL-2.0
/* Handlers that are modules, that fail, that are not there: F4, F9, F10, F11. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "../lib/data.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED	0x8008

static void memfd_too(int session, uint64_t token)
{
	int fd = require_fd(data_memfd("among", 0, SEED + token, 4 * PAGE));

	check_ret(luo_preserve(session, fd, token), 0);
}

static void memfd_check(int session, uint64_t token)
{
	int fd = luo_get(session, token);

	if (check(fd >= 0, "token %lu: %d", (unsigned long)token, fd))
		check_ret(data_check(fd, SEED + token, 0, 4 * PAGE), 0);
}

/* The handler's module cannot go while it has a file. */
static void module_save(void)
{
	int session, fd;

	foreign_load("");
	session = require_fd(luo_create("module"));
	memfd_too(session, 1);
	fd = require_fd(foreign_open(FOREIGN, 41));
	check_ret(luo_preserve(session, fd, 2), 0);
	check_ret(luo_preserve(session, fd, 3), -EBUSY);
	close(fd);
	check_ret(guest_rmmod(FOREIGN_MODULE), -EWOULDBLOCK, "held");
	memfd_too(session, 4);
}

/* Nobody knows the file: the others work. Then its module comes. */
static void module_load(void)
{
	int session = require_fd(luo_retrieve("module"));
	struct liveupdate_list_file file;

	memfd_check(session, 1);
	check_ret(luo_get(session, 2), -ENODEV);
	check_ret(luo_finish(session), -EBUSY, "a file is quarantined");
	memfd_check(session, 4);
	foreign_load("");
	check_ret(luo_list_own_file(session, 2, &file), 0);
	check_ret(guest_rmmod(FOREIGN_MODULE), 0, "a look does not hold it");
	foreign_load("");
	check(foreign_value(require_fd(luo_get(session, 2))) == 41);
	check_ret(luo_finish(session), 0);
}

STORY(module, .stages = 2, .stage = { module_save, module_load });

/* F4: the freeze of the fifth file fails, over three sessions. */
static void freeze_save(void)
{
	int s, f, fd, session;
	char name[32];

	foreign_load("");
	for (s = 0; s < 3; s++) {
		snprintf(name, sizeof(name), "freeze-%d", s);
		session = require_fd(luo_create(name));
		for (f = 0; f < 2; f++) {
			fd = require_fd(foreign_open(FOREIGN, 100 + s * 2 + f));
			check_ret(luo_preserve(session, fd, f), 0);
		}
		memfd_too(session, 10 + s);
	}
	foreign_set("fail_errno", EDEADLK);
	foreign_set("fail_freeze", 5);
	foreign_log_clear();
	require(!guest_kexec_load(false, ""));
	check_ret(guest_kexec(), -EDEADLK);
	foreign_log_check("freeze 100;freeze 101;freeze 102;freeze 103;"
			  "freeze 104 failed;"
			  "unfreeze 103;unfreeze 102;unfreeze 101;unfreeze 100;");
	/* Everything is as before: a session may be used on. */
	memfd_too(session, 99);
	fd = require_fd(foreign_open(FOREIGN, 106));
	check_ret(luo_preserve(session, fd, 98), 0);
}

static void freeze_load(void)
{
	int s, f, session;
	char name[32];

	foreign_load("");
	for (s = 0; s < 3; s++) {
		snprintf(name, sizeof(name), "freeze-%d", s);
		session = require_fd(luo_retrieve(name));
		for (f = 0; f < 2; f++)
			check(foreign_value(luo_get(session, f)) ==
			      (uint64_t)(100 + s * 2 + f));
		memfd_check(session, 10 + s);
		if (s == 2) {
			memfd_check(session, 99);
			check(foreign_value(luo_get(session, 98)) == 106);
		}
		check_ret(luo_finish(session), 0);
	}
}

STORY(freeze_fails, .stages = 2, .stage = { freeze_save, freeze_load });

/* A long PRESERVE makes way for reboot(2), and is done again if that fails. */
#define LONG_SIZE	(160 * MiB)

struct long_preserve {
	pthread_t thread;
	int session, fd, ret;
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void *long_preserve(void *arg)
{
	struct long_preserve *lp = arg;

	lp->ret = luo_preserve(lp->session, lp->fd, 1);
	return NULL;
}

static double long_preserve_takes(struct long_preserve *lp)
{
	double begin;

	/* The first time clears the pages. */
	check_ret(luo_preserve(lp->session, lp->fd, 1), 0);
	check_ret(luo_unpreserve(lp->session, 1), 0);
	begin = seconds();
	check_ret(luo_preserve(lp->session, lp->fd, 1), 0);
	begin = seconds() - begin;
	check_ret(luo_unpreserve(lp->session, 1), 0);
	return begin;
}

/* A session because of which reboot(2) fails with EDEADLK, once. */
static int reboot_fails(void)
{
	int session, fd;

	foreign_load("");
	session = require_fd(luo_create("fails"));
	fd = require_fd(foreign_open(FOREIGN, 1));
	check_ret(luo_preserve(session, fd, 1), 0);
	foreign_set("fail_errno", EDEADLK);
	foreign_set("fail_freeze", 1);
	return session;
}

static void makes_way_save(void)
{
	struct long_preserve lp = { .ret = -EINPROGRESS };
	int session = reboot_fails();
	double takes, begin;

	lp.session = require_fd(luo_create("long"));
	lp.fd = require_fd(data_memfd_sparse("long", 0, LONG_SIZE));
	require(!fallocate(lp.fd, 0, 0, LONG_SIZE));
	takes = long_preserve_takes(&lp);
	require(!guest_kexec_load(false, ""));

	require(!pthread_create(&lp.thread, NULL, long_preserve, &lp));
	usleep(takes * 1e6 / 4);
	begin = seconds();
	check_ret(guest_kexec(), -EDEADLK);
	begin = seconds() - begin;
	check(begin < takes / 2, "reboot(2): %g s, PRESERVE: %g s", begin, takes);
	check(lp.ret == -EINPROGRESS, "PRESERVE was over: %d", lp.ret);
	pthread_join(lp.thread, NULL);
	check_ret(lp.ret, 0);
	close(lp.session);
	close(session);
}

STORY(makes_way, .stages = 1, .stage = { makes_way_save });

/* The same for one that waits for a writer, which waits for its own memory. */
struct stuck_writer {
	pthread_t thread;
	int uffd, fd;
	char *from;
};

static void *stuck_write(void *arg)
{
	struct stuck_writer *w = arg;

	check(pwrite(w->fd, w->from, PAGE, 0) == PAGE, "pwrite");
	return NULL;
}

/* A kernel without it has FUSE, perhaps, but nothing here to stop a writer with. */
static void stuck_open(struct stuck_writer *w)
{
	struct uffdio_api api = { .api = UFFD_API };

	w->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (w->uffd < 0 || ioctl(w->uffd, UFFDIO_API, &api))
		story_skip("no userfaultfd");
}

static void stuck_start(struct stuck_writer *w)
{
	struct uffdio_register reg = {
		.range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	w->from = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)w->from;
	require(!ioctl(w->uffd, UFFDIO_REGISTER, &reg));
	require(!pthread_create(&w->thread, NULL, stuck_write, w));
	usleep(200000);
}

static void stuck_end(struct stuck_writer *w)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)w->from, .len = PAGE },
	};

	check(!ioctl(w->uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	pthread_join(w->thread, NULL);
	close(w->uffd);
}

static void waits_save(void)
{
	struct long_preserve lp = { .ret = -EINPROGRESS };
	struct stuck_writer writer;
	int session;

	stuck_open(&writer);
	session = reboot_fails();
	writer.fd = require_fd(data_memfd("written", 0, SEED, 4 * PAGE));
	lp.session = require_fd(luo_create("waits"));
	lp.fd = writer.fd;
	require(!guest_kexec_load(false, ""));

	stuck_start(&writer);
	require(!pthread_create(&lp.thread, NULL, long_preserve, &lp));
	usleep(200000);
	check_ret(guest_kexec(), -EDEADLK);
	check(lp.ret == -EINPROGRESS, "PRESERVE was over: %d", lp.ret);
	stuck_end(&writer);
	pthread_join(lp.thread, NULL);
	check_ret(lp.ret, 0);
	close(lp.session);
	close(session);
}

STORY(waits_for_writer, .stages = 1, .stage = { waits_save });

/* A failure of the handler: retried by its promise, or final without it. */
static void retry_save(void)
{
	int session = 0, i;

	foreign_load("");
	session = require_fd(luo_create("retry"));
	for (i = 1; i <= 3; i++)
		check_ret(luo_preserve(session,
				       require_fd(foreign_open(i == 2 ? FOREIGN_FINAL :
							       FOREIGN, i)), i), 0);
}

static void retry_load(void)
{
	int session = require_fd(luo_retrieve("retry"));

	foreign_load("");
	foreign_set("fail_errno", ENOMEM);
	foreign_set("fail_retrieve", 3);
	check_ret(luo_get(session, 1), -ENOMEM);
	check_ret(luo_get(session, 1), -ENOMEM);
	check_ret(luo_get(session, 2), -ENOMEM);
	check_ret(luo_get(session, 2), -ENOMEM, "final: the errno sticks");
	check(foreign_value(luo_get(session, 1)) == 1, "retried");
	check(foreign_value(luo_get(session, 3)) == 3);
	foreign_set("hold_finish", 1);
	check_ret(luo_finish(session), -EBUSY);
	check_ret(luo_finish(session), -EBUSY);
	check(foreign_value(luo_get(session, 1)) == 1, "nothing was finished");
	foreign_set("hold_finish", 0);
	foreign_log_clear();
	check_ret(luo_finish(session), 0);
	check(foreign_log_has("finish 3 1\nfinish failed\nfinish 1 1\n"),
	      "last to first");
}

STORY(retry, .stages = 2, .stage = { retry_save, retry_load });

/* F2: preserve fails in the handler, and in its FLB. */
static void preserve_fails(void)
{
	int session, fd, final;

	foreign_load("");
	session = require_fd(luo_create("preserve-fails"));
	fd = require_fd(foreign_open(FOREIGN, 1));
	final = require_fd(foreign_open(FOREIGN_FINAL, 2));
	foreign_set("fail_errno", ENOSPC);
	foreign_set("fail_preserve", 1);
	foreign_log_clear();
	check_ret(luo_preserve(session, fd, 1), -ENOSPC);
	check_ret(luo_preserve(session, fd, 1), 0, "may be repeated");
	check_ret(luo_preserve(session, final, 2), 0);
	foreign_log_clear();
	close(session);
	check(foreign_log_has("unpreserve 2\nunpreserve 1\n"), "last to first");
}

STORY(preserve_fails, .stages = 1, .stage = { preserve_fails });
