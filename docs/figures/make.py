"""Draw the figures of the pages, each with theory on top.

python docs/figures/make.py

The curves come from the package as it stands. The colours follow the reader's light or dark
setting, and each figure brings its own paper, so that it is legible wherever it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import modelcollapse as mc
from modelcollapse.history import BAND, History
from modelcollapse.theory import curation, gaussian, mixing

HERE = Path(__file__).parent
N, GENERATIONS = 100, 100
SHORT = 15_000
"""Most bytes of a figure."""

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
.other { stroke: var(--muted); stroke-width: 1.3; stroke-dasharray: 5 4; }
.band { fill-opacity: 0.17; }
.theory { stroke: var(--ink); stroke-width: 1.7; stroke-dasharray: 1 5; stroke-linecap: round; }
.label { font-weight: 600; }
""".strip()

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Axes:
    """Where numbers stand, in pixels; what lies beyond the ends is drawn at the ends."""

    left: float
    right: float
    top: float
    bottom: float
    last: int
    low: float
    high: float
    log: bool = False

    def x(self, generation: float) -> float:
        """Place of a generation."""
        return self.left + (self.right - self.left) * generation / self.last

    def y(self, value: float) -> float:
        """Place of a value."""
        ends = (self.low, self.high, min(max(value, self.low), self.high))
        low, high, at = map(math.log, ends) if self.log else ends
        return self.bottom - (self.bottom - self.top) * (at - low) / (high - low)

    def points(self, generations: Sequence[float] | Floats, values: Floats) -> str:
        """Corners of a path."""
        pairs = zip(generations, values, strict=True)
        return " L".join(f"{self.x(g):.1f} {self.y(v):.1f}" for g, v in pairs)

    def grid(self, ticks: Sequence[float], generations: Sequence[int]) -> list[str]:
        """Rules and numbers."""
        parts = []
        for tick in ticks:
            y = self.y(tick)
            parts.append(f'<path class="rule" d="M{self.left} {y:.1f} H{self.right}"/>')
            parts.append(words(f"{tick:g}", self.left - 8, y + 4, "muted", anchor="end"))
        parts += [
            words(f"{tick}", self.x(tick), self.bottom + 20, "muted", anchor="middle")
            for tick in generations
        ]
        return parts

    def curve(self, index: int, at: Floats, middle: Floats, low: Floats, high: Floats) -> list[str]:
        """Line and band of one lineage."""
        there, back = self.points(at, low), self.points(at[::-1], high[::-1])
        return [
            f'<path class="band" style="fill: var(--series-{index})" d="M{there} L{back} Z"/>',
            f'<path class="line" style="stroke: var(--series-{index})" '
            f'd="M{self.points(at, middle)}"/>',
        ]

    def line(self, kind: str, at: Floats, values: Floats) -> str:
        """Plain line of a class of the style sheet."""
        return f'<path class="{kind}" d="M{self.points(at, values)}"/>'


def words(
    text: str, x: float, y: float, kind: str = "", *, anchor: str = "start", style: str = ""
) -> str:
    """Text at a place."""
    more = "".join(
        f' {name}="{value}"'
        for name, value in (("class", kind), ("style", style))
        if value
    )  # fmt: skip
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{more} x="{x:.1f}" y="{y:.1f}"{end}>{text}</text>'


def page(parts: Sequence[str], width: int, height: int, label: str) -> str:
    """SVG text of a figure."""
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{label}">',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


START = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(N), size=N)

# --- the first page -------------------------------------------------------------------------


def policies() -> str:
    """Three policies side by side."""
    replicates = 2000
    result = mc.simulate(
        {
            "replace": START,
            "accumulate": START.but(policy=mc.Accumulate(N)),
            "10 % real": START.but(policy=mc.Mix(N, real=0.1)),
        },
        generations=GENERATIONS,
        replicates=replicates,
        probes=["variance"],
        every=2,
    )
    read = result["replace"].generations
    theory = (
        gaussian.typical_variance(read, N),
        gaussian.accumulate_variance(read, N),
        mixing.fixed_real_loop(read, N // 10, N - N // 10, original=N).variance,
    )
    axes = Axes(62, 600, 54, 292, GENERATIONS, 0.01, 2.2, log=True)
    parts = [
        words(
            "Variance of the model, relative to the truth: median and 5 to "
            f"95 % of {replicates:,} chains",
            axes.left,
            26,
        ),
        *axes.grid((2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01), range(0, GENERATIONS + 1, 20)),
        words(f"generation, each fitted to {N} records", axes.x(50), 330, "muted", anchor="middle"),
    ]
    bands = {label: history.band("variance") for label, history in result.items()}
    for index, band in enumerate(bands.values()):
        parts += axes.curve(index, read, band.median, band.low, band.high)
    parts += [axes.line("theory", read, values) for values in theory]
    nudge = {"accumulate": -8, "10 % real": 12}
    for index, (label, band) in enumerate(bands.items()):
        at = axes.y(float(band.median[-1])) + nudge.get(label, 0)
        style = f"fill: var(--series-{index})"
        parts.append(words(label, axes.right + 10, at + 5, "label", style=style))
    at = axes.y(0.035)
    parts.append(f'<path class="theory" d="M{axes.right + 10} {at:.1f} h34"/>')
    parts.append(words("theory", axes.right + 52, at + 4, "muted"))
    return page(parts, 720, 340, "Variance over 100 generations under three policies")


# --- what to expect -------------------------------------------------------------------------

PANELS = ("Tails still written", "Variance", "Error of the mean")
Summary = tuple[Floats, Floats, Floats, Floats]
"""Generations, middle line, and the ends of the band."""


def three(
    title: str,
    lines: Sequence[Sequence[Summary]],
    theory: Sequence[Sequence[Floats]],
    *,
    beside: Sequence[Summary] = (),
    labels: Sequence[str] = (),
    error: tuple[float, Sequence[float]] = (1.2, (0, 0.4, 0.8, 1.2)),
) -> str:
    """Tails, variance and mean of some lineages, theory dotted, another lineage dashed."""
    last = int(lines[0][0][0][-1])
    rooms = (
        Axes(46, 226, 62, 176, last, 0, 1),
        Axes(286, 466, 62, 176, last, 0.01, 2.2, log=True),
        Axes(526, 706, 62, 176, last, 0, error[0]),
    )
    parts = [words(title, 14, 24, "label")]
    for room, axes in enumerate(rooms):
        ticks = ((0, 0.5, 1), (1, 0.1, 0.01), error[1])[room]
        parts.append(words(PANELS[room], axes.left, 50, "muted"))
        parts += axes.grid(ticks, (0, last // 2, last))
        if beside:
            parts.append(axes.line("other", beside[room][0], beside[room][1]))
        for index, line in enumerate(lines):
            parts += axes.curve(index, *line[room])
        at = lines[0][room][0]
        parts += [axes.line("theory", at, curves[room]) for curves in theory if len(curves[room])]
    x = 706.0
    for text, kind, style in [
        *((label, "line", f"stroke: var(--series-{i})") for i, label in enumerate(labels)),
        *([("replace", "other", "")] if beside else []),
        ("theory", "theory", ""),
    ][::-1]:
        parts.append(words(text, x, 24, "muted", anchor="end"))
        x -= 6.3 * len(text) + 40
        parts.append(f'<path class="{kind}" style="{style}" d="M{x:.1f} 20 h32"/>')
        x -= 14
    parts.append(words("generation", rooms[1].x(last / 2), 212, "muted", anchor="middle"))
    return page(parts, 720, 222, f"{title}: tails, variance and mean over {last} generations")


def summaries(history: History) -> list[Summary]:
    """Medians of tails and variance, root mean square of the error, and their bands."""
    at = history.generations
    found = []
    for measure in ("tail_retention", "variance"):
        band = history.band(measure)
        found.append((at, band.median, band.low, band.high))
    error = history["mean_error"]
    low, high = np.quantile(np.sqrt(error), BAND, axis=0)
    return [*found, (at, np.sqrt(error.mean(axis=0)), low, high)]


REGIMES: Mapping[str, tuple[str, Callable[[mc.Lineage], mc.Lineage]]] = {
    "replace": ("Replace", lambda start: start),
    "accumulate": ("Accumulate", lambda start: start.but(policy=mc.Accumulate(N))),
    "budget": (
        "Accumulate, with a budget",
        lambda start: start.but(policy=mc.Accumulate(N), budget=N),
    ),
    "fixed": ("A tenth original", lambda start: start.but(policy=mc.Mix(N, real=0.1))),
    "fresh": ("A tenth fresh", lambda start: start.but(policy=mc.Mix(N, real=0.1, fresh=True))),
}


def regimes() -> dict[str, str]:
    """One figure for each regime without curation."""
    lineages = {name: change(START) for name, (_, change) in REGIMES.items()}
    result = mc.simulate(
        lineages,
        generations=GENERATIONS,
        replicates=1000,
        probes=["tail_retention", "variance", "mean_error"],
        every=4,
    )
    beside = summaries(result["replace"])
    figures = {}
    for name, lineage in lineages.items():
        at = result[name].generations
        # of the typical chain where the mean is another, of the mean elsewhere
        quantity = "typical_variance" if name == "replace" else "variance"
        curves = [
            np.empty(0),
            mc.predict(lineage, quantity, at).values,
            np.sqrt(mc.predict(lineage, "mean_error", at).values),
        ]
        figures[name] = three(
            REGIMES[name][0],
            [summaries(result[name])],
            [curves],
            beside=() if name == "replace" else beside,
        )
    return figures


CANDIDATES, ROUNDS = 4, 8
SCORES = np.arange(-40, 41) / 10
BELL = np.exp(-(SCORES**2) / 2) / np.exp(-(SCORES**2) / 2).sum()


@dataclass(frozen=True)
class BestOf:
    """Keep the best of each group of candidates; records are positions in `SCORES`."""

    oversample: float = CANDIDATES

    def select(self, candidates: Any, n: int, *, rng: np.random.Generator) -> Any:
        """Positions of the winners."""
        groups = np.asarray(candidates).reshape(n, -1)
        return groups.shape[1] * np.arange(n) + groups.argmax(axis=1)


def bell_moments(law: Floats) -> tuple[Floats, Floats, Floats]:
    """Tails that are still written, variance and mean of laws over `SCORES`."""
    mean = law @ SCORES
    tail = np.cumsum(BELL) <= 0.05
    sides = [np.minimum(law @ side / (BELL @ side), 1) for side in (tail, tail[::-1])]
    return sum(sides) / 2, law @ SCORES**2 - mean**2, mean


@dataclass(frozen=True)
class Bell:
    """Probe of `bell_moments`."""

    name = "bell"

    def __call__(self, generation: mc.Generation) -> dict[str, float]:
        """Read one generation."""
        law = generation.model.dense()  # up to the highest state that was seen
        found = bell_moments(np.pad(law, (0, SCORES.size - law.size)))
        return dict(zip(("tails", "variance", "mean"), map(float, found), strict=True))


def curated() -> str:
    """The best of some candidates, alone and with enough real records."""
    n, real = 1000, 0.8
    alone = mc.Lineage(
        mc.Categorical(tuple(BELL)).rows(), mc.Frequencies(), mc.Replace(n), size=n,
        curator=BestOf(),
    )  # fmt: skip
    lineages = {
        "best of 4": alone,
        f"{real:.0%} real": alone.but(policy=mc.Mix(n, real=real, fresh=True)),
    }
    result = mc.simulate(lineages, generations=ROUNDS, replicates=100, probes=[Bell()])
    lines = []
    for history in result.values():
        bands = [history.band(f"bell.{part}") for part in ("tails", "variance", "mean")]
        lines.append([(b.generations, b.median, b.low, b.high) for b in bands])
    laws = [BELL]
    for _ in range(ROUNDS):
        best = curation.best_of_law(1, laws[-1], SCORES, CANDIDATES)
        laws.append(real * BELL + (1 - real) * best)
    theory = [
        bell_moments(curation.best_of_law(range(ROUNDS + 1), BELL, SCORES, CANDIDATES)),
        bell_moments(np.array(laws)),
    ]
    return three(
        "Best of 4", lines, theory, labels=tuple(result), error=(4, (0, 2, 4))
    )  # fmt: skip


def figures() -> dict[Path, str]:
    """Every figure by its path."""
    drawn = {"policies": policies(), "expect-curated": curated()}
    drawn |= {f"expect-{name}": text for name, text in regimes().items()}
    return {HERE / f"{name}.svg": text for name, text in drawn.items()}


if __name__ == "__main__":
    for path, text in figures().items():
        path.write_text(text, encoding="utf-8")
