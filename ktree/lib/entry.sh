# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# One entry of series/: a commit of the exported series, as a file.
#
#	Subject: liveupdate: session: Add sessions
#
#	What, why, how it was tested.
#
#	Overlay:
#	  kernel/liveupdate/luo_session.c
#	Maintainers: merged
#	---
#	diff --git a/mm/shmem.c b/mm/shmem.c
#	...
#
# "Overlay:" lists the files of this repository that enter the tree with the
# commit; each is in the list of exactly one entry. The repository holds their
# final text: a later entry may edit one by its diff, and what enters first is
# the final text with these diffs undone. "Maintainers: merged" puts the sections of our MAINTAINERS into the
# kernel's, in order. After "---" stands the diff against files that are there.
# Each of the three parts may be missing; the line "---" may not.

# entry_files: every entry, in order.
entry_files()
{
	find "$LUO_TOP/series" -maxdepth 1 -name '[0-9]*.patch' ! -name '0000-*' | sort
}

# entry_part FILE subject|body|overlay|maintainers|diff
entry_part()
{
	awk -v part="$2" -f "$KTREE/lib/entry.awk" "$1" ||
		die "series/${1##*/}: not an entry (see ktree/lib/entry.sh for the form)"
}

# entry_message FILE: the commit message.
entry_message()
{
	entry_part "$1" subject
	printf '\n'
	entry_part "$1" body
}

# entry_diff_of ENTRY LIST: of its diff, the files that the file LIST names.
entry_diff_of()
{
	entry_part "$1" diff | awk -v list="$2" '
	BEGIN { while ((getline path < list) > 0) wanted[path] = 1 }
	/^diff --git a\// { take = substr($3, 3) in wanted }
	take'
}

# overlay_files: every overlay file that some entry names, in series order.
overlay_files()
{
	local e

	while read -r e; do
		entry_part "$e" overlay
	done < <(entry_files)
}

# overlay_stamp: one hash over all that out/tree is made from.
overlay_stamp()
{
	(
		cd "$LUO_TOP" || exit 1
		{
			printf '%s\n' base.lock
			entry_files | sed "s|^$LUO_TOP/||"
			overlay_files
			[[ ! -f MAINTAINERS ]] || printf 'MAINTAINERS\n'
		} | while read -r f; do
			[[ -f $f ]] || die "$f: named in series/, but not there"
			stat -c '%n %A' "$f" | cut -c-$((${#f} + 5))
			sha256sum "$f"
		done
		cat "$KTREE/lib/chain.sh" "$KTREE/lib/entry.awk" "$KTREE/lib/maintainers.awk"
	) | sha256sum | cut -d' ' -f1
}
