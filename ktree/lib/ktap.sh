# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Results as KTAP, for every program here that checks something.

ktap_count=0
ktap_failed=0

# ktap NAME CMD...: one result; what CMD says stands below a failure.
# CMD runs in a condition, where "set -e" is off: it must check its own steps.
ktap()
{
	local name=$1 said
	shift
	ktap_count=$((ktap_count + 1))
	if said=$("$@" 2>&1); then
		printf 'ok %d %s\n' "$ktap_count" "$name"
	else
		printf 'not ok %d %s\n' "$ktap_count" "$name"
		sed 's/^/# /' <<<"${said:-no word of explanation}" | tail -n 30
		ktap_failed=$((ktap_failed + 1))
	fi
}

ktap_skip()
{
	ktap_count=$((ktap_count + 1))
	printf 'ok %d %s # SKIP %s\n' "$ktap_count" "$1" "$2"
}

# ktap_end: the plan, and the exit status.
ktap_end()
{
	printf '1..%d\n' "$ktap_count"
	[[ $ktap_failed == 0 ]]
}

# ktap_totals LOG: "passed failed skipped". A log with a line of totals (the
# kernel's test runner) is taken at its word; one without is counted.
ktap_totals()
{
	awk '
	/^# totals: pass:/ {
		split($3, p, ":"); split($4, f, ":"); split($5, s, ":")
		print p[2] + 0, f[2] + 0, s[2] + 0
		told = 1
		exit
	}
	/^ok .*# SKIP/	{ skip++; next }
	/^ok /		{ pass++ }
	/^not ok /	{ fail++ }
	END { if (!told) print pass + 0, fail + 0, skip + 0 }' "$1"
}
