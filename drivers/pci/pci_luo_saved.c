// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update: the saved state of a function in a form that crosses a kexec
 *
 * First the 16 dwords of the header, then for each saved capability its number,
 * whether it is an extended one, its size in bytes, and its registers. All in
 * units of 4 bytes.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>

#include "pci.h"

struct pci_luo_saved_cap {
	u16 cap_nr;
	u16 extended;
	u32 size;
	u32 data[];
};

/* Bytes, or a negative errno */
static int cap_write(const struct pci_cap_saved_data *cap, void *buf,
		     size_t room)
{
	struct pci_luo_saved_cap *ser = buf;
	size_t data = ALIGN(cap->size, sizeof(u32));

	if (room < sizeof(*ser) + data)
		return -E2BIG;
	memset(ser, 0, sizeof(*ser) + data);
	ser->cap_nr = cap->cap_nr;
	ser->extended = cap->cap_extended;
	ser->size = cap->size;
	memcpy(ser->data, cap->data, cap->size);
	return sizeof(*ser) + data;
}

static int caps_write(struct pci_dev *pdev, void *buf, size_t room)
{
	struct pci_cap_saved_state *cap;
	size_t used = 0;

	hlist_for_each_entry(cap, &pdev->saved_cap_space, next) {
		int ret = cap_write(&cap->cap, buf + used, room - used);

		if (ret < 0)
			return ret;
		used += ret;
	}
	return used;
}

/**
 * pci_luo_saved_state_write() - write a saved state down for the next kernel
 * @pdev: a function, of which no other saved state is in use
 * @state: from pci_store_saved_state()
 * @buf: where to, aligned to 4 bytes
 * @size: room there
 *
 * Context: May sleep.
 * Return: bytes written, or -E2BIG, or -EINVAL if it is not of this function
 */
int pci_luo_saved_state_write(struct pci_dev *pdev,
			      struct pci_saved_state *state, void *buf,
			      size_t size)
{
	const size_t header = sizeof(pdev->saved_config_space);
	bool saved = pdev->state_saved;
	int ret;

	if (size < header)
		return -E2BIG;
	ret = pci_load_saved_state(pdev, state);
	pdev->state_saved = saved;
	if (ret)
		return ret;
	memcpy(buf, pdev->saved_config_space, header);
	ret = caps_write(pdev, buf + header, size - header);
	return ret < 0 ? ret : ret + header;
}
EXPORT_SYMBOL_GPL(pci_luo_saved_state_write);

/* Return: bytes, or a negative errno */
static int cap_read(struct pci_dev *pdev, const void *buf, size_t room)
{
	const struct pci_luo_saved_cap *ser = buf;
	struct pci_cap_saved_state *cap;

	if (room < sizeof(*ser) || ser->extended > 1 ||
	    ser->size > room - sizeof(*ser))
		return -EBADMSG;
	cap = ser->extended ? pci_find_saved_ext_cap(pdev, ser->cap_nr) :
			      pci_find_saved_cap(pdev, ser->cap_nr);
	if (!cap || cap->cap.size != ser->size)
		return -EBADMSG;
	memcpy(cap->cap.data, ser->data, ser->size);
	return sizeof(*ser) + ALIGN(ser->size, sizeof(u32));
}

/**
 * pci_luo_saved_state_read() - the saved state that the last kernel wrote down
 * @pdev: a function, of which no other saved state is in use
 * @buf: what pci_luo_saved_state_write() has written
 * @size: bytes of it
 *
 * The registers of the function are neither read nor written.
 *
 * Context: May sleep.
 * Return: as pci_store_saved_state(), or an ERR_PTR: -ENOMEM, or -EBADMSG if it
 * does not fit the function
 */
struct pci_saved_state *pci_luo_saved_state_read(struct pci_dev *pdev,
						 const void *buf, size_t size)
{
	const size_t header = sizeof(pdev->saved_config_space);
	struct pci_saved_state *state;
	bool saved = pdev->state_saved;
	size_t used = header;

	if (size < header)
		return ERR_PTR(-EBADMSG);
	memcpy(pdev->saved_config_space, buf, header);
	while (used < size) {
		int ret = cap_read(pdev, buf + used, size - used);

		if (ret < 0)
			return ERR_PTR(ret);
		used += ret;
	}
	pdev->state_saved = true;
	state = pci_store_saved_state(pdev);
	pdev->state_saved = saved;
	return state ?: ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(pci_luo_saved_state_read);
