#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Add the second part to the report of a live update demo: a device that never stops.

Reads what the sender on the host wrote (when it sent each frame) and what the
guest wrote (how far the device had received at each step, and the last verdict),
and draws frames over time. A frame that is missing would be a step to the right.

Exit status: 0 every frame between the first and the last step arrived, 1 otherwise.
"""
import argparse
import re
import sys
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1060, 380, 70, 60, 40
MARK = "<!-- device -->"


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sender", required=True, help="log of the sender")
    parser.add_argument("--verdict", required=True, help="log of the guest's second serial port")
    parser.add_argument("--html", required=True, help="the report to add to")
    return parser.parse_args()


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().replace("\r", "")


class Run:
    """One update with a device."""

    def __init__(self, sender, verdict):
        self.sent = {int(n): int(t) / 1e9
                     for n, t in re.findall(r"^at (\d+) (\d+)$", sender, re.M)}
        self.lost = [int(n) for n in re.findall(r"^lost (\d+) ", sender, re.M)]
        self.phases = [(name, int(n)) for n, name in
                       re.findall(r"^# phase (\d+) (.+)$", verdict, re.M)]
        self.counted = [(int(a), int(b)) for a, b in
                        re.findall(r"^# frames (\d+) to (\d+)$", verdict, re.M)]
        self.failed = re.findall(r"^not ok .*|.*FAILED at.*", verdict, re.M)

    def problems(self):
        if self.failed:
            return self.failed
        if len(self.phases) < 6 or not self.counted:
            return ["the guest did not get to its end"]
        first, last = self.counted[0][0], self.counted[-1][1]
        return [f"frame {n} was not received" for n in self.lost if first <= n <= last] + \
               [f"frame {n} was not sent" for n, _ in zip(range(first, last), range(5))
                if n not in self.sent]

    def when(self, number):
        """When the frame before this one was sent: the last that had come."""
        known = [n for n in self.sent if n < number]
        return self.sent[max(known)] if known else min(self.sent.values())

    def svg(self):
        steps = [(name, number, self.when(number)) for name, number in self.phases]
        begin, end = steps[0][2] - .5, steps[-1][2] + .5
        first = min(n for n, t in self.sent.items() if t >= begin)
        points = [(t, n - first) for n, t in sorted(self.sent.items()) if begin <= t <= end]
        most = points[-1][1] or 1

        def x(time):
            return LEFT + (time - begin) / (end - begin) * (WIDTH - LEFT - 20)

        def y(count):
            return HEIGHT - BOTTOM - count / most * (HEIGHT - TOP - BOTTOM)

        times = dict((name, t) for name, _, t in steps)
        gap = (x(times["reboot(2)"]), x(times["RETRIEVE_FD"]))
        out = [f'<rect x="{gap[0]:.1f}" y="{TOP}" width="{gap[1] - gap[0]:.1f}" '
               f'height="{HEIGHT - TOP - BOTTOM}" fill="#fdf1ec"/>',
               f'<text x="{sum(gap) / 2:.1f}" y="{TOP + 18}" text-anchor="middle">'
               f'{times["RETRIEVE_FD"] - times["reboot(2)"]:.1f} s: nobody looks, no kernel '
               'for a part of it</text>']
        for i, (name, number, time) in enumerate(steps):
            out.append(f'<line x1="{x(time):.1f}" x2="{x(time):.1f}" y1="{TOP - 8 - i % 3 * 16}" '
                       f'y2="{HEIGHT - BOTTOM}" stroke="#9aa4b5" stroke-dasharray="3 3"/>'
                       f'<text x="{x(time) + 4:.1f}" y="{TOP - 10 - i % 3 * 16}">{escape(name)}'
                       f'<title>after frame {number - 1}</title></text>')
        out += [f'<circle cx="{x(t):.1f}" cy="{y(n):.1f}" r="1.4" fill="#3867b7"/>' for t, n in points]
        for second in range(int(end - begin) + 1):
            out.append(f'<text x="{x(begin + second):.1f}" y="{HEIGHT - BOTTOM + 18}" '
                       f'text-anchor="middle">{second} s</text>')
        for count in (0, most // 2, most):
            out.append(f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count}</text>')
        return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
                f'aria-label="Frames over time">{"".join(out)}</svg>')

    def between(self):
        numbers = dict(self.phases)
        return numbers["RETRIEVE_FD"] - numbers["reboot(2)"]

    def html(self):
        return f"""{MARK}
<h2>A device that goes on</h2>
{self.svg()}
<p class="sub">A network card under VFIO receives numbered frames into a memfd. Each dot is a frame,
at the time at which the host sent it; what is not there was lost. All
<b>{self.counted[-1][1] - self.counted[0][0] + 1}</b> are there, in order, byte by byte;
<b>{self.between()}</b> of them came while the kernel was replaced and until the new one's program
looked. Times of the host, which emulates the machine: only their order means something.</p>
"""


def main():
    args = parse_args()
    run = Run(read(args.sender), read(args.verdict))
    problems = run.problems()
    if problems:
        for line in problems:
            print(f"demo: device: {line}", file=sys.stderr)
        return 1
    page = read(args.html).split(MARK)[0].replace("</body></html>", "")
    with open(args.html, "w", encoding="utf-8") as f:
        f.write(page + run.html() + "</body></html>\n")
    print(f"\n  a network card received {run.counted[-1][1] - run.counted[0][0] + 1} frames under VFIO, "
          f"{run.between()} of them between the kernels; none is missing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
