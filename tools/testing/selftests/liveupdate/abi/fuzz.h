/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzing what a kernel does at boot with the records of the previous one
 *
 * fuzz.c	makes a previous kernel's memory from an input, and reads it
 * decode.c	what luo_decode.c makes of it; only counts, and checks
 * replay.c	reads inputs from a file, for whoever has no libFuzzer
 * cases.hex	inputs that somebody thought of: one a line, in hexadecimal
 * corpus.hex	the fewest that reach everything, found by fuzzing
 *
 * An input is a list of edits of a good previous kernel. Checksums are mended
 * after the edits, except after those that say so; so nearly every input gets
 * past them, and one edit reaches any bit.
 */
#ifndef _ABI_FUZZ_H
#define _ABI_FUZZ_H

#include "luo_internal.h"

#define FUZZ_MAX_EDITS	64

/* One edit, 12 bytes of input. */
struct fuzz_edit {
	u8 page;	/* which page, modulo their number */
	u8 op;
	u16 offset;	/* where in the page, modulo its size */
	u64 value;
} __attribute__((packed));

#define FUZZ_WIDTH	0x03	/* of value: 1 << n bytes */
#define FUZZ_ADD	0x04	/* added to what is there, not set */
#define FUZZ_UNSEALED	0x08	/* after the checksums were mended */
#define FUZZ_SIZE	0x10	/* value: bytes of the header that came over */
#define FUZZ_NO_MEMORY	0x20	/* value: objects that can be made */

/* A broken promise ends the program, so that a fuzzer sees it. */
#define fuzz_check(cond)	fuzz_assert(cond, #cond, __func__, __LINE__)

void fuzz_assert(bool ok, const char *what, const char *func, int line);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* decode.c: of the run that begins now. */
void decode_start(unsigned int objects);

#endif /* _ABI_FUZZ_H */
