// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serialised form: encode, decode, validate
 *
 * Pure functions over memory: no locks, no live objects, no allocation. What
 * comes from the previous kernel is input, nothing in it is believed before it
 * was checked. This file is also built for userspace and run under sanitizers,
 * see tools/testing/selftests/liveupdate/abi.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "luo_abi.h"

/**
 * luo_abi_name_check() - is this the name of a session?
 * @name: LUO_SER_NAME_LENGTH bytes
 *
 * Context: Any.
 * Return: 0, or -EINVAL if it is empty or not terminated.
 */
int luo_abi_name_check(const u8 *name)
{
	if (!name[0] || !memchr(name, 0, LUO_SER_NAME_LENGTH))
		return -EINVAL;
	return 0;
}

static int luo_abi_version_parse(const char *digits, unsigned int *version)
{
	unsigned int value = 0;

	if (*digits < '1' || *digits > '9')
		return -EINVAL;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9' || value > 99999999)
			return -EINVAL;
		value = value * 10 + (*digits - '0');
	}
	*version = value;
	return 0;
}

/**
 * luo_abi_compatible_parse() - split "name-vN"
 * @compatible: LUO_SER_COMPATIBLE_LENGTH bytes
 * @name_len: out: length of the name part, bytes
 * @version: out: N, at least 1
 *
 * Context: Any.
 * Return: 0, or -EINVAL if it does not have that form.
 */
int luo_abi_compatible_parse(const char *compatible, unsigned int *name_len,
			     unsigned int *version)
{
	const char *dash;

	if (!memchr(compatible, 0, LUO_SER_COMPATIBLE_LENGTH))
		return -EINVAL;
	dash = strrchr(compatible, '-');
	if (!dash || dash == compatible || dash[1] != 'v')
		return -EINVAL;
	*name_len = dash - compatible;
	return luo_abi_version_parse(dash + 2, version);
}

/**
 * luo_abi_header_seal() - complete a header
 * @header: its counts, addresses and generation are set
 *
 * Context: Any.
 */
void luo_abi_header_seal(struct luo_header_ser *header)
{
	header->magic = LUO_HEADER_MAGIC;
	header->version = LUO_HEADER_VERSION;
	header->size = sizeof(*header);
	header->page_size = PAGE_SIZE;
	header->reserved = 0;
	header->crc = luo_abi_crc(header);
}

static bool luo_abi_pa_fits(u64 pa, u64 nr)
{
	return nr ? pa && IS_ALIGNED(pa, PAGE_SIZE) : !pa;
}

/**
 * luo_abi_header_check() - can this header be read?
 * @header: the header
 * @size: bytes that can be read behind @header
 *
 * Context: Any.
 * Return:
 * * 0: yes
 * * -EBADMSG: truncated or damaged
 * * -EPROTONOSUPPORT: of a version, or a page size, that is not ours
 */
int luo_abi_header_check(const struct luo_header_ser *header, size_t size)
{
	if (size < sizeof(*header) || header->magic != LUO_HEADER_MAGIC)
		return -EBADMSG;
	if (header->version != LUO_HEADER_VERSION)
		return -EPROTONOSUPPORT;
	if (header->size != sizeof(*header) || header->reserved ||
	    header->crc != luo_abi_crc(header))
		return -EBADMSG;
	if (header->page_size != PAGE_SIZE)
		return -EPROTONOSUPPORT;
	if (header->nr_sessions > LUO_SER_SESSIONS_MAX ||
	    header->nr_riders > LUO_SER_SESSIONS_MAX ||
	    header->nr_files > LUO_SER_FILES_MAX ||
	    header->nr_flbs > LUO_SER_FLBS_MAX)
		return -EBADMSG;
	if (!luo_abi_pa_fits(header->sessions_pa, header->nr_sessions) ||
	    !luo_abi_pa_fits(header->riders_pa, header->nr_riders) ||
	    !luo_abi_pa_fits(header->flbs_pa, header->nr_flbs))
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_session_seal() - complete the record of a session
 * @ser: name, address, count and generation are set
 *
 * Context: Any.
 */
void luo_abi_session_seal(struct luo_session_ser *ser)
{
	ser->version = LUO_RECORD_VERSION;
	ser->reserved = 0;
	ser->reserved2 = 0;
	ser->crc = luo_abi_crc(ser);
}

/**
 * luo_abi_session_check() - can this record of a session be read?
 * @ser: the record
 *
 * Context: Any.
 * Return: 0, -EBADMSG if it is damaged, -EPROTONOSUPPORT if it is of a version
 * that is not ours.
 */
int luo_abi_session_check(const struct luo_session_ser *ser)
{
	if (ser->crc != luo_abi_crc(ser))
		return -EBADMSG;
	if (ser->version != LUO_RECORD_VERSION)
		return -EPROTONOSUPPORT;
	if (ser->reserved || ser->reserved2 ||
	    luo_abi_name_check(ser->name) ||
	    ser->nr_files > LUO_SER_FILES_MAX ||
	    !luo_abi_pa_fits(ser->files_pa, ser->nr_files))
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_file_seal() - complete the record of a file
 * @ser: everything but version and checksum is set
 *
 * Context: Any.
 */
void luo_abi_file_seal(struct luo_file_ser *ser)
{
	ser->version = LUO_RECORD_VERSION;
	ser->reserved = 0;
	ser->crc = luo_abi_crc(ser);
}

/**
 * luo_abi_file_check() - can this record of a file be read?
 * @ser: the record
 *
 * Context: Any.
 * Return: as luo_abi_session_check().
 */
int luo_abi_file_check(const struct luo_file_ser *ser)
{
	unsigned int name_len, version;

	if (ser->crc != luo_abi_crc(ser))
		return -EBADMSG;
	if (ser->version != LUO_RECORD_VERSION)
		return -EPROTONOSUPPORT;
	if (ser->flags & ~LUO_FILE_SER_HANDED_OUT || ser->reserved ||
	    luo_abi_compatible_parse((const char *)ser->compatible, &name_len,
				     &version))
		return -EBADMSG;
	return 0;
}

/**
 * luo_abi_flb_seal() - complete the record of an FLB
 * @ser: everything but version and checksum is set
 *
 * Context: Any.
 */
void luo_abi_flb_seal(struct luo_flb_ser *ser)
{
	ser->version = LUO_RECORD_VERSION;
	ser->reserved = 0;
	ser->crc = luo_abi_crc(ser);
}

/**
 * luo_abi_flb_check() - can this record of an FLB be read?
 * @ser: the record
 *
 * Context: Any.
 * Return: as luo_abi_session_check().
 */
int luo_abi_flb_check(const struct luo_flb_ser *ser)
{
	unsigned int name_len, version;

	if (ser->crc != luo_abi_crc(ser))
		return -EBADMSG;
	if (ser->version != LUO_RECORD_VERSION)
		return -EPROTONOSUPPORT;
	if (ser->reserved || ser->slot >= LUO_SER_FLBS_MAX ||
	    !ser->nr_files || ser->nr_files > LUO_SER_FILES_MAX ||
	    luo_abi_compatible_parse((const char *)ser->compatible, &name_len,
				     &version))
		return -EBADMSG;
	return 0;
}
