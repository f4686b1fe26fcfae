// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take out single protections, for tests only
 *
 * A test that has never failed proves little. Booted with luo_gate_off= a test
 * kernel leaves out what protects a device, and the test that guards it has to
 * fail. See include/linux/liveupdate_gates.h for the numbers.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/liveupdate_gates.h>
#include <linux/printk.h>

static DECLARE_BITMAP(luo_gates_off, LIVEUPDATE_NR_GATES) __ro_after_init;

/* luo_gate_off=1,5,7-9; may be repeated */
static int __init luo_gates_parse(char *list)
{
	DECLARE_BITMAP(gates, LIVEUPDATE_NR_GATES);
	int ret;

	if (!list)
		return -EINVAL;
	ret = bitmap_parselist(list, gates, LIVEUPDATE_NR_GATES);
	if (ret)
		return ret;
	bitmap_or(luo_gates_off, luo_gates_off, gates, LIVEUPDATE_NR_GATES);
	pr_warn("protections are off: luo_gate_off=%s\n", list);
	return 0;
}
early_param("luo_gate_off", luo_gates_parse);

/**
 * liveupdate_gate_off() - is this protection taken out?
 * @gate: which one
 *
 * Context: Any, from the parsing of early parameters on.
 * Return: whether luo_gate_off= lists it.
 */
bool liveupdate_gate_off(enum liveupdate_gate gate)
{
	return test_bit(gate, luo_gates_off);
}
EXPORT_SYMBOL_GPL(liveupdate_gate_off);
