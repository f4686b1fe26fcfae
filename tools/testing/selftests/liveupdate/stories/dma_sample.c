// SPDX-License-Identifier: GPL-2.0
/*
 * samples/liveupdate/luo_vmm.c as the owner of a device: the story looks at the
 * memory of that process, and drives the device as its machine would.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define PROGRAM		"/tests/luo_vmm"
#define SOME_FRAMES	50
#define PATIENCE	120
#define COLD		3	/* status: no such session */

static struct nic nic;

/* Run it until it says something. Return: its pid */
static pid_t sample(char *const argv[])
{
	char said[128] = "";
	int out[2];
	pid_t pid;

	require(!pipe(out));
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv(PROGRAM, argv);
		_exit(127);
	}
	require(pid > 0);
	close(out[1]);
	require(read(out[0], said, sizeof(said) - 1) > 0, "%s has ended", argv[1]);
	story_log("%.*s", (int)strcspn(said, "\n"), said);
	return pid;		/* what it says later goes to the pipe, too */
}

/* The memory of the machine; a file descriptor of our own. */
static int sample_ram(pid_t pid)
{
	char dir[32], path[64], name[64];
	struct dirent *entry;
	int fd = -1;
	ssize_t n;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", pid);
	d = opendir(dir);
	require(d);
	while (fd < 0 && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%.16s", dir, entry->d_name);
		n = readlink(path, name, sizeof(name) - 1);
		name[n < 0 ? 0 : n] = 0;
		if (strstr(name, "memfd:guest-ram"))
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(d);
	return require_fd(fd);
}

static int sample_status(char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execv(PROGRAM, argv);
		_exit(127);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void sample_save(void)
{
	char bdf[VMM_BDF], path[64], mib[16];
	pid_t pid;

	require(!check_ret(vmm_find(NIC_VENDOR, NIC_DEVICE, bdf), 0));
	require(!check_ret(vmm_take(bdf), 0));
	require(!check_ret(vmm_cdev(bdf, path, sizeof(path)), 0));
	snprintf(mib, sizeof(mib), "%lu", NIC_SIZE / MiB);
	check_ret(sample_status((char *[]){ "luo_vmm", "take", DMA_SESSION, NULL }), COLD);
	pid = sample((char *[]){ "luo_vmm", "hold", DMA_SESSION, path, mib, NULL });
	require(!check_ret(nic_drive(&nic, bdf, sample_ram(pid)), 0));
	require(nic_sync(&nic), "no frames");
	nic_mark(nic.regs);
	strcpy(nic.vmm.bdf, bdf);
	dma_note(&nic);
}

static void sample_load(void)
{
	struct dma_note *note = story_note();
	int status;
	pid_t pid;

	dma_check_found();
	check_ret(vmm_load(), 0);
	dma_check_driver();
	pid = sample((char *[]){ "luo_vmm", "take", DMA_SESSION, NULL });
	check_ret(luo_retrieve(DMA_SESSION), -ENOENT);
	require(!nic_take_memfd(&nic, sample_ram(pid)));
	nic.regs = vmm_bar_sysfs(note->device.bdf, 0, NIC_REGS);
	require(nic.regs);
	nic_poll(&nic);
	check(nic.state->frames > note->frames, "no frame came in between");
	nic_refill(&nic);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_check(&nic);
	nic_mark(nic.regs);
	require(!kill(pid, SIGTERM) && waitpid(pid, &status, 0) == pid);
	check(!status, "it ended with %#x", status);
	dma_check_quiet(&nic, note->device.bdf);
}

STORY(dma_sample, .stages = 2, .stage = { sample_save, sample_load });
