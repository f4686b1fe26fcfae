// SPDX-License-Identifier: GPL-2.0
/*
 * A retrieved file gives no more than the preserved one gave, whoever retrieves
 * it: what it was open for, and owner and mode of its inode, bind as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/luo.h"
#include "../lib/story.h"
#include "../lib/users.h"

#define SEED		0x419
#define SIZE		(4 * PAGE)
#define OWNER		4711

enum { FOR_ROOT = 1, FOR_OTHER };

static int reopen(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/* Of somebody else, who may read it, and open for reading. */
static void rights_save(void)
{
	int session = require_fd(luo_create(story_name())), fd, token;

	for (token = FOR_ROOT; token <= FOR_OTHER; token++) {
		fd = require_fd(data_memfd("rights", 0, SEED + token, SIZE));
		require(!fchown(fd, OWNER, OWNER) && !fchmod(fd, 0400));
		check_ret(luo_preserve(session, require_fd(reopen(fd, O_RDONLY)),
				       token), 0);
		close(fd);
	}
}

/* Nothing but reading; the number of the line that is wrong, or 0. */
static int only_reads(int fd, int token)
{
	if (data_check(fd, SEED + token, 0, SIZE))
		return __LINE__;
	if (write(fd, "x", 1) >= 0 || errno != EBADF)
		return __LINE__;
	if (mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EACCES)
		return __LINE__;
	if (!ftruncate(fd, 0) || errno != EINVAL)
		return __LINE__;
	return 0;
}

/* Nor can it be had in another way by somebody who is not its owner. */
static int stays_somebody_elses(int fd)
{
	if (reopen(fd, O_RDONLY) != -EACCES || reopen(fd, O_RDWR) != -EACCES)
		return __LINE__;
	if (!fchmod(fd, 0666) || errno != EPERM)
		return __LINE__;
	if (!fchown(fd, 0, 0) || errno != EPERM)
		return __LINE__;
	return 0;
}

static int taken_by(int session, int token)
{
	int fd = luo_get(session, token), line;

	if (fd < 0)
		return __LINE__;
	line = only_reads(fd, token);
	return line ? line : stays_somebody_elses(fd);
}

/* In a child, which was given nothing but the session. */
static void taken_in_child(int session, bool (*become)(void))
{
	int to[2], line = -1;
	pid_t pid;

	require(!pipe(to));
	pid = fork();
	if (!pid) {
		line = become() ? taken_by(session, FOR_OTHER) : __LINE__;
		_exit(write(to[1], &line, sizeof(line)) != sizeof(line));
	}
	waitpid(pid, NULL, 0);
	check(read(to[0], &line, sizeof(line)) == sizeof(line) && !line,
	      "line %d of %s", line, __FILE__);
	close(to[0]);
	close(to[1]);
}

static bool has_namespaces(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(users_become_namespace_root());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void load(bool (*become)(void))
{
	int session = require_fd(luo_retrieve(story_name())), line;
	int fd = require_fd(luo_get(session, FOR_ROOT));
	struct stat st;

	line = only_reads(fd, FOR_ROOT);
	check(!line, "line %d of %s", line, __FILE__);
	require(!fstat(fd, &st));
	check(st.st_uid == OWNER && st.st_gid == OWNER && (st.st_mode & 07777) == 0400,
	      "%u:%u %o", st.st_uid, st.st_gid, st.st_mode);
	close(fd);
	taken_in_child(session, become);
	close(require_fd(luo_get(session, FOR_OTHER)));
	check_ret(luo_finish(session), 0);
}

static void rights_load(void)
{
	load(users_become_nobody);
}

STORY(rights, .stages = 2, .stage = { rights_save, rights_load });

static void rights_namespace_load(void)
{
	if (!has_namespaces()) {
		check_ret(luo_discard(story_name()), 0);
		story_skip("no user namespaces in this kernel");
	}
	load(users_become_namespace_root);
}

STORY(rights_namespace, .stages = 2,
      .stage = { rights_save, rights_namespace_load });
