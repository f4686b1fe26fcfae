// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_preserve.c - hand memory over to the next kernel
 *
 * Everything that is preserved is in one tracker, from the call that preserves
 * it to the call that takes that back. The next kernel reads it as it is at the
 * jump: there is no step between preserving and kexec.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "kexec_handover_internal.h"

struct kho_tracker kho_outgoing;

/*
 * Memory that the next kernel finds at boot: the page allocator may hand out
 * pages that were added later, low memory practically never is.
 */
static struct folio *alloc_boot_folio(gfp_t gfp, unsigned int order)
{
	struct folio *folio = folio_alloc(gfp, order);

	if (!folio || kho_is_boot_memory(folio_pfn(folio), 1UL << order))
		return folio;

	folio_put(folio);
	folio = folio_alloc(gfp | GFP_DMA32, order);
	if (!folio || kho_is_boot_memory(folio_pfn(folio), 1UL << order))
		return folio;

	folio_put(folio);
	return NULL;
}

static void *outgoing_alloc_node(void)
{
	struct folio *folio = alloc_boot_folio(GFP_KERNEL | __GFP_ZERO, 0);

	return folio ? folio_address(folio) : NULL;
}

static void outgoing_free_node(void *node)
{
	free_page((unsigned long)node);
}

/* Starts the tree of what this kernel hands over. */
int __init kho_outgoing_start(void)
{
	kho_tracker_init(&kho_outgoing, outgoing_alloc_node,
			 outgoing_free_node);
	return kho_tracker_start(&kho_outgoing);
}

/* Takes that back, when nobody else has used it yet. */
void __init kho_outgoing_stop(void)
{
	kho_tracker_destroy(&kho_outgoing);
}

/**
 * kho_preserve_range() - preserve a run of folios of one order
 * @pfn: first page
 * @nr_pages: number of pages, all folios together
 * @order: order of each folio
 *
 * The caller keeps the memory until it is unpreserved, or for good.
 *
 * Context: sleeps; waits, killably, between kho_freeze() and kho_thaw().
 * Return:
 * * %0
 * * %-EINVAL - no such run; or memory that the next kernel overwrites (scratch)
 *   or does not know at boot (hot-added)
 * * %-EEXIST - one of the pages is preserved already; nothing changed
 * * %-EOPNOTSUPP - KHO is off
 * * %-ENOMEM, %-EINTR
 */
int kho_preserve_range(unsigned long pfn, unsigned long nr_pages,
		       unsigned int order)
{
	if (!kho_outgoing.root)
		return -EOPNOTSUPP;
	if (!kho_range_valid(pfn, nr_pages) || order > MAX_FOLIO_ORDER)
		return -EINVAL;

	if (kho_scratch_overlap(PFN_PHYS(pfn), PFN_PHYS(nr_pages)) ||
	    !kho_is_boot_memory(pfn, nr_pages)) {
		pr_warn_ratelimited("pages %#lx+%#lx cannot be preserved: scratch or hot-added\n",
				    pfn, nr_pages);
		return -EINVAL;
	}
	return kho_tracker_add(&kho_outgoing, pfn, nr_pages, order);
}
EXPORT_SYMBOL_GPL(kho_preserve_range);

/**
 * kho_unpreserve_range() - take back kho_preserve_range()
 * @pfn: first page
 * @nr_pages: number of pages, also of several runs, or of a part of one; whole
 *	      folios
 *
 * Context: sleeps; waits between kho_freeze() and kho_thaw().
 * Return: 0; -ENOENT: one of the pages is not preserved, nothing changed;
 * -EINVAL: that would cut a folio in two.
 */
int kho_unpreserve_range(unsigned long pfn, unsigned long nr_pages)
{
	if (!kho_outgoing.root)
		return -ENOENT;
	return kho_tracker_del(&kho_outgoing, pfn, nr_pages);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_range);

/**
 * kho_is_preserved() - will the next kernel find this page?
 * @pfn: page
 *
 * Context: sleeps.
 * Return: true if the page is preserved at this moment.
 */
bool kho_is_preserved(unsigned long pfn)
{
	return kho_tracker_covers(&kho_outgoing, pfn, 1);
}
EXPORT_SYMBOL_GPL(kho_is_preserved);

/**
 * kho_is_preserved_range() - will the next kernel find all of these pages?
 * @pfn: first page
 * @nr_pages: number of pages
 *
 * Context: sleeps.
 * Return: true if all of them are preserved at this moment.
 */
bool kho_is_preserved_range(unsigned long pfn, unsigned long nr_pages)
{
	return kho_tracker_covers(&kho_outgoing, pfn, nr_pages);
}
EXPORT_SYMBOL_GPL(kho_is_preserved_range);

/**
 * kho_preserve_folio() - preserve a folio across kexec
 * @folio: folio to preserve
 *
 * To be restored with kho_restore_folio().
 *
 * Context: as kho_preserve_range().
 * Return: as kho_preserve_range().
 */
int kho_preserve_folio(struct folio *folio)
{
	return kho_preserve_range(folio_pfn(folio), folio_nr_pages(folio),
				  folio_order(folio));
}
EXPORT_SYMBOL_GPL(kho_preserve_folio);

/**
 * kho_unpreserve_folio() - take back kho_preserve_folio()
 * @folio: the folio
 *
 * Context: as kho_unpreserve_range().
 * Return: as kho_unpreserve_range().
 */
int kho_unpreserve_folio(struct folio *folio)
{
	return kho_unpreserve_range(folio_pfn(folio), folio_nr_pages(folio));
}
EXPORT_SYMBOL_GPL(kho_unpreserve_folio);

/**
 * kho_preserve_pages() - preserve consecutive order-0 pages across kexec
 * @page: first page
 * @nr_pages: number of pages
 *
 * To be restored with kho_restore_pages(), also piece by piece.
 *
 * Context: as kho_preserve_range().
 * Return: as kho_preserve_range().
 */
int kho_preserve_pages(struct page *page, unsigned long nr_pages)
{
	return kho_preserve_range(page_to_pfn(page), nr_pages, 0);
}
EXPORT_SYMBOL_GPL(kho_preserve_pages);

/**
 * kho_unpreserve_pages() - take back kho_preserve_pages()
 * @page: first page
 * @nr_pages: number of pages
 *
 * Context: as kho_unpreserve_range().
 * Return: as kho_unpreserve_range().
 */
int kho_unpreserve_pages(struct page *page, unsigned long nr_pages)
{
	return kho_unpreserve_range(page_to_pfn(page), nr_pages);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_pages);

/**
 * kho_alloc_preserve_gfp() - allocate memory that the next kernel finds
 * @size: bytes; rounded up to a power of two pages
 * @gfp: how; with %__GFP_ZERO the memory is zeroed
 *
 * The memory is physically contiguous. Give it back with
 * kho_unpreserve_free(), or with kho_restore_free() in the next kernel.
 *
 * Context: sleeps.
 * Return: the memory, or ERR_PTR() as of kho_preserve_range().
 */
void *kho_alloc_preserve_gfp(size_t size, gfp_t gfp)
{
	struct folio *folio;
	int err;

	if (!kho_outgoing.root)
		return ERR_PTR(-EOPNOTSUPP);
	if (!size || size > PAGE_SIZE << MAX_PAGE_ORDER)
		return ERR_PTR(-EINVAL);

	folio = alloc_boot_folio(gfp, get_order(size));
	if (!folio)
		return ERR_PTR(-ENOMEM);

	err = kho_preserve_folio(folio);
	if (err) {
		folio_put(folio);
		return ERR_PTR(err);
	}
	return folio_address(folio);
}
EXPORT_SYMBOL_GPL(kho_alloc_preserve_gfp);

/**
 * kho_alloc_preserve() - the same, zeroed and charged to the caller
 * @size: bytes; rounded up to a power of two pages
 *
 * Context: sleeps.
 * Return: the memory, or ERR_PTR() as of kho_preserve_range().
 */
void *kho_alloc_preserve(size_t size)
{
	return kho_alloc_preserve_gfp(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}
EXPORT_SYMBOL_GPL(kho_alloc_preserve);

/**
 * kho_unpreserve_free() - free memory of kho_alloc_preserve()
 * @mem: the memory, or NULL
 *
 * Context: as kho_unpreserve_range().
 */
void kho_unpreserve_free(void *mem)
{
	struct folio *folio;

	if (!mem)
		return;

	folio = virt_to_folio(mem);
	if (!WARN_ON_ONCE(kho_unpreserve_folio(folio)))
		folio_put(folio);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_free);

/**
 * kho_freeze() - let nothing change until the jump
 *
 * From here to kho_thaw() everyone else who preserves, unpreserves, or changes
 * a subtree waits. The caller itself must do none of it.
 *
 * Context: sleeps, killably, until calls that are under way are done.
 * Return: 0; -EINTR: killed; -EBUSY: frozen already.
 */
int kho_freeze(void)
{
	return kho_outgoing.root ? kho_tracker_freeze(&kho_outgoing) : 0;
}
EXPORT_SYMBOL_GPL(kho_freeze);

/**
 * kho_thaw() - end kho_freeze()
 *
 * Context: sleeps.
 */
void kho_thaw(void)
{
	if (!kho_outgoing.root)
		return;
	kho_carry_stop();
	kho_tracker_thaw(&kho_outgoing);
}
EXPORT_SYMBOL_GPL(kho_thaw);
