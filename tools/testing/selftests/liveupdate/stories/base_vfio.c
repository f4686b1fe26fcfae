// SPDX-License-Identifier: GPL-2.0
/*
 * The base's own tests of vfio, tools/testing/selftests/vfio, on a device that
 * live update could take along: with the series they do what they did.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/data.h"
#include "../lib/nic.h"
#include "../lib/story.h"
#include "../lib/vmm.h"

#define SKIPPED		4	/* KSFT_SKIP */

#define VARIANTS	8

/* Pages of 1 GiB are more than the guest has. */
static const struct {
	const char *program;
	const char *variant[VARIANTS];	/* NULL: all there is */
} tests[] = {
	{ "/tests/base_vfio_iommufd_setup" },
	{ "/tests/base_vfio_pci_device" },
	{ "/tests/base_vfio_dma_mapping",
	  { "iommufd_anonymous", "iommufd_anonymous_hugetlb_2mb", "iommufd",
	    "vfio_type1_iommu_anonymous", "vfio_type1v2_iommu_anonymous",
	    "iommufd_compat_type1_anonymous", "iommufd_compat_type1v2_anonymous",
	    "vfio_type1v2_iommu" } },
};

static int run(const char *program, const char *variant, char *bdf)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (variant)
			execl(program, program, "-v", variant, bdf, NULL);
		else
			execl(program, program, bdf, NULL);
		_exit(127);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void base_vfio(void)
{
	char bdf[VMM_BDF];
	unsigned int i, j;
	int status;

	require(!vmm_find(NIC_VENDOR, NIC_DEVICE, bdf));
	require(!vmm_take(bdf));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		for (j = 0; !j || (j < VARIANTS && tests[i].variant[j]); j++) {
			status = run(tests[i].program, tests[i].variant[j], bdf);
			check(!status, "%s %s: status %d%s", tests[i].program,
			      tests[i].variant[j] ?: "", status,
			      status == SKIPPED ? ", nothing was tested" : "");
		}
	}
}

/* And they do it when live update is there and switched off. */
static void base_vfio_off(void)
{
	check(access("/dev/liveupdate", F_OK), "live update is off");
	base_vfio();
}

STORY(base_vfio, .stages = 1, .stage = { base_vfio });
STORY(base_vfio_off, .stages = 1, .stage = { base_vfio_off });
