# SPDX-License-Identifier: GPL-2.0
#
# A thin front: every command is a program in ktree/, with --help.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# What a person may set on the command line; the programs read it from there.
export ARCH DEBUG DEVICES SECOND FILE FORCE FOLD GEN JOBS KEEP LIMIT LUO_BASE MINUTES ROUNDS RUNS SEED SIGNOFF STAGE T

VERBS := setup fetch tree save series verify image check demo bench fuzz shell soak races coverage clean

.PHONY: help apply check-all mutants test verify-all $(VERBS)

help:
	@sed -n 's/^## \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

$(VERBS):
	@ktree/$@

check-all:
	@ktree/check --all

verify-all:
	@ktree/verify --all

apply:
	@ktree/apply "$(KDIR)"

test:
	@ktree/test "$(T)"

mutants:
	@ktree/mutants $(T)

## Live Update Orchestrator: a patch series for Linux, as an overlay
##
##   make demo [FILE=...]      a file lives on in memory while the kernel under it is replaced;
##                             from nothing: packages, base, builds, QEMU; out/demo/report.html
##   make check [STAGE=name]   the tests, an hour; ends with "N passed, N failed, N skipped"
##                             (STAGE=list names the stages; LIMIT=MINUTES)
##   make check-all            and those that take longer: devices, each commit, all of the
##                             debug kernel (three hours)
##
##   make image [DEBUG=1]      out/x86_64/bzImage and out/x86_64/modules/ (DEBUG=1: x86_64-debug)
##              [DEVICES=1]    out/x86_64-devices/: PCI, IOMMU, VFIO, and drivers of devices
##                             (both: out/x86_64-devices-debug/)
##   make shell [DEBUG=1]      a shell in that kernel, in QEMU
##   make test T=NAME [DEBUG=1] [GEN=N]    one test again (T=list names them; GEN: generations)
##   make mutants [T=NAME]     takes each guard out once, and its test has to go red
##   make coverage [T=NAME]    which lines of ours the tests reach; every error label is
##                             reached, or ktree/coverage.reasons says why not
##   make soak [T=NAME] [ROUNDS=N]    the tests again and again, with more random numbers
##   make races [T=NAME]       the tests that race, on a kernel with KCSAN
##   make fuzz [MINUTES=10]    libFuzzer on what a kernel reads from the previous one
##   make bench [KEEP=1]       the figures, in guest instructions (KEEP=1: into docs/figures.md)
##
##   make tree                 out/tree: the base, and one commit per entry of series/
##   make save                 what was edited in out/tree, back into the overlay and series/
##   make series [SIGNOFF='Name <mail>']   out/series/NNNN-*.patch, mails for git am
##   make apply KDIR=DIR       git am of the series onto your own checkout of the base's line
##   make verify               proofs about the series; every commit builds with the option =y, =n
##   make verify-all           the same, each commit built in full (hours)
##   ktree/import GIT A..B     the overlay and series/ from the commits of another kernel tree
##
##   make setup                installs missing packages (as root), or says how
##   make fetch                the base source, verified (LUO_BASE=tarball, tree or git checkout)
##   make clean                removes out/; nothing is ever written elsewhere but by ccache
##
## Every program of ktree/ explains itself with --help.
