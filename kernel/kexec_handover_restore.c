// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_restore.c - take over memory from the previous kernel
 *
 * What the previous kernel preserved and nobody has taken over yet is in one
 * tracker, which is the tree of the previous kernel itself. Restoring takes
 * memory out of it, so nothing is restored twice, and what is never restored
 * stays reserved.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/io.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/pgalloc_tag.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "kexec_handover_internal.h"
/* prep_compound_page() */
#include "../mm/internal.h"

struct kho_tracker kho_incoming;

/* A page of the previous kernel's tree becomes an ordinary free page. */
static void incoming_free_node(void *node)
{
	/* memory that comes back before there is an allocator is not worth it */
	if (slab_is_available())
		free_reserved_page(virt_to_page(node));
}

void __init kho_incoming_init(void)
{
	kho_tracker_init(&kho_incoming, NULL, incoming_free_node);
}

/**
 * kho_is_incoming() - did the previous kernel preserve this, for us to restore?
 * @pfn: first page
 * @nr_pages: number of pages
 *
 * Context: sleeps.
 * Return: true if all of it was preserved and none of it is restored yet.
 */
bool kho_is_incoming(unsigned long pfn, unsigned long nr_pages)
{
	return kho_tracker_covers(&kho_incoming, pfn, nr_pages);
}
EXPORT_SYMBOL_GPL(kho_is_incoming);

static void restore_page(struct page *page, int count)
{
	/* set where this kernel had reserved it before, see memblock.c */
	if (unlikely(PageReserved(page)))
		ClearPageReserved(page);
	clear_page_tag_ref(page);
	set_page_count(page, count);
}

static void restore_block(struct page *page, unsigned int order)
{
	restore_page(page, 1);
	if (!order)
		return;

	for (unsigned long i = 1; i < 1UL << order; i++)
		restore_page(page + i, 0);
	prep_compound_page(page, order);
}

/*
 * The reserves of the zones follow from their sizes. They are worked out again
 * after many small runs at once, not after each of them.
 */
static void update_reserves(struct work_struct *work)
{
	adjust_managed_page_count(ZERO_PAGE(0), 0);
}
static DECLARE_DELAYED_WORK(reserves_work, update_reserves);

static void restored_count(struct zone *zone, unsigned long nr)
{
	atomic_long_add(nr, &zone->managed_pages);
	totalram_pages_add(nr);
	schedule_delayed_work(&reserves_work, HZ / 10);
}

/**
 * kho_restore_range() - restore a run of folios of one order
 * @pfn: first page
 * @nr_pages: number of pages, all folios together
 * @order: order of each folio
 *
 * The run may be a part of what was preserved in one call. Each folio gets a
 * reference count of one and belongs to the caller.
 *
 * Context: sleeps.
 * Return: 0; -ENOENT: not all of it was preserved, or some was restored before;
 * -EINVAL: preserved, but not as folios of @order. Nothing changed then.
 */
int kho_restore_range(unsigned long pfn, unsigned long nr_pages,
		      unsigned int order)
{
	const unsigned long end = pfn + nr_pages;
	unsigned long first = pfn;
	struct zone *zone;
	int err;

	if (!kho_incoming.root)
		return -ENOENT;
	if (order > MAX_FOLIO_ORDER)
		return -EINVAL;

	err = kho_tracker_claim(&kho_incoming, pfn, nr_pages, order);
	if (err)
		return err;

	/* one change of the counters for each zone */
	zone = page_zone(pfn_to_page(pfn));
	for (; pfn < end; pfn += 1UL << order) {
		struct page *page = pfn_to_page(pfn);

		if (page_zone(page) != zone) {
			restored_count(zone, pfn - first);
			zone = page_zone(page);
			first = pfn;
		}
		restore_block(page, order);
	}
	restored_count(zone, end - first);
	return 0;
}
EXPORT_SYMBOL_GPL(kho_restore_range);

/**
 * kho_claim_range() - take over memory that stays reserved
 * @pfn: first page
 * @nr_pages: number of pages, preserved one by one
 *
 * For memory that never was the page allocator's, in neither kernel.
 *
 * Context: sleeps.
 * Return: 0; -ENOENT: not all of it was preserved, or some was taken before;
 * -EINVAL: preserved as larger blocks. Nothing changed then.
 */
int kho_claim_range(unsigned long pfn, unsigned long nr_pages)
{
	if (!kho_incoming.root)
		return -ENOENT;
	return kho_tracker_claim(&kho_incoming, pfn, nr_pages, 0);
}

/**
 * kho_restore_folio() - recreate a folio from the preserved memory
 * @phys: physical address of the folio
 *
 * Context: sleeps.
 * Return: the folio, as large as it was, or NULL if none was preserved there.
 */
struct folio *kho_restore_folio(phys_addr_t phys)
{
	const unsigned long pfn = PHYS_PFN(phys);
	unsigned long nr = kho_tracker_block_pages(&kho_incoming, pfn);

	if (!PAGE_ALIGNED(phys) || !is_power_of_2(nr) ||
	    kho_restore_range(pfn, nr, ilog2(nr)))
		return NULL;
	return pfn_folio(pfn);
}
EXPORT_SYMBOL_GPL(kho_restore_folio);

/**
 * kho_restore_pages() - recreate consecutive order-0 pages
 * @phys: physical address of the first page
 * @nr_pages: number of pages
 *
 * Context: sleeps.
 * Return: the first page, or NULL if not all of them were preserved.
 */
struct page *kho_restore_pages(phys_addr_t phys, unsigned long nr_pages)
{
	if (!PAGE_ALIGNED(phys) ||
	    kho_restore_range(PHYS_PFN(phys), nr_pages, 0))
		return NULL;
	return pfn_to_page(PHYS_PFN(phys));
}
EXPORT_SYMBOL_GPL(kho_restore_pages);

/**
 * kho_restore_free() - free what the previous kernel got of kho_alloc_preserve()
 * @mem: address of the memory in this kernel, or NULL
 *
 * Context: sleeps.
 */
void kho_restore_free(void *mem)
{
	struct folio *folio;

	if (!mem)
		return;

	folio = kho_restore_folio(virt_to_phys(mem));
	if (folio)
		folio_put(folio);
	else
		pr_err("nothing to free at %p\n", mem);
}
EXPORT_SYMBOL_GPL(kho_restore_free);

/*
 * F18: memory that somebody counts on does not go. Where pages may be of any kind
 * their isolation fails before this is asked. In ZONE_MOVABLE, and this kernel may
 * have one where the previous one had none, they would be tried without an end.
 */
static int memory_going_offline(struct notifier_block *nb, unsigned long action,
				void *data)
{
	struct memory_notify *arg = data;

	if (action != MEM_GOING_OFFLINE)
		return NOTIFY_OK;

	if (kho_tracker_intersects(&kho_incoming, arg->start_pfn,
				   arg->nr_pages) ||
	    kho_tracker_intersects(&kho_outgoing, arg->start_pfn,
				   arg->nr_pages)) {
		pr_info("pages %#lx+%#lx stay online: some of them are preserved\n",
			arg->start_pfn, arg->nr_pages);
		return notifier_from_errno(-EBUSY);
	}
	return NOTIFY_OK;
}

static int __init kho_memory_notifier_init(void)
{
	return hotplug_memory_notifier(memory_going_offline,
				       DEFAULT_CALLBACK_PRI);
}
fs_initcall(kho_memory_notifier_init);
