// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI function, and the port above it, stay as they are over the jump. No
 * IOMMU and no DMA here: registers are what counts. Needs pci=earlydump.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/guest.h"
#include "../lib/luo.h"
#include "../lib/pci.h"
#include "../lib/story.h"

#define DRIVER		"luo_test_function"
#define NATIVE		"e1000e"
#define NO_NATIVE	"initcall_blacklist=e1000_init_module"
#define SESSION		"pci"
#define TOKEN		1
#define VECTORS		5

#define COMMAND		0x04
#define COMMAND_MASTER	0x04
#define BARS		0x10
#define NR_BARS		6
#define BUSES		0x18
#define MSIX		0x11
#define RESOURCE_FIXED	0x10	/* IORESOURCE_PCI_FIXED */
#define MSIX_ENABLE	0x8000
#define MSIX_MASKALL	0x4000

/* The function and the port above it as the first kernel left them. */
struct note {
	struct function nic, port;
};

static void require_driver(const struct function *fn, const char *want)
{
	char driver[64];

	function_driver(fn, driver, sizeof(driver));
	require(!strcmp(driver, want), "%s has driver '%s', not '%s'", fn->name,
		driver, want);
}

static void module_load(void)
{
	int ret = guest_insmod(DRIVER, "");

	if (ret == -ENOENT)
		story_skip("no module " DRIVER);
	require(!ret, "insmod: %d", ret);
}

/* From its native driver to the one of the test, which makes it busy. */
static void take(struct note *note)
{
	if (function_find(0x8086, 0x10d3, &note->nic))
		story_skip("no " NATIVE);
	require(!function_parent(&note->nic, &note->port));
	driver_set(NATIVE, "unbind", note->nic.name);
	require(!function_set(&note->nic, "driver_override", DRIVER));
	module_load();
	require_driver(&note->nic, DRIVER);
	require(!function_read(&note->nic) && !function_read(&note->port));
	require(function_word(&note->nic, COMMAND) & COMMAND_MASTER);
	require(function_word(&note->port, COMMAND) & COMMAND_MASTER);
}

static int function_open(const char *name)
{
	int fd = open("/dev/" DRIVER, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, name, strlen(name)) < 0 ? -errno : fd;
}

static void preserve(const struct note *note)
{
	int session = require_fd(luo_create(SESSION));
	int fd = require_fd(function_open(note->nic.name));

	check_ret(luo_preserve(session, fd, TOKEN), 0);
	check_ret(function_seal(&note->nic, true), 0);
}

static void pci_save(void)
{
	struct note *note = story_note();

	take(note);
	preserve(note);
}

static void check_dword(const struct function *is, const struct function *was,
			unsigned int pos, uint32_t bits, const char *when)
{
	check((function_dword(is, pos) & bits) == (function_dword(was, pos) & bits),
	      "%s, %s, register %#x: %#x, was %#x", is->name, when, pos,
	      function_dword(is, pos), function_dword(was, pos));
}

static void check_nic(const struct function *nic, const struct function *was,
		      const char *when)
{
	unsigned int i;

	check_dword(nic, was, COMMAND, COMMAND_MASTER | 3, when);
	for (i = 0; i < NR_BARS; i++)
		check_dword(nic, was, BARS + 4 * i, ~0, when);
}

/* Bus numbers and windows, without what is in the status register between. */
static void check_port(const struct function *port, const struct function *was,
		       const char *when)
{
	check_dword(port, was, COMMAND, COMMAND_MASTER | 3, when);
	check_dword(port, was, BUSES, 0xffffff, when);
	check_dword(port, was, 0x1c, 0xffff, when);
	check_dword(port, was, 0x20, ~0, when);
	check_dword(port, was, 0x24, ~0, when);
	check_dword(port, was, 0x28, ~0, when);
	check_dword(port, was, 0x2c, ~0, when);
	check_dword(port, was, 0x30, ~0, when);
}

static void check_found(const struct note *note)
{
	struct note found = *note;

	require(!function_found(&found.nic, 64), "no pci=earlydump of the nic");
	require(!function_found(&found.port, 64), "no pci=earlydump of the port");
	check_nic(&found.nic, &note->nic, "found");
	check_port(&found.port, &note->port, "found");
}

static void check_now(const struct note *note, const char *when)
{
	struct note now = *note;
	unsigned int i, cap = function_cap(&note->nic, MSIX) + 2;
	uint32_t ctrl;

	require(!function_read(&now.nic) && !function_read(&now.port));
	check_nic(&now.nic, &note->nic, when);
	check_port(&now.port, &note->port, when);
	check(function_word(&now.nic, cap) ==
	      (function_word(&note->nic, cap) | MSIX_MASKALL),
	      "%s: MSI-X control %#x, was %#x", when,
	      function_word(&now.nic, cap), function_word(&note->nic, cap));
	for (i = 0; i < VECTORS; i++) {
		ctrl = function_vector_ctrl(&now.nic, i);
		check(ctrl != ~0U && ctrl & 1, "%s: vector %u is not masked: %#x",
		      when, i, ctrl);
	}
}

/* Nobody but the recorded driver gets it, even when asked to. */
static void check_driver(const struct note *note)
{
	require_driver(&note->nic, "");
	check_ret(driver_set(NATIVE, "bind", note->nic.name), -ENODEV);
	check_ret(function_set(&note->nic, "driver_override", NATIVE), -EBUSY);
	module_load();
	require_driver(&note->nic, DRIVER);
}

static void take_over(const struct note *note)
{
	int session;

	check_found(note);
	check_now(note, "after the scan");
	check_driver(note);
	check_now(note, "with its driver");
	check_ret(function_seal(&note->nic, false), 0);
	session = require_fd(luo_retrieve(SESSION));
	require_fd(luo_get(session, TOKEN));
	check_ret(luo_finish(session), 0);
	close(session);
	check_now(note, "after FINISH");
}

static void pci_take_over(void)
{
	take_over(story_note());
}

static void pci_go_on(void)
{
	take_over(story_note());
	preserve(story_note());
}

static void give_back(const struct note *note)
{
	check_ret(driver_set(DRIVER, "unbind", note->nic.name), 0);
	check_ret(function_set(&note->nic, "driver_override", "\n"), 0);
	check_ret(driver_set(NATIVE, "bind", note->nic.name), 0);
	require_driver(&note->nic, NATIVE);
}

/* An ordinary function in the end. */
static void pci_last(void)
{
	const struct note *note = story_note();

	take_over(note);
	give_back(note);
}

STORY(pci_kept, .stages = 4,
      .stage = { pci_save, pci_go_on, pci_go_on, pci_last });
STORY(pci_kept_once, .stages = 2, .stage = { pci_save, pci_take_over });

/* What does not fit is stopped (F15), and only that. */
static void check_stopped(bool stopped)
{
	const struct note *note = story_note();
	struct note now = *note;
	int session;

	check_found(note);
	require(!function_read(&now.nic) && !function_read(&now.port));
	check(!(function_word(&now.nic, COMMAND) & COMMAND_MASTER) == stopped,
	      "command register %#x", function_word(&now.nic, COMMAND));
	check(function_word(&now.port, COMMAND) & COMMAND_MASTER);
	module_load();
	session = require_fd(luo_retrieve(SESSION));
	check_ret(luo_get(session, TOKEN), -ENODEV);
	check_ret(luo_finish(session), 0);
	require(!function_read(&now.nic));
	check(!(function_word(&now.nic, COMMAND) & COMMAND_MASTER) == stopped,
	      "command register after FINISH: %#x", function_word(&now.nic, COMMAND));
}

static void pci_stopped(void)
{
	check_stopped(true);
}

/* Windows of the port that may not move. */
static unsigned int fixed_windows(const char *bdf)
{
	unsigned long long start, end, flags;
	unsigned int fixed = 0;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	f = fopen(path, "re");
	require(f);
	while (fscanf(f, "%llx %llx %llx", &start, &end, &flags) == 3)
		fixed += !!(flags & RESOURCE_FIXED);
	fclose(f);
	return fixed;
}

/*
 * The record is of another place: what is here is nobody's business. Nobody waits
 * for what is recorded: the port above is an ordinary one then.
 */
static void pci_gone(void)
{
	const struct note *note = story_note();

	check(fixed_windows(note->port.name), "no window of the port is fixed");
	check_stopped(false);
	check(!fixed_windows(note->port.name), "a window of the port is still fixed");
}

STORY(pci_other, .stages = 2, .next_cmdline = "luo_gate_off=40 " NO_NATIVE,
      .stage = { pci_save, pci_stopped });
STORY(pci_gone, .stages = 2, .next_cmdline = "luo_gate_off=41 " NO_NATIVE,
      .stage = { pci_save, pci_gone });
STORY(pci_record, .stages = 2, .next_cmdline = "luo_gate_off=42 " NO_NATIVE,
      .stage = { pci_save, pci_stopped });
STORY(pci_subtree, .stages = 2, .next_cmdline = "luo_gate_off=43 " NO_NATIVE,
      .stage = { pci_save, pci_stopped });

/* No record says which IOMMU translates for it. */
STORY(pci_untranslated, .stages = 2, .stage = { pci_save, pci_stopped });

/* Nobody takes it over: it is quiet after FINISH, and an ordinary one. */
static void pci_left(void)
{
	struct note now = *(struct note *)story_note();
	int session;

	module_load();
	require(!function_read(&now.nic));
	check(function_word(&now.nic, COMMAND) & COMMAND_MASTER, "stopped too early");
	session = require_fd(luo_retrieve(SESSION));
	check_ret(luo_finish(session), 0);
	require(!function_read(&now.nic));
	check(!(function_word(&now.nic, COMMAND) & COMMAND_MASTER));
	give_back(&now);
}

STORY(pci_left, .stages = 2, .stage = { pci_save, pci_left });

struct refusal {
	uint16_t vendor, device;
	const char *line;
};

static void refuse(int session, const struct refusal *refusal)
{
	struct function fn;
	int fd;

	if (!check_ret(function_find(refusal->vendor, refusal->device, &fn), 0)) {
		fd = require_fd(function_open(fn.name));
		check_ret(luo_refused(session, fd, TOKEN, refusal->line), -EOPNOTSUPP);
		close(fd);
	}
}

/* With its own driver, which has a shutdown(). */
static void refuse_native(const struct function *nic, int session)
{
	static const struct refusal native = {
		0x8086, 0x10d3, "its driver stops it on reboot",
	};

	check_ret(function_set(nic, "driver_override", "\n"), 0);
	check_ret(driver_set(NATIVE, "bind", nic->name), 0);
	require_driver(nic, NATIVE);
	refuse(session, &native);
}

/* Bridges, conventional functions and the VGA are refused; a second time, too. */
static void pci_refused(void)
{
	static const struct refusal refusals[] = {
		{ 0x1b36, 0x000c, "it is a bridge" },		/* root port */
		{ 0x8086, 0x29c0, "it is not PCI Express" },	/* host bridge */
		{ 0x1234, 0x11e8, "it is not PCI Express" },	/* edu */
		{ 0x1af4, 0x1050, "it is a VGA device" },
	};
	struct note *note = story_note();
	unsigned int i;
	int session, fd, again;

	take(note);
	session = require_fd(luo_create(SESSION));
	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		refuse(session, &refusals[i]);
	fd = require_fd(function_open(note->nic.name));
	again = require_fd(function_open(note->nic.name));
	check_ret(luo_preserve(session, fd, TOKEN), 0);
	check_ret(luo_preserve(session, again, TOKEN + 1), -EBUSY);
	check_ret(luo_unpreserve(session, TOKEN), 0);
	check_ret(luo_preserve(session, again, TOKEN + 1), 0);
	check_ret(luo_unpreserve(session, TOKEN + 1), 0);
	check_ret(driver_set(DRIVER, "unbind", note->nic.name), 0);
	refuse_native(&note->nic, session);
}

STORY(pci_refused, .stages = 1, .stage = { pci_refused });
