"""The manifest of a training set, and the other papers that go with it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.curation import card as cards
from modelcollapse.curation.croissant import croissant
from modelcollapse.curation.inputs import ROLES, Inputs, file_of, has_own_code, relative
from modelcollapse.curation.measuring import Measured
from modelcollapse.curation.mixing import Mixed
from modelcollapse.curation.output import CARD, CROISSANT, MANIFEST, REPORT
from modelcollapse.curation.publishing import Written
from modelcollapse.curation.result import Curation, as_json
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.curation.writing import part_of
from modelcollapse.shards.text import new_digest

if TYPE_CHECKING:
    from modelcollapse.curation.curating import Selection

FORMAT = 1
"""Of the manifest."""
LONGEST = 600
"""Letters of an example's text that are shown."""
PAPERS = {"audit": "labels", "tokenizer": "tokenizer", "verifiers": "what a verifier reads"}
"""What is read besides records."""
BINS = 24
"""Bars of the histograms of scores."""


def settings(spec: CurationSpec) -> dict[str, Any]:
    """Settings that determine the output, with files named from the folder of the spec."""
    found: dict[str, Any] = json.loads(json.dumps(_relative(spec.settings(), spec.base)))
    return found


def wanted(inputs: Inputs) -> dict[str, Any]:
    """All that an output depends on: settings, content of files, versions."""
    return {
        "settings": settings(inputs.spec),
        "inputs": inputs.described(),
        "versions": versions(),
    }


def _relative(value: Any, base: Path) -> Any:
    if isinstance(value, Mapping):
        return {key: _relative(entry, base) for key, entry in value.items()}
    if isinstance(value, list):
        return [_relative(entry, base) for entry in value]
    root = os.path.join(os.path.abspath(base), "")
    return value.removeprefix(root) if isinstance(value, str) else value


def card(
    selection: Selection,
    mixed: Mixed,
    measured: Measured,
    written: Written,
    wanted: Mapping[str, Any],
    counts: Mapping[str, int],
    states: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Content of the manifest, as plain data without anything undefined."""
    spec, decided, finding = selection.inputs.spec, selection.decided, selection.finding
    limit = spec.mix.limit
    found: dict[str, Any] = {
        "modelcollapse": FORMAT,
        "title": spec.title or f"Training set of generation {spec.generation + 1}",
        "verdict": cards.verdict(
            None if finding is None else finding.estimate,
            None if finding is None else finding.sentence,
        ),
        "settings": wanted["settings"],
        "counts": {"read": written.read, "states": dict(counts), "reasons": dict(states)},
        "selection": {
            "kept": int((decided.fate.copies > 0).sum()),
            "copies": int(decided.fate.copies.sum()),
            "mean_score": _mean(decided.score[decided.fate.copies > 0]),
            "mean_score_of_all": _mean(decided.score),
            "notes": list(decided.notes),
            "figures": dict(decided.figures),
            "lost": measured.lost,
            "weighted": decided.fate.weights is not None,
        },
        "verifiers": [_verifier(selection, name) for name in selection.scores.names],
        "audit": None if finding is None else finding.to_dict(),
        "curve": measured.curve,
        "effects": measured.effects,
        "mix": {
            "policy": spec.mix.policy,
            "rows": written.rows,
            "available": {
                role: sum(looked.size for _, looked in selection.inputs.of(role))
                for role in ("real", "previous")
            },
            "budget": None if limit is None else {
                key: value for key, value in vars(limit).items() if value is not None
            },
            "remainder": mixed.remainder,
        },
        "examples": [
            {"kind": kind, **_example(written.examples[place], spec)}
            for place, kind in measured.examples.items()
        ],
        "inputs": wanted["inputs"],
        "outputs": {
            "format": spec.format,
            "columns": {name: str(kind) for name, kind in written.fields.items()},
            "parts": [part.to_dict() for part in written.parts],
            "dropped": [part.to_dict() for part in written.dropped],
        },
        "versions": wanted["versions"],
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(_defined(found)))
    return plain


def _defined(value: Any) -> Any:
    """The same data with None for what is undefined, and Python's own numbers."""
    if isinstance(value, Mapping):
        return {str(key): _defined(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _mean(values: np.ndarray[Any, Any]) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else None


def _verifier(selection: Selection, name: str) -> dict[str, Any]:
    scores, run = selection.scores, selection.scores.runs[name]
    account, values = scores.account(name), selection.pile.scores[name]
    there = values[~np.isnan(values)]
    kept = selection.decided.fate.copies > 0
    edges = np.histogram_bin_edges(there, BINS) if there.size else np.array([0.0, 1.0])
    return {
        "name": name,
        "settings": _relative(run["verifier"]["spec"], selection.inputs.spec.base),
        "fingerprint": _fingerprint(run["verifier"], selection.inputs.spec.base),
        "scored": account.scored,
        "without": sum(account.without_score.values()),
        "reasons": dict(account.without_score),
        "quantiles": run["quantiles"],
        "histogram": {
            "edges": edges.tolist(),
            "all": np.histogram(there, edges)[0].tolist(),
            "kept": np.histogram(values[kept & ~np.isnan(values)], edges)[0].tolist(),
        },
    }


def _fingerprint(key: Mapping[str, Any], base: Path) -> str:
    """What scores depend on, apart from the records, in a digest that no folder's name changes."""
    files = sorted((relative(file_of(name), base), found) for name, found in key["files"].items())
    parts = [_relative(key["spec"], base), files, key["version"]]
    if has_own_code(key["spec"]):
        parts.append(key["content"])
    return str(new_digest(json.dumps([*parts, key["learnt"]]).encode()).hexdigest()[:12])


def _example(record: Mapping[str, Any], spec: CurationSpec) -> dict[str, Any]:
    columns = spec.columns
    found = {
        "id": record["mc_id"],
        "text": _cut(record[columns.text]),
        "scores": {n.removeprefix("mc_score_"): v for n, v in record.items()
                   if n.startswith("mc_score_")},
    }  # fmt: skip
    for role in ("prompt", "reference"):
        name = getattr(columns, role)
        if name is not None:
            found[role] = _cut(record[name])
    if columns.groups:
        found["groups"] = {name: str(record[name]) for name in columns.groups}
    return found


def _cut(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"


def versions() -> dict[str, str]:
    """Versions of what the output depends on."""
    found = {}
    for name in ("modelcollapse", "numpy", "pyarrow", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return {**found, "python": ".".join(platform.python_version_tuple()[:2])}


def write(root: Path, inputs: Inputs, card: dict[str, Any], written: Written) -> None:
    """Write the manifest, the data card, the lineage and the report."""
    spec = inputs.spec
    (root / CARD).write_text(cards.readme(card, f"part-*.{spec.format}"), encoding="utf-8")
    (root / CROISSANT).write_text(_croissant(inputs, card, written), encoding="utf-8")
    (root / REPORT).write_text(Curation(root, card).to_html(), encoding="utf-8")
    (root / MANIFEST).write_text(as_json(card), encoding="utf-8")


def _croissant(inputs: Inputs, card: Mapping[str, Any], written: Written) -> str:
    spec = inputs.spec
    sources = [
        {"name": entry["files"], "digest": entry["digest"], "role": PAPERS.get(role) or ROLES[role]}
        for role, entries in card["inputs"].items()
        for entry in entries
    ]
    rows, rule = card["mix"]["rows"], card["settings"]["guard"] or card["settings"]["select"]
    return croissant(
        name=Path(spec.output).name,
        description=f"{card['title']}: {rows['synthetic']:,} selected synthetic records, "
        f"{rows['previous']:,} earlier ones and {rows['real']:,} real ones.",
        version="1.0.0",
        license=spec.license,
        parts=written.parts,
        form=spec.format,
        fields=written.fields,
        sources=sources,
        activity=f"Selection by {cards.named(rule)} and mixing by the policy {spec.mix.policy}",
        generators=[] if spec.generator is None else [spec.generator],
        software=f"modelcollapse {card['versions']['modelcollapse']}",
        date=_day(),
    )  # fmt: skip


def _day() -> str:
    """Day that ``SOURCE_DATE_EPOCH`` says, else 1970-01-01: never that of the run or of a file.

    The format demands a day, and any other would differ between copies of the same files.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(given) if given.isdigit() else 0
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d")


def is_whole(folder: Path) -> bool:
    """Whether the files of an output are those that its manifest describes."""
    outputs = Curation.read(folder).card["outputs"]
    try:
        return all(
            part_of(folder, part["name"], part["rows"]).sha256 == part["sha256"]
            for part in (*outputs["parts"], *outputs["dropped"])
        ) and all((folder / name).exists() for name in (CARD, CROISSANT, REPORT))
    except OSError:
        return False
