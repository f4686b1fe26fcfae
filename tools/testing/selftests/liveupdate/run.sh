#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the live update tests: each one in a QEMU guest of its own, which replaces
# its kernel as often as the test wants. Nothing is needed but a kernel with the
# series applied (config: see the file of that name), QEMU, a compiler and cpio.
#
#	make defconfig
#	scripts/kconfig/merge_config.sh .config tools/testing/selftests/liveupdate/config
#	make -j8
#	tools/testing/selftests/liveupdate/run.sh
#
# How it goes together:
#	tests.tsv	the list of tests, and what each one needs
#	run.sh		this: builds, boots, counts
#	vm.sh		makes an initramfs, boots a guest, looks for splats
#	devices.tsv	the tests that need devices, and the bed of each one
#	bed.sh		a bed: devices, the sender of frames, QEMU's trace
#	host/		programs that run beside the guest
#	splat.tsv	what is a splat
#	count.awk	what a verdict comes to
#	x86_64.conf	all that is known about the machine
#	init.c, lib/	the init program of the guests, and its library
#	stories/	tests over a kexec
#	uapi/		tests in one kernel, with kselftest_harness.h

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ARCH=${ARCH:-x86_64}
# shellcheck source=x86_64.conf
. "$HERE/$ARCH.conf"

RC_FAIL=1		# a test failed, or a console has a splat
RC_USAGE=2		# wrong arguments
RC_SKIP=4		# nothing to run here (KSFT_SKIP)
RC_BED=7		# of bed.sh, beside those of vm.sh: the device was disturbed

usage()
{
	cat <<-USAGE
	usage: run.sh [-k IMAGE] [-K IMAGE] [-M DIR] [-t TEST[,TEST]...] [-w DIR]
	              [-g N] [-j N] [-d] [-D] [-s] [-r N] [-l] [-h]

	-k  kernel image (default: \$KBUILD_OUTPUT or the tree, $KERNEL_IMAGE)
	-K  kernel image to jump to, if it is another one
	-M  directory below which luo_test_handler.ko is (default: the kernel's)
	-t  only these tests
	-w  work directory; logs are kept there (default: a temporary one)
	-g  at most this many generations of kernels
	-j  this many guests at a time
	-d  the kernel has KASAN: more memory and time, kmemleak at the end
	-D  the kernel has PCI, IOMMU and VFIO: the tests of devices.tsv
	-s  soak: every test ten times, each time with other random numbers, and more
	    of them; logs in a directory for each round
	-r  with -s: so many rounds, not ten
	-l  list the tests
	-h  this

	Each test gives a line of KTAP, the last line has the totals of all checks.
	exit: 0 all passed (some may be skipped, and are named); ${RC_FAIL} failures;
	      ${RC_USAGE} usage; ${RC_SKIP} nothing could be run
	USAGE
}

die()
{
	echo "run.sh: $*" >&2
	exit "$RC_USAGE"
}

# No kernel, no QEMU: that is not a failure of the kernel.
skip_all()
{
	echo "1..0 # SKIP $*"
	exit "$RC_SKIP"
}

list_tests()
{
	awk -F '\t' '!/^#/ && NF >= 10 {
		printf "%-12s %-6s %2d kernels  %s\n", $1, $2, $4, $3
	}' "$HERE/$list"
}

parse_args()
{
	local top

	top=$(cd "$HERE/../../../.." && pwd)
	kernel=${KBUILD_OUTPUT:-$top}/$KERNEL_IMAGE
	next='' modules='' only='' work='' most='' jobs=1 debug=0 soak=0 rounds=''
	list=tests.tsv boot=boot_test why=12 listing=0
	while getopts 'k:K:M:t:w:g:j:r:dDslh' opt; do
		case $opt in
		[gjr]) [[ $OPTARG =~ ^[1-9][0-9]*$ ]] || die "-$opt: a number from 1 on" ;;&
		k) kernel=$OPTARG ;;
		K) next=$OPTARG ;;
		M) modules=$OPTARG ;;
		t) only=$OPTARG ;;
		w) work=$OPTARG ;;
		g) most=$OPTARG ;;
		j) jobs=$OPTARG ;;
		d) debug=1 ;;
		D) list=devices.tsv boot=boot_with_bed why=13 ;;
		s) soak=1 ;;
		r) rounds=$OPTARG ;;
		l) listing=1 ;;
		h) usage; exit 0 ;;
		*) usage >&2; exit "$RC_USAGE" ;;
		esac
	done
	[[ $soak -eq 1 && -n $rounds ]] || rounds=$((soak ? 10 : 1))
	[[ $listing -eq 0 ]] || { list_tests; exit 0; }
	next=${next:-$kernel}
	modules=${modules:-${kernel%"/$KERNEL_IMAGE"}}
}

# The programs for the guests, from the install directory or made here.
find_programs()
{
	bin=$HERE
	if [[ ! -x $HERE/init || -e $HERE/Makefile ]]; then
		bin=$work/bin
		mkdir -p "$bin"
		make -s -C "$HERE" OUTPUT="$bin" >"$work/build.log" 2>&1 ||
			die "cannot build the tests, see $work/build.log"
	fi
}

# The initramfs: init with its files, then the next kernel with the first part.
build_initrd()
{
	local args=(--init "$bin/init") files=("$bin"/uapi_* "$bin/luoctl") file

	[[ $list != devices.tsv ]] || files+=("$bin/luo_vmm" "$bin"/base_*)
	for file in "${files[@]}"; do
		[[ ! -e $file ]] || args+=(--file "$file:/tests/${file##*/}")
	done
	for file in luo_test_handler luo_test_damage luo_test_function test_kho irqbypass \
		vfio-pci-core vfio-pci; do
		module=$(find "$modules" -name "$file.ko" -print -quit 2>/dev/null || true)
		[[ -z $module ]] || args+=(--file "$module:/modules/$file.ko")
	done
	"$HERE/vm.sh" initramfs "$work/first.cpio" "${args[@]}"
	"$HERE/vm.sh" initramfs "$work/kexec.cpio" --file "$next:/kexec/bzImage" \
		--file "$work/first.cpio:/kexec/initrd.cpio"
	cat "$work/first.cpio" "$work/kexec.cpio" >"$work/initrd.cpio"
}

# What a bed adds to the command lines of the kernel and of QEMU.
bed_args()
{
	local arg

	words+=("$("$HERE/bed.sh" words "$1")")
	while IFS= read -r arg; do
		args+=(--qemu-arg "$arg")
	done < <("$HERE/bed.sh" qemu "$1" "$logs/$name")
}

# A debug kernel takes a minute to boot: frames come more slowly, or there are more
# of them than the device has room for.
slow_bed()
{
	local rate

	if [[ $debug -eq 1 && $1 =~ rate=([0-9]+) ]]; then
		rate=$((BASH_REMATCH[1] / 5))
		echo "${1/rate=${BASH_REMATCH[1]}/rate=$rate}"
	else
		echo "$1"
	fi
}

# A guest with devices: with a sender beside it, and a look at QEMU's trace.
boot_with_bed()
{
	local name=$1 bed rc=0

	bed=$(slow_bed "${11}")
	"$HERE/bed.sh" start "$bed" "$logs/$name" "$bin/sender"
	boot_test "$@" || rc=$?
	"$HERE/bed.sh" stop "$logs/$name"
	"$HERE/bed.sh" check "$bed" "$logs/$name" "$logs/$name.verdict" \
		>>"$logs/$name.errors" || [[ $rc -ne 0 ]] || rc=$RC_BED
	return "$rc"
}

# Boot the guest of one line of the list.
boot_test()
{
	local name=$1 kind=$2 what=$3 mem=$5 smp=$7 icount=$8 limit=$9
	local leaks=${10} panic=${*:$why-1:1} words=(printk.time=1) args=()

	[[ $list != devices.tsv ]] || bed_args "${11}"
	[[ $kind == kunit ]] || words+=(kunit.enable=0)
	[[ $debug -eq 0 ]] || { mem=$6; limit=$((limit * 5)); args+=(--debug); }
	[[ $debug -eq 0 || $leaks -eq 0 ]] || words+=(luo.leak=1)
	[[ -z $most ]] || words+=("luo.most=$most")
	[[ $soak -eq 0 ]] || {
		limit=$((limit * 3))
		words+=(luo.soak=1 "luo.seed=$round" luo.calls=50000 luo.kills=500)
	}
	[[ $icount -eq 0 ]] || args+=(--icount)
	[[ ${panic:--} == - ]] || args+=(--panic "$panic")
	case $kind in
	story|control) words+=("luo.story=$what") ;;
	prog) words+=("luo.prog=$what") ;;
	kunit) words+=("luo.kunit=$what") ;;
	esac
	"$HERE/vm.sh" boot --kernel "$kernel" --initrd "$work/initrd.cpio" \
		--mem "$mem" --smp "$smp" --timeout "$limit" "${args[@]}" \
		--verdict "$logs/$name.verdict" --console "$logs/$name.console" \
		--append "${words[*]}" 2>"$logs/$name.errors" &
	wait $!
}

count_results()
{
	awk -v kunit="$([[ $2 == kunit ]] && echo 1 || echo 0)" -f "$HERE/count.awk" "$1"
}

# A control has done its work if it came out red, for the reason that is asked for,
# and not for want of a guest.
invert_control()
{
	local pass=$1 fail=$2 rc=$3 why=$4

	if [[ ($fail -gt 0 || $rc -ne 0) && $rc -ne 2 && $rc -ne 4 ]] &&
	   grep -aqF -e "$why" "$logs/$name.verdict" "$logs/$name.errors"; then
		echo "1 0 0 0"
	else
		echo "0 $((pass + 1)) 0 0"
	fi
}

# One test: its counts go to NAME.result, to be printed in the order of the list.
run_test()
{
	local name=$1 rc=0 start=$SECONDS counts pass fail skip

	"$boot" "$@" || rc=$?
	counts="$(count_results "$logs/$name.verdict" "$2") $rc"
	if [[ $2 == control ]]; then
		read -r pass fail skip rc <<<"$counts"
		counts=$(invert_control "$pass" "$fail" "$rc" "${*:$why:1}")
	fi
	echo "$counts $((SECONDS - start))" >"$logs/$name.result"
}

rc_text()
{
	case $1 in
	0) ;;
	3) echo "splat on the console" ;;
	4) echo "QEMU failed" ;;
	5) echo "no verdict" ;;
	6) echo "no panic" ;;
	7) echo "the device was disturbed" ;;
	124) echo "timeout" ;;
	*) echo "status $1" ;;
	esac
}

# What a person wants to see of a test that failed, or was skipped in part.
explain()
{
	local name=$1

	grep -aE '^(not ok|Bail out)|FAILED|# leak:|^# .*(Expected|but got)|^    not ok' \
		"$logs/$name.verdict" | head -40 | sed 's/^/#   /' || true
	sed '41,$d; s/^/#   /' "$logs/$name.errors"
	echo "#   logs: $logs/$name.verdict $logs/$name.console"
}

report_test()
{
	local number=$1 name=$2 pass fail skip rc wall text

	read -r pass fail skip rc wall <"$logs/$name.result"
	text="$name # $pass passed, $fail failed, $skip skipped, $wall s"
	total_pass=$((total_pass + pass))
	total_skip=$((total_skip + skip))
	if [[ $fail -eq 0 && $rc -eq 0 ]]; then
		echo "ok $number $text"
	else
		[[ $fail -gt 0 ]] || fail=1
		echo "not ok $number $text $(rc_text "$rc")"
		explain "$name"
	fi
	total_fail=$((total_fail + fail))
	grep -a '# SKIP' "$logs/$name.verdict" | sed 's/^/# SKIPPED: /' || true
}

# The lines of the list that are wanted, in the array chosen; in left_out the names
# of those that are wanted and have no memory for this kind of kernel.
choose_tests()
{
	local name line

	name=$(awk -F '\t' -v why="$why" \
		'!/^#/ && $2 == "control" && $why ~ /^-?$/ { print $1 }' "$HERE/$list")
	[[ -z $name ]] || die "$list: a control without a reason: ${name//$'\n'/ }"
	mapfile -t chosen < <(awk -F '\t' -v only=",$only," -v ram=$((5 + debug)) \
		'!/^#/ && NF >= 10 && $ram != "-" &&
		(only == ",," || index(only, "," $1 ","))' \
		"$HERE/$list")
	left_out=()
	for name in ${only//,/ }; do
		awk -F '\t' -v name="$name" '$1 == name { found = 1 } END { exit !found }' \
			"$HERE/$list" || die "no test '$name' (-l lists them)"
		for line in "${chosen[@]}"; do
			[[ ${line%%$'\t'*} != "$name" ]] || continue 2
		done
		left_out+=("$name")
	done
	[[ ${#chosen[@]} -gt 0 ]] || die "$list: not for this kind of kernel: $only"
}

# Nobody waits for the guests of a runner that is told to end. In the middle of a
# test there is its name, and maybe a sender.
stop()
{
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || true
	done
	[[ $list != devices.tsv || -z ${name:-} ]] || "$HERE/bed.sh" stop "$logs/$name"
	exit "$RC_FAIL"
}

run_all()
{
	local line fields running=0

	for line in "${chosen[@]}"; do
		IFS=$'\t' read -ra fields <<<"$line"
		if [[ $running -ge $jobs ]]; then
			wait -n || true
			running=$((running - 1))
		fi
		if [[ $jobs -eq 1 ]]; then
			run_test "${fields[@]}"
			number=$((number + 1))
			report_test "$number" "${fields[0]}"
		else
			{ trap stop INT TERM HUP; run_test "${fields[@]}"; } &
			running=$((running + 1))
		fi
	done
	[[ $jobs -gt 1 ]] || return 0
	wait
	for line in "${chosen[@]}"; do
		number=$((number + 1))
		report_test "$number" "${line%%$'\t'*}"
	done
}

main()
{
	local round logs number

	parse_args "$@"
	command -v "$QEMU" >/dev/null || skip_all "$QEMU is missing ($QEMU_PACKAGE)"
	command -v cpio >/dev/null || skip_all "cpio is missing"
	[[ -r $kernel ]] || skip_all "no kernel at $kernel: build one, or give -k"
	if [[ -z $work ]]; then
		work=$(mktemp -d)
	fi
	mkdir -p "$work"
	work=$(cd "$work" && pwd)
	choose_tests
	find_programs
	build_initrd
	trap stop INT TERM HUP
	total_pass=0 total_fail=0 total_skip=${#left_out[@]} number=0
	echo "TAP version 13"
	echo "1..$((${#chosen[@]} * rounds))"
	[[ ${#left_out[@]} -eq 0 ]] ||
		printf '# SKIPPED: %s: not for this kind of kernel\n' "${left_out[@]}"
	for ((round = 1; round <= rounds; round++)); do
		logs=$work
		[[ $soak -eq 0 ]] || logs=$work/round$round
		mkdir -p "$logs"
		run_all
	done
	echo "# totals: pass:$total_pass fail:$total_fail skip:$total_skip"
	[[ $total_fail -eq 0 && $((total_pass + total_skip)) -gt 0 ]] || exit "$RC_FAIL"
}

main "$@"
