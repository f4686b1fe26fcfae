/* SPDX-License-Identifier: GPL-2.0 */
/* What a test does to the guest that it runs in: kernels, modules, memory. */
#ifndef LUO_GUEST_H
#define LUO_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* File systems of a guest whose init we are. */
void guest_mount(void);

/* The value of NAME= on the kernel command line, the last one; NULL if none. */
const char *guest_param(const char *name, char *buf, size_t size);

/* The same as a number, or otherwise. */
unsigned long guest_number(const char *name, unsigned long otherwise);

/* The next kernel, in a guest that has one. */
#define GUEST_IMAGE	"/kexec/bzImage"

/* Load the next kernel; extra words go to the end of its command line. */
int guest_kexec_load(bool more, const char *extra);
int guest_kexec_load_image(int kernel, bool more, const char *extra);
int guest_kexec_unload(void);
bool guest_kexec_loaded(void);

/* The exit status of "luoctl image" for what a descriptor has; -errno. */
int guest_luoctl_image(int fd);

/* kexec_load(2) of one page of code that runs where it is put. */
int guest_kexec_load_code(const void *code);

/* The old kexec_load(2), with an image that could never run. */
int guest_kexec_load_legacy(bool load);

/*
 * One for a kexec jump, which comes back at once: guest_kexec() gives 0 then.
 * To be unloaded like the other. -EINVAL or -EOPNOTSUPP: not here.
 */
int guest_kexec_load_jump(void);

/* reboot(LINUX_REBOOT_CMD_KEXEC); -errno, or 0 after a kexec jump. */
int guest_kexec(void);

/* A counter that runs on through a kexec; 0: this machine has none for us. */
static inline uint64_t guest_ticks(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

/* When guest_kexec() was called last, in the previous kernel at first; or NULL. */
extern uint64_t *guest_kexec_ticks;

/*
 * From now on, until guest_kexec() returns, each allocation of this process
 * fails, and is named on the console. -errno if they would not.
 */
int guest_starve(void);

void guest_end(void) __attribute__((noreturn));

int guest_insmod(const char *name, const char *params);
int guest_rmmod(const char *name);
/* Swap in a disk that is memory of this kernel; -errno if it has none. */
int guest_swapon(void);
int guest_write(const char *path, const char *text);
int guest_read(const char *path, char *buf, size_t size);
/* How often the log of the kernel says it. */
unsigned int guest_log_count(const char *what);

/* Fill all free memory with a pattern and give it back. */
void guest_hog(void);

#endif /* LUO_GUEST_H */
