# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# From the overlay and series/ to commits, in the object store of out/tree.
# Nothing here touches the working tree: every step works on a private index.

# commit_as N TREE [-p PARENT] <MESSAGE: a commit whose id depends on nothing
# but content. SIGNOFF, if set, is the author too: the DCO is the author's.
commit_as()
{
	local n=$1 name=$LUO_NAME mail=$LUO_MAIL
	shift
	if [[ -n ${SIGNOFF:-} ]]; then
		name=${SIGNOFF%% <*} mail=${SIGNOFF##*<} mail=${mail%>}
	fi
	GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$mail \
	GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$mail \
	GIT_AUTHOR_DATE="$((LUO_EPOCH + n * 60)) +0000" \
	GIT_COMMITTER_DATE="$((LUO_EPOCH + n * 60)) +0000" \
		tgit commit-tree "$@"
}

# signed_message ENTRY: the commit message, with SIGNOFF's line if asked for:
# behind the other trailers, or in a paragraph of its own.
signed_message()
{
	entry_message "$1"
	[[ -n ${SIGNOFF:-} ]] || return 0
	entry_message "$1" | tail -n 1 |
		grep -qE '^([A-Z][a-z]+(-[a-z]+)*-by|Fixes|Link|Closes|Cc): ' || printf '\n'
	printf 'Signed-off-by: %s\n' "$SIGNOFF"
}

# index_put PATH FILE: FILE becomes PATH in the index, its x bit with it.
index_put()
{
	local blob mode=100644

	[[ ! -x $2 ]] || mode=100755
	blob=$(tgit hash-object -w --no-filters "$2")
	printf '%s %s\t%s\n' "$mode" "$blob" "$1"
}

# overlay_index DIR: an index with every overlay file as it first enters: its
# final text, without what later entries change in it.
overlay_index()
{
	local f entry

	overlay_files >"$1/overlay"
	export GIT_INDEX_FILE=$1/overlay.index
	while read -r f; do
		[[ -f $LUO_TOP/$f && ! -L $LUO_TOP/$f ]] ||
			die "$f: named in series/, but no such file in the overlay"
		index_put "$f" "$LUO_TOP/$f"
	done <"$1/overlay" | tgit update-index --add --index-info
	while read -r entry; do
		entry_diff_of "$entry" "$1/overlay" >"$1/later"
		[[ ! -s $1/later ]] || tgit apply -R --cached --whitespace=nowarn "$1/later" 2>"$1/err" ||
			die "series/${entry##*/}: its edit of an overlay file is not in that file: $(sed -n '1s/^error: //p' "$1/err")"
	done < <(entry_files | tac)
}

# apply_overlay ENTRY BASE INDEX: the files that enter with ENTRY.
apply_overlay()
{
	local f

	while read -r f; do
		! tgit cat-file -e "$2:$f" 2>/dev/null ||
			die "series/${1##*/}: $f: is a file of the base, so it must be edited after '---'"
		[[ -z $(tgit ls-files -- "$f") ]] ||
			die "series/${1##*/}: $f: entered with an earlier entry already"
		GIT_INDEX_FILE=$3 tgit ls-files -s -- "$f"
	done < <(entry_part "$1" overlay) | tgit update-index --add --index-info
}

# apply_edits ENTRY: the diff against files that are there, without fuzz.
apply_edits()
{
	local err

	[[ -n $(entry_part "$1" diff) ]] || return 0
	err=$(entry_part "$1" diff |
		tgit apply --cached --whitespace=nowarn 2>&1) ||
		die "series/${1##*/}: $(sed -n '1s/^error: //p' <<<"$err")"
}

# apply_maintainers ENTRY: our sections, in their places.
apply_maintainers()
{
	local tmp=$GIT_INDEX_FILE.maintainers

	[[ -n $(entry_part "$1" maintainers) ]] || return 0
	tgit show ":MAINTAINERS" >"$tmp.before"
	awk -v op=merge -f "$KTREE/lib/maintainers.awk" \
		"$LUO_TOP/MAINTAINERS" "$tmp.before" >"$tmp"
	index_put MAINTAINERS "$tmp" | tgit update-index --index-info
	rm -f "$tmp" "$tmp.before"
}

# chain_build BASE: builds one commit per entry on BASE, prints the last one.
chain_build()
{
	local base=$1 tip=$1 n=0 entry tree dir

	dir=$(mktemp -d "$OUT/.chain.XXXXXX")
	(
		trap 'rm -rf "$dir"' EXIT
		(overlay_index "$dir")
		export GIT_INDEX_FILE=$dir/index
		tgit read-tree "$base"
		while read -r entry; do
			n=$((n + 1))
			apply_edits "$entry"
			apply_overlay "$entry" "$base" "$dir/overlay.index"
			apply_maintainers "$entry"
			tree=$(tgit write-tree)
			tip=$(signed_message "$entry" | commit_as "$n" "$tree" -p "$tip")
		done < <(entry_files)
		printf '%s\n' "$tip"
	)
}

# worktree_hash: what the working tree of out/tree holds, as a git tree. Callers are
# conditions, too, where "set -e" is off: a step that fails must not look like no edits.
worktree_hash()
{
	local dir hash

	dir=$(mktemp -d "$OUT/.index.XXXXXX") || exit 1
	if ! { cp "${TREE:?}/.git/index" "$dir/index" &&
	       GIT_INDEX_FILE=$dir/index tgit add -A &&
	       hash=$(GIT_INDEX_FILE=$dir/index tgit write-tree); }; then
		rm -rf "$dir"
		die "what out/tree holds cannot be told (see above)"
	fi
	rm -rf "$dir"
	printf '%s\n' "$hash"
}

# publish_tip TIP STAMP: TIP is what out/tree is at, and the stamp says of what.
publish_tip()
{
	tgit update-ref refs/luo/tip "$1"
	printf '%s\n' "$2" >"$TREE/.git/luo-stamp.new"
	mv "$TREE/.git/luo-stamp.new" "$TREE/.git/luo-stamp"
}
