// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_debugfs.c - /sys/kernel/debug/kho
 *
 * For people only: nothing here is needed for a handover, and nothing fails
 * because a file could not be made.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/libfdt.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "kexec_handover_internal.h"

/* a blob of this kernel, or of the previous one */
struct kho_debugfs_blob {
	void *data;
	size_t size;
	bool incoming;
};

static struct dentry *out_subtrees;

/* What came from the previous kernel is shown until somebody takes it over. */
static bool blob_is_there(const struct kho_debugfs_blob *blob)
{
	unsigned long first = PHYS_PFN(virt_to_phys(blob->data));
	unsigned long last = PHYS_PFN(virt_to_phys(blob->data) + blob->size - 1);

	return !blob->incoming || kho_is_incoming(first, last - first + 1);
}

static ssize_t blob_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	const struct kho_debugfs_blob *blob = file->private_data;

	if (!blob_is_there(blob))
		return -ENODATA;
	return simple_read_from_buffer(buf, count, pos, blob->data, blob->size);
}

static const struct file_operations blob_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = blob_read,
	.llseek = default_llseek,
};

static void add_blob(struct dentry *dir, const char *name, void *data,
		     size_t size, bool incoming)
{
	struct kho_debugfs_blob *blob = kmalloc(sizeof(*blob), GFP_KERNEL);

	if (!blob)
		return;

	blob->data = data;
	blob->size = size;
	blob->incoming = incoming;
	if (IS_ERR(debugfs_create_file(name, 0400, dir, blob, &blob_fops)))
		kfree(blob);
}

void kho_debugfs_add_subtree(const char *name, void *blob, size_t size)
{
	add_blob(out_subtrees, name, blob, size, false);
}

void kho_debugfs_remove_subtree(const char *name)
{
	struct dentry *file = debugfs_lookup(name, out_subtrees);
	void *blob;

	if (IS_ERR_OR_NULL(file))
		return;

	blob = d_inode(file)->i_private;
	debugfs_remove(file);
	dput(file);
	kfree(blob);
}

static int scratch_phys_show(struct seq_file *m, void *v)
{
	for (int i = 0; i < kho_scratch_cnt; i++)
		seq_printf(m, "0x%llx\n", kho_scratch[i].addr);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scratch_phys);

static int scratch_len_show(struct seq_file *m, void *v)
{
	for (int i = 0; i < kho_scratch_cnt; i++)
		seq_printf(m, "0x%llx\n", kho_scratch[i].size);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scratch_len);

static int state_show(struct seq_file *m, void *v)
{
	unsigned long preserved, nodes;

	kho_tracker_count(m->private, &preserved, &nodes);
	seq_printf(m, "preserved_pages: %lu\ntracker_pages: %lu\n", preserved,
		   nodes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static void __init init_in(struct dentry *root, void *fdt)
{
	struct dentry *dir = debugfs_create_dir("in", root);
	struct dentry *subtrees = debugfs_create_dir("sub_fdts", dir);
	u64 phys, size;
	int node;

	debugfs_create_file("state", 0400, dir, &kho_incoming, &state_fops);
	add_blob(dir, "fdt", fdt, fdt_totalsize(fdt), false);
	fdt_for_each_subnode(node, fdt, 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (kho_fdt_read_subtree(fdt, node, &phys, &size) ||
		    !kho_is_incoming(PHYS_PFN(phys), 1)) {
			pr_warn("subtree '%s' is damaged\n", name);
			continue;
		}
		add_blob(subtrees, name, phys_to_virt(phys), size, true);
	}
}

/**
 * kho_debugfs_init() - make the files
 * @out_fdt: root FDT for the next kernel
 * @in_fdt: root FDT of the previous kernel, or NULL
 */
void __init kho_debugfs_init(void *out_fdt, void *in_fdt)
{
	struct dentry *root = debugfs_create_dir("kho", NULL);
	struct dentry *dir = debugfs_create_dir("out", root);

	out_subtrees = debugfs_create_dir("sub_fdts", dir);
	debugfs_create_file("scratch_phys", 0400, dir, NULL, &scratch_phys_fops);
	debugfs_create_file("scratch_len", 0400, dir, NULL, &scratch_len_fops);
	debugfs_create_file("state", 0400, dir, &kho_outgoing, &state_fops);
	add_blob(dir, "fdt", out_fdt, PAGE_SIZE, false);

	if (in_fdt)
		init_in(root, in_fdt);
}
