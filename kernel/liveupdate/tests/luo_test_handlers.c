// SPDX-License-Identifier: GPL-2.0-only
/* The two handlers of the test module. */
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "luo_test.h"

#define LUO_TEST_MAGIC	0x4c554f5445535431ULL	/* "LUOTEST1" */

static int fail_preserve, fail_freeze, fail_retrieve;
module_param(fail_preserve, int, 0644);
MODULE_PARM_DESC(fail_preserve, "The nth preserve from now fails");
module_param(fail_freeze, int, 0644);
MODULE_PARM_DESC(fail_freeze, "The nth freeze from now fails");
module_param(fail_retrieve, int, 0644);
MODULE_PARM_DESC(fail_retrieve, "The next n calls of retrieve fail");
static int hold_value = -1;
module_param(hold_value, int, 0644);
MODULE_PARM_DESC(hold_value, "can_finish says no for the file of this value");
static bool hold_finish, ask_flb, greedy_freeze;
module_param(hold_finish, bool, 0644);
MODULE_PARM_DESC(hold_finish, "can_finish says no");
module_param(ask_flb, bool, 0644);
MODULE_PARM_DESC(ask_flb, "retrieve asks for the FLB");
module_param(greedy_freeze, bool, 0644);
MODULE_PARM_DESC(greedy_freeze, "freeze allocates, which it must not");

struct luo_test_ser {
	u64 magic;
	u64 value;
	u64 frozen;
};

static bool luo_test_can_preserve(struct liveupdate_file_handler *handler,
				  struct file *file)
{
	return file->f_op == &luo_test_fops;
}

static bool luo_test_final_can_preserve(struct liveupdate_file_handler *handler,
					struct file *file)
{
	return file->f_op == &luo_test_final_fops;
}

static int luo_test_preserve(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser;
	int err;

	err = luo_test_countdown(&fail_preserve) ?:
	      luo_test_flagged(luo_test_value(args->file),
			       LUO_TEST_FAIL_PRESERVE);
	if (err)
		return err;
	ser = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(ser))
		return PTR_ERR(ser);
	ser->magic = LUO_TEST_MAGIC;
	ser->value = luo_test_value(args->file);
	args->serialized_data = virt_to_phys(ser);
	args->private_data = ser;
	luo_test_note("preserve %llu\n", ser->value);
	return 0;
}

static void luo_test_unpreserve(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser = args->private_data;

	luo_test_note("unpreserve %llu\n", ser->value);
	kho_unpreserve_free(ser);
}

/* What no handler may do; it can only fail. */
static int luo_test_be_greedy(void)
{
	void *p;

	if (!greedy_freeze)
		return 0;
	p = kmalloc(PAGE_SIZE, GFP_KERNEL);
	kfree(p);
	return p ? 0 : -ENOMEM;
}

static int luo_test_freeze(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser = args->private_data;
	int err;

	err = luo_test_countdown(&fail_freeze) ?: luo_test_be_greedy() ?:
	      luo_test_flagged(luo_test_value(args->file),
			       LUO_TEST_FAIL_FREEZE);
	if (err) {
		luo_test_note("freeze %llu failed\n", ser->value);
		return err;
	}
	ser->value = luo_test_value(args->file);
	ser->frozen = 1;
	luo_test_note("freeze %llu\n", ser->value);
	return 0;
}

static void luo_test_unfreeze(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser = args->private_data;

	ser->frozen = 0;
	luo_test_note("unfreeze %llu\n", ser->value);
}

static struct luo_test_ser *luo_test_record(u64 pa)
{
	struct luo_test_ser *ser;

	if (!PAGE_ALIGNED(pa) || !kho_is_incoming(PHYS_PFN(pa), 1))
		return NULL;
	ser = phys_to_virt(pa);
	return ser->magic == LUO_TEST_MAGIC && ser->frozen == 1 ? ser : NULL;
}

static int luo_test_ask_flb(void)
{
	void *obj;
	int err;

	if (!ask_flb)
		return 0;
	err = liveupdate_flb_get_incoming(&luo_test_flb, &obj);
	if (err)
		return err;
	luo_test_note("flb seen %llu\n", luo_test_flb_value(obj));
	liveupdate_flb_put_incoming(&luo_test_flb);
	return 0;
}

static int luo_test_do_retrieve(struct liveupdate_file_op_args *args,
				const char *device)
{
	struct luo_test_ser *ser = luo_test_record(args->serialized_data);
	struct file *file;
	int err;

	if (!ser)
		return -EBADMSG;
	err = luo_test_count(&fail_retrieve);
	if (!err)
		err = luo_test_ask_flb();
	if (!err) {
		file = luo_test_open_value(device, ser->value);
		err = PTR_ERR_OR_ZERO(file);
	}
	if (!err)
		args->file = file;
	luo_test_note("retrieve %llu %d\n", ser->value, err);
	return err;
}

static int luo_test_retrieve(struct liveupdate_file_op_args *args)
{
	return luo_test_do_retrieve(args, "/dev/luo_test");
}

/* Without the promise: what a failure leaves is given back at once. */
static int luo_test_final_retrieve(struct liveupdate_file_op_args *args)
{
	int err = luo_test_do_retrieve(args, "/dev/luo_test_final");

	if (err && luo_test_record(args->serialized_data))
		kho_restore_free(phys_to_virt(args->serialized_data));
	return err;
}

static bool luo_test_can_finish(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser = luo_test_record(args->serialized_data);

	return !hold_finish && (!ser || ser->value != hold_value);
}

static void luo_test_finish(struct liveupdate_file_op_args *args)
{
	struct luo_test_ser *ser = luo_test_record(args->serialized_data);

	luo_test_note("finish %llu %d\n", ser ? ser->value : 0,
		      args->retrieve_status);
	if (ser)
		kho_restore_free(ser);
}

static void luo_test_final_finish(struct liveupdate_file_op_args *args)
{
	if (args->retrieve_status < 0)
		luo_test_note("finish failed\n");
	else
		luo_test_finish(args);
}

static const struct liveupdate_file_ops luo_test_ops = {
	.can_preserve = luo_test_can_preserve,
	.preserve = luo_test_preserve,
	.unpreserve = luo_test_unpreserve,
	.freeze = luo_test_freeze,
	.unfreeze = luo_test_unfreeze,
	.retrieve = luo_test_retrieve,
	.can_finish = luo_test_can_finish,
	.finish = luo_test_finish,
	.retrieve_retryable = true,
	.owner = THIS_MODULE,
};

static const struct liveupdate_file_ops luo_test_final_ops = {
	.can_preserve = luo_test_final_can_preserve,
	.preserve = luo_test_preserve,
	.unpreserve = luo_test_unpreserve,
	.freeze = luo_test_freeze,
	.retrieve = luo_test_final_retrieve,
	.finish = luo_test_final_finish,
	.owner = THIS_MODULE,
};

struct liveupdate_file_handler luo_test_handlers[2] = {
	{ .ops = &luo_test_ops, .compatible = "luo-test-v1" },
	{ .ops = &luo_test_final_ops, .compatible = "luo-test-final-v1" },
};
