#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Self-tests of what meets the user and the world: fetching, setting up,
# exporting, applying. "--list" names them, a name runs one; 0 is a pass.
set -euo pipefail
# shellcheck source=ktree/tests/fake.sh
. "$(dirname "$0")/fake.sh"

test_wrong_checksum()
{
	sed -i 's/^sha256 .*/sha256 0000/' "$LUO_TOP/base.lock"
	fails_with 'wrong checksum' k tree
	[[ ! -e $T && ! -e $LUO_TOP/out/base/base.tar.xz ]]
}

test_wrong_contents()
{
	echo more >>"$TMP/linux/mm/shmem.c"
	rm -rf "$TMP/linux/.git"
	LUO_BASE=$TMP/linux fails_with 'wrong contents' k tree
	[[ ! -e $T ]]
}

test_base_from_tree_and_tag()
{
	LUO_BASE=$TMP/linux k tree
	rm -rf "$LUO_TOP/out"
	git -C "$TMP/linux" tag v6.18.15
	echo dirt >>"$TMP/linux/mm/shmem.c"
	LUO_BASE=$TMP/linux k tree
	same "$(git -C "$T" rev-parse 'base^{tree}')" "$TREE_HASH"
}

# A write that fails half way (as on a full disk), then the same again.
test_half_made_tree_is_not_taken()
{
	head -c 3000000 /dev/urandom >"$TMP/linux/mm/big"
	rm -rf "$TMP/linux/.git"
	tar -C "$TMP" -cJf "$TMP/base.tar.xz" linux
	git -C "$TMP/linux" init -q
	git -C "$TMP/linux" add -A -f
	TREE_HASH=$(git -C "$TMP/linux" write-tree)
	fake_lock
	k fetch
	if (ulimit -f 1000; trap '' XFSZ; k tree 2>/dev/null); then
		echo 'a tree that could not be written was taken'
		return 1
	fi
	[[ ! -e $T ]]
	k tree
	cmp "$T/mm/big" "$TMP/linux/mm/big"
}

test_full_disk()
{
	LUO_NEED_MIB=99999999 fails_with 'disk full: .*MiB are needed' k tree
}

test_no_base_anywhere()
{
	sed -i 's/^version .*/version 6.18.99/; s/^tarball .*/tarball none.tar.xz/' "$LUO_TOP/base.lock"
	printf '#!/bin/sh\nexit 6\n' >"$TMP/curl"
	chmod +x "$TMP/curl"
	LUO_BASE='' PATH=$TMP:$PATH fails_with 'no network and no local copy; set LUO_BASE' k tree
}

test_missing_package()
{
	printf 'no-such-package-luo\tno-such-program-luo\ttest\n' >"$TMP/packages"
	LUO_PACKAGES=$TMP/packages LUO_UID=1000 \
		fails_with 'sudo apt-get install .*no-such-package-luo' k setup
}

test_qemu_too_old()
{
	printf '#!/bin/sh\necho QEMU emulator version 6.2.0\n' >"$TMP/qemu-system-x86_64"
	chmod +x "$TMP/qemu-system-x86_64"
	: >"$TMP/packages"
	PATH=$TMP:$PATH LUO_PACKAGES=$TMP/packages fails_with 'QEMU 6.2 is too old: 7.0' k setup
}

test_qemu_missing()
{
	local tool

	mkdir "$TMP/bin"
	for tool in bash env dirname cat sed awk grep; do
		ln -s "$(command -v "$tool")" "$TMP/bin/$tool"
	done
	: >"$TMP/packages"
	PATH=$TMP/bin LUO_PACKAGES=$TMP/packages fails_with 'no qemu-system-x86_64 in the PATH' k setup
}

# Nothing is built for a name that is wrong.
test_no_such_test()
{
	local said rc=0

	: >"$TMP/packages"
	sed -i 's|^  kernel/liveupdate/run.sh$|  tools/testing/selftests/liveupdate/run.sh|' \
		"$LUO_TOP"/series/0001-*
	mkdir -p "$LUO_TOP/tools/testing/selftests/liveupdate"
	printf '#!/bin/sh\necho kunit story\n' >"$LUO_TOP/tools/testing/selftests/liveupdate/run.sh"
	chmod +x "$LUO_TOP/tools/testing/selftests/liveupdate/run.sh"
	rm "$LUO_TOP/kernel/liveupdate/run.sh"
	said=$(LUO_PACKAGES=$TMP/packages k test kunit,nonsense 2>&1) || rc=$?
	same "$rc" 2
	grep -q "no test 'nonsense'" <<<"$said"
}

# Each stage has a program and each program (but the one that docs calls) is a stage; a test of the debug kernel
# is in one of its two stages.
test_stages()
{
	local line=$'\tstory\t-\t1\t1M\t2G\t1'

	same "$(STAGE=list k check | cut -d' ' -f1 | sort | paste -sd' ')" \
		"$(cd "$VERBS/checks" && find . -type f -perm -u+x ! -name messages -printf '%f\n' | sort | paste -sd' ')"
	# shellcheck source=ktree/lib/common.sh
	. "$VERBS/lib/common.sh"
	# shellcheck source=ktree/lib/stories.sh
	. "$VERBS/lib/stories.sh"
	# shellcheck source=ktree/lib/debugset.sh
	. "$VERBS/lib/debugset.sh"
	mkdir -p "$T/$SELFTESTS"
	{
		debug_set first | tr , '\n'
		printf 'one\ntwo\n'
	} | sed "s/\$/$line/" >"$T/$SELFTESTS/tests.tsv"
	printf 'lean\tstory\t-\t1\t1M\t-\t1\n' >>"$T/$SELFTESTS/tests.tsv"
	same "$(debug_set rest)" one,two
}

# A stage that is misspelt is not left out: a green result would say too much.
test_no_such_stage()
{
	fails_with "no stage 'storis' \\(STAGE=list" env STAGE=text,storis "$VERBS/check"
	fails_with "no stage ''" env STAGE=,text "$VERBS/check"
	fails_with "no stage 'all'" env STAGE=all "$VERBS/check"
}

# What would not end in time is not begun, and is not forgotten.
test_limit_skips_and_says_so()
{
	local said rc=0

	: >"$TMP/packages"
	said=$(LUO_PACKAGES=$TMP/packages STAGE=debug-image,debug-stories LIMIT=1 k check 2>&1) || rc=$?
	same "$rc" 0
	grep -q '^check: debug-image .*SKIPPED' <<<"$said"
	same "$(tail -n 1 <<<"$said")" '0 passed, 0 failed, 2 skipped'
	fails_with 'LIMIT=soon: minutes' env LIMIT=soon "$VERBS/check"
}

# FORCE=1 is about the stages here, and not about out/tree.
test_check_keeps_edits()
{
	fake_kernel
	k tree
	echo edit >>"$T/mm/shmem.c"
	FORCE=1 STAGE=image LIMIT=1 k check
	same "$(tail -n 1 "$T/mm/shmem.c")" edit
}

# A make that edits out/tree: what was built may be either.
test_what_was_edited_meanwhile_is_checked_again()
{
	local stamp=$LUO_TOP/out/log/check-image.log.stamp

	fake_kernel
	STAGE=image k check
	[[ -f $stamp ]]
	echo 'int two;' >>"$LUO_TOP/kernel/liveupdate/luo_core.c"
	echo "echo edit >>'$T/mm/memfd.c'" >>"$TMP/fake-kernel/make"
	STAGE=image k check
	[[ ! -f $stamp ]]
}

# A file that the stage "series" calls red, the letter, and what shellcheck is told.
test_stage_keys()
{
	local key one

	# shellcheck disable=SC1090 # only these functions of it
	. <(sed -n '/^files_key()$/,/^}$/p; /^stage_key()$/,/^}$/p' "$VERBS/check")
	# shellcheck source=ktree/lib/common.sh
	. "$VERBS/lib/common.sh"
	# shellcheck source=ktree/lib/entry.sh
	. "$VERBS/lib/entry.sh"
	mkdir -p "$LUO_TOP"/{ktree,configs,.ci}
	touch "$LUO_TOP/.shellcheckrc" "$LUO_TOP/Makefile"
	key=$(stage_key series)
	same "$(stage_key series)" "$key"
	for one in .shellcheckrc series/0000-cover.txt kernel/loose.c; do
		echo more >>"$LUO_TOP/$one"
		[[ $(stage_key series) != "$key" ]] || { echo "not in the key: $one"; return 1; }
		key=$(stage_key series)
	done
}

# The stage "image" is the lean kernel, whatever else is set.
test_check_is_not_told_the_kernel()
{
	fake_kernel
	cp "$LUO_TOP"/configs/{base,debug}.config
	DEBUG=1 DEVICES=1 SECOND=1 STAGE=image k check
	same "$(cd "$LUO_TOP/out" && echo x86_64*/bzImage*)" x86_64/bzImage
}

# The last line is that of the totals, whatever is in the way.
test_check_ends_with_totals()
{
	local said

	fake_kernel
	sed -i 's/^-shmem line 10/-shmem line 99/' "$LUO_TOP"/series/0001-*
	! said=$(STAGE=image k check) || { echo 'no tree, and it does not say so'; return 1; }
	same "$said" '0 passed, 1 failed, 0 skipped'
	printf 'no-such-package-luo\tno-such-program-luo\ttest\n' >"$TMP/packages"
	! said=$(LUO_UID=1000 k check) || { echo 'no packages, and it does not say so'; return 1; }
	same "$said" '0 passed, 1 failed, 0 skipped'
}

test_clean()
{
	k tree
	echo keep >"$LUO_TOP/mine"
	echo edit >>"$T/mm/shmem.c"
	fails_with 'edits that are not in the overlay' k clean
	[[ -d $T ]]
	FORCE=1 k clean
	[[ ! -e $LUO_TOP/out && -e $LUO_TOP/mine ]]
	k clean
	k tree
	k clean
	[[ ! -e $LUO_TOP/out ]]
}

# What is only in out/tree's git goes with it; a checkout that is behind is nobody's work.
test_clean_keeps_branches_and_stashes()
{
	k tree
	git -C "$T" worktree add -q --detach "$LUO_TOP/out/verify" luo
	echo edit >>"$T/mm/shmem.c"
	git -C "$T" stash -q
	fails_with 'a stash with commits of its own \([0-9a-f]* "WIP on luo' k clean
	git -C "$T" stash drop -q
	git -C "$T" checkout -q -b topic
	git -C "$T" commit -q --allow-empty -m 'liveupdate: Try it'
	git -C "$T" checkout -q luo
	fails_with 'commits of its own \([0-9a-f]* "liveupdate: Try it"\)' k clean
	git -C "$T" branch -q -D topic
	echo 'int two;' >>"$LUO_TOP/kernel/liveupdate/luo_core.c"
	k tree
	k clean
}

test_lost_option_is_named()
{
	# shellcheck source=ktree/lib/common.sh
	. "$VERBS/lib/common.sh"
	# shellcheck source=ktree/lib/kbuild.sh
	. "$VERBS/lib/kbuild.sh"
	mkdir -p "$LUO_TOP/configs"
	printf 'CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=m\nCONFIG_D=n\n' >"$LUO_TOP/configs/base.config"
	printf 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_D=y\n' >"$TMP/final"
	same "$(lost_options base "$TMP/final" | paste -sd' ')" 'CONFIG_C=m CONFIG_D=n'
}

# The help names each configuration that there is, and no other is made.
test_configurations_are_named()
{
	local name

	fake_kernel
	fails_with 'no such configuration: nonsense' k config nonsense
	[[ ! -e $T/.nonsense ]]
	for name in $({ k config nonsense 2>&1 || :; } | sed 's/.*(\(.*\)).*/\1/; s/,//g'); do
		k config --help | grep -qE "^  (.*, )?$name( |,|\$)" ||
			{ echo "not in the help: $name"; return 1; }
	done
	k config
	[[ -f $T/.lean/.config && -d $T/.git ]]
	rm -rf "$T/.git"
	fails_with 'out/tree is there, and is no git checkout' k tree
}

# The base must not be shown in the place of what was asked for.
test_demo_takes_only_a_file()
{
	FILE=$TMP fails_with 'FILE=.*: no file that can be read' k demo
	FILE=$TMP/none fails_with 'FILE=.*/none: no file that can be read' k demo
}

# The same overlay at two paths, under two configurations: the same mails.
test_series_is_deterministic()
{
	k series >/dev/null
	cp -r "$LUO_TOP/out/series" "$TMP/first"
	git config --global diff.noprefix true
	git config --global diff.algorithm histogram
	git config --global format.signature sig
	git config --global user.name somebody
	cp -r "$LUO_TOP" "$TMP/elsewhere"
	rm -rf "$TMP/elsewhere/out"
	(umask 077; LUO_TOP=$TMP/elsewhere TZ=Asia/Tokyo k series >/dev/null)
	diff -r "$TMP/first" "$TMP/elsewhere/out/series"
}

test_cover_letter()
{
	k series
	grep -q '^Subject: \[PATCH 0/2\] A cover$' "$LUO_TOP"/out/series/0000-*
	grep -q '^The letter\.$' "$LUO_TOP"/out/series/0000-*
	grep -q '^  mm/shmem: Hook it$' "$LUO_TOP"/out/series/0000-*
	grep -q ' files changed, ' "$LUO_TOP"/out/series/0000-*
}

# DIR is replaced, so it must not hold what is somebody's.
test_series_refuses_a_directory_with_other_things()
{
	mkdir "$TMP/mine" "$TMP/mails.new"
	echo keep >"$TMP/mine/notes"
	echo keep >"$TMP/mails.new/notes"
	fails_with 'mine: .*holds more than mails \(notes\)' k series "$TMP/mine"
	fails_with 'notes: .*no directory' k series "$TMP/mine/notes"
	same "$(cat "$TMP/mine/notes")" keep
	k series "$TMP/mails"
	same "$(cat "$TMP/mails.new/notes")" keep
	echo old >"$TMP/mails/0099-old.patch"
	k series "$TMP/mails/"
	same "$(cd "$TMP/mails" && echo *)" \
		'0000-cover-letter.patch 0001-mm-shmem-Hook-it.patch 0002-MAINTAINERS-Add-us.patch'
	k series
	echo log >"$LUO_TOP/out/series/am.log"
	k series
	[[ ! -e $LUO_TOP/out/series/am.log ]]
}

test_signoff()
{
	SIGNOFF='A Person <a@localhost>' k series
	same "$(grep -l '^Signed-off-by: A Person <a@localhost>$' "$LUO_TOP"/out/series/000[12]-* | wc -l)" 2
	grep -q '^From: A Person <a@localhost>' "$LUO_TOP"/out/series/0001-*
	fails_with "write it as 'Name <mail>'" env SIGNOFF=nobody "$VERBS/series"
}

test_apply()
{
	k apply "$TMP/linux"
	k tree
	same "$(git -C "$TMP/linux" rev-parse 'HEAD^{tree}')" "$(git -C "$T" rev-parse 'HEAD^{tree}')"
}

# The second patch conflicts: the first must be gone again, too.
test_apply_conflict_changes_nothing()
{
	cd "$TMP/linux" || exit 1
	sed -i 's/^KEXEC/KEXEC and more/' MAINTAINERS
	sed -i 's/^ZETA.*/YETI/' MAINTAINERS
	git commit -q -a -m local
	echo untracked >note
	before=$(git rev-parse HEAD; git status --porcelain)
	fails_with 'conflict: 0002-.*patch does not apply to MAINTAINERS' k apply "$TMP/linux"
	same "$(git rev-parse HEAD; git status --porcelain)" "$before"
	[[ ! -d .git/rebase-apply ]]
}

test_apply_refuses()
{
	cd "$TMP/linux" || exit 1
	echo edit >>mm/shmem.c
	fails_with 'uncommitted changes' k apply "$TMP/linux"
	git checkout -q mm/shmem.c
	sed -i 's/18/17/' Makefile
	git commit -q -a -m old
	fails_with 'is Linux 6.17, the series is for 6.18.y' k apply "$TMP/linux"
	fails_with 'not a git checkout' k apply "$TMP"
	sed -i 's/17/18/' Makefile
	git commit -q -a -m new
	GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' git rebase -q -i HEAD~1 2>/dev/null
	fails_with 'a git am or rebase is going on' k apply "$TMP/linux"
	git rebase --abort
	git rm -q Makefile
	git commit -q -m none
	fails_with 'is Linux \?, the series is for 6.18.y' k apply "$TMP/linux"
}

# bench.sh that fails before it has figures must not cost the page, nor leave old ones.
test_bench_keeps_only_new_figures()
{
	local page=$LUO_TOP/docs/figures.md

	fake_kernel
	overlay_program tools/testing/selftests/liveupdate/bench/bench.sh <<-'BENCH'
	#!/bin/bash
	[[ -z ${FIGURES:-} ]] || echo "$FIGURES" >"${*: -1}/figures.md"
	exit "${RC:-0}"
	BENCH
	mkdir -p "$LUO_TOP/docs" "$LUO_TOP/out/bench"
	printf 'old\n\n# Campaigns\nfound\n' >"$page"
	cp "$page" "$TMP/page"
	echo stale >"$LUO_TOP/out/bench/figures.md"
	! KEEP=1 RC=2 k bench || { echo 'it says that all is well'; return 1; }
	cmp "$page" "$TMP/page"
	! KEEP=1 RC=1 FIGURES=new k bench || { echo 'a target was missed, and it does not say so'; return 1; }
	same "$(paste -sd' ' "$page")" 'new  # Campaigns found'
}

# Two that write the same files: the second one says so, and leaves them alone.
test_two_runs_do_not_mix()
{
	local held what

	fake_kernel
	overlay_program tools/testing/selftests/liveupdate/run.sh <<-'RUN'
	#!/bin/bash
	echo 'it was run'
	RUN
	export LUO_MUTANTS=$TMP/mutants
	printf 'one\tone\tguard\tmm/shmem.c\ts/ten/10/\n' >"$LUO_MUTANTS"
	mkdir -p "$LUO_TOP/out"
	for what in bench soak mutants; do
		exec {held}>"$LUO_TOP/out/.$what.lock"
		flock "$held"
		fails_with "'$what' is going on in out/ already" k "$what" one
		exec {held}>&-
	done
	k soak | grep 'it was run'
}

# A run that came to nothing must not be judged by what an earlier one left.
test_mutant_is_judged_by_its_own_run()
{
	local work=$LUO_TOP/out/mutants/work

	fake_kernel
	export LUO_MUTANTS=$TMP/mutants
	printf 'm1\tone\tguard\tmm/shmem.c\ts/ten/10/\n' >"$LUO_MUTANTS"
	overlay_program tools/testing/selftests/liveupdate/run.sh <<-'RUN'
	#!/bin/bash
	[[ -z ${SAYS:-} ]] || echo "$SAYS" >"$LUO_TOP/out/mutants/work/one.verdict"
	exit "$RC"
	RUN
	mkdir -p "$work"
	RC=1 SAYS='not ok 1 the guard' k mutants >"$TMP/said"
	grep -q '^ok 1 mutant: m1' "$TMP/said"
	! RC=4 k mutants >"$TMP/said" || { echo 'noticed, in an old verdict'; return 1; }
	grep -q '^# the test was not run: run.sh ended with 4' "$TMP/said"
	! RC=2 SAYS='not ok 1 the guard' k mutants || { echo 'noticed, by a run that ended with 2'; return 1; }
	! RC=1 k mutants || { echo 'noticed, and there is no verdict'; return 1; }
	! RC=0 SAYS='ok 1 the guard' k mutants >"$TMP/said" || { echo 'noticed by nobody'; return 1; }
	grep -q '^# nobody noticed' "$TMP/said"
}

# A list with a line that is none, and a name that is none, are not half done.
test_mutants_are_all_there()
{
	local said rc=0

	fake_kernel
	export LUO_MUTANTS=$TMP/mutants
	printf 'm1\tone\tguard\tmm/shmem.c\ts/ten/10/\n' >"$LUO_MUTANTS"
	said=$(k mutants m1,m2 2>&1) || rc=$?
	same "$rc" 2
	grep -q "no mutant 'm2'" <<<"$said"
	printf 'm2\tone\tguard\tmm/shmem.c\n' >>"$LUO_MUTANTS"
	fails_with 'mutants: a line that is no mutant' k mutants
	fails_with 'mutants: a line that is no mutant' k mutants m1
	[[ ! -e $LUO_TOP/out ]]
}

test_totals_count_everything()
{
	# shellcheck source=ktree/lib/ktap.sh
	. "$VERBS/lib/ktap.sh"
	printf 'ok 1 a\nnot ok 2 b\n# ok 3 c\nok 3 d # SKIP no\n1..3\n' >"$TMP/log"
	same "$(ktap_totals "$TMP/log")" '1 1 1'
	printf 'ok 1 a\n# totals: pass:10 fail:2 skip:3\n' >"$TMP/log"
	same "$(ktap_totals "$TMP/log")" '10 2 3'
}

# shellcheck source=ktree/tests/main.sh
. "$(dirname "$0")/main.sh"
