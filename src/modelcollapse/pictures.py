"""Pictures of the records that models wrote: contact sheets, texts, small charts.

Nothing is chosen: the first records are shown, whatever they look like, and pictures that are to be
compared share one scale.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelcollapse.continued import Continued
from modelcollapse.plot import number

Floats = NDArray[np.float64]
Snapshots = Mapping[int, Any]

SHEET = 25
"""Pictures on a contact sheet."""
TEXTS = 3
"""Texts shown of a generation."""
CHARACTERS = 260
"""Characters shown of a text."""

_SMALL_PIXELS, _LARGE_SHEET, _LARGEST_SIDE = 64 * 64, 9, 160
_BINS, _WIDTH, _HEIGHT, _MARGIN = 24, 150.0, 100.0, 5.0


@dataclass(frozen=True)
class Picture:
    """What a page shows of some records.

    Attributes
    ----------
    kind : {"image", "texts", "continued", "chart", "none"}
        What `content` is: a data URI, strings, pairs of a prompt and what follows it, an SVG
        element, or nothing.
    content : str, or tuple of str or of pairs
        See above.
    words : str
        What is to be seen, in words.
    """

    kind: str
    content: str | tuple[str, ...] | tuple[tuple[str, str], ...]
    words: str


@dataclass(frozen=True)
class Gallery:
    """Pictures of several lineages on one scale, by lineage and generation.

    Attributes
    ----------
    generations : tuple of int
        Columns: the generations of which any lineage has a snapshot.
    real : dict of str to Picture
        Real records of lineages whose records are pictures, to be compared with.
    rows : dict of str to dict of int to Picture
        Generations at which a lineage has no snapshot are left out.
    caption : str
        How to look at them, or why they are not drawn.
    """

    generations: tuple[int, ...]
    real: dict[str, Picture]
    rows: dict[str, dict[int, Picture]]
    caption: str

    @property
    def drawn(self) -> bool:
        """Whether there is anything to look at."""
        return any(picture.kind != "none" for row in self.rows.values() for picture in row.values())

    def continuations(self, label: str) -> list[tuple[str, dict[int, str]]]:
        """Prompts of a lineage, each with what the generations wrote after it."""
        found: dict[tuple[int, str], dict[int, str]] = {}
        for generation, picture in self.rows[label].items():
            if picture.kind == "continued":
                for place, pair in enumerate(picture.content):
                    found.setdefault((place, pair[0]), {})[generation] = pair[1]
        return [(prompt, texts) for (_, prompt), texts in found.items()]


def gallery(
    snapshots: Mapping[str, Snapshots], real: Mapping[str, NDArray[Any]] | None = None
) -> Gallery:
    """Pictures of the snapshots of several lineages.

    Parameters
    ----------
    snapshots : mapping of str to mapping of int to object
        By lineage and generation: arrays of shape ``(k, height, width)``, or with 3 or 4 colour
        channels behind, are pictures; lists of strings are texts, and `Continued` ones have
        prompts before them; arrays of shape ``(k,)``,
        ``(k, 1)`` or ``(k, 2)`` are charted. Other records are left out, which the caption says.
    real : mapping of str to ndarray, optional
        Real pictures by lineage, where the snapshots are pictures.
    """
    real = real or {}
    everything = [taken for by in snapshots.values() for taken in by.values()]
    generations = tuple(sorted({generation for by in snapshots.values() for generation in by}))
    kinds = {kind_of(taken) for taken in everything}
    kind = kinds.pop() if len(kinds) == 1 else "none"
    firsts = [*real.values(), *(by[min(by)] for by in snapshots.values() if by)]
    limits = _limits(kind, everything, firsts)
    rows = {
        label: {
            generation: _picture(kind, taken, by[min(by)], limits)
            for generation, taken in sorted(by.items())
        }
        for label, by in snapshots.items()
    }
    originals = {label: _picture(kind, taken, taken, limits) for label, taken in real.items()}
    caption = _caption(kind, everything, generations, limits)
    if originals:
        caption += " First, as many real records that no model was fitted to."
    return Gallery(generations, originals, rows, caption)


def kind_of(taken: Any) -> str:
    """Kind of picture for some records: images, texts, continued, histogram, scatter or none."""
    if isinstance(taken, Continued):
        return "continued"
    if isinstance(taken, list | tuple):
        return "texts" if taken and all(isinstance(record, str) for record in taken) else "none"
    if not isinstance(taken, np.ndarray) or taken.dtype.kind not in "biuf" or not taken.size:
        return "none"
    if taken.ndim == 3 or (taken.ndim == 4 and taken.shape[-1] in (3, 4)):
        return "images"
    wide = 1 if taken.ndim == 1 else taken.shape[1] if taken.ndim == 2 else 0
    return {1: "histogram", 2: "scatter"}.get(wide, "none")


def _limits(kind: str, everything: Sequence[Any], firsts: Sequence[Any]) -> Floats:
    """Values at the ends of the common scale of each column, shape ``(2, columns)``."""
    if kind == "images":
        if all(taken.dtype.kind in "iu" for taken in everything):
            return np.array([[0.0], [255.0]])
        # By the first generation: later ones may run away, and are clipped. A few extreme pixels
        # would turn the rest grey.
        ends = _finite(np.concatenate([np.ravel(taken) for taken in firsts]))
        low, high = np.atleast_2d(np.quantile(ends, [0.01, 0.99])).T
    elif kind in ("histogram", "scatter"):
        columns = np.concatenate([_columns(taken) for taken in everything]).T
        low = np.array([_finite(column).min() for column in columns])
        high = np.array([_finite(column).max() for column in columns])
    else:
        return np.zeros((2, 1))
    return np.stack([low, np.where(high > low, high, low + 1.0)])


def _finite(values: NDArray[Any]) -> Floats:
    finite = np.asarray(values[np.isfinite(values)], dtype=np.float64)
    return finite if len(finite) else np.zeros(1)


def _columns(taken: Any) -> Floats:
    values = np.asarray(taken, dtype=np.float64)
    return values.reshape(len(values), -1)


def _picture(kind: str, taken: Any, first: Any, limits: Floats) -> Picture:
    if kind == "images":
        sheet = contact_sheet(taken, float(limits[0, 0]), float(limits[1, 0]))
        data = base64.b64encode(sheet).decode()
        shown = min(len(taken), _on_sheet(taken))
        return Picture("image", f"data:image/png;base64,{data}", f"contact sheet of {shown}")
    if kind == "texts":
        return Picture(
            "texts", tuple(map(_shortened, taken[:TEXTS])), f"{len(taken[:TEXTS])} texts"
        )
    if kind == "continued":
        pairs = tuple(
            (_shortened(prompt), _shortened(text))
            for prompt, text in zip(taken.prompts, taken.texts, strict=True)
        )
        return Picture("continued", pairs, f"{len(pairs)} prompts continued")
    if kind in ("histogram", "scatter"):
        values, before = _columns(taken), _columns(first)
        chart = _histogram if kind == "histogram" else _scatter
        return Picture("chart", chart(values, before, limits), _in_words(values))
    return Picture("none", "", "")


def _in_words(values: Floats) -> str:
    finite = values[np.isfinite(values).all(axis=1)]
    if len(finite) == 0:
        return "no finite record"
    places = ", ".join(number(float(mean)) for mean in finite.mean(axis=0))
    spreads = ", ".join(number(float(spread)) for spread in finite.std(axis=0))
    return f"{len(values)} records, mean {places}, standard deviation {spreads}"


def _caption(
    kind: str, everything: Sequence[Any], generations: Sequence[int], limits: Floats
) -> str:
    if kind == "images":
        shown = min(_on_sheet(everything[0]), len(everything[0]))
        low, high = number(float(limits[0, 0])), number(float(limits[1, 0]))
        return (
            f"The first {shown} records that the models of replicate 0 wrote; none was picked. "
            f"All sheets share one scale, from {low} (black) to {high} (white)."
        )
    if kind == "texts":
        return (
            f"The first {TEXTS} records that the models of replicate 0 wrote; none was picked. "
            f"Each is cut after {CHARACTERS} characters."
        )
    if kind == "continued":
        return (
            f"The same {len(everything[0].prompts)} prompts, real texts in grey, continued by the "
            "models of replicate 0; none was picked."
        )
    if kind in ("histogram", "scatter"):
        names = ["value"] if kind == "histogram" else ["horizontal axis", "vertical axis"]
        spans = " and ".join(
            f"{name} from {number(float(low))} to {number(float(high))}"
            for name, low, high in zip(names, *limits, strict=True)
        )
        what = "Histograms" if kind == "histogram" else "Scatter plots"
        return (
            f"{what} of the first {len(everything[0])} records that the models of replicate 0 "
            f"wrote; none was picked. Grey: generation {generations[0]}. All share one scale: "
            f"{spans}."
            + (
                " Bars are cut at twice the tallest one of the grey histogram."
                if kind == "histogram"
                else ""
            )
        )
    return (
        "Some records were kept, but they are neither pictures nor texts nor rows of one or two "
        "numbers, so they are not drawn here. They are in history.snapshots."
    )


def _shortened(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[:CHARACTERS].rstrip() + " …"


def _on_sheet(images: NDArray[Any]) -> int:
    """How many pictures a sheet shows: fewer where they are large, to keep pages small."""
    return SHEET if images.shape[1] * images.shape[2] <= _SMALL_PIXELS else _LARGE_SHEET


def contact_sheet(images: NDArray[Any], low: float, high: float) -> bytes:
    """PNG of the first pictures in a square, in their order.

    Parameters
    ----------
    images : ndarray, shape (k, height, width) or (k, height, width, 3 or 4)
        At most 25 are shown, 9 where they have more than 4,096 pixels; sides above 160 pixels
        are thinned.
    low, high : float
        Values that become black and white; what lies outside is clipped, NaN becomes black.
    """
    from matplotlib.image import imsave

    count = _on_sheet(images)
    side = math.isqrt(count)
    step = math.ceil(max(images.shape[1:3]) / _LARGEST_SIDE)
    shown = np.asarray(images[:count, ::step, ::step], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        scaled = np.clip(np.nan_to_num((shown - low) / (high - low), nan=0.0), 0.0, 1.0)
    grey = np.rint(scaled * 255).astype(np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=-1) if grey.ndim == 3 else grey[..., :3]
    height, width = colour.shape[1:3]
    gap = max(1, width // 14)
    # The gaps are transparent, so that they have the colour of the page.
    sheet = np.zeros((side * (height + gap) - gap, side * (width + gap) - gap, 4), dtype=np.uint8)
    for i, image in enumerate(colour):
        top, left = i // side * (height + gap), i % side * (width + gap)
        sheet[top : top + height, left : left + width, :3] = image
        sheet[top : top + height, left : left + width, 3] = 255
    buffer = io.BytesIO()
    imsave(buffer, sheet, format="png", metadata={"Software": "modelcollapse"})
    return buffer.getvalue()


def _svg(parts: Iterable[str]) -> Markup:
    base = f'<path class="axis" d="M0 {_HEIGHT - 0.5:g}H{_WIDTH:g}"/>'
    box = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return Markup(f'<svg viewBox="{box}">{base}{"".join(parts)}</svg>')


def _histogram(values: Floats, before: Floats, limits: Floats) -> Markup:
    edges = np.linspace(limits[0, 0], limits[1, 0], _BINS + 1)
    counts = [
        np.histogram(part[np.isfinite(part)], edges)[0] / max(len(part), 1)
        for part in (before, values)
    ]
    # By the first generation: the spike of a collapsed one would press all others flat.
    top = max(float(counts[0].max()) * 2, 1 / max(len(before), 1))
    parts = []
    for name, share in zip(("before", "now"), counts, strict=True):
        heights = _HEIGHT - np.minimum(share / top, 1.0) * (_HEIGHT - 4)
        steps = "".join(
            f"V{height:.1f}H{(i + 1) * _WIDTH / _BINS:.1f}" for i, height in enumerate(heights)
        )
        parts.append(f'<path class="{name}" d="M0 {_HEIGHT:g}{steps}V{_HEIGHT:g}Z"/>')
    return _svg(parts)


def _scatter(values: Floats, before: Floats, limits: Floats) -> Markup:
    parts = []
    size = np.array([_WIDTH, _HEIGHT]) - 2 * _MARGIN
    for name, points in (("before", before), ("now", values)):
        points = points[np.isfinite(points).all(axis=1)]
        places = _MARGIN + (points - limits[0]) / (limits[1] - limits[0]) * size
        # Dots are strokes of no length with round ends: one path instead of many circles.
        dots = "".join(f"M{x:.1f} {_HEIGHT - y:.1f}h0" for x, y in places)
        parts.append(f'<path class="{name} dots" d="{dots}"/>')
    return _svg(parts)
