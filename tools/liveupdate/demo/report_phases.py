# SPDX-License-Identifier: GPL-2.0
"""Phases of a live update, from the timeline of the kernels, on one clock."""
from dataclasses import dataclass

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


# What the kernels call the stretches of their timeline, and what a person is told.
STEPS = {
    "enter": ("freeze", "checks before it"),
    "freeze": ("freeze", "all sessions"),
    "serialize": ("freeze", "records are written"),
    "shutdown": ("shutdown", "devices"),
    "jump": ("jump", "purgatory and unpacking"),
    "reserve": ("boot", "the second kernel, to KHO"),
    "boot": ("boot", "the second kernel, to decode"),
    "decode": ("decode", "sessions and files"),
    "init": ("boot", "the second kernel, to init"),
}


class Timeline:
    """The last update in /sys/kernel/debug/liveupdate/timeline."""

    def __init__(self, lines):
        fields = [dict(word.split("=", 1) for word in line.split()) for line in lines]
        last = fields[-1]["update"] if fields else None
        self.lines = [f for f in fields if f["update"] == last]

    def complete(self):
        """Does it have everything that is drawn?"""
        steps = {f.get("step") for f in self.lines if "took_ns" in f}
        return steps.issuperset(STEPS) and "blackout_ns" in self.lines[0]

    def blackout(self):
        """From reboot(2) to the last file, as the kernels see it, in ns."""
        return int(self.lines[0]["blackout_ns"])

    def ticks(self, ns):
        """The time stamp counter at a time of the timeline."""
        head = self.lines[0]
        return int(head["ticks"]) + int(ns) * int(head["khz"]) // 10**6

    def phases(self):
        """From reboot(2) to init of the second kernel."""
        for f in self.lines:
            if f.get("step") in STEPS:
                yield Phase(*STEPS[f["step"]], 1 if f["kernel"] == "old" else 2,
                            self.ticks(f["at_ns"]),
                            self.ticks(int(f["at_ns"]) + int(f["took_ns"])))

    def calls(self):
        """What each handler took: callback, handler, calls, and ns in all and at most."""
        for f in self.lines:
            if "call" in f:
                yield (f["call"], f["handler"], int(f["calls"]), int(f["sum_ns"]),
                       int(f["longest_ns"]))


class Demo:
    """Everything that the report shows."""

    def __init__(self, verdict, file_name, host_sha256):
        self.file_name = file_name
        self.host_sha256 = host_sha256
        self.info, self.checks, self.spans, self.ends, stamps = {}, [], [], {}, []
        self.failures = [l for l in verdict.splitlines() if l.startswith("FAILED")]
        for line in verdict.splitlines():
            if line.startswith("@ timeline "):
                stamps.append(line.removeprefix("@ timeline "))
            elif line.startswith("@ "):
                self._take(line.split())
        self.timeline = Timeline(stamps)
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
        elif not self.timeline.complete():
            bad.append("the timeline of the kernels is not complete")
        elif not self.host_sha256 == self.info["sha256_before"] == self.info["sha256_after"]:
            bad.append("the SHA-256 differs between host, first and second kernel")
        return bad

    def _build(self):
        reboot = next(s for s in self.spans if s.name == "reboot")
        spans = [s for s in self.spans if s is not reboot]
        last = max(s.end for s in spans if s.name == "retrieve")
        jump = list(self.timeline.phases())
        phases = [Phase("boot", "the first kernel", 1, 0, self.info["started"])]
        phases += spans + jump
        for p in phases:
            p.blackout = reboot.begin <= p.begin and p.end <= last
        self.reboot, self.blackout = reboot.begin, last - reboot.begin
        self.jumped = next(p.begin for p in jump if p.kernel == 2)
        self.data_age = self.info["now"] - self.info["born"]
        self.kernel_age = self.info["now"] - self.jumped
        self.total = self.info["now"]
        return phases

    def cost_text(self):
        """What the preservation took beyond the data itself."""
        size = self.info["size"] / 2**20
        return (f"{self.info['cost_kb']} KiB of records and tracker for {size:.1f} MiB of file "
                "and 2 MiB of sparse file")
