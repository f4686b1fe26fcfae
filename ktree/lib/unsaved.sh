# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What would be lost if out/tree, or the overlay, were made anew.

# tree_unsaved: is there anything in out/tree that the overlay does not have?
tree_unsaved()
{
	local now

	[[ -d $TREE ]] || return 1
	now=$(worktree_hash) || exit 1
	[[ $(tgit rev-parse HEAD) != "$(tgit rev-parse refs/luo/tip)" ||
	   $now != "$(tgit rev-parse 'refs/luo/tip^{tree}')" ]]
}

# other_commits: one of a branch, tag or stash of out/tree that its tip does not have.
# Detached heads are left out: those of the checkouts in out/ are at what was the tip once.
other_commits()
{
	[[ -d $TREE ]] || return 0
	tgit rev-list -1 --branches --tags --glob='refs/stas[h]' --not refs/luo/tip
}

# overlay_unsaved DIR: those files of the overlay and of series/, and those that DIR/overlay
# would put there, which hold what no commit of this repository has.
overlay_unsaved()
{
	local paths=(series MAINTAINERS)

	mapfile -t -O 2 paths < <(overlay_files; cd "$1/overlay" && find . -type f | sed 's|^\./||')
	git -C "$LUO_TOP" --literal-pathspecs status --porcelain -uall --ignored=matching \
		--no-renames -- "${paths[@]}" | cut -c4-
}
