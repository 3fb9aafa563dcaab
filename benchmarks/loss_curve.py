#!/usr/bin/env python3
"""The loss of one or several consecutive runs as SVG: python3 benchmarks/loss_curve.py NAME=metrics.jsonl… > curve.svg

For a distillation it is the task loss, so that all curves are comparable; a mean over 20 logged steps, and the points.
"""
import json
import sys

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 320, 48, 16, 40
COLORS = ["#3366aa", "#cc5533", "#338855", "#886699"]


def points(path):
    for line in open(path):
        record = json.loads(line)
        if record["event"] == "step":
            yield record["tokens"], record.get("loss_terms", {}).get("task", record["loss"])


def smooth(curve, count=20):
    window = []
    for x, y in curve:
        window = (window + [y])[-count:]
        yield x, sum(window) / len(window)


def main():
    runs, start = [], 0
    for argument in sys.argv[1:]:
        name, path = argument.split("=", 1)
        raw = [(start + x, y) for x, y in points(path)]
        runs.append((name, raw, list(smooth(raw))))
        start = raw[-1][0]
    top = max(y for _, _, curve in runs for _, y in curve)
    low = min(y for _, _, curve in runs for _, y in curve)
    top, low = top + 0.1, max(0, low - 0.3)

    def point(x, y):
        return (LEFT + (WIDTH - LEFT - 12) * x / start, TOP + (HEIGHT - TOP - BOTTOM) * (top - y) / (top - low))

    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for tick in range(int(low) + 1, int(top) + 1):
        _, y = point(0, tick)
        print(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 12}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>')
    for quarter in range(5):
        x, _ = point(start * quarter / 4, low)
        print(f'<text x="{x:.1f}" y="{HEIGHT - 22}" text-anchor="middle">{start * quarter / 4e6:.1f} M</text>')
    print(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle">tokens read; masked-language loss</text>')
    for index, (name, raw, curve) in enumerate(runs):
        color = COLORS[index % len(COLORS)]
        path = " ".join("{:.1f},{:.1f}".format(*point(x, min(y, top))) for x, y in curve)
        for x, y in raw:
            print('<circle cx="{:.1f}" cy="{:.1f}" r="1" fill="{}" opacity="0.25"/>'.format(*point(x, min(max(y, low), top)), color))
        print(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        x, y = point(*curve[len(curve) // 2])
        print(f'<text x="{x:.1f}" y="{y - 12:.1f}" fill="{color}">{name}</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
