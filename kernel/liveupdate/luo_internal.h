/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the Live Update Orchestrator
 *
 * Locks, outermost first:
 *
 * ===================== ======================================================
 * luo_phase_rwsem       Readers: every ioctl and release. Writer: reboot(2),
 *                       from before the first freeze until the thaw; after a
 *                       success it is never given up, the kernel is gone.
 * luo_session_set.lock  Names, order and states of the sessions of a set, and
 *                       the chain of their records.
 * luo session lock      liveupdate_session.lock: the files of one session.
 *                       Handler callbacks run under it.
 * luo_registry_rwsem    The lists of handlers and FLBs and the links between
 *                       them. No callback that may take long runs under it.
 * FLB mutexes           liveupdate_flb.lock, luo_flb_incoming.lock, and inside
 *                       of the first the one of the slots.
 * ===================== ======================================================
 *
 * luo_gate_lock (mutex) and luo_timeline_lock (spinlock) are innermost. User
 * memory is never touched and a file descriptor never installed under any of
 * them.
 */
#ifndef _LUO_INTERNAL_H
#define _LUO_INTERNAL_H

#include <linux/fs.h>
#include <linux/liveupdate.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/rwsem.h>
#include <linux/timex.h>
#include <linux/tracepoint-defs.h>
#include <linux/xarray.h>
#include <uapi/linux/liveupdate.h>

#include "luo_abi.h"

struct dentry;
struct seq_file;

enum luo_phase {
	LUO_PHASE_OFF,		/* not on, or not initialised yet */
	LUO_PHASE_RUNNING,
	LUO_PHASE_FROZEN,	/* from reboot(2)'s freeze to its thaw */
};

enum luo_direction {
	LUO_OUTGOING,
	LUO_INCOMING,
};

enum luo_session_state {
	LUO_SESSION_OPEN,	/* somebody has a file descriptor */
	LUO_SESSION_WAITING,	/* incoming, to be retrieved (again) */
	LUO_SESSION_DAMAGED,	/* incoming, its record cannot be read */
	LUO_SESSION_GONE,	/* for the trace event, no session has it */
};

enum luo_file_state {
	LUO_FILE_NEW,
	LUO_FILE_PRESERVED,
	LUO_FILE_FROZEN,
	LUO_FILE_WAITING,	/* incoming, not retrieved */
	LUO_FILE_RETRIEVING,	/* its handler is at work: catches cycles */
	LUO_FILE_RETRIEVED,
	LUO_FILE_FAILED,	/* F11: luo_file.status is final */
	LUO_FILE_QUARANTINED,	/* F9: luo_file.status says why */
	LUO_FILE_HANDED_OUT,	/* F6: an earlier kernel gave it to somebody */
	LUO_FILE_GONE,
	LUO_FILE_NR_STATES,
};

/**
 * struct luo_chain - preserved blocks with room for a number of records
 * @kind: of the records
 * @first: first block, or NULL; each block leads to the next one
 * @nr_blocks: number of blocks
 */
struct luo_chain {
	enum luo_ser_kind kind;
	void *first;
	unsigned int nr_blocks;
};

/* Where the next record of a chain goes, see luo_chain_next(). */
struct luo_chain_writer {
	void *block;
	unsigned int index;
};

/**
 * struct luo_event_reader - somebody who may ask whether something has changed
 * @count: what counts the changes that are of interest
 * @seen: its value when the reader last looked
 */
struct luo_event_reader {
	atomic64_t *count;
	atomic64_t seen;
};

/**
 * struct luo_file - one file of a session
 * @link: in luo_fileset.list, in the order of preservation
 * @id_node: in the table of objects; outgoing files only
 * @session: the session, constant
 * @handler: held; outgoing: constant; incoming: NULL until first needed
 * @id: what the object is known by, unique for its handler
 * @file: outgoing: the file; incoming: the retrieved file or NULL
 * @token: constant
 * @serialized_data: the handler's handle
 * @private_data: the handler's
 * @flb_mask: slots of the FLBs that it depends on
 * @nr_dependents: outgoing: files of the session that need this one
 * @status: as liveupdate_file_op_args.retrieve_status, or why it is quarantined
 * @state: changed by luo_file_set_state() only
 * @rcu: for the lockless walks of the table of objects
 * @compatible: incoming: of the handler that it needs
 *
 * All but the constants are protected by the session's lock.
 */
struct luo_file {
	struct list_head link;
	struct rhash_head id_node;
	struct liveupdate_session *session;
	struct liveupdate_file_handler *handler;
	unsigned long id;
	struct file *file;
	u64 token;
	u64 serialized_data;
	void *private_data;
	u64 flb_mask;
	unsigned int nr_dependents;
	int status;
	enum luo_file_state state;
	struct rcu_head rcu;
	char compatible[LIVEUPDATE_COMPATIBLE_LENGTH];
};

/**
 * struct luo_fileset - the files of a session
 * @tokens: by token
 * @list: in the order of preservation
 * @nr: their number
 * @chain: outgoing: room for @nr records
 */
struct luo_fileset {
	struct xarray tokens;
	struct list_head list;
	unsigned int nr;
	struct luo_chain chain;
};

/**
 * struct liveupdate_session - a named set of files
 * @name: padded with zeroes, constant
 * @set: where it belongs, constant
 * @id: in the set, in the order of creation; constant
 * @users: one as long as it is in its set, one for each who looks at it
 * @events: number of changes of it and of its files
 * @reader: who has its descriptor looks at @events
 * @node: in the set's names
 * @link: in the set's list, in the order of creation
 * @state: protected by the set's lock
 * @lock: protects the files
 * @files: the files
 * @damaged: incoming: some of its file records could not be read (F9);
 *           protected by @lock
 * @finished: incoming: the takeover is over; protected by @lock
 * @closed_by_hand: the last reference was given up by close(2), see F12
 * @ipc_lock: its creator had CAP_IPC_LOCK, constant
 * @generation: of the header that it came with, or will go with first
 * @ser: incoming: its record, for the next kernel if it rides along; constant
 * @files_kept: incoming: the records of its files are ours still; protected by
 *              @lock
 */
struct liveupdate_session {
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
	struct luo_session_set *set;
	unsigned long id;
	refcount_t users;
	atomic64_t events;
	struct luo_event_reader reader;
	struct rhlist_head node;
	struct list_head link;
	enum luo_session_state state;
	struct mutex lock; /* the files, see above */
	struct luo_fileset files;
	bool damaged;
	bool finished;
	bool closed_by_hand;
	bool ipc_lock;
	u64 generation;
	struct luo_session_ser ser;
	bool files_kept;
};

/**
 * struct luo_session_set - all sessions of one direction
 * @direction: constant
 * @lock: protects the rest
 * @names: by name; incoming sessions of several generations may share one
 * @ids: by id, for listing
 * @last_id: of the session that was created last
 * @list: in the order of creation
 * @nr: their number
 * @chain: room for @nr records
 * @status: incoming: -EIO if what the previous kernel left is lost (F8)
 */
struct luo_session_set {
	enum luo_direction direction;
	struct mutex lock; /* all below */
	struct rhltable names;
	struct xarray ids;
	unsigned long last_id;
	struct list_head list;
	unsigned int nr;
	struct luo_chain chain;
	int status;
};

/* luo_core.c */
extern struct rw_semaphore luo_phase_rwsem;
extern u64 luo_generation;
extern const struct luo_abi_reader luo_kho_reader;
enum luo_phase luo_phase(void);
void luo_timing_show(struct seq_file *m);

/* luo_event.c */
extern atomic64_t luo_events_all;
void luo_event(struct liveupdate_session *session);
void luo_event_reader_init(struct luo_event_reader *reader, atomic64_t *count);
void luo_event_reader_reset(struct luo_event_reader *reader);
__poll_t luo_event_poll(struct luo_event_reader *reader, struct file *file,
			poll_table *wait);

/* luo_gate.c */
extern unsigned int luo_max_sessions;
int luo_gate_check_handler(const struct kimage *image,
			   const struct liveupdate_file_handler *fh);
int luo_gate_file_add(struct liveupdate_file_handler *fh);
void luo_gate_file_del(struct liveupdate_file_handler *fh);
void luo_gate_waiting_add(long nr);
unsigned long luo_gate_waiting(void);
unsigned long luo_gate_files_nr(void);
int luo_gate_image_check(const struct kimage *image);

/* luo_image.c */
void luo_image_show_core(void);
int luo_image_takes(const struct kimage *image);
const char *luo_image_why(const struct kimage *image);
int luo_image_reads(const struct kimage *image, enum luo_range_kind kind,
		    const char *compatible);

/* luo_chain.c */
void luo_chain_init(struct luo_chain *chain, enum luo_ser_kind kind);
int luo_chain_resize(struct luo_chain *chain, unsigned int nr);
u64 luo_chain_start(struct luo_chain *chain, unsigned int nr,
		    struct luo_chain_writer *writer);
void *luo_chain_next(struct luo_chain_writer *writer);
void luo_chain_end(struct luo_chain_writer *writer);

/* Callbacks of file handlers, as the trace event names them. */
enum luo_call {
	LUO_CALL_PRESERVE,
	LUO_CALL_UNPRESERVE,
	LUO_CALL_FREEZE,
	LUO_CALL_UNFREEZE,
	LUO_CALL_RETRIEVE,
	LUO_CALL_CAN_FINISH,
	LUO_CALL_FINISH,
};

/* luo_call.c */
void luo_call_done(const struct luo_file *lf, enum luo_call call, u64 begin,
		   int error);
void luo_call_failed(const struct luo_file *lf, enum luo_call call, int error);

DECLARE_TRACEPOINT(liveupdate_call);

/* Of freeze, retrieve and finish the timeline wants to know how long they take. */
static inline u64 luo_call_begin(enum luo_call call)
{
	if (call == LUO_CALL_FREEZE || call == LUO_CALL_RETRIEVE ||
	    call == LUO_CALL_FINISH || tracepoint_enabled(liveupdate_call))
		return get_cycles();
	return 0;
}

static inline void luo_call_end(const struct luo_file *lf, enum luo_call call,
				u64 begin, int error)
{
	if (begin)
		luo_call_done(lf, call, begin, error);
	if (unlikely(error))
		luo_call_failed(lf, call, error);
}

/* luo_timeline.c */
void luo_timeline_init(void);
void luo_timeline_start(u64 now);
void luo_timeline_forget(void);
void luo_timeline_call(const char *compatible, enum luo_timed timed, u64 begin,
		       u64 end, bool failed);
bool luo_timeline_get(unsigned int age, struct luo_update_ser *update);
u32 luo_clock_khz(void);

/* luo_handler.c */
extern struct rw_semaphore luo_registry_rwsem;
unsigned int luo_handler_count(void);
int luo_handlers_check(const struct kimage *image);
struct liveupdate_file_handler *luo_handler_get(struct file *file);
void luo_handler_put(struct liveupdate_file_handler *fh);
struct liveupdate_file_handler *luo_handler_get_compatible(const char *name);
void luo_handler_put_incoming(struct liveupdate_file_handler *fh);
int luo_object_claim(struct luo_file *lf);
void luo_object_release(struct luo_file *lf);
struct luo_file *luo_object_find(struct liveupdate_file_handler *fh,
				 struct liveupdate_session *session,
				 struct file *file);
bool luo_same_name(const char *compatible, const char *name);
bool luo_version_readable(unsigned int own, unsigned int read_min,
			  unsigned int read_max, unsigned int version);

/* An FLB that a handler's files depend on; in the handler's flb_links. */
struct luo_flb_link {
	struct list_head list;
	struct liveupdate_flb *flb;
};

/* luo_flb_outgoing.c */
int luo_flb_file_preserve(struct liveupdate_file_handler *fh, u64 *mask);
void luo_flb_file_unpreserve(struct liveupdate_file_handler *fh, u64 mask);

/* luo_flb.c */
int luo_flb_room_add(void);
void luo_flb_room_del(void);
void luo_flb_attach_all(void);
unsigned int luo_flb_serialize(u64 *first_pa);

/* luo_flb_incoming.c */
void luo_flb_incoming_attach(struct liveupdate_flb *flb);
void luo_flb_incoming_detach(struct liveupdate_flb *flb);
int luo_flb_incoming_add(const struct luo_flb_ser *ser);
void luo_flb_file_finish(u64 mask);
void luo_flb_finish_left(void);

/* luo_file.c */
bool luo_file_waits(enum luo_file_state state);
void luo_file_set_state(struct luo_file *lf, enum luo_file_state state);
struct luo_file *luo_file_alloc(struct liveupdate_session *session, u64 token);
struct liveupdate_file_op_args luo_file_args(const struct luo_file *lf);
int luo_file_preserve(struct luo_file *lf, struct file *file);
void luo_file_unpreserve(struct luo_file *lf);
int luo_file_freeze(struct luo_file *lf);
void luo_file_unfreeze(struct luo_file *lf);
void luo_file_serialize(struct luo_file *lf, struct luo_file_ser *ser);

/* luo_retrieve.c */
int luo_file_retrieve(struct luo_file *lf);
u64 luo_file_memory(const struct luo_file *lf);
bool luo_file_is_lost(struct luo_file *lf);
bool luo_file_can_finish(struct luo_file *lf, bool discard);
void luo_file_finish(struct luo_file *lf);
void luo_file_discard(struct luo_file *lf);

/* luo_fileset.c */
void luo_fileset_init(struct luo_fileset *files);
void luo_fileset_remove(struct luo_fileset *files, struct luo_file *lf);
int luo_fileset_preserve(struct liveupdate_session *session, u64 token,
			 struct file *file);
int luo_fileset_unpreserve_one(struct liveupdate_session *session, u64 token);
void luo_fileset_unpreserve(struct liveupdate_session *session);
int luo_fileset_freeze(struct liveupdate_session *session);
void luo_fileset_unfreeze(struct liveupdate_session *session);
u64 luo_fileset_serialize(struct liveupdate_session *session);

/* luo_fileset_incoming.c */
int luo_fileset_add(struct liveupdate_session *session,
		    const struct luo_file_ser *ser);
int luo_fileset_retrieve(struct liveupdate_session *session, u64 token,
			 struct file **filep);
bool luo_fileset_retrieved(struct liveupdate_session *session);
bool luo_fileset_can_finish(struct liveupdate_session *session);
void luo_fileset_finish(struct liveupdate_session *session);
int luo_fileset_discard(struct liveupdate_session *session);

/* luo_session.c */
extern struct luo_session_set luo_outgoing;
extern struct luo_session_set luo_incoming;
int luo_session_set_init(struct luo_session_set *set,
			 enum luo_direction direction);
void luo_session_set_destroy(struct luo_session_set *set);
struct liveupdate_session *luo_session_create(struct luo_session_set *set,
					      const char *name);
struct liveupdate_session *
luo_session_receive(struct luo_session_set *set, const char *name,
		    const struct luo_session_ser *ser);
void luo_session_destroy(struct liveupdate_session *session);
struct liveupdate_session *luo_session_next(struct luo_session_set *set,
					    unsigned long id);
void luo_session_put(struct liveupdate_session *session);
struct liveupdate_session *luo_session_take(struct luo_session_set *set,
					    const char *name);
void luo_session_give_back(struct liveupdate_session *session);
void luo_session_set_damaged(struct liveupdate_session *session);
int luo_session_finish(struct liveupdate_session *session);
int luo_session_discard(struct luo_session_set *set, const char *name);
void luo_session_release(struct liveupdate_session *session);

/* luo_reboot.c */
int luo_set_freeze(struct luo_session_set *set);
void luo_set_unfreeze(struct luo_session_set *set);
void luo_set_serialize(struct luo_session_set *set,
		       struct luo_header_ser *header);

/* luo_ride.c */
int luo_ride_ask(struct luo_session_set *set, const struct kimage *image);
int luo_ride_check(struct luo_session_set *set, const struct kimage *image);
void luo_ride(struct luo_session_set *set, struct luo_header_ser *header);
void luo_ride_release(struct liveupdate_session *session);

/* luo_decode.c */
int luo_decode(struct luo_session_set *set, const struct luo_abi_reader *reader,
	       const struct luo_header_ser *header);

/* luo_uapi.c */
int luo_uapi_init(void);

/* luo_sysfs.c */
struct luo_version *luo_version_show(enum luo_range_kind kind,
				     const char *name, unsigned int name_len,
				     unsigned int version,
				     unsigned int read_min,
				     unsigned int read_max);
void luo_version_hide(struct luo_version *v);

/* luo_debugfs.c */
#ifdef CONFIG_DEBUG_FS
void luo_debugfs_init(void);
#else
static inline void luo_debugfs_init(void) { }
#endif

/* luo_timeline_debugfs.c */
void luo_timeline_debugfs_init(struct dentry *dir);

#endif /* _LUO_INTERNAL_H */
