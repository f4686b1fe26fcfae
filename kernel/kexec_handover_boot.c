// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_boot.c - the memory map while Kexec HandOver boots
 *
 * Records which memory this kernel was booted with, and reserves what the
 * previous kernel preserved. The tree of the previous kernel is input: every
 * address is checked against the memory map before it is used. It is read in
 * three passes (how many pages has the tree, which are they, which runs of
 * pages are preserved), and each run costs one reservation.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/init.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "kexec_handover_internal.h"

/* pages [start, end) */
struct kho_boot_range {
	unsigned long start;
	unsigned long end;
};

static struct kho_boot_range *boot_ranges __ro_after_init;
static unsigned int nr_boot_ranges __ro_after_init;

/*
 * Only memory that firmware reports at boot is known to the next kernel before
 * it starts its allocators. Memory that is added later is not.
 */
void __init kho_record_boot_memory(void)
{
	struct kho_boot_range *last = NULL;
	phys_addr_t start, end;
	u64 i;

	boot_ranges = memblock_alloc(memblock.memory.cnt * sizeof(*boot_ranges),
				     SMP_CACHE_BYTES);
	if (!boot_ranges)
		panic("KHO: no memory to record the memory map");

	for_each_mem_range(i, &start, &end) {
		if (last && last->end == PFN_UP(start)) {
			last->end = PFN_DOWN(end);
			continue;
		}
		last = &boot_ranges[nr_boot_ranges++];
		last->start = PFN_UP(start);
		last->end = PFN_DOWN(end);
	}
}

/* Was all of [pfn, pfn + nr) there when this kernel booted? */
bool kho_is_boot_memory(unsigned long pfn, unsigned long nr)
{
	unsigned int low = 0, high = nr_boot_ranges, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (pfn < boot_ranges[mid].start)
			high = mid;
		else if (pfn >= boot_ranges[mid].end)
			low = mid + 1;
		else
			return nr <= boot_ranges[mid].end - pfn;
	}
	return false;
}

/**
 * struct kho_reserve - the reservation of preserved memory
 * @visitor: walks the tree
 * @node_pfn: pages of the tree, sorted once they are all known
 * @nr_nodes: their number
 * @next_node: index of the first one that is not reserved yet
 * @nr_runs: runs of preserved pages
 * @bulk: the reservation in memblock
 */
struct kho_reserve {
	struct kho_tree_visitor visitor;
	unsigned long *node_pfn;
	unsigned long nr_nodes;
	unsigned long next_node;
	unsigned long nr_runs;
	struct memblock_bulk bulk;
};

static struct kho_reserve *to_reserve(struct kho_tree_visitor *v)
{
	return container_of(v, struct kho_reserve, visitor);
}

static int __init check_node(struct kho_tree_visitor *v, phys_addr_t pa,
			     int level)
{
	struct kho_reserve *r = to_reserve(v);

	if (!PAGE_ALIGNED(pa) || !kho_is_boot_memory(PHYS_PFN(pa), 1) ||
	    kho_scratch_overlap(pa, PAGE_SIZE)) {
		pr_err("page of the tree at %pa is not usable memory\n", &pa);
		return -EINVAL;
	}
	/* a page that is linked twice is found later; this ends the walk */
	if (++r->nr_nodes > PHYS_PFN(memblock_phys_mem_size())) {
		pr_err("the tree has more pages than there is memory\n");
		return -EINVAL;
	}
	return 0;
}

static int __init check_run(struct kho_tree_visitor *v, unsigned long pfn,
			    unsigned long nr)
{
	to_reserve(v)->nr_runs++;

	if (!kho_is_boot_memory(pfn, nr) ||
	    kho_scratch_overlap(PFN_PHYS(pfn), PFN_PHYS(nr))) {
		pr_err("preserved pages %#lx+%#lx are not usable memory\n",
		       pfn, nr);
		return -EINVAL;
	}
	return 0;
}

static int __init collect_node(struct kho_tree_visitor *v, phys_addr_t pa,
			       int level)
{
	struct kho_reserve *r = to_reserve(v);
	void *node = phys_to_virt(pa);

	r->node_pfn[r->next_node++] = PHYS_PFN(pa);
	set_page_private(virt_to_page(node), kho_tree_weight(node, level));
	return 0;
}

static int __init reserve_run(struct kho_reserve *r, unsigned long pfn,
			      unsigned long nr, enum memblock_flags flags)
{
	int err = memblock_bulk_reserve_add(&r->bulk, PFN_PHYS(pfn),
					    PFN_PHYS(nr), flags);

	if (err)
		pr_err("cannot reserve pages %#lx+%#lx: %pe\n", pfn, nr,
		       ERR_PTR(err));
	return err;
}

/*
 * Reserves the pages of the tree that lie below @pfn. They become PG_reserved, so
 * that whoever wants to move or to offline memory keeps off them at once.
 */
static int __init reserve_nodes(struct kho_reserve *r, unsigned long pfn)
{
	int err;

	while (r->next_node < r->nr_nodes && r->node_pfn[r->next_node] < pfn) {
		err = reserve_run(r, r->node_pfn[r->next_node++], 1,
				  MEMBLOCK_NONE);
		if (err)
			return err;
	}
	return 0;
}

static int __init reserve_next(struct kho_tree_visitor *v, unsigned long pfn,
			       unsigned long nr)
{
	struct kho_reserve *r = to_reserve(v);

	return reserve_nodes(r, pfn) ?:
	       reserve_run(r, pfn, nr, MEMBLOCK_RSRV_NOINIT);
}

static int __init compare_pfn(const void *a, const void *b)
{
	const unsigned long *l = a, *r = b;

	return *l < *r ? -1 : *l > *r;
}

static int __init reserve_tree(struct kho_reserve *r, phys_addr_t root_pa)
{
	int err;

	r->visitor = (struct kho_tree_visitor){ .node = collect_node };
	err = kho_tree_walk(root_pa, &r->visitor);
	if (err)
		return err;
	sort(r->node_pfn, r->nr_nodes, sizeof(*r->node_pfn), compare_pfn, NULL);

	err = memblock_bulk_reserve_begin(&r->bulk, r->nr_runs + r->nr_nodes);
	if (err)
		return err;

	r->next_node = 0;
	r->visitor = (struct kho_tree_visitor){ .run = reserve_next };
	err = kho_tree_walk(root_pa, &r->visitor) ?:
	      reserve_nodes(r, ULONG_MAX);
	if (!err)
		memblock_bulk_reserve_end(&r->bulk);
	return err;
}

/**
 * kho_reserve_incoming() - reserve what the previous kernel preserved
 * @root_pa: the tree of the previous kernel
 *
 * Context: once, at boot, before the page allocator is there.
 * Return: 0, or why not everything is reserved; then the boot cannot go on (F7).
 */
int __init kho_reserve_incoming(phys_addr_t root_pa)
{
	struct kho_reserve r = {
		.visitor = { .node = check_node, .run = check_run },
	};
	int err;

	err = kho_tree_walk(root_pa, &r.visitor);
	if (err)
		return err;

	r.node_pfn = memblock_alloc(r.nr_nodes * sizeof(*r.node_pfn),
				    SMP_CACHE_BYTES);
	if (!r.node_pfn)
		return -ENOMEM;

	err = reserve_tree(&r, root_pa);
	memblock_free(r.node_pfn, r.nr_nodes * sizeof(*r.node_pfn));
	if (err)
		return err;

	kho_tracker_adopt(&kho_incoming, phys_to_virt(root_pa));
	pr_info("%lu runs of pages preserved, %lu pages to track them\n",
		r.nr_runs, r.nr_nodes);
	return 0;
}
