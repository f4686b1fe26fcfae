// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a session: loops, order and unwinding in the old kernel
 *
 * Files are kept in the order of preservation. What is done goes first to last,
 * what is undone goes last to first.
 */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "luo_internal.h"

/**
 * luo_fileset_init() - make an empty set of files
 * @files: the set
 *
 * Context: Any.
 */
void luo_fileset_init(struct luo_fileset *files)
{
	xa_init_flags(&files->tokens, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&files->list);
	luo_chain_init(&files->chain, LUO_SER_FILE);
	files->nr = 0;
}

static void luo_fileset_publish(struct luo_fileset *files, struct luo_file *lf)
{
	/* The entry is reserved: this cannot fail. */
	xa_store(&files->tokens, lf->token, lf, GFP_KERNEL_ACCOUNT);
	list_add_tail(&lf->link, &files->list);
	files->nr++;
}

/**
 * luo_fileset_remove() - a file leaves its session
 * @files: the set
 * @lf: the file
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_fileset_remove(struct luo_fileset *files, struct luo_file *lf)
{
	list_del(&lf->link);
	xa_erase(&files->tokens, lf->token);
	files->nr--;
}

static int luo_fileset_reserve(struct luo_fileset *files, u64 token)
{
	int ret = xa_reserve(&files->tokens, token, GFP_KERNEL_ACCOUNT);

	if (ret)
		return ret;
	ret = luo_chain_resize(&files->chain, files->nr + 1);
	if (ret)
		xa_release(&files->tokens, token);
	return ret;
}

static void luo_fileset_unreserve(struct luo_fileset *files, u64 token)
{
	luo_chain_resize(&files->chain, files->nr);
	xa_release(&files->tokens, token);
}

/**
 * luo_fileset_preserve() - preserve one more file
 * @session: an outgoing session
 * @token: its token
 * @file: the file, or NULL if the caller's descriptor was bad
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0, -EEXIST if the token is in use, -EBADF without a file, or what
 * luo_file_preserve() returns; then all is as before (F2).
 */
int luo_fileset_preserve(struct liveupdate_session *session, u64 token,
			 struct file *file)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf;
	int ret;

	lockdep_assert_held(&session->lock);
	if (xa_load(&files->tokens, token))
		return -EEXIST;
	if (!file)
		return -EBADF;
	lf = luo_file_alloc(session, token);
	if (!lf)
		return -ENOMEM;
	ret = luo_fileset_reserve(files, token);
	if (ret)
		goto free_file;
	ret = luo_file_preserve(lf, file);
	if (ret)
		goto unreserve;
	luo_fileset_publish(files, lf);
	return 0;

unreserve:
	luo_fileset_unreserve(files, token);
free_file:
	kfree_rcu(lf, rcu);
	return ret;
}

/**
 * luo_fileset_unpreserve_one() - take luo_fileset_preserve() back
 * @session: an outgoing session
 * @token: of the file
 *
 * Context: May sleep; the session's lock is held.
 * Return: 0, -ENOENT if there is no such token, -EBUSY if another file of the
 * session needs this one.
 */
int luo_fileset_unpreserve_one(struct liveupdate_session *session, u64 token)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf;

	lockdep_assert_held(&session->lock);
	lf = xa_load(&files->tokens, token);
	if (!lf)
		return -ENOENT;
	if (lf->nr_dependents)
		return -EBUSY;
	luo_fileset_remove(files, lf);
	luo_file_unpreserve(lf);
	luo_chain_resize(&files->chain, files->nr);
	return 0;
}

/**
 * luo_fileset_unpreserve() - un-preserve everything (F3)
 * @session: an outgoing session
 *
 * Context: May sleep; the session's lock is held.
 */
void luo_fileset_unpreserve(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf, *prev;

	lockdep_assert_held(&session->lock);
	list_for_each_entry_safe_reverse(lf, prev, &files->list, link) {
		luo_fileset_remove(files, lf);
		luo_file_unpreserve(lf);
		cond_resched();
	}
	luo_chain_resize(&files->chain, 0);
}

/* Thaw the files before @lf, in reverse. */
static void luo_fileset_unfreeze_before(struct luo_fileset *files,
					struct luo_file *lf)
{
	list_for_each_entry_continue_reverse(lf, &files->list, link)
		luo_file_unfreeze(lf);
}

/**
 * luo_fileset_freeze() - freeze all files
 * @session: an outgoing session
 *
 * Context: Inside reboot(2); the session's lock is held.
 * Return: 0, or what a handler returned and nothing is frozen (F4).
 */
int luo_fileset_freeze(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;
	struct luo_file *lf;
	int ret;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(lf, &files->list, link) {
		ret = luo_file_freeze(lf);
		if (ret) {
			luo_fileset_unfreeze_before(files, lf);
			return ret;
		}
	}
	return 0;
}

/**
 * luo_fileset_unfreeze() - thaw all files
 * @session: an outgoing session, frozen
 *
 * Context: Inside reboot(2); the session's lock is held.
 */
void luo_fileset_unfreeze(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;

	lockdep_assert_held(&session->lock);
	luo_fileset_unfreeze_before(files, list_entry(&files->list,
						      struct luo_file, link));
}

/**
 * luo_fileset_serialize() - write the records of all files
 * @session: an outgoing session, frozen
 *
 * Context: Inside reboot(2); the session's lock is held. Does not allocate.
 * Return: physical address of the first block of the records, 0 without files.
 */
u64 luo_fileset_serialize(struct liveupdate_session *session)
{
	struct luo_fileset *files = &session->files;
	struct luo_chain_writer writer;
	struct luo_file_ser *ser;
	struct luo_file *lf;
	u64 first_pa;

	lockdep_assert_held(&session->lock);
	first_pa = luo_chain_start(&files->chain, files->nr, &writer);
	list_for_each_entry(lf, &files->list, link) {
		ser = luo_chain_next(&writer);
		if (ser)
			luo_file_serialize(lf, ser);
	}
	luo_chain_end(&writer);
	return first_pa;
}
