#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Self-tests of what turns the overlay into commits and back. "--list" names
# them, a name runs one; status 0 is a pass.
set -euo pipefail
# shellcheck source=ktree/tests/fake.sh
. "$(dirname "$0")/fake.sh"

# commit_overlay: as a person does, before import replaces it.
commit_overlay()
{
	git -C "$LUO_TOP" add -A
	git -C "$LUO_TOP" commit -q -m overlay
}

test_tree_is_base_plus_entries()
{
	k tree
	same "$(git -C "$T" log --format=%s | paste -sd,)" 'MAINTAINERS: Add us,mm/shmem: Hook it,Linux 6.18.15'
	same "$(sed -n 10p "$T/mm/shmem.c")" 'shmem line ten'
	cmp "$T/kernel/liveupdate/luo_core.c" "$LUO_TOP/kernel/liveupdate/luo_core.c"
	[[ -x $T/kernel/liveupdate/run.sh ]]
	same "$(git -C "$T" status --porcelain)" ''
}

test_maintainers_in_order()
{
	k tree
	same "$(grep -E '^[A-Z(][A-Za-z ()]+$' "$T/MAINTAINERS" | paste -sd,)" \
		'Head,Maintainers List,ALPHA,KEXEC,LUO,ZETA (out of order),SHMEM,THE REST'
}

test_second_run_does_nothing()
{
	k tree
	touch -d 2001-01-01 "$T/mm/shmem.c"
	k tree
	same "$(stat -c %Y "$T/mm/shmem.c")" "$(date -d 2001-01-01 +%s)"
}

test_conflict_is_named()
{
	k tree
	before=$(git -C "$T" rev-parse HEAD)
	sed -i 's/^-shmem line 10/-shmem line 99/' "$LUO_TOP"/series/0001-*
	fails_with '0001-mm-shmem-hook-it.patch: .*mm/shmem.c' k tree
	same "$(git -C "$T" rev-parse HEAD)" "$before"
}

test_fuzz_is_refused()
{
	sed -i 's/^ shmem line 13/ shmem line 99/' "$LUO_TOP"/series/0001-*
	fails_with '0001-mm-shmem-hook-it.patch: .*mm/shmem.c' k tree
}

test_overlay_file_in_two_entries()
{
	sed -i 's/^Maintainers/Overlay:\n  kernel\/liveupdate\/run.sh\n&/' "$LUO_TOP"/series/0002-*
	fails_with '0002-.*run.sh: entered with an earlier entry' k tree
}

test_overlay_file_of_the_base()
{
	mkdir -p "$LUO_TOP/mm"
	echo mine >"$LUO_TOP/mm/memfd.c"
	sed -i 's/^Overlay:/&\n  mm\/memfd.c/' "$LUO_TOP"/series/0001-*
	fails_with 'mm/memfd.c: is a file of the base' k tree
}

test_overlay_file_missing()
{
	rm "$LUO_TOP/kernel/liveupdate/run.sh"
	fails_with 'run.sh: ' k tree
}

test_file_in_no_entry()
{
	echo 'int x;' >"$LUO_TOP/kernel/liveupdate/loose.c"
	{ k verify --no-build || :; } | grep -A1 '^not ok 1' | grep -q 'in no entry: kernel/liveupdate/loose.c'
}

# Without git nobody knows of a loose file.
test_coverage_wants_git()
{
	rm -rf "$LUO_TOP/.git"
	{ GIT_CEILING_DIRECTORIES=$TMP k verify --no-build || :; } | grep -q '^not ok 1'
}

test_verify_is_green()
{
	k verify --no-build >"$TMP/verify"
	same "$(grep -c '^ok' "$TMP/verify")" 5
}

test_entry_not_canonical()
{
	sed -i 's/^@@ -7,7 +7,7 @@.*/@@ -6,7 +6,7 @@/' "$LUO_TOP"/series/0001-*
	{ k verify --no-build || :; } | grep -q '^not ok 2'
}

test_unsaved_edits_are_kept()
{
	k tree
	echo edit >>"$T/mm/shmem.c"
	echo 'int two;' >>"$LUO_TOP/kernel/liveupdate/luo_core.c"
	fails_with 'edits that are not in the overlay' k tree
	same "$(tail -n 1 "$T/mm/shmem.c")" edit
	fails_with 'changed since out/tree was made' k save
	fails_with 'edits that are not in the overlay' k clean
	FORCE=1 k tree
	same "$(tail -n 1 "$T/mm/shmem.c")" 'shmem line 40'
}

# A hook's git variables name the repository that it is of, which is not out/tree.
test_from_a_hook()
{
	commit_overlay
	cd "$LUO_TOP" || exit 1
	GIT_DIR=$LUO_TOP/.git GIT_INDEX_FILE=$LUO_TOP/.git/index GIT_PREFIX='' k tree
	same "$(git log --format=%s --all)" overlay
	same "$(git status --porcelain)" ''
	same "$(git -C "$T" log -1 --format=%s luo)" 'MAINTAINERS: Add us'
}

# An empty repository in out/tree stops git add: that is not "no edits".
test_edits_that_git_cannot_add_are_kept()
{
	k tree
	echo edit >>"$T/mm/shmem.c"
	git init -q "$T/scratch"
	echo 'int two;' >>"$LUO_TOP/kernel/liveupdate/luo_core.c"
	fails_with 'what out/tree holds cannot be told' k tree
	fails_with 'what out/tree holds cannot be told' k clean
	fails_with 'what out/tree holds cannot be told' env FORCE=1 "$VERBS/save"
	same "$(tail -n 1 "$T/mm/shmem.c")" edit
	same "$(cd "$LUO_TOP/out" && echo .index*)" '.index*'
	FORCE=1 k clean
}

test_save_uncommitted()
{
	k tree
	echo 'int two;' >>"$T/kernel/liveupdate/luo_core.c"
	sed -i 's/shmem line 30/shmem line thirty/' "$T/mm/shmem.c"
	sed -i '/^LUO$/,/^$/s/Maintained/Supported/' "$T/MAINTAINERS"
	k save
	same "$(tail -n 1 "$LUO_TOP/kernel/liveupdate/luo_core.c")" 'int two;'
	grep -q '^+shmem line thirty' "$LUO_TOP"/series/0001-*
	grep -q Supported "$LUO_TOP/MAINTAINERS"
	same "$(git -C "$T" status --porcelain)" ''
	k verify --no-build >/dev/null
}

test_save_commits()
{
	k tree
	git -C "$T" commit -q --amend -m 'MAINTAINERS: Say it better'
	echo 'int three;' >"$T/kernel/liveupdate/three.c"
	git -C "$T" rm -q mm/memfd.c
	git -C "$T" add -A
	git -C "$T" commit -q -m 'liveupdate: Add three'
	k save
	same "$(cd "$LUO_TOP/series" && echo 000[1-9]*)" \
		'0001-mm-shmem-hook-it.patch 0002-maintainers-say-it-better.patch 0003-liveupdate-add-three.patch'
	grep -q '^deleted file mode' "$LUO_TOP"/series/0003-*
	cmp "$T/kernel/liveupdate/three.c" "$LUO_TOP/kernel/liveupdate/three.c"
	k verify --no-build >/dev/null
}

# A git that is there first, and edits a file when save makes its commits.
test_save_keeps_what_is_edited_meanwhile()
{
	k tree
	git -C "$T" commit -q --amend -m 'MAINTAINERS: Say it better'
	git -C "$T" checkout -q --detach
	mkdir "$TMP/bin"
	cat >"$TMP/bin/git" <<-GIT
	#!/bin/bash
	[[ " \$* " != *' commit-tree '* ]] || sed -i 's/line 5\$/line five/' "$T/mm/memfd.c"
	exec $(command -v git) "\$@"
	GIT
	chmod +x "$TMP/bin/git"
	PATH=$TMP/bin:$PATH k save
	same "$(git -C "$T" status --porcelain)" ' M mm/memfd.c'
	same "$(sed -n 5p "$T/mm/memfd.c")" 'memfd line five'
	same "$(git -C "$T" symbolic-ref HEAD)" refs/heads/luo
	same "$(git -C "$T" rev-parse luo)" "$(git -C "$T" rev-parse refs/luo/tip)"
}

test_save_unchanged_changes_nothing()
{
	k tree
	cp -r "$LUO_TOP/series" "$TMP/before"
	k save
	diff -r "$TMP/before" "$LUO_TOP/series"
}

test_save_refuses_what_nobody_owns()
{
	k tree
	echo edit >>"$T/mm/memfd.c"
	fails_with 'mm/memfd.c: changed, but no commit' k save
	git -C "$T" checkout -q mm/memfd.c
	echo 'int new;' >"$T/kernel/new.c"
	fails_with 'kernel/new.c: changed, but no commit' k save
}

# The stamp knows nothing of a file that is in no entry yet.
test_save_keeps_a_new_file_of_the_overlay()
{
	k tree
	echo 'int mine;' >"$LUO_TOP/kernel/new.c"
	echo 'int other;' >"$T/kernel/new.c"
	git -C "$T" add kernel/new.c
	git -C "$T" commit -q -m 'kernel: Add new'
	fails_with 'kernel/new.c: in no entry yet, and differs' k save
	same "$(cat "$LUO_TOP/kernel/new.c")" 'int mine;'
	same "$(cd "$LUO_TOP/series" && echo 000[1-9]*)" \
		'0001-mm-shmem-hook-it.patch 0002-maintainers-add-us.patch'
	FORCE=1 k save
	same "$(cat "$LUO_TOP/kernel/new.c")" 'int other;'
}

test_save_removes_what_went()
{
	commit_overlay
	k tree
	git -C "$T" rm -q kernel/liveupdate/run.sh
	k save
	[[ ! -e $LUO_TOP/kernel/liveupdate/run.sh ]]
	k verify --no-build >/dev/null
}

# A foreign history: an overlay file is added, then changed by a later commit.
foreign_history()
{
	commit_overlay
	cd "$TMP/linux" || exit 1
	echo 'int a;' >kernel/a.c
	echo 'obj-y += a.o' >>kernel/Makefile
	git add -A
	git commit -q -m 'kernel: Add a'
	echo 'int b;' >>kernel/a.c
	sed -i 's/memfd line 5/memfd line five/' mm/memfd.c
	git commit -q -a -m 'kernel: Make it b'
	cd "$TMP" || exit 1
}

# The overlay holds the final text; the later change is in the later entry.
test_import_keeps_a_later_change()
{
	foreign_history
	k import "$TMP/linux" base..main
	same "$(tail -n 1 "$LUO_TOP/kernel/a.c")" 'int b;'
	grep -q '^+int b;' "$LUO_TOP"/series/0002-*
	same "$(git -C "$T" show luo^:kernel/a.c)" 'int a;'
	same "$(k verify --no-build | grep -c '^ok')" 5
	echo 'int c;' >>"$T/kernel/a.c"
	k save
	grep -q '^+int c;' "$LUO_TOP"/series/0002-*
	same "$(git -C "$T" show luo^:kernel/a.c)" 'int a;'
}

test_later_change_is_not_in_the_overlay()
{
	foreign_history
	k import "$TMP/linux" base..main
	sed -i 's/int b/int x/' "$LUO_TOP/kernel/a.c"
	fails_with '0002-kernel-make-it-b.patch: its edit of an overlay file is not in that file: .*kernel/a.c' k tree
}

test_import_refuses_a_file_that_goes_again()
{
	foreign_history
	git -C "$TMP/linux" rm -q kernel/a.c
	git -C "$TMP/linux" commit -q -m 'kernel: Remove a'
	fails_with 'kernel/a.c: is gone again' k import "$TMP/linux" base..main
	grep -q luo "$LUO_TOP/kernel/liveupdate/luo_core.c"
}

test_import_folds()
{
	foreign_history
	FOLD=1 k import "$TMP/linux" base..main
	same "$(tail -n 1 "$LUO_TOP/kernel/a.c")" 'int b;'
	same "$(cd "$LUO_TOP/series" && echo 000[1-9]*)" '0001-kernel-add-a.patch 0002-kernel-make-it-b.patch'
	[[ ! -e $LUO_TOP/kernel/liveupdate/luo_core.c ]]
	k verify --no-build >/dev/null
}

test_import_refuses_to_drop_work()
{
	foreign_history
	k tree
	echo edit >>"$T/mm/shmem.c"
	fails_with 'out/tree has edits that are not in the overlay' k import "$TMP/linux" base..main
	same "$(tail -n 1 "$T/mm/shmem.c")" edit
	git -C "$T" checkout -q mm/shmem.c
	echo 'int edit;' >>"$LUO_TOP/kernel/liveupdate/luo_core.c"
	fails_with 'would be replaced: kernel/liveupdate/luo_core.c: commit' k import "$TMP/linux" base..main
	same "$(tail -n 1 "$LUO_TOP/kernel/liveupdate/luo_core.c")" 'int edit;'
	git -C "$LUO_TOP" checkout -q kernel
	echo 'int mine;' >"$LUO_TOP/kernel/a.c"
	fails_with 'would be replaced: kernel/a.c: commit' k import "$TMP/linux" base..main
	same "$(cat "$LUO_TOP/kernel/a.c")" 'int mine;'
	FORCE=1 k import "$TMP/linux" base..main
	same "$(tail -n 1 "$LUO_TOP/kernel/a.c")" 'int b;'
}

# What is not in git cannot be had back from there.
test_import_refuses_without_git()
{
	foreign_history
	rm -rf "$LUO_TOP/.git"
	fails_with 'cannot be told' k import "$TMP/linux" base..main
	FORCE=1 k import "$TMP/linux" base..main
}

test_import_refuses_a_bad_message()
{
	foreign_history
	git -C "$TMP/linux" commit -q --allow-empty -m $'mm: Say it\n\n---\nmore'
	FOLD=1 fails_with 'its message has a line' k import "$TMP/linux" base..main
}

# shellcheck source=ktree/tests/main.sh
. "$(dirname "$0")/main.sh"
