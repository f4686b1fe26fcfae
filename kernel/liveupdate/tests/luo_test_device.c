// SPDX-License-Identifier: GPL-2.0-only
/* The test handler's devices: a file of theirs is a number of 8 bytes. */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "luo_test.h"

u64 luo_test_value(struct file *file)
{
	return READ_ONCE(*(u64 *)file->private_data);
}

static int luo_test_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(u64), GFP_KERNEL_ACCOUNT);
	return file->private_data ? 0 : -ENOMEM;
}

static int luo_test_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t luo_test_read(struct file *file, char __user *buf, size_t len,
			     loff_t *pos)
{
	u64 value = luo_test_value(file);

	*pos = 0;
	return simple_read_from_buffer(buf, len, pos, &value, sizeof(value));
}

static ssize_t luo_test_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	if (len != sizeof(u64) || copy_from_user(file->private_data, buf, len))
		return -EINVAL;
	return len;
}

const struct file_operations luo_test_fops = {
	.owner = THIS_MODULE,
	.open = luo_test_open,
	.release = luo_test_release,
	.read = luo_test_read,
	.write = luo_test_write,
};

const struct file_operations luo_test_final_fops = {
	.owner = THIS_MODULE,
	.open = luo_test_open,
	.release = luo_test_release,
	.read = luo_test_read,
	.write = luo_test_write,
};

static struct miscdevice luo_test_devices[] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "luo_test", .fops = &luo_test_fops },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "luo_test_final",
	  .fops = &luo_test_final_fops },
};

struct file *luo_test_open_value(const char *device, u64 value)
{
	struct file *file;
	struct path path;
	int err;

	err = kern_path(device, 0, &path);
	if (err)
		return ERR_PTR(err);
	file = dentry_open(&path, O_RDWR, current_cred());
	path_put(&path);
	if (!IS_ERR(file))
		*(u64 *)file->private_data = value;
	return file;
}

int luo_test_device_register(void)
{
	int err;

	err = misc_register(&luo_test_devices[0]);
	if (err)
		return err;
	err = misc_register(&luo_test_devices[1]);
	if (err)
		misc_deregister(&luo_test_devices[0]);
	return err;
}

void luo_test_device_unregister(void)
{
	misc_deregister(&luo_test_devices[1]);
	misc_deregister(&luo_test_devices[0]);
}
