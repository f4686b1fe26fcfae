// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions whose DMA went on over a kexec: the new kernel
 *
 * A recorded function is incoming from the moment its header is read until the
 * take-over has ended. The PCI core asks pci_luo_incoming() before it writes
 * what could disturb it. What does not fit its record is stopped, before the
 * IOMMU changes what its DMA could reach (F15).
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu_luo.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#ifdef CONFIG_X86
#include <asm/pci-direct.h>
#endif

#include "pci_luo.h"
#include "pci_luo_abi.h"
#include "pci_luo_in.h"

static DEFINE_MUTEX(pci_luo_in_lock); /* state and users of all records */
static unsigned int pci_luo_in_done;

static struct pci_luo_in *in_find(u16 segment, u8 bus, u8 devfn)
{
	unsigned int i, nr = pci_luo_in_nr();
	struct pci_luo_in *in;

	for (i = 0; i < nr; i++) {
		in = pci_luo_in_get(i);
		if (pci_luo_fn_is(&in->ser, segment, bus, devfn) &&
		    READ_ONCE(in->state) < PCI_LUO_DONE)
			return in;
	}
	return NULL;
}

static struct pci_luo_in *in_of(const struct pci_dev *pdev)
{
	if (pci_domain_nr(pdev->bus) > U16_MAX)
		return NULL;
	return in_find(pci_domain_nr(pdev->bus), pdev->bus->number,
		       pdev->devfn);
}

static void in_set_state(struct pci_luo_in *in, enum pci_luo_state state)
{
	lockdep_assert_held(&pci_luo_in_lock);
	if (state >= PCI_LUO_DONE)
		WRITE_ONCE(pci_luo_in_done, pci_luo_in_done + 1);
	WRITE_ONCE(in->state, state);
}

/**
 * pci_luo_any_incoming() - is any take-over of a function under way?
 *
 * Context: Any.
 * Return: whether there is a recorded function that is not finished, found or
 * not.
 */
bool pci_luo_any_incoming(void)
{
	return READ_ONCE(pci_luo_in_done) < pci_luo_in_nr();
}

/**
 * pci_luo_find() - the record of the function at an address
 * @segment: PCI segment
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: Any, from mm_core_init() on.
 * Return: the record, which stays where it is and does not change; NULL if
 * there is none or its take-over has ended.
 */
const struct pci_luo_fn_ser *pci_luo_find(u16 segment, u8 bus, u8 devfn)
{
	struct pci_luo_in *in = in_find(segment, bus, devfn);

	return in ? &in->ser : NULL;
}
EXPORT_SYMBOL_GPL(pci_luo_find);

/**
 * pci_luo_record() - the record of a function
 * @pdev: a function or a bridge
 *
 * Context: Any.
 * Return: the record, NULL if it is not incoming.
 */
const struct pci_luo_fn_ser *pci_luo_record(struct pci_dev *pdev)
{
	struct pci_luo_in *in = pci_luo_incoming(pdev) ? in_of(pdev) : NULL;

	return in ? &in->ser : NULL;
}
EXPORT_SYMBOL_GPL(pci_luo_record);

static void master_off(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (!PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MASTER)
		pci_write_config_word(pdev, PCI_COMMAND,
				      command & ~PCI_COMMAND_MASTER);
	pdev->is_busmaster = 0;
	if (!pci_wait_for_pending_transaction(pdev))
		pci_err(pdev, "live update: transactions stay pending\n");
}

/**
 * pci_luo_quiesce() - stop a function that cannot go on (F15)
 * @pdev: the function, or a bridge: that is left alone, what is below stops
 * @why: for the log, ends the sentence "bus mastering is off: ..."
 *
 * To be called before anything changes what the DMA of @pdev can reach. The
 * function has failed from then on, but is incoming until it is finished.
 *
 * Context: May sleep. The caller sees to it that @pdev stays.
 */
void pci_luo_quiesce(struct pci_dev *pdev, const char *why)
{
	bool bridge = pdev->hdr_type == PCI_HEADER_TYPE_BRIDGE;
	struct pci_luo_in *in;

	if (!bridge)
		master_off(pdev);
	if (test_and_set_bit(PCI_LUO_FAILED, &pdev->liveupdate))
		return;
	pci_err(pdev, "live update: %s: %s\n",
		bridge ? "functions below are stopped" : "bus mastering is off",
		why);
	guard(mutex)(&pci_luo_in_lock);
	in = in_of(pdev);
	if (in)
		in_set_state(in, PCI_LUO_STOPPED);
}
EXPORT_SYMBOL_GPL(pci_luo_quiesce);

/* A function that was not found yet is stopped when it is. */
static bool mark_stopped(u16 segment, u8 bus, u8 devfn, const char *why)
{
	struct pci_luo_in *in;

	guard(mutex)(&pci_luo_in_lock);
	in = in_find(segment, bus, devfn);
	if (!in || in->state != PCI_LUO_RECORDED)
		return in;
	in->why = why;
	in_set_state(in, PCI_LUO_STOPPED);
	return true;
}

/* Type 1 configuration cycles work before the PCI core does. */
static void master_off_early(u16 segment, u8 bus, u8 devfn)
{
#ifdef CONFIG_X86
	u8 slot = PCI_SLOT(devfn), func = PCI_FUNC(devfn);
	u16 command;

	if (segment || !early_pci_allowed())
		return;
	command = read_pci_config_16(bus, slot, func, PCI_COMMAND);
	if (!PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MASTER)
		write_pci_config_16(bus, slot, func, PCI_COMMAND,
				    command & ~PCI_COMMAND_MASTER);
#endif
}

/**
 * pci_luo_quiesce_early() - pci_luo_quiesce() by address
 * @segment: PCI segment
 * @bus: bus number
 * @devfn: device and function number
 * @why: a constant, as for pci_luo_quiesce()
 *
 * For IOMMU drivers that find, before there are PCI devices, that they cannot
 * take over. Bus mastering is off on return if the function was found already
 * or, on x86, if it is in segment 0; else when it is found.
 *
 * Context: May sleep; from mm_core_init() on.
 */
void pci_luo_quiesce_early(u16 segment, u8 bus, u8 devfn, const char *why)
{
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(segment, bus, devfn);
	if (pdev) {
		pci_luo_quiesce(pdev, why);
		pci_dev_put(pdev);
		return;
	}
	if (mark_stopped(segment, bus, devfn, why))
		master_off_early(segment, bus, devfn);
}

/**
 * pci_luo_visit_fns() - go through recorded functions, found or not
 * @fn: called for each whose take-over has not ended, but not for bridges
 *
 * Context: May sleep; from mm_core_init() on.
 */
void pci_luo_visit_fns(pci_luo_visit_fn fn)
{
	unsigned int i;

	for (i = 0; i < pci_luo_in_nr(); i++) {
		struct pci_luo_in *in = pci_luo_in_get(i);

		if (!(in->ser.flags & PCI_LUO_FN_BRIDGE) &&
		    READ_ONCE(in->state) < PCI_LUO_DONE)
			fn(in->ser.segment, in->ser.bus, in->ser.devfn);
	}
}

static bool is_left(const struct pci_dev *pdev)
{
	unsigned int i, nr = pci_luo_in_nr();
	struct pci_luo_in *in;

	if (pci_domain_nr(pdev->bus) > U16_MAX)
		return false;
	for (i = 0; i < nr; i++) {
		in = pci_luo_in_get(i);
		if (READ_ONCE(in->state) == PCI_LUO_LEFT &&
		    pci_luo_fn_is(&in->ser, pci_domain_nr(pdev->bus),
				  pdev->bus->number, pdev->devfn))
			return true;
	}
	return false;
}

/* One that turns up late; where records were lost, any: nobody knows which. */
static void stop_if_stray(struct pci_dev *pdev)
{
	u16 command;

	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL ||
	    !(pci_luo_records_lost() || is_left(pdev)))
		return;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (!(command & PCI_COMMAND_MASTER))
		return;
	master_off(pdev);
	pci_err(pdev, "live update: bus mastering is off: %s\n",
		pci_luo_records_lost() ? "records were lost" :
					 "nobody waits for it any more");
}

/**
 * pci_luo_setup() - is this function recorded?
 * @pdev: its header type, IDs and class are read, and nothing is written yet
 *
 * Context: May sleep.
 */
void pci_luo_setup(struct pci_dev *pdev)
{
	struct pci_luo_in *in = in_of(pdev);

	if (!in) {
		stop_if_stray(pdev);
		return;
	}
	if (!pci_luo_fn_same_model(&in->ser, pdev->vendor, pdev->device,
				   pdev->class << 8 | pdev->revision,
				   pdev->hdr_type)) {
		pci_luo_quiesce(pdev, "another one was recorded here");
		guard(mutex)(&pci_luo_in_lock);
		in_set_state(in, PCI_LUO_DONE);
		return;
	}
	if (in->ser.flags & PCI_LUO_FN_BRIDGE)
		set_bit(PCI_LUO_BRIDGE, &pdev->liveupdate);
	set_bit(PCI_LUO_INCOMING, &pdev->liveupdate);
	if (in->state == PCI_LUO_STOPPED)
		pci_luo_quiesce(pdev, in->why ?: "it was stopped before");
	guard(mutex)(&pci_luo_in_lock);
	if (in->state == PCI_LUO_RECORDED)
		in_set_state(in, PCI_LUO_FOUND);
}

/**
 * pci_luo_bridges_get() - a function needs the bridges above it
 * @pdev: an incoming function
 *
 * Context: May sleep.
 */
void pci_luo_bridges_get(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;
	struct pci_luo_in *in;

	guard(mutex)(&pci_luo_in_lock);
	while ((bridge = pci_upstream_bridge(bridge))) {
		in = pci_luo_incoming(bridge) ? in_of(bridge) : NULL;
		if (in)
			in->users++;
	}
}

/* An ordinary function, or bridge, from here on. */
static void in_end(struct pci_dev *pdev, struct pci_luo_in *in)
{
	lockdep_assert_held(&pci_luo_in_lock);
	clear_bit(PCI_LUO_INCOMING, &pdev->liveupdate);
	in_set_state(in, PCI_LUO_DONE);
	pci_luo_set_fixed(pdev, false);
	if (!liveupdate_gate_off(LIVEUPDATE_GATE_POWER))
		pm_runtime_put(&pdev->dev);
}

static void bridges_put(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pdev;
	struct pci_luo_in *in;

	lockdep_assert_held(&pci_luo_in_lock);
	while ((bridge = pci_upstream_bridge(bridge))) {
		in = pci_luo_incoming(bridge) ? in_of(bridge) : NULL;
		if (in && in->users && !--in->users)
			in_end(bridge, in);
	}
}

static void take_over_end(struct pci_dev *pdev)
{
	struct pci_luo_in *in;

	guard(mutex)(&pci_luo_in_lock);
	in = pci_luo_incoming(pdev) ? in_of(pdev) : NULL;
	if (!in)
		return;
	if (pci_luo_incoming_fn(pdev))
		bridges_put(pdev);
	in_end(pdev, in);
}

/* It was bound with a list of IDs, and can be bound to anybody again. */
static void override_clear(struct pci_dev *pdev)
{
	const char *old;

	if (!pci_luo_lock(pdev)) {
		pci_warn(pdev, "live update: is being unbound, removed, or changed: its driver_override stays\n");
		return;
	}
	old = pdev->driver_override;
	pdev->driver_override = NULL;
	kfree(old);
	device_unlock(&pdev->dev);
}

/**
 * pci_luo_finish() - the take-over of a function has ended
 * @pdev: the function; somebody owns it, or it is quiesced
 *
 * It becomes an ordinary function: it may be reset, suspended and bound to any
 * driver. So do the bridges above it, with the last function below them.
 *
 * Context: May sleep. Takes the lock of the device.
 */
void pci_luo_finish(struct pci_dev *pdev)
{
	const struct pci_luo_fn_ser *ser = pci_luo_record(pdev);

	if (!ser)
		return;
	take_over_end(pdev);
	clear_bit(PCI_LUO_FAILED, &pdev->liveupdate);
	if (!(ser->flags & PCI_LUO_FN_OVERRIDE))
		override_clear(pdev);
}
EXPORT_SYMBOL_GPL(pci_luo_finish);

static void mark_left(u16 segment, u8 bus, u8 devfn)
{
	struct pci_luo_in *in;

	guard(mutex)(&pci_luo_in_lock);
	in = in_find(segment, bus, devfn);
	/* not if it is just being found: there is nobody to see it yet */
	if (in && in->state != PCI_LUO_FOUND)
		in_set_state(in, PCI_LUO_LEFT);
}

static void stop_left(u16 segment, u8 bus, u8 devfn)
{
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(segment, bus, devfn);
	if (!pdev) {
		mark_left(segment, bus, devfn);
		return;
	}
	if (pci_luo_incoming_fn(pdev)) {
		pci_luo_quiesce(pdev, "nobody can take it over any more");
		iommu_luo_release_device(&pdev->dev);
		pci_try_reset_function(pdev);
		pci_luo_finish(pdev);
	}
	pci_dev_put(pdev);
}

/* What was recorded because of a function that was not found. */
static void end_bridge(struct pci_luo_in *in)
{
	struct pci_dev *pdev;

	lockdep_assert_held(&pci_luo_in_lock);
	pdev = pci_get_domain_bus_and_slot(in->ser.segment, in->ser.bus,
					   in->ser.devfn);
	if (pdev && pci_luo_incoming(pdev))
		in_end(pdev, in);
	else if (in->state != PCI_LUO_FOUND)
		in_set_state(in, PCI_LUO_DONE);
	pci_dev_put(pdev);
}

static void end_bridges(void)
{
	struct pci_luo_in *in;
	unsigned int i;

	guard(mutex)(&pci_luo_in_lock);
	for (i = 0; i < pci_luo_in_nr(); i++) {
		in = pci_luo_in_get(i);
		if (in->state < PCI_LUO_DONE && !in->users)
			end_bridge(in);
	}
}

/**
 * pci_luo_stop_left() - no file is left that a function could belong to
 *
 * The handler of a file stops the function that nobody took over, but does not
 * know which one it is if its own record is damaged. So each function that is
 * still incoming when the last file is finished is stopped here, before its
 * IOMMU domain goes; one that was not found is stopped if it turns up. Then no
 * record is left: bridges that nobody needed any more are ordinary ones.
 *
 * Context: May sleep. Takes the locks of devices and of IOMMU groups.
 */
void pci_luo_stop_left(void)
{
	pci_luo_visit_fns(stop_left);
	end_bridges();
}

/**
 * pci_luo_remove() - a function goes away
 * @pdev: a function or a bridge, which its driver has left
 *
 * What is found at its place later is not what was recorded.
 *
 * Context: May sleep.
 */
void pci_luo_remove(struct pci_dev *pdev)
{
	if (!pci_luo_incoming(pdev))
		return;
	pci_luo_quiesce(pdev, "it is removed");
	take_over_end(pdev);
}
