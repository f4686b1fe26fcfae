// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves folios of a memfd to where they may stay.
 *
 * memfd_pin_folios() does this too, but goes on for as long as somebody else
 * has one of them isolated, and nothing ends that. Here each attempt ends, so
 * that whoever is killed, or in the way of reboot(2), gets to know.
 */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagevec.h>
#include <linux/swap.h>

#include "internal.h"
#include "memfd_luo.h"

/* Takes over the reference of the caller. */
static void move_isolate(struct folio *folio, struct list_head *list)
{
	if (folio_isolate_lru(folio)) {
		list_add_tail(&folio->lru, list);
		node_stat_mod_folio(folio,
				    NR_ISOLATED_ANON + folio_is_file_lru(folio),
				    folio_nr_pages(folio));
	}
	folio_put(folio);
}

/**
 * memfd_luo_move() - make one attempt to move folios
 * @fbatch: folios in the page cache, with references, which this takes over
 * @again: the last attempt was no success
 *
 * A folio moves if it is on an LRU list, and if nobody else holds a reference.
 * The new one is not in CMA, nor in ZONE_MOVABLE.
 *
 * Context: may sleep; no folio is locked. Under memalloc_pin_save().
 * Return:
 * * 0: all of them have moved
 * * -EAGAIN: one of them has not; look which, and try again
 * * -ENOMEM: no memory to move them to
 */
int memfd_luo_move(struct folio_batch *fbatch, bool again)
{
	struct migration_target_control mtc = {
		.nid = NUMA_NO_NODE,
		.gfp_mask = GFP_USER | __GFP_NOWARN,
		.reason = MR_LONGTERM_PIN,
	};
	unsigned int i, nr = folio_batch_count(fbatch), isolated;
	LIST_HEAD(list);
	int err;

	/* New folios are on their way to the LRU, in the batch of a CPU. */
	if (again)
		lru_add_drain_all();
	else
		lru_add_drain();
	for (i = 0; i < nr; i++)
		move_isolate(fbatch->folios[i], &list);
	folio_batch_reinit(fbatch);
	isolated = list_count_nodes(&list);
	if (!isolated)
		return -EAGAIN;
	err = migrate_pages(&list, alloc_migration_target, NULL,
			    (unsigned long)&mtc, MIGRATE_SYNC, MR_LONGTERM_PIN,
			    NULL);
	putback_movable_pages(&list);
	if (err < 0)
		return err;
	return err || isolated < nr ? -EAGAIN : 0;
}
