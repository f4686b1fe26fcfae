# SPDX-License-Identifier: GPL-2.0
#
# Count "pass fail skip" in a verdict. What was promised and did not come has
# failed. The cases of a KUnit suite are one level further in (-v kunit=1).

/^1\.\.[0-9]+/ { plan += substr($1, 4) }
/^Bail out!/ { fail++ }
/^(not )?ok / { lines++ }
{ result = 0 }
/^(not )?ok / { result = !kunit || !/^ok/ }
kunit && /^    (not )?ok / { result = 1; sub(/^ +/, "") }
!result { next }
/# SKIP/ { skip++; next }
/^ok / { pass++ }
/^not ok / { fail++ }
END {
	if (lines < plan)
		fail += plan - lines
	if (!lines && !fail)
		fail = 1
	print pass + 0, fail + 0, skip + 0
}
