"""One self-contained page about a simulation: verdict, curves, what models wrote, tables, spec."""

from __future__ import annotations

import inspect
import math
import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from modelcollapse import records, registry, report_tables, svg, text_pictures
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.history import BAND, History
from modelcollapse.metrics.stage import Stage, stage
from modelcollapse.nature import Nature
from modelcollapse.pictures import SHEET, gallery, kind_of
from modelcollapse.plot import number
from modelcollapse.prediction import statement
from modelcollapse.protocols import Probe
from modelcollapse.references import citation
from modelcollapse.report_tables import STAGE_NAMES, counted
from modelcollapse.sources import present
from modelcollapse.spec import Simulation, to_yaml
from modelcollapse.store import write_atomic
from modelcollapse.tabular import shown_generations
from modelcollapse.verdict import verdict


def write_report(
    histories: Mapping[str, History], path: str | Path, *, simulation: Simulation | None = None
) -> None:
    """Write one HTML file that opens without a network and says what became of the lineages.

    Parameters
    ----------
    histories : mapping of str to History
        Lineages by label.
    path : path
        File to write, whole or not at all. The same histories give the same bytes.
    simulation : Simulation, optional
        What was run; adds its title and the spec that runs it again.

    Raises
    ------
    InputError
        If there are no lineages.
    StoreError
        If the file cannot be written.
    """
    spec = None if simulation is None else simulation.spec()
    probes = () if simulation is None else simulation.probes or ()
    write_atomic(Path(path), render(histories, spec=spec, probes=probes).encode())


def render(
    histories: Mapping[str, History],
    *,
    spec: Mapping[str, Any] | None = None,
    probes: Iterable[Probe] = (),
) -> str:
    """HTML of the report.

    Parameters
    ----------
    histories : mapping of str to History
        Lineages by label.
    spec : mapping, optional
        Spec that runs them again.
    probes : iterable of Probe
        Probes other than the built-in ones, whose docstrings describe what they measure.
    """
    if not histories:
        raise InputError("there are no lineages to report on. Give at least one history.")
    perplexities = text_pictures.panels(histories)
    histories = {label: text_pictures.without_histograms(h) for label, h in histories.items()}
    first = next(iter(histories.values()))
    about = {probe.name: _documentation(probe) for probe in probes}
    spec = spec or {}
    settings = {label: history.provenance for label, history in histories.items()}
    limits = inspect.signature(stage).parameters
    theory = _theory(histories)
    # Labelled records have an error in place of a stage.
    staged = {label: h for label, h in histories.items() if not verdict(h).heading}
    page: str = _template().render(
        title=spec.get("title") or "Model collapse report",
        description=spec.get("description", ""),
        facts=_facts(histories),
        lineages=[
            _lineage(i, label, history) for i, (label, history) in enumerate(histories.items())
        ],
        stage_names=_occurring(staged),
        ended=any(history.endings for history in histories.values()),
        curves=_curves(histories, about),
        theory=[group for group in theory if group["covered"]],
        refused=[group for group in theory if group["refused"]],
        perplexities=perplexities,
        gallery=gallery(
            {label: history.snapshots for label, history in histories.items()}, _real(histories)
        ),
        generations=shown_generations(histories, None),
        medians=report_tables.medians(histories),
        stages=report_tables.stages(staged),
        endings=report_tables.endings(histories),
        rule={
            "tail": f"{limits['tail_threshold'].default:.0%}",
            "spread": f"{limits['spread_threshold'].default:.0%}",
            "growth": f"{limits['growth_threshold'].default:.0%}",
        },
        source=citation("shumailov2024"),
        band=" to ".join(f"{100 * level:g}" for level in BAND),
        replicates=first.replicates,
        again="Run it again" if spec else "Provenance",
        spec=to_yaml(spec) if spec else "",
        settings="" if spec or not any(settings.values()) else to_yaml(settings),
        seed=first.provenance.get("seed"),
        versions=versions(),
    )
    return page


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("modelcollapse"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment.get_template("report.html.j2")


def versions() -> dict[str, str]:
    """Versions of what the numbers rest on."""
    packages = {name: version(name) for name in ("modelcollapse", "numpy", "scipy", "scikit-learn")}
    return {**packages, "python": platform.python_version()}


def _real(histories: Mapping[str, History]) -> dict[str, NDArray[Any]]:
    """Held-out real records of replicate 0, by lineage, where models wrote pictures."""
    found = {}
    for label, history in histories.items():
        kinds = {kind_of(taken) for taken in history.snapshots.values()}
        if history.lineage is None or kinds != {"images"}:
            continue
        nature = Nature(history.lineage, history.provenance.get("seed", 0), 0, None)
        try:
            data = nature.holdout()
        except Incompatible:
            continue
        shown = records.take(data, np.arange(min(SHEET, records.size(data))))
        shown = present(shown, getattr(history.lineage.truth, "image_shape", None))
        if kind_of(shown) == "images":
            found[label] = shown
    return found


def _facts(histories: Mapping[str, History]) -> list[str]:
    first = next(iter(histories.values()))
    facts = [
        counted(len(histories), "lineage"),
        counted(first.replicates, "replicate"),
        f"generations {first.generations[0]} to {first.generations[-1]}",
    ]
    if "seed" in first.provenance:
        facts.append(f"seed {first.provenance['seed']}")
    return facts


def _lineage(index: int, label: str, history: History) -> dict[str, Any]:
    found = verdict(history)
    return {
        "label": label,
        "index": index,
        "line": svg.line(index, f"key-{index}"),
        "hue": index % len(svg.WEB.series),
        "stage": found.stage.name.lower(),
        "name": found.heading or STAGE_NAMES[found.stage],
        "meaning": "of the first model" if found.heading else str(found.stage),
        "sentence": found.sentence[0].upper() + found.sentence[1:] + ".",
        "timeline": "" if found.heading else _timeline(history),
        "span": (int(history.generations[0]), int(history.generations[-1])),
    }


def _timeline(history: History) -> Markup:
    """Shares of replicates per stage, generation by generation, as stacked bars."""
    stages = history.stages()
    shares = np.stack([np.mean(stages == member, axis=0) for member in reversed(Stage)])
    tops = np.concatenate([np.zeros((1, shares.shape[1])), np.cumsum(shares, axis=0)])
    bars = []
    for row, member in enumerate(reversed(Stage)):
        path = "".join(
            f"M{i} {100 * tops[row, i]:.4g}h1v{100 * share:.4g}h-1z"
            for i, share in enumerate(shares[row])
            if share > 0
        )
        if path:
            bars.append(f'<path class="stage-{member.name.lower()}" d="{path}"/>')
    box = f'viewBox="0 0 {shares.shape[1]} 100" preserveAspectRatio="none"'
    return Markup(
        f'<svg {box} shape-rendering="crispEdges" aria-hidden="true">{"".join(bars)}</svg>'
    )


def _occurring(histories: Mapping[str, History]) -> dict[str, str]:
    """Names of the stages that any replicate was ever in."""
    found = {member for history in histories.values() for member in history.stages().flat}
    return {member.name.lower(): STAGE_NAMES[member] for member in Stage if member in found}


def _curves(
    histories: Mapping[str, History], about: Mapping[str, tuple[str, list[str]]]
) -> list[dict[str, Any]]:
    """Panels of all measures, those of one probe together."""
    measures = dict.fromkeys(m for history in histories.values() for m in history.measures)
    groups: dict[str, dict[str, Any]] = {}
    for index, measure in enumerate(measures):
        probe, _, part = measure.partition(".")
        summary, more = about.get(probe) or _built_in(probe)
        group = groups.setdefault(
            probe,
            {"name": probe, "title": _title(probe), "summary": summary, "more": more, "panels": []},
        )
        group["panels"].append(
            {
                "measure": measure,
                "title": _title(part or probe),
                "svg": svg.panel(measure, histories, f"curve-{index}"),
                "words": _in_words(measure, histories),
            }
        )
    return list(groups.values())


def _theory(histories: Mapping[str, History]) -> list[dict[str, Any]]:
    """What theory says about each measure that it knows, lineage by lineage."""
    measures = dict.fromkeys(m for history in histories.values() for m in history.measures)
    found = []
    for measure in measures:
        group: dict[str, Any] = {"measure": _title(measure), "covered": [], "refused": []}
        for label, history in histories.items():
            about = statement(history, measure) if measure in history.readings else None
            if about is not None:
                kind = "refused" if about.curve is None else "covered"
                row = {"label": label, "words": about.words, "scores": []}
                if about.scores is not None:
                    at = dict(zip(history.generations.tolist(), about.scores, strict=True))
                    shown = [at.get(g, math.nan) for g in shown_generations(histories, None)]
                    row["scores"] = [f"{score:+.1f}" for score in shown if math.isfinite(score)]
                group[kind].append(row)
        found.append(group)
    return found


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _built_in(name: str) -> tuple[str, list[str]]:
    if name not in registry.names("probe"):
        return "", []
    return _documentation(registry.load("probe", name, "measures"))


def _documentation(probe: Any) -> tuple[str, list[str]]:
    """First paragraph and the rest of the prose of a docstring, without its sections."""
    owner = probe if inspect.isroutine(probe) or isinstance(probe, type) else type(probe)
    text = inspect.getdoc(owner) or ""
    if text.startswith(f"{owner.__name__}("):
        return "", []  # made by the dataclass decorator
    prose = re.split(r"\n\w[\w ]*\n-{3,}\n", text)[0]
    paragraphs = [" ".join(part.split()) for part in prose.split("\n\n") if part.strip()]
    return (paragraphs[0], paragraphs[1:]) if paragraphs else ("", [])


def _code(text: str) -> Markup:
    """Prose of a docstring, with what stands between backticks set as code."""
    return Markup(re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", str(escape(text))))


def _in_words(measure: str, histories: Mapping[str, History]) -> str:
    """What a panel shows, for those who do not see it."""
    parts = []
    for label, history in histories.items():
        if measure in history.readings:
            median = history.band(measure).median
            name = f"{label}: " if label else ""
            parts.append(f"{name}median from {number(median[0])} to {number(median[-1])}")
    return f"{measure} by generation. {'; '.join(parts)}."
