// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage what this kernel hands to the next one, for the selftests
 *
 * Orders are lines written to /sys/kernel/debug/luo_damage/orders, carried out
 * by a reboot notifier, when everything is serialised:
 *
 *	header OFFSET XOR [seal]
 *	session NAME OFFSET XOR [seal]
 *	block NAME OFFSET XOR [seal]		the first block of file records
 *	loop NAME				that block becomes its own successor
 *	file NAME TOKEN OFFSET XOR [seal]
 *	data NAME TOKEN OFFSET XOR		the handler's own record
 *	storm PREFIX SEED	bits of one record of each session named so, at random
 *	timeline OFFSET XOR [seal]		the head of the timeline
 *	update NR OFFSET XOR [seal]		the NRth of its updates
 *
 * The byte at OFFSET is xored with XOR; seal mends the checksum, so that the
 * reader has to find the fault without it. The physical addresses of header and
 * timeline have to be written to .../header and .../timeline first. Update 0 is
 * sealed after this, at the jump.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/luo_timeline.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define LUO_DAMAGE_MAX	8192

static u64 luo_damage_header, luo_damage_timeline;
static char luo_damage_orders[LUO_DAMAGE_MAX];
static size_t luo_damage_used;
static struct dentry *luo_damage_dir;

/* Everything sealed ends with the CRC of what comes before. */
static void luo_damage_seal(void *ser, size_t size)
{
	u32 crc = crc32_le(~0U, ser, size - sizeof(u32));

	memcpy(ser + size - sizeof(u32), &crc, sizeof(crc));
}

static void luo_damage_hit(void *ser, size_t size, unsigned int offset,
			   unsigned int mask, bool seal)
{
	if (offset >= (seal ? size : PAGE_SIZE)) {
		pr_err("offset %u is outside\n", offset);
		return;
	}
	((u8 *)ser)[offset] ^= mask;
	if (seal)
		luo_damage_seal(ser, size);
}

/* The record of @size bytes in the chain at @pa that begins with, or has at
 * @where, these bytes.
 */
static void *luo_damage_find(u64 pa, size_t size, size_t where,
			     const void *key, size_t key_len)
{
	struct luo_block_ser *block;
	unsigned int i;
	void *record;

	for (; pa; pa = block->next_pa) {
		block = phys_to_virt(pa);
		for (i = 0; i < block->count; i++) {
			record = (void *)(block + 1) + i * size;
			if (!memcmp(record + where, key, key_len))
				return record;
		}
	}
	return NULL;
}

static struct luo_session_ser *luo_damage_session(const char *name)
{
	struct luo_header_ser *header = phys_to_virt(luo_damage_header);

	return luo_damage_find(header->sessions_pa, sizeof(struct luo_session_ser),
			       offsetof(struct luo_session_ser, name), name,
			       strlen(name) + 1);
}

static struct luo_file_ser *luo_damage_file(const char *name, u64 token)
{
	struct luo_session_ser *session = luo_damage_session(name);

	if (!session)
		return NULL;
	return luo_damage_find(session->files_pa, sizeof(struct luo_file_ser),
			       offsetof(struct luo_file_ser, token), &token,
			       sizeof(token));
}

static struct luo_block_ser *luo_damage_block(const char *name)
{
	struct luo_session_ser *session = luo_damage_session(name);

	return session && session->files_pa ? phys_to_virt(session->files_pa) : NULL;
}

/* What an order is about, and how much of it its checksum covers. */
static void *luo_damage_target(const char *what, const char *name, u64 token,
			       size_t *size)
{
	struct luo_file_ser *file;

	if (!strcmp(what, "session")) {
		*size = sizeof(struct luo_session_ser);
		return luo_damage_session(name);
	}
	if (!strcmp(what, "block")) {
		*size = sizeof(struct luo_block_ser);
		return luo_damage_block(name);
	}
	file = luo_damage_file(name, token);
	*size = sizeof(*file);
	if (file && !strcmp(what, "data")) {
		*size = PAGE_SIZE;
		return phys_to_virt(file->data);
	}
	return file;
}

static bool luo_damage_loop(const char *name)
{
	struct luo_block_ser *block = luo_damage_block(name);

	if (!block)
		return false;
	block->next_pa = virt_to_phys(block);
	luo_damage_seal(block, sizeof(*block));
	return true;
}

static u32 luo_damage_random(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*state >> 33) % below;
}

/* One to three bits of the session, its first block, its first file, or that
 * file's data, which has more than one checksum and is left unsealed.
 */
static void luo_damage_somehow(struct luo_session_ser *session, u64 *state)
{
	struct luo_block_ser *block = phys_to_virt(session->files_pa);
	struct luo_file_ser *file = (void *)(block + 1);
	u32 what = luo_damage_random(state, 4), nr;
	void *target[] = { session, block, file, phys_to_virt(file->data) };
	size_t size[] = { sizeof(*session), sizeof(*block), sizeof(*file), 256 };
	bool seal = what < 3 && luo_damage_random(state, 4);

	for (nr = 1 + luo_damage_random(state, 3); nr; nr--)
		luo_damage_hit(target[what], size[what],
			       luo_damage_random(state, size[what]),
			       1 << luo_damage_random(state, 8), seal);
}

static bool luo_damage_storm(const char *prefix, u64 seed)
{
	struct luo_header_ser *header = phys_to_virt(luo_damage_header);
	struct luo_session_ser *session;
	struct luo_block_ser *block;
	unsigned int i, nr = 0;
	u64 pa;

	for (pa = header->sessions_pa; pa; pa = block->next_pa) {
		block = phys_to_virt(pa);
		session = (void *)(block + 1);
		for (i = 0; i < block->count; i++, session++) {
			if (!session->files_pa ||
			    strncmp(session->name, prefix, strlen(prefix)))
				continue;
			luo_damage_somehow(session, &seed);
			nr++;
		}
	}
	pr_info("storm over %u sessions\n", nr);
	return nr;
}

static bool luo_damage_header_order(const char *order)
{
	char seal[8] = "";
	unsigned int offset, mask;

	if (sscanf(order, "header %u %x %7s", &offset, &mask, seal) < 2)
		return false;
	luo_damage_hit(phys_to_virt(luo_damage_header),
		       sizeof(struct luo_header_ser), offset, mask, *seal);
	return true;
}

static bool luo_damage_timeline_order(const char *order)
{
	struct luo_timeline_ser *timeline = phys_to_virt(luo_damage_timeline);
	unsigned int nr, offset, mask;
	char seal[8] = "";

	if (!luo_damage_timeline)
		return false;
	if (sscanf(order, "timeline %u %x %7s", &offset, &mask, seal) >= 2) {
		luo_damage_hit(&timeline->head, sizeof(timeline->head), offset,
			       mask, *seal);
		return true;
	}
	if (sscanf(order, "update %u %u %x %7s", &nr, &offset, &mask, seal) < 3 ||
	    nr >= ARRAY_SIZE(timeline->updates))
		return false;
	luo_damage_hit(&timeline->updates[nr], sizeof(timeline->updates[nr]),
		       offset, mask, *seal);
	return true;
}

static bool luo_damage_order(const char *order)
{
	char what[16], name[64], seal[8] = "";
	unsigned int offset, mask;
	void *target;
	size_t size;
	u64 token = 0;

	if (luo_damage_header_order(order) || luo_damage_timeline_order(order))
		return true;
	if (sscanf(order, "%15s %63s", what, name) != 2)
		return false;
	if (!strcmp(what, "loop"))
		return luo_damage_loop(name);
	if (!strcmp(what, "storm"))
		return sscanf(order, "%*s %*s %llu", &token) == 1 &&
		       luo_damage_storm(name, token);
	if (!strcmp(what, "file") || !strcmp(what, "data")) {
		if (sscanf(order, "%*s %*s %llx %u %x %7s", &token, &offset, &mask,
			   seal) < 3)
			return false;
	} else if (sscanf(order, "%*s %*s %u %x %7s", &offset, &mask, seal) < 2) {
		return false;
	}
	target = luo_damage_target(what, name, token, &size);
	if (target)
		luo_damage_hit(target, size, offset, mask, *seal);
	return target;
}

static int luo_damage_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	char *orders = luo_damage_orders, *order;

	while (luo_damage_header && (order = strsep(&orders, "\n")))
		if (*order && !luo_damage_order(order))
			pr_err("cannot: %s\n", order);
	return NOTIFY_DONE;
}

static struct notifier_block luo_damage_notifier = {
	.notifier_call = luo_damage_notify,
};

static ssize_t luo_damage_write(struct file *file, const char __user *buf,
				size_t len, loff_t *pos)
{
	if (len >= LUO_DAMAGE_MAX - luo_damage_used)
		return -ENOSPC;
	if (copy_from_user(luo_damage_orders + luo_damage_used, buf, len))
		return -EFAULT;
	luo_damage_used += len;
	return len;
}

static const struct file_operations luo_damage_fops = {
	.owner = THIS_MODULE,
	.write = luo_damage_write,
};

static int __init luo_damage_init(void)
{
	int err;

	err = register_reboot_notifier(&luo_damage_notifier);
	if (err)
		return err;
	luo_damage_dir = debugfs_create_dir("luo_damage", NULL);
	debugfs_create_x64("header", 0600, luo_damage_dir, &luo_damage_header);
	debugfs_create_x64("timeline", 0600, luo_damage_dir, &luo_damage_timeline);
	debugfs_create_file("orders", 0200, luo_damage_dir, NULL,
			    &luo_damage_fops);
	return 0;
}

static void __exit luo_damage_exit(void)
{
	debugfs_remove(luo_damage_dir);
	unregister_reboot_notifier(&luo_damage_notifier);
}

module_init(luo_damage_init);
module_exit(luo_damage_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Damages what the Live Update Orchestrator hands over");
