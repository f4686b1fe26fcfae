#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The machine around a test of devices: what it is made of, the sender of frames
# on the host, and what QEMU's trace must not say. Knows nothing about what a
# test does.
#
# A bed is a list of words, separated by commas:
#	vtd, sm, amd	the IOMMU: VT-d in legacy or scalable mode, or AMD's
#	nic		an e1000e behind a root port (AMD: on the root bus, as
#			QEMU's IOMMU does not see the devices behind a port)
#	nvme, edu	a disk of 64 MiB with four reads a second; QEMU's teaching device
#	config		nobody may write to config space of the nic, or of the port
#			above it, between two marks of the guest
#	third		an e1000e that is connected to nothing, for its own driver
#	ordered		the nic was stopped before translation is turned off
#	vga		a display behind a root port
#	twins		an e1000e of two functions
#	ats		the IOMMU has translations cached by devices: by a virtio-net
#	intsoff		the IOMMU does not remap interrupts, and iommufd does not mind
#	translated	from the first to the third mark nobody turns translation off or on
#	stray		the nic is made to write where it must not: faults are wanted
#	foreign=SID	the device with this source id is made to write to memory that is
#			not its own: faults of it are wanted, and no others
#	rebound=SID	the device with this source id was not preserved, and gets its own
#			driver after the second mark, which lets it do DMA before it resets
#			it: faults of it do not count then
#	again		the nic is started and stopped several times: marks come in
#			pairs
#	rate=N, size=N	frames a second (none without it), bytes of a frame

set -euo pipefail

RC_USAGE=2		# wrong arguments
RC_RED=7		# the trace or the sender's log says so

TRACES='e1000x_rx_can_recv_disabled vtd_dmar_fault vtd_dmar_enable vtd_ir_enable
	amdvi_page_fault amdvi_control_status e1000e_irq_write_ics
	e1000e_rx_can_recv_rings_full'
FAULTS='vtd_dmar_fault|amdvi_page_fault'

usage()
{
	cat <<-USAGE
	usage: bed.sh qemu BED PREFIX     the arguments of QEMU, one a line
	       bed.sh words BED           words for the command line of the kernel
	       bed.sh start BED PREFIX SENDER    start the sender, before QEMU
	       bed.sh stop PREFIX         stop it, after QEMU
	       bed.sh check BED PREFIX VERDICT   print what is wrong

	PREFIX is the beginning of the names of all files of this guest.
	exit: 0 done, nothing wrong; ${RC_USAGE} usage; ${RC_RED} something is wrong
	USAGE
}

# has BED WORD
has()
{
	[[ ,$1, == *,$2,* ]]
}

# value BED NAME DEFAULT
value()
{
	local word

	for word in ${1//,/ }; do
		[[ $word != "$2="* ]] || { echo "${word#*=}"; return; }
	done
	echo "$3"
}

# sends BED: does anybody send frames to it?
sends()
{
	has "$1" nic && [[ $(value "$1" rate 0) -gt 0 ]]
}

# The name of a UNIX socket is short: 107 bytes, wherever the logs are.
socket_path()
{
	echo "${TMPDIR:-/tmp}/luo-bed-$(echo "$1" | cksum | cut -d' ' -f1)"
}

# port N: where device number N is plugged in; the argument that comes first.
port()
{
	if has "$bed" amd; then
		place="bus=pcie.0,addr=$((4 + $1))"
	else
		printf '%s\n' -device "pcie-root-port,id=rp$1,slot=$1,chassis=$1"
		place="bus=rp$1"
	fi
}

qemu_iommu()
{
	local iommu=intel-iommu remap=on

	! has "$bed" amd || iommu=amd-iommu
	! has "$bed" intsoff || remap=off
	iommu+=,intremap=$remap
	! has "$bed" sm || iommu+=,x-scalable-mode=on,aw-bits=48
	! has "$bed" ats || iommu+=,device-iotlb=on
	printf '%s\n' -device "$iommu"
}

qemu_nic()
{
	local socket

	socket=$(socket_path "$prefix")
	port 1
	printf '%s\n' -netdev "dgram,id=n0,local.type=unix,local.path=$socket,\
remote.type=unix,remote.path=$socket.none" \
		-device "e1000e,$place,netdev=n0,romfile=,mac=52:54:00:12:34:56"
}

qemu_nvme()
{
	port 2
	truncate -s 64M "$prefix.disk"
	printf '%s\n' -drive "file=$prefix.disk,if=none,id=d0,format=raw,throttling.iops-read=4" \
		-device "nvme,drive=d0,serial=luo,$place"
}

qemu_third()
{
	port 3
	printf '%s\n' -device "e1000e,$place,romfile=,mac=52:54:00:12:34:58"
}

qemu_vga()
{
	port 6
	printf '%s\n' -device "virtio-vga,$place,romfile="
}

qemu_twins()
{
	port 4
	printf '%s\n' -device "e1000e,bus=rp4,addr=0.0,multifunction=on,romfile=" \
		-device "e1000e,bus=rp4,addr=0.1,romfile="
}

qemu_ats()
{
	port 5
	printf '%s\n' -device "virtio-net-pci,$place,romfile=,disable-legacy=on,\
iommu_platform=on,ats=on"
}

cmd_qemu()
{
	local bed=$1 prefix=$2 place trace

	qemu_iommu
	! has "$bed" nic || qemu_nic
	! has "$bed" nvme || qemu_nvme
	! has "$bed" third || qemu_third
	! has "$bed" twins || qemu_twins
	! has "$bed" ats || qemu_ats
	! has "$bed" vga || qemu_vga
	! has "$bed" edu || printf '%s\n' -device edu
	for trace in $TRACES; do
		printf '%s\n' -trace "enable=$trace"
	done
	! has "$bed" config && ! has "$bed" ordered ||
		printf '%s\n' -trace enable=pci_cfg_write
	! has "$bed" stray || printf '%s\n' -trace enable=vtd_ir_irte_get \
		-trace enable=vtd_inv_qi_enable -trace enable=vtd_reg_ir_root
	printf '%s\n' -D "$prefix.trace"
}

cmd_words()
{
	local words=pci=earlydump

	! has "$1" vtd || words+=" intel_iommu=on,sm_off"
	! has "$1" sm || words+=" intel_iommu=on,sm_on"
	! has "$1" intsoff || words+=" iommufd.allow_unsafe_interrupts=1"
	echo "$words"
}

cmd_start()
{
	local bed=$1 prefix=$2 sender=$3 socket

	sends "$bed" || return 0
	socket=$(socket_path "$prefix")
	rm -f "$socket"
	"$sender" "$socket" "$(value "$bed" rate 0)" "$(value "$bed" size 64)" \
		"$prefix.sender" </dev/null >/dev/null 2>&1 &
	echo $! >"$prefix.sender.pid"
}

cmd_stop()
{
	local prefix=$1

	rm -f "$(socket_path "$prefix")"
	[[ -f $prefix.sender.pid ]] || return 0
	kill "$(cat "$prefix.sender.pid")" 2>/dev/null || true
	rm -f "$prefix.sender.pid"
}

# The third one is of the next kernel, which turns it off at its end.
check_translated()
{
	awk '
	/e1000e_irq_write_ics/ { marks += / 0x0$/ }
	/vtd_dmar_enable/ && marks && marks < 3 && bad++ < 10 {
		print "trace, translated: " $0
	}
	END {
		if (marks < 3) { print "translated: no third mark in the trace"; bad++ }
		exit bad > 0
	}' "$1"
}

# Bit 2 of the command register is bus mastering, which is on at the first mark.
check_ordered()
{
	awk '
	/e1000e_irq_write_ics/ { marks += / 0x0$/; next }
	!marks { next }
	/pci_cfg_write e1000e .* @0x4 <- / { stopped = $NF !~ /[4-7c-f]$/ }
	/vtd_dmar_enable enable 0/ && !offs++ && !stopped {
		print "ordered: not stopped when translation was turned off"; bad++
	}
	END {
		if (!offs) { print "ordered: translation was not turned off"; bad++ }
		exit bad > 0
	}' "$1"
}

# Between the first and the second mark (a write of 0 to ICS) nothing may be
# said: no fault, no frame held back, no IOMMU turned off or on (bit 0 of the
# control register of AMD's); without a second mark, to the end. In pairs
# (again): the same after each mark that is odd. Faults: never, but wanted ones.
check_trace()
{
	awk -v faults="$FAULTS" -v pairs="$2" -v wanted="$3" -v rebound="$4" '
	/pci_cfg_write/ || /amdvi_control_status .*[13579bdf]$/ { next }
	/vtd_(ir_irte_get|inv_qi_enable|reg_ir_root)/ { next }
	wanted && $0 ~ wanted { seen++; next }
	rebound && marks > 1 && $0 ~ rebound { next }
	/e1000e_irq_write_ics/ { marks += / 0x0$/; next }
	(pairs ? marks % 2 : marks == 1) {
		if (bad++ < 10)
			print "trace: " $0
		next
	}
	$0 ~ faults && bad++ < 10 { print "trace, fault: " $0 }
	END {
		if (!marks) { print "trace: no mark in it"; bad++ }
		if (wanted && !seen) { print "trace: no fault that is wanted"; bad++ }
		exit bad > 0
	}' "$1"
}

# From where the old kernel stops its queue, at its end, to the table of the new one
# there is no interrupt to be had; and strays of both kinds were used then. Bit 0
# of what is printed last says that an entry is there.
check_stray()
{
	awk -v faults="$FAULTS" '
	/vtd_reg_ir_root/ { roots++; gap = 0 }
	/vtd_inv_qi_enable enabled 0/ { gap = roots == 1 }
	gap && $0 ~ faults { outside++ }
	!/vtd_ir_irte_get/ { next }
	{ live = $NF ~ /[13579bdf]$/ }
	roots == 1 && !gap && live { used[$3] = 1 }
	gap && live && bad++ < 10 { print "stray: " $0 }
	gap && !live && $3 in used { empty++ }
	END {
		if (!outside || !empty) {
			print "stray: in the gap " outside + 0 " faults, and " empty + 0 \
				" entries gone that were used"
			bad++
		}
		exit bad > 0
	}' "$1"
}

# A mark is a value of the cache line size, which means nothing in PCI Express:
# 0xa5 begins, and 0x5a ends. What may be written between: interrupts of the nic
# are masked; the port, as QEMU has it, gives its own back and gets new ones, has
# events cleared, and its control word is written as it is.
check_config()
{
	awk '
	!/pci_cfg_write (e1000e|pcie-root-port) / { next }
	{ sub(/^.*pci_cfg_write /, "") }
	/^e1000e .* @0xc <- 0xa5$/ { sealed = 1; marks++; next }
	/^e1000e .* @0xc <- 0x5a$/ { sealed = 0; next }
	/^e1000e .* @0xa2 <- 0xc004$/ { next }
	/^e1000e .* @0x4 <- 0x507$/ { next }
	/^pcie-root-port .* @0x4 <- 0x[15]07$/ { next }
	/^pcie-root-port .* @(0x1e|0x3e|0x4a|0x64|0x66|0x70|0x74) / { next }
	sealed && bad++ < 20 { print "config: " $0 }
	END {
		if (!marks) { print "config: no mark in the trace"; bad++ }
		exit bad > 0
	}' "$1"
}

# No frame that the guest counted was lost on the way to it. Each time that it is
# started it counts from another number on.
check_sender()
{
	awk '
	function counted(number, first) {
		for (first in last)
			if (number >= first + 0 && number <= last[first])
				return 1
		return 0
	}
	FNR == NR && /^# frames / { last[$3] = $5 + 0 }
	FNR == NR { next }
	/^lost / && counted($2 + 0) && bad++ < 10 {
		print "sender: found no room for frame " $2
	}
	/^sent / { sent = 1 }
	END {
		if (!sent) { print "sender: its log has no end"; bad++ }
		exit bad > 0
	}' "$2" "$1"
}

cmd_check()
{
	local bed=$1 prefix=$2 verdict=$3 rc=0 again=0 wanted rebound tries

	! has "$bed" config || check_config "$prefix.trace" || rc=$RC_RED
	! has "$bed" ordered || check_ordered "$prefix.trace" || rc=$RC_RED
	! has "$bed" translated || check_translated "$prefix.trace" || rc=$RC_RED
	! has "$bed" stray || check_stray "$prefix.trace" || rc=$RC_RED
	if ! sends "$bed"; then
		[[ -f $prefix.trace ]] || { echo "no trace"; rc=$RC_RED; }
		! grep -E "$FAULTS" "$prefix.trace" || rc=$RC_RED
		return "$rc"
	fi
	for ((tries = 0; tries < 50; tries++)); do
		! grep -q '^sent ' "$prefix.sender" || break
		sleep 0.1
	done
	wanted=$(value "$bed" foreign "")
	wanted=${wanted:+vtd_dmar_fault sid $wanted .* write 1}
	! has "$bed" stray || wanted=$FAULTS
	rebound=$(value "$bed" rebound "")
	rebound=${rebound:+vtd_dmar_fault sid $rebound |amdvi_page_fault}
	! has "$bed" again || again=1
	check_trace "$prefix.trace" "$again" "$wanted" "$rebound" || rc=$RC_RED
	check_sender "$prefix.sender" "$verdict" || rc=$RC_RED
	return "$rc"
}

case ${1:-}:$# in
qemu:3|words:2|start:4|stop:2|check:4) cmd=$1; shift; "cmd_$cmd" "$@" ;;
-h:*|--help:*) usage ;;
*) usage >&2; exit "$RC_USAGE" ;;
esac
