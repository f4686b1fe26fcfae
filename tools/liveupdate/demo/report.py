#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make the report of a live update demo from what the guest left.

Reads the agent's "@" lines (verdict channel), among them the timeline that both
kernels wrote themselves, puts all of them on one clock - the time stamp counter,
which runs on through the kexec - and writes a table to the terminal and an HTML
page.

Exit status: 0 the update worked and every check is good, 1 otherwise.
"""
import argparse
import os
import sys

import report_html
from report_phases import Demo


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--verdict", required=True, help="log of the second serial port")
    parser.add_argument("--file", required=True, help="the file that was carried")
    parser.add_argument("--sha256", required=True, help="its digest, as the host sees it")
    parser.add_argument("--html", required=True, help="the report to write")
    return parser.parse_args()


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().replace("\r", "")


def duration(ns):
    """A time in the unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3f} {unit}"
    return f"{ns:.0f} ns"


def print_table(demo):
    print(f"\n  {'phase':<11}{'what':<34}{'begins at':>12}{'takes':>13}")
    for p in demo.phases:
        mark = "*" if p.blackout else " "
        print(f"{mark} {p.name:<11}{p.what:<34}{p.begin / 1e9:>10.4f} s{duration(p.length):>13}")
    print("  (* = inside the blackout)")


def print_summary(demo):
    print(f"\n  uname -r           {demo.info['release_before']}  ->  {demo.info['release_after']}")
    print(f"  blackout           {duration(demo.blackout)} from reboot(2) until the last file is back")
    print(f"                     {duration(demo.timeline.blackout())} as the kernels stamp it")
    print(f"  age of the data    {duration(demo.data_age)}, of the kernel {duration(demo.kernel_age)}")
    print(f"  memory it cost     {demo.cost_text()}")
    print(f"  SHA-256            {demo.info['sha256_after']}, same before, after and on the host")


def main():
    args = parse_args()
    demo = Demo(read(args.verdict), os.path.basename(args.file), args.sha256)
    problems = demo.problems()
    if problems:
        for line in problems:
            print(f"demo: {line}", file=sys.stderr)
        return 1
    print_table(demo)
    print_summary(demo)
    with open(args.html, "w", encoding="utf-8") as f:
        f.write(report_html.page(demo, duration))
    print(f"\n  all {len(demo.checks)} checks are good; report: {args.html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
