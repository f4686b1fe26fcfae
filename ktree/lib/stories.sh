# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own test runner, started with our builds.

SELFTESTS=tools/testing/selftests/liveupdate

# is_device_test NAME: it needs the kernel and the bed of devices.
is_device_test()
{
	awk -F '\t' -v name="$1" '!/^#/ && $1 == name { found = 1 } END { exit !found }' \
		"$TREE/$SELFTESTS/devices.tsv"
}

# stories DIR [RUN.SH ARGUMENT]...: the tests of this tree on the kernel that
# DEBUG and DEVICES chose; logs in out/DIR.
stories()
{
	local dir=$1 arch=x86_64 args=()
	shift

	[[ ${DEVICES:-0} != 1 ]] || { arch+=-devices; args+=(-D); }
	[[ ${DEBUG:-0} != 1 ]] || { arch+=-debug; args+=(-d); }
	"$KTREE/image" || return 1
	mkdir -p "$OUT/$dir"
	(
		only_one "$dir"
		"$TREE/$SELFTESTS/run.sh" -k "$OUT/$arch/bzImage" -M "$OUT/$arch/modules" \
			-w "$OUT/$dir" -j "${GUESTS:-1}" "${args[@]}" "$@"
	)
}
