/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update: memfds that devices write to while the kernel is replaced
 *
 * The handler of iommufd asks in the old kernel which page of memory the record
 * of a preserved memfd has for a page of the file, and notes in the record which
 * IOMMU domains reach it. In the new kernel nobody has to do anything: the
 * memory of the file stays where it is until these domains are gone.
 */
#ifndef _LINUX_MEMFD_LUO_H
#define _LINUX_MEMFD_LUO_H

#include <linux/errno.h>
#include <linux/types.h>

struct file;

#ifdef CONFIG_LIVEUPDATE_MEMFD
int memfd_luo_lookup(struct file *memfd, pgoff_t index, unsigned long *pfn,
		     unsigned long *nr_pages);
int memfd_luo_dma_add(struct file *memfd, unsigned int domain);
void memfd_luo_dma_del(struct file *memfd, unsigned int domain);
#else
static inline int memfd_luo_lookup(struct file *memfd, pgoff_t index,
				   unsigned long *pfn, unsigned long *nr_pages)
{
	return -EOPNOTSUPP;
}

static inline int memfd_luo_dma_add(struct file *memfd, unsigned int domain)
{
	return -EOPNOTSUPP;
}

static inline void memfd_luo_dma_del(struct file *memfd, unsigned int domain)
{
}
#endif

#endif /* _LINUX_MEMFD_LUO_H */
