/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LUO_ABI_H
#define _LUO_ABI_H

#include <linux/crc32.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/luo_timeline.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* The checksum that the last member of each serialised structure holds. */
#define luo_abi_crc(ser)						\
	(crc32_le(~0U, (const u8 *)(ser), offsetof(typeof(*(ser)), crc)))

/**
 * struct luo_abi_reader - how blocks of the previous kernel are reached
 * @map: Gives the block at a physical address, or NULL if there is no whole
 *       preserved page. The block stays readable until @release.
 * @release: Gives the memory of a block back.
 * @ctx: the implementation's own.
 */
struct luo_abi_reader {
	const void *(*map)(const struct luo_abi_reader *reader, u64 pa);
	void (*release)(const struct luo_abi_reader *reader, u64 pa);
	void *ctx;
};

/* Called for each record of a chain; what is not 0 ends the walk. */
typedef int (*luo_abi_visit_t)(void *ctx, const void *record);

int luo_abi_name_check(const u8 *name);
int luo_abi_compatible_parse(const char *compatible, unsigned int *name_len,
			     unsigned int *version);

void luo_abi_header_seal(struct luo_header_ser *header);
int luo_abi_header_check(const struct luo_header_ser *header, size_t size);

unsigned int luo_abi_block_capacity(enum luo_ser_kind kind);
void luo_abi_block_init(void *block, enum luo_ser_kind kind, u64 next_pa);
void *luo_abi_block_record(void *block, unsigned int index);
void luo_abi_block_seal(void *block, unsigned int count);
int luo_abi_block_check(const void *block, enum luo_ser_kind kind);

void luo_abi_session_seal(struct luo_session_ser *ser);
int luo_abi_session_check(const struct luo_session_ser *ser);
void luo_abi_file_seal(struct luo_file_ser *ser);
int luo_abi_file_check(const struct luo_file_ser *ser);
void luo_abi_flb_seal(struct luo_flb_ser *ser);
int luo_abi_flb_check(const struct luo_flb_ser *ser);

int luo_abi_walk(const struct luo_abi_reader *reader, enum luo_ser_kind kind,
		 u64 first_pa, u64 nr, luo_abi_visit_t visit, void *ctx);
void luo_abi_release(const struct luo_abi_reader *reader,
		     enum luo_ser_kind kind, u64 first_pa, u64 nr);

u64 luo_abi_ns(u64 ticks, u32 khz);
void luo_abi_timeline_init(struct luo_timeline_ser *timeline);
int luo_abi_timeline_check(const struct luo_timeline_ser *timeline, size_t size);
unsigned int luo_abi_timeline_take(struct luo_timeline_ser *to,
				   const struct luo_timeline_ser *from,
				   bool *taken);
void luo_abi_update_seal(struct luo_update_ser *update);
bool luo_abi_update_began(const struct luo_update_ser *update);
int luo_abi_update_check(const struct luo_update_ser *update);
void luo_abi_update_call(struct luo_update_ser *update, const char *compatible,
			 enum luo_timed timed, u64 begin, u64 end, bool failed);

#endif /* _LUO_ABI_H */
