# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Which tests make check runs on the debug kernel too: those that reach most of our
# code, its error paths and its locks, and that take twelve minutes together.

FIRST_ON_DEBUG='
kunit
device
alloc
lockdown
sessions
takeover
module
freeze
faults
random
storm
'

# debug_set first|rest: names, with commas between them.
debug_set()
{
	if [[ $1 == first ]]; then
		grep . <<<"$FIRST_ON_DEBUG"
	else
		awk -F '\t' '!/^(#|$)/ && $6 != "-" { print $1 }' "$TREE/$SELFTESTS/tests.tsv" |
			grep -vxF -f <(grep . <<<"$FIRST_ON_DEBUG")
	fi | paste -sd,
}
