/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the live update of IOMMUs
 *
 * Locks, outermost first:
 *
 * ===================== ======================================================
 * iommu_luo_out_lock    The records that this kernel makes for the next one.
 * iommu_group.mutex     Which domain a group uses, and who owns it.
 * iommu_luo_in_lock     The domains that were restored, and who watches them.
 * ===================== ======================================================
 *
 * What the previous kernel recorded is read once, during boot, and does not
 * change afterwards, but for the mark that a device failed.
 */
#ifndef _IOMMU_LUO_H
#define _IOMMU_LUO_H

#include <linux/iommu.h>
#include <linux/iommu_luo.h>
#include <linux/kho/abi/iommu.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct iommu_group;

/* Old kernel: iommu_luo_record.c */
extern struct mutex iommu_luo_out_lock;

struct iommu_luo_entry_ser *iommu_luo_entry_new(u32 type);
void iommu_luo_entry_seal(struct iommu_luo_entry_ser *entry);
void iommu_luo_entry_free(struct iommu_luo_entry_ser *entry);
u32 iommu_luo_entry_crc(const struct iommu_luo_entry_ser *entry);
u32 iommu_luo_head_crc(const struct iommu_luo_head_ser *head);

/* Old kernel: iommu_luo.c */

/**
 * struct iommu_luo_out - something that stays
 * @list: on the list of all of them
 * @key: the struct iommu_device, iommu_domain or device
 * @users: who preserved the domain, or devices of the IOMMU
 * @entry: its record
 */
struct iommu_luo_out {
	struct list_head list;
	void *key;
	unsigned int users;
	struct iommu_luo_entry_ser *entry;
};

struct iommu_luo_out *iommu_luo_out_find(u32 type, const void *key);
struct iommu_luo_out *iommu_luo_out_new(u32 type, void *key);
void iommu_luo_out_publish(struct iommu_luo_out *out);
void iommu_luo_out_free(struct iommu_luo_out *out);

/* iommu_luo_leaves.c */
int iommu_luo_check_leaves(struct iommu_domain *domain,
			   const struct iommu_luo_ops *ops,
			   bool (*good)(unsigned long pfn,
					unsigned long nr_pages),
			   u64 *bytes);

/* New kernel: iommu_luo_early.c */
void iommu_luo_early_init(void);
int iommu_luo_early_error(void);
void iommu_luo_early_free(void);
const struct iommu_luo_entry_ser *iommu_luo_entry(u32 index, u32 type);
int iommu_luo_check_head(const struct iommu_luo_head_ser *head);
bool iommu_luo_check_entry(const struct iommu_luo_entry_ser *entry, u32 index);
unsigned int iommu_luo_check_links(struct iommu_luo_entry_ser *entries,
				   u32 nr);

/* New kernel: iommu_luo_restore.c */
int iommu_luo_restored_id(const struct iommu_domain *domain);
void iommu_luo_left(struct iommu_domain *old);

#ifdef CONFIG_LIVEUPDATE_IOMMU
struct iommu_domain *iommu_luo_restore(struct device *dev);
void iommu_luo_refuse(struct device *dev);
#else
static inline void iommu_luo_refuse(struct device *dev) { }
#endif

static inline bool iommu_luo_is_restored(const struct iommu_domain *domain)
{
	return IS_ENABLED(CONFIG_LIVEUPDATE_IOMMU) && domain &&
	       domain->cookie_type == IOMMU_COOKIE_LIVEUPDATE;
}

/* iommu.c */
struct iommu_domain *iommu_luo_group_domain(struct device *dev);
bool iommu_luo_group_single(struct device *dev);

#endif /* _IOMMU_LUO_H */
