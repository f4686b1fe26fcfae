# SPDX-License-Identifier: GPL-2.0
#
# Count "pass fail skip" in a verdict. What was promised and did not come has
# failed: a result of a plan, the plan of a program. The cases of a KUnit suite are
# one level further in (-v kunit=1), and none is without one.

/^# program / { fail += begun; begun = 1 }
/^1\.\.[0-9]+/ { plan += substr($1, 4); begun = 0 }
/^Bail out!/ { fail++ }
/^(not )?ok / { lines++ }
{ result = 0 }
/^(not )?ok / { result = !kunit || !/^ok/ }
kunit && /^ok / { fail += !cases; cases = 0 }
kunit && /^not ok / { cases = 0 }
kunit && /^    (not )?ok / { result = 1; cases++; sub(/^ +/, "") }
!result { next }
/# SKIP/ { skip++; next }
/^ok / { pass++ }
/^not ok / { fail++ }
END {
	if (lines < plan)
		fail += plan - lines
	fail += begun
	if (!pass && !fail && !skip)
		fail = 1
	print pass + 0, fail + 0, skip + 0
}
