/* SPDX-License-Identifier: GPL-2.0 */
/* The test module: files that are a number, and failures on demand. */
#ifndef LUO_FOREIGN_H
#define LUO_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#define FOREIGN_MODULE	"luo_test_handler"
#define FOREIGN		"/dev/luo_test"
#define FOREIGN_FINAL	"/dev/luo_test_final"

/* A file with such a value makes these callbacks fail. */
#define FOREIGN_FAIL_PRESERVE	(1ULL << 63)
#define FOREIGN_FAIL_FREEZE	(1ULL << 62)

/* Load the module, or skip the story where there is none. */
void foreign_load(const char *params);
int foreign_open(const char *device, uint64_t value);
uint64_t foreign_value(int fd);
int foreign_change(int fd, uint64_t value);
void foreign_set(const char *param, int value);

/* The log of its callbacks: empty it, and compare it with lines "a;b;c". */
void foreign_log_clear(void);
void foreign_log_check(const char *want);
bool foreign_log_has(const char *line);

/*
 * From now on its callbacks wait, until they are let go: somebody reads the log,
 * with its lock held, into memory that is not there. One at a time.
 */
void foreign_hold(void);
void foreign_let_go(void);

/* Damage to what is handed over: see luo_test_damage.c. */
void damage_load(void);
void damage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* LUO_FOREIGN_H */
