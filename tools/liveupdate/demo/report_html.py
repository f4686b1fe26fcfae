# SPDX-License-Identifier: GPL-2.0
"""The report of a live update demo as one HTML page: no script, no network."""
from html import escape

WIDTH = 1060
LEFT = 230              # room for the names of the lanes
COLORS = {1: "#3867b7", 2: "#2f8f5b", "gap": "#c8552d", "data": "#8456b0"}

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2430; background: #fff;
       max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.15em; margin-top: 1.8em; }
.sub { color: #5a6474; margin-top: .2em; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 1.4em 0; }
.tile { flex: 1 1 200px; border: 1px solid #d8dde6; border-radius: 8px; padding: 10px 14px; }
.tile b { display: block; font-size: 1.35em; } .tile span { color: #5a6474; font-size: .9em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 10px; border-bottom: 1px solid #e6e9ef; }
td.n, th.n { text-align: right; white-space: nowrap; }
tr.dark td { background: #fdf1ec; }
svg text { font: 12px system-ui, sans-serif; fill: #1d2430; }
code { font-size: .9em; overflow-wrap: anywhere; }
ul.checks { columns: 2; list-style: none; padding: 0; } .good { color: #2f8f5b; font-weight: bold; }
"""


class Chart:
    """Rectangles over a common time axis."""

    def __init__(self, begin, end):
        self.begin, self.span = begin, end - begin
        self.items, self.rows = [], 0

    def x(self, time):
        return LEFT + (time - self.begin) / self.span * (WIDTH - LEFT - 130)

    def row(self, label):
        y = 8 + 26 * self.rows
        self.rows += 1
        self.items.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(label)}</text>')
        return y

    def bar(self, y, begin, end, color, title):
        x, width = self.x(begin), max(self.x(end) - self.x(begin), 2)
        self.items.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="18" rx="2" '
                          f'fill="{color}"><title>{escape(title)}</title></rect>')
        return x + width

    def text(self, x, y, text, style=""):
        self.items.append(f'<text x="{x:.1f}" y="{y + 14}" {style}>{escape(text)}</text>')

    def axis(self):
        """Grid lines at five to ten round times."""
        unit, name = (1e9, "s") if self.span >= 2e9 else (1e6, "ms")
        step = 10 ** (len(str(int(self.span))) - 1)
        while self.span / step < 5:
            step /= 2
        height = 8 + 26 * self.rows
        lines, time = [], self.begin
        while time <= self.begin + self.span:
            x = self.x(time)
            label = f"{(time - self.begin) / unit:g} {name}" if time > self.begin else "0"
            lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="#e1e5ec"/>'
                         f'<text x="{x:.1f}" y="{height + 16}" text-anchor="middle">{label}</text>')
            time += step
        return lines, height + 24

    def svg(self, label):
        grid, height = self.axis()
        return (f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
                f'aria-label="{escape(label)}">{"".join(grid + self.items)}</svg>')


def overview(demo, duration):
    """Which kernel runs, and the data that lives under both."""
    chart = Chart(0, demo.total)
    y = chart.row("first kernel")
    chart.bar(y, 0, demo.reboot, COLORS[1], demo.info["release_before"])
    chart.text(chart.x(0) + 8, y, demo.info["release_before"], 'style="fill:#fff"')
    y = chart.row("blackout")
    end = chart.bar(y, demo.reboot, demo.reboot + demo.blackout, COLORS["gap"], "blackout")
    chart.text(end + 6, y, duration(demo.blackout))
    y = chart.row("second kernel")
    chart.bar(y, demo.jumped, demo.total, COLORS[2], demo.info["release_after"])
    chart.text(chart.x(demo.jumped) + 8, y, demo.info["release_after"], 'style="fill:#fff"')
    y = chart.row("the data in memory")
    chart.bar(y, demo.info["born"], demo.total, COLORS["data"], demo.file_name)
    chart.text(chart.x(demo.info["born"]) + 8, y, demo.file_name, 'style="fill:#fff"')
    return chart.svg("Both kernels and the data over time")


def blackout(demo, duration):
    """The phases from reboot(2) to the last file, each in its own row."""
    chart = Chart(demo.reboot, demo.reboot + demo.blackout)
    for p in demo.phases:
        if not p.blackout:
            continue
        y = chart.row(f"{p.name}: {p.what}")
        color = COLORS["gap"] if p.name == "jump" else COLORS[p.kernel]
        end = chart.bar(y, p.begin, p.end, color, f"{p.name}: {p.what}")
        chart.text(end + 6, y, duration(p.length))
    return chart.svg("Phases of the blackout")


def tiles(demo, duration):
    items = [(duration(demo.blackout), "blackout: reboot(2) until the last file is back"),
             (duration(demo.data_age), "age of the data in memory"),
             (duration(demo.kernel_age), "age of the kernel that holds it"),
             (f"{demo.info['cost_kb']} KiB", "memory that preserving took, beside the data")]
    return "".join(f'<div class="tile"><b>{escape(a)}</b><span>{escape(b)}</span></div>' for a, b in items)


def table(demo, duration):
    rows = []
    for p in demo.phases:
        css = ' class="dark"' if p.blackout else ""
        rows.append(f'<tr{css}><td>{escape(p.name)}</td><td>{escape(p.what)}</td>'
                    f'<td>{"first" if p.kernel == 1 else "second"}</td>'
                    f'<td class="n">{p.begin / 1e9:.4f} s</td><td class="n">{duration(p.length)}</td></tr>')
    return ('<table><tr><th>phase</th><th>what</th><th>kernel</th><th class="n">begins at</th>'
            f'<th class="n">takes</th></tr>{"".join(rows)}</table>')


def calls(demo, duration):
    rows = "".join(f'<tr><td>{escape(call)}</td><td>{escape(handler)}</td><td class="n">{nr}</td>'
                   f'<td class="n">{duration(total)}</td><td class="n">{duration(longest)}</td></tr>'
                   for call, handler, nr, total, longest in demo.timeline.calls())
    return ('<table><tr><th>callback</th><th>handler</th><th class="n">calls</th>'
            f'<th class="n">in all</th><th class="n">longest</th></tr>{rows}</table>')


def checks(demo):
    return "".join(f'<li><span class="good">&#10003;</span> {escape(what)}</li>' for _, what in demo.checks)


def page(demo, duration):
    info = demo.info
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Live update: {escape(demo.file_name)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(demo.file_name)} lived through a live update</h1>
<p class="sub">{info['size']:,} bytes in a sealed memfd, from <b>{escape(info['release_before'])}</b>
to <b>{escape(info['release_after'])}</b>. Times are of the guest: one instruction is one nanosecond.</p>
<div class="tiles">{tiles(demo, duration)}</div>
<h2>Two kernels, one file</h2>
{overview(demo, duration)}
<h2>Inside the blackout</h2>
{blackout(demo, duration)}
<p class="sub">As the two kernels stamped it: <code>/sys/kernel/debug/liveupdate/timeline</code></p>
{calls(demo, duration)}
<h2>What was checked in the second kernel</h2>
<ul class="checks">{checks(demo)}</ul>
<p>SHA-256 on the host, in the first and in the second kernel: <code>{escape(info['sha256_after'])}</code></p>
<h2>All phases</h2>
{table(demo, duration)}
<p class="sub">Shaded: inside the blackout. Memory: {escape(demo.cost_text())}.</p>
</body></html>
"""
