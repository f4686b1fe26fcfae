// SPDX-License-Identifier: GPL-2.0
/*
 * reboot(2) fails when the device is frozen already. As long as it is, nothing
 * leaves it but DMA, and its owner gets EBUSY. Then all is as before, and an
 * interrupt that the device raised meanwhile arrives.
 *
 * Sessions are frozen in the order of their creation: the one that fails comes
 * after that of the device, and its handler waits until we have looked around.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define VECTORS		5
#define MSIX_BAR	3		/* of this device, where the table is */
#define MSIX		0x11		/* ids of capabilities */
#define MSI		0x05
#define MSIX_MASKALL	0x4000
#define MSI_ENABLE	0x0001
#define INTX_DISABLE	0x0400
#define CONFIG		4096
#define SOME_FRAMES	10
#define PATIENCE	120
#define ELSEWHERE	0x8000000UL
#define NO_IRQ		VFIO_PCI_NUM_IRQS

/* What a failed update must leave as it is. */
struct as_is {
	uint32_t config[CONFIG / 4];
	uint32_t vector[VECTORS];	/* control words in the table of MSI-X */
};

static struct nic nic;
static uint32_t kind = NO_IRQ;		/* of interrupt */
static int event[VECTORS], unmask;
static char *table;
static off_t config_region;
static pthread_t update;

static int device_info(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return ioctl(nic.vmm.device, VFIO_DEVICE_GET_INFO, &info) ? -errno : 0;
}

static int config_write(void)
{
	uint8_t line = vmm_config(nic.vmm.bdf, 0x3c, 1);

	return pwrite(nic.vmm.device, &line, 1, config_region + 0x3c) == 1 ? 0 : -errno;
}

static uint16_t control(uint8_t capability)
{
	const char *bdf = nic.vmm.bdf;

	return vmm_config(bdf, vmm_capability(bdf, capability) + 2, 2);
}

static uint32_t vector(unsigned int i)
{
	return vmm_reg(table, 16 * i + 12);
}

static int irq_set(uint32_t flags, const int *fds)
{
	return vmm_irq_set(&nic.vmm, kind, flags, fds,
			   kind == VFIO_PCI_MSIX_IRQ_INDEX ? VECTORS : 1);
}

static void irq_ask(uint32_t index)
{
	int i;

	kind = index;
	for (i = 0; i < VECTORS; i++)
		event[i] = require_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	require(!check_ret(irq_set(VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, event), 0));
}

static int irq_unmask(void)
{
	return irq_set(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, NULL);
}

/* The device signals, now: frames have come since it was quiet. */
static void irq_raise(void)
{
	if (kind == VFIO_PCI_MSIX_IRQ_INDEX)
		nic_irq_setup(&nic);
	else
		nic_legacy_setup(&nic);
}

/* What it has signalled is served, and it does not again. */
static void irq_quiet(void)
{
	nic_irq_off(&nic);
	nic_legacy_serve(&nic);
	if (kind == VFIO_PCI_INTX_IRQ_INDEX)
		check_ret(irq_unmask(), 0);
	while (kind != NO_IRQ && vmm_events(event[0], 100))
		;
	require(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
}

static bool vectors_masked(void)
{
	unsigned int i;

	for (i = 0; i < VECTORS; i++)
		if (!(vector(i) & 1))
			return false;
	return true;
}

static bool masked(void)
{
	bool disabled = vmm_config(nic.vmm.bdf, PCI_COMMAND, 2) & INTX_DISABLE;

	switch (kind) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return control(MSIX) & MSIX_MASKALL && vectors_masked();
	case VFIO_PCI_MSI_IRQ_INDEX:
		return disabled && !(control(MSI) & MSI_ENABLE);
	default:
		return disabled;
	}
}

static void *update_fails(void *arg)
{
	check_ret(guest_kexec(), -EDEADLK);
	return NULL;
}

static void update_begin(void)
{
	int tries;

	foreign_set("fail_freeze", 1);
	foreign_hold();
	require(!pthread_create(&update, NULL, update_fails, NULL));
	for (tries = 0; tries < 1000 && (device_info() != -EBUSY || !masked()); tries++)
		usleep(10000);
	check_ret(device_info(), -EBUSY);
	check(masked(), "it may interrupt");
}

static void update_end(void)
{
	check(masked(), "it may interrupt, by now");
	foreign_let_go();
	pthread_join(update, NULL);
	check_ret(device_info(), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
}

static void as_is(struct as_is *as)
{
	unsigned int i;

	for (i = 0; i < CONFIG / 4; i++)
		as->config[i] = vmm_config(nic.vmm.bdf, 4 * i, 4);
	for (i = 0; i < VECTORS; i++)
		as->vector[i] = vector(i);
}

static void check_as_is(const struct as_is *was)
{
	struct as_is now;
	unsigned int i;

	as_is(&now);
	for (i = 0; i < CONFIG / 4; i++)
		check(now.config[i] == was->config[i], "config %#x is %#x, not %#x",
		      4 * i, now.config[i], was->config[i]);
	for (i = 0; i < VECTORS; i++)
		check(now.vector[i] == was->vector[i], "vector %u is %#x, not %#x", i,
		      now.vector[i], was->vector[i]);
}

static void check_busy(void)
{
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), -EBUSY);
	check_ret(vmm_reset(&nic.vmm), -EBUSY);
	check_ret(irq_set(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, NULL),
		  -EBUSY);
	check_ret(config_write(), -EBUSY);
}

/* MSI of this device has no mask bits: its owner hears of it, whether one came or not. */
static void check_told(void)
{
	uint64_t want = kind == VFIO_PCI_MSI_IRQ_INDEX;

	if (kind != NO_IRQ)
		check_ret(vmm_events(event[0], 300), want, "interrupts of which none came");
}

/* No interrupt is on its way. */
static void nothing_came(void)
{
	struct as_is was;

	irq_quiet();
	as_is(&was);
	check(!masked(), "it cannot interrupt");
	update_begin();
	check_busy();
	update_end();
	check_told();
	check_as_is(&was);
	check_ret(config_write(), 0);
}

static void goes_on(void)
{
	irq_quiet();
	irq_raise();
	check(vmm_events(event[0], 10000), "no interrupt but that one");
	irq_quiet();
}

/* Once, or twice if it was not lost. */
static void msi_arrives(void)
{
	check(vmm_events(event[0], 10000), "its owner does not hear of what may be lost");
	nic_legacy_serve(&nic);
	check(vmm_events(event[0], 10000), "no interrupt but that one");
}

static void one_came(void)
{
	irq_quiet();
	update_begin();
	irq_raise();
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check(!vmm_events(event[0], 300), "it came out of a frozen device");
	update_end();
	if (kind == VFIO_PCI_MSI_IRQ_INDEX) {
		msi_arrives();
	} else {
		check(vmm_events(event[0], 10000) == 1, "what came meanwhile is lost");
		check(!vmm_events(event[0], 300), "it came twice");
	}
	goes_on();
}

static void thaw_begin(struct vfio_region_info *region)
{
	dma_begin(&nic);
	table = vmm_bar(&nic.vmm, MSIX_BAR, NULL);
	require(table, "no table");
	require(!ioctl(nic.vmm.device, VFIO_DEVICE_GET_REGION_INFO, region));
	config_region = region->offset;
	foreign_load("");
	foreign_set("fail_errno", EDEADLK);
	require(!check_ret(guest_kexec_load(true, ""), 0));
}

/* The device in a session, and after it the one that fails. */
static int thaw_preserve(int *fails)
{
	int session = dma_session(&nic);

	dma_preserve(&nic, session);
	*fails = require_fd(luo_create("fails"));
	check_ret(luo_preserve(*fails, require_fd(foreign_open(FOREIGN, 1)), 1), 0);
	return session;
}

static void thaw_end(int session, int fails)
{
	int other = require_fd(data_memfd("other", 0, 1, MiB));

	check_ret(guest_kexec_unload(), 0);
	close(fails);
	check_ret(vmm_map(&nic.vmm, other, 0, MiB, ELSEWHERE), -EBUSY);
	check_ret(luo_unpreserve(session, DMA_DEVICE), 0);
	check_ret(luo_unpreserve(session, DMA_IOMMUFD), 0);
	check_ret(luo_unpreserve(session, DMA_RAM), 0);
	check_ret(vmm_map(&nic.vmm, other, 0, MiB, ELSEWHERE), 0);
	check_ret(vmm_unmap(&nic.vmm, ELSEWHERE, MiB), 0);
	if (kind != NO_IRQ)
		goes_on();
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

static void thaw(uint32_t index, void (*more)(void))
{
	struct vfio_region_info region = {
		.argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	int session, fails;

	thaw_begin(&region);
	session = thaw_preserve(&fails);
	if (more)
		nothing_came();		/* without any interrupt yet */
	irq_ask(index);
	goes_on();
	nothing_came();
	one_came();
	if (more)
		more();
	nothing_came();
	one_came();
	thaw_end(session, fails);
}

static void thaw_msix(void)
{
	thaw(VFIO_PCI_MSIX_IRQ_INDEX, NULL);
}

STORY(dma_thaw, .stages = 1, .stage = { thaw_msix });

static void thaw_msi(void)
{
	thaw(VFIO_PCI_MSI_IRQ_INDEX, NULL);
}

STORY(dma_thaw_msi, .stages = 1, .stage = { thaw_msi });

/* An interrupt has come before, and its owner has it masked still. */
static void intx_masked(void)
{
	irq_quiet();
	irq_raise();
	check(vmm_events(event[0], 10000) == 1, "no interrupt");
	check(masked(), "it is not masked");
}

/* The owner unmasks it meanwhile, with an eventfd: the device does not hear of it. */
static void intx_unmasked_meanwhile(void)
{
	const uint64_t one = 1;

	intx_masked();
	update_begin();
	check(write(unmask, &one, sizeof(one)) == sizeof(one));
	check(!vmm_events(event[0], 300), "it came out of a frozen device");
	update_end();
	check(vmm_events(event[0], 10000) == 1, "it is masked still");
	goes_on();
}

static void intx_left_masked(void)
{
	intx_masked();
	update_begin();
	check_ret(irq_unmask(), -EBUSY);
	update_end();
	check(!vmm_events(event[0], 300), "it was unmasked by nobody");
	check(masked(), "it may interrupt");
	check_ret(irq_unmask(), 0);
	check(vmm_events(event[0], 10000) == 1, "the one that waited is lost");
	goes_on();
}

static void intx_more(void)
{
	unmask = require_fd(eventfd(0, EFD_CLOEXEC));
	require(!check_ret(irq_set(VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_UNMASK, &unmask), 0));
	intx_unmasked_meanwhile();
	intx_left_masked();
}

static void thaw_intx(void)
{
	thaw(VFIO_PCI_INTX_IRQ_INDEX, intx_more);
}

STORY(dma_thaw_intx, .stages = 1, .stage = { thaw_intx });
