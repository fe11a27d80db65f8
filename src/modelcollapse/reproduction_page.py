"""What a reproduction leaves behind: its figure, one page, and its numbers."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from modelcollapse import panel_drawing
from modelcollapse.plot import settings
from modelcollapse.recipes._recipe import Claim
from modelcollapse.references import citation
from modelcollapse.report import versions
from modelcollapse.reproduction import Reproduction, numbers
from modelcollapse.spec import to_yaml
from modelcollapse.store import write_atomic
from modelcollapse.svg import WEB, inline

BASES = {
    "text": "stated in the work",
    "code": "in its code or stored outputs",
    "notes": "in others' notes about it",
    "theory": "follows from its assumptions",
}
"""What the words for the basis of a published value mean."""


def figure(found: Reproduction) -> Figure:
    """Figure with one panel beside the other: simulations solid, formulas dashed."""
    return panel_drawing.figure(found.outcome.panels)


def result(found: Reproduction) -> dict[str, Any]:
    """Plain data: claims, verdicts, specs, seed, versions and duration."""
    return {**found.to_dict(), "versions": versions()}


def render(found: Reproduction) -> str:
    """HTML of one reproduction: verdict, table, figure, what was run."""
    panels = []
    for index, panel in enumerate(found.outcome.panels):
        with settings():
            picture = Figure(figsize=(360 / 72, 300 / 72), layout="constrained")
            panel_drawing.draw(picture.subplots(), panel, WEB)
            panels.append((panel.title, inline(picture, f"panel-{index}")))
    lineages = found.to_dict()["lineages"]
    page: str = _template().render(
        found=found,
        recipe=found.recipe,
        source=citation(found.recipe.source),
        laws=[_row(claim) for claim in found.outcome.claims if not claim.control],
        controls=[_row(claim) for claim in found.outcome.claims if claim.control],
        bases=BASES,
        panels=panels,
        settings=to_yaml(dict(found.outcome.settings)),
        lineages=to_yaml(lineages) if lineages else "",
        versions=versions(),
    )
    return page


def _row(claim: Claim) -> dict[str, Any]:
    published, ours, tolerance = numbers(claim)
    return {
        "statement": claim.statement,
        "basis": claim.basis,
        "published": published,
        "ours": ours,
        "tolerance": tolerance,
        "verdict": claim.verdict,
        "reason": claim.incomparable,
        "state": "undecided" if claim.incomparable else "none" if claim.in_order else "late",
    }


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("modelcollapse"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("reproduction.html.j2")


def write(found: Reproduction, folder: str | Path) -> tuple[Path, ...]:
    """Write ``figure.svg``, ``reproduction.html`` and ``result.json``.

    Parameters
    ----------
    found : Reproduction
        What to write.
    folder : path
        Made if it does not exist.

    Returns
    -------
    tuple of Path
        The files, without a figure where nothing could be run. Each is written whole or not at
        all.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    files = {}
    if found.outcome.panels:  # none where nothing could be run
        buffer = io.BytesIO()
        with settings():
            figure(found).savefig(buffer, format="svg", metadata={"Date": None})
        files["figure.svg"] = buffer.getvalue()
    files["reproduction.html"] = render(found).encode()
    content = json.dumps(result(found), indent=1, allow_nan=False)
    files["result.json"] = (content + "\n").encode()
    for name, body in files.items():
        write_atomic(Path(folder) / name, body)
    return tuple(Path(folder) / name for name in files)
