/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stories over generations of kernels.
 *
 * A story is told in stages: stage 0 runs in the first kernel (K1), stage 1 in
 * the kernel that K1 jumped to (K2), and so on. Each stage runs in a process of
 * its own, which lives on until the jump, so that it can hold sessions open. A
 * guest tells several stories at a time: all first stages, one kexec, all second
 * stages, and so on. Each stage is one line of TAP on the verdict channel.
 */
#ifndef LUO_STORY_H
#define LUO_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORY_MAX_STAGES	12
#define STORY_NOTE_SIZE		4096

/* The state of other stories does not come over this jump. */
#define STORY_NO_STATE		(1u << 0)
/* The second kernel panics: only the first stage has a line in the plan. */
#define STORY_PANICS		(1u << 1)
/* Each allocation fails from the call of reboot(2) on. */
#define STORY_STARVES		(1u << 2)

struct story {
	const char *name;
	unsigned int stages;
	unsigned int few;		/* stages that do outside of a soak */
	unsigned int flags;
	const char *next_cmdline;	/* added to the command line of K2 */
	void (*stage[STORY_MAX_STAGES])(void);
	void (*each)(void);		/* instead: all stages, and any number */
};

/* Enter a story into the list of the init program. */
#define STORY(id, ...)							\
	static const struct story story_##id = { .name = #id, __VA_ARGS__ }; \
	__attribute__((constructor)) static void story_add_##id(void)	\
	{								\
		story_add(&story_##id);					\
	}

void story_add(const struct story *story);
const struct story *story_find(const char *name);
void story_list(void);

/* For init: run one stage of a story in a process of its own. */
enum story_result { STORY_PASS, STORY_FAIL, STORY_SKIP };
enum story_result story_run_stage(const struct story *story, unsigned int stage,
				  void *note, bool last);
const char *story_next_words(void);

/* For the stages. */
unsigned int story_stage(void);
const char *story_name(void);
void *story_note(void);		/* STORY_NOTE_SIZE bytes that come along */

/* More words for the command line of the next kernel. */
void story_next_cmdline(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
void story_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The later stages are skipped as well. Nothing may be left that was preserved. */
void story_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

bool story_check(bool ok, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void story_end(void) __attribute__((noreturn));

/* Outside of a story: checks that failed since the last call. */
unsigned int story_failures(void);

/* A failed check is noted and the stage goes on. */
#define check(cond, ...) \
	story_check(!!(cond), __FILE__, __LINE__, "" __VA_ARGS__)

/* Without this one the rest of the stage makes no sense. */
#define require(cond, ...)						\
	do {								\
		if (!check(cond, __VA_ARGS__))				\
			story_end();					\
	} while (0)

/*
 * The helpers of this library return -errno: name it when it is wrong, and why it
 * should be so, where that is said.
 */
#define check_ret(call, want, ...)					\
	({								\
		long got_ = (call), want_ = (want);			\
		if (!story_check(got_ == want_, __FILE__, __LINE__,	\
				 "%s: %ld, not %ld", #call, got_, want_) && \
		    sizeof(#__VA_ARGS__) > 1)				\
			story_log("" __VA_ARGS__);			\
		got_;							\
	})

/* A file descriptor, or the end of the stage. */
#define require_fd(call)						\
	({								\
		long got_ = (call);					\
		if (!story_check(got_ >= 0, __FILE__, __LINE__,		\
				 "%s: %ld", #call, got_))		\
			story_end();					\
		(int)got_;						\
	})

/* The verdict channel. */
int verdict_open(const char *path);
int verdict_fd(void);
void verdict(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void verdict_drain(void);

#endif /* LUO_STORY_H */
