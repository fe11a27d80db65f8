"""The data card that people read, beside the one that machines read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelcollapse.curation.accounting import STATES
from modelcollapse.verifier_quality import Estimate

SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"))
"""Words that the Hugging Face hub has for sizes."""


def verdict(estimate: Estimate | None, sentence: str | None) -> dict[str, str]:
    """The two verdicts as one heading, and how good it is.

    Parameters
    ----------
    estimate : Estimate or None
        None where labels do not allow one.
    sentence : str or None
        What the labels say; None without labels.

    Returns
    -------
    dict
        ``state``: good, bad, mixed or unknown; ``heading``; ``sentence``.
    """
    if sentence is None:
        return {
            "state": "unknown",
            "heading": "Not known: no record is labelled",
            "sentence": "Nobody has said yet which records are right, so it is not known whether "
            "what is kept is better than what was written. The command modelcollapse design says "
            "which records to label.",
        }
    if estimate is None:
        return {
            "state": "unknown",
            "heading": "Not known yet",
            "sentence": sentence.removeprefix("Not known yet: "),
        }
    helps, breaks = estimate.helps.answer, estimate.breaks_down.answer
    if helps == "no":
        state, heading = "bad", "Selection does harm"
    elif breaks == "yes":
        state, heading = "bad", "Selection breaks down"
    elif helps == "yes" and breaks == "no":
        state, heading = "good", "Selection helps"
    elif helps == "yes":
        state, heading = "mixed", "Selection helps; whether enough is not known yet"
    elif breaks == "no":
        state, heading = "mixed", "It does not break down; whether it helps is not known yet"
    else:
        state, heading = "unknown", "Not known yet"
    rest = sentence.removeprefix(f"{heading}: ").removeprefix("Not known yet: ")
    return {"state": state, "heading": heading, "sentence": rest[:1].upper() + rest[1:]}


def readme(card: Mapping[str, Any], files: str) -> str:
    """Data card in Markdown, with the front matter of the Hugging Face hub.

    Parameters
    ----------
    card : mapping
        The manifest.
    files : str
        Pattern of the data files.
    """
    import yaml

    rows = card["mix"]["rows"]
    total = sum(rows.values())
    front = {
        "tags": ["synthetic", "modelcollapse"],
        "annotations_creators": ["machine-generated"],
        "source_datasets": ["original"] if rows["real"] else [],
        "size_categories": [next((name for most, name in SIZES if total < most), "n>1M")],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    head = yaml.safe_dump({k: v for k, v in front.items() if v}, sort_keys=False)
    return f"---\n{head}---\n\n" + "\n".join(_body(card, rows, total))


def _body(card: Mapping[str, Any], rows: Mapping[str, int], total: int) -> list[str]:
    counts, found = card["counts"], card["verdict"]
    settings = card["settings"]
    lines = [
        f"# {card['title']}",
        "",
        f"**{found['heading']}.** {found['sentence']}",
        "",
        f"{total:,} records to train generation {settings['generation'] + 1} on: "
        f"{rows['synthetic']:,} written by generation {settings['generation']} and selected, "
        f"{rows['previous']:,} by earlier ones, {rows['real']:,} real. Real share: "
        f"{rows['real'] / total:.1%}. Policy: {settings['mix']['policy']}. "
        f"Seed: {settings['seed']}.",
        "",
        "## What became of the candidates",
        "",
        "| | records | |",
        "|---|---|---|",
        *(f"| {state} | {counts['states'][state]:,} | {about} |"
          for state, about in STATES.items() if counts["states"][state]),
        f"| **read** | **{counts['read']:,}** | |",
        "",
        "## How they were chosen",
        "",
        *(f"- `{entry['name']}`: {entry['scored']:,} scored, {entry['without']:,} without a score"
          for entry in card["verifiers"]),
        f"- {_rule(settings)}",
        *(f"- {note}" for note in card["selection"]["notes"]),
        "",
    ]  # fmt: skip
    if card["audit"] is not None and "p" in card["audit"]:
        lines += ["## How good the verifier is", "", *_shares(card["audit"]), ""]
    lines += [
        "## Columns",
        "",
        "The records' own columns are as they were. Those that begin with `mc_` say where each "
        "record comes from: `mc_id`, `mc_origin` (real, or the generation), `mc_generator`, "
        "`mc_parent`, `mc_weight` and a score for each verifier.",
        "",
        "`manifest.json` holds all of this for machines, with digests of what was read and "
        "written; `croissant.json` the lineage in PROV-O; `dropped/` what was left out, with the "
        "reason; `report.html` what the selection did.",
        "",
    ]
    return lines


def _rule(settings: Mapping[str, Any]) -> str:
    rule = settings["guard"] or settings["select"]
    keep = "" if settings["keep"] is None else f", {settings['keep']} kept"
    return f"chosen by `{named(rule)}`{keep}"


def named(part: Any) -> str:
    """A part of a spec in one line."""
    if not isinstance(part, Mapping):
        return str(part)
    inside = ", ".join(
        f"{key}={named(value)}"
        for key, value in part.items()
        if key != "type" and value is not None
    )
    return f"{part.get('type', 'tail_guard')}({inside})"


def _shares(audit: Mapping[str, Any]) -> list[str]:
    names = {
        "p": "wrong among all", "phi": "kept among the right", "psi": "kept among the wrong",
        "breakdown_point": "p*, the most p it bears", "kept_error": "wrong among the kept",
    }  # fmt: skip
    lines = [f"| | {audit['confidence']:.0%} interval |", "|---|---|"]
    for name, meaning in names.items():
        entry = audit[name]
        value = "not known" if entry["value"] is None else f"{entry['value']:.3f}"
        lines.append(f"| {meaning} | {value} [{entry['low']:.3f}, {entry['high']:.3f}] |")
    return lines
