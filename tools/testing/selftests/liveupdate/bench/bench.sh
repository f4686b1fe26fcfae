#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure what live update costs, in instructions of a guest, and compare it
# with what it may cost. One guest a scenario, one vCPU, QEMU counts instructions
# as time: the figures are the same on every host.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VM=$HERE/../vm.sh

RC_MISSED=1		# a figure is above its target, or a guest failed
RC_USAGE=2		# wrong arguments, or something is missing here

# Size of the kexec image (kernel and initrd) whose purgatory is measured.
IMAGE_BYTES=$((20 * 1000 * 1000))

usage()
{
	cat <<-USAGE
	usage: bench.sh --kernel IMAGE [--devices IMAGE] --out DIR [--only SCENARIO]...

	--kernel  the kernel to measure, with the live update options on
	--devices the same with PCI, IOMMU and VFIO, for: ${DEVICES[*]};
	          modules are looked for in modules/ beside it
	--out     directory for figures.md and the logs of the guests
	--only    run this scenario again and keep the figures of the others;
	          scenarios: ${SCENARIOS[*]}

	exit: 0 every figure is within its target; ${RC_MISSED} one is not, or a guest failed;
	      ${RC_USAGE} wrong arguments, or something is missing
	USAGE
}

# "scale" comes first: it also tells the addresses that the stamps need.
SCENARIOS=(scale big files runs runs1 digest)
# The same is true of "symbols".
DEVICES=(symbols device device0 device4k takeover takeover4k)
# And the same behind another IOMMU, after a dash.
for iommu in sm amd; do
	DEVICES+=("device-$iommu" "device0-$iommu" "takeover-$iommu")
done

die()
{
	echo "bench.sh: $*" >&2
	exit "$RC_USAGE"
}

parse()
{
	kernel='' devices='' out='' only=()
	while [[ $# -gt 0 ]]; do
		case $1 in
		-h|--help) usage; exit 0 ;;
		esac
		[[ $# -ge 2 ]] || die "$1 needs a value"
		case $1 in
		--kernel) kernel=$2 ;;
		--devices) devices=$2 ;;
		--out) out=$2 ;;
		--only) only+=("$2") ;;
		*) die "unknown option $1" ;;
		esac
		shift 2
	done
	[[ -n $out ]] || { usage >&2; exit "$RC_USAGE"; }
	[[ -f $kernel && -r $kernel ]] || die "cannot read the kernel '$kernel'"
	[[ -z $devices || -r $devices ]] || die "cannot read the kernel '$devices'"
	[[ ${#only[@]} -gt 0 ]] || only=("${SCENARIOS[@]}" ${devices:+"${DEVICES[@]}"})
}

build()
{
	make -s -C "$HERE/.." OUTPUT="$out" "$out/obj/bench/init" "$out/calls.so" >&2 ||
		die "cannot build the guest's program: needs gcc, make and libc6-dev"
	cp "$out/obj/bench/init" "$out/init"
}

# The second kernel's archive, filled up so that the image has its size.
build_initramfs()
{
	local room=$((IMAGE_BYTES - $(stat -L -c %s "$kernel") - $(stat -c %s "$out/init")))

	[[ $room -gt 0 ]] || die "$kernel is larger than the image of the benchmark"
	head -c "$room" /dev/urandom >"$out/filler"
	"$VM" initramfs "$out/second.cpio" --init "$out/init" --file "$out/filler:/filler"
	"$VM" initramfs "$out/first.cpio" --init "$out/init" \
		--file "$kernel:/kexec/bzImage" --file "$out/second.cpio:/kexec/initrd.cpio"
	rm -f "$out/filler"
}

# The same of the kernel with devices: its modules, and no size.
build_devices()
{
	local args=(--init "$out/init") module

	for module in irqbypass vfio-pci-core vfio-pci; do
		module=${devices%/*}/modules/$module.ko
		[[ ! -r $module ]] || args+=(--file "$module:/modules/${module##*/}")
	done
	"$VM" initramfs "$out/second.cpio" "${args[@]}"
	"$VM" initramfs "$out/devices.cpio" "${args[@]}" \
		--file "$devices:/kexec/bzImage" --file "$out/second.cpio:/kexec/initrd.cpio"
}

# How QEMU runs for the scenarios that are looked at from outside: it records,
# and so can tell the number of instructions; the stub lets stamps.py in.
stamped_args()
{
	vm_args+=(--mem 2G --append "bench=$1 kunit.enable=0 nolapic_timer ${2:-}"
		--qemu-arg -icount --qemu-arg "shift=0,sleep=off,rr=record,rrfile=$out/$1.replay"
		--qemu-arg -gdb --qemu-arg "unix:$out/gdb.sock,server=on,wait=off" --qemu-arg -S)
}

# counted_args SCENARIO: QEMU counts the instructions of what takes a device over,
# and does not stop the guest for it.
counted_args()
{
	local functions

	functions=$(awk '$1 == "@" && $2 == "sym" && ($3 ~ /_luo_/ || $3 == "kho_memory_init") {
		printf ",%s=%s", $3, $4 }' "$out/symbols.verdict")
	vm_args+=(--icount --mem 6G
		--qemu-arg -plugin --qemu-arg "$out/calls.so,out=$out/$1.calls$functions")
}

# device_args WORDS IOMMU: a device that nobody sends anything to, behind VT-d, VT-d
# in scalable mode (sm), or AMD-Vi (amd; without a port, see bed.sh).
device_args()
{
	local arg args=("intel-iommu,intremap=on" "pcie-root-port,id=rp1,slot=1,chassis=1"
		"e1000e,bus=rp1,romfile=") mode=sm_off

	case $2 in
	sm)	args[0]+=,x-scalable-mode=on,aw-bits=48; mode=sm_on ;;
	amd)	args=("amd-iommu,intremap=on" "e1000e,bus=pcie.0,romfile=") ;;
	esac
	for arg in "${args[@]}"; do
		vm_args+=(--qemu-arg -device --qemu-arg "$arg")
	done
	vm_args+=(--kernel "$devices" --initrd "$out/devices.cpio"
		--append "$1 quiet intel_iommu=on,$mode")
}

scenario_args()
{
	local iommu='' name=$1

	[[ $name != *-* ]] || iommu=${name#*-} name=${name%-*}
	vm_args=(--kernel "$kernel" --initrd "$out/first.cpio" --timeout "${BENCH_TIMEOUT:-300}"
		--verdict "$out/$1.verdict" --console "$out/$1.console")
	case $name in
	scale)	vm_args+=(--icount --append "bench=$1 kunit.enable=0" --mem 2G) ;;
	big)	vm_args+=(--icount --append "bench=$1 kunit.enable=0" --mem 6G) ;;
	digest)	stamped_args "$1" kho=off ;;
	symbols) vm_args+=(--icount --mem 2G); device_args "bench=digest kunit.enable=0" '' ;;
	takeover*)
		counted_args "$1"
		device_args "bench=${name/takeover/device} kunit.enable=0" "$iommu"
		;;
	device*)
		stamped_args "$1"
		vm_args+=(--mem 6G)
		device_args "bench=$name kunit.enable=0" "$iommu"
		;;
	*)	stamped_args "$1" ;;
	esac
}

run_scenario()
{
	local name=$1 symbols=scale vm_args rc=0 pid=''

	echo "bench: $name"
	[[ $name != device* ]] || symbols=symbols
	scenario_args "$name"
	rm -f "$out/$name.calls"
	: >"$out/$name.stamps"
	if [[ " ${vm_args[*]} " == *" -gdb "* ]]; then
		rm -f "$out/gdb.sock"
		"$HERE/stamps.py" --socket "$out/gdb.sock" --symbols "$out/$symbols.verdict" \
			>"$out/$name.stamps" &
		pid=$!
	fi
	"$VM" boot "${vm_args[@]}" 2> >(grep -v 'no active timers' >&2) || rc=$?
	[[ -z $pid ]] || wait "$pid" || rc=$?
	rm -f "$out/$name.replay" "$out/gdb.sock"
	if [[ $rc -ne 0 ]] || ! grep -qax '@ end' "$out/$name.verdict"; then
		echo "bench.sh: $name failed (vm.sh: $rc):" >&2
		grep -a 'Bail out' "$out/$name.verdict" >&2 || true
		failed=1
	fi
}

main()
{
	local kernel devices out only name failed=0

	parse "$@"
	mkdir -p "$out"
	out=$(cd "$out" && pwd)
	build
	build_initramfs
	[[ -z $devices ]] || build_devices
	for name in "${only[@]}"; do
		run_scenario "$name"
	done
	rm -f "$out/first.cpio" "$out/second.cpio" "$out/devices.cpio"
	"$HERE/bench_table.py" --dir "$out" --markdown "$out/figures.md" || failed=1
	exit $((failed ? RC_MISSED : 0))
}

main "$@"
