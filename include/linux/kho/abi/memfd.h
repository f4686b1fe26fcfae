/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crosses a kexec for one memfd
 *
 * A record is a head page and a search tree of *extents*. The head's physical
 * address is the handle of the record. The root of the tree is embedded in the
 * head, so that a small file costs one page; further nodes are one page each.
 * All of these pages are preserved with KHO on their own, and so are the folios
 * of the file.
 *
 * The tree is a B+ tree that can be searched in place, at any time: every node
 * is sorted by page index, an entry of an inner node is the first index below
 * the child and the child's physical address, an entry of a leaf is an extent.
 * An extent is a run of folios of one order, at consecutive page indices and
 * consecutive page frames; it takes 16 bytes. Nodes that fill from left to
 * right, as PRESERVE does it, stay full; one that has to be split for a hole that
 * is filled later leaves two halves.
 *
 * Numbers are in the byte order of the machine: both kernels run on it.
 */
#ifndef _LINUX_KHO_ABI_MEMFD_H
#define _LINUX_KHO_ABI_MEMFD_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/types.h>

#define MEMFD_LUO_COMPATIBLE	"memfd-v1"

#define MEMFD_LUO_MAGIC		0x316466656d4f554cULL	/* "LUOmefd1" */
#define MEMFD_LUO_VERSION	1
/* For tests only, CONFIG_LIVEUPDATE_MEMFD_TEST_V2: @pos is in @reserved1. */
#define MEMFD_LUO_VERSION_TEST	2
#define MEMFD_LUO_NODE_MAGIC	0x646e4c4dU		/* "MLnd" */

/* A tree of this height holds one extent for each page of the largest file. */
#define MEMFD_LUO_MAX_LEVEL	7

/* What is carried of struct file's f_flags */
#define MEMFD_LUO_OPEN_FLAGS \
	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT | \
	 O_LARGEFILE | O_NOATIME)

/* IOMMU domains that one record can name. */
#define MEMFD_LUO_MAX_DOMAINS	4

/* Bad pages that one record can name. */
#define MEMFD_LUO_MAX_POISONED	14

/**
 * struct memfd_luo_entry_ser - an entry of a node
 * @key: Leaf: first page index, order and flags of an extent. Inner node: the
 *       first page index below the child.
 * @value: Leaf: first page frame and number of folios of an extent. Inner
 *       node: physical address of the child.
 */
struct memfd_luo_entry_ser {
	__u64 key;
	__u64 value;
};

static_assert(sizeof(struct memfd_luo_entry_ser) == 16);

/* @key of a leaf: bits 0-51 page index, 52-57 order, 58-63 flags (none yet) */
#define MEMFD_LUO_INDEX_BITS	52
#define MEMFD_LUO_ORDER_SHIFT	52
#define MEMFD_LUO_ORDER_BITS	6
#define MEMFD_LUO_FLAGS_SHIFT	58

/* @value of a leaf: bits 0-39 page frame, 40-63 number of folios minus one */
#define MEMFD_LUO_PFN_BITS	40
#define MEMFD_LUO_COUNT_SHIFT	40
#define MEMFD_LUO_COUNT_MAX	BIT(24)

/**
 * struct memfd_luo_node_ser - a node of the tree
 * @magic: MEMFD_LUO_NODE_MAGIC
 * @level: 0 for a leaf, one more than its children's for an inner node.
 * @nr: Number of entries in use. At least one, except in an empty root.
 * @sum: Checksum of the level and of the entries in use: the sum of
 *       memfd_luo_level_sum() and of each memfd_luo_entry_sum().
 * @entries: Sorted by index, no overlap.
 */
struct memfd_luo_node_ser {
	__u32 magic;
	__u16 level;
	__u16 nr;
	__u64 sum;
	struct memfd_luo_entry_ser entries[];
};

static_assert(sizeof(struct memfd_luo_node_ser) == 16);

/**
 * struct memfd_luo_ser - head of the record of a memfd
 * @magic: MEMFD_LUO_MAGIC
 * @version: MEMFD_LUO_VERSION
 * @crc: CRC-32 of the bytes from @tail_crc to the end of @domains.
 * @tail_crc: CRC-32 of @nr_poisoned, @name_len and what they count.
 * @page_shift: PAGE_SHIFT of the kernel that wrote this.
 * @size: Size of the file in bytes.
 * @pos: File position.
 * @nr_pages: Pages in all extents.
 * @open_flags: Access mode and status flags of the open file.
 * @seals: F_SEAL_*
 * @uid: Owner, in the initial user namespace.
 * @gid: Group, in the initial user namespace.
 * @mode: Type and permission bits.
 * @fsflags: FS_*_FL, as of FS_IOC_GETFLAGS.
 * @atime_sec: Time of the last access, seconds.
 * @mtime_sec: Time of the last change of data, seconds.
 * @ctime_sec: Time of the last change of the inode, seconds.
 * @btime_sec: Time of creation, seconds.
 * @atime_nsec: Nanoseconds of @atime_sec.
 * @mtime_nsec: Nanoseconds of @mtime_sec.
 * @ctime_nsec: Nanoseconds of @ctime_sec.
 * @btime_nsec: Nanoseconds of @btime_sec.
 * @domains: IOMMU domains that reach the file while the kernel is replaced:
 *	index of each one's record plus one, 0 if not in use. See
 *	<linux/kho/abi/iommu.h>.
 * @nr_poisoned: Entries of @poisoned in use.
 * @name_len: Length of @name without the NUL.
 * @poisoned: Indices of pages whose memory went bad after PRESERVE.
 * @reserved1: Zero.
 * @name: As /proc/PID/fd shows it: "memfd:" and what memfd_create() was given.
 * @root: Root of the tree of extents, up to the end of the page.
 *
 * Written at PRESERVE, but for @nr_pages and @root, which follow each hole that
 * is filled later, and for what freeze writes: @crc, @size, @pos, @open_flags to
 * @btime_nsec; and @nr_poisoned, @poisoned, @tail_crc if memory of the machine
 * went bad meanwhile.
 */
struct memfd_luo_ser {
	__u64 magic;
	__u32 version;
	__u32 crc;
	__u32 tail_crc;
	__u32 page_shift;
	__u64 size;
	__u64 pos;
	__u64 nr_pages;
	__u32 open_flags;
	__u32 seals;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 fsflags;
	__s64 atime_sec;
	__s64 mtime_sec;
	__s64 ctime_sec;
	__s64 btime_sec;
	__u32 atime_nsec;
	__u32 mtime_nsec;
	__u32 ctime_nsec;
	__u32 btime_nsec;
	__u16 domains[MEMFD_LUO_MAX_DOMAINS];
	__u32 nr_poisoned;
	__u32 name_len;
	__u64 poisoned[MEMFD_LUO_MAX_POISONED];
	__u64 reserved1;
	char name[NAME_MAX + 1];
	struct memfd_luo_node_ser root;
};

static_assert(offsetof(struct memfd_luo_ser, tail_crc) == 16);
static_assert(offsetof(struct memfd_luo_ser, domains) == 120);
static_assert(offsetof(struct memfd_luo_ser, nr_poisoned) == 128);
static_assert(offsetof(struct memfd_luo_ser, name) == 256);
static_assert(offsetof(struct memfd_luo_ser, root) == 512);
static_assert(sizeof(struct memfd_luo_ser) == 528);

#define MEMFD_LUO_NODE_CAPACITY \
	((PAGE_SIZE - sizeof(struct memfd_luo_node_ser)) / \
	 sizeof(struct memfd_luo_entry_ser))
#define MEMFD_LUO_ROOT_CAPACITY \
	((PAGE_SIZE - sizeof(struct memfd_luo_ser)) / \
	 sizeof(struct memfd_luo_entry_ser))

/**
 * memfd_luo_entry_sum() - what an entry adds to the checksum of its node
 * @entry: the entry
 *
 * The checksum is a plain sum, so that a change of one entry updates it
 * without a look at the others. Both factors are odd: no single flipped bit
 * goes unnoticed. That the entries are in order is checked on its own.
 *
 * Return: the summand
 */
static inline __u64 memfd_luo_entry_sum(const struct memfd_luo_entry_ser *entry)
{
	return entry->key * 0x9e3779b97f4a7c15ULL +
	       entry->value * 0xc2b2ae3d27d4eb4fULL;
}

/**
 * memfd_luo_level_sum() - what the level of a node adds to its checksum
 * @level: the level
 *
 * Return: the summand
 */
static inline __u64 memfd_luo_level_sum(__u16 level)
{
	return level * 0x165667b19e3779f9ULL;
}

#endif /* _LINUX_KHO_ABI_MEMFD_H */
