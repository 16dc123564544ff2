"""Percentile curves of the rows as an SVG: how long (up) what share of triggers took at most (right)."""
import math
from html import escape

WIDTH, HEIGHT = 1140, 640
LEFT, RIGHT, TOP, BOTTOM = 70, 370, 50, 60
COLOURS = ["#000000", "#888888", "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2",
           "#17becf", "#bcbd22", "#7f0000", "#003f5c", "#00b894", "#c2185b", "#6d4c41", "#5c6bc0", "#a0c000", "#ff8a80"]
DASHES = {0: "", 1: "7 4", 2: "2 4"}  # back to back, after the shorter gap, after the longer one
WORST = 4  # nines that the axis ends with


def nines(share):
    """0 for none, 1 for 90 %, 2 for 99 %."""
    return min(WORST, -math.log10(1 - share)) if share < 1 else WORST


class Axes:
    def __init__(self, low_ns, high_ns):
        self.low, self.high = math.floor(math.log10(low_ns)), math.ceil(math.log10(high_ns))

    def x(self, share):
        return LEFT + (WIDTH - LEFT - RIGHT) * nines(share) / WORST

    def y(self, ns):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(ns) - self.low) / (self.high - self.low)

    def draw(self):
        for share, text in ((0, "best"), (0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")):
            x = self.x(share)
            yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
            yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{text}</text>'
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{unit(10 ** power)}</text>'


def unit(ns):
    for size, name in ((10 ** 9, "s"), (10 ** 6, "ms"), (10 ** 3, "us")):
        if ns >= size:
            return f"{ns // size} {name}"
    return f"{ns} ns"


def points(axes, values):
    """As many as one can see: the share of a value is that of those not above it."""
    step = max(1, len(values) // 400)
    chosen = sorted({*range(0, len(values), step), *range(max(0, len(values) - 40), len(values))})
    return " ".join(f"{axes.x(i / len(values)):.1f},{axes.y(values[i]):.1f}" for i in chosen)


def write_svg(path, title, rows):
    axes = Axes(min(r["samples"][0] for r in rows), max(r["samples"][-1] for r in rows))
    names = list(dict.fromkeys((row["name"], row["mode"]) for row in rows))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="13"><rect width="100%" height="100%" fill="white"/>',
           f'<text x="{LEFT}" y="28" font-size="16">{escape(title)}</text>', *axes.draw()]
    for row in rows:
        colour = COLOURS[names.index((row["name"], row["mode"])) % len(COLOURS)]
        dash = DASHES[0 if row["gap_us"] < 10_000 else 1 if row["gap_us"] < 1_000_000 else 2]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dash}" '
                   f'points="{points(axes, row["samples"])}"/>')
    out += legend(names)
    path.write_text("\n".join([*out, "</svg>"]) + "\n")


def legend(names):
    x = WIDTH - RIGHT + 20
    for i, (name, mode) in enumerate(names):
        y, text = TOP + 12 + 20 * i, f"{name}, {mode}" if mode else name
        yield (f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" stroke="{COLOURS[i % len(COLOURS)]}" '
               'stroke-width="3"/>')
        yield f'<text x="{x + 34}" y="{y}">{escape(text)}</text>'
    for i, text in enumerate(("back to back", "after 0.3 s", "after 1 s")):
        y = HEIGHT - BOTTOM - 50 + 20 * i
        yield f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" stroke="black" stroke-dasharray="{DASHES[i]}"/>'
        yield f'<text x="{x + 34}" y="{y}">{text}</text>'
