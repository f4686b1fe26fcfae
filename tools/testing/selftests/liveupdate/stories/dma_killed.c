// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor is killed on its way back to the device, after each step: the
 * device goes on, and the next monitor takes over from where it was left. And at
 * any point in between, in either kernel.
 *
 *	luo.seed=N	which points
 *	luo.soak=1	more of them
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SOME_FRAMES	20
#define PATIENCE	120
#define SEED		0x5eed
#define KILLS		15
#define SOAK_KILLS	100
#define SLACK_KB	(8 * 1024)
#define OTHER_IOVA	0x40000000UL

static struct nic nic;

static void killed_save(void)
{
	dma_save(&nic);
}

static void killed_load(void)
{
	enum dma_step step;
	int session;

	dma_look(&nic);
	nic_poll(&nic);
	nic_check(&nic);
	for (step = DMA_STEP_SESSION; step <= DMA_STEP_MAP; step++) {
		dma_killed_after(step);
		check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped after %s",
		      dma_step_name(step));
		nic_check(&nic);
	}
	dma_steps(&nic, &session, DMA_STEP_MAP);
	require(!check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	check_ret(luo_finish(session), 0);
	nic_check(&nic);
	require(!check_ret(nic_regs(&nic), 0));
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_killed, .stages = 2, .stage = { killed_save, killed_load });

/* The whole takeover but FINISH, by somebody who dies then. */
static void monitor_that_dies(void)
{
	struct nic other;
	int session, status;
	pid_t pid = fork();

	if (!pid) {
		dma_steps(&other, &session, DMA_STEP_ATTACH);
		story_end();
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	check(!status, "it failed: %#x", status);
}

/*
 * Dead when all is done but FINISH: the session goes back (F12), the device
 * goes on. Who finishes it and closes the device has stopped it.
 */
static void last_load(void)
{
	struct dma_note *note = story_note();
	int session;

	dma_look(&nic);
	monitor_that_dies();
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it died with the monitor");
	dma_steps(&nic, &session, DMA_STEP_DEVICE);
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped by FINISH");
	nic_check(&nic);
	require(!check_ret(nic_regs(&nic), 0));
	nic_mark(nic.regs);
	nic_regs_close(&nic);
	close(session);
	vmm_close(&nic.vmm);
	dma_check_quiet(&nic, note->device.bdf);
}

STORY(dma_killed_last, .stages = 2, .stage = { killed_save, last_load });

static uint64_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (rnd_state >> 33) % below;
}

static unsigned int random_begin(void)
{
	rnd_state = guest_number("luo.seed", SEED);
	return guest_number("luo.soak", 0) ? SOAK_KILLS : KILLS;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* Let it work, and kill it after so long; 0: when it is done. Return: how long */
static uint64_t kill_after(void (*work)(void), uint64_t us)
{
	uint64_t begin = now_us();
	int done[2], status;
	pid_t pid;
	char c;

	require(!pipe(done));
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		close(done[0]);
		work();
		close(done[1]);
		for (;;)
			pause();
	}
	close(done[1]);
	if (us)
		usleep(us);
	else
		check(!read(done[0], &c, 1));
	close(done[0]);
	us = now_us() - begin;
	kill(pid, SIGKILL);
	require(waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status), "it ended by itself: %#x", status);
	return us;
}

/* At any point of what takes so long, or a bit later. */
static void kill_at_random(void (*work)(void), uint64_t us, unsigned int i)
{
	kill_after(work, 1 + rnd(us + us / 8));
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "stopped by kill %u", i);
	nic_check(&nic);
	if (nic.regs)
		nic_refill(&nic);
}

static void work_new(void)
{
	struct nic other;
	int session;

	dma_steps(&other, &session, DMA_STEP_MAP);
}

/* To the end but for FINISH. */
static void work_new_attach(void)
{
	struct nic other;
	int session;

	dma_steps(&other, &session, DMA_STEP_ATTACH);
}

static void random_load(void)
{
	struct dma_note *note = story_note();
	unsigned int kills = random_begin(), i;
	int session;
	uint64_t us;

	dma_look(&nic);
	nic_poll(&nic);
	nic.regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	require(nic.regs, "no registers");
	kill_after(work_new, 0);	/* which loads modules, and binds */
	us = kill_after(work_new, 0);
	story_log("%u kills within %lu us", kills, us);
	for (i = 0; i < kills; i++)
		kill_at_random(i < kills / 2 ? work_new : work_new_attach, us, i);
	dma_steps(&nic, &session, DMA_STEP_MAP);
	require(!check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0));
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
	nic_regs_close(&nic);
	require(!check_ret(nic_regs(&nic), 0));
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_random, .stages = 2, .stage = { killed_save, random_load });

static void work_old(void)
{
	int session = dma_session(&nic);

	dma_preserve(&nic, session);
}

/* Mappings are not frozen any more: the session has gone with its holder. */
static void check_thawed(unsigned int i)
{
	int ret = vmm_map(&nic.vmm, nic.memfd, 0, 0x1000, OTHER_IOVA);

	check(!ret, "kill %u: map: %d", i, ret);
	check_ret(vmm_unmap(&nic.vmm, OTHER_IOVA, 0x1000), 0);
}

static void random_old(void)
{
	unsigned int kills = random_begin(), i;
	struct counters before;
	uint64_t us;

	dma_begin(&nic);
	kill_after(work_old, 0);
	us = kill_after(work_old, 0);
	check_thawed(0);
	counters_get(&before);
	story_log("%u kills within %lu us", kills, us);
	for (i = 0; i < kills; i++) {
		kill_at_random(work_old, us, i);
		check_thawed(i);
	}
	counters_check(&before, SLACK_KB);
	nic_mark(nic.regs);
	nic_close(&nic);
}

STORY(dma_random_old, .stages = 1, .stage = { random_old });
