// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "guest.h"
#include "luo.h"
#include "story.h"

#define MODULE		"luo_test_function"
#define MSIX		0x11		/* id of the capability */
#define BRIDGE		1		/* type of the header */
#define SOME_FRAMES	50
#define PATIENCE	120		/* seconds; a host can be very busy */

void dma_begin(struct nic *nic)
{
	check_ret(nic_start(nic), 0);
	require(nic->regs, "no device");
	require(nic_sync(nic), "no frames");
	nic_mark(nic->regs);
}

static void note_fn(struct dma_fn *fn, const char *bdf)
{
	unsigned int i, msix = vmm_capability(bdf, MSIX);

	strcpy(fn->bdf, bdf);
	for (i = 0; i < 16; i++)
		fn->head[i] = vmm_config(bdf, 4 * i, 4);
	fn->msix = msix ? vmm_config(bdf, msix + 2, 2) : 0;
}

int dma_session(struct nic *nic)
{
	int session = require_fd(luo_create(DMA_SESSION));

	require(!check_ret(luo_preserve(session, nic->memfd, DMA_RAM), 0));
	return session;
}

void dma_note(struct nic *nic)
{
	struct dma_note *note = story_note();
	char port[VMM_BDF];

	note_fn(&note->device, nic->vmm.bdf);
	if (!vmm_parent(nic->vmm.bdf, port))
		note_fn(&note->port, port);
	vtd_note(&note->vtd, nic->vmm.bdf);
	require(nic_wait(nic, SOME_FRAMES, PATIENCE), "no frames");
	nic_check(nic);
	note->frames = nic->state->frames;
}

void dma_phase(struct nic *nic, const char *name)
{
	nic_poll(nic);
	verdict("# phase %lu %s\n", nic->state->number, name);
}

static int test_device(void)
{
	int ret = guest_insmod(MODULE, "");

	if (ret == -ENOENT)
		story_skip("no module %s", MODULE);
	require(!ret || ret == -EEXIST, "insmod: %d", ret);
	return require_fd(open("/dev/" MODULE, O_RDWR | O_CLOEXEC));
}

void dma_preserve_test(struct nic *nic, int session)
{
	const char *bdf = nic->vmm.bdf;
	int fd = test_device();

	require(write(fd, bdf, strlen(bdf)) == (ssize_t)strlen(bdf));
	require(!check_ret(luo_preserve(session, fd, DMA_DEVICE), 0));
}

int dma_retrieve_test(int session)
{
	int fd;

	close(test_device());
	fd = luo_get(session, DMA_DEVICE);
	return fd < 0 ? fd : 0;
}

void dma_preserve(struct nic *nic, int session)
{
	struct vmm *vmm = &nic->vmm;

	require(!check_ret(luo_preserve(session, vmm->iommufd, DMA_IOMMUFD), 0));
	require(!check_ret(luo_preserve(session, vmm->device, DMA_DEVICE), 0));
}

void dma_save(struct nic *nic)
{
	int session;

	dma_begin(nic);
	session = dma_session(nic);
	dma_preserve(nic, session);
	dma_note(nic);
}

/* As K1 had it: before this kernel wrote anything, and now. */
static void check_dword(const struct dma_fn *fn, unsigned int off, uint32_t mask)
{
	uint32_t want = fn->head[off / 4] & mask, found = 0, now;

	if (!check_ret(vmm_config_found(fn->bdf, off, &found), 0))
		check((found & mask) == want, "%s: %#x was found as %#x, not %#x",
		      fn->bdf, off, found & mask, want);
	now = vmm_config(fn->bdf, off, 4) & mask;
	check(now == want, "%s: %#x is %#x, not %#x", fn->bdf, off, now, want);
}

static void check_fn(const struct dma_fn *fn)
{
	bool bridge = (fn->head[3] >> 16 & 0x7f) == BRIDGE;
	unsigned int off;

	check(fn->head[1] & PCI_COMMAND_MASTER, "%s: K1 had no bus mastering", fn->bdf);
	check_dword(fn, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	for (off = 0x10; off < (bridge ? 0x30 : 0x28); off += 4)
		check_dword(fn, off, bridge && off == 0x1c ? 0xffff : ~0U);
	if (bridge)
		check_dword(fn, 0x3c, 0xffff0000);
}

void dma_check_found(void)
{
	struct dma_note *note = story_note();

	check_fn(&note->device);
	if (note->port.bdf[0])
		check_fn(&note->port);
	vtd_check(&note->vtd);
}

void dma_check_driver(void)
{
	struct dma_note *note = story_note();
	char name[32], state[32];
	int tries;

	vmm_driver(note->device.bdf, name, sizeof(name));
	check(!*name || !strcmp(name, "vfio-pci"), "%s has it", name);
	/*
	 * To ask by its registers would wake it. A driver puts it to sleep a little
	 * after it was bound.
	 */
	for (tries = 0; tries < 20; tries++) {
		check_ret(vmm_attr(note->device.bdf, "power_state", state, sizeof(state)), 0);
		if (!check(!strcmp(state, "D0") || !strcmp(state, "unknown"), "it is in %s", state))
			break;
		usleep(10000);
	}
}

void dma_ram(struct nic *nic, int session)
{
	struct dma_note *note = story_note();
	uint64_t frames;

	require(!nic_take_memfd(nic, require_fd(luo_get(session, DMA_RAM))));
	dma_phase(nic, "RETRIEVE_FD");
	frames = nic->state->frames;
	story_log("%lu frames came since the old kernel looked last, %lu before",
		  frames - note->frames, note->frames);
	check(frames > note->frames, "no frame");
	check(nic_wait(nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(nic);
}

int dma_get_device(int session)
{
	check_ret(vmm_load(), 0);
	return luo_get(session, DMA_DEVICE);
}

void dma_reopen(struct nic *nic, int session)
{
	struct dma_note *note = story_note();
	struct vmm *vmm = &nic->vmm;

	strcpy(vmm->bdf, note->device.bdf);
	vmm->iommufd = require_fd(luo_get(session, DMA_IOMMUFD));
	vmm->device = require_fd(dma_get_device(session));
	dma_phase(nic, "BIND");
	require(!check_ret(vmm_bind(vmm), 0));
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, nic->memfd, 0, NIC_SIZE, NIC_IOVA), 0));
}

void dma_rebuild(struct nic *nic, int session)
{
	dma_reopen(nic, session);
	require(!check_ret(nic_regs(nic), 0));
	nic_refill(nic);
	check(nic_wait(nic, SOME_FRAMES, PATIENCE), "it has stopped");
}

void dma_check_quiet(struct nic *nic, const char *bdf)
{
	uint64_t frames;

	check(!(vmm_config(bdf, PCI_COMMAND, 2) & PCI_COMMAND_MASTER),
	      "bus mastering is on");
	nic_poll(nic);
	frames = nic->state->frames;
	sleep(1);
	nic_poll(nic);
	check(nic->state->frames == frames, "it goes on");
}

void dma_take_over(struct nic *nic)
{
	int session;

	dma_check_found();
	check_ret(vmm_load(), 0);
	dma_check_driver();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(nic, session);
	dma_rebuild(nic, session);
	check_ret(luo_finish(session), -EBUSY);
	dma_phase(nic, "ATTACH");
	check_ret(vmm_attach(&nic->vmm, nic->vmm.ioas), 0);
	check(nic_wait(nic, SOME_FRAMES, PATIENCE), "it has stopped");
	dma_phase(nic, "FINISH");
	require(!check_ret(luo_finish(session), 0));
	close(session);
	check(nic_wait(nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(nic);
}
