// SPDX-License-Identifier: GPL-2.0-only
/*
 * The userspace interface: /dev/liveupdate, and the dispatcher of all ioctls
 *
 * The dispatcher copies the argument in, reserves a file descriptor if the
 * command returns one, runs the command under the phase lock, copies the reply
 * out and only then installs the descriptor: a reply that cannot be written
 * undoes the call (F1). A command that cannot be undone has nothing new to say:
 * its reply is copied out first.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "luo_uapi.h"

static int luo_cmd_copy_in(const struct luo_ioctl *op, struct luo_cmd *cmd,
			   u32 __user *argp, u32 *user_size)
{
	if (get_user(*user_size, argp))
		return -EFAULT;
	if (*user_size < op->min_size)
		return -EINVAL;
	return copy_struct_from_user(&cmd->arg, op->size, argp, *user_size);
}

static int luo_cmd_copy_out(const struct luo_ioctl *op,
			    const struct luo_cmd *cmd, u32 __user *argp,
			    u32 user_size)
{
	if (copy_to_user(argp, &cmd->arg, min_t(u32, user_size, op->size)))
		return -EFAULT;
	return 0;
}

/* A command that makes way for reboot(2) is undone, and run once more after. */
static int luo_cmd_execute(const struct luo_ioctl *op, struct luo_cmd *cmd)
{
	int ret;

	do {
		ret = down_read_killable(&luo_phase_rwsem);
		if (ret)
			break;
		ret = op->execute(cmd);
		up_read(&luo_phase_rwsem);
	} while (ret == -ERESTART && !fatal_signal_pending(current));
	return ret == -ERESTART ? -EINTR : ret;
}

static int luo_cmd_run(const struct luo_ioctl *op, struct luo_cmd *cmd,
		       u32 __user *argp, u32 user_size)
{
	int ret = 0;

	if (op->reply_first)
		ret = luo_cmd_copy_out(op, cmd, argp, user_size);
	if (!ret)
		ret = luo_cmd_execute(op, cmd);
	if (!ret && !op->reply_first)
		ret = luo_cmd_copy_out(op, cmd, argp, user_size);
	return ret;
}

/* A command that returns a descriptor; dropping its file undoes it. */
static int luo_cmd_run_fd(const struct luo_ioctl *op, struct luo_cmd *cmd,
			  u32 __user *argp, u32 user_size)
{
	CLASS(get_unused_fd, fd)(O_CLOEXEC);
	int ret;

	if (fd < 0)
		return fd;
	ret = luo_cmd_execute(op, cmd);
	if (ret)
		return ret;
	*(s32 *)((void *)&cmd->arg + op->fd_offset) = fd;
	ret = luo_cmd_copy_out(op, cmd, argp, user_size);
	if (ret) {
		fput(cmd->output);
		return ret;
	}
	fd_install(take_fd(fd), cmd->output);
	return 0;
}

/**
 * luo_dispatch() - run an ioctl
 * @table: the commands
 * @nr_ops: their number
 * @caller: the open file that it is called on
 * @number: of the ioctl
 * @argp: the user's structure
 *
 * Context: May sleep and touch user memory.
 * Return: 0 or a negative errno.
 */
long luo_dispatch(const struct luo_ioctl *table, unsigned int nr_ops,
		  const struct luo_caller *caller,
		  unsigned int number, u32 __user *argp)
{
	struct liveupdate_session *session = caller->session;
	struct luo_cmd cmd = { .session = session, .events = caller->events };
	const struct luo_ioctl *op = table;
	u32 user_size;
	int ret;

	while (op < table + nr_ops && op->number != number)
		op++;
	if (op == table + nr_ops)
		return -ENOTTY;
	if (caller->observer && !op->observe)
		return -EBADF;
	ret = luo_cmd_copy_in(op, &cmd, argp, &user_size);
	if (ret)
		return ret;
	if (session && !(op->on & BIT(session->set->direction)))
		return -EINVAL;
	if (op->fd_offset)
		return luo_cmd_run_fd(op, &cmd, argp, user_size);
	return luo_cmd_run(op, &cmd, argp, user_size);
}

static int luo_cmd_create_session(struct luo_cmd *cmd)
{
	struct liveupdate_session *session;

	if (luo_abi_name_check(cmd->arg.create.name))
		return -EINVAL;
	session = luo_session_create(&luo_outgoing, cmd->arg.create.name);
	if (IS_ERR(session))
		return PTR_ERR(session);
	session->ipc_lock = capable(CAP_IPC_LOCK);
	cmd->output = luo_session_getfile(session);
	if (IS_ERR(cmd->output)) {
		luo_session_destroy(session);
		return PTR_ERR(cmd->output);
	}
	return 0;
}

static int luo_cmd_retrieve_session(struct luo_cmd *cmd)
{
	struct liveupdate_session *session;

	if (luo_abi_name_check(cmd->arg.retrieve_session.name))
		return -EINVAL;
	session = luo_session_take(&luo_incoming,
				   cmd->arg.retrieve_session.name);
	if (IS_ERR(session))
		return PTR_ERR(session);
	cmd->output = luo_session_getfile(session);
	if (IS_ERR(cmd->output)) {
		luo_session_give_back(session);
		return PTR_ERR(cmd->output);
	}
	return 0;
}

static int luo_cmd_discard_session(struct luo_cmd *cmd)
{
	if (cmd->arg.discard.reserved ||
	    luo_abi_name_check(cmd->arg.discard.name))
		return -EINVAL;
	return luo_session_discard(&luo_incoming, cmd->arg.discard.name);
}

static const struct luo_ioctl luo_device_ioctls[] = {
	{
		.number = LIVEUPDATE_IOCTL_CREATE_SESSION,
		.size = sizeof(struct liveupdate_ioctl_create_session),
		.min_size = offsetofend(struct liveupdate_ioctl_create_session,
					name),
		.fd_offset = offsetof(struct liveupdate_ioctl_create_session,
				      fd),
		.execute = luo_cmd_create_session,
	},
	{
		.number = LIVEUPDATE_IOCTL_RETRIEVE_SESSION,
		.size = sizeof(struct liveupdate_ioctl_retrieve_session),
		.min_size = offsetofend(struct liveupdate_ioctl_retrieve_session,
					name),
		.fd_offset = offsetof(struct liveupdate_ioctl_retrieve_session,
				      fd),
		.execute = luo_cmd_retrieve_session,
	},
	{
		.number = LIVEUPDATE_IOCTL_DISCARD_SESSION,
		.size = sizeof(struct liveupdate_ioctl_discard_session),
		.min_size = offsetofend(struct liveupdate_ioctl_discard_session,
					name),
		.reply_first = true,
		.execute = luo_cmd_discard_session,
	},
	{
		.number = LIVEUPDATE_IOCTL_LIST_SESSION,
		.size = sizeof(struct liveupdate_ioctl_list_session),
		.min_size = offsetofend(struct liveupdate_ioctl_list_session,
					name),
		.observe = true,
		.execute = luo_cmd_list_session,
	},
	{
		.number = LIVEUPDATE_IOCTL_LIST_FILE,
		.size = sizeof(struct liveupdate_list_file),
		.min_size = offsetofend(struct liveupdate_list_file, handler),
		.observe = true,
		.execute = luo_cmd_list_file,
	},
};

/* One opener that may change something at a time, and any number of observers. */
static atomic_t luo_device_users;

static bool luo_device_observer(const struct file *file)
{
	return !(file->f_mode & FMODE_WRITE);
}

static int luo_device_open(struct inode *inode, struct file *file)
{
	struct luo_event_reader *events;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	events = kmalloc(sizeof(*events), GFP_KERNEL_ACCOUNT);
	if (!events)
		return -ENOMEM;
	if (!luo_device_observer(file) &&
	    atomic_cmpxchg(&luo_device_users, 0, 1)) {
		kfree(events);
		return -EBUSY;
	}
	luo_event_reader_init(events, &luo_events_all);
	file->private_data = events;
	return 0;
}

static int luo_device_release(struct inode *inode, struct file *file)
{
	if (!luo_device_observer(file))
		atomic_set(&luo_device_users, 0);
	kfree(file->private_data);
	return 0;
}

static __poll_t luo_device_poll(struct file *file, poll_table *wait)
{
	return luo_event_poll(file->private_data, file, wait);
}

static long luo_device_ioctl(struct file *file, unsigned int number,
			     unsigned long arg)
{
	const struct luo_caller caller = {
		.observer = luo_device_observer(file),
		.events = file->private_data,
	};

	return luo_dispatch(luo_device_ioctls, ARRAY_SIZE(luo_device_ioctls),
			    &caller, number, (u32 __user *)arg);
}

static void luo_device_show_fdinfo(struct seq_file *m, struct file *file)
{
	seq_printf(m, "luo-observer:\t%d\n", luo_device_observer(file));
	seq_printf(m, "luo-updates:\t%llu\n", luo_generation);
	seq_printf(m, "luo-outgoing:\t%u\n", READ_ONCE(luo_outgoing.nr));
	seq_printf(m, "luo-incoming:\t%u\n", READ_ONCE(luo_incoming.nr));
	seq_printf(m, "luo-files:\t%lu\n", luo_gate_files_nr());
	seq_printf(m, "luo-waiting:\t%lu\n", luo_gate_waiting());
}

static const struct file_operations luo_device_fops = {
	.owner		= THIS_MODULE,
	.open		= luo_device_open,
	.release	= luo_device_release,
	.poll		= luo_device_poll,
	.unlocked_ioctl	= luo_device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= luo_device_show_fdinfo,
};

static struct miscdevice luo_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "liveupdate",
	.fops	= &luo_device_fops,
	.mode	= 0600,
};

/**
 * luo_uapi_init() - open for business
 *
 * Context: Init, when everything else is ready.
 * Return: 0, or a negative errno.
 */
int __init luo_uapi_init(void)
{
	return misc_register(&luo_device);
}
