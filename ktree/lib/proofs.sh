# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What ktree/verify proves about the series as text. Each proof prints what is
# wrong and returns 1. They run in a condition, where "set -e" is off: every
# step checks itself.

# our_files: what is there; a file that save or import removed may be in git's index still.
our_files()
{
	comm -23 <(git -C "$LUO_TOP" ls-files -co --exclude-standard | sort -u) \
		<(git -C "$LUO_TOP" ls-files -d | sort -u)
}

# proof_coverage: our files in kernel directories against the entries' lists.
proof_coverage()
{
	local twice loose

	git -C "$LUO_TOP" rev-parse -q --git-dir >/dev/null || return 1
	twice=$(overlay_files | sort | uniq -d)
	loose=$(comm -13 <(overlay_files | sort -u) <(our_files |
		grep -E "^($(tgit ls-tree -d --name-only base | paste -sd'|'))/"))
	[[ -z $twice ]] || printf 'in more than one entry: %s\n' "$twice"
	[[ -z $loose ]] || printf 'in no entry: %s\n' "$loose"
	[[ -z $twice$loose ]]
}

# proof_canonical WORK: out/tree's commits, split again, give what we have.
proof_canonical()
{
	local f rc=0

	(split_commits "$TREE" base refs/luo/tip "$1/split") || return 1
	diff -u <(cd "$LUO_TOP" && entry_files | sed 's|.*/||') <(cd "$1/split/series" && find . -type f | sed 's|^\./||' | sort) || rc=1
	while read -r f; do
		diff -u "$f" "$1/split/series/${f##*/}" || rc=1
	done < <(entry_files)
	while read -r f; do
		cmp "$LUO_TOP/$f" "$1/split/overlay/$f" || rc=1
		[[ $(stat -c %A "$LUO_TOP/$f" | cut -c4) == $(stat -c %A "$1/split/overlay/$f" | cut -c4) ]] ||
			{ printf '%s: the x bit differs\n' "$f"; rc=1; }
	done < <(overlay_files)
	return "$rc"
}

# proof_same_bytes WORK: from nothing, twice; the second time with another
# umask, time zone and identity.
proof_same_bytes()
{
	local tip

	"$KTREE/series" "$1/mails" || return 1
	tip=$(umask 077; TZ=Asia/Tokyo chain_build "$(tgit rev-parse 'base^{commit}')") || return 1
	[[ $tip == "$(tgit rev-parse refs/luo/tip)" ]] ||
		{ printf 'the commits differ: %s\n' "$tip"; return 1; }
	(umask 077; TZ=Asia/Tokyo GIT_AUTHOR_NAME=other EMAIL=other@localhost \
		"$KTREE/series" "$1/mails2") || return 1
	diff -r "$1/mails" "$1/mails2"
}

# proof_git_am WORK: a checkout of only the files concerned is enough for it.
proof_git_am()
{
	local dir=$1/am mails

	GIT_CONFIG_GLOBAL=/dev/null git clone -q --shared --no-checkout "$TREE" "$dir" || return 1
	tgit diff --no-renames --name-only base refs/luo/tip | sed 's|^|/|' >"$1/paths"
	mapfile -t mails < <(find "$1/mails" -name '*.patch' ! -name '0000-*' | sort)
	(( ${#mails[@]} )) || { echo 'there are no mails'; return 1; }
	(
		cd "$dir" || exit 1
		export GIT_CONFIG_GLOBAL=/dev/null
		git sparse-checkout set --no-cone --stdin <"$1/paths" &&
			git checkout -q --detach base &&
			git -c user.name=x -c user.email=x@localhost am -q --no-3way "${mails[@]}" &&
			[[ $(git rev-parse 'HEAD^{tree}') == "$(tgit rev-parse 'refs/luo/tip^{tree}')" ]]
	)
}

# by_hand_first DIR: the overlay files as they first enter, with cp and patch -R.
by_hand_first()
{
	local f e

	overlay_files >"$1.list"
	while read -r f; do
		mkdir -p "$1/${f%/*}" && cp "$LUO_TOP/$f" "$1/$f" || return 1
	done <"$1.list"
	while read -r e; do
		entry_diff_of "$e" "$1.list" >"$1.later"
		[[ ! -s $1.later ]] || by_hand_patch "$1" -R <"$1.later" || return 1
	done < <(entry_files | tac)
}

by_hand_patch()
{
	patch -d "$1" -p1 -F0 -s --no-backup-if-mismatch "${@:2}"
}

# by_hand_entry ENTRY DIR FIRST: cp and patch, and nothing of git's.
by_hand_entry()
{
	local f

	if [[ -n $(entry_part "$1" diff) ]]; then
		entry_part "$1" diff | by_hand_patch "$2" || return 1
	fi
	while read -r f; do
		mkdir -p "$2/${f%/*}" && cp "$3/$f" "$2/$f" || return 1
	done < <(entry_part "$1" overlay)
	[[ -z $(entry_part "$1" maintainers) ]] || {
		awk -v op=merge -f "$KTREE/lib/maintainers.awk" "$LUO_TOP/MAINTAINERS" \
			"$2/MAINTAINERS" >"$2/.m" && mv "$2/.m" "$2/MAINTAINERS"
	}
}

# proof_by_hand WORK: every file that differs from the base, byte for byte.
proof_by_hand()
{
	local dir=$1/hand want=$1/want edited present e

	mkdir -p "$dir" "$want"
	mapfile -t edited < <(tgit diff --no-renames --name-only --diff-filter=MD base refs/luo/tip)
	mapfile -t present < <(tgit diff --no-renames --name-only --diff-filter=AM base refs/luo/tip)
	tgit archive base -- "${edited[@]}" | tar -x -C "$dir" || return 1
	tgit archive refs/luo/tip -- "${present[@]}" | tar -x -C "$want" || return 1
	by_hand_first "$1/first" || return 1
	while read -r e; do
		by_hand_entry "$e" "$dir" "$1/first" || { printf 'series/%s\n' "${e##*/}"; return 1; }
	done < <(entry_files)
	diff -r "$dir" "$want"
}
