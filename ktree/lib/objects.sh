# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Building the objects of the series, commit by commit, in out/verify: a second
# checkout, so that out/tree is left alone. A commit that was built once, with
# these options and this compiler, is in a cache beside ccache's.

# verify_cache: the directory of the names of what was built.
verify_cache()
{
	local dir

	dir=$(ccache -k cache_dir 2>/dev/null) || dir=$HOME/.cache/ccache
	printf '%s/luo-verify\n' "${LUO_VERIFY_CACHE:-$(dirname "$dir")}"
}

# user_programs COMMIT: sources of the programs for userspace among the samples.
user_programs()
{
	tgit grep -E '^userprogs-' "$1" -- 'samples/*Makefile' |
		sed -nE 's|^[^:]*:(samples/liveupdate)/Makefile:.*=[[:space:]]*(.*)|\1 \2|p' |
		awk '{ for (i = 2; i <= NF; i++) print $1 "/" $i ".c" }'
}

# series_sources COMMIT: every C file that the series touches and COMMIT has,
# but what has no object in the kernel.
series_sources()
{
	comm -12 <(tgit diff --no-renames --diff-filter=AM --name-only base refs/luo/tip -- '*.c' | sort) \
		<(tgit ls-tree -r --name-only "$1" | sort) |
		grep -vE '^(tools|Documentation|scripts|usr)/' |
		grep -vxFf <(user_programs "$1") || :
}

# built_key COMMIT FLAVOUR
built_key()
{
	{
		tgit rev-parse "$1^{tree}"
		series_sources "$1"
		fragment_lines "$2"
		gcc --version | head -n 1
	} | sha256sum | cut -d' ' -f1
}

# checkout_commit COMMIT: out/verify is at it; untouched files keep their times.
checkout_commit()
{
	[[ -d $KSRC ]] || {
		need_space "$OUT" 4000
		tgit worktree prune
		tgit worktree add -q --detach "$KSRC" "$1"
	}
	git -C "$KSRC" checkout -q -f --detach "$1"
}

# not_there LOG: the objects that this configuration has no rule for.
not_there()
{
	sed -nE "s|.*No rule to make target '([^']*\.o)'.*|\1|p" "$1" | sort -u
}

# other_errors LOG: errors that are not about such an object.
other_errors()
{
	grep -E '(error|Error|\*\*\*)' "$1" |
		grep -vE "No rule to make target '[^']*\.o'|\[.*(Makefile|Error [0-9]+)|not remade because of errors"
}

# build_objects COMMIT FLAVOUR: all of them that the configuration has.
build_objects()
{
	local build=$2 log=$OUT/log/verify-$2.log objects

	kconfig_try "$build" "$2"
	mapfile -t objects < <(series_sources "$1" | sed 's/\.c$/.o/')
	(( ${#objects[@]} )) || return 0
	kmake "$build" -k "${objects[@]}" >"$log" 2>&1 && return 0
	! other_errors "$log" >&2 && [[ -n $(not_there "$log") ]]
}
