"""One self-contained page about an audit: verdict, tails, groups, signals, examples, settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from math import expm1
from typing import Any

from modelcollapse import audit_pictures as pictures
from modelcollapse.audit_pictures import Scale, defined, forest, rounded
from modelcollapse.auditing.catalogue import MEASURES, Concern, Tolerance
from modelcollapse.auditing.result import would_decide
from modelcollapse.auditing.wording import FINDINGS
from modelcollapse.curation_pictures import bar
from modelcollapse.plot import number
from modelcollapse.report_tables import counted

_STAGES = {"none": "none", "early": "early", "late": "late", "not enough data": "undecided"}
_SHORT = {
    "none": "no collapse", "early": "early collapse", "late": "late collapse",
    "not enough data": "not enough data",
}  # fmt: skip
_OUTCOMES = {
    "changed": "growing", "replaced": "growing", "not decided": "undecided", "held": "none",
    "the other way": "none", "not measured": "undecided",
}  # fmt: skip
_LOSSES = {"tails": "early", "spread": "late"}
_FATES = {
    "erased": "late", "eroded": "early", "grown": "growing", "undecided": "undecided",
    "kept": "none",
}  # fmt: skip
_CONCERNS = {
    "tails": "Tails", "spread": "Spread", "narrowing": "Narrowing", "duplication": "Duplication",
    "drift": "Drift", "noise": "Noise", "hygiene": "Hygiene",
}  # fmt: skip
_DRAWN = 4
"""Columns whose tails are drawn; those of the others are folded."""
_SHOWN = 8
"""Examples of a kind that are not folded."""
_MOST, _LEAST = 30, 10
"""Rows of a table of groups that are not folded: all whose share changed, within these limits."""
_FOLDED = 300
"""Rows that are folded: a browser should open the page; the card has all of them."""
_CHANGES = Scale(-5.0, 2.5, 0.0, zone=(-1.0, 1.0))
_AGES = Scale(1.0, 1e4, 0.0, (1.0, 10.0, 100.0, 1000.0), log=True)


def render(card: Mapping[str, Any]) -> str:
    """HTML of the report.

    Parameters
    ----------
    card : mapping
        Of one audit, or of a lineage: then trajectories come first, and the last generation after.

    Returns
    -------
    str
        A page without scripts that loads nothing. The same card gives the same page.
    """
    several = card.get("kind") == "lineage"
    last = card["generations"][-1] if several else card
    page: str = _template().render(
        card=last,
        title=_title(card, last, several),
        facts=_facts(card, last, several),
        verdict=card["verdict"],
        state=_STAGES[card["verdict"]["stage"]],
        findings=[(name, FINDINGS[Concern(name)]) for name in card["verdict"]["findings"]],
        age=_age(last["verdict"]["generations"]),
        tally=_tally(last),
        lineage=_lineage(card) if several else None,
        tails=_tails(last["ranks"], last["retention"]),
        partitions=_partitions(last),
        headlines=_signals([row for row in last["readings"] if row["headline"]]),
        others=_others(last["readings"]),
        examples={**last["lost"], **last["overproduced"]},
        roles=sorted(last["roles"], key=lambda row: row["role"] == "skipped"),
        settings=_settings(last["settings"]),
        notes=card["notes"],
        drawn=_DRAWN,
        shown=_SHOWN,
    )
    return page


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("modelcollapse"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["number"] = lambda value: _figure(defined(value))
    environment.filters["percent"] = lambda value: _percent(defined(value))
    environment.filters["chance"] = _chance
    environment.filters["counted"] = counted
    return environment.get_template("audit.html.j2")


def _figure(value: float) -> str:
    return number(rounded(value))


def _percent(value: float) -> str:
    if value != value:
        return "undefined"
    digits = f"{100 * value:.2g}" if value < 0.1 else f"{100 * value:.1f}"
    return f"{number(float(digits))} %"


def _chance(value: float | str | None) -> str:
    """A probability; one too small for a float is called so."""
    return "under 10⁻³⁰⁰" if value == 0 else number(defined(value))


def _range(row: Mapping[str, Any], show: Callable[[float], str] = _figure) -> str:
    low, high = defined(row["low"]), defined(row["high"])
    return "" if low != low or high != high else f"{show(low)} to {show(high)}"


def _title(card: Mapping[str, Any], last: Mapping[str, Any], several: bool) -> str:
    if not several:
        return f"Audit of {last['data']['new']['source']}"
    numbers = card["generation"]
    if len(numbers) == 1:
        return f"Audit of generation {numbers[0]}"
    return f"Audit of generations {numbers[0]} to {numbers[-1]}"


def _facts(card: Mapping[str, Any], last: Mapping[str, Any], several: bool) -> list[str]:
    data, read = last["data"], sum(row["role"] != "skipped" for row in last["roles"])
    return [
        *([counted(len(card["generation"]), "generation")] if several else []),
        counted(data["new"]["rows"], "new record"),
        f"{counted(data['reference']['rows'], 'record')} of {data['reference']['source']}",
        f"{counted(read, 'column')} read",
        f"modelcollapse {last['modelcollapse']}",
    ]


def _age(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Generations of pure resampling that lose as much, with their place on an axis."""
    if found is None or found["value"] is None:
        return None
    value, low, high = (defined(found[name]) for name in ("value", "low", "high"))
    return {
        **found,
        "words": "no" if value == 0 else number(float(f"{value:.2g}")),
        "range": _range(found, lambda x: number(float(f"{x:.2g}"))),
        "picture": forest(value, low, high, _AGES, "growing"),
        "marks": _AGES.marks(),
    }


def _tally(card: Mapping[str, Any]) -> dict[str, Any]:
    """How many headlines came out which way, in the colour of the stage where they changed."""
    found = Counter(row["outcome"] for row in card["readings"] if row["headline"])
    parts = {outcome: found[outcome] for outcome in _OUTCOMES if found[outcome]}
    stage = card["verdict"]["stage"]
    states = {**_OUTCOMES, **({"changed": stage} if stage in _LOSSES.values() else {})}
    classes = {outcome: f"stage-{state}" for outcome, state in states.items()}
    return {
        "total": found.total(),
        "changed": found["changed"],
        "parts": [(outcome, count, states[outcome]) for outcome, count in parts.items()],
        "bar": bar(parts, classes),
    }


def _tails(
    ranks: Sequence[Mapping[str, Any]], retention: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Columns with the pictures of their tails; what is of whole records goes first."""
    names = [(row["kind"], row["name"]) for row in (*retention, *ranks)]
    order = {"records": 0, "words": 1, "categories": 2}
    types = {(row["kind"], row["name"]): -row["types"] for row in ranks}
    found: list[dict[str, Any]] = []
    for key in sorted(dict.fromkeys(names), key=lambda k: (order[k[0]], types.get(k, 0))):
        by_rank, by_rarity = (
            next((row for row in rows if (row["kind"], row["name"]) == key), None)
            for rows in (ranks, retention)
        )
        known = _known(by_rarity)
        if len(known) < 2:
            by_rarity = None
        if by_rank is by_rarity is None:
            continue
        prefix = f"tail-{len(found)}"
        found.append({
            "kind": key[0], "name": key[1], "ranks": by_rank, "retention": by_rarity,
            "rank_picture": by_rank and pictures.ranks(by_rank, f"{prefix}-ranks"),
            "rank_rows": by_rank and _some_ranks(by_rank),
            "rarity_picture": by_rarity and pictures.retention(by_rarity, f"{prefix}-rarity"),
            "rarity_rows": known if by_rarity else [],
        })  # fmt: skip
    return found


def _known(row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Bands of rarity of which it is defined how much is left."""
    return [
        {**band, "name": pictures.band_of(band), "range": _range(band)}
        for band in (row["deciles"] if row else ())
        if defined(band["ratio"]) >= 0
    ]


def _some_ranks(row: Mapping[str, Any]) -> list[tuple[int, float, float]]:
    """Ranks 1, 3, 10, 30 ... or those next to them, with both counts."""
    at, rows, wanted = row["reference"]["ranks"], [], 1.0
    for position, rank in enumerate(at):
        if rank >= wanted:
            real, new = (row[side]["counts"][position] for side in ("reference", "new"))
            rows.append((rank, real, new))
            wanted = max(wanted * 10**0.5, rank * 2)
    return rows


def _partitions(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Subgroups and categories: those whose share changed first, on one axis."""
    return [
        _partition(kind, rows, left_out)
        for kind, rows, left_out in (
            ("subgroup", card["groups"], 0),
            ("category", card["categories"], card["categories_left_out"]),
        )
        if rows
    ]


def _partition(kind: str, rows: Sequence[Mapping[str, Any]], left_out: int) -> dict[str, Any]:
    ranked = sorted(rows, key=lambda row: list(_FATES).index(row["fate"]))
    told = sum(row["fate"] in ("erased", "eroded", "grown") for row in rows)
    shown = min(max(told, _LEAST), _MOST)
    scale = Scale.of_ratios(rows)
    drawn = [_group(row, scale) for row in ranked]
    fates = Counter(row["fate"] for row in rows)
    return {
        "kind": kind, "plural": "categories" if kind == "category" else "subgroups",
        "rows": drawn[:shown], "rest": drawn[shown : shown + _FOLDED], "marks": scale.marks(),
        "left_out": left_out + max(len(rows) - shown - _FOLDED, 0), "total": len(rows) + left_out,
        "fates": [(fate, fates[fate], state) for fate, state in _FATES.items() if fates[fate]],
    }  # fmt: skip


def _group(row: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    ratio, low, high = (defined(row[name]) for name in ("ratio", "low", "high"))
    state = _FATES[row["fate"]]
    picture = forest(ratio, low, high, scale, state, hollow=row["fate"] == "undecided")
    return {**row, "state": state, "range": _range(row), "picture": picture}


def _signals(readings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of readings, those that changed first."""
    return [
        {
            **row, "state": _state(row), "range": _range(row), "picture": _change(row),
            "meaning": MEASURES[row["measure"]].meaning if row["measure"] in MEASURES else "",
            "would": would_decide(row),
        }
        for row in sorted(readings, key=lambda row: list(_OUTCOMES).index(row["outcome"]))
    ]  # fmt: skip


def _state(row: Mapping[str, Any]) -> str:
    if row["outcome"] == "changed":
        return _LOSSES.get(row["concern"], "growing")
    return _OUTCOMES[row["outcome"]]


def _change(row: Mapping[str, Any]) -> Any:
    """Change in tolerances, towards collapse on the left; None where nothing is tolerated."""
    value, low, high, expected = (
        defined(row[name]) for name in ("value", "low", "high", "expected")
    )
    margin = Tolerance(row["tolerance"] or 0.0, row["relative"]).margin(expected)
    if not margin > 0 or value != value:
        return None
    backward = row["collapse"] == "grows" or (row["collapse"] == "either" and value > expected)
    sign = -1.0 if backward else 1.0
    ends = sorted(sign * (end - expected) / margin for end in (low, high))
    return forest(
        sign * (value - expected) / margin, ends[0], ends[1], _CHANGES, _state(row),
        hollow=row["outcome"] == "not decided",
    )  # fmt: skip


def _others(readings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Readings that are no headlines, by concern."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in readings:
        if not row["headline"]:
            found.setdefault(row["concern"], []).append(row)
    return [
        {
            "name": name, "rows": _signals(found[concern])[:_FOLDED],
            "total": len(found[concern]),
            "changed": sum(row["outcome"] == "changed" for row in found[concern]),
        }
        for concern, name in _CONCERNS.items()
        if concern in found
    ]  # fmt: skip


def _lineage(card: Mapping[str, Any]) -> dict[str, Any]:
    """Generations with their stages, and every trajectory with its picture."""
    by_name = [
        {(row["measure"], row["about"]): row for row in one["readings"]}
        for one in card["generations"]
    ]
    at = dict(zip(card["generation"], by_name, strict=True))
    found = []
    for index, row in enumerate(sorted(card["trajectories"], key=_when)):
        key = (row["measure"], row["about"])
        margins = [
            Tolerance(at[g][key]["tolerance"] or 0.0, at[g][key]["relative"]).margin(
                defined(at[g][key]["expected"])
            )
            for g in row["generation"]
        ]
        found.append({
            **row, "picture": pictures.trajectory(row, margins, f"path-{index}"),
            "first": row["value"][0], "last": row["value"][-1],
            "slope": _slope(row["slope"]), "state": _LOSSES.get(row["concern"], "growing"),
        })  # fmt: skip
    return {
        "stages": [
            {
                "generation": number_, "state": _STAGES[one["verdict"]["stage"]],
                "stage": _SHORT[one["verdict"]["stage"]], "findings": one["verdict"]["findings"],
                "rows": one["data"]["new"]["rows"],
                "source": one["data"]["new"]["source"],
            }
            for number_, one in zip(card["generation"], card["generations"], strict=True)
        ],
        "paths": found,
        "lost": sum(row["lost_at"] is not None for row in found),
        "onset": card["verdict"]["onset"],
    }  # fmt: skip


def _when(row: Mapping[str, Any]) -> tuple[bool, int]:
    """What was lost goes first, the earliest loss before the others."""
    return (row["lost_at"] is None, row["lost_at"] or 0)


def _slope(found: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Slope in words; of a logarithm, as change in per cent."""
    if found is None:
        return None
    if found["unit"].startswith("log"):
        shares = {name: 100 * expm1(found[name]) for name in ("value", "low", "high")}
        return {"value": f"{_signed(shares['value'])} %", "range": _range(shares, _signed) + " %"}
    return {"value": _signed(found["value"]), "range": _range(found, _signed)}


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_figure(float(f'{value:.2g}'))}"


def _settings(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings in words, without those that are left empty."""
    rows = []
    for name, value in given.items():
        if isinstance(value, Mapping):
            words = ", ".join(f"{key} {number(amount)}" for key, amount in value.items())
        elif isinstance(value, list | tuple):
            words = ", ".join(" x ".join(map(str, by)) if isinstance(by, list | tuple) else str(by)
                              for by in value)  # fmt: skip
        elif isinstance(value, bool):
            words = "yes" if value else ""
        elif isinstance(value, int | float):
            words = number(value)
        else:
            words = value or ""
        if words:
            rows.append((name.replace("_", " "), words))
    return rows
