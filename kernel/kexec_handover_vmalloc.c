// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_handover_vmalloc.c - hand a vmalloc() area over to the next kernel
 *
 * The pages are preserved one by one, because vmalloc() splits what it
 * allocates; a list of chunks says where they are. The next kernel maps them
 * anew, at whatever address is free.
 */
#define pr_fmt(fmt) "KHO: " fmt

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "kexec_handover_internal.h"
/* vmap_pages_range() */
#include "../mm/internal.h"

/* an area that was restored itself carries VM_MAP_PUT_PAGES */
#define KHO_VMALLOC_SUPPORTED_FLAGS \
	(VM_ALLOC | VM_ALLOW_HUGE_VMAP | VM_MAP_PUT_PAGES)

static unsigned short vmalloc_flags_to_kho(unsigned long vm_flags)
{
	unsigned short kho_flags = 0;

	if (vm_flags & VM_ALLOC)
		kho_flags |= KHO_VMALLOC_ALLOC;
	if (vm_flags & VM_ALLOW_HUGE_VMAP)
		kho_flags |= KHO_VMALLOC_HUGE_VMAP;
	return kho_flags;
}

static unsigned long kho_flags_to_vmalloc(unsigned short kho_flags)
{
	/* the pages were not allocated, nor counted, by this vmalloc() */
	unsigned long vm_flags = VM_MAP_PUT_PAGES;

	if (kho_flags & KHO_VMALLOC_ALLOC)
		vm_flags |= VM_ALLOC;
	if (kho_flags & KHO_VMALLOC_HUGE_VMAP)
		vm_flags |= VM_ALLOW_HUGE_VMAP;
	return vm_flags;
}

static struct kho_vmalloc_chunk *chunk_at(u64 pa)
{
	return pa ? phys_to_virt(pa) : NULL;
}

static int preserve_area(struct vm_struct *vm, struct kho_vmalloc *kv,
			 struct kho_vmalloc_chunk *chunk)
{
	const unsigned int contig = 1U << kv->order;
	unsigned int slot = 0;
	int err;

	for (unsigned int i = 0; i < vm->nr_pages; i += contig) {
		if (slot == KHO_VMALLOC_CHUNK_SLOTS) {
			struct kho_vmalloc_chunk *next;

			next = kho_alloc_preserve(sizeof(*next));
			if (IS_ERR(next))
				return PTR_ERR(next);
			chunk->next_pa = virt_to_phys(next);
			chunk = next;
			slot = 0;
		}
		err = kho_preserve_pages(vm->pages[i], contig);
		if (err)
			return err;
		chunk->phys[slot++] = page_to_phys(vm->pages[i]);
	}
	return 0;
}

/**
 * kho_preserve_vmalloc() - preserve memory allocated with vmalloc()
 * @ptr: pointer to the area in vmalloc address space
 * @preservation: gets what kho_restore_vmalloc() needs in the next kernel
 *
 * NOTE: The memory allocated with vmalloc_node() variants cannot be reliably
 * restored on the same node.
 *
 * Context: as kho_preserve_range().
 * Return: 0; -EINVAL: no such area; -EOPNOTSUPP: not one of plain vmalloc(); or
 * as kho_preserve_range(). Nothing is preserved after an error.
 */
int kho_preserve_vmalloc(void *ptr, struct kho_vmalloc *preservation)
{
	struct vm_struct *vm = find_vm_area(ptr);
	struct kho_vmalloc_chunk *chunk;
	int err;

	if (!vm || !vm->nr_pages)
		return -EINVAL;
	if (vm->flags & ~KHO_VMALLOC_SUPPORTED_FLAGS)
		return -EOPNOTSUPP;

	chunk = kho_alloc_preserve(sizeof(*chunk));
	if (IS_ERR(chunk))
		return PTR_ERR(chunk);

	preservation->first.phys = virt_to_phys(chunk);
	preservation->total_pages = vm->nr_pages;
	preservation->flags = vmalloc_flags_to_kho(vm->flags);
	preservation->order = get_vm_area_page_order(vm);

	err = preserve_area(vm, preservation, chunk);
	if (err)
		kho_unpreserve_vmalloc(preservation);
	return err;
}
EXPORT_SYMBOL_GPL(kho_preserve_vmalloc);

/**
 * kho_unpreserve_vmalloc() - take back kho_preserve_vmalloc()
 * @preservation: what it filled in; empty afterwards
 *
 * Context: as kho_unpreserve_range().
 * Return: 0, or the first error of kho_unpreserve_pages(), which means that
 * somebody else has taken back a part of the area.
 */
int kho_unpreserve_vmalloc(struct kho_vmalloc *preservation)
{
	struct kho_vmalloc_chunk *next, *chunk;
	int err, ret = 0;

	for (chunk = chunk_at(preservation->first.phys); chunk; chunk = next) {
		for (int i = 0; i < KHO_VMALLOC_CHUNK_SLOTS && chunk->phys[i]; i++) {
			err = kho_unpreserve_range(PHYS_PFN(chunk->phys[i]),
						   1UL << preservation->order);
			ret = ret ?: err;
		}
		next = chunk_at(chunk->next_pa);
		kho_unpreserve_free(chunk);
	}
	preservation->first.phys = 0;
	return ret;
}
EXPORT_SYMBOL_GPL(kho_unpreserve_vmalloc);

/* Is there a page at @pa that the previous kernel preserved? */
static bool incoming_at(u64 pa, unsigned long nr)
{
	return PAGE_ALIGNED(pa) && kho_is_incoming(PHYS_PFN(pa), nr);
}

/*
 * Fills @pages from the chunks, or, if that is NULL, finds out whether they could
 * be filled. Believes nothing, and changes nothing.
 */
static bool find_pages(const struct kho_vmalloc *kv, struct page **pages)
{
	const unsigned int contig = 1U << kv->order;
	const struct kho_vmalloc_chunk *chunk;
	unsigned int i, idx = 0;
	u64 next = kv->first.phys;

	while (next) {
		if (!incoming_at(next, 1))
			return false;
		chunk = phys_to_virt(next);
		next = chunk->next_pa;

		for (i = 0; i < KHO_VMALLOC_CHUNK_SLOTS && chunk->phys[i]; i++) {
			if (kv->total_pages - idx < contig ||
			    !incoming_at(chunk->phys[i], contig))
				return false;
			for (unsigned int j = 0; pages && j < contig; j++)
				pages[idx + j] = phys_to_page(chunk->phys[i]) + j;
			idx += contig;
		}
		cond_resched();
		/* only the last chunk is not full, so a list that loops ends */
		if (next && i < KHO_VMALLOC_CHUNK_SLOTS)
			return false;
	}
	return idx == kv->total_pages;
}

static struct vm_struct *map_pages(const struct kho_vmalloc *kv,
				   struct page **pages)
{
	const unsigned long size = (unsigned long)kv->total_pages << PAGE_SHIFT;
	const unsigned int shift = PAGE_SHIFT + kv->order;
	struct vm_struct *area;
	unsigned long addr;

	area = __get_vm_area_node(size, 1UL << shift, shift,
				  kho_flags_to_vmalloc(kv->flags),
				  VMALLOC_START, VMALLOC_END, NUMA_NO_NODE,
				  GFP_KERNEL, __builtin_return_address(0));
	if (!area)
		return NULL;

	addr = (unsigned long)area->addr;
	if (vmap_pages_range(addr, addr + get_vm_area_size(area), PAGE_KERNEL,
			     pages, shift)) {
		free_vm_area(area);
		return NULL;
	}

	area->addr = kasan_unpoison_vmalloc(area->addr, size,
					    KASAN_VMALLOC_PROT_NORMAL |
					    KASAN_VMALLOC_VM_ALLOC);
	area->nr_pages = kv->total_pages;
	area->pages = pages;
	return area;
}

static bool restore_pages(const struct kho_vmalloc *kv, struct page **pages)
{
	const unsigned int contig = 1U << kv->order;

	for (unsigned int i = 0; i < kv->total_pages; i += contig) {
		if (kho_restore_range(page_to_pfn(pages[i]), contig, 0)) {
			/* the same page twice, or it is restored elsewhere */
			while (i)
				__free_page(pages[--i]);
			return false;
		}
	}
	return true;
}

static void free_chunks(const struct kho_vmalloc *kv)
{
	struct kho_vmalloc_chunk *chunk, *next;

	for (chunk = chunk_at(kv->first.phys); chunk; chunk = next) {
		next = chunk_at(chunk->next_pa);
		kho_restore_free(chunk);
	}
}

/**
 * kho_restore_vmalloc() - recreate a vmalloc() area from preserved memory
 * @preservation: what kho_preserve_vmalloc() of the previous kernel filled in
 *
 * Everything that may fail for lack of memory comes before the first page is
 * taken over, so that the call may be repeated.
 *
 * Context: sleeps.
 * Return: the area, to be freed with vfree(), or NULL.
 */
void *kho_restore_vmalloc(const struct kho_vmalloc *preservation)
{
	const struct kho_vmalloc *kv = preservation;
	struct vm_struct *area;
	struct page **pages;

	if (kv->flags & ~(KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP) ||
	    kv->order > MAX_PAGE_ORDER || !kv->total_pages ||
	    kv->total_pages > get_num_physpages() ||
	    !IS_ALIGNED(kv->total_pages, 1U << kv->order) ||
	    !find_pages(kv, NULL))
		return NULL;

	pages = kvmalloc_array(kv->total_pages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;

	/* a page may have been restored elsewhere meanwhile */
	if (!find_pages(kv, pages))
		goto err_free_pages;

	area = map_pages(kv, pages);
	if (!area)
		goto err_free_pages;

	if (!restore_pages(kv, pages))
		goto err_free_area;

	free_chunks(kv);
	return area->addr;

err_free_area:
	free_vm_area(area);
err_free_pages:
	kvfree(pages);
	return NULL;
}
EXPORT_SYMBOL_GPL(kho_restore_vmalloc);
