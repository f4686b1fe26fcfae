// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of which PCI functions are refused
 *
 * A made-up function below a made-up switch can be preserved. Each case changes
 * one thing of it: most must be refused, with an error of its own or not, and
 * the neighbours of those must not.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/pci_luo.h>
#include <linux/string.h>

#include "../pci.h"
#include "../pci_luo.h"

/* Root bus, port, bus, another port, bus, function. */
struct made_up {
	struct pci_bus root, buses[2];
	struct pci_dev ports[2], fn, pf;
	struct pci_driver driver;
#ifdef CONFIG_X86
	struct pci_sysdata sysdata;
#endif
#ifdef CONFIG_PCI_IOV
	struct pci_sriov sriov;
#endif
};

static void dev_init(struct pci_dev *pdev, struct pci_bus *bus,
		     const char *name)
{
	pdev->bus = bus;
	pdev->dev.init_name = name;
	pdev->pcie_cap = 0x40;
	pdev->error_state = pci_channel_io_normal;
	pdev->current_state = PCI_D0;
	pdev->class = PCI_CLASS_NETWORK_ETHERNET << 8;
	pdev->hdr_type = PCI_HEADER_TYPE_NORMAL;
}

static void port_init(struct pci_dev *port, struct pci_bus *bus,
		      const char *name, struct pci_bus *below)
{
	dev_init(port, bus, name);
	port->class = PCI_CLASS_BRIDGE_PCI << 8;
	port->hdr_type = PCI_HEADER_TYPE_BRIDGE;
	below->parent = bus;
	below->self = port;
}

static void set_segment(struct made_up *m, int segment)
{
#ifdef CONFIG_X86
	m->sysdata.domain = segment;
#else
	m->buses[1].domain_nr = segment;
#endif
}

static struct made_up *made_up_new(struct kunit *test)
{
	struct made_up *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
#ifdef CONFIG_X86
	m->root.sysdata = &m->sysdata;
	m->buses[0].sysdata = &m->sysdata;
	m->buses[1].sysdata = &m->sysdata;
#endif
	port_init(&m->ports[0], &m->root, "port 0", &m->buses[0]);
	port_init(&m->ports[1], &m->buses[0], "port 1", &m->buses[1]);
	dev_init(&m->fn, &m->buses[1], "function");
	dev_init(&m->pf, &m->buses[1], "physical");
	m->fn.pin = 1;
	m->fn.msix_cap = 0xa0;
	m->fn.driver = &m->driver;
	return m;
}

static void driver_shutdown(struct pci_dev *pdev)
{
}

static void virtual(struct made_up *m)
{
	m->fn.is_virtfn = 1;
#ifdef CONFIG_PCI_IOV
	m->fn.physfn = &m->pf;
#endif
}

/* No virtual functions, or some: each byte of the number of them. */
static void physical(struct made_up *m, u8 some)
{
#ifdef CONFIG_PCI_IOV
	m->fn.is_physfn = 1;
	m->fn.sriov = &m->sriov;
	memset(&m->sriov, some, sizeof(m->sriov));
#endif
}

/* A function that is called by the name of what it does to the made-up one. */
#define CHANGE(name, change)						\
	static void name(struct made_up *m)				\
	{								\
		change;							\
	}

CHANGE(gone, m->fn.error_state = pci_channel_io_perm_failure)
CHANGE(incoming, set_bit(PCI_LUO_INCOMING, &m->fn.liveupdate))
CHANGE(other_incoming, set_bit(PCI_LUO_INCOMING, &m->ports[1].liveupdate))
CHANGE(some_virtual, physical(m, 1))
CHANGE(no_virtual, physical(m, 0))
CHANGE(bridge, m->fn.hdr_type = PCI_HEADER_TYPE_BRIDGE)
CHANGE(cardbus, m->fn.hdr_type = PCI_HEADER_TYPE_CARDBUS)
CHANGE(conventional, m->fn.pcie_cap = 0)
CHANGE(vga, m->fn.class = PCI_CLASS_DISPLAY_VGA << 8)
CHANGE(old_vga, m->fn.class = PCI_CLASS_NOT_DEFINED_VGA << 8)
CHANGE(display, m->fn.class = PCI_CLASS_DISPLAY_3D << 8)
CHANGE(far_away, set_segment(m, U16_MAX + 1))
CHANGE(not_so_far, set_segment(m, U16_MAX))
CHANGE(untrusted, m->fn.untrusted = 1)
CHANGE(external, m->fn.external_facing = 1)
CHANGE(old_bridge, m->ports[1].pcie_cap = 0)
CHANGE(old_bridge_far, m->ports[0].pcie_cap = 0)
CHANGE(cardbus_bridge, m->ports[1].hdr_type = PCI_HEADER_TYPE_CARDBUS)
CHANGE(frozen, m->fn.error_state = pci_channel_io_frozen)
CHANGE(port_frozen, m->ports[0].error_state = pci_channel_io_frozen)
CHANGE(dpc, set_bit(PCI_DPC_RECOVERING, &m->ports[1].priv_flags))
CHANGE(asleep, m->fn.current_state = PCI_D3hot)
CHANGE(unknown_state, m->fn.current_state = PCI_UNKNOWN)
CHANGE(port_asleep, m->ports[0].current_state = PCI_D3hot)
CHANGE(loud, m->fn.broken_intx_masking = 1; m->fn.msix_cap = 0)
CHANGE(loud_msix, m->fn.broken_intx_masking = 1)
CHANGE(loud_no_pin, loud(m); m->fn.pin = 0)
CHANGE(no_msix, m->fn.msix_cap = 0)
CHANGE(shutdown, m->driver.shutdown = driver_shutdown)
CHANGE(no_driver, m->fn.driver = NULL)
CHANGE(on_root_bus, m->fn.bus = &m->root)

struct change {
	const char *name;
	void (*make)(struct made_up *m);
	int error;
	bool iov;		/* means nothing without CONFIG_PCI_IOV */
};

static const struct change changes[] = {
	{ "gone", gone, -ENODEV },
	{ "a virtual function", virtual, -EOPNOTSUPP },
	{ "incoming", incoming, -EBUSY },
	{ "incoming: the port above", other_incoming, 0 },
	{ "virtual functions: 1", some_virtual, -EBUSY, .iov = true },
	{ "virtual functions: 0", no_virtual, 0, .iov = true },
	{ "a bridge", bridge, -EOPNOTSUPP },
	{ "a CardBus bridge", cardbus, -EOPNOTSUPP },
	{ "not PCI Express", conventional, -EOPNOTSUPP },
	{ "VGA", vga, -EOPNOTSUPP },
	{ "VGA, before class codes", old_vga, -EOPNOTSUPP },
	{ "VGA: another display", display, 0 },
	{ "segment 0x10000", far_away, -EOPNOTSUPP },
	{ "segment 0xffff", not_so_far, 0 },
	{ "untrusted", untrusted, -EPERM },
	{ "faces the outside", external, -EPERM },
	{ "conventional bridge above", old_bridge, -EOPNOTSUPP },
	{ "conventional bridge far above", old_bridge_far, -EOPNOTSUPP },
	{ "CardBus bridge above", cardbus_bridge, -EOPNOTSUPP },
	{ "recovers", frozen, -EBUSY },
	{ "recovers: a port far above", port_frozen, -EBUSY },
	{ "recovers: DPC of the port above", dpc, -EBUSY },
	{ "D3hot", asleep, -EBUSY },
	{ "unknown power state", unknown_state, -EBUSY },
	{ "D3hot: a port far above", port_asleep, -EBUSY },
	{ "loud INTx", loud, -EOPNOTSUPP },
	{ "loud INTx: MSI-X", loud_msix, 0 },
	{ "loud INTx: no pin", loud_no_pin, 0 },
	{ "loud INTx: can be masked", no_msix, 0 },
	{ "driver with shutdown", shutdown, -EOPNOTSUPP },
	{ "no driver", no_driver, 0 },
	{ "on the root bus", on_root_bus, 0 },
};

KUNIT_ARRAY_PARAM_DESC(change, changes, name);

static void pci_luo_refused(struct kunit *test)
{
	const struct change *c = test->param_value;
	struct made_up *m = made_up_new(test);

	if (c->iov && !IS_ENABLED(CONFIG_PCI_IOV))
		kunit_skip(test, "no CONFIG_PCI_IOV");
	KUNIT_ASSERT_EQ_MSG(test, pci_luo_check(&m->fn), 0, "as it was");
	c->make(m);
	KUNIT_EXPECT_EQ(test, pci_luo_check(&m->fn), c->error);
}

static struct kunit_case pci_luo_check_cases[] = {
	KUNIT_CASE_PARAM(pci_luo_refused, change_gen_params),
	{}
};

static struct kunit_suite pci_luo_check_suite = {
	.name = "pci_luo_check",
	.test_cases = pci_luo_check_cases,
};

kunit_test_suite(pci_luo_check_suite);
