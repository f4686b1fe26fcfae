# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# How the kernel is configured and built. KSRC is the source tree (default
# out/tree). The build directory is a direct subdirectory of it whose name
# begins with a dot: so the kernel's .gitignore ignores it, its path to the
# source is "..", and ccache hits from a clone at any other path.

KSRC=${KSRC:-$TREE}
JOBS=${JOBS:-$(nproc)}

# kmake BUILD TARGET...: make in KSRC/.BUILD, reproducibly, through ccache.
kmake()
{
	local build=$1 cc=gcc
	shift
	! command -v ccache >/dev/null || cc='ccache gcc'
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		CCACHE_BASEDIR="$LUO_TOP" CCACHE_NOHASHDIR=1 \
		CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-10G}" \
		make -C "$KSRC" O=".$build" -s -j"$JOBS" CC="$cc" HOSTCC="$cc" ARCH="${ARCH:-x86_64}" \
		KBUILD_BUILD_TIMESTAMP=2026-01-01 KBUILD_BUILD_USER=luo \
		KBUILD_BUILD_HOST=luo KBUILD_BUILD_VERSION=1 "$@"
}

# fragments FLAVOUR: the files of configs/ that make it up, later ones win.
fragments()
{
	case $1 in
	lean)	printf 'base liveupdate' ;;
	debug)	printf 'base liveupdate debug' ;;
	off)	printf 'base devices off' ;;
	base)	printf 'base' ;;
	verify)	printf 'base liveupdate devices verify' ;;
	devices) printf 'base liveupdate devices' ;;
	devices-debug) printf 'base liveupdate devices debug' ;;
	races)	printf 'base liveupdate races' ;;
	bare|noshmem|nokho) printf 'base liveupdate verify %s' "$1" ;;
	*)	die "no such configuration: $1 (lean, debug, devices, devices-debug, races, off, base, verify, bare, noshmem, nokho)" ;;
	esac
}

# fragment_lines FLAVOUR: "CONFIG_X=value" of all fragments.
fragment_lines()
{
	local f

	for f in $(fragments "$1"); do
		cat "$LUO_TOP/configs/$f.config"
	done
}

# lost_options FLAVOUR CONFIG: requested, but not in the final configuration.
lost_options()
{
	fragment_lines "$1" | awk -v final="$2" '
	BEGIN { while ((getline line < final) > 0) has[line] = 1 }
	/^CONFIG_/ { split($0, kv, "="); want[kv[1]] = $0 }
	END {
		for (k in want) {
			off = want[k] == k "=n"
			if (off ? ((k "=y") in has || (k "=m") in has) : !(want[k] in has))
				print want[k]
		}
	}' | sort
}

# kconfig_try BUILD FLAVOUR: KSRC/.BUILD/.config with as much of it as there is. From
# the start each time: what a former tree had as its default would stay otherwise.
kconfig_try()
{
	local dir=$KSRC/.$1

	mkdir -p "$dir"
	kmake "$1" tinyconfig >/dev/null || die "make tinyconfig fails in $KSRC"
	fragment_lines "$2" >>"$dir/.config"
	kmake "$1" olddefconfig >/dev/null 2>"$dir/.luo-config.log" ||
		die "make olddefconfig fails in $KSRC: $(tail -n 3 "$dir/.luo-config.log")"
}

# kconfig BUILD FLAVOUR: the same, and every option as asked for.
kconfig()
{
	local lost

	kconfig_try "$1" "$2"
	lost=$(lost_options "$2" "$KSRC/.$1/.config" | tr '\n' ' ')
	[[ -z $lost ]] ||
		die "configs/: asked for, but not in the final .config (a dependency is missing?): $lost"
}
