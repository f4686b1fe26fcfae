// SPDX-License-Identifier: GPL-2.0
/* A takeover step by step, for stories in which it ends before its end. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma.h"
#include "luo.h"
#include "story.h"

static const char * const names[] = {
	"session", "ram", "iommufd", "device", "bind", "ioas", "map", "attach",
};

const char *dma_step_name(enum dma_step step)
{
	return names[step];
}

/* Somebody before may have bound it: -EINVAL then. */
static int step_bind(struct vmm *vmm)
{
	int ret = vmm_bind(vmm);

	return ret == -EINVAL ? 0 : ret;
}

static int take_step(struct nic *to, int *session, enum dma_step step)
{
	struct vmm *vmm = &to->vmm;

	switch (step) {
	case DMA_STEP_SESSION:
		return *session = luo_retrieve(DMA_SESSION);
	case DMA_STEP_RAM:
		return to->memfd = luo_get(*session, DMA_RAM);
	case DMA_STEP_IOMMUFD:
		return vmm->iommufd = luo_get(*session, DMA_IOMMUFD);
	case DMA_STEP_DEVICE:
		return vmm->device = dma_get_device(*session);
	case DMA_STEP_BIND:
		return step_bind(vmm);
	case DMA_STEP_IOAS:
		return vmm_ioas(vmm);
	case DMA_STEP_MAP:
		return vmm_map(vmm, to->memfd, 0, NIC_SIZE, NIC_IOVA);
	default:
		return vmm_attach(vmm, vmm->ioas);
	}
}

void dma_steps(struct nic *to, int *session, enum dma_step last)
{
	enum dma_step step;
	int ret;

	for (step = DMA_STEP_SESSION; step <= last; step++) {
		ret = take_step(to, session, step);
		require(ret >= 0, "%s: %d", names[step], ret);
	}
}

void dma_killed_after(enum dma_step last)
{
	int session, ready[2], status;
	struct nic other;
	char c = 0;
	pid_t pid;

	require(!pipe(ready));
	pid = fork();
	if (!pid) {
		dma_steps(&other, &session, last);
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	check(read(ready[0], &c, 1) == 1, "killed itself before %s", names[last]);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* close(2) would finish a session of which all is taken over. */
void dma_lose(int session)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	close(session);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
}

void dma_look(struct nic *nic)
{
	int session = require_fd(luo_retrieve(DMA_SESSION));

	require(!nic_take_memfd(nic, require_fd(luo_get(session, DMA_RAM))));
	dma_lose(session);
}

void dma_mark(const char *bdf)
{
	void *regs = vmm_bar_sysfs(bdf, 0, NIC_REGS);

	if (!check(regs, "no registers"))
		return;
	nic_mark(regs);
	munmap(regs, NIC_REGS);
}
