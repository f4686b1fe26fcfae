// SPDX-License-Identifier: GPL-2.0
/*
 * The list of stories, and how a stage of one is run.
 *
 * A stage reports through a pipe and then sleeps until the kernel goes away,
 * the last stage of a story ends instead: what it leaves behind is what a
 * process that ends leaves behind.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "story.h"

#define MAX_STORIES	256
#define MAX_WORDS	256

static const struct story *stories[MAX_STORIES];
static unsigned int nr_stories;
static char *next_words;	/* shared by init and its stages */

static struct {
	const struct story *story;
	unsigned int stage;
	unsigned int failed;
	void *note;
	int report;
	bool last;
	pid_t pid;
} self;

void story_add(const struct story *story)
{
	if (nr_stories == MAX_STORIES)
		abort();
	stories[nr_stories++] = story;
}

const struct story *story_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_stories; i++)
		if (!strcmp(stories[i]->name, name))
			return stories[i];
	return NULL;
}

void story_list(void)
{
	unsigned int i;

	for (i = 0; i < nr_stories; i++)
		printf("%s %u\n", stories[i]->name, stories[i]->stages);
}

unsigned int story_stage(void)
{
	return self.stage;
}

const char *story_name(void)
{
	return self.story->name;
}

unsigned int story_failures(void)
{
	return __atomic_exchange_n(&self.failed, 0, __ATOMIC_RELAXED);
}

void *story_note(void)
{
	return self.note;
}

static void story_vlog(const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (self.story)
		verdict("# %s.%u: %s\n", self.story->name, self.stage + 1, text);
	else
		verdict("# %s\n", text);
}

void story_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	story_vlog(fmt, ap);
	va_end(ap);
}

bool story_check(bool ok, const char *file, int line, const char *fmt, ...)
{
	int saved = errno;
	char text[384];
	va_list ap;

	if (ok)
		return true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	__atomic_fetch_add(&self.failed, 1, __ATOMIC_RELAXED);
	story_log("FAILED at %s:%d: %s (errno %d)",
		  strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line,
		  text, saved);
	return false;
}

void story_next_cmdline(const char *fmt, ...)
{
	size_t used = strlen(next_words);
	va_list ap;

	va_start(ap, fmt);
	used += snprintf(next_words + used, MAX_WORDS - used, " ");
	vsnprintf(next_words + used, MAX_WORDS - used, fmt, ap);
	va_end(ap);
}

const char *story_next_words(void)
{
	return next_words ? next_words : "";
}

static void story_report(char result)
{
	if (write(self.report, &result, 1) != 1)
		_exit(1);
	close(self.report);
}

void story_end(void)
{
	/* A helper of the stage: its parent looks at the exit status. */
	if (getpid() != self.pid)
		_exit(self.failed ? 1 : 0);
	story_report(self.failed ? 'F' : 'P');
	if (self.last)
		_exit(0);
	for (;;)
		pause();
}

void story_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	story_vlog(fmt, ap);
	va_end(ap);
	story_report(self.failed ? 'F' : 'S');
	if (self.last)
		_exit(0);
	for (;;)
		pause();
}

static void story_child(const struct story *story, unsigned int stage,
			void *note, bool last, int report)
{
	self.story = story;
	self.stage = stage;
	self.note = note;
	self.report = report;
	self.last = last;
	self.pid = getpid();
	prctl(PR_SET_NAME, story->name);
	if (story->each)
		story->each();
	else
		story->stage[stage]();
	story_end();
}

/* What the stage wrote into its pipe; a stage that dies has failed. */
static enum story_result story_wait(int report)
{
	char result;

	if (read(report, &result, 1) != 1)
		return STORY_FAIL;
	if (result == 'S')
		return STORY_SKIP;
	return result == 'P' ? STORY_PASS : STORY_FAIL;
}

static bool words_ready(void)
{
	void *map = next_words;

	if (!map)
		map = mmap(NULL, MAX_WORDS, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return false;
	next_words = map;
	return true;
}

enum story_result story_run_stage(const struct story *story, unsigned int stage,
				  void *note, bool last)
{
	enum story_result result;
	int report[2], status;
	pid_t pid;

	if (!words_ready() || pipe(report))
		return STORY_FAIL;
	pid = fork();
	if (pid < 0)
		return STORY_FAIL;
	if (!pid) {
		close(report[0]);
		story_child(story, stage, note, last, report[1]);
	}
	close(report[1]);
	result = story_wait(report[0]);
	close(report[0]);
	if (last && waitpid(pid, &status, 0) == pid && status) {
		verdict("# %s.%u: ended with status %#x\n", story->name,
			stage + 1, status);
		result = STORY_FAIL;
	}
	return result;
}
