"""Draw the figure of the first page: three policies, with theory on top.

python docs/figures/make.py

The curves come from the package as it stands. The colours follow the reader's light or dark
setting, and the figure brings its own paper, so that it is legible wherever it is shown.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

import modelcollapse as mc
from modelcollapse.history import Band
from modelcollapse.theory import gaussian, mixing

FIGURE = Path(__file__).with_name("policies.svg")

N, GENERATIONS, REPLICATES = 100, 100, 2000
WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 600, 54, 292
LOW, HIGH = 0.01, 2.2

STYLE = """
svg { --paper: #ffffff; --ink: #1d2126; --muted: #59616b; --rule: #d8dce1;
  --series-0: #2a68b0; --series-1: #b85a08; --series-2: #7d1457; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14171b; --ink: #e7e9ec; --muted: #a1a9b3; --rule: #343a42;
    --series-0: #6aaef2; --series-1: #f09a45; --series-2: #d37fae; }
}
text { fill: var(--ink); font: 14px system-ui, sans-serif; }
.muted { fill: var(--muted); font-size: 12px; }
.paper { fill: var(--paper); }
path { fill: none; }
.rule { stroke: var(--rule); }
.line { stroke-width: 2; }
.band { fill-opacity: 0.17; }
.theory { stroke: var(--ink); stroke-width: 1.7; stroke-dasharray: 1 5; stroke-linecap: round; }
.label { font-weight: 600; }
""".strip()


def x(generation: float) -> float:
    """Place of a generation, pixels."""
    return LEFT + (RIGHT - LEFT) * generation / GENERATIONS


def y(variance: float) -> float:
    """Place of a variance on the logarithmic axis, pixels; kept within its ends."""
    share = math.log(min(max(variance, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return BOTTOM - (BOTTOM - TOP) * share


def points(generations: np.ndarray, variances: np.ndarray) -> str:
    """Corners of a path."""
    pairs = zip(generations, variances, strict=True)
    return " L".join(f"{x(g):.1f} {y(v):.1f}" for g, v in pairs)


def curve(index: int, band: Band) -> list[str]:
    """Median line and band of one policy."""
    there, back = (
        points(band.generations, band.low),
        points(band.generations[::-1], band.high[::-1]),
    )
    return [
        f'<path class="band" style="fill: var(--series-{index})" d="M{there} L{back} Z"/>',
        f'<path class="line" style="stroke: var(--series-{index})" '
        f'd="M{points(band.generations, band.median)}"/>',
    ]


def render() -> str:
    """The figure as SVG text."""
    start = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(N), size=N)
    result = mc.simulate(
        {
            "replace": start,
            "accumulate": start.but(policy=mc.Accumulate(N)),
            "10 % real": start.but(policy=mc.Mix(N, real=0.1)),
        },
        generations=GENERATIONS,
        replicates=REPLICATES,
        probes=["variance"],
        every=2,
    )
    read = result["replace"].generations
    theory = (
        gaussian.typical_variance(read, N),
        gaussian.accumulate_variance(read, N),
        mixing.fixed_real_loop(read, N // 10, N - N // 10, original=N).variance,
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="Variance over 100 generations under three policies">',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text x="{LEFT}" y="26">Variance of the model, relative to the truth: median and 5 to '
        f"95 % of {REPLICATES:,} chains</text>",
    ]
    for tick in (2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01):
        parts.append(f'<path class="rule" d="M{LEFT} {y(tick):.1f} H{RIGHT}"/>')
        parts.append(
            f'<text class="muted" x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}'
            "</text>"
        )
    parts += [
        f'<text class="muted" x="{x(tick):.1f}" y="{BOTTOM + 20}" text-anchor="middle">'
        f"{tick}</text>"
        for tick in range(0, GENERATIONS + 1, 20)
    ]
    parts.append(
        f'<text class="muted" x="{x(50):.1f}" y="{BOTTOM + 38}" text-anchor="middle">generation, '
        f"each fitted to {N} records</text>"
    )
    bands = {label: history.band("variance") for label, history in result.items()}
    for index, band in enumerate(bands.values()):
        parts += curve(index, band)
    for values in theory:
        parts.append(f'<path class="theory" d="M{points(read, values)}"/>')
    nudge = {"accumulate": -8, "10 % real": 12}
    for index, (label, band) in enumerate(bands.items()):
        at = y(float(band.median[-1])) + nudge.get(label, 0)
        parts.append(
            f'<text class="label" style="fill: var(--series-{index})" x="{RIGHT + 10}" '
            f'y="{at + 5:.1f}">{label}</text>'
        )
    at = y(0.035)
    parts.append(f'<path class="theory" d="M{RIGHT + 10} {at:.1f} h34"/>')
    parts.append(f'<text class="muted" x="{RIGHT + 52}" y="{at + 4:.1f}">theory</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    FIGURE.write_text(render(), encoding="utf-8")
