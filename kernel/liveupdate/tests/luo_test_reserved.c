// SPDX-License-Identifier: GPL-2.0-only
/*
 * What reserve_mem= reserved under the name "luo-test", if it did:
 * /sys/kernel/debug/luo_test/reserved is its contents, reserved_pa its address.
 */
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "luo_test.h"

static struct debugfs_blob_wrapper luo_test_reserved;
static u64 luo_test_reserved_pa;

void luo_test_reserved_init(struct dentry *dir)
{
	phys_addr_t start, size;

	if (!reserve_mem_find_by_name("luo-test", &start, &size))
		return;
	luo_test_reserved_pa = start;
	luo_test_reserved.data = phys_to_virt(start);
	luo_test_reserved.size = size;
	debugfs_create_x64("reserved_pa", 0400, dir, &luo_test_reserved_pa);
	debugfs_create_blob("reserved", 0600, dir, &luo_test_reserved);
}
