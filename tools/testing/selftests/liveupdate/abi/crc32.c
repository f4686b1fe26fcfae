// SPDX-License-Identifier: GPL-2.0-only
/* As the kernel's crc32_le(). */
#include <linux/crc32.h>

static u32 table[256];

__attribute__((constructor)) static void crc32_init(void)
{
	u32 i, crc;
	int bit;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		table[i] = crc;
	}
}

u32 crc32_le(u32 crc, const void *p, size_t len)
{
	const u8 *byte = p;

	while (len--)
		crc = crc >> 8 ^ table[(u8)crc ^ *byte++];
	return crc;
}
