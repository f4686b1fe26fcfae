# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0
#
# What every verb of ktree/ starts with: where things are, and how to fail.
# (SC2034: a library sets what those use that source it.)
#
# LUO_TOP  the overlay repository (default: the one that this file is in).
#          The self-tests point it at a tiny fake one.

LUO_TOP=${LUO_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
OUT=$LUO_TOP/out
TREE=$OUT/tree
KTREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C
shopt -s inherit_errexit
# The user's own git configuration must not change a byte of what we make.
export GIT_CONFIG_NOSYSTEM=1
# A hook has these set, for the repository that it is of. (A machine may have no git yet.)
# shellcheck disable=SC2046 # a list of names
unset $(git rev-parse --local-env-vars 2>/dev/null)

# Who and when the commits of out/tree are: constants, so that the same
# overlay gives the same commits, and the same mails, on every machine.
readonly LUO_NAME='LUO developers' LUO_MAIL='luo@localhost'
readonly LUO_EPOCH=1767225600	# 2026-01-01; entry N is N minutes later

# die MESSAGE: one line that says what is wrong and what to do.
die()
{
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

note()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# only_one WHAT: two that write the same files in out/ spoil both. To the end of this
# shell, and of all that it has started.
only_one()
{
	local name=${1//\//-} lock

	mkdir -p "$OUT"
	exec {lock}>"$OUT/.$name.lock"
	flock -n "$lock" ||
		die "'$1' is going on in out/ already (whoever has out/.$name.lock open): wait for its end"
}

# want_help "$@": true when the person asks for usage().
want_help()
{
	[[ ${1:-} == -h || ${1:-} == --help ]]
}

# base_lock KEY: a value of base.lock, the only place that knows the version.
base_lock()
{
	local value

	value=$(awk -v k="$1" '$1 == k { print $2 }' "$LUO_TOP/base.lock")
	[[ -n $value ]] || die "base.lock has no line '$1'"
	printf '%s\n' "$value"
}

# need_space DIR MIB: refuse early what would die half way on a full disk.
need_space()
{
	local free

	mkdir -p "$1"
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	(( free >= ${LUO_NEED_MIB:-$2} )) ||
		die "disk full: $1 has $free MiB free, ${LUO_NEED_MIB:-$2} MiB are needed; make room and repeat"
}

# tgit ...: git in out/tree, with nobody's configuration but ours.
tgit()
{
	GIT_CONFIG_GLOBAL=/dev/null git -C "$TREE" "$@"
}

# quietly LOG CMD...: run, keep the output in LOG, show its end if it fails.
# CMD must check its own steps: "set -e" is off in a condition.
quietly()
{
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	if ! ("$@") >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		return 1
	fi
}
