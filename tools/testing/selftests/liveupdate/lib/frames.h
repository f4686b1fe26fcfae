/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frames that the sender on the host makes and the guest checks: each has a
 * number, and all of its bytes follow from that number and its size.
 */
#ifndef LUO_FRAMES_H
#define LUO_FRAMES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FRAME_HEADER	14
#define FRAME_MIN	64
#define FRAME_MAX	1514
#define FRAME_MAGIC	0x4c554f4652414d45ULL
#define FRAME_MAC	{ 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 }
#define FRAME_WORD	0x8004	/* at offset 8, for dma_outside.c */

struct frame {
	uint8_t to[6], from[6], type[2];
	uint64_t magic, number;
	uint8_t data[];
} __attribute__((packed));

static inline uint8_t frame_byte(uint64_t number, size_t i)
{
	uint64_t x = (number + 1) * 0x9e3779b97f4a7c15ULL + i * 0xbf58476d1ce4e5b9ULL;

	return x >> 56 ^ x >> 24;
}

static inline void frame_fill(void *buf, size_t size, uint64_t number)
{
	static const struct frame head = {
		.to = FRAME_MAC,
		.from = { 2, 1, FRAME_WORD & 0xff, FRAME_WORD >> 8, 0, 0 },
		.type = { 0x88, 0xb5 },		/* for local experiments */
		.magic = FRAME_MAGIC,
	};
	struct frame *frame = buf;
	size_t i;

	*frame = head;
	frame->number = number;
	for (i = 0; i < size - sizeof(*frame); i++)
		frame->data[i] = frame_byte(number, i);
}

/* Offset of the first byte that is wrong, or -1; the number is taken as it is. */
static inline int frame_check(const void *buf, size_t size)
{
	const struct frame *frame = buf;
	uint8_t want[FRAME_MAX];
	size_t i;

	if (size < FRAME_MIN || size > sizeof(want))
		return 0;
	frame_fill(want, size, frame->number);
	if (!memcmp(want, buf, size))
		return -1;
	for (i = 0; i < size; i++)
		if (((const uint8_t *)buf)[i] != want[i])
			break;
	return i;
}

#endif /* LUO_FRAMES_H */
