# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0
#
# What is ours in out/tree, for the checks.

# our_files: every file that the series adds or edits.
our_files()
{
	tgit diff --no-renames --diff-filter=AM --name-only base refs/luo/tip
}

# kernel_sources: our files with code that could be in the kernel, without tests.
kernel_sources()
{
	tgit diff --no-renames --diff-filter=A --name-only base refs/luo/tip -- '*.c' |
		grep -vE '^(tools|Documentation|scripts|usr|samples)/|_(test|kunit)\.c$|/(tests?|selftests?)/'
}

# for_our_objects PREFIX SUFFIX: what one says to make about each of them.
for_our_objects()
{
	kernel_sources | sed -E "s|^.*/||; s|\.c\$|.o|; s|.*|$1&$2|"
}

deleted_files()
{
	tgit diff --no-renames --diff-filter=D --name-only base refs/luo/tip
}

# our_scripts: overlay files that a shell runs.
our_scripts()
{
	local f

	while read -r f; do
		head -n 1 "$LUO_TOP/$f" | grep -qaE '^#!.*\b(bash|sh)$|^# shellcheck shell=' &&
			printf '%s\n' "$f"
	done < <(overlay_files)
	return 0
}

# base_view DIR: the base's own version of the files that we edit, and the
# scripts that look at them.
base_view()
{
	BASE_VIEW=$1
	rm -rf "$1"
	mkdir -p "$1"
	tgit diff --no-renames --diff-filter=MD --name-only base refs/luo/tip |
		xargs git -C "$TREE" archive base -- scripts | tar -x -C "$1"
}
