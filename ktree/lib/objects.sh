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
	tgit grep -E '^userprogs-|-objs\b' "$1" -- 'samples/liveupdate/Makefile' |
		sed -nE 's|^[^:]*:(samples/liveupdate)/Makefile:.*=[[:space:]]*(.*)|\1 \2|p' |
		awk '{ for (i = 2; i <= NF; i++) { sub(/\.o$/, "", $i); print $1 "/" $i ".c" } }' |
		sort -u
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

# built_key COMMIT FLAVOUR: over all that an object can depend on. Tests, tools and texts
# are none of it, so a commit that changes only those costs nothing.
built_key()
{
	{
		tgit rev-parse 'base^{tree}'
		tgit diff --raw --no-abbrev --no-renames base "$1" -- . ':!Documentation' \
			':!MAINTAINERS' ':!tools/liveupdate' ':!tools/testing'
		series_sources "$1"
		fragment_lines "$2"
		gcc --version | head -n 1
		cat "$KTREE/lib/kbuild.sh" "$KTREE/lib/objects.sh"
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

# listed BUILD DIR: what the Makefile of DIR lists with this configuration, as paths;
# a directory ends in "/". Asked of make itself, with the configuration as variables.
listed()
{
	[[ -f $KSRC/$2/Makefile ]] || return 0
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -f - luo-nothing \
		CONF="$KSRC/.$1/.config" DIR="$2" srctree="$KSRC" <<-'MAKEFILE' 2>/dev/null || :
	include $(CONF)
	src := $(srctree)/$(DIR)
	obj := $(DIR)
	include $(src)/Makefile
	objects := $(obj-y) $(obj-m) $(lib-y)
	parts := $(foreach o,$(filter %.o,$(objects)),$($(o:.o=-y)) $($(o:.o=-objs)) $($(o:.o=-m)))
	$(foreach o,$(objects) $(parts),$(info $(DIR)/$(o)))
	luo-nothing: ;
	MAKEFILE
}

# entered BUILD DIR: does kbuild go there?
entered()
{
	case $2 in
	samples) grep -qx CONFIG_SAMPLES=y "$KSRC/.$1/.config" ;;
	*/*) entered "$1" "${2%/*}" && listed "$1" "${2%/*}" | grep -qxF "$2/" ;;
	esac
}

# configured BUILD: those of the objects on its input that this configuration builds.
# A Makefile may list what is in a directory below its own.
configured()
{
	local objects dir

	objects=$(sort)
	comm -12 <(printf '%s\n' "$objects") <(
		sed -E 's|/[^/]*$||; p; s|/[^/]*$||' <<<"$objects" | sort -u | while read -r dir; do
			! entered "$1" "$dir" || listed "$1" "$dir"
		done | sort -u
	)
}

# build_objects COMMIT FLAVOUR: all of them that the configuration has.
build_objects()
{
	local log=$OUT/log/verify-$2.log objects

	kconfig_try "$2" "$2"
	mapfile -t objects < <(series_sources "$1" | sed 's/\.c$/.o/' | configured "$2")
	(( ${#objects[@]} )) || return 0
	kmake "$2" -k "${objects[@]}" >"$log" 2>&1 || { grep -m 20 -E 'error|\*\*\*' "$log"; return 1; }
}
