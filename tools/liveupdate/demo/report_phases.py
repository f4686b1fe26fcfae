# SPDX-License-Identifier: GPL-2.0
"""Phases of a live update, from the logs of both kernels, on one clock."""
import re
from dataclasses import dataclass

KLOG = re.compile(r"^\[\s*(\d+)\.(\d{6})\] (.*)$", re.M)
MARK = re.compile(r"demo: tsc (\d+)")
TIMED = re.compile(r"liveupdate: .*\b(frozen|decoded)\b.* in (\d+) ns")


@dataclass
class Phase:
    """A stretch of time, in ns since the machine was switched on."""
    name: str
    what: str
    kernel: int
    begin: int
    end: int
    blackout: bool = False

    @property
    def length(self):
        return self.end - self.begin


class KernelLog:
    """The console of one kernel, with its clock related to the TSC."""

    def __init__(self, text, which):
        self.lines = [(int(s) * 10**9 + int(us) * 1000, msg) for s, us, msg in KLOG.findall(text)]
        marks = [int(mark[1]) - time for time, msg in self.lines if (mark := MARK.search(msg))]
        # TSC at which this log's clock began. The clock drifts: take the mark at the jump.
        self.zero = marks[which] if marks else None

    def find(self, pattern):
        """TSC and match of the first line that has the pattern, or None."""
        for time, msg in self.lines:
            match = re.search(pattern, msg)
            if match:
                return self.zero + time, match
        return None

    def timed(self, word):
        """Begin and end of what the kernel itself timed, or None."""
        for time, msg in self.lines:
            match = TIMED.search(msg)
            if match and match[1] == word:
                return self.zero + time - int(match[2]), self.zero + time
        return None


class Demo:
    """Everything that the report shows."""

    def __init__(self, verdict, console, file_name, host_sha256):
        self.file_name = file_name
        self.host_sha256 = host_sha256
        self.info, self.checks, self.spans, self.ends = {}, [], [], {}
        self.failures = [l for l in verdict.splitlines() if l.startswith("FAILED")]
        for line in verdict.splitlines():
            if line.startswith("@ "):
                self._take(line.split())
        first, _, second = console.partition("kexec_core: Starting new kernel")
        self.log1 = KernelLog(first + "kexec_core: Starting new kernel\n", -1)
        self.log2 = KernelLog(second, 0)
        self.phases = [] if self.problems() else sorted(self._build(), key=lambda p: p.begin)

    def _take(self, words):
        kind, rest = words[1], words[2:]
        if kind == "info":
            self.info[rest[0]] = int(rest[1]) if rest[1].lstrip("-").isdigit() else rest[1]
        elif kind == "proof":
            self.checks.append((rest[0] == "ok", " ".join(rest[1:])))
        elif kind == "span":
            kernel, begin, end = map(int, rest[:3])
            self.spans.append(Phase(rest[3], " ".join(rest[4:]), kernel, begin, end))
        elif kind == "end":
            self.ends[int(rest[0])] = rest[1]

    def problems(self):
        """What is wrong, as lines; an empty list if the update worked."""
        bad = list(self.failures)
        bad += [f"check failed: {what}" for good, what in self.checks if not good]
        if self.ends.get(2) != "ok":
            bad.append("the second kernel did not come to a good end")
        elif not self.log1.zero or not self.log2.zero:
            bad.append("the console has no clock marks")
        elif not self.host_sha256 == self.info["sha256_before"] == self.info["sha256_after"]:
            bad.append("the SHA-256 differs between host, first and second kernel")
        return bad

    def _build(self):
        reboot = next(s for s in self.spans if s.name == "reboot")
        spans = [s for s in self.spans if s is not reboot]
        last = max(s.end for s in spans if s.name == "retrieve")
        phases = [Phase("boot", "the first kernel", 1, 0, self.log1.find("demo: tsc")[0])]
        phases += spans + self._jump(reboot.begin)
        for p in phases:
            p.blackout = reboot.begin <= p.begin and p.end <= last
        self.reboot, self.blackout = reboot.begin, last - reboot.begin
        self.jumped = self.log2.zero
        self.data_age = self.info["now"] - self.info["born"]
        self.kernel_age = self.info["now"] - self.jumped
        self.total = self.info["now"]
        return phases

    def _jump(self, reboot):
        """From reboot(2) to init of the second kernel."""
        start = self.log1.find("Starting new kernel")[0]
        freeze = self.log1.timed("frozen")
        decode = self.log2.timed("decoded")
        up = self.log2.find("demo: tsc")[0]
        if freeze:
            phases = [Phase("freeze", "all sessions", 1, max(reboot, freeze[0]), freeze[1]),
                      Phase("shutdown", "devices", 1, freeze[1], start)]
        else:
            phases = [Phase("freeze", "sessions, then devices", 1, reboot, start)]
        phases.append(Phase("jump", "purgatory and unpacking", 2, start, self.log2.zero))
        if not decode:
            return phases + [Phase("boot", "the second kernel", 2, self.log2.zero, up)]
        return phases + [Phase("boot", "the second kernel, to decode", 2, self.log2.zero, decode[0]),
                         Phase("decode", "sessions and files", 2, *decode),
                         Phase("boot", "the second kernel, to init", 2, decode[1], up)]

    def cost_text(self):
        """What the preservation took beyond the data itself."""
        size = self.info["size"] / 2**20
        return (f"{self.info['cost_kb']} KiB of records and tracker for {size:.1f} MiB of file "
                "and 2 MiB of sparse file")
