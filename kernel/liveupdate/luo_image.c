// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel in an image can read, and what this one can
 *
 * Each kernel declares in its image which versions of what it reads, see
 * LIVEUPDATE_READS_FILES(). A copy of what an image says is kept with it as
 * long as it is loaded, and compared with what is preserved: when the image is
 * loaded, when a file is preserved, and in reboot(2), see luo_gate.c.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/init.h>
#include <linux/kexec.h>
#include <linux/kho/abi/kho.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "luo_abi_image.h"
#include "luo_internal.h"

__LIVEUPDATE_READS(LUO_RANGE_CORE, LUO_CORE_KHO, KHO_FDT_VERSION,
		   KHO_FDT_VERSION);
__LIVEUPDATE_READS(LUO_RANGE_CORE, LUO_CORE_HEADER, LUO_HEADER_VERSION,
		   LUO_HEADER_VERSION);
__LIVEUPDATE_READS(LUO_RANGE_CORE, LUO_CORE_RECORD, LUO_RECORD_VERSION,
		   LUO_RECORD_VERSION);
__LIVEUPDATE_READS(LUO_RANGE_CORE, LUO_CORE_PAGE_SHIFT, PAGE_SHIFT,
		   PAGE_SHIFT);

/* What this kernel writes, whatever is preserved. */
static const struct luo_core_version {
	const char *name;
	unsigned int version;
	const char *why;
} luo_core_versions[] = {
	{ LUO_CORE_KHO, KHO_FDT_VERSION,
	  "it does not read this version of KHO" },
	{ LUO_CORE_HEADER, LUO_HEADER_VERSION,
	  "it does not read this version of our header" },
	{ LUO_CORE_RECORD, LUO_RECORD_VERSION,
	  "it does not read this version of our records" },
	{ LUO_CORE_PAGE_SHIFT, PAGE_SHIFT,
	  "its pages are of another size" },
};

static struct luo_ranges *luo_image_copy(const void *ranges, unsigned int nr)
{
	struct luo_ranges *luo = kvmalloc(struct_size(luo, ranges, nr),
					  GFP_KERNEL);
	unsigned int i;

	if (!luo)
		return ERR_PTR(-ENOMEM);
	luo->nr = nr;
	memcpy(luo->ranges, ranges, nr * sizeof(luo->ranges[0]));
	for (i = 0; i < nr; i++) {
		if (luo_abi_range_check(&luo->ranges[i])) {
			kvfree(luo);
			return ERR_PTR(-EBADMSG);
		}
	}
	return luo;
}

/**
 * liveupdate_image_read() - keep what an image says that it can read
 * @image: an image of kexec_file_load(2), its file is still in memory
 *
 * An image that says nothing, or nothing that makes sense, can be loaded: what
 * it cannot take along is found out by liveupdate_image_install().
 *
 * Context: May sleep; the caller holds the kexec lock.
 * Return: 0, or -ENOMEM.
 */
int liveupdate_image_read(struct kimage *image)
{
	struct luo_ranges *luo;
	unsigned int nr;
	size_t offset;
	int ret;

	if (!liveupdate_enabled() || image->type != KEXEC_TYPE_DEFAULT)
		return 0;
	ret = luo_abi_image_find(image->kernel_buf, image->kernel_buf_len,
				 &offset, &nr);
	if (!ret) {
		luo = luo_image_copy(image->kernel_buf + offset, nr);
		ret = PTR_ERR_OR_ZERO(luo);
	}
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		pr_info("the kexec image does not say what it can read: %pe\n",
			ERR_PTR(ret));
	else
		image->luo = luo;
	return 0;
}

/**
 * liveupdate_image_free() - forget what an image said
 * @image: an image that is about to be freed
 *
 * Context: May sleep.
 */
void liveupdate_image_free(struct kimage *image)
{
	kvfree(image->luo);
}

/* The first of these that the image does not read. */
static const struct luo_core_version *luo_image_misfit(const struct kimage *image)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(luo_core_versions); i++) {
		const struct luo_core_version *core = &luo_core_versions[i];

		if (luo_abi_ranges_read(image->luo, LUO_RANGE_CORE, core->name,
					strlen(core->name), core->version))
			return core;
	}
	return NULL;
}

/**
 * luo_image_takes() - does an image take anything along?
 * @image: the image
 *
 * Context: May sleep.
 * Return: 0 if so; -ENOEXEC if it is of kexec_load(2), for a kexec jump, was
 * loaded with KHO off or does not know of live updates; -EPROTONOSUPPORT if it
 * does not read our version of KHO or of the orchestrator's records.
 */
int luo_image_takes(const struct kimage *image)
{
	if (!image->file_mode || !image->kho.fdt || image->preserve_context ||
	    !image->luo)
		return -ENOEXEC;
	return luo_image_misfit(image) ? -EPROTONOSUPPORT : 0;
}

/**
 * luo_image_show_core() - show in sysfs what does not come with a handler
 *
 * Context: Init.
 */
void __init luo_image_show_core(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(luo_core_versions); i++) {
		const struct luo_core_version *core = &luo_core_versions[i];

		luo_version_show(LUO_RANGE_CORE, core->name, strlen(core->name),
				 core->version, 0, 0);
	}
}

/**
 * luo_image_why() - why does it take nothing along?
 * @image: the image, which luo_image_takes() says no to
 *
 * Context: May sleep.
 * Return: text for the log.
 */
const char *luo_image_why(const struct kimage *image)
{
	if (!image->file_mode || image->preserve_context)
		return "it is not of kexec_file_load";
	if (!image->kho.fdt)
		return "it has no KHO";
	if (!image->luo)
		return "it does not say what it can read";
	return luo_image_misfit(image)->why;
}

/**
 * luo_image_reads() - can an image read the records of a handler or an FLB?
 * @image: the image
 * @kind: LUO_RANGE_FILE or LUO_RANGE_FLB
 * @compatible: what the records are, checked
 *
 * Context: May sleep.
 * Return: 0 if so, or if @image takes nothing along anyway; -EPROTONOSUPPORT if
 * it says that it cannot; -ENOENT if it says nothing, since it may have a module
 * for them.
 */
int luo_image_reads(const struct kimage *image, enum luo_range_kind kind,
		    const char *compatible)
{
	unsigned int name_len = 0, version = 0;

	if (!image->luo)
		return 0;
	luo_abi_compatible_parse(compatible, &name_len, &version);
	return luo_abi_ranges_read(image->luo, kind, compatible, name_len,
				   version);
}
