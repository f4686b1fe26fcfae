// SPDX-License-Identifier: GPL-2.0
/*
 * The init program of a test guest. The kernel command line says what it does:
 *
 *   luo.story=A,B,...   tell these stories, over as many kernels as they need
 *   luo.prog=A,B,...    run the programs /tests/A, /tests/B, ...
 *   luo.kunit=A,B,...   hand out the results of the KUnit suites in the kernel, of
 *                       which these have to be there
 *   luo.shell=1         a shell on the console (/bin/busybox must be there)
 *   luo.most=N          tell at most N stages of each story
 *   luo.soak=1          all stages of stories that are mostly cut short
 *   luo.leak=1          let kmemleak look before the guest ends
 *
 * luo.gen and luo.tap are for its own use: which kernel this is, counted from
 * 1, and how many lines of results were given before. They go over the jump on
 * the command line, so that they are there however much else is lost. luo.stray=1
 * is in the place of them where a kernel is loaded that must not be reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/data.h"
#include "lib/guest.h"
#include "lib/luo.h"
#include "lib/story.h"
#include "lib/init.h"

#define MAX_TOLD	48
#define STATE_SIZE	((MAX_TOLD + 1) * PAGE)	/* the notes, and our own */
#define STATE_SESSION	"luo-test-state"
#define STATE_TOKEN	1
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

static const struct story *told[MAX_TOLD];
static unsigned int nr_told;
static unsigned int generation = 1;
static unsigned int tap;
static int state_fd = -1;
static char *state;
static bool *skipped;		/* of each story, behind the notes */

/* A long story may be cut short. */
static unsigned int stages_of(const struct story *story)
{
	bool all = guest_number("luo.soak", 0) || !story->few;
	unsigned int most;

	most = guest_number("luo.most", all ? story->stages : story->few);
	return story->stages < most ? story->stages : most;
}

static void choose_stories(char *names)
{
	char *name, *save;

	for (name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		if (nr_told == MAX_TOLD || !story_find(name)) {
			verdict("Bail out! no story '%s'\n", name);
			guest_end();
		}
		told[nr_told++] = story_find(name);
	}
}

/* Without their notes stories see less, and may pass for that. */
static void state_lost(const char *how, int ret)
{
	unsigned int i;

	for (i = 0; i < nr_told; i++)
		if (told[i]->flags & STORY_NO_STATE)
			return;
	verdict("Bail out! the state %s: %d\n", how, ret);
}

static void state_retrieve(void)
{
	int session = luo_retrieve(STATE_SESSION), ret;

	state_fd = session < 0 ? session : luo_get(session, STATE_TOKEN);
	if (state_fd < 0) {
		state_lost("did not come over", state_fd);
	} else {
		ret = luo_finish(session);
		if (ret)
			state_lost("cannot be finished", ret);
	}
	if (session >= 0)
		close(session);
}

/* The notes of all stories are pages of one memfd, which is itself preserved. */
static void state_open(void)
{
	if (generation > 1)
		state_retrieve();
	if (state_fd < 0)
		state_fd = data_memfd_sparse("state", 0, STATE_SIZE);
	state = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     state_fd, 0);
	if (state == MAP_FAILED) {
		state = NULL;
		return;
	}
	guest_kexec_ticks = (uint64_t *)(state + MAX_TOLD * PAGE);
	/* Not a hole that guest_kexec() fills while a test counts pages. */
	*(volatile uint64_t *)guest_kexec_ticks = *guest_kexec_ticks;
	skipped = (bool *)(guest_kexec_ticks + 1);
}

/* Filled first: the notes are written after it, and must come along too. */
static void state_preserve(void)
{
	int session, ret;

	if (!state)
		return;
	session = luo_create(STATE_SESSION);
	ret = session < 0 ? session : luo_preserve(session, state_fd, STATE_TOKEN);
	if (ret)
		state_lost("cannot be preserved", ret);
}

static const char *result_text(enum story_result result)
{
	return result == STORY_FAIL ? "not ok" : "ok";
}

/* Where one stage had nothing to do, the later ones have nothing to go on with. */
static enum story_result run_stage(unsigned int i, unsigned int stage)
{
	enum story_result result;

	if (skipped && skipped[i])
		return STORY_SKIP;
	result = story_run_stage(told[i], stage, state ? state + i * PAGE : NULL,
				 stage + 1 == stages_of(told[i]));
	if (skipped)
		skipped[i] = result == STORY_SKIP;
	return result;
}

static void tell_one(unsigned int i)
{
	const struct story *story = told[i];
	unsigned int stage = generation - 1;
	enum story_result result;
	struct timespec a, b;

	if (stage >= stages_of(story))
		return;
	clock_gettime(CLOCK_MONOTONIC, &a);
	result = run_stage(i, stage);
	clock_gettime(CLOCK_MONOTONIC, &b);
	verdict("%s %u %s.%u%s # time=%ldms\n", result_text(result), ++tap,
		story->name, generation, result == STORY_SKIP ? " # SKIP" : "",
		(long)((b.tv_sec - a.tv_sec) * 1000 +
		       (b.tv_nsec - a.tv_nsec) / 1000000));
}

static unsigned int most_stages(void)
{
	unsigned int i, most = 1;

	for (i = 0; i < nr_told; i++)
		if (stages_of(told[i]) > most)
			most = stages_of(told[i]);
	return most;
}

static void print_plan(void)
{
	unsigned int i, lines = 0;

	for (i = 0; i < nr_told; i++)
		lines += told[i]->flags & STORY_PANICS ? 1 : stages_of(told[i]);
	verdict("KTAP version 1\n1..%u\n", lines);
}

static void next_kernel(void)
{
	bool more = most_stages() > generation + 1, starve = false;
	char extra[512];
	unsigned int i;
	int ret;

	snprintf(extra, sizeof(extra), "luo.gen=%u luo.tap=%u", generation + 1, tap);
	for (i = 0; i < nr_told; i++) {
		starve |= told[i]->flags & STORY_STARVES;
		if (generation != 1 || !told[i]->next_cmdline)
			continue;
		strncat(extra, " ", sizeof(extra) - strlen(extra) - 1);
		strncat(extra, told[i]->next_cmdline,
			sizeof(extra) - strlen(extra) - 1);
	}
	strncat(extra, story_next_words(), sizeof(extra) - strlen(extra) - 1);
	ret = guest_kexec_load(more, extra);
	if (ret)
		verdict("Bail out! cannot load the next kernel: %d\n", ret);
	else if (starve && guest_starve())
		verdict("Bail out! allocations do not fail on demand\n");
	else
		verdict("Bail out! reboot gave %d\n", guest_kexec());
}

static void tell_stories(void)
{
	unsigned int i;

	if (generation == 1)
		print_plan();
	else
		guest_hog();
	state_open();
	if (most_stages() > generation)
		state_preserve();
	for (i = 0; i < nr_told; i++)
		tell_one(i);
	if (most_stages() > generation)
		next_kernel();
}

/* What kselftests end with; a test that failed has a line of its own. */
static bool ended_well(int status)
{
	return WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
				     WEXITSTATUS(status) == 1 ||
				     WEXITSTATUS(status) == 4);
}

static void run_program(const char *name)
{
	char path[1100];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/tests/%s", name);
	pid = fork();
	if (!pid) {
		dup2(verdict_fd(), 1);
		dup2(verdict_fd(), 2);
		execl(path, path, NULL);
		verdict("Bail out! %s: %s\n", path, strerror(errno));
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		verdict("Bail out! %s: %s\n", path, strerror(errno));
	else if (!ended_well(status))
		verdict("Bail out! %s: ended with status %#x\n", path, status);
}

static void run_programs(char *names)
{
	char *name, *save;

	for (name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		verdict("# program %s\n", name);
		run_program(name);
	}
}

/* An object is suspect when it is five seconds old, and at the second look. */
static void find_leaks(void)
{
	static char text[65536];
	char *line, *save;
	int i, ret;

	for (i = 0; i < 2; i++) {
		sleep(6);
		ret = guest_write(KMEMLEAK, "scan");
		if (ret) {
			verdict("Bail out! kmemleak does not look: %d\n", ret);
			return;
		}
	}
	ret = guest_read(KMEMLEAK, text, sizeof(text));
	if (ret)
		verdict("Bail out! kmemleak: %s\n", ret < 0 ? strerror(-ret) : "leaks");
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		verdict("# leak: %s\n", line);
}

static void run_shell(void)
{
	int fd = open("/dev/ttyS0", O_RDWR);

	setsid();
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (!fork())
		execl("/bin/busybox", "sh", NULL);
	wait(NULL);
}

static void set_limits(void)
{
	struct rlimit files = { 65536, 65536 };

	guest_write("/proc/sys/fs/nr_open", "1048576");
	setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
	char names[1024];

	if (argc > 1 && !strcmp(argv[1], "-l")) {
		story_list();
		return 0;
	}
	if (getpid() != 1) {
		fprintf(stderr, "%s: the init of a test guest; -l lists its stories\n",
			argv[0]);
		return 2;
	}
	guest_mount();
	set_limits();
	verdict_open("/dev/ttyS1");
	generation = guest_number("luo.gen", 1);
	tap = guest_number("luo.tap", 0);
	if (guest_number("luo.stray", 0)) {
		verdict("not ok %u stray # a jump that should have been refused\n",
			++tap);
	} else if (guest_param("luo.story", names, sizeof(names))) {
		choose_stories(names);
		tell_stories();
	} else if (guest_param("luo.prog", names, sizeof(names))) {
		run_programs(names);
	} else if (guest_param("luo.kunit", names, sizeof(names))) {
		init_kunit(names);
	} else if (guest_number("luo.shell", 0)) {
		run_shell();
	}
	if (guest_number("luo.leak", 0))
		find_leaks();
	guest_end();
}
