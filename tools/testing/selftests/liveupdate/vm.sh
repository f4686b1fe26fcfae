#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build small initramfs archives and boot a kernel with one in QEMU, the way
# the live update tests need it: kernel console on the first serial port, the
# verdict of the guest on the second, everything the console must not say in
# splat.tsv. Knows nothing about what a test does.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ARCH=${ARCH:-x86_64}

RC_USAGE=2		# wrong arguments, or something is missing here
RC_SPLAT=3		# the console has a line that splat.tsv denies
RC_QEMU=4		# QEMU did not start, or ended with an error
RC_SILENT=5		# the guest ended without a word on the verdict channel
RC_ALIVE=6		# the guest had to panic, and did not
RC_TIMEOUT=124		# the guest did not end in time

PANIC="Kernel panic - not syncing: "

usage()
{
	cat <<-USAGE
	usage: vm.sh initramfs OUT [--init BIN] [--file HOSTPATH:GUESTPATH]...
	       vm.sh boot --kernel IMAGE --initrd CPIO --verdict FILE --console FILE
	                  [--append STR] [--mem 768M] [--smp N] [--icount] [--debug]
	                  [--timeout SEC] [--follow] [--terminal] [--panic TEXT]
	                  [--qemu-arg ARG]...
	       vm.sh splat CONSOLE

	initramfs  write a newc archive: --init becomes /init, each --file a file.
	           Archives may be concatenated.
	boot       boot one guest and wait for its end. --icount counts guest
	           instructions as time, so a busy host makes no difference.
	           --debug: the kernel has KASAN, compute a larger scratch area.
	           --follow: copy the verdict to standard output as it comes.
	           --terminal: the console is this terminal, not a file.
	           --panic: the guest has to end in a panic that begins so.
	           --qemu-arg: one more argument for QEMU, taken as it is.
	splat      look for splats in a console log, print them.

	The architecture is \$ARCH (default x86_64, described in \$ARCH.conf).

	exit: 0 the guest ended by itself and the console is clean; ${RC_USAGE} usage;
	      ${RC_SPLAT} splat; ${RC_QEMU} QEMU failed;
	      ${RC_SILENT} no verdict at all; ${RC_ALIVE} no such panic; ${RC_TIMEOUT} timeout
	USAGE
}

die()
{
	echo "vm.sh: $*" >&2
	exit "$RC_USAGE"
}

# Sizes as QEMU takes them (G, M or plain MiB), in MiB.
mem_mib()
{
	case $1 in
	*[gG])	echo $((${1%[gG]} * 1024)) ;;
	*[mM])	echo "${1%[mM]}" ;;
	*)	echo "$1" ;;
	esac
}

# The next kernel lives in scratch alone until it has read the memory map:
# its memmap (1/64 of the RAM), its initramfs, and KASAN's shadow (1/8).
scratch_for()
{
	local mem=$1 debug=$2 global

	global=$((192 + mem / 64))
	[[ $debug -eq 0 ]] || global=$((64 + mem / 8 + mem / 64))
	global=$(((global + 63) / 64 * 64))
	echo "64M,${global}M,64M"
}

stage_file()
{
	local stage=$1 spec=$2 host guest

	host=${spec%%:*}
	guest=${spec#*:}
	[[ -r $host ]] || die "cannot read $host"
	mkdir -p "$stage/$(dirname "$guest")"
	cp -L "$host" "$stage/$guest"
}

cmd_initramfs()
{
	local out=${1:-} stage

	[[ -n $out && $out != --* ]] || { usage >&2; exit "$RC_USAGE"; }
	shift
	stage=$(mktemp -d)
	# shellcheck disable=SC2064
	trap "rm -rf '$stage'" EXIT
	while [[ $# -gt 0 ]]; do
		[[ $# -ge 2 ]] || die "$1 needs a value"
		case $1 in
		--init)	stage_file "$stage" "$2:/init"; chmod 755 "$stage/init" ;;
		--file)	stage_file "$stage" "$2" ;;
		*)	die "unknown option $1" ;;
		esac
		shift 2
	done
	(cd "$stage" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0 --reproducible) >"$out.tmp"
	mv "$out.tmp" "$out"
}

rules()
{
	awk -F '\t' -v kind="$1" '!/^#/ && $1 == kind { print $2 }' "$HERE/splat.tsv"
}

# A rule that grep does not know would make every console clean, or none.
check_rules()
{
	local kind rc

	for kind in deny allow; do
		rc=0
		grep -qE -e "$(rules "$kind")" /dev/null || rc=$?
		[[ $rc -le 1 ]] || die "splat.tsv: a broken rule ($kind)"
	done
}

# All lines but those of the panic that was asked for.
other_panics()
{
	if [[ -n ${panic:-} ]]; then
		grep -avF -e "$PANIC$panic"
	else
		grep -a .
	fi
}

# Print the denied lines of a console log; status 0 if there are any.
find_splats()
{
	local log=$1 deny allow

	deny=$(rules deny)
	allow=$(rules allow)
	grep -aE -n -e "$deny" "$log" | grep -avE -e "${allow:-^$}" | other_panics
}

cmd_splat()
{
	[[ $# -eq 1 && -r $1 ]] || { usage >&2; exit "$RC_USAGE"; }
	check_rules
	! find_splats "$1" || exit "$RC_SPLAT"
}

# A kernel that was jumped to and never said its banner has most likely run
# out of scratch memory: it cannot say so, so this does.
hint_scratch()
{
	local log=$1 jumps banners

	jumps=$(grep -ac 'kexec_core: Starting new kernel' "$log" || true)
	banners=$(grep -ac '] Linux version ' "$log" || true)
	if [[ $jumps -gt 0 && $banners -le $jumps ]]; then
		echo "vm.sh: kernel $((jumps + 1)) said nothing: scratch too small?" \
		     "(kho_scratch=$scratch)" >&2
	fi
}

parse_boot()
{
	kernel='' initrd='' verdict='' console='' append='' panic=''
	mem=768M smp=1 icount=0 debug=0 limit=300 follow=0 terminal=0
	qemu_extra=()
	while [[ $# -gt 0 ]]; do
		case $1 in
		--icount) icount=1; shift; continue ;;
		--debug) debug=1; shift; continue ;;
		--follow) follow=1; shift; continue ;;
		--terminal) terminal=1; shift; continue ;;
		esac
		[[ $# -ge 2 ]] || die "$1 needs a value"
		case $1 in
		--kernel) kernel=$2 ;;
		--initrd) initrd=$2 ;;
		--verdict) verdict=$2 ;;
		--console) console=$2 ;;
		--append) append=$2 ;;
		--mem) mem=$2 ;;
		--smp) smp=$2 ;;
		--timeout) limit=$2 ;;
		--panic) panic=$2 ;;
		--qemu-arg) qemu_extra+=("$2") ;;
		*) die "unknown option $1" ;;
		esac
		shift 2
	done
	[[ -r $kernel ]] || die "cannot read the kernel '$kernel'"
	[[ -r $initrd ]] || die "cannot read the initrd '$initrd'"
	[[ -n $verdict && -n $console ]] || die "--verdict and --console are needed"
	scratch=$(scratch_for "$(mem_mib "$mem")" "$debug")
}

# The command line of the guest's QEMU in the array qemu_args.
qemu_command()
{
	local words="$KERNEL_CMDLINE $KERNEL_QUIET"

	[[ $debug -eq 0 ]] || words+=" $KERNEL_DEBUG"
	words+=" panic=-1 kho=on kho_scratch=$scratch liveupdate=on"
	if [[ $icount -eq 0 && " ${qemu_extra[*]} " != *" -icount "* ]]; then
		words+=" $KERNEL_REALTIME"
	elif [[ $smp -eq 1 ]]; then
		words+=" $KERNEL_ICOUNT"
	fi
	qemu_args=("${QEMU_MACHINE[@]}" -accel tcg -m "$(mem_mib "$mem")M" -smp "$smp"
		-nodefaults -display none -monitor none -no-reboot
		-chardev "file,id=verdict,path=$verdict"
		-serial chardev:console -serial chardev:verdict
		-kernel "$kernel" -initrd "$initrd"
		-append "$words $append" "${qemu_extra[@]}")
	if [[ $terminal -eq 1 ]]; then
		qemu_args+=(-chardev "stdio,id=console,signal=off,logfile=$console")
	else
		qemu_args+=(-chardev "file,id=console,path=$console")
	fi
	[[ $icount -eq 0 ]] || qemu_args+=(-icount "shift=0,sleep=off")
}

cmd_boot()
{
	local rc=0 pid kernel initrd verdict console append scratch panic
	local mem smp icount debug limit follow terminal qemu_args qemu_extra

	parse_boot "$@"
	check_rules
	command -v "$QEMU" >/dev/null || die "$QEMU is missing: install $QEMU_PACKAGE"
	qemu_command
	: >"$verdict"
	: >"$console"
	if [[ $terminal -eq 1 ]]; then
		"$QEMU" "${qemu_args[@]}" || rc=$?
		boot_status "$rc"
		return
	fi
	timeout --foreground -k 5 "$limit" "$QEMU" "${qemu_args[@]}" </dev/null &
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null || true" EXIT
	if [[ $follow -eq 1 ]]; then
		tail -n +1 -s 0.2 -f --pid="$pid" "$verdict"
	fi
	wait "$pid" || rc=$?
	trap - EXIT
	boot_status "$rc"
}

boot_status()
{
	local rc=$1

	hint_scratch "$console"
	if find_splats "$console" >&2; then
		exit "$RC_SPLAT"
	fi
	case $rc in
	0)	;;
	124|137) echo "vm.sh: no end after $limit s" >&2; exit "$RC_TIMEOUT" ;;
	*)	exit "$RC_QEMU" ;;
	esac
	[[ -s $verdict ]] || exit "$RC_SILENT"
	[[ -z $panic ]] || grep -aqF -e "$PANIC$panic" "$console" || exit "$RC_ALIVE"
}

[[ -r $HERE/$ARCH.conf ]] || die "no $ARCH.conf"
# shellcheck source=x86_64.conf
. "$HERE/$ARCH.conf"

case ${1:-} in
initramfs|boot|splat) cmd=$1; shift; "cmd_$cmd" "$@" ;;
-h|--help) usage ;;
*) usage >&2; exit "$RC_USAGE" ;;
esac
