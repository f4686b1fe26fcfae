/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the Live Update Orchestrator hands to the next kernel
 *
 * The KHO subtree LUO_SUBTREE is one page with a struct luo_header_ser. From
 * there chains of blocks lead to the records: sessions and FLBs from the
 * header, files from each session. Sessions that were not taken over ride along
 * in a chain of their own; their records are those of the kernel that made them.
 * A block is one page, preserved by itself: a struct luo_block_ser, then records
 * of one kind, back to back.
 *
 * All addresses are physical and refer to whole preserved pages, 0 is none.
 * Byte order is the machine's. Each structure ends with a CRC32 over the bytes
 * before it. Reserved members are zero, and checked. A layout that changes
 * gets a new version; a reader refuses a version that it does not know.
 */
#ifndef _LINUX_KHO_ABI_LUO_H
#define _LINUX_KHO_ABI_LUO_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define LUO_SUBTREE		"liveupdate"

#define LUO_HEADER_MAGIC	0x31524448204f554cULL	/* "LUO HDR1" */
#define LUO_HEADER_VERSION	1
#define LUO_RECORD_VERSION	1

#define LUO_SER_NAME_LENGTH		64
#define LUO_SER_COMPATIBLE_LENGTH	48

/* Upper bounds of what a reader believes. */
#define LUO_SER_SESSIONS_MAX	1048576
#define LUO_SER_FILES_MAX	16777216
#define LUO_SER_FLBS_MAX	64U

enum luo_ser_kind {
	LUO_SER_SESSION = 1,
	LUO_SER_FILE = 2,
	LUO_SER_FLB = 3,
};

/**
 * struct luo_header_ser - root of everything
 * @magic: LUO_HEADER_MAGIC
 * @version: LUO_HEADER_VERSION
 * @size: sizeof(struct luo_header_ser)
 * @page_size: PAGE_SIZE of the writer, bytes
 * @nr_flbs: number of FLB records
 * @generation: number of live updates, this one included, since the cold boot
 * @sessions_pa: first block of session records
 * @flbs_pa: first block of FLB records
 * @nr_sessions: number of session records
 * @nr_files: number of file records of all sessions of @sessions_pa together
 * @riders_pa: first block of records of sessions of earlier kernels
 * @nr_riders: number of these
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct luo_header_ser {
	__u64 magic;
	__u32 version;
	__u32 size;
	__u32 page_size;
	__u32 nr_flbs;
	__u64 generation;
	__u64 sessions_pa;
	__u64 flbs_pa;
	__u64 nr_sessions;
	__u64 nr_files;
	__u64 riders_pa;
	__u64 nr_riders;
	__u32 reserved;
	__u32 crc;
};

static_assert(sizeof(struct luo_header_ser) == 88);

/**
 * struct luo_block_ser - head of a block
 * @next_pa: the next block of the chain
 * @kind: enum luo_ser_kind of the records
 * @count: number of records in this block, never 0
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct luo_block_ser {
	__u64 next_pa;
	__u32 kind;
	__u32 count;
	__u32 reserved;
	__u32 crc;
};

static_assert(sizeof(struct luo_block_ser) == 24);

/**
 * struct luo_session_ser - a session
 * @name: NUL-terminated, padded with zeroes, not empty
 * @files_pa: first block of its file records
 * @nr_files: number of its file records
 * @generation: generation of the header when the session was preserved first
 * @version: LUO_RECORD_VERSION
 * @reserved: zero
 * @reserved2: zero
 * @crc: CRC32 of everything before
 */
struct luo_session_ser {
	__u8 name[LUO_SER_NAME_LENGTH];
	__u64 files_pa;
	__u64 nr_files;
	__u64 generation;
	__u32 version;
	__u32 reserved;
	__u32 reserved2;
	__u32 crc;
};

static_assert(sizeof(struct luo_session_ser) == 104);

/* An earlier kernel has given this file to somebody: nothing is left of it. */
#define LUO_FILE_SER_HANDED_OUT	0x1U

/**
 * struct luo_file_ser - a file, in the order of preservation
 * @compatible: of the handler that wrote the record behind @data
 * @token: the user's name for the file, unique in the session
 * @data: the handler's handle of its own record
 * @flb_mask: bit n is set if the file depends on the FLB of slot n
 * @version: LUO_RECORD_VERSION
 * @flags: LUO_FILE_SER_*
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct luo_file_ser {
	__u8 compatible[LUO_SER_COMPATIBLE_LENGTH];
	__u64 token;
	__u64 data;
	__u64 flb_mask;
	__u32 version;
	__u32 flags;
	__u32 reserved;
	__u32 crc;
};

static_assert(sizeof(struct luo_file_ser) == 88);

/**
 * struct luo_flb_ser - state that several files depend on
 * @compatible: of the FLB
 * @data: the FLB's own handle
 * @nr_files: number of files that depend on it
 * @version: LUO_RECORD_VERSION
 * @slot: bit number in luo_file_ser.flb_mask
 * @reserved: zero
 * @crc: CRC32 of everything before
 */
struct luo_flb_ser {
	__u8 compatible[LUO_SER_COMPATIBLE_LENGTH];
	__u64 data;
	__u64 nr_files;
	__u32 version;
	__u32 slot;
	__u32 reserved;
	__u32 crc;
};

static_assert(sizeof(struct luo_flb_ser) == 80);

#endif /* _LINUX_KHO_ABI_LUO_H */
