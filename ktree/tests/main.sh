# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The end of every file of self-tests.

case ${1:-} in
--list)
	declare -F | sed -n 's/^declare -f test_//p'
	;;
'')
	for name in $("$0" --list); do
		"$0" "$name" >/dev/null 2>&1 && echo "ok $name" || echo "not ok $name"
	done
	;;
*)
	fake_repo
	"test_$1"
	;;
esac
