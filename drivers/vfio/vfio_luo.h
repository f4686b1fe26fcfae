/* SPDX-License-Identifier: GPL-2.0-only */
/* Live update of VFIO devices: what the handler and the takeover share */
#ifndef __VFIO_LUO_H__
#define __VFIO_LUO_H__

#include <linux/kho/abi/vfio.h>
#include <linux/types.h>

struct file;
struct liveupdate_file_op_args;
struct pci_dev;

/**
 * struct vfio_luo_in - a device file that was retrieved, until FINISH
 * @ser: the record, sound
 * @iommufd: the context that it was bound to, and will be again
 */
struct vfio_luo_in {
	const struct vfio_pci_luo_ser *ser;
	struct file *iommufd;
};

u32 vfio_luo_record_crc(const struct vfio_pci_luo_ser *ser);
int vfio_luo_retrieve(struct liveupdate_file_op_args *args);
bool vfio_luo_can_finish(struct liveupdate_file_op_args *args);
void vfio_luo_finish(struct liveupdate_file_op_args *args);

#endif
