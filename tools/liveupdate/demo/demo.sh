#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Show a live update: a real file lives on in memory while the kernel under it
# is replaced by another build. Boots the first kernel in QEMU with the agent
# as init, follows what the agent says, and writes a report.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../../.." && pwd)
VM=$ROOT/tools/testing/selftests/liveupdate/vm.sh

RC_USAGE=2		# wrong arguments, or something is missing here
RC_GUEST=1		# the guest, or a check in it, failed

usage()
{
	cat <<-USAGE
	usage: demo.sh --kernel IMAGE --kernel2 IMAGE --file FILE --out DIR

	--kernel   the kernel to start with
	--kernel2  the kernel to update into; another build of the same series
	--file     the file that has to live through it
	--out      directory for report.html, console.log and verdict.log

	exit: 0 everything came back as it was; ${RC_GUEST} something did not;
	      ${RC_USAGE} wrong arguments, or something is missing
	USAGE
}

die()
{
	echo "demo.sh: $*" >&2
	exit "$RC_USAGE"
}

parse()
{
	kernel='' kernel2='' file='' out=''
	while [[ $# -gt 0 ]]; do
		case $1 in
		-h|--help) usage; exit 0 ;;
		esac
		[[ $# -ge 2 ]] || die "$1 needs a value"
		case $1 in
		--kernel) kernel=$2 ;;
		--kernel2) kernel2=$2 ;;
		--file) file=$2 ;;
		--out) out=$2 ;;
		*) die "unknown option $1" ;;
		esac
		shift 2
	done
	[[ -n $out ]] || { usage >&2; exit "$RC_USAGE"; }
	local f
	for f in "$kernel" "$kernel2" "$file"; do
		[[ -f $f && -r $f ]] || die "cannot read '$f'"
	done
	[[ -s $file ]] || die "$file is empty"
	[[ -x $VM ]] || die "$VM is missing"
}

build_agent()
{
	local inc=$out/include/linux

	mkdir -p "$inc"
	cp "$ROOT/include/uapi/linux/liveupdate.h" "$inc/"
	"${CC:-gcc}" -O2 -Wall -Wextra -static -Wl,--no-warnings -I"$out/include" \
		-o "$out/agent" "$HERE"/{agent,sender,receiver}.c -lcrypto ||
		die "cannot build the agent: needs gcc, libc6-dev and libssl-dev"
}

build_initramfs()
{
	"$VM" initramfs "$out/second.cpio" --init "$out/agent"
	"$VM" initramfs "$out/first.cpio" --init "$out/agent" \
		--file "$file:/demo/file" \
		--file "$kernel2:/kexec/bzImage" \
		--file "$out/second.cpio:/kexec/initrd.cpio"
}

# The archive, its unpacked files and the copy in the memfd are there at once,
# beside the scratch memory that the second kernel starts in.
guest_mem()
{
	local mib=$(($(stat -L -c %s "$file") >> 20))

	echo "$((1024 + 3 * mib))M"
}

# Runs the guest; what begins with "@" is for the report, not for people.
run_guest()
{
	"$VM" boot --kernel "$kernel" --initrd "$out/first.cpio" --icount --follow \
		--append kunit.enable=0 --mem "$(guest_mem)" --timeout "${DEMO_TIMEOUT:-600}" \
		--verdict "$out/verdict.log" --console "$out/console.log" |
		{ grep --line-buffered -av '^@ ' || true; }
}

main()
{
	local kernel kernel2 file out sum rc=0

	parse "$@"
	mkdir -p "$out"
	rm -f "$out/report.html"
	build_agent
	build_initramfs
	sum=$(sha256sum <"$file")
	echo "live update of $(basename "$file"), times are of the guest: 1 instruction = 1 ns"
	run_guest || rc=$?
	rm -f "$out/first.cpio"
	python3 "$HERE/report.py" --verdict "$out/verdict.log" \
		--file "$file" --sha256 "${sum%% *}" --html "$out/report.html" || exit "$RC_GUEST"
	if [[ $rc -ne 0 ]]; then
		echo "demo.sh: the guest failed (vm.sh: $rc), its console is $out/console.log" >&2
		exit "$RC_GUEST"
	fi
}

main "$@"
