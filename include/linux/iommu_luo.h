/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update of IOMMUs: translation that goes on through a kexec
 *
 * In the old kernel the handlers of iommufd and vfio say which domains and
 * devices stay. The next kernel finds them before any initcall, its IOMMU
 * drivers take the hardware over without turning translation off, and each
 * device is found in the domain that it was in. Nothing can be mapped or
 * unmapped in such a *restored* domain; it lives until its last device has been
 * moved to another one.
 */
#ifndef _LINUX_IOMMU_LUO_H
#define _LINUX_IOMMU_LUO_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/types.h>

struct device;
struct iommu_device;
struct iommu_domain;
struct iommu_luo_dev_ser;
struct iommu_luo_domain_ser;
struct iommu_luo_hw_ser;
struct liveupdate_flb;

/**
 * struct iommu_luo_leaf - a mapping of a domain
 * @iova: Address that the device uses.
 * @phys: Physical address.
 * @size: Bytes, a page size of the domain.
 * @prot: What the device may do: IOMMU_READ, IOMMU_WRITE.
 */
struct iommu_luo_leaf {
	u64 iova;
	phys_addr_t phys;
	u64 size;
	int prot;
};

/**
 * typedef iommu_luo_leaf_fn - what is done with a mapping of a domain
 * @leaf: The mapping.
 * @arg: The caller's.
 *
 * Return: 0 to go on; anything else ends the walk, which returns it.
 */
typedef int (*iommu_luo_leaf_fn)(const struct iommu_luo_leaf *leaf, void *arg);

/**
 * struct iommu_luo_ops - what an IOMMU driver does for live update
 * @driver: IOMMU_LUO_DRIVER_* of the records that it writes and reads.
 * @preserve_hw: Old kernel, with the first device of an IOMMU: preserves what
 *        the hardware reads when it is on its own, fills @reg_pa and @priv.
 *        Says itself, in one line, why it refuses.
 * @unpreserve_hw: Takes @preserve_hw back.
 * @preserve_domain: Old kernel: preserves all tables of a domain that does not
 *        change any more; fills all but @driver and @nr_devices. Says itself
 *        why it refuses.
 * @unpreserve_domain: Takes @preserve_domain back.
 * @preserve_device: Old kernel, when its IOMMU and domain are preserved: fills
 *        @hw_domain_id and @priv. Says itself why it refuses.
 * @unpreserve_device: Takes @preserve_device back.
 * @walk: Both kernels: calls a function for each mapping, in the order of their
 *        addresses. The domain does not change meanwhile.
 * @lookup: New kernel: finds the mapping that an address is in. The domain does
 *        not change meanwhile. Returns 0, -ENOENT if there is none, or -EOPNOTSUPP
 *        if it is not a kind of domain that @walk could walk.
 * @restore_domain: New kernel: makes a domain from its record; the tables are
 *        the domain's afterwards. Checks them, every page, before it takes the
 *        first. On failure nothing is taken, or left behind for good.
 * @restore_attach: New kernel: puts a device into a restored domain, in
 *        software: the hardware has it there already.
 * @restore_failed: New kernel: a device of which there is a record was not
 *        restored, and is stopped. Any domain can be attached afterwards.
 *
 * All of them may sleep. @preserve_hw to @unpreserve_device are called with the
 * mutex of the records held, @restore_domain to @restore_failed with that of the
 * group. @walk and @lookup: the caller keeps the domain from changing; no
 * particular lock is held. All are mandatory.
 *
 * The takeover of the hardware itself is no callback: each driver asks
 * iommu_luo_hw() in its own initialisation.
 */
struct iommu_luo_ops {
	u32 driver;
	int (*preserve_hw)(struct iommu_device *iommu,
			   struct iommu_luo_hw_ser *ser);
	void (*unpreserve_hw)(struct iommu_device *iommu,
			      struct iommu_luo_hw_ser *ser);
	int (*preserve_domain)(struct iommu_domain *domain,
			       struct iommu_luo_domain_ser *ser);
	void (*unpreserve_domain)(struct iommu_domain *domain,
				  struct iommu_luo_domain_ser *ser);
	int (*preserve_device)(struct device *dev, struct iommu_domain *domain,
			       struct iommu_luo_dev_ser *ser);
	void (*unpreserve_device)(struct device *dev,
				  struct iommu_luo_dev_ser *ser);
	int (*walk)(struct iommu_domain *domain, iommu_luo_leaf_fn fn,
		    void *arg);
	int (*lookup)(struct iommu_domain *domain, u64 iova,
		      struct iommu_luo_leaf *leaf);
	struct iommu_domain *
	(*restore_domain)(struct device *dev,
			  const struct iommu_luo_domain_ser *ser);
	int (*restore_attach)(struct iommu_domain *domain, struct device *dev,
			      const struct iommu_luo_dev_ser *ser);
	void (*restore_failed)(struct device *dev);
};

/**
 * struct iommu_luo_watch - be told when a restored domain is gone
 * @gone: Called once, when the last device has left the domain, its IOTLB is
 *        flushed and the domain is freed: the memory that was mapped in it may
 *        move from now on. Called with the mutex of the last device's group
 *        held; may sleep.
 * @list: private
 */
struct iommu_luo_watch {
	void (*gone)(struct iommu_luo_watch *watch);
	struct list_head list;
};

#ifdef CONFIG_LIVEUPDATE_IOMMU

/*
 * The FLB "iommu-v1": the records exist while a file depends on it. Every
 * handler that calls one of the functions below links it.
 */
extern struct liveupdate_flb iommu_luo_flb;

/* Old kernel */
int iommu_luo_preserve_domain(struct iommu_domain *domain, u64 *leaf_bytes);
void iommu_luo_unpreserve_domain(struct iommu_domain *domain);
int iommu_luo_domain_id(struct iommu_domain *domain);
int iommu_luo_preserve_device(struct device *dev);
void iommu_luo_unpreserve_device(struct device *dev);
int iommu_luo_walk(struct iommu_domain *domain, iommu_luo_leaf_fn fn,
		   void *arg);

/* New kernel */
struct iommu_domain *iommu_luo_restored_domain(int id);
int iommu_luo_claim(struct device *dev, void *owner);
int iommu_luo_unclaim(struct device *dev, void *owner);
bool iommu_luo_on_restored_domain(struct device *dev);
int iommu_luo_device_domain_id(struct device *dev);
int iommu_luo_verify_swap(struct device *dev, struct iommu_domain *new);
void iommu_luo_release_device(struct device *dev);
int iommu_luo_watch_domain(int id, struct iommu_luo_watch *watch);
void iommu_luo_unwatch_domain(struct iommu_luo_watch *watch);

/* For IOMMU drivers: what the previous kernel left, from mm_core_init() on */
bool iommu_luo_kho_boot(void);
const struct iommu_luo_hw_ser *iommu_luo_hw(u64 reg_pa);
const struct iommu_luo_hw_ser *iommu_luo_next_hw(u32 driver, unsigned int *pos);
const struct iommu_luo_dev_ser *iommu_luo_dev(u16 segment, u8 bus, u8 devfn);
const struct iommu_luo_dev_ser *
iommu_luo_next_dev(const struct iommu_luo_hw_ser *hw, unsigned int *pos);
const struct iommu_luo_domain_ser *
iommu_luo_dev_domain(const struct iommu_luo_dev_ser *dev);
void iommu_luo_fail_dev(const struct iommu_luo_dev_ser *dev, const char *why);
bool iommu_luo_failed_dev(const struct iommu_luo_dev_ser *dev);
void iommu_luo_fail_unrecorded(void);

/* For IOMMU drivers: is this device one that stays, in the kernel that leaves? */
struct iommu_device *iommu_luo_outgoing(u16 segment, u8 bus, u8 devfn);

#else /* !CONFIG_LIVEUPDATE_IOMMU */

static inline int iommu_luo_preserve_domain(struct iommu_domain *domain,
					    u64 *leaf_bytes)
{
	return -EOPNOTSUPP;
}

static inline void iommu_luo_unpreserve_domain(struct iommu_domain *domain)
{
}

static inline int iommu_luo_domain_id(struct iommu_domain *domain)
{
	return -ENOENT;
}

static inline int iommu_luo_preserve_device(struct device *dev)
{
	return -EOPNOTSUPP;
}

static inline void iommu_luo_unpreserve_device(struct device *dev)
{
}

static inline int iommu_luo_walk(struct iommu_domain *domain,
				 iommu_luo_leaf_fn fn, void *arg)
{
	return -EOPNOTSUPP;
}

static inline struct iommu_domain *iommu_luo_restored_domain(int id)
{
	return NULL;
}

static inline int iommu_luo_claim(struct device *dev, void *owner)
{
	return -EPERM;
}

static inline int iommu_luo_unclaim(struct device *dev, void *owner)
{
	return -EPERM;
}

static inline bool iommu_luo_on_restored_domain(struct device *dev)
{
	return false;
}

static inline int iommu_luo_device_domain_id(struct device *dev)
{
	return -ENOENT;
}

static inline int iommu_luo_verify_swap(struct device *dev,
					struct iommu_domain *new)
{
	return 0;
}

static inline void iommu_luo_release_device(struct device *dev)
{
}

static inline int iommu_luo_watch_domain(int id, struct iommu_luo_watch *watch)
{
	return -ENOENT;
}

static inline void iommu_luo_unwatch_domain(struct iommu_luo_watch *watch)
{
}

static inline bool iommu_luo_kho_boot(void)
{
	return false;
}

static inline const struct iommu_luo_hw_ser *iommu_luo_hw(u64 reg_pa)
{
	return NULL;
}

static inline const struct iommu_luo_dev_ser *
iommu_luo_dev(u16 segment, u8 bus, u8 devfn)
{
	return NULL;
}

static inline struct iommu_device *iommu_luo_outgoing(u16 segment, u8 bus,
						      u8 devfn)
{
	return NULL;
}

#endif /* CONFIG_LIVEUPDATE_IOMMU */
#endif /* _LINUX_IOMMU_LUO_H */
