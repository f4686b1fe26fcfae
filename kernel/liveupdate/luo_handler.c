// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of file handlers, and the table of preserved objects
 *
 * A lookup returns a held handler: its module stays, and unregistering waits
 * until it is put. Handlers are few, so that they are a list; objects are many
 * and are hashed by handler and id.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/wait_bit.h>

#include "luo_internal.h"

DECLARE_RWSEM(luo_registry_rwsem);

/* Protected by luo_registry_rwsem. */
static LIST_HEAD(luo_handlers);

struct luo_object_key {
	const struct liveupdate_file_handler *handler;
	unsigned long id;
};

static u32 luo_object_key_hash(const void *data, u32 len, u32 seed)
{
	return jhash(data, sizeof(struct luo_object_key), seed);
}

static u32 luo_object_hash(const void *data, u32 len, u32 seed)
{
	const struct luo_file *lf = data;
	struct luo_object_key key = { .handler = lf->handler, .id = lf->id };

	return luo_object_key_hash(&key, len, seed);
}

static int luo_object_compare(struct rhashtable_compare_arg *arg,
			      const void *obj)
{
	const struct luo_object_key *key = arg->key;
	const struct luo_file *lf = obj;

	return key->handler != lf->handler || key->id != lf->id;
}

static const struct rhashtable_params luo_object_params = {
	.key_len		= sizeof(struct luo_object_key),
	.head_offset		= offsetof(struct luo_file, id_node),
	.hashfn			= luo_object_key_hash,
	.obj_hashfn		= luo_object_hash,
	.obj_cmpfn		= luo_object_compare,
	.automatic_shrinking	= true,
};

static struct rhashtable luo_objects;

static int luo_handler_check(struct liveupdate_file_handler *fh)
{
	const struct liveupdate_file_ops *ops = fh->ops;

	if (!ops || !ops->can_preserve || !ops->preserve || !ops->unpreserve ||
	    !ops->retrieve || !ops->finish)
		return -EINVAL;
	if (luo_abi_compatible_parse(fh->compatible, &fh->name_len,
				     &fh->version))
		return -EINVAL;
	if ((fh->read_min ?: fh->version) > (fh->read_max ?: fh->version))
		return -EINVAL;
	return 0;
}

/**
 * luo_same_name() - do two compatible strings differ in nothing but version?
 * @compatible: the one, checked
 * @name: the other, checked
 *
 * Context: Any.
 * Return: true if so.
 */
bool luo_same_name(const char *compatible, const char *name)
{
	size_t len = strrchr(compatible, '-') - compatible;

	return !strncmp(compatible, name, len) && strrchr(name, '-') == name + len;
}

/* The handler whose name is the first @name_len bytes of @compatible. */
static struct liveupdate_file_handler *
luo_handler_find(const char *compatible, unsigned int name_len)
{
	struct liveupdate_file_handler *fh;

	lockdep_assert_held(&luo_registry_rwsem);
	list_for_each_entry(fh, &luo_handlers, list) {
		if (fh->name_len == name_len &&
		    !memcmp(fh->compatible, compatible, name_len))
			return fh;
	}
	return NULL;
}

/**
 * liveupdate_register_file_handler() - offer to preserve one kind of file
 * @fh: the handler; it must stay until it is unregistered
 *
 * Files of the previous kernel that wait for this handler can be retrieved
 * from now on.
 *
 * Context: May sleep.
 * Return:
 * * 0: success
 * * -EINVAL: a mandatory callback is missing, the compatible string is not of
 *   the form "name-vN", or read_min is beyond read_max
 * * -EEXIST: there is a handler of that name
 * * -ENOMEM: no memory for what is shown in sysfs
 * * -EOPNOTSUPP: live update is off
 */
int liveupdate_register_file_handler(struct liveupdate_file_handler *fh)
{
	int ret;

	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	ret = luo_handler_check(fh);
	if (ret)
		return ret;

	guard(rwsem_write)(&luo_registry_rwsem);
	if (luo_handler_find(fh->compatible, fh->name_len))
		return -EEXIST;
	fh->shown = luo_version_show(LUO_RANGE_FILE, fh->compatible,
				     fh->name_len, fh->version, fh->read_min,
				     fh->read_max);
	if (IS_ERR(fh->shown))
		return PTR_ERR(fh->shown);
	INIT_LIST_HEAD(&fh->flb_links);
	atomic_set(&fh->nr_users, 0);
	atomic_set(&fh->nr_preserved, 0);
	fh->nr_files = 0;
	list_add_tail(&fh->list, &luo_handlers);
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_register_file_handler);

/**
 * liveupdate_unregister_file_handler() - withdraw a handler
 * @fh: a registered handler
 *
 * Waits until no file uses it; a module that still has files is not asked.
 *
 * Context: May sleep. Not from a callback of the handler.
 */
void liveupdate_unregister_file_handler(struct liveupdate_file_handler *fh)
{
	if (!liveupdate_enabled())
		return;
	scoped_guard(rwsem_write, &luo_registry_rwsem) {
		list_del_init(&fh->list);
		luo_version_hide(fh->shown);
	}
	wait_var_event(&fh->nr_users, !atomic_read(&fh->nr_users));
}
EXPORT_SYMBOL_GPL(liveupdate_unregister_file_handler);

/**
 * luo_handler_count() - number of registered handlers
 *
 * Context: May sleep.
 * Return: their number.
 */
unsigned int luo_handler_count(void)
{
	guard(rwsem_read)(&luo_registry_rwsem);
	return list_count_nodes(&luo_handlers);
}

/**
 * luo_handlers_check() - can an image read what all preserved files leave?
 * @image: the image
 *
 * Context: May sleep; luo_registry_rwsem and the lock of the gate are held.
 * Return: 0, or -EPROTONOSUPPORT if it says that it cannot (F5).
 */
int luo_handlers_check(const struct kimage *image)
{
	struct liveupdate_file_handler *fh;
	int ret = 0;

	lockdep_assert_held(&luo_registry_rwsem);
	list_for_each_entry(fh, &luo_handlers, list) {
		if (!ret && fh->nr_files)
			ret = luo_gate_check_handler(image, fh);
	}
	return ret;
}

static bool luo_handler_hold(struct liveupdate_file_handler *fh)
{
	lockdep_assert_held(&luo_registry_rwsem);
	if (!try_module_get(fh->ops->owner))
		return false;
	atomic_inc(&fh->nr_users);
	return true;
}

/**
 * luo_handler_get() - the handler of a file that is to be preserved
 * @file: the file
 *
 * While it is held no FLB can be linked to it or unlinked.
 *
 * Context: May sleep.
 * Return: the handler, for luo_handler_put(); NULL if none takes the file.
 */
struct liveupdate_file_handler *luo_handler_get(struct file *file)
{
	struct liveupdate_file_handler *fh;

	guard(rwsem_read)(&luo_registry_rwsem);
	list_for_each_entry(fh, &luo_handlers, list) {
		if (!fh->ops->can_preserve(fh, file))
			continue;
		if (!luo_handler_hold(fh))
			continue;
		atomic_inc(&fh->nr_preserved);
		return fh;
	}
	return NULL;
}

/**
 * luo_handler_put() - a file is not preserved any more
 * @fh: from luo_handler_get()
 *
 * Context: Any.
 */
void luo_handler_put(struct liveupdate_file_handler *fh)
{
	if (atomic_dec_and_test(&fh->nr_preserved))
		wake_up_var(&fh->nr_preserved);
	luo_handler_put_incoming(fh);
}

/**
 * luo_version_readable() - can something read records of a version?
 * @own: the version that it writes
 * @read_min: oldest version that it reads, or 0
 * @read_max: newest version that it reads, or 0
 * @version: of the record
 *
 * Context: Any.
 * Return: true if it can.
 */
bool luo_version_readable(unsigned int own, unsigned int read_min,
			  unsigned int read_max, unsigned int version)
{
	return version >= (read_min ?: own) && version <= (read_max ?: own);
}

/**
 * luo_handler_get_compatible() - the handler of a record
 * @name: the record's compatible string, checked
 *
 * Context: May sleep.
 * Return: the handler, for luo_handler_put_incoming(), or
 * * -ENODEV: it is not registered, or about to go (F9)
 * * -EPROTONOSUPPORT: it cannot read this version
 */
struct liveupdate_file_handler *luo_handler_get_compatible(const char *name)
{
	struct liveupdate_file_handler *fh;
	unsigned int name_len = 0, version = 0;

	luo_abi_compatible_parse(name, &name_len, &version);
	guard(rwsem_read)(&luo_registry_rwsem);
	fh = luo_handler_find(name, name_len);
	if (!fh)
		return ERR_PTR(-ENODEV);
	if (!luo_version_readable(fh->version, fh->read_min, fh->read_max,
				  version))
		return ERR_PTR(-EPROTONOSUPPORT);
	if (!luo_handler_hold(fh))
		return ERR_PTR(-ENODEV);
	return fh;
}

/**
 * luo_handler_put_incoming() - a record does not need its handler any more
 * @fh: from luo_handler_get_compatible()
 *
 * Context: Any.
 */
void luo_handler_put_incoming(struct liveupdate_file_handler *fh)
{
	struct module *owner = fh->ops->owner;

	/* Once the count is 0 the handler may be gone. */
	if (atomic_dec_and_test(&fh->nr_users))
		wake_up_var(&fh->nr_users);
	module_put(owner);
}

static unsigned long luo_object_id(const struct liveupdate_file_handler *fh,
				   struct file *file)
{
	return fh->ops->get_id ? fh->ops->get_id(file) : (unsigned long)file;
}

/**
 * luo_object_claim() - an object is preserved at most once
 * @lf: its handler and file are set
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if the object is preserved already, or another errno.
 */
int luo_object_claim(struct luo_file *lf)
{
	int ret;

	lf->id = luo_object_id(lf->handler, lf->file);
	ret = rhashtable_lookup_insert_key(&luo_objects,
					   &(struct luo_object_key){
						.handler = lf->handler,
						.id = lf->id },
					   &lf->id_node, luo_object_params);
	return ret == -EEXIST ? -EBUSY : ret;
}

/**
 * luo_object_release() - an object is not preserved any more
 * @lf: that luo_object_claim() succeeded for
 *
 * Context: May sleep.
 */
void luo_object_release(struct luo_file *lf)
{
	rhashtable_remove_fast(&luo_objects, &lf->id_node, luo_object_params);
}

/**
 * luo_object_find() - the preserved file of an object
 * @fh: the handler, held
 * @session: the session that it has to be in
 * @file: the file
 *
 * Files of other sessions may go while we look at them, hence RCU. The handler
 * may sleep: it is asked before.
 *
 * Context: May sleep; the session's lock is held, and keeps the result.
 * Return: the preserved file, or NULL if @session has none of this object.
 */
struct luo_file *luo_object_find(struct liveupdate_file_handler *fh,
				 struct liveupdate_session *session,
				 struct file *file)
{
	struct luo_object_key key = { .handler = fh };
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	key.id = luo_object_id(fh, file);

	guard(rcu)();
	lf = rhashtable_lookup(&luo_objects, &key, luo_object_params);
	return lf && lf->session == session ? lf : NULL;
}

static int __init luo_handler_init(void)
{
	return rhashtable_init(&luo_objects, &luo_object_params);
}
core_initcall(luo_handler_init);
