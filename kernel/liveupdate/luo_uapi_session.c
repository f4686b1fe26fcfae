// SPDX-License-Identifier: GPL-2.0-only
/*
 * The userspace interface: the files of sessions
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/seq_file.h>

#include "luo_uapi.h"

static int luo_cmd_preserve_fd(struct luo_cmd *cmd)
{
	struct liveupdate_session *session = cmd->session;
	int ret;

	CLASS(fd, file)(cmd->arg.preserve.fd);

	ret = mutex_lock_killable(&session->lock);
	if (ret)
		return ret;
	ret = luo_fileset_preserve(session, cmd->arg.preserve.token,
				   fd_empty(file) ? NULL : fd_file(file));
	mutex_unlock(&session->lock);
	return ret;
}

static int luo_cmd_unpreserve_fd(struct luo_cmd *cmd)
{
	struct liveupdate_session *session = cmd->session;
	int ret;

	if (cmd->arg.unpreserve.reserved)
		return -EINVAL;
	ret = mutex_lock_killable(&session->lock);
	if (ret)
		return ret;
	ret = luo_fileset_unpreserve_one(session, cmd->arg.unpreserve.token);
	mutex_unlock(&session->lock);
	return ret;
}

static int luo_cmd_retrieve_fd(struct luo_cmd *cmd)
{
	struct liveupdate_session *session = cmd->session;
	int ret;

	ret = mutex_lock_killable(&session->lock);
	if (ret)
		return ret;
	ret = luo_fileset_retrieve(session, cmd->arg.retrieve.token,
				   &cmd->output);
	mutex_unlock(&session->lock);
	if (ret)
		return ret;
	ret = security_file_receive(cmd->output);
	if (ret)
		fput(cmd->output);
	return ret;
}

static int luo_cmd_finish(struct luo_cmd *cmd)
{
	if (cmd->arg.finish.reserved)
		return -EINVAL;
	return luo_session_finish(cmd->session);
}

static int luo_cmd_get_name(struct luo_cmd *cmd)
{
	if (cmd->arg.get_name.reserved)
		return -EINVAL;
	memcpy(cmd->arg.get_name.name, cmd->session->name,
	       sizeof(cmd->arg.get_name.name));
	return 0;
}

static const struct luo_ioctl luo_session_ioctls[] = {
	{
		.number = LIVEUPDATE_SESSION_PRESERVE_FD,
		.size = sizeof(struct liveupdate_session_preserve_fd),
		.min_size = offsetofend(struct liveupdate_session_preserve_fd,
					token),
		.on = LUO_ON_OUTGOING,
		.reply_first = true,
		.execute = luo_cmd_preserve_fd,
	},
	{
		.number = LIVEUPDATE_SESSION_RETRIEVE_FD,
		.size = sizeof(struct liveupdate_session_retrieve_fd),
		.min_size = offsetofend(struct liveupdate_session_retrieve_fd,
					token),
		.on = LUO_ON_INCOMING,
		.fd_offset = offsetof(struct liveupdate_session_retrieve_fd,
				      fd),
		.execute = luo_cmd_retrieve_fd,
	},
	{
		.number = LIVEUPDATE_SESSION_FINISH,
		.size = sizeof(struct liveupdate_session_finish),
		.min_size = offsetofend(struct liveupdate_session_finish,
					reserved),
		.on = LUO_ON_INCOMING,
		.reply_first = true,
		.execute = luo_cmd_finish,
	},
	{
		.number = LIVEUPDATE_SESSION_GET_NAME,
		.size = sizeof(struct liveupdate_session_get_name),
		.min_size = offsetofend(struct liveupdate_session_get_name,
					name),
		.on = LUO_ON_BOTH,
		.execute = luo_cmd_get_name,
	},
	{
		.number = LIVEUPDATE_SESSION_UNPRESERVE_FD,
		.size = sizeof(struct liveupdate_session_unpreserve_fd),
		.min_size = offsetofend(struct liveupdate_session_unpreserve_fd,
					token),
		.on = LUO_ON_OUTGOING,
		.reply_first = true,
		.execute = luo_cmd_unpreserve_fd,
	},
	{
		.number = LIVEUPDATE_SESSION_LIST_FILE,
		.size = sizeof(struct liveupdate_list_file),
		.min_size = offsetofend(struct liveupdate_list_file, handler),
		.on = LUO_ON_BOTH,
		.execute = luo_cmd_list_own_file,
	},
};

static long luo_session_ioctl(struct file *file, unsigned int number,
			      unsigned long arg)
{
	struct liveupdate_session *session = file->private_data;
	const struct luo_caller caller = {
		.session = session,
		.events = &session->reader,
	};

	return luo_dispatch(luo_session_ioctls, ARRAY_SIZE(luo_session_ioctls),
			    &caller, number, (u32 __user *)arg);
}

static __poll_t luo_session_poll(struct file *file, poll_table *wait)
{
	struct liveupdate_session *session = file->private_data;

	return luo_event_poll(&session->reader, file, wait);
}

/*
 * Tells a close(2) of the last reference from all other ways to lose it: exit,
 * exec, a message that nobody received (F12). The descriptor is out of the
 * table already, so that nobody can add to a count of one.
 */
static int luo_session_flush(struct file *file, fl_owner_t id)
{
	struct liveupdate_session *session = file->private_data;

	session->closed_by_hand = file_count(file) == 1 &&
				  !(current->flags & PF_EXITING) &&
				  !current->in_execve;
	return 0;
}

static int luo_session_fops_release(struct inode *inode, struct file *file)
{
	guard(rwsem_read)(&luo_phase_rwsem);
	luo_session_release(file->private_data);
	return 0;
}

static void luo_session_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct liveupdate_session *session = file->private_data;

	seq_puts(m, "luo-session:\t");
	seq_escape(m, session->name, "\n\\");
	seq_printf(m, "\nluo-direction:\t%s\n",
		   session->set->direction == LUO_OUTGOING ? "outgoing" :
							     "incoming");
	seq_printf(m, "luo-files:\t%u\n", READ_ONCE(session->files.nr));
	seq_printf(m, "luo-update:\t%llu\n", session->generation);
	seq_printf(m, "luo-damaged:\t%d\n", READ_ONCE(session->damaged));
	seq_printf(m, "luo-finished:\t%d\n", READ_ONCE(session->finished));
}

static const struct file_operations luo_session_fops = {
	.owner		= THIS_MODULE,
	.flush		= luo_session_flush,
	.release	= luo_session_fops_release,
	.poll		= luo_session_poll,
	.unlocked_ioctl	= luo_session_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= luo_session_show_fdinfo,
};

/**
 * luo_session_getfile() - the file of a session
 * @session: from luo_session_create() or luo_session_take()
 *
 * Context: May sleep.
 * Return: the file, which owns the session from now on, or an errno.
 */
struct file *luo_session_getfile(struct liveupdate_session *session)
{
	char name[sizeof("[luo_session] ") + LIVEUPDATE_SESSION_NAME_LENGTH];

	snprintf(name, sizeof(name), "[luo_session] %s", session->name);
	return anon_inode_getfile(name, &luo_session_fops, session, O_RDWR);
}
