// SPDX-License-Identifier: GPL-2.0
/*
 * The next kernel makes many domains before anybody takes the device over, while
 * it goes on in the domain of the previous one. None of them may get the number of
 * that one: hardware would take what it cached of the one for the other. QEMU does
 * not look at numbers, so the tables are read.
 */
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/dma.h"
#include "../lib/luo.h"
#include "../lib/story.h"

#define THIRD		"0000:02:00.0"
#define DOMAINS		200
#define SIZE		(2 * MiB)
#define SOME_FRAMES	50
#define PATIENCE	120

static struct nic nic;
static struct vmm third;

static void domains_save(void)
{
	dma_save(&nic);
}

/* Both are in a domain, and the third is in another one than a step before. */
static bool numbers_differ(uint64_t *last)
{
	struct dma_note *note = story_note();
	const struct vtd_entry *entry;
	struct vtd_tables tables;
	uint64_t now;

	if (check_ret(vtd_read(&tables), 0))
		return false;
	entry = vtd_entry(&tables, THIRD);
	if (!check(entry, "the third is in no domain"))
		return false;
	now = vtd_root(entry);
	if (!check(now != *last, "the third is still at %#lx", now))
		return false;
	*last = now;
	return vtd_check_did(&tables, &note->vtd);
}

/* Under the same IOMMU, with other memory at the same addresses. */
static void make_domains(void)
{
	int memfd = require_fd(data_memfd("third", 0, 1, SIZE)), i;
	struct dma_note *note = story_note();
	bool visible = note->vtd.seen && vtd_visible();
	uint64_t last = 0;
	uint32_t hwpt;

	require(!check_ret(vmm_start(&third, THIRD, memfd, SIZE, NIC_IOVA), 0));
	for (i = 0; i < DOMAINS; i++) {
		require(!check_ret(vmm_hwpt(&third, &hwpt), 0));
		require(!check_ret(vmm_attach(&third, hwpt), 0));
		require(!visible || numbers_differ(&last));
	}
	if (visible)
		story_log("%d domains beside number %u", DOMAINS, note->vtd.entry.did);
	check_ret(data_check(memfd, 1, 0, SIZE), 0);
	close(memfd);
}

static void domains_load(void)
{
	int session;

	make_domains();
	session = require_fd(luo_retrieve(DMA_SESSION));
	dma_ram(&nic, session);
	dma_rebuild(&nic, session);
	check_ret(vmm_attach(&nic.vmm, nic.vmm.ioas), 0);
	check_ret(luo_finish(session), 0);
	vmm_close(&third);
	check(nic_wait(&nic, SOME_FRAMES, PATIENCE), "it has stopped");
	nic_end(&nic);
}

STORY(dma_domains, .stages = 2, .stage = { domains_save, domains_load });
