// SPDX-License-Identifier: GPL-2.0
/*
 * What a kernel wrote for a device is damaged, one thing in each kernel: the next
 * one cannot hand the device out, and may not even know which one it is. It goes
 * on until its session ends, has stopped then, and the memory comes over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/foreign.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	20
#define PATIENCE	120
#define STATE_IN	"/sys/kernel/debug/kho/in/state"
#define VFIO_PAGES	2		/* of a record */
#define IOMMUFD_PAGES	1

/*
 * File 3 is the device: struct vfio_pci_luo_ser has magic 0, version 8, crc 12,
 * devfn 19, flags 20, vconfig 128. File 2 is the iommufd: struct iommufd_luo_ser
 * has magic 0, version 8, nr_domains 16. Their addresses are at 56 in struct
 * luo_file_ser.
 */
static const struct {
	const char *what, *order;
	int device;		/* what retrieving it gives */
	unsigned int left;	/* pages that stay reserved */
} cases[] = {
	{ "both", "data " DMA_SESSION " 3 0 1\ndata " DMA_SESSION " 2 0 1\n", -EBADMSG,
	  VFIO_PAGES + IOMMUFD_PAGES },
	{ "magic", "data " DMA_SESSION " 3 0 1\n", -EBADMSG, VFIO_PAGES },
	{ "version", "data " DMA_SESSION " 3 8 2\n", -EPROTONOSUPPORT, VFIO_PAGES },
	{ "checksum", "data " DMA_SESSION " 3 12 1\n", -EBADMSG, VFIO_PAGES },
	{ "function", "data " DMA_SESSION " 3 19 8\n", -EBADMSG, VFIO_PAGES },
	{ "flags", "data " DMA_SESSION " 3 20 80\n", -EBADMSG, VFIO_PAGES },
	{ "vconfig", "data " DMA_SESSION " 3 128 1\n", -EBADMSG, VFIO_PAGES },
	{ "address", "file " DMA_SESSION " 3 62 40 seal\n", -EBADMSG, VFIO_PAGES },
	{ "alignment", "file " DMA_SESSION " 3 56 1 seal\n", -EBADMSG, VFIO_PAGES },
	{ "magic of iommufd", "data " DMA_SESSION " 2 0 1\n", -EBADMSG, IOMMUFD_PAGES },
	{ "domains of iommufd", "data " DMA_SESSION " 2 16 1\n", -EBADMSG, IOMMUFD_PAGES },
};

#define NR_CASES	ARRAY_SIZE(cases)

static struct nic nic;

/* nic_check() would have the sender's log looked at, also where it is stopped. */
static void check_frames(void)
{
	check(!nic.state->missing && !nic.state->disorder && !nic.state->bad,
	      "%lu missing, %lu out of order, %lu bad", nic.state->missing,
	      nic.state->disorder, nic.state->bad);
}

/* It will stop: QEMU's trace is not looked at after the second mark. */
static void record_save(const char *order)
{
	struct dma_note *note = story_note();
	int session;

	dma_begin(&nic);
	nic_mark(nic.regs);
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	damage_load();
	damage("%s", order);
	strcpy(note->device.bdf, nic.vmm.bdf);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "no frames");
	note->frames = nic.state->frames;
}

/* Lines of this kernel that say that the device was stopped by live update. */
static unsigned int stops_logged(void)
{
	return guest_log_count("live update: bus mastering is off: nobody ");
}

/* What cannot be read stays reserved, and nothing else. */
static void check_left(unsigned int n)
{
	char want[64], text[256] = "";
	int tries;

	snprintf(want, sizeof(want), "preserved_pages: %u\n", cases[n].left);
	for (tries = 0; tries < 100; tries++) {
		require(guest_read(STATE_IN, text, sizeof(text)) >= 0, STATE_IN);
		if (!strncmp(text, want, strlen(want)))
			return;
		usleep(10000);
	}
	check(false, "%s: %s", cases[n].what, text);
}

static void record_load(unsigned int n)
{
	struct dma_note *note = story_note();
	int session, ret;

	check_ret(vmm_load(), 0);
	session = require_fd(luo_retrieve(DMA_SESSION));
	ret = luo_get(session, DMA_DEVICE);
	check(ret == cases[n].device, "%s: %d", cases[n].what, ret);
	require(!nic_take_memfd(&nic, require_fd(luo_get(session, DMA_RAM))));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "%s: it has stopped",
	      cases[n].what);
	check(nic.state->frames > note->frames);
	check_frames();
	check(!stops_logged(), "%s: stopped too early", cases[n].what);

	if (n % 2)
		check_ret(luo_finish(session), 0);
	close(session);
	if (!(n % 2))
		check_ret(luo_discard(DMA_SESSION), 0);
	dma_check_quiet(&nic, note->device.bdf);
	check(stops_logged() == 1, "%s: %u lines say so", cases[n].what,
	      stops_logged());
	check_frames();
	nic_close(&nic);
	check_left(n);
}

static void record(void)
{
	unsigned int n = story_stage();

	nic.vmm.iommufd = -1;
	nic.vmm.device = -1;
	if (n)
		record_load(n - 1);
	if (n < NR_CASES)
		record_save(cases[n].order);
}

STORY(dma_record, .stages = NR_CASES + 1, .stage = { [0 ... NR_CASES] = record });

/* The record of the file itself: nobody knows what it depended on. */
static void lost_save(void)
{
	record_save("file " DMA_SESSION " 3 57 10\n");
}

static void lost_load(void)
{
	struct dma_note *note = story_note();
	int session;

	check_ret(vmm_load(), 0);
	session = require_fd(luo_retrieve(DMA_SESSION));
	check_ret(luo_get(session, DMA_DEVICE), -EBADMSG);
	require(!nic_take_memfd(&nic, require_fd(luo_get(session, DMA_RAM))));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check_frames();
	check_ret(luo_finish(session), -EBUSY);
	close(session);
	check(!stops_logged(), "stopped too early");
	check_ret(luo_discard(DMA_SESSION), 0);
	dma_check_quiet(&nic, note->device.bdf);
	check_frames();
}

STORY(dma_lost, .stages = 2, .stage = { lost_save, lost_load });
