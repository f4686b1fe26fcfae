// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of preserved PCI functions: seal and check
 *
 * Pure functions over memory. What comes from the previous kernel is input,
 * nothing in it is believed before it was checked. This file is also built for
 * userspace, see tools/testing/selftests/liveupdate/abi.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "pci_luo_abi.h"

/* Register bits, as <linux/pci_regs.h> has them, which userspace has not. */
#define BAR_IO			0x01
#define BAR_IO_FLAGS		0x03
#define BAR_MEM_FLAGS		0x0f
#define BAR_TYPE		0x06
#define BAR_TYPE_64		0x04
#define HEADER_NORMAL		0
#define HEADER_BRIDGE		1
#define NR_BRIDGE_BARS		2
#define BAR_IO_MIN		4
#define BAR_MEM_MIN		16
#define ROM_MIN			2048

#define crc_of(ser)							\
	(crc32_le(~0U, (const u8 *)(ser), offsetof(typeof(*(ser)), crc)))

/**
 * pci_luo_block_seal() - complete the head of a page of records
 * @block: the page
 * @count: records in it
 * @total: records in it and in all pages that follow
 * @next_pa: physical address of the next page, or 0
 *
 * Context: Any.
 */
void pci_luo_block_seal(struct pci_luo_block_ser *block, unsigned int count,
			unsigned int total, u64 next_pa)
{
	block->magic = PCI_LUO_MAGIC;
	block->version = PCI_LUO_VERSION;
	block->record_size = sizeof(struct pci_luo_fn_ser);
	block->count = count;
	block->total = total;
	block->next_pa = next_pa;
	block->reserved = 0;
	block->crc = crc_of(block);
}

/**
 * pci_luo_block_check() - can this page of records be read?
 * @block: the page
 *
 * The total falls from page to page, so a chain of good pages ends.
 *
 * Context: Any.
 * Return:
 * * 0: yes
 * * -EBADMSG: it is damaged
 * * -EPROTONOSUPPORT: it is of a version that is not ours
 */
int pci_luo_block_check(const struct pci_luo_block_ser *block)
{
	if (block->magic != PCI_LUO_MAGIC)
		return -EBADMSG;
	if (block->version != PCI_LUO_VERSION)
		return -EPROTONOSUPPORT;
	if (block->crc != crc_of(block) || block->reserved ||
	    block->record_size != sizeof(struct pci_luo_fn_ser))
		return -EBADMSG;
	if (block->total > PCI_LUO_RECORDS_MAX || block->count > block->total ||
	    block->count > PCI_LUO_BLOCK_CAPACITY)
		return -EBADMSG;
	if (block->count == block->total)
		return block->next_pa ? -EBADMSG : 0;
	if (block->count != PCI_LUO_BLOCK_CAPACITY || !block->next_pa ||
	    !IS_ALIGNED(block->next_pa, PAGE_SIZE))
		return -EBADMSG;
	return 0;
}

/**
 * pci_luo_fn_seal() - complete a record
 * @ser: everything but the checksum is set
 *
 * Context: Any.
 */
void pci_luo_fn_seal(struct pci_luo_fn_ser *ser)
{
	ser->reserved = 0;
	ser->crc = crc_of(ser);
}

static bool cap_fits(u16 cap)
{
	return !cap || (cap >= 0x40 && cap < 0x100 && !(cap & 3));
}

static bool ext_cap_fits(u16 cap)
{
	return !cap || (cap >= 0x100 && cap < 0x1000 && !(cap & 3));
}

static bool size_fits(u64 size, u64 min)
{
	return !size || (size >= min && !(size & (size - 1)));
}

static unsigned int nr_bars(const struct pci_luo_fn_ser *ser)
{
	return ser->hdr_type == HEADER_BRIDGE ? NR_BRIDGE_BARS :
						PCI_LUO_NR_BARS;
}

/* Sizes belong to BARs that are there, the upper half of one has none. */
static bool sizes_fit(const struct pci_luo_fn_ser *ser)
{
	unsigned int i, nr = nr_bars(ser);

	for (i = 0; i < PCI_LUO_NR_BARS; i++) {
		u32 bar = ser->bars[i];
		u64 size = ser->bar_sizes[i];
		bool wide = !(bar & BAR_IO) && (bar & BAR_TYPE) == BAR_TYPE_64;

		if (i >= nr && (bar || size))
			return false;
		if (!size_fits(size, bar & BAR_IO ? BAR_IO_MIN : BAR_MEM_MIN))
			return false;
		if (!size)
			continue;
		if (!wide && size > 1ULL << 31)
			return false;
		if (wide && (++i >= nr || ser->bar_sizes[i]))
			return false;
	}
	return size_fits(ser->rom_size, ROM_MIN) && ser->rom_size <= 1U << 31;
}

static bool driver_fits(const struct pci_luo_fn_ser *ser)
{
	const u8 *end = memchr(ser->driver, 0, sizeof(ser->driver));
	const u8 *p;

	if (!end)
		return false;
	for (p = end; p < ser->driver + sizeof(ser->driver); p++) {
		if (*p)
			return false;
	}
	return (end == ser->driver) == !!(ser->flags & PCI_LUO_FN_BRIDGE);
}

static bool bridge_fits(const struct pci_luo_fn_ser *ser)
{
	u8 secondary = ser->buses >> 8, subordinate = ser->buses >> 16;

	if (!(ser->flags & PCI_LUO_FN_BRIDGE))
		return ser->hdr_type == HEADER_NORMAL && !ser->buses;
	return ser->hdr_type == HEADER_BRIDGE && secondary > ser->bus &&
	       subordinate >= secondary && !(ser->buses >> 24);
}

/**
 * pci_luo_fn_check() - can this record be read?
 * @ser: the record, in a page of our version
 *
 * Context: Any.
 * Return: 0, or -EBADMSG if it is damaged.
 */
int pci_luo_fn_check(const struct pci_luo_fn_ser *ser)
{
	if (ser->crc != crc_of(ser) || ser->flags & ~PCI_LUO_FN_FLAGS)
		return -EBADMSG;
	if (ser->reserved || ser->reserved0[0] || ser->reserved0[1] ||
	    ser->reserved0[2] || ser->reserved1 || ser->reserved2)
		return -EBADMSG;
	if (!cap_fits(ser->msi_cap) || !cap_fits(ser->msix_cap) ||
	    !cap_fits(ser->exp_cap) || !ser->exp_cap ||
	    !ext_cap_fits(ser->acs_cap) || !ext_cap_fits(ser->ptm_cap))
		return -EBADMSG;
	if (!bridge_fits(ser) || !driver_fits(ser) || !sizes_fit(ser))
		return -EBADMSG;
	return 0;
}

/**
 * pci_luo_fn_is() - is this the record of the function at an address?
 * @ser: the record
 * @segment: PCI segment
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: Any.
 * Return: whether it is.
 */
bool pci_luo_fn_is(const struct pci_luo_fn_ser *ser, u16 segment, u8 bus,
		   u8 devfn)
{
	return ser->segment == segment && ser->bus == bus &&
	       ser->devfn == devfn;
}

/**
 * pci_luo_fn_same_model() - is what was found what was recorded?
 * @ser: the record
 * @vendor: vendor ID found
 * @device: device ID found
 * @class_rev: class code and revision found
 * @hdr_type: header type found
 *
 * Context: Any.
 * Return: whether it is.
 */
bool pci_luo_fn_same_model(const struct pci_luo_fn_ser *ser, u16 vendor,
			   u16 device, u32 class_rev, u8 hdr_type)
{
	return ser->vendor == vendor && ser->device == device &&
	       ser->class_rev == class_rev && ser->hdr_type == hdr_type;
}

/**
 * pci_luo_fn_masks() - what BARs would read after all ones were written
 * @ser: the record, checked
 * @bars: what the BARs read now
 * @nr: number of BARs
 * @masks: out: @nr masks, and one more for the expansion ROM
 *
 * Context: Any.
 * Return: true, or false if the BARs are not as recorded.
 */
bool pci_luo_fn_masks(const struct pci_luo_fn_ser *ser, const u32 *bars,
		      unsigned int nr, u32 *masks)
{
	unsigned int i;

	if (nr != nr_bars(ser) ||
	    memcmp(bars, ser->bars, nr * sizeof(bars[0])))
		return false;
	memset(masks, 0, nr * sizeof(masks[0]));
	for (i = 0; i < nr; i++) {
		u64 size = ser->bar_sizes[i];

		if (!size)
			continue;
		masks[i] = (u32)~(size - 1);
		if (bars[i] & BAR_IO) {
			masks[i] |= bars[i] & BAR_IO_FLAGS;
			continue;
		}
		masks[i] |= bars[i] & BAR_MEM_FLAGS;
		if ((bars[i] & BAR_TYPE) == BAR_TYPE_64) {
			masks[i + 1] = (u32)(~(size - 1) >> 32);
			i++;
		}
	}
	masks[nr] = ser->rom_size ? (u32)~(ser->rom_size - 1) : 0;
	return true;
}
