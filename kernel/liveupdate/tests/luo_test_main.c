// SPDX-License-Identifier: GPL-2.0-only
/* The test module: its FLB, and how it comes and goes. */
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/module.h>

#include "luo_test.h"

#define LUO_TEST_FLB	0x4c554f464c423031ULL	/* "LUOFLB01" */

static int fail_flb;
module_param(fail_flb, int, 0644);
MODULE_PARM_DESC(fail_flb, "The nth preserve or retrieve of the FLB from now fails");
static bool no_flb;
module_param(no_flb, bool, 0444);
MODULE_PARM_DESC(no_flb, "Load without the FLB, as if this kernel had dropped it");

/*
 * Somebody else has frozen KHO's memory when reboot(2) comes. Of the incoming
 * memory nobody may: a test that does sees to it that nothing else goes on.
 */
static int luo_test_hold_kho(const char *val, const struct kernel_param *kp)
{
	int what, err;

	err = kstrtoint(val, 0, &what);
	if (err)
		return err;
	switch (what) {
	case 0:
		kho_thaw();
		return 0;
	case 1:
		return kho_freeze();
	case 2:
		return kho_carry_incoming();
	default:
		return -EINVAL;
	}
}

static const struct kernel_param_ops luo_test_hold_kho_ops = {
	.set = luo_test_hold_kho,
};
module_param_cb(hold_kho, &luo_test_hold_kho_ops, NULL, 0200);
MODULE_PARM_DESC(hold_kho, "Freeze outgoing memory (1), incoming memory (2), thaw both (0)");

struct luo_test_flb_ser {
	u64 magic;
	u64 value;
};

u64 luo_test_flb_value(const void *obj)
{
	const struct luo_test_flb_ser *flb = obj;

	return flb->value;
}

static int luo_test_flb_preserve(struct liveupdate_flb_op_args *args)
{
	struct luo_test_flb_ser *flb;
	int err;

	err = luo_test_countdown(&fail_flb);
	if (err)
		return err;
	flb = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(flb))
		return PTR_ERR(flb);
	flb->magic = LUO_TEST_FLB;
	flb->value = 4711;
	args->data = virt_to_phys(flb);
	args->obj = flb;
	luo_test_note("flb preserve\n");
	return 0;
}

static void luo_test_flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	luo_test_note("flb unpreserve\n");
	kho_unpreserve_free(args->obj);
}

static int luo_test_flb_retrieve(struct liveupdate_flb_op_args *args)
{
	struct luo_test_flb_ser *flb;
	int err;

	err = luo_test_countdown(&fail_flb);
	if (err)
		return err;
	if (!kho_is_incoming(PHYS_PFN(args->data), 1))
		return -EBADMSG;
	flb = phys_to_virt(args->data);
	if (flb->magic != LUO_TEST_FLB)
		return -EBADMSG;
	args->obj = flb;
	luo_test_note("flb retrieve %llu\n", flb->value);
	return 0;
}

static void luo_test_flb_finish(struct liveupdate_flb_op_args *args)
{
	luo_test_note("flb finish\n");
	if (args->obj)
		kho_restore_free(args->obj);
}

static const struct liveupdate_flb_ops luo_test_flb_ops = {
	.preserve = luo_test_flb_preserve,
	.unpreserve = luo_test_flb_unpreserve,
	.retrieve = luo_test_flb_retrieve,
	.finish = luo_test_flb_finish,
	.owner = THIS_MODULE,
};

struct liveupdate_flb luo_test_flb = {
	.ops = &luo_test_flb_ops,
	.compatible = "luo-test-flb-v1",
};

static void luo_test_unregister(unsigned int handlers, unsigned int flbs)
{
	while (flbs--)
		liveupdate_unregister_flb(&luo_test_handlers[flbs], &luo_test_flb);
	while (handlers--)
		liveupdate_unregister_file_handler(&luo_test_handlers[handlers]);
}

static int luo_test_register(void)
{
	unsigned int i, j;
	int err;

	for (i = 0; i < ARRAY_SIZE(luo_test_handlers); i++) {
		err = liveupdate_register_file_handler(&luo_test_handlers[i]);
		if (err)
			goto unregister_handlers;
	}
	for (j = 0; !no_flb && j < ARRAY_SIZE(luo_test_handlers); j++) {
		err = liveupdate_register_flb(&luo_test_handlers[j], &luo_test_flb);
		if (err)
			goto unregister_flbs;
	}
	return 0;

unregister_flbs:
	luo_test_unregister(0, j);
unregister_handlers:
	luo_test_unregister(i, 0);
	return err;
}

static int __init luo_test_init(void)
{
	int err;

	err = luo_test_log_init();
	if (err)
		return err;
	err = luo_test_device_register();
	if (err)
		goto exit_log;
	err = luo_test_register();
	if (err)
		goto unregister_devices;
	return 0;

unregister_devices:
	luo_test_device_unregister();
exit_log:
	luo_test_log_exit();
	return err;
}

static void __exit luo_test_exit(void)
{
	luo_test_unregister(ARRAY_SIZE(luo_test_handlers),
			    no_flb ? 0 : ARRAY_SIZE(luo_test_handlers));
	luo_test_device_unregister();
	luo_test_log_exit();
}

module_init(luo_test_init);
module_exit(luo_test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test handler of the Live Update Orchestrator");
