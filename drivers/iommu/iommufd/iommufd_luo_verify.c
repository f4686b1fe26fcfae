// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update of iommufd: a preserved domain reaches nothing but memory of
 * memfds that are preserved in the same session
 *
 * That something is mapped does not mean that it is in the file: a page that
 * was punched out of the file stays mapped and pinned, and the next kernel
 * would give it to somebody else under DMA. So each mapping of the domain, as
 * the IOMMU has it, is compared with the record of the memfd; what iommufd knows
 * says only where to look. And there is no mapping that iommufd does not know.
 */
#define pr_fmt(fmt) "iommufd: live update: " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/liveupdate.h>
#include <linux/memfd_luo.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "iommufd_luo.h"

/**
 * struct iommufd_luo_verify - state of a walk
 * @iopt: what iommufd knows
 * @hwpt: object id, for the log
 * @area: where the last mapping was
 * @file: the file of the run below
 * @index: page index
 * @pfn: what the record of @file has there
 * @nr_pages: length of the run
 * @bytes: mapped so far
 * @calls: for a look around now and then
 */
struct iommufd_luo_verify {
	struct io_pagetable *iopt;
	u32 hwpt;
	struct iopt_area *area;
	struct file *file;
	pgoff_t index;
	unsigned long pfn;
	unsigned long nr_pages;
	u64 bytes;
	unsigned int calls;
};

static int verify_interrupted(struct iommufd_luo_verify *verify)
{
	if (++verify->calls % SZ_1K)
		return 0;
	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	return liveupdate_reboot_waits() ? -ERESTART : 0;
}

static int verify_find_area(struct iommufd_luo_verify *verify, u64 iova)
{
	struct iopt_area *area = verify->area;

	if (area && iova >= iopt_area_iova(area) &&
	    iova <= iopt_area_last_iova(area))
		return 0;
	verify->area = iopt_area_iter_first(verify->iopt, iova, iova);
	if (verify->area)
		return 0;
	pr_err("HWPT %u: IOVA %#llx is mapped, but not by a map ioctl\n",
	       verify->hwpt, iova);
	return -EFAULT;
}

/* Finds the run of the record that @index of the file is in. */
static int verify_find_run(struct iommufd_luo_verify *verify,
			   struct file *file, pgoff_t index)
{
	int err;

	if (verify->file == file && index >= verify->index &&
	    index - verify->index < verify->nr_pages)
		return 0;
	err = memfd_luo_lookup(file, index, &verify->pfn, &verify->nr_pages);
	verify->file = err ? NULL : file;
	verify->index = index;
	return err;
}

/* Return: how many bytes from @iova on are as recorded, or a negative errno */
static s64 verify_piece(struct iommufd_luo_verify *verify, u64 iova,
			phys_addr_t phys)
{
	struct iopt_pages *pages;
	pgoff_t index, ahead;
	u64 byte;
	int err;

	err = verify_find_area(verify, iova);
	if (err)
		return err;
	pages = verify->area->pages;
	byte = pages->start + iopt_area_start_byte(verify->area, iova);
	index = byte >> PAGE_SHIFT;
	err = verify_find_run(verify, pages->file, index);
	ahead = index - verify->index;
	if (err || PFN_PHYS(verify->pfn + ahead) + offset_in_page(byte) != phys) {
		pr_err("HWPT %u: IOVA %#llx reaches a page that is not in %pD any more\n",
		       verify->hwpt, iova, pages->file);
		return -ESTALE;
	}
	return min(((u64)(verify->nr_pages - ahead) << PAGE_SHIFT) -
		   offset_in_page(byte),
		   iopt_area_last_iova(verify->area) - iova + 1);
}

static int verify_leaf(const struct iommu_luo_leaf *leaf, void *arg)
{
	struct iommufd_luo_verify *verify = arg;
	u64 done;
	s64 ret;

	for (done = 0; done < leaf->size; done += ret) {
		ret = verify_piece(verify, leaf->iova + done, leaf->phys + done);
		if (ret < 0)
			return ret;
	}
	verify->bytes += leaf->size;
	return verify_interrupted(verify);
}

/* Is all that is mapped memory of preserved files? Adds the bytes up. */
static int verify_areas(struct iommufd_luo_out *out,
			struct io_pagetable *iopt, u64 *bytes)
{
	struct iopt_area *area;
	u64 token;

	for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
	     area = iopt_area_iter_next(area, 0, ULONG_MAX)) {
		struct iopt_pages *pages = area->pages;

		if (pages->type != IOPT_ADDRESS_FILE) {
			pr_err("IOVA %#lx is memory of a process, not of a memfd\n",
			       iopt_area_iova(area));
			return -EOPNOTSUPP;
		}
		if (liveupdate_get_token_outgoing(out->session, pages->file,
						  &token)) {
			pr_err("IOVA %#lx is memory of %pD, which is not preserved in this session\n",
			       iopt_area_iova(area), pages->file);
			return -EXDEV;
		}
		*bytes += iopt_area_length(area);
	}
	return 0;
}

/* The areas do not change, but somebody may be looking at them, for long. */
static int areas_lock(struct io_pagetable *iopt)
{
	int err = 0;

	while (!err && !down_read_trylock(&iopt->iova_rwsem))
		err = liveupdate_wait();
	return err;
}

static void areas_unlock(struct io_pagetable *iopt)
{
	up_read(&iopt->iova_rwsem);
}

static int verify_locked(struct iommufd_luo_out *out,
			 struct iommufd_hwpt_paging *hwpt, u64 *bytes)
{
	struct iommufd_luo_verify verify = {
		.iopt = &hwpt->ioas->iopt,
		.hwpt = hwpt->common.obj.id,
	};
	int err;

	*bytes = 0;
	err = verify_areas(out, verify.iopt, bytes);
	if (err)
		return err;
	err = iommu_luo_walk(hwpt->common.domain, verify_leaf, &verify);
	if (err == -EOPNOTSUPP)
		pr_err("HWPT %u: its IOMMU driver cannot do it\n", verify.hwpt);
	if (err)
		return err;
	if (verify.bytes != *bytes) {
		pr_err("HWPT %u: %llu bytes are mapped, and not %llu\n",
		       verify.hwpt, verify.bytes, *bytes);
		return -EFAULT;
	}
	return 0;
}

/**
 * iommufd_luo_verify() - can a domain reach preserved memory only?
 * @out: the context, frozen
 * @hwpt: with the domain
 * @bytes: out: how much is mapped in it
 *
 * Context: May sleep; takes long for a large domain.
 * Return:
 * * 0: yes
 * * -EOPNOTSUPP: memory of a process is mapped, or the IOMMU driver cannot
 * * -EXDEV: a file is mapped that is not preserved in this session
 * * -ESTALE: a page is mapped that is not in the file any more
 * * -EFAULT: something is mapped that iommufd does not know of, or not mapped
 *   although it should be
 * * -EINTR, -ERESTART: killed, or reboot(2) waits
 */
int iommufd_luo_verify(struct iommufd_luo_out *out,
		       struct iommufd_hwpt_paging *hwpt, u64 *bytes)
{
	int err = areas_lock(&hwpt->ioas->iopt);

	if (err)
		return err;
	err = verify_locked(out, hwpt, bytes);
	areas_unlock(&hwpt->ioas->iopt);
	return err;
}

static bool dep_exists(struct iommufd_luo_out *out, struct file *file,
		       int domain)
{
	struct iommufd_luo_dep *dep;

	list_for_each_entry(dep, &out->deps, list)
		if (file_inode(dep->file) == file_inode(file) &&
		    dep->domain == domain)
			return true;
	return false;
}

static void dep_del(struct iommufd_luo_out *out, struct iommufd_luo_dep *dep)
{
	liveupdate_undepend_outgoing(out->session, dep->token);
	list_del(&dep->list);
	fput(dep->file);
	kfree(dep);
}

static int dep_add(struct iommufd_luo_out *out, struct file *file, int domain)
{
	struct iommufd_luo_dep *dep;
	int err;

	dep = kzalloc(sizeof(*dep), GFP_KERNEL_ACCOUNT);
	if (!dep)
		return -ENOMEM;
	err = liveupdate_depend_outgoing(out->session, file, &dep->token);
	if (err) {
		kfree(dep);
		return err;
	}
	dep->file = get_file(file);
	dep->domain = domain;
	list_add(&dep->list, &out->deps);
	err = memfd_luo_dma_add(file, domain);
	if (!err)
		return 0;
	if (err == -E2BIG)
		pr_err("more domains reach %pD than its record has room for\n",
		       file);
	dep_del(out, dep);
	return err;
}

static int depend_locked(struct iommufd_luo_out *out, struct io_pagetable *iopt,
			 int domain)
{
	struct iopt_area *area;
	int err;

	for (area = iopt_area_iter_first(iopt, 0, ULONG_MAX); area;
	     area = iopt_area_iter_next(area, 0, ULONG_MAX)) {
		struct file *file = area->pages->file;

		if (dep_exists(out, file, domain))
			continue;
		err = dep_add(out, file, domain);
		if (err)
			return err;
	}
	return 0;
}

/**
 * iommufd_luo_depend() - note which memfds a domain reaches
 * @out: the context
 * @hwpt: with the domain, verified and preserved
 *
 * Neither can be un-preserved before the context is.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, -E2BIG: of more domains than a memfd can have, -EINTR,
 * -ERESTART: see liveupdate_wait(); what was noted until then stays noted.
 */
int iommufd_luo_depend(struct iommufd_luo_out *out,
		       struct iommufd_hwpt_paging *hwpt)
{
	struct io_pagetable *iopt = &hwpt->ioas->iopt;
	int err = areas_lock(iopt);

	if (err)
		return err;
	err = depend_locked(out, iopt,
			    iommu_luo_domain_id(hwpt->common.domain));
	areas_unlock(iopt);
	return err;
}

/**
 * iommufd_luo_undepend() - take all of iommufd_luo_depend() back
 * @out: the context
 *
 * Context: May sleep.
 */
void iommufd_luo_undepend(struct iommufd_luo_out *out)
{
	struct iommufd_luo_dep *dep, *next;

	list_for_each_entry_safe(dep, next, &out->deps, list) {
		memfd_luo_dma_del(dep->file, dep->domain);
		dep_del(out, dep);
	}
}
