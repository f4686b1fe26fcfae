# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# From commits to the overlay and series/: the way back, shared by ktree/save
# (out/tree's commits) and ktree/import (anybody's). Writes into a new
# directory; install_split() then puts that in place of what the repository has.
#
# A path of the base is an edit and goes into the entry's diff. Any other path
# is an overlay file: the commit that adds it lists it, the repository gets its
# final text, and a later change of it is a diff in the later entry, too. With
# FOLD=1 such a change is part of the entry that adds the file instead.

# sgit ...: git in the source repository, with nobody's configuration.
sgit()
{
	GIT_CONFIG_GLOBAL=/dev/null git -C "$SPLIT_GIT" "$@"
}

# entry_name N SUBJECT: 0007-liveupdate-session-add-sessions.patch
entry_name()
{
	local slug

	slug=$(tr '[:upper:]' '[:lower:]' <<<"$2" | tr -cs 'a-z0-9_\n' '-')
	slug=${slug:0:52}
	slug=${slug%-}
	printf '%04d-%s.patch\n' "$1" "${slug#-}"
}

# split_check BASE TIP: a linear history on BASE?
split_check()
{
	sgit merge-base --is-ancestor "$1" "$2" ||
		die "$1 is not an ancestor of $2: rebase onto it first"
	[[ -z $(sgit rev-list --merges "$1..$2") ]] ||
		die "there are merges in $1..$2: the series is a line"
}

# edit_diff COMMIT PATH...: the diff of these files, as an entry has it: no
# index lines, whose hashes would change with every other entry.
edit_diff()
{
	local commit=$1
	shift
	(( $# )) || return 0
	sgit diff-tree -p --no-renames --no-color --no-ext-diff --no-textconv \
		--diff-algorithm=myers -U3 --src-prefix=a/ --dst-prefix=b/ \
		"$commit^" "$commit" -- "$@" |
		awk '/^diff --git /{ head = 1 } /^@@ /{ head = 0 }
		     /^Binary files /{ exit 1 }
		     !(head && /^index [0-9a-f]+\.\.[0-9a-f]+/)' ||
		die "commit $commit: a binary file cannot be edited in an entry: $*"
}

# split_maintainers COMMIT DIR: our new sections go into DIR/overlay/MAINTAINERS;
# prints the diff of the rest, if there is any.
split_maintainers()
{
	local awk=$KTREE/lib/maintainers.awk t=$2/maintainers

	sgit show "$1^:MAINTAINERS" >"$t.before"
	sgit show "$1:MAINTAINERS" >"$t.after"
	awk -v op=new -f "$awk" "$t.before" "$t.after" | sed -e '$ { /^$/d }' >"$t.new"
	awk -v op=drop -f "$awk" "$t.before" "$t.after" >"$t.rest"
	if [[ -s $t.new ]]; then
		[[ ! -e $2/overlay/MAINTAINERS ]] ||
			die "commit $1: a second one adds sections to MAINTAINERS: squash them"
		cp "$t.new" "$2/overlay/MAINTAINERS"
	fi
	cmp -s "$t.before" "$t.rest" || {
		printf 'diff --git a/MAINTAINERS b/MAINTAINERS\n'
		diff -u --label a/MAINTAINERS --label b/MAINTAINERS "$t.before" "$t.rest" || :
	}
	rm -f "$t".*
}

# take_overlay COMMIT PATH DIR: a path that the base does not have enters.
take_overlay()
{
	local mode dst=$3/overlay/$2

	mode=$(sgit ls-tree "$SPLIT_TIP" -- "$2" | cut -d' ' -f1)
	[[ -n $mode ]] || die "commit $1: $2: is gone again at the end: squash that"
	[[ ! -e $dst ]] || die "commit $1: $2: enters twice"
	[[ $mode == 100644 || $mode == 100755 ]] || die "commit $1: $2: neither a file nor a program"
	mkdir -p "$(dirname "$dst")"
	sgit cat-file blob "$SPLIT_TIP:$2" >"$dst"
	chmod "${mode#100}" "$dst"
	printf '  %s\n' "$2"
}

# split_message COMMIT: subject and body; lines that have a meaning in an entry
# (or end a message for git am) must not stand in it.
split_message()
{
	local bad

	bad=$(sgit log -1 --format=%B "$1" | grep -nE '^(---|Overlay:|Maintainers: merged|diff --git .*)$' || :)
	[[ -z $bad ]] || die "commit $1: its message has a line that an entry cannot have: $bad"
	printf 'Subject: %s\n\n' "$(sgit log -1 --format=%s "$1")"
	sgit log -1 --format=%b "$1" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# split_commit COMMIT N DIR: one commit becomes one entry.
split_commit()
{
	local c=$1 status path edits=() overlay='' maint='' entry

	while read -r status path; do
		if [[ $path == MAINTAINERS ]]; then
			maint=yes
		elif sgit cat-file -e "$SPLIT_BASE:$path" 2>/dev/null; then
			edits+=("$path")
		elif [[ $status == A ]]; then
			overlay+=$(take_overlay "$c" "$path" "$3")$'\n'
		elif [[ ${FOLD:-0} != 1 ]]; then
			edits+=("$path")
		fi
	done < <(sgit diff-tree -r --no-renames --name-status --no-commit-id "$c")
	entry=$3/series/$(entry_name "$2" "$(sgit log -1 --format=%s "$c")")
	{
		split_message "$c"
		overlay=$(sed '/^$/d' <<<"$overlay")
		[[ -z $overlay ]] || printf '\nOverlay:\n%s\n' "$overlay"
		[[ -z $maint ]] || split_maintainers "$c" "$3" >"$3/maint"
		[[ -z $maint || ! -f $3/overlay/MAINTAINERS || -f $3/merged ]] || {
			printf 'Maintainers: merged\n'
			touch "$3/merged"
		}
		printf -- '---\n'
		[[ -z $maint ]] || cat "$3/maint"
		edit_diff "$c" "${edits[@]}"
	} >"$entry"
}

# split_commits GITDIR BASE TIP DIR: DIR/series/ and DIR/overlay/ from BASE..TIP.
split_commits()
{
	local n=0 commit

	SPLIT_GIT=$1
	split_check "$2" "$3"
	SPLIT_BASE=$(sgit rev-parse "$2^{commit}")
	SPLIT_TIP=$(sgit rev-parse "$3^{commit}")
	mkdir -p "$4/series" "$4/overlay"
	while read -r commit; do
		n=$((n + 1))
		split_commit "$commit" "$n" "$4"
	done < <(sgit rev-list --reverse "$SPLIT_BASE..$SPLIT_TIP")
}

# put_file SRC DST: copy, but leave a file alone that has the bytes already.
put_file()
{
	mkdir -p "$(dirname "$2")"
	if ! cmp -s "$1" "$2"; then
		cp "$1" "$2.new.$$"
		mv "$2.new.$$" "$2"
	fi
	chmod --reference="$1" "$2"
}

# install_split DIR: replaces overlay and entries; what no entry has any more goes.
install_split()
{
	local f

	while read -r f; do
		[[ -f $1/overlay/$f ]] || rm -f "$LUO_TOP/$f"
	done < <(overlay_files)
	while read -r f; do
		[[ -f $1/series/${f##*/} ]] || rm -f "$f"
	done < <(entry_files)
	(cd "$1/overlay" && find . -type f | sed 's|^\./||') | while read -r f; do
		put_file "$1/overlay/$f" "$LUO_TOP/$f"
	done
	(cd "$1/series" && find . -type f | sed 's|^\./||') | while read -r f; do
		put_file "$1/series/$f" "$LUO_TOP/series/$f"
	done
}
