// SPDX-License-Identifier: GPL-2.0
/*
 * Init of the benchmark's guests: bench=NAME on the kernel command line says
 * which scenario. In the first kernel it also hands out the addresses of the
 * functions that are measured from outside.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/guest.h"
#include "../lib/story.h"
#include "bench.h"

static const struct scenario *const scenarios[] = {
	&scenario_big, &scenario_files, &scenario_scale,
	&scenario_runs, &scenario_runs1, &scenario_digest,
	&scenario_device, &scenario_device0, &scenario_device4k, NULL
};

static const char *const symbols[] = {
	"liveupdate_reboot", "machine_kexec", "kho_memory_init", "memblock_free_all",
	/*
	 * All that a kernel does to take over a device: see calls.c. The calls of
	 * one that another one of them makes are counted once.
	 */
	"pci_luo_early_init", "pci_luo_setup", "pci_luo_size_bars", "pci_luo_device_add",
	"pci_luo_verify", "iommu_luo_early_init", "iommu_luo_restore", "intel_luo_found",
	"intel_luo_keeps_ir", "intel_luo_take_over", "intel_luo_release_old",
	"intel_luo_probe", "intel_luo_pasid_adopt",
	"amd_luo_found", "amd_luo_keeps_on", "amd_luo_take_over", "amd_luo_release_old",
	"amd_luo_probe",
	/* And the swap to the tables of the new kernel, which ATTACH asks for. */
	"intel_luo_attach", "amd_luo_attach", NULL
};

static void print_symbols(void)
{
	char line[256], name[128], type;
	unsigned long addr;
	unsigned int i;
	FILE *f;

	f = fopen("/proc/kallsyms", "re");
	must(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %c %127s", &addr, &type, name) != 3)
			continue;
		for (i = 0; symbols[i]; i++)
			if (!strcmp(name, symbols[i]))
				verdict("@ sym %s %#lx\n", name, addr);
	}
	fclose(f);
}

static void set_up(void)
{
	struct rlimit files = { 65536, 65536 };

	guest_mount();
	verdict_open("/dev/ttyS1");
	must(!setrlimit(RLIMIT_NOFILE, &files));
}

static const struct scenario *chosen(void)
{
	char name[32];
	unsigned int i;

	must(guest_param("bench", name, sizeof(name)));
	for (i = 0; scenarios[i]; i++)
		if (!strcmp(name, scenarios[i]->name))
			return scenarios[i];
	must(!"a scenario of this name");
	return NULL;
}

int main(void)
{
	const struct scenario *scenario;
	char generation[8];

	set_up();
	scenario = chosen();
	if (guest_param("luo.gen", generation, sizeof(generation))) {
		if (scenario->after)
			scenario->after();
	} else {
		print_symbols();
		scenario->before();
		if (scenario->after) {
			must_fd(guest_kexec_load(false, "luo.gen=2"));
			must_fd(guest_kexec());
		}
	}
	verdict("@ end\n\n");
	guest_end();
}
