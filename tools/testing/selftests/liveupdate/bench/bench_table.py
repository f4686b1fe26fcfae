#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the logs of the benchmark's guests into the table of figures.

Exit status: 0 every figure is there and within its target, 1 otherwise.
"""
import argparse
import os
import sys
from dataclasses import dataclass

GIB_PAGES = 262144
RUN_PAGES = 16384
PAGE = 4096
SWAPS = ("intel_luo_attach", "amd_luo_attach")

HOW = """# Figures

What live update costs, in instructions of the guest. `make bench` repeats them
and writes this page; they do not depend on the host.

How they are measured:

* QEMU runs one vCPU with `-icount shift=0,sleep=off`: one instruction is one
  nanosecond and one tick of the time stamp counter. Calls of userspace are
  measured with `rdtscp` right before and after the ioctl.
* Phases inside the kernel (`liveupdate_reboot()`, the purgatory, the boot of
  the second kernel) are measured from outside, without code in the kernel:
  `stamps.py` sets hardware breakpoints through QEMU's gdb stub and asks the
  monitor for the number of executed instructions (`info replay`; QEMU records
  with `rr=record` for that). Addresses come from the guest's `/proc/kallsyms`,
  the purgatory's from the `struct kimage` that `machine_kexec()` is given.
* A figure is *with minus without*: the same call on an empty file is taken off
  where the table says so, and the boot row compares two second kernels that
  differ in what is preserved.
* Memory is what KHO's debugfs state says: the preserved pages that are not the
  file's own are its record; where the table says "all", the pages of the tracker
  are in, too.
* The guests have so much memory that their files lie outside KHO's scratch
  areas: a page in there has to be moved first, which costs several thousand
  instructions.
* The kernels with devices are told to be "quiet": a line on a serial console of
  115,200 baud takes as long as two million instructions.
* What takes a device over in the second kernel are many calls. A plugin of QEMU
  (`host/calls.c`) counts what the CPU does in each of them, interrupts included,
  and does not stop the guest: at a stop the clock goes on to the next timer, and
  what that wakes would be counted, too.
* The swap alone is all of `intel_luo_attach()`, or `amd_luo_attach()`: a number for the new domain, the
  entry, the flushes, and to leave the old domain. One instruction of 16 bytes
  changes the entry: before it the old table answers, after it the new one, so the
  time in which neither does is 0, which is not measured but how it is made. The
  test `dma_swaps` looks for faults and lost frames in a thousand of them.
* Userspace's calls include the system call itself. A kernel that was built for
  size (tinyconfig's CONFIG_CC_OPTIMIZE_FOR_SIZE) needs markedly more per page
  than one that was built for speed: compare like with like.
"""


@dataclass
class Row:
    """One line of the table; value is None if it was not measured."""
    text: str
    target: float
    value: float
    unit: str = "instructions"

    @property
    def good(self):
        return self.value is not None and self.value <= self.target

    @property
    def verdict(self):
        if self.value is None:
            return "NOT MEASURED"
        if self.good:
            return "met"
        return f"MISSED, {self.value / self.target:.1f} x"


class Log:
    """Figures and stamps of one scenario. A figure that is not there is None."""

    def __init__(self, directory, name):
        self.figures, self.stamps, self.calls = {}, {}, []
        for suffix in (".verdict", ".stamps", ".calls"):
            path = os.path.join(directory, name + suffix)
            if not os.path.exists(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as f:
                for words in map(str.split, f):
                    self._take(words)

    def _take(self, words):
        if words[:2] == ["@", "fig"]:
            self.figures[words[2]] = float(words[3])
        elif words[:2] == ["@", "stamp"]:
            self.stamps.setdefault(words[2], []).append(int(words[3]))
        elif words[:2] == ["@", "call"]:
            self.calls.append((words[2], int(words[3])))
        elif words[:2] == ["@", "open"]:
            self.calls.append((words[2], None))

    def get(self, name, without=None, over=1):
        """A figure, less another one, over a number of things."""
        value = self.figures.get(name)
        base = self.figures.get(without) if without else 0
        if value is None or base is None:
            return None
        return (value - base) / over

    def between(self, begin, end, which=-1):
        """Instructions between two stamps; which: 0 first kernel, -1 the last."""
        try:
            return self.stamps[end][which] - self.stamps[begin][which]
        except (KeyError, IndexError):
            return None

    def boot(self):
        """From kho_memory_init() to the end of memblock_free_all(), second kernel."""
        if len(self.stamps.get("kho_memory_init", ())) < 2:
            return None
        return self.between("kho_memory_init", "memblock_free_all.return")

    def second_kernel(self, swap):
        """The counts of its calls, see calls.c: those of the swap, or all others."""
        boots = [i for i, (name, _) in enumerate(self.calls) if name == "kho_memory_init"]
        calls = self.calls[boots[1] + 1:] if len(boots) == 2 else []
        return [count for name, count in calls if (name in SWAPS) == swap]

    def takeover(self):
        """All calls that take devices over, those of the IOMMU's driver among them."""
        if not any(name.endswith("_luo_take_over") for name, _ in self.calls):
            return None
        counts = self.second_kernel(False)
        return None if not counts or None in counts else sum(counts)

    def swap(self):
        """The last one: those before are of other devices, and find nothing to swap."""
        counts = self.second_kernel(True)
        return counts[-1] if counts else None


def minus(a, b):
    return None if a is None or b is None else a - b


def plus(a, b):
    return None if a is None or b is None else a + b


def time_rows(big, files, scale):
    return [
        Row("PRESERVE_FD, 1 GiB contiguous, per page, less an empty file", 300,
            big.get("preserve_contiguous", "preserve_empty", GIB_PAGES)),
        Row("PRESERVE_FD, 2 MiB folios, 256 MiB, less an empty file", 2e6,
            big.get("preserve_huge", "preserve_empty")),
        Row("PRESERVE_FD, 1,000 files of 64 KiB, per file", 15000, files.get("preserve_file")),
        Row("RETRIEVE_FD, 1,000 files of 64 KiB, per file", 20000, files.get("retrieve_file")),
        Row("RETRIEVE_FD, 1 GiB contiguous, per page (eager), less an empty file", 800,
            big.get("retrieve_contiguous", "retrieve_empty", GIB_PAGES)),
        Row("CREATE_SESSION, the 2,000th against the 100th", 1.2, scale.get("growth_create"), "x"),
        Row("PRESERVE_FD, the 5,000th file against the 100th", 1.2,
            scale.get("growth_preserve"), "x"),
        Row("RETRIEVE_SESSION, the 2,000th against the 100th", 1.2,
            scale.get("growth_retrieve_session"), "x"),
        Row("RETRIEVE_FD, the 5,000th file against the 100th", 1.2,
            scale.get("growth_retrieve"), "x"),
        Row("PRESERVE_FD, sparse: 64 GiB with 256 pages of data, less an empty file", 1.5e6,
            big.get("preserve_sparse", "preserve_empty")),
    ]


def jump_rows(files, runs, runs1):
    return [
        Row("liveupdate_reboot(), entry to return, 1,000 files of 64 KiB", 3e6,
            files.between("liveupdate_reboot", "liveupdate_reboot.return")),
        Row("purgatory, 20 MB image", 1e6, files.between("purgatory", "next_kernel")),
        Row("boot, 64 MiB preserved in 16,384 runs against 1 MiB: kho_memory_init() to the end "
            "of memblock_free_all()", 50e6, minus(runs.boot(), runs1.boot())),
    ]


def device_rows(logs, iommu="", where=""):
    device, device0, takeover = (logs[n + iommu] for n in ("device", "device0", "takeover"))
    return [
        Row(f"{where}PRESERVE_FD of an iommufd, 1 GiB in mappings of 4 KiB, per page", 400,
            device.get("preserve_iommufd_small", over=GIB_PAGES)),
        Row(f"{where}PRESERVE_FD of an iommufd, 1 GiB in mappings of 2 MiB, in all", 2e6,
            device.get("preserve_iommufd_large")),
        Row(f"{where}liveupdate_reboot(), one device with 1 GiB mapped, against none", 500e3,
            minus(device.between("liveupdate_reboot", "liveupdate_reboot.return"),
                  device0.between("liveupdate_reboot", "liveupdate_reboot.return"))),
        Row(f"{where}all calls of the next kernel that take a device over, 1 GiB in mappings of "
            "2 MiB", 2e6, takeover.takeover()),
        Row(f"{where}RETRIEVE_FD of iommufd and device, and BIND", 2e6, device.get("retrieve_bind")),
    ]


def memory_rows(big, runs):
    sparse = plus(big.get("record_sparse", "record_empty"), big.get("tracker_sparse", "tracker_empty"))
    return [
        Row("sparse: 64 GiB with 256 pages of data, all memory that it costs", 65536, sparse, "bytes"),
        Row("record, contiguous 1 GiB, less an empty file", PAGE,
            big.get("record_contiguous", "record_empty"), "bytes"),
        Row("record, every page alone, per page, less an empty file", 24,
            runs.get("record_alternate", "record_empty", RUN_PAGES), "bytes"),
    ]


def other_figures(logs):
    """What has no target, but explains the rest."""
    files, runs, runs1, digest = (logs[n] for n in ("files", "runs", "runs1", "digest"))
    return [
        ("runs of pages in the contiguous file (1 GiB)", logs["big"].get("runs_contiguous")),
        ("runs of pages in the alternating file (64 MiB)", runs.get("runs_alternate")),
        ("pages that PRESERVE_FD had to move, 1 GiB", logs["big"].get("moved_contiguous")),
        ("pages that PRESERVE_FD had to move, 2 MiB folios", logs["big"].get("moved_huge")),
        ("PRESERVE_FD, empty file", logs["big"].get("preserve_empty")),
        ("RETRIEVE_FD, empty file", logs["big"].get("retrieve_empty")),
        ("RETRIEVE_FD, 2 MiB folios, 256 MiB", logs["big"].get("retrieve_huge")),
        ("RETRIEVE_FD, sparse", logs["big"].get("retrieve_sparse")),
        ("PRESERVE_FD of a device", logs["device"].get("preserve_vfio_small")),
        ("liveupdate_reboot(), one device with 1 GiB mapped, 4 KiB mappings, against none",
         minus(logs["device4k"].between("liveupdate_reboot", "liveupdate_reboot.return"),
               logs["device0"].between("liveupdate_reboot", "liveupdate_reboot.return"))),
        ("all calls of the next kernel that take a device over, 1 GiB in mappings of 4 KiB",
         logs["takeover4k"].takeover()),
        ("ATTACH: comparing 1 GiB in mappings of 2 MiB with the new tables, and the swap",
         logs["device"].get("attach")),
        ("the same in mappings of 4 KiB", logs["device4k"].get("attach")),
        ("the swap alone, in mappings of 2 MiB (time in which neither table answers: 0)",
         logs["takeover"].swap()),
        ("the same in mappings of 4 KiB", logs["takeover4k"].swap()),
        ("the swap alone, VT-d in scalable mode, 2 MiB", logs["takeover-sm"].swap()),
        ("the swap alone, AMD-Vi, 2 MiB", logs["takeover-amd"].swap()),
        ("PRESERVE_FD, alternating file", runs.get("preserve_alternate")),
        ("RETRIEVE_FD, alternating file", runs.get("retrieve_alternate")),
        ("liveupdate_reboot(), one file",
         runs1.between("liveupdate_reboot", "liveupdate_reboot.return")),
        ("liveupdate_reboot() returned to machine_kexec()",
         files.between("liveupdate_reboot.return", "machine_kexec")),
        ("machine_kexec() to purgatory, 20 MB image", files.between("machine_kexec", "purgatory")),
        ("purgatory, 20 MB image, kho=off (with its digest)",
         digest.between("purgatory", "next_kernel")),
        ("entry of the second kernel to kho_memory_init()",
         files.between("next_kernel", "kho_memory_init")),
        ("the boot row, 16,384 runs", runs.boot()),
        ("the boot row, 1 MiB", runs1.boot()),
        ("the boot row, nothing preserved, kho=off", digest.boot()),
    ]


def number(value, unit):
    if value is None:
        return "-"
    return f"{value:.2f}" if unit == "x" or value < 100 and value % 1 else f"{value:,.0f}"


def markdown(rows, others):
    lines = ["| figure | at most | measured | unit | verdict |", "|---|---:|---:|---|---|"]
    lines += [f"| {r.text} | {number(r.target, r.unit)} | {number(r.value, r.unit)} | {r.unit} "
              f"| {r.verdict} |" for r in rows]
    lines += ["", "Without a target, for comparison (instructions, or a count):", "",
              "| figure | measured |", "|---|---:|"]
    lines += [f"| {text} | {number(value, '')} |" for text, value in others]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--dir", required=True, help="where the logs of the guests are")
    parser.add_argument("--markdown", required=True, help="the page to write")
    args = parser.parse_args()
    logs = {name: Log(args.dir, name) for name in
            ("big", "files", "scale", "runs", "runs1", "digest", "device", "device0", "device4k",
             "takeover", "takeover4k", "device-sm", "device0-sm", "takeover-sm",
             "device-amd", "device0-amd", "takeover-amd")}
    rows = time_rows(logs["big"], logs["files"], logs["scale"])
    rows += jump_rows(logs["files"], logs["runs"], logs["runs1"]) + memory_rows(logs["big"], logs["runs"])
    if logs["device"].figures or logs["device"].stamps:
        rows += device_rows(logs)
        rows += device_rows(logs, "-sm", "VT-d in scalable mode: ")
        rows += device_rows(logs, "-amd", "AMD-Vi: ")
    with open(args.markdown, "w", encoding="utf-8") as f:
        f.write(HOW + "\n" + markdown(rows, other_figures(logs)))
    for r in rows:
        print(f"{r.text:<88} {number(r.target, r.unit):>12} {number(r.value, r.unit):>14} {r.verdict}")
    return 0 if all(r.good for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
