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

/* Commands of /dev/liveupdate. */
enum {
	LIVEUPDATE_CMD_BASE = 0x00,
	LIVEUPDATE_CMD_CREATE_SESSION = LIVEUPDATE_CMD_BASE,
	LIVEUPDATE_CMD_RETRIEVE_SESSION = 0x01,
	LIVEUPDATE_CMD_DISCARD_SESSION = 0x21,
};

/* Commands of a session. */
enum {
	LIVEUPDATE_CMD_SESSION_BASE = 0x40,
	LIVEUPDATE_CMD_SESSION_PRESERVE_FD = LIVEUPDATE_CMD_SESSION_BASE,
	LIVEUPDATE_CMD_SESSION_RETRIEVE_FD = 0x41,
	LIVEUPDATE_CMD_SESSION_FINISH = 0x42,
	LIVEUPDATE_CMD_SESSION_GET_NAME = 0x43,
	LIVEUPDATE_CMD_SESSION_UNPRESERVE_FD = 0x60,
};

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
 * space of their own, apart from outgoing ones.
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
 * that is loaded cannot take preserved files along), or what the handler says.
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
 * ELOOP (files that refer to each other), or what the handler says.
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
 * Return: 0, or -1 with errno ENOENT (token not known).
 */
struct liveupdate_session_unpreserve_fd {
	__u32 size;
	__u32 reserved;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_UNPRESERVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_UNPRESERVE_FD)

#endif /* _UAPI_LINUX_LIVEUPDATE_H */
