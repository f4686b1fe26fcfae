// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel writes and reads, for programs:
 * /sys/kernel/liveupdate/KIND/NAME/{version,read_min,read_max}
 *
 * An image says the same of what is built into it; here are the modules, too.
 * See Documentation/ABI/testing/sysfs-kernel-liveupdate.
 */
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "luo_internal.h"

/**
 * struct luo_version - versions of one handler, of one FLB or of a part of ours
 * @kobj: its directory
 * @version: that is written
 * @read_min: oldest that is read
 * @read_max: newest that is read
 *
 * Immutable.
 */
struct luo_version {
	struct kobject kobj;
	unsigned int version;
	unsigned int read_min;
	unsigned int read_max;
};

/* The directories of the kinds, made once. */
static struct kobject *luo_sysfs_kinds[LUO_RANGE_FLB + 1];

static struct luo_version *luo_version_of(struct kobject *kobj)
{
	return container_of(kobj, struct luo_version, kobj);
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", luo_version_of(kobj)->version);
}

static ssize_t read_min_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", luo_version_of(kobj)->read_min);
}

static ssize_t read_max_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", luo_version_of(kobj)->read_max);
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute read_min_attr = __ATTR_RO(read_min);
static struct kobj_attribute read_max_attr = __ATTR_RO(read_max);

static struct attribute *luo_version_attrs[] = {
	&version_attr.attr,
	&read_min_attr.attr,
	&read_max_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(luo_version);

static void luo_version_release(struct kobject *kobj)
{
	kfree(luo_version_of(kobj));
}

static const struct kobj_type luo_version_type = {
	.release	= luo_version_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= luo_version_groups,
};

/**
 * luo_version_show() - make the directory of something that has versions
 * @kind: what it is
 * @name: its name, not terminated
 * @name_len: bytes of @name
 * @version: that is written
 * @read_min: oldest that is read, or 0: exactly @version
 * @read_max: newest that is read, or 0: exactly @version
 *
 * Context: May sleep.
 * Return: for luo_version_hide(), NULL if there was no memory for @kind at boot,
 * or an ERR_PTR.
 */
struct luo_version *luo_version_show(enum luo_range_kind kind,
				     const char *name, unsigned int name_len,
				     unsigned int version,
				     unsigned int read_min,
				     unsigned int read_max)
{
	struct luo_version *v;
	int ret;

	if (!luo_sysfs_kinds[kind])
		return NULL;
	v = kzalloc(sizeof(*v), GFP_KERNEL);
	if (!v)
		return ERR_PTR(-ENOMEM);
	v->version = version;
	v->read_min = read_min ?: version;
	v->read_max = read_max ?: version;
	ret = kobject_init_and_add(&v->kobj, &luo_version_type,
				   luo_sysfs_kinds[kind], "%.*s",
				   (int)name_len, name);
	if (ret) {
		kobject_put(&v->kobj);
		return ERR_PTR(ret);
	}
	return v;
}

/**
 * luo_version_hide() - take luo_version_show() back
 * @v: what it returned, not an ERR_PTR; may be NULL
 *
 * Context: May sleep.
 */
void luo_version_hide(struct luo_version *v)
{
	if (!v)
		return;
	kobject_del(&v->kobj);
	kobject_put(&v->kobj);
}

/* Before the first handler can register. What it misses is not shown. */
static int __init luo_sysfs_init(void)
{
	struct kobject *dir;

	if (!liveupdate_enabled())
		return 0;
	dir = kobject_create_and_add("liveupdate", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	luo_sysfs_kinds[LUO_RANGE_CORE] = kobject_create_and_add("core", dir);
	luo_sysfs_kinds[LUO_RANGE_FILE] = kobject_create_and_add("file", dir);
	luo_sysfs_kinds[LUO_RANGE_FLB] = kobject_create_and_add("flb", dir);
	luo_image_show_core();
	return 0;
}
postcore_initcall(luo_sysfs_init);
