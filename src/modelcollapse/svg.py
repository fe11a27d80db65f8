"""Curves for a web page: SVG elements that take their colours from the page, in light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from markupsafe import Markup
from matplotlib.figure import Figure

from modelcollapse.history import History
from modelcollapse.plot import Theme, draw_panel, key, settings

# Stand-ins that nothing else draws with: `inline` turns them into CSS variables, so that a
# page decides on its colours, in light and dark.
WEB = Theme("#010100", "#010101", "#010102", ("#010103", "#010104", "#010105", "#010106"))
_VARIABLES = dict(
    zip(
        (WEB.ink, WEB.muted, WEB.rule, *WEB.series),
        ("ink", "muted", "rule", *(f"series-{i}" for i in range(len(WEB.series)))),
        strict=True,
    )
)


def panel(measure: str, histories: Mapping[str, History], prefix: str) -> Markup:
    """Panel of one measure as SVG for a page, coloured by the page's CSS variables."""
    with settings():
        figure = Figure(figsize=(350 / 72, 220 / 72), layout="constrained")
        draw_panel(figure.subplots(), measure, histories, WEB)
        return inline(figure, prefix)


def line(index: int, prefix: str) -> Markup:
    """Sample of the line that stands for a lineage, as SVG for a page."""
    with settings():
        figure = Figure(figsize=(34 / 72, 12 / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        sample = key(index, WEB, "")
        sample.set_data([0, 0.5, 1], [0, 0, 0])
        sample.set_markevery([1])
        axes.add_line(sample)
        axes.set(xlim=(-0.06, 1.06), ylim=(-1, 1))
        return inline(figure, prefix)


def inline(figure: Figure, prefix: str) -> Markup:
    """SVG element of a figure, to stand within a page.

    The same bytes at every call: no dates, and ids counted up behind `prefix`, which must be
    unique on the page. Colours of `WEB` become CSS variables; fonts are the page's.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"^.*?<svg[^>]*(viewBox=\"[^\"]*\")[^>]*>", r"<svg \1>", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"(font-size: [\d.]+px);? ?font-family: [^;\"]*", r"\1", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = text.replace("xlink:href=", "href=")
    used = dict.fromkeys(re.findall(r'(?:href="|url\()#([^")]+)', text))
    for count, old in enumerate(used):
        text = re.sub(rf'(id="|#){re.escape(old)}(?=[")])', rf"\g<1>{prefix}-{count}", text)
    text = re.sub(rf' id="(?!{re.escape(prefix)}-\d+")[^"]*"', "", text)
    text = re.sub(r' (?:d|x|y)="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), text)
    text = re.sub(r"#0101[\da-f]{2}", lambda match: f"var(--{_VARIABLES[match[0]]})", text)
    text = re.sub(r"\s+<defs>\s*</defs>", "", text)
    # Matplotlib has escaped the labels.
    return Markup(re.sub(r"\s*\n\s*", "\n", text).strip())
