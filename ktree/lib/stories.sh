# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own test runner, started with our builds.

SELFTESTS=tools/testing/selftests/liveupdate

# stories DIR [RUN.SH ARGUMENT]...: the tests of this tree on the kernel that
# DEBUG chose; logs in out/DIR.
stories()
{
	local dir=$1 arch=x86_64 args=()
	shift

	[[ ${DEBUG:-0} != 1 ]] || { arch=x86_64-debug; args=(-d); }
	"$KTREE/image" || return 1
	mkdir -p "$OUT/$dir"
	"$TREE/$SELFTESTS/run.sh" -k "$OUT/$arch/bzImage" -M "$OUT/$arch/modules" \
		-w "$OUT/$dir" -j "${GUESTS:-1}" "${args[@]}" "$@"
}
