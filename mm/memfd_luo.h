/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update of memfd files: what the parts of the handler share, and the
 * hooks that mm/shmem.c and mm/memfd.c call.
 *
 * Locks, outermost first:
 *
 *	inode->i_rwsem > folio lock > memfd_luo->lock > KHO's own
 *
 * memfd_luo->lock is the innermost lock that the fault path takes for a live
 * update. Nobody who holds it waits for a thaw, takes a folio lock, or touches
 * user memory.
 */
#ifndef _MM_MEMFD_LUO_H
#define _MM_MEMFD_LUO_H

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/iommu_luo.h>
#include <linux/mutex.h>
#include <linux/pagevec.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/shmem_fs.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct folio;
struct mem_cgroup;
struct memfd_luo;

#ifdef CONFIG_LIVEUPDATE_MEMFD

#include "memfd_luo_tree.h"

/**
 * enum memfd_luo_state - of the record of a preserved file
 * @MEMFD_LUO_OPEN: Holes that are filled are recorded.
 * @MEMFD_LUO_FROZEN: Between freeze and thaw; whoever would change it waits.
 * @MEMFD_LUO_CLOSED: Un-preserved; only a late user still holds a reference.
 */
enum memfd_luo_state {
	MEMFD_LUO_OPEN,
	MEMFD_LUO_FROZEN,
	MEMFD_LUO_CLOSED,
};

/**
 * struct memfd_luo - a preserved memfd
 * @inode: Its inode, held through the file that the orchestrator holds.
 * @lock: Protects @state, @tree and what it points to, @charged.
 * @state: See enum memfd_luo_state. Set under @lock.
 * @thawed: Where those wait who find it frozen.
 * @ref: One for the inode's pointer to it, one for each user of that pointer.
 * @rcu: Frees it.
 * @ser: Head of the record; the attributes in it are written by freeze only.
 * @tree: The extents of the record.
 * @user: Who pays for pinned pages; %NULL: nobody.
 * @memlock_limit: RLIMIT_MEMLOCK of the preserver, pages. Immutable.
 * @charged: Pages charged to @user.
 * @poison_events: Bad pages in the machine at PRESERVE. Immutable.
 */
struct memfd_luo {
	struct inode *inode;
	struct mutex lock; /* innermost of the fault path */
	enum memfd_luo_state state;
	wait_queue_head_t thawed;
	refcount_t ref;
	struct rcu_head rcu;
	struct memfd_luo_ser *ser;
	struct memfd_luo_tree tree;
	struct user_struct *user;
	unsigned long memlock_limit;
	unsigned long charged;
	long poison_events;
};

/* memfd_luo_v2.c */
struct liveupdate_file_handler;

#ifdef CONFIG_LIVEUPDATE_MEMFD_TEST_V2
#define MEMFD_LUO_VERSION_MAX	MEMFD_LUO_VERSION_TEST
u32 memfd_luo_version(void);
bool memfd_luo_reads(u32 version);
void memfd_luo_v2_init(struct liveupdate_file_handler *handler);
#else
#define MEMFD_LUO_VERSION_MAX	MEMFD_LUO_VERSION
static inline u32 memfd_luo_version(void)
{
	return MEMFD_LUO_VERSION;
}

static inline bool memfd_luo_reads(u32 version)
{
	return version == MEMFD_LUO_VERSION;
}

static inline void memfd_luo_v2_init(struct liveupdate_file_handler *handler)
{
}
#endif

static inline bool memfd_luo_is_v2(const struct memfd_luo_ser *ser)
{
	return IS_ENABLED(CONFIG_LIVEUPDATE_MEMFD_TEST_V2) &&
	       ser->version == MEMFD_LUO_VERSION_TEST;
}

static inline u64 memfd_luo_pos(const struct memfd_luo_ser *ser)
{
	return memfd_luo_is_v2(ser) ? ser->reserved1 : ser->pos;
}

static inline u64 memfd_luo_reserved(const struct memfd_luo_ser *ser)
{
	return memfd_luo_is_v2(ser) ? ser->pos : ser->reserved1;
}

static inline void memfd_luo_set_pos(struct memfd_luo_ser *ser, u64 pos)
{
	ser->pos = memfd_luo_is_v2(ser) ? 0 : pos;
	ser->reserved1 = memfd_luo_is_v2(ser) ? pos : 0;
}

/* memfd_luo_record.c */
struct memfd_luo *memfd_luo_attach(struct file *file, bool unlimited);
void memfd_luo_detach(struct memfd_luo *luo);
struct memfd_luo *memfd_luo_get(struct inode *inode);
void memfd_luo_put(struct memfd_luo *luo);
int memfd_luo_record(struct memfd_luo *luo,
		     const struct memfd_luo_extent *extent);

/* memfd_luo_freeze.c */
long memfd_luo_poison_events(void);
int memfd_luo_close_record(struct memfd_luo *luo, struct file *file);
void memfd_luo_reopen_record(struct memfd_luo *luo);
u32 memfd_luo_head_crc(const struct memfd_luo_ser *ser);
u32 memfd_luo_tail_crc(const struct memfd_luo_ser *ser);

/* memfd_luo_fill.c */
void memfd_luo_make_uptodate(struct folio *folio);

/* memfd_luo_scan.c */
int memfd_luo_scan(struct memfd_luo *luo, struct file *file);

/* memfd_luo_move.c */
int memfd_luo_move(struct folio_batch *fbatch, bool again);

/* memfd_luo_head.c */
int memfd_luo_head_check(const struct memfd_luo_ser *ser);
int memfd_luo_record_check(const struct memfd_luo_ser *ser,
			   const struct memfd_luo_tree *tree);

/**
 * struct memfd_luo_adopter - a file that gets its contents
 * @inode: Its inode.
 * @batch: Folios that are next; prepared, and not in the file yet.
 * @end: Out: page index; the folios below it are in the file.
 * @missing: Pages that are charged to the file, and not accounted in it yet.
 * @group: One of the folios that are in the file and not yet in statistics.
 * @memcg: Cgroup of all of these; they are of one node and order, too.
 * @pages: How many pages these are.
 */
struct memfd_luo_adopter {
	struct inode *inode;
	struct folio_batch batch;
	pgoff_t end;
	unsigned long missing;
	struct folio *group;
	struct mem_cgroup *memcg;
	long pages;
};

/* memfd_luo_adopt.c */
int memfd_luo_adopt_begin(struct memfd_luo_adopter *adopter,
			  struct inode *inode, unsigned long pages);
int memfd_luo_adopt(struct memfd_luo_adopter *adopter,
		    const struct memfd_luo_extent *run);
int memfd_luo_adopt_end(struct memfd_luo_adopter *adopter);
void memfd_luo_abandon(struct inode *inode, struct folio *folio);

/* A domain of a record under DMA. */
struct memfd_luo_watch {
	struct iommu_luo_watch watch;
	struct memfd_luo_dma *dma;
};

/**
 * struct memfd_luo_dma - the domains that reach a memfd of the last kernel
 * @watches: One for each.
 * @nr_domains: How many of them are not gone yet.
 * @released: Queued when none is left.
 */
struct memfd_luo_dma {
	struct memfd_luo_watch watches[MEMFD_LUO_MAX_DOMAINS];
	atomic_t nr_domains;
	struct work_struct released;
};

/* memfd_luo_dma.c */
bool memfd_luo_dma_start(struct memfd_luo_dma *dma,
			 const struct memfd_luo_ser *ser, work_func_t released);
void memfd_luo_dma_hold(struct file *file);
void memfd_luo_dma_drop(struct file *file);

/**
 * struct memfd_luo_incoming - a record on its way to become a file
 * @ser: Head of the record, read only.
 * @tree: Its extents; sound.
 * @live: Folios of the record below this page index are live, and ours until
 *        the file is complete; those from here on are still KHO's.
 * @ref: Held by the file in its session, and until @dma is released.
 * @lock: Protects all below, and the building of the file.
 * @dma: Who writes to the memory.
 * @held: The file, if its folios are ours although it is complete.
 * @retrieved: The file was made.
 */
struct memfd_luo_incoming {
	const struct memfd_luo_ser *ser;
	struct memfd_luo_tree tree;
	pgoff_t live;
	refcount_t ref;
	struct mutex lock; /* see above */
	struct memfd_luo_dma dma;
	struct file *held;
	bool retrieved;
};

typedef void memfd_luo_folio_fn(struct inode *inode, struct folio *folio);

/* memfd_luo_incoming.c */
struct memfd_luo_incoming *memfd_luo_incoming_open(phys_addr_t head_pa,
						   gfp_t gfp);
bool memfd_luo_incoming_under_dma(struct memfd_luo_incoming *incoming);
void memfd_luo_incoming_finish(struct memfd_luo_incoming *incoming);

/* memfd_luo_restore.c */
int memfd_luo_incoming_build(struct memfd_luo_incoming *incoming,
			     struct file **filep);
void memfd_luo_incoming_walk(struct memfd_luo_incoming *incoming,
			     memfd_luo_folio_fn *fn, struct inode *inode);

/* The hooks; the slow parts are in memfd_luo_fill.c. */
int __memfd_luo_fill_prepare(struct inode *inode, gfp_t *gfp);
int __memfd_luo_fill(struct inode *inode, struct folio *folio);
struct memfd_luo *__memfd_luo_change_begin(struct inode *inode);
void __memfd_luo_change_end(struct memfd_luo *luo);

/**
 * memfd_luo_preserved() - is this file preserved for a live update?
 * @inode: an inode of shmem
 *
 * Then its size and the set of its holes are not to be changed. The answer is
 * stable under the inode's lock.
 *
 * Return: true if it is
 */
static inline bool memfd_luo_preserved(struct inode *inode)
{
	return unlikely(rcu_access_pointer(SHMEM_I(inode)->luo));
}

/**
 * memfd_luo_fill_prepare() - a hole of a file is about to be filled
 * @inode: an inode of shmem
 * @gfp: flags of the allocation; changed so that the memory can be preserved
 *
 * Waits while the record is frozen.
 *
 * Context: may sleep; no folio is locked.
 * Return:
 * * 0: go on
 * * -EINTR: killed while waiting
 */
static inline int memfd_luo_fill_prepare(struct inode *inode, gfp_t *gfp)
{
	return memfd_luo_preserved(inode) ?
		__memfd_luo_fill_prepare(inode, gfp) : 0;
}

/**
 * memfd_luo_fill() - a hole of a file has been filled
 * @inode: an inode of shmem
 * @folio: the folio, locked, in the page cache, not yet seen by anyone
 *
 * Records and pins the folio if the file is preserved. On failure the caller
 * removes the folio again: what is in the file is in the record.
 *
 * Context: may sleep; the folio is locked.
 * Return:
 * * 0: recorded, or nothing to do
 * * -EAGAIN: the file was preserved or frozen meanwhile, start over
 * * -ENOSPC: the preserver's RLIMIT_MEMLOCK is exhausted
 * * other negative errno: the folio cannot be preserved
 */
static inline int memfd_luo_fill(struct inode *inode, struct folio *folio)
{
	/*
	 * The folio is in the page cache before the flag is read. Pairs with
	 * the barrier in memfd_luo_attach(): either we see the flag, or the
	 * scan that comes after it sees the folio.
	 */
	smp_mb();
	return memfd_luo_preserved(inode) ? __memfd_luo_fill(inode, folio) : 0;
}

/**
 * memfd_luo_change_begin() - attributes of a file are about to change
 * @inode: an inode of shmem or not, locked
 *
 * Waits while the record is frozen, and keeps it from being frozen until
 * memfd_luo_change_end().
 *
 * Return: a cookie for memfd_luo_change_end(), %NULL if the file is not
 * preserved, or ERR_PTR(-EINTR) if killed while waiting
 */
static inline struct memfd_luo *memfd_luo_change_begin(struct inode *inode)
{
	if (!shmem_mapping(inode->i_mapping) || !memfd_luo_preserved(inode))
		return NULL;
	return __memfd_luo_change_begin(inode);
}

static inline void memfd_luo_change_end(struct memfd_luo *luo)
{
	if (!IS_ERR_OR_NULL(luo))
		__memfd_luo_change_end(luo);
}

#else /* !CONFIG_LIVEUPDATE_MEMFD */

static inline bool memfd_luo_preserved(struct inode *inode)
{
	return false;
}

static inline int memfd_luo_fill_prepare(struct inode *inode, gfp_t *gfp)
{
	return 0;
}

static inline int memfd_luo_fill(struct inode *inode, struct folio *folio)
{
	return 0;
}

static inline struct memfd_luo *memfd_luo_change_begin(struct inode *inode)
{
	return NULL;
}

static inline void memfd_luo_change_end(struct memfd_luo *luo)
{
}

#endif /* CONFIG_LIVEUPDATE_MEMFD */

DEFINE_CLASS(memfd_luo_change, struct memfd_luo *, memfd_luo_change_end(_T),
	     memfd_luo_change_begin(inode), struct inode *inode)

#endif /* _MM_MEMFD_LUO_H */
