/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Userspace interface of the Live Update Orchestrator
 *
 * A session is a named set of open files that survives a kexec. Sessions
 * are made, and after the kexec taken back, through /dev/liveupdate; files
 * are put into a session and taken out of it through the session's own file
 * descriptor. Documentation/userspace-api/liveupdate.rst is the tutorial.
 */
#ifndef _UAPI_LINUX_LIVEUPDATE_H
#define _UAPI_LINUX_LIVEUPDATE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Extensible structures
 *
 * Every ioctl takes a pointer to a structure whose first member, size, is the
 * size of the structure as the caller knows it, in bytes.
 *
 *  - A caller's structure that is longer than the kernel's must be zero beyond
 *    what the kernel knows, otherwise the call fails with E2BIG.
 *  - A caller's structure that is shorter than the kernel's (but not shorter
 *    than the first version) is taken as if it was followed by zeroes.
 *  - The reply is as long as the shorter of the two.
 *
 * Errors that every ioctl can give: ENOTTY for a number that is not known,
 * EFAULT for a structure that cannot be read or written (the call is undone),
 * EINVAL for a size that is too small, a reserved member that is not zero and
 * a command that does not fit the kind of the session, ENOMEM; EMFILE and
 * ENFILE if it returns a descriptor; EINTR if the caller is killed.
 */

/* The type of all ioctls of this interface, ioctl-number.rst has the range. */
#define LIVEUPDATE_IOCTL_TYPE		0xBA

/* Bytes of the name of a session, the terminating NUL included. */
#define LIVEUPDATE_SESSION_NAME_LENGTH	64

/**
 * DOC: Observers
 *
 * /dev/liveupdate is open for writing by one program at a time. Opened with
 * O_RDONLY it is an observer: there may be any number of them, beside the one,
 * and they may only list. Their other ioctls fail with EBADF.
 *
 * poll(2) says POLLPRI on the device when the state of any session or file has
 * changed, on a session when its own or that of one of its files has, since
 * that open file was made or last asked for the first element of a list (@id or
 * @token of 0).
 */

/* Commands of /dev/liveupdate. */
enum {
	LIVEUPDATE_CMD_BASE = 0x00,
	LIVEUPDATE_CMD_CREATE_SESSION = LIVEUPDATE_CMD_BASE,
	LIVEUPDATE_CMD_RETRIEVE_SESSION = 0x01,
	LIVEUPDATE_CMD_LIST_SESSION = 0x20,
	LIVEUPDATE_CMD_DISCARD_SESSION = 0x21,
	LIVEUPDATE_CMD_LIST_FILE = 0x22,
};

/* Commands of a session. */
enum {
	LIVEUPDATE_CMD_SESSION_BASE = 0x40,
	LIVEUPDATE_CMD_SESSION_PRESERVE_FD = LIVEUPDATE_CMD_SESSION_BASE,
	LIVEUPDATE_CMD_SESSION_RETRIEVE_FD = 0x41,
	LIVEUPDATE_CMD_SESSION_FINISH = 0x42,
	LIVEUPDATE_CMD_SESSION_GET_NAME = 0x43,
	LIVEUPDATE_CMD_SESSION_UNPRESERVE_FD = 0x60,
	LIVEUPDATE_CMD_SESSION_LIST_FILE = 0x61,
};

/**
 * enum liveupdate_direction - where a session goes, or comes from
 * @LIVEUPDATE_OUTGOING: To the next kernel.
 * @LIVEUPDATE_INCOMING: From the previous kernel.
 */
enum liveupdate_direction {
	LIVEUPDATE_OUTGOING = 0,
	LIVEUPDATE_INCOMING = 1,
};

/**
 * enum liveupdate_session_state - what a session is
 * @LIVEUPDATE_SESSION_OPEN: Somebody has a file descriptor of it.
 * @LIVEUPDATE_SESSION_WAITING: Incoming, it can be retrieved.
 * @LIVEUPDATE_SESSION_DAMAGED: Incoming, its record cannot be read.
 */
enum liveupdate_session_state {
	LIVEUPDATE_SESSION_OPEN = 1,
	LIVEUPDATE_SESSION_WAITING = 2,
	LIVEUPDATE_SESSION_DAMAGED = 3,
};

/* Some records of the files of this session could not be read. */
#define LIVEUPDATE_SESSION_INCOMPLETE	(1 << 0)
/* The takeover is over, LIVEUPDATE_SESSION_FINISH has succeeded. */
#define LIVEUPDATE_SESSION_FINISHED	(1 << 1)

/**
 * enum liveupdate_file_state - what a file is
 * @LIVEUPDATE_FILE_PRESERVED: Outgoing, it goes along.
 * @LIVEUPDATE_FILE_WAITING: Incoming, it was not retrieved so far.
 * @LIVEUPDATE_FILE_RETRIEVED: Incoming, somebody has it, or had it.
 * @LIVEUPDATE_FILE_FAILED: Incoming, its handler refused it for good.
 * @LIVEUPDATE_FILE_QUARANTINED: Incoming, its record cannot be read.
 * @LIVEUPDATE_FILE_HANDED_OUT: Incoming, an earlier kernel gave it to somebody,
 *      whose it was from then on: it did not come along.
 */
enum liveupdate_file_state {
	LIVEUPDATE_FILE_PRESERVED = 1,
	LIVEUPDATE_FILE_WAITING = 2,
	LIVEUPDATE_FILE_RETRIEVED = 3,
	LIVEUPDATE_FILE_FAILED = 4,
	LIVEUPDATE_FILE_QUARANTINED = 5,
	LIVEUPDATE_FILE_HANDED_OUT = 6,
};

/* Bytes of what names the kind and version of a file, the NUL included. */
#define LIVEUPDATE_HANDLER_NAME_LENGTH	48

/**
 * struct liveupdate_ioctl_create_session - ioctl(LIVEUPDATE_IOCTL_CREATE_SESSION)
 * @size: sizeof(struct liveupdate_ioctl_create_session)
 * @fd: Out: the file descriptor of the new session, close-on-exec.
 * @name: In: the name of the session, NUL-terminated and not empty.
 *
 * Makes an empty outgoing session. It lives as long as its file descriptor is
 * open somewhere; closing the last one un-preserves everything in it.
 *
 * Return: 0, or -1 with errno EINVAL (name empty or not terminated), EEXIST
 * (an outgoing session has this name), ENOSPC (limit of sessions reached).
 */
struct liveupdate_ioctl_create_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_CREATE_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_CREATE_SESSION)

/**
 * struct liveupdate_ioctl_retrieve_session - ioctl(LIVEUPDATE_IOCTL_RETRIEVE_SESSION)
 * @size: sizeof(struct liveupdate_ioctl_retrieve_session)
 * @fd: Out: the file descriptor of the session, close-on-exec.
 * @name: In: the name that the session was created with.
 *
 * Takes over a session of the previous kernel. Incoming sessions have a name
 * space of their own, apart from outgoing ones. A session that was not taken over
 * in one kernel rides along to the next; if there are two of one name then the
 * newest that waits is retrieved.
 *
 * Return: 0, or -1 with errno ENOENT (no such session), EINVAL (retrieved
 * already and still open; name empty or not terminated), EIO (what the
 * previous kernel left cannot be read), EBADMSG (the record of this session
 * is damaged, or of a version that this kernel does not read).
 */
struct liveupdate_ioctl_retrieve_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_RETRIEVE_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_RETRIEVE_SESSION)

/**
 * struct liveupdate_ioctl_discard_session - ioctl(LIVEUPDATE_IOCTL_DISCARD_SESSION)
 * @size: sizeof(struct liveupdate_ioctl_discard_session)
 * @reserved: Must be zero.
 * @name: In: the name of the session.
 *
 * Gives up an incoming session that nobody has open. What can be finished is
 * finished; what cannot, because its record is damaged or its handler is not
 * there, is forgotten, and its memory stays reserved until the next kexec.
 *
 * Return: 0, or -1 with errno EINVAL (name empty or not terminated), ENOENT (no
 * such session), EBUSY (it is open, or a handler cannot finish yet; nothing was
 * finished).
 */
struct liveupdate_ioctl_discard_session {
	__u32 size;
	__u32 reserved;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_DISCARD_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_DISCARD_SESSION)

/**
 * struct liveupdate_ioctl_list_session - ioctl(LIVEUPDATE_IOCTL_LIST_SESSION)
 * @size: sizeof(struct liveupdate_ioctl_list_session)
 * @direction: In: enum liveupdate_direction.
 * @id: In: the smallest that is asked for, 0 to begin with. Out: that of the
 *      session found; the next call asks for one more. Never used again for
 *      another session, but it is not carried over a kexec.
 * @generation: Out: the live update that carried the session first, counted from
 *      the cold boot; of an outgoing one: that will carry it.
 * @nr_files: Out: number of files in it.
 * @state: Out: enum liveupdate_session_state.
 * @flags: Out: LIVEUPDATE_SESSION_INCOMPLETE, LIVEUPDATE_SESSION_FINISHED.
 * @name: Out: its name, padded with zeroes.
 *
 * Sessions come in the order of their creation, incoming ones in that of their
 * creation in the previous kernel. One that comes or goes between two calls is
 * or is not listed, all others are listed once. Observers may call this.
 *
 * Return: 0, or -1 with errno ENOENT (no further session), EINVAL (@direction),
 * EIO (incoming: what the previous kernel left cannot be read).
 */
struct liveupdate_ioctl_list_session {
	__u32 size;
	__u32 direction;
	__aligned_u64 id;
	__aligned_u64 generation;
	__aligned_u64 nr_files;
	__u32 state;
	__u32 flags;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_LIST_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_LIST_SESSION)

/**
 * struct liveupdate_list_file - ioctl(LIVEUPDATE_IOCTL_LIST_FILE) and
 *      ioctl(LIVEUPDATE_SESSION_LIST_FILE)
 * @size: sizeof(struct liveupdate_list_file)
 * @direction: On the device: In: enum liveupdate_direction. On a session: In:
 *      zero; Out: that of the session.
 * @session: On the device: In: @id of the session, from
 *      LIVEUPDATE_IOCTL_LIST_SESSION. On a session: In: zero; Out: its @id.
 * @token: In: the smallest that is asked for, 0 to begin with. Out: that of the
 *      file found; the next call asks for one more.
 * @memory: Out: bytes of memory that are preserved for its contents, as far as
 *      its handler knows; 0 if that is not there.
 * @state: Out: enum liveupdate_file_state.
 * @error: Out: the errno that RETRIEVE_FD has for it from now on, if it is
 *      failed, quarantined or handed out; otherwise 0.
 * @handler: Out: kind and version ("memfd-v1"), padded with zeroes; empty if
 *      that is what cannot be read.
 *
 * Files come in the order of their tokens. Observers may call this on the
 * device; on a session its holder may.
 *
 * Return: 0, or -1 with errno ENOENT (no further file; no such session), EINVAL
 * (@direction; not zero what must be), EIO (incoming: what the previous kernel
 * left cannot be read). It waits for a long PRESERVE_FD of the same session.
 */
struct liveupdate_list_file {
	__u32 size;
	__u32 direction;
	__aligned_u64 session;
	__aligned_u64 token;
	__aligned_u64 memory;
	__u32 state;
	__s32 error;
	__u8 handler[LIVEUPDATE_HANDLER_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_LIST_FILE \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_LIST_FILE)

#define LIVEUPDATE_SESSION_LIST_FILE \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_LIST_FILE)

/**
 * struct liveupdate_session_preserve_fd - ioctl(LIVEUPDATE_SESSION_PRESERVE_FD)
 * @size: sizeof(struct liveupdate_session_preserve_fd)
 * @fd: In: the file to preserve.
 * @token: In: the caller's name for it, any value that is unique in the session.
 *
 * The file stays usable; what may still be done to it depends on its kind.
 * Outgoing sessions only.
 *
 * Return: 0, or -1 with errno EEXIST (token in use), EBADF (@fd), ENOENT (no
 * handler takes files of this kind), EBUSY (preserved already, in this or in
 * another session), ENOSPC (limit of files reached), ENOEXEC (the kexec image
 * that is loaded cannot take preserved files along), EPROTONOSUPPORT (it says
 * that it cannot read this kind of file), or what the handler says.
 */
struct liveupdate_session_preserve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_PRESERVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_PRESERVE_FD)

/**
 * struct liveupdate_session_retrieve_fd - ioctl(LIVEUPDATE_SESSION_RETRIEVE_FD)
 * @size: sizeof(struct liveupdate_session_retrieve_fd)
 * @fd: Out: a file descriptor of the restored file, close-on-exec.
 * @token: In: the token that the file was preserved with.
 *
 * May be repeated: each success gives a new descriptor of the same open file.
 * Incoming sessions only.
 *
 * Return: 0, or -1 with errno ENOENT (token not known, or the session is
 * finished), ENODEV (no handler registered yet, try again later),
 * EPROTONOSUPPORT (this version cannot be read), EBADMSG (the record is
 * damaged, or the token is not known and records of the session are damaged),
 * ESTALE (an earlier kernel gave it to somebody), ELOOP (files that refer to each
 * other), or what the handler says.
 */
struct liveupdate_session_retrieve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_RETRIEVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_RETRIEVE_FD)

/**
 * struct liveupdate_session_finish - ioctl(LIVEUPDATE_SESSION_FINISH)
 * @size: sizeof(struct liveupdate_session_finish)
 * @reserved: Must be zero.
 *
 * Ends the takeover: what was retrieved belongs to the holders of its
 * descriptors, what was not is dropped and its memory given back. Incoming
 * sessions only. To finish twice is a success.
 *
 * Return: 0, or -1 with errno EBUSY (a handler cannot finish yet or is not
 * registered, or a record of the session was damaged); then nothing was
 * finished.
 */
struct liveupdate_session_finish {
	__u32 size;
	__u32 reserved;
};

#define LIVEUPDATE_SESSION_FINISH \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_FINISH)

/**
 * struct liveupdate_session_get_name - ioctl(LIVEUPDATE_SESSION_GET_NAME)
 * @size: sizeof(struct liveupdate_session_get_name)
 * @reserved: Must be zero.
 * @name: Out: the name of the session, padded with zeroes.
 *
 * Return: 0, or -1 with one of the errnos that every ioctl can give.
 */
struct liveupdate_session_get_name {
	__u32 size;
	__u32 reserved;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_SESSION_GET_NAME \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_GET_NAME)

/**
 * struct liveupdate_session_unpreserve_fd - ioctl(LIVEUPDATE_SESSION_UNPRESERVE_FD)
 * @size: sizeof(struct liveupdate_session_unpreserve_fd)
 * @reserved: Must be zero.
 * @token: In: the token that the file was preserved with.
 *
 * Takes one LIVEUPDATE_SESSION_PRESERVE_FD back. Outgoing sessions only.
 *
 * Return: 0, or -1 with errno ENOENT (token not known), EBUSY (another file of
 * the session needs this one, as an iommufd needs the memfds that it maps; that
 * one goes first).
 */
struct liveupdate_session_unpreserve_fd {
	__u32 size;
	__u32 reserved;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_UNPRESERVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_UNPRESERVE_FD)

#endif /* _UAPI_LINUX_LIVEUPDATE_H */
