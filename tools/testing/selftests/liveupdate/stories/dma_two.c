// SPDX-License-Identifier: GPL-2.0
/*
 * Two devices in two sessions, under one IOMMU, beside a third one that has its
 * own driver in both kernels.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_packet.h>

#include "../lib/disk.h"
#include "../lib/dma.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define SEED		0x2d1c
#define READS		68
#define DISK_SESSION	"vm-18"
#define THIRD		"0000:03:00.0"
#define SOME_FRAMES	50
#define PATIENCE	120

static struct disk disk;
static struct nic nic;

/* The third one sends, which is DMA through a domain of its driver. */
static void third_sends(void)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	char name[64], sent[32], frame[64] = { 2, 0, 0, 0, 0, 2 };
	struct ifreq ifr = { .ifr_name = "" };
	unsigned int i;
	long before;
	int fd;

	vmm_driver(THIRD, name, sizeof(name));
	if (!check(!strcmp(name, "e1000e"), "the third has the driver '%s'", name))
		return;
	check_ret(vmm_netdev(THIRD, ifr.ifr_name, sizeof(ifr.ifr_name)), 0);
	fd = require_fd(socket(AF_PACKET, SOCK_RAW, 0));
	check(!ioctl(fd, SIOCGIFFLAGS, &ifr));
	ifr.ifr_flags |= IFF_UP;
	check(!ioctl(fd, SIOCSIFFLAGS, &ifr), "up");
	to.sll_ifindex = if_nametoindex(ifr.ifr_name);
	/* The link comes up, and the device is asked for its counters, now and then. */
	snprintf(name, sizeof(name), "net/%.15s/statistics/tx_packets", ifr.ifr_name);
	vmm_attr(THIRD, name, sent, sizeof(sent));
	before = atol(sent);
	for (i = 0; i < 100 && atol(sent) <= before; i++) {
		sendto(fd, frame, sizeof(frame), 0, (void *)&to, sizeof(to));
		usleep(200000);
		vmm_attr(THIRD, name, sent, sizeof(sent));
	}
	check(atol(sent) > before, "no packet of the third went out");
	close(fd);
}

static void two_save(void)
{
	int session;

	require(!check_ret(disk_start(&disk), 0));
	require(!check_ret(disk_write(&disk, SEED, READS), 0));
	dma_begin(&nic);
	third_sends();
	session = dma_session(&nic);
	dma_preserve(&nic, session);
	dma_note(&nic);
	disk_read(&disk, READS);
	session = require_fd(luo_create(DISK_SESSION));
	require(!check_ret(luo_preserve(session, disk.memfd, DMA_RAM), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.iommufd, DMA_IOMMUFD), 0));
	require(!check_ret(luo_preserve(session, disk.vmm.device, DMA_DEVICE), 0));
}

static void take_over_nic(void)
{
	int session = require_fd(luo_retrieve(DMA_SESSION));

	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_ret(luo_finish(session), 0);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
}

static void take_over_disk(void)
{
	int session = require_fd(luo_retrieve(DISK_SESSION));
	struct vmm *vmm = &disk.vmm;

	require(!disk_take_memfd(&disk, require_fd(luo_get(session, DMA_RAM))));
	disk_poll(&disk);
	vmm->iommufd = require_fd(luo_get(session, DMA_IOMMUFD));
	vmm->device = require_fd(dma_get_device(session));
	require(!check_ret(vmm_bind(vmm), 0));
	require(!check_ret(vmm_ioas(vmm), 0));
	require(!check_ret(vmm_map(vmm, disk.memfd, 0, DISK_SIZE, DISK_IOVA), 0));
	check_ret(vmm_attach(vmm, vmm->ioas), 0);
	check_ret(luo_finish(session), 0);
	check(disk_wait(&disk, READS - disk_check(&disk, SEED, READS), PATIENCE),
	      "the disk has stopped");
	check(disk_check(&disk, SEED, READS) == READS);
	vmm_close(vmm);
}

static void two_load(void)
{
	third_sends();
	take_over_nic();
	take_over_disk();
	third_sends();
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

STORY(dma_two, .stages = 2, .stage = { two_save, two_load });
