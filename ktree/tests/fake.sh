# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0
#
# A repository in miniature for the self-tests: a base of a few files, and a
# series of two entries on it.

VERBS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The surroundings must not matter: no one's git configuration, no base nearby.
fake_environment()
{
	TMP=$(mktemp -d)
	trap 'rm -rf "$TMP"' EXIT
	export HOME=$TMP/home LUO_TOP=$TMP/repo LUO_BASE=$TMP/base.tar.xz
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@localhost
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@localhost
	unset SIGNOFF FORCE FOLD
	mkdir -p "$HOME"
	git config --global init.defaultBranch main
	T=$LUO_TOP/out/tree
}

# numbered WORD N: a file of N different lines.
numbered()
{
	seq -f "$1 line %g" "$2"
}

fake_base()
{
	local dir=$TMP/linux

	mkdir -p "$dir"/{mm,kernel}
	printf 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 15\n' >"$dir/Makefile"
	numbered shmem 40 >"$dir/mm/shmem.c"
	numbered memfd 20 >"$dir/mm/memfd.c"
	printf 'obj-y = fork.o\n' >"$dir/kernel/Makefile"
	printf '.*\n!.gitignore\n*.o\n' >"$dir/.gitignore"
	printf 'Head\n\nMaintainers List\n----\n\n' >"$dir/MAINTAINERS"
	printf '%s\nS:\tMaintained\n\n' ALPHA KEXEC 'ZETA (out of order)' SHMEM 'THE REST' |
		sed '$d' >>"$dir/MAINTAINERS"
	tar -C "$TMP" -cJf "$TMP/base.tar.xz" linux
	git -C "$dir" init -q
	git -C "$dir" add -A -f
	TREE_HASH=$(git -C "$dir" write-tree)
	git -C "$dir" commit -q -m base
	git -C "$dir" tag base
}

fake_lock()
{
	cat >"$LUO_TOP/base.lock" <<-LOCK
	version 6.18.15
	tarball base.tar.xz
	sha256 $(sha256sum "$TMP/base.tar.xz" | cut -d' ' -f1)
	tree $TREE_HASH
	LOCK
}

# entry_one: an edit of a base file, and two overlay files.
fake_series()
{
	mkdir -p "$LUO_TOP"/{series,kernel/liveupdate}
	printf 'int luo;\n' >"$LUO_TOP/kernel/liveupdate/luo_core.c"
	printf '#!/bin/sh\n' >"$LUO_TOP/kernel/liveupdate/run.sh"
	chmod +x "$LUO_TOP/kernel/liveupdate/run.sh"
	printf 'LUO\nS:\tMaintained\n' >"$LUO_TOP/MAINTAINERS"
	printf 'A cover\n\nThe letter.\n' >"$LUO_TOP/series/0000-cover.txt"
	cat >"$LUO_TOP/series/0001-mm-shmem-hook-it.patch" <<-'ENTRY'
	Subject: mm/shmem: Hook it

	Because.

	Overlay:
	  kernel/liveupdate/luo_core.c
	  kernel/liveupdate/run.sh
	---
	diff --git a/mm/shmem.c b/mm/shmem.c
	--- a/mm/shmem.c
	+++ b/mm/shmem.c
	@@ -7,7 +7,7 @@ shmem line 6
	 shmem line 7
	 shmem line 8
	 shmem line 9
	-shmem line 10
	+shmem line ten
	 shmem line 11
	 shmem line 12
	 shmem line 13
	ENTRY
	cat >"$LUO_TOP/series/0002-maintainers-add-us.patch" <<-'ENTRY'
	Subject: MAINTAINERS: Add us

	Maintainers: merged
	---
	ENTRY
	printf '/out/\n' >"$LUO_TOP/.gitignore"
	git -C "$LUO_TOP" init -q
}

fake_repo()
{
	fake_environment
	fake_base
	mkdir -p "$LUO_TOP"
	fake_lock
	fake_series
}

# fake_kernel: a make whose kernels are empty files, and no packages are needed.
fake_kernel()
{
	local dir=$TMP/fake-kernel

	mkdir -p "$dir" "$LUO_TOP/configs"
	printf 'CONFIG_X=y\n' | tee "$LUO_TOP"/configs/{base,liveupdate,devices}.config >/dev/null
	cat >"$dir/make" <<-'MAKE'
	#!/bin/bash
	for word; do
		case $word in
		O=*) out=$src/${word#O=} ;;
		-C) src=next ;;
		*) [[ ${src:-} != next ]] || src=$word ;;
		esac
	done
	mkdir -p "$out/arch/x86/boot"
	touch "$out/arch/x86/boot/bzImage" "$out/.config" "$out/modules.order"
	MAKE
	printf '#!/bin/sh\necho QEMU emulator version 99.0\n' >"$dir/qemu-system-x86_64"
	chmod +x "$dir"/*
	: >"$TMP/packages"
	export PATH=$dir:$PATH LUO_PACKAGES=$TMP/packages LUO_NEED_MIB=1
}

# overlay_program PATH <TEXT: a program of the overlay that enters with the first entry.
overlay_program()
{
	mkdir -p "$LUO_TOP/$(dirname "$1")"
	cat >"$LUO_TOP/$1"
	chmod +x "$LUO_TOP/$1"
	sed -i "s|^Overlay:|&\n  $1|" "$LUO_TOP"/series/0001-*
}

# k VERB ...: a verb of the tools under test.
k()
{
	local verb=$1
	shift
	"$VERBS/$verb" "$@"
}

# fails_with PATTERN CMD...: it must fail, and say so in one line that matches.
fails_with()
{
	local pattern=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "succeeded, but should have failed: $*"
		return 1
	fi
	grep -E "error: .*$pattern" <<<"$said" >/dev/null ||
		{ printf 'failed, but not with "%s":\n%s\n' "$pattern" "$said"; return 1; }
}

# same A B: two words are equal.
same()
{
	[[ $1 == "$2" ]] || { printf 'expected "%s", got "%s"\n' "$2" "$1"; return 1; }
}
