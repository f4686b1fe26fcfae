// SPDX-License-Identifier: GPL-2.0-only
/*
 * A previous kernel from an input, and the boot that reads it, see fuzz.h
 *
 * Every page is an allocation of its own, and a page that was given back is
 * poisoned: reading beyond a page, or one that is gone, is found by
 * AddressSanitizer.
 */
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define BASE_PA	0x100000UL

enum {
	HEADER,
	FLBS,
	SESSIONS,
	SESSIONS_2,
	FILES,
	FILES_2,
	RIDERS,
	RIDERS_FILES,
	NR_PAGES,
};

static void *pages[NR_PAGES];
static bool released[NR_PAGES];
static bool edited[NR_PAGES];
static unsigned char good[NR_PAGES][PAGE_SIZE];
static size_t header_size;
static unsigned int objects;

void fuzz_assert(bool ok, const char *what, const char *func, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: not true: %s\n", func, line, what);
	abort();
}

static u64 pa_of(unsigned int page)
{
	return BASE_PA + page * PAGE_SIZE;
}

static const void *fuzz_map(const struct luo_abi_reader *reader, u64 pa)
{
	u64 page = (pa - BASE_PA) / PAGE_SIZE;

	if (pa < BASE_PA || page >= NR_PAGES || released[page])
		return NULL;
	/* as phys_to_virt(): what is not aligned is not mended here */
	return pages[page] + pa % PAGE_SIZE;
}

static void fuzz_release(const struct luo_abi_reader *reader, u64 pa)
{
	u64 page = (pa - BASE_PA) / PAGE_SIZE;

	fuzz_check(page < NR_PAGES && !released[page] && pa % PAGE_SIZE == 0);
	released[page] = true;
	ASAN_POISON_MEMORY_REGION(pages[page], PAGE_SIZE);
}

static const struct luo_abi_reader reader = {
	.map = fuzz_map,
	.release = fuzz_release,
};

static void *block(unsigned int page, enum luo_ser_kind kind, u64 next_pa)
{
	luo_abi_block_init(good[page], kind, next_pa);
	return good[page];
}

static void fill_sessions(unsigned int page, u64 next_pa, unsigned int count,
			  unsigned int files)
{
	void *head = block(page, LUO_SER_SESSION, next_pa);
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct luo_session_ser *ser = luo_abi_block_record(head, i);

		snprintf((char *)ser->name, sizeof(ser->name), "s%u.%u", page, i);
		ser->nr_files = i ? 0 : files;
		ser->files_pa = ser->nr_files ? pa_of(page == RIDERS ?
						      RIDERS_FILES : FILES) : 0;
		ser->generation = 2;
		luo_abi_session_seal(ser);
	}
	luo_abi_block_seal(head, count);
}

static void fill_files(unsigned int page, u64 next_pa, unsigned int count)
{
	void *head = block(page, LUO_SER_FILE, next_pa);
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct luo_file_ser *ser = luo_abi_block_record(head, i);

		strcpy((char *)ser->compatible, "fuzz-v1");
		ser->token = page * 16 + i;
		luo_abi_file_seal(ser);
	}
	luo_abi_block_seal(head, count);
}

static void fill_flbs(void)
{
	struct luo_flb_ser *ser;

	ser = luo_abi_block_record(block(FLBS, LUO_SER_FLB, 0), 0);
	strcpy((char *)ser->compatible, "fuzz-flb-v3");
	ser->nr_files = 1;
	luo_abi_flb_seal(ser);
	luo_abi_block_seal(good[FLBS], 1);
}

__attribute__((constructor)) static void fill(void)
{
	struct luo_header_ser *header = (void *)good[HEADER];
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		pages[i] = malloc(PAGE_SIZE);
	fill_flbs();
	fill_sessions(SESSIONS, pa_of(SESSIONS_2), 2, 3);
	fill_sessions(SESSIONS_2, 0, 1, 0);
	fill_files(FILES, pa_of(FILES_2), 2);
	fill_files(FILES_2, 0, 1);
	fill_sessions(RIDERS, 0, 1, 1);
	fill_files(RIDERS_FILES, 0, 1);
	*header = (struct luo_header_ser) {
		.generation = 2,
		.flbs_pa = pa_of(FLBS), .nr_flbs = 1,
		.sessions_pa = pa_of(SESSIONS), .nr_sessions = 3,
		.nr_files = 3,
		.riders_pa = pa_of(RIDERS), .nr_riders = 1,
	};
	luo_abi_header_seal(header);
	for (i = 0; i < NR_PAGES; i++)
		memcpy(pages[i], good[i], PAGE_SIZE);
}

static void edit(const struct fuzz_edit *e)
{
	size_t width = 1 << (e->op & FUZZ_WIDTH);
	u64 value = e->value, old = 0;
	void *at;

	if (e->op & FUZZ_SIZE)
		header_size = e->value % PAGE_SIZE;
	if (e->op & FUZZ_NO_MEMORY)
		objects = e->value;
	if (e->op & (FUZZ_SIZE | FUZZ_NO_MEMORY))
		return;
	edited[e->page % NR_PAGES] = true;
	at = pages[e->page % NR_PAGES] + e->offset % (PAGE_SIZE - width);
	memcpy(&old, at, width);
	if (e->op & FUZZ_ADD)
		value += old;
	memcpy(at, &value, width);
}

static void edit_all(const struct fuzz_edit *edits, unsigned int nr, u8 unsealed)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if ((edits[i].op & FUZZ_UNSEALED) == unsealed)
			edit(&edits[i]);
	}
}

/* Mend the checksums of as many records as a block says that it has. */
static void seal_block(void *page)
{
	struct luo_block_ser *head = page;
	unsigned int i;

	head->crc = luo_abi_crc(head);
	if (head->kind < LUO_SER_SESSION || head->kind > LUO_SER_FLB)
		return;
	for (i = 0; i < head->count && i < luo_abi_block_capacity(head->kind); i++) {
		void *record = luo_abi_block_record(head, i);
		struct luo_session_ser *session = record;
		struct luo_file_ser *file = record;
		struct luo_flb_ser *flb = record;

		if (head->kind == LUO_SER_SESSION)
			session->crc = luo_abi_crc(session);
		else if (head->kind == LUO_SER_FILE)
			file->crc = luo_abi_crc(file);
		else
			flb->crc = luo_abi_crc(flb);
	}
}

static void seal(void)
{
	struct luo_header_ser *header = pages[HEADER];
	unsigned int i;

	header->crc = luo_abi_crc(header);
	for (i = HEADER + 1; i < NR_PAGES; i++) {
		if (edited[i])
			seal_block(pages[i]);
	}
}

/* As good as new; only what the last input did has to be undone. */
static void reset(void)
{
	unsigned int i;

	ASAN_UNPOISON_MEMORY_REGION(pages[HEADER], PAGE_SIZE);
	for (i = 0; i < NR_PAGES; i++) {
		if (released[i])
			ASAN_UNPOISON_MEMORY_REGION(pages[i], PAGE_SIZE);
		if (edited[i])
			memcpy(pages[i], good[i], PAGE_SIZE);
		released[i] = false;
		edited[i] = false;
	}
}

static void previous_kernel(const struct fuzz_edit *edits, unsigned int nr)
{
	header_size = PAGE_SIZE;
	objects = ~0U;
	reset();
	edit_all(edits, nr, 0);
	seal();
	edit_all(edits, nr, FUZZ_UNSEALED);
	ASAN_POISON_MEMORY_REGION(pages[HEADER] + header_size,
				  PAGE_SIZE - header_size);
}

/* What was not found to be damaged is there, all of it. */
static void check_session(struct liveupdate_session *session)
{
	fuzz_check(!session->lock.held);
	if (session->state == LUO_SESSION_DAMAGED) {
		fuzz_check(session->damaged);
		return;
	}
	fuzz_check(!luo_abi_session_check(&session->ser));
	fuzz_check(session->files_kept || session->damaged);
	if (session->files_kept)
		fuzz_check(session->nr_files == session->ser.nr_files);
}

/* As luo_receive() in luo_core.c, then the end of each session. */
static void boot(void)
{
	const struct luo_header_ser *header = pages[HEADER];
	static struct luo_session_set set;
	unsigned int i;

	set.nr = 0;
	if (luo_abi_header_check(header, header_size) ||
	    luo_decode(&set, &reader, header))
		return;
	for (i = 0; i < set.nr; i++) {
		struct liveupdate_session *session = &set.sessions[i];

		check_session(session);
		if (session->files_kept)
			luo_abi_release(&reader, LUO_SER_FILE,
					session->ser.files_pa,
					session->ser.nr_files);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_edit edits[FUZZ_MAX_EDITS];
	unsigned int nr = size / sizeof(edits[0]);

	if (nr > FUZZ_MAX_EDITS)
		nr = FUZZ_MAX_EDITS;
	memcpy(edits, data, nr * sizeof(edits[0]));
	previous_kernel(edits, nr);
	decode_start(objects);
	boot();
	return 0;
}
