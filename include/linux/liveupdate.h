/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live Update Orchestrator: the interface for handler authors
 *
 * A file handler teaches the orchestrator to carry one kind of file over a
 * kexec. State that several files share, and that has to be in place before
 * the first and to go after the last of them, is a "file-lifecycle-bound"
 * object (FLB), linked to the handlers of those files.
 */
#ifndef _LINUX_LIVEUPDATE_H
#define _LINUX_LIVEUPDATE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kho/abi/luo_image.h>
#include <linux/kho/abi/luo_timeline.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct file;
struct kimage;
struct liveupdate_file_handler;
struct liveupdate_flb;
struct liveupdate_session;
struct luo_flb_incoming;
struct luo_version;
struct module;

/* Bytes of a compatible string ("name-vN"), the terminating NUL included. */
#define LIVEUPDATE_COMPATIBLE_LENGTH	48

/**
 * struct liveupdate_file_op_args - what a file handler's callback works on
 * @handler: The handler itself.
 * @session: The session of the file, for liveupdate_get_token_outgoing() and
 *           liveupdate_get_file_incoming().
 * @discard: In can_finish: the session is given up, and nobody holds it; a file
 *           that is still in use where it is may end nevertheless.
 * @retrieve_status: In can_finish and finish: 0 when retrieve was never tried
 *           (or failed and is retrieve_retryable), positive when it succeeded,
 *           a negative errno when it failed for good.
 * @file: The file. In preserve, unpreserve, freeze and unfreeze: the file that
 *        is preserved. Set by a successful retrieve, which gives one reference
 *        to the orchestrator. In can_finish and finish: the retrieved file, or
 *        NULL.
 * @serialized_data: The handle of the record, usually a physical address.
 *        Written by preserve and, if need be, by freeze; crosses the kexec
 *        unchanged; read by retrieve and finish.
 * @private_data: Live state of the handler from preserve to unpreserve, and
 *        from retrieve to finish. Not carried over the kexec.
 */
struct liveupdate_file_op_args {
	struct liveupdate_file_handler *handler;
	struct liveupdate_session *session;
	bool discard;
	int retrieve_status;
	struct file *file;
	u64 serialized_data;
	void *private_data;
};

/**
 * struct liveupdate_file_ops - callbacks of a file handler
 * @can_preserve: Recognises the type of a file, by its f_op, and nothing else;
 *        conditions belong into @preserve. Runs under the lock of the registry
 *        of handlers: must not sleep for long, nor call the orchestrator.
 * @preserve: Old kernel. Makes the record and does all the work that can be
 *        done now; sets @serialized_data. On failure everything is as it was.
 *        One that takes long makes way for reboot(2): when it finds that
 *        liveupdate_reboot_waits() it fails with -ERESTART, and is called once
 *        more if this kernel goes on.
 * @unpreserve: Old kernel. Takes @preserve back.
 * @freeze: Old kernel, inside reboot(2). Records what may have changed since
 *        @preserve. Must not allocate. From here to @unfreeze the file refuses
 *        or delays changes of its record. On failure nothing of it is frozen,
 *        and @unfreeze is not called. Optional.
 * @unfreeze: Old kernel. Takes @freeze back, the update failed. Optional.
 * @retrieve: New kernel. Makes the file from the record and sets @file. On
 *        failure see @retrieve_retryable.
 * @can_finish: New kernel. Says whether the file is in a state in which the
 *        takeover can end. Also asked when a kexec image is loaded and in
 *        reboot(2), with no @finish after it: changes nothing, and does not
 *        sleep for long. Optional, the default is yes.
 * @finish: New kernel. Ends the takeover: frees the record and, if the file
 *        was not retrieved, everything that it preserves.
 * @get_id: A number that is the same for all files of one object, e.g. the
 *        address of the inode. An object is preserved at most once. The
 *        number must not change while the file is preserved. Optional, the
 *        default is the address of the struct file.
 * @memory: How many bytes are preserved for the contents of the file, for
 *        listing. Either kernel: from preserve to unpreserve, and in the new one
 *        from the beginning to finish. Must be cheap and change nothing.
 *        Optional, the default is 0.
 * @retrieve_retryable: A promise that a failed @retrieve left the record and
 *        its memory whole, so that it may be called again. private_data that
 *        it set is given to the next call and to @finish, and says that some
 *        of the memory is this kernel's by now: until then there is no other
 *        live update. Without the promise
 *        a failed @retrieve is final, and @finish has nothing to free.
 * @owner: The module of the callbacks.
 *
 * All callbacks may sleep, @get_id too. They are called with the mutex of the
 * file's session held, or of the session that liveupdate_get_token_outgoing()
 * was asked about (@can_preserve, @get_id). @preserve, @freeze and @retrieve
 * return 0 or a negative errno, which userspace gets to see.
 */
struct liveupdate_file_ops {
	bool (*can_preserve)(struct liveupdate_file_handler *handler,
			     struct file *file);
	int (*preserve)(struct liveupdate_file_op_args *args);
	void (*unpreserve)(struct liveupdate_file_op_args *args);
	int (*freeze)(struct liveupdate_file_op_args *args);
	void (*unfreeze)(struct liveupdate_file_op_args *args);
	int (*retrieve)(struct liveupdate_file_op_args *args);
	bool (*can_finish)(struct liveupdate_file_op_args *args);
	void (*finish)(struct liveupdate_file_op_args *args);
	unsigned long (*get_id)(struct file *file);
	u64 (*memory)(struct liveupdate_file_op_args *args);
	bool retrieve_retryable;
	struct module *owner;
};

/**
 * struct liveupdate_file_handler - one kind of file that can be preserved
 * @ops: The callbacks.
 * @compatible: "name-vN": the name is unique among the handlers, N is the
 *        version of the records that this handler writes.
 * @read_min: Oldest version that it reads; 0 means exactly N.
 * @read_max: Newest version that it reads; 0 means exactly N.
 */
struct liveupdate_file_handler {
	const struct liveupdate_file_ops *ops;
	const char compatible[LIVEUPDATE_COMPATIBLE_LENGTH];
	unsigned int read_min;
	unsigned int read_max;

	/* private: the registry's, see kernel/liveupdate/luo_handler.c */
	unsigned int name_len;
	unsigned int version;
	struct list_head list;
	struct list_head flb_links;
	atomic_t nr_users;
	atomic_t nr_preserved;
	unsigned long nr_files;
	struct luo_version *shown;
};

#if defined(CONFIG_LIVEUPDATE) && !defined(MODULE)
/* No gaps, no pointers: the section is copied into the image as it is. */
#define __LIVEUPDATE_READS(_kind, _name, _min, _max)			\
	static const struct luo_range_ser __used __aligned(8)		\
	__section(".luo_ranges") __UNIQUE_ID(luo_range) = {		\
		.name = _name,						\
		.kind = _kind,						\
		.read_min = _min,					\
		.read_max = _max,					\
	}
#else
#define __LIVEUPDATE_READS(_kind, _name, _min, _max)			\
	static_assert((_kind) && (_min) <= (_max) &&			\
		      sizeof(_name) <= LUO_SER_COMPATIBLE_LENGTH)
#endif

/**
 * LIVEUPDATE_READS_FILES() - declare which records a handler can read
 * @_name: the handler's compatible string without the version ("memfd")
 * @_min: oldest version that it reads
 * @_max: newest version that it reads
 *
 * Goes into the image of a kernel that the handler is built into, so that
 * another kernel knows before it starts this one. The same range as in the
 * handler. In a module it does nothing.
 */
#define LIVEUPDATE_READS_FILES(_name, _min, _max)	\
	__LIVEUPDATE_READS(LUO_RANGE_FILE, _name, _min, _max)

/**
 * LIVEUPDATE_READS_FLB() - declare which records of an FLB can be read
 * @_name: its compatible string without the version
 * @_min: oldest version that is read
 * @_max: newest version that is read
 */
#define LIVEUPDATE_READS_FLB(_name, _min, _max)	\
	__LIVEUPDATE_READS(LUO_RANGE_FLB, _name, _min, _max)

/**
 * struct liveupdate_flb_op_args - what an FLB's callback works on
 * @flb: The FLB itself.
 * @data: The 8-byte handle of its record. Written by preserve, crosses the
 *        kexec, read by retrieve and finish.
 * @obj: The live object. Set by preserve and by retrieve.
 */
struct liveupdate_flb_op_args {
	struct liveupdate_flb *flb;
	u64 data;
	void *obj;
};

/**
 * struct liveupdate_flb_ops - callbacks of an FLB
 * @preserve: Old kernel: before the first dependent file is preserved.
 * @unpreserve: Old kernel: after the last dependent file is un-preserved.
 * @retrieve: New kernel: at the first liveupdate_flb_get_incoming() or, if
 *        nobody asked, before @finish. May be repeated after a failure, or
 *        after the FLB was unregistered and registered again.
 * @finish: New kernel: once, after the last dependent file is finished. If
 *        @retrieve failed then @obj is NULL.
 * @owner: The module of the callbacks.
 *
 * All callbacks may sleep; they are called with the mutex of the FLB held.
 * @preserve and @retrieve return 0 or a negative errno.
 */
struct liveupdate_flb_ops {
	int (*preserve)(struct liveupdate_flb_op_args *args);
	void (*unpreserve)(struct liveupdate_flb_op_args *args);
	int (*retrieve)(struct liveupdate_flb_op_args *args);
	void (*finish)(struct liveupdate_flb_op_args *args);
	struct module *owner;
};

/**
 * struct liveupdate_flb - state that is bound to the first and the last file
 * @ops: The callbacks.
 * @compatible: "name-vN", as in struct liveupdate_file_handler.
 * @read_min: Oldest version that it reads; 0 means exactly N.
 * @read_max: Newest version that it reads; 0 means exactly N.
 */
struct liveupdate_flb {
	const struct liveupdate_flb_ops *ops;
	const char compatible[LIVEUPDATE_COMPATIBLE_LENGTH];
	unsigned int read_min;
	unsigned int read_max;

	/* private: see kernel/liveupdate/luo_flb.c */
	struct list_head list;
	struct mutex lock; /* the counts, data and obj below */
	unsigned int nr_links;
	unsigned int slot;
	unsigned int nr_files;
	unsigned int nr_holders;
	u64 data;
	void *obj;
	struct luo_flb_incoming *incoming;
	struct luo_version *shown;
};

#ifdef CONFIG_LIVEUPDATE

bool liveupdate_enabled(void);
int liveupdate_reboot(void);
void liveupdate_stamp(enum luo_stamp stamp);
bool liveupdate_reboot_waits(void);
int liveupdate_wait(void);
int liveupdate_image_read(struct kimage *image);
void liveupdate_image_free(struct kimage *image);
int liveupdate_image_install(const struct kimage *image);
void liveupdate_image_stays(const struct kimage *image);
bool liveupdate_busy(void);

int liveupdate_register_file_handler(struct liveupdate_file_handler *fh);
void liveupdate_unregister_file_handler(struct liveupdate_file_handler *fh);

int liveupdate_register_flb(struct liveupdate_file_handler *fh,
			    struct liveupdate_flb *flb);
void liveupdate_unregister_flb(struct liveupdate_file_handler *fh,
			       struct liveupdate_flb *flb);

int liveupdate_flb_get_incoming(struct liveupdate_flb *flb, void **obj);
void liveupdate_flb_put_incoming(struct liveupdate_flb *flb);
int liveupdate_flb_get_outgoing(struct liveupdate_flb *flb, void **obj);
void liveupdate_flb_put_outgoing(struct liveupdate_flb *flb);

int liveupdate_get_token_outgoing(struct liveupdate_session *session,
				  struct file *file, u64 *token);
int liveupdate_depend_outgoing(struct liveupdate_session *session,
			       struct file *file, u64 *token);
void liveupdate_undepend_outgoing(struct liveupdate_session *session,
				  u64 token);
int liveupdate_get_file_incoming(struct liveupdate_session *session,
				 u64 token, struct file **filep);
bool liveupdate_session_ipc_lock(const struct liveupdate_session *session);

#else /* !CONFIG_LIVEUPDATE */

static inline bool liveupdate_enabled(void)
{
	return false;
}

static inline int liveupdate_reboot(void)
{
	return 0;
}

static inline int liveupdate_image_read(struct kimage *image)
{
	return 0;
}

static inline void liveupdate_image_free(struct kimage *image)
{
}

static inline void liveupdate_stamp(enum luo_stamp stamp)
{
}

static inline int liveupdate_image_install(const struct kimage *image)
{
	return 0;
}

static inline void liveupdate_image_stays(const struct kimage *image)
{
}

static inline bool liveupdate_reboot_waits(void)
{
	return false;
}

static inline bool liveupdate_busy(void)
{
	return false;
}

static inline int
liveupdate_register_file_handler(struct liveupdate_file_handler *fh)
{
	return -EOPNOTSUPP;
}

static inline void
liveupdate_unregister_file_handler(struct liveupdate_file_handler *fh)
{
}

static inline int liveupdate_register_flb(struct liveupdate_file_handler *fh,
					  struct liveupdate_flb *flb)
{
	return -EOPNOTSUPP;
}

static inline void liveupdate_unregister_flb(struct liveupdate_file_handler *fh,
					     struct liveupdate_flb *flb)
{
}

static inline int liveupdate_flb_get_incoming(struct liveupdate_flb *flb,
					      void **obj)
{
	return -EOPNOTSUPP;
}

static inline void liveupdate_flb_put_incoming(struct liveupdate_flb *flb)
{
}

static inline int liveupdate_flb_get_outgoing(struct liveupdate_flb *flb,
					      void **obj)
{
	return -EOPNOTSUPP;
}

static inline void liveupdate_flb_put_outgoing(struct liveupdate_flb *flb)
{
}

static inline int
liveupdate_get_token_outgoing(struct liveupdate_session *session,
			      struct file *file, u64 *token)
{
	return -EOPNOTSUPP;
}

static inline int
liveupdate_depend_outgoing(struct liveupdate_session *session,
			   struct file *file, u64 *token)
{
	return -EOPNOTSUPP;
}

static inline void
liveupdate_undepend_outgoing(struct liveupdate_session *session, u64 token)
{
}

static inline int
liveupdate_get_file_incoming(struct liveupdate_session *session, u64 token,
			     struct file **filep)
{
	return -EOPNOTSUPP;
}

static inline bool
liveupdate_session_ipc_lock(const struct liveupdate_session *session)
{
	return false;
}

#endif /* CONFIG_LIVEUPDATE */
#endif /* _LINUX_LIVEUPDATE_H */
