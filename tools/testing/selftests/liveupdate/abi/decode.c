// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects that luo_decode.c makes, as far as it can see them
 *
 * They keep nothing but counts. What luo_decode.c promises them is checked: names
 * that end, locks that are held, a number of records that memory can hold.
 */
#include <linux/err.h>

#include "fuzz.h"

/* More files than a chain has room for that does not bite its tail. */
#define MOST_FILES	4096

static unsigned int objects_left;

void decode_start(unsigned int objects)
{
	objects_left = objects;
}

static bool no_memory(void)
{
	if (!objects_left)
		return true;
	objects_left--;
	return false;
}

struct mutex *mutex_hold(struct mutex *lock)
{
	fuzz_check(!lock->held);
	lock->held = true;
	return lock;
}

void mutex_drop(struct mutex **lock)
{
	fuzz_check((*lock)->held);
	(*lock)->held = false;
}

static bool set_has(const struct luo_session_set *set, const char *name,
		    u64 generation)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		if (!strcmp(set->sessions[i].name, name) &&
		    set->sessions[i].ser.generation == generation)
			return true;
	}
	return false;
}

struct liveupdate_session *
luo_session_receive(struct luo_session_set *set, const char *name,
		    const struct luo_session_ser *ser)
{
	struct liveupdate_session *session = &set->sessions[set->nr];

	fuzz_check(name[0]);
	fuzz_check(strnlen(name, LUO_SER_NAME_LENGTH) < LUO_SER_NAME_LENGTH);
	if (set_has(set, name, ser->generation))
		return ERR_PTR(-EEXIST);
	if (set->nr == SET_SESSIONS || no_memory())
		return ERR_PTR(-ENOMEM);
	memset(session, 0, sizeof(*session));
	strcpy(session->name, name);
	session->ser = *ser;
	set->nr++;
	return session;
}

void luo_session_set_damaged(struct liveupdate_session *session)
{
	fuzz_check(session->lock.held);
	session->damaged = true;
}

static void compatible_check(const u8 *compatible)
{
	const char *name = (const char *)compatible;
	unsigned int name_len, version;

	fuzz_check(!luo_abi_compatible_parse(name, &name_len, &version));
	fuzz_check(name_len && name_len < LUO_SER_COMPATIBLE_LENGTH);
	fuzz_check(strlen(name) < LUO_SER_COMPATIBLE_LENGTH);
	fuzz_check(name[name_len] == '-' && version);
}

int luo_fileset_add(struct liveupdate_session *session,
		    const struct luo_file_ser *ser)
{
	fuzz_check(session->lock.held);
	fuzz_check(++session->nr_files <= session->ser.nr_files);
	fuzz_check(session->nr_files < MOST_FILES);
	if (luo_abi_file_check(ser)) {
		session->damaged = true;
		return 0;
	}
	compatible_check(ser->compatible);
	return no_memory() ? -ENOMEM : 0;
}

int luo_flb_incoming_add(const struct luo_flb_ser *ser)
{
	fuzz_check(ser->slot < LUO_SER_FLBS_MAX && ser->nr_files);
	compatible_check(ser->compatible);
	return no_memory() ? -ENOMEM : 0;
}

void luo_flb_attach_all(void)
{
}
