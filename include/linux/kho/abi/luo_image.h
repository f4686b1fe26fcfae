/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel image says that it can read of the kernel before it
 *
 * kexec_file_load(2) reads this out of the image without running it, so that
 * an image which cannot read what is preserved is refused while that is still
 * harmless (F5). It is one chunk: a struct luo_image_ser, then ranges, back to
 * back up to its size. Where the chunk is depends on the format of the image:
 *
 *  bzImage	among the variable-length data of kernel_info, see
 *		Documentation/arch/x86/boot.rst
 *
 * Numbers are little-endian on x86, otherwise in the byte order of the image.
 * What is built into a kernel is declared there; what is a module is not.
 */
#ifndef _LINUX_KHO_ABI_LUO_IMAGE_H
#define _LINUX_KHO_ABI_LUO_IMAGE_H

#define LUO_IMAGE_MAGIC		0x764f554c	/* "LUOv" */
#define LUO_IMAGE_FORMAT	1

#ifndef __ASSEMBLER__

#include <linux/build_bug.h>
#include <linux/kho/abi/luo.h>
#include <linux/types.h>

/* Upper bound of what a reader believes. */
#define LUO_IMAGE_RANGES_MAX	1024

/**
 * struct luo_image_ser - head of the chunk
 * @magic: LUO_IMAGE_MAGIC
 * @size: of the chunk, this head included, bytes
 * @format: LUO_IMAGE_FORMAT
 * @reserved: zero
 */
struct luo_image_ser {
	__u32 magic;
	__u32 size;
	__u32 format;
	__u32 reserved;
};

static_assert(sizeof(struct luo_image_ser) == 16);

/**
 * enum luo_range_kind - what a range is about
 * @LUO_RANGE_CORE: KHO, the orchestrator's own records, the size of a page. An
 *                  image has to declare each of them.
 * @LUO_RANGE_FILE: records of a file handler
 * @LUO_RANGE_FLB: records of an FLB
 *
 * A reader skips a kind that it does not know.
 */
enum luo_range_kind {
	LUO_RANGE_CORE = 1,
	LUO_RANGE_FILE = 2,
	LUO_RANGE_FLB = 3,
};

/* The names of kind LUO_RANGE_CORE. */
#define LUO_CORE_KHO		"kho"
#define LUO_CORE_HEADER		"luo"
#define LUO_CORE_RECORD		"luo-record"
#define LUO_CORE_PAGE_SHIFT	"page-shift"

/**
 * struct luo_range_ser - the versions of one thing that can be read
 * @name: Padded with zeroes, the last byte is zero: of a compatible string
 *        ("name-vN") the part before the version.
 * @kind: enum luo_range_kind
 * @read_min: oldest version that can be read
 * @read_max: newest version that can be read
 * @reserved: zero
 */
struct luo_range_ser {
	__u8 name[LUO_SER_COMPATIBLE_LENGTH];
	__u32 kind;
	__u32 read_min;
	__u32 read_max;
	__u32 reserved;
};

static_assert(sizeof(struct luo_range_ser) == 64);

#endif /* !__ASSEMBLER__ */
#endif /* _LINUX_KHO_ABI_LUO_IMAGE_H */
