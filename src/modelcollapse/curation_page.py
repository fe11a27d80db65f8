"""One self-contained page about a curation: verdict, curve, groups, effects, examples, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from modelcollapse import curation_pictures as pictures
from modelcollapse.curation.accounting import STATES
from modelcollapse.plot import number
from modelcollapse.report_tables import counted
from modelcollapse.spec import to_yaml

_STAGES = {"yes": "none", "no": "late", "not known yet": "undecided"}
_CLASSES = {
    "kept": "part-kept", "dropped": "part-dropped", "no score": "part-score",
    "duplicate": "part-twin", "out of budget": "part-budget", "set aside": "part-aside",
    "real": "part-real", "previous": "part-previous", "synthetic": "part-kept",
}  # fmt: skip
_SOURCES = {
    "real": "real records", "previous": "earlier synthetic records",
    "synthetic": "selected candidates",
}  # fmt: skip
_SHARES = {
    "p": ("p", "wrong among all candidates"),
    "phi": ("φ", "kept among the right ones"),
    "psi": ("ψ", "kept among the wrong ones"),
    "breakdown_point": ("p*", "the most p that this selection bears"),
    "kept_error": ("", "wrong among the kept"),
}
_CURVES = {
    "error": ("Wrong among the kept", "From the labels, with its interval. Lower is better."),
    "tail": (
        "Rarest words that still occur",
        "Of the rarest words, which make up a tenth of all, the share that occurs at all in what "
        "is kept, each counting as often as it is used. It grows with the number of records; the "
        "verdict's figure is another one, at equal length. Higher is better.",
    ),
    "score": ("Mean score", "What the rule chooses by."),
}
FAR = 3.0
"""Standard deviations from a random choice that are called more than chance."""


def render(card: Mapping[str, Any]) -> str:
    """HTML of the report.

    Parameters
    ----------
    card : mapping
        Content of the manifest of a curation.

    Returns
    -------
    str
        A page without scripts that loads nothing. The same manifest gives the same page.
    """
    audit = card["audit"]
    page: str = _template().render(
        card=card,
        facts=_facts(card),
        cards=_cards(card),
        headline=card["verdict"],
        curves=_curves(card["curve"]),
        labelled=audit is not None,
        table=_rates(audit),
        groups=_groups(audit),
        forest=_forest(audit),
        effects=_effects(card["effects"]),
        histograms=[
            (entry, pictures.histogram(entry["histogram"], f"scores-{i}"))
            for i, entry in enumerate(card["verifiers"])
        ],
        examples={
            kind: [entry for entry in card["examples"] if entry["kind"] == kind]
            for kind in ("kept", "dropped")
        },
        states=_states(card["counts"]),
        state_bar=pictures.bar(card["counts"]["states"], _CLASSES),
        sources=_sources(card["mix"]),
        source_bar=pictures.bar(card["mix"]["rows"], _CLASSES),
        meaning=STATES,
        spec=to_yaml(_without_defaults(card["settings"])),
        far=FAR,
    )
    return page


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("modelcollapse"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["number"] = lambda value: "undefined" if value is None else number(value)
    environment.filters["percent"] = _percent
    return environment.get_template("curation.html.j2")


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f} %"


def _facts(card: Mapping[str, Any]) -> list[str]:
    settings = card["settings"]
    return [
        counted(card["counts"]["read"], "candidate"),
        f"{card['counts']['states']['kept']:,} kept",
        f"{counted(sum(card['mix']['rows'].values()), 'record')} to train on",
        f"generation {settings['generation'] + 1}",
        f"seed {settings['seed']}",
    ]


def _cards(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """The verdicts: what the labels say, and what became of the tails."""
    audit, found = card["audit"], []
    if audit is None or "helps" not in audit:
        verdict = card["verdict"]
        found.append(
            {"question": "Does selection help?", "state": "undecided",
             "answer": "Not known" if audit is None else "Not known yet",
             "sentence": verdict["sentence"]}
        )  # fmt: skip
    else:
        for question, key, good in (
            ("Does selection help?", "helps", {"yes": "none", "no": "late"}),
            ("Does it break down?", "breaks_down", {"yes": "late", "no": "none"}),
        ):
            verdict = audit[key]
            sentence = _after(verdict["sentence"])
            found.append(
                {"question": question, "state": good.get(verdict["answer"], "undecided"),
                 "answer": verdict["answer"].capitalize(),
                 "sentence": sentence[:1].upper() + sentence[1:]}
            )  # fmt: skip
    return [*found, _tail(card)]


def _after(sentence: str) -> str:
    """Sentence without its beginning, where that says what the answer above it says."""
    for begin in (
        "selection helps: ", "selection does harm: ", "it does not break down: ",
        "it breaks down: ", "whether selection helps is not known yet ",
        "whether it breaks down is not known yet ",
    ):  # fmt: skip
        sentence = sentence.removeprefix(begin)
    return sentence


def _tail(card: Mapping[str, Any]) -> dict[str, str]:
    """What the selection did to rare words and groups, beside a random one of the same size."""
    found = {"question": "What became of the tails?", "state": "none", "answer": "It keeps them"}
    rows = {row["measure"]: row for row in card["effects"]}
    row = rows.get("tail_covered") or rows.get("types_at_equal_length")
    if row is None or row["kept"] is None:
        found |= {"state": "undecided", "answer": "Not known"}
        words = "The texts have too few words to tell."
    elif row["measure"] == "tail_covered":
        words = (
            f"At equal length, {_percent(row['kept'])} of the rare words of real texts are covered "
            f"by what is kept, and {_percent(row['random'])} by a random choice."
        )
    else:
        words = (
            f"In as many words as a random choice has, {number(row['kept'])} different ones are "
            f"kept; the random choice has {number(row['random'])}."
        )
    if row is not None and row["z"] is not None and row["z"] <= -FAR:
        found |= {"state": "early", "answer": "It cuts them"}
    lost = {name: groups for name, groups in card["selection"]["lost"].items() if groups}
    for column, groups in lost.items():
        expected = rows[f"lost.{column}"]["random"]
        words += f" Nothing is left of {column} {', '.join(groups[:10])}"
        words += " and others" if len(groups) > 10 else ""
        words += f"; a random choice loses {number(expected)} groups on average."
        if expected < 0.5:  # more often than not it would lose none
            found |= {"state": "late", "answer": "It loses groups"}
    return {**found, "sentence": words}


def _curves(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for measure, (title, about) in _CURVES.items():
        there = [row for row in rows if row.get(measure) is not None]
        if not there:
            continue
        chosen = next((row for row in there if row["chosen"]), there[0])
        show = number if measure == "score" else _percent
        found.append(
            {
                "title": title,
                "about": about,
                "svg": pictures.curve(rows, measure, f"curve-{measure}"),
                "words": f"{title}: {show(chosen[measure])} at {_percent(chosen['share'])} kept; "
                f"{show(chosen['random_' + measure])} at random.",
                "here": show(chosen[measure]),
                "chance": show(chosen[f"random_{measure}"]),
            }
        )
    return found


def _rates(audit: Mapping[str, Any] | None) -> list[dict[str, str]]:
    if audit is None or "p" not in audit:
        return []
    return [
        {"sign": sign, "meaning": meaning, **_interval(audit[name])}
        for name, (sign, meaning) in _SHARES.items()
    ]


def _interval(entry: Mapping[str, Any]) -> dict[str, str]:
    return {
        "value": _percent(entry["value"]),
        "range": f"{100 * entry['low']:.1f} to {100 * entry['high']:.1f} %",
    }


def _groups(audit: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    parts = {} if audit is None else audit.get("groups", {})
    return [
        {
            "name": name,
            "labels": found["labels"],
            "cells": [_interval(found[share]) for share in _SHARES],
            "helps": found["helps"]["answer"],
            "state": _STAGES[found["helps"]["answer"]],
        }
        for name, found in parts.items()
    ]


def _forest(audit: Mapping[str, Any] | None) -> Any:
    if audit is None or "p" not in audit:
        return None
    return pictures.groups({"all": audit, **audit["groups"]}, "groups")


def _effects(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows of the table by part, with how far each is from chance, and in which direction."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        z = row["z"]
        place = 0.0 if z is None else max(-10.0, min(10.0, z)) / 10
        state = "undecided"
        if z is not None and abs(z) >= FAR and row["better"]:
            state = "none" if (z > 0) == (row["better"] == "higher") else "late"
        found.setdefault(row["part"], []).append({**row, "place": place, "state": state})
    return list(found.items())


def _states(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": state,
            "about": STATES[state],
            "count": count,
            "share": _percent(count / counts["read"]),
            "class": _CLASSES[state],
            "reasons": [
                (reason, number) for reason, number in counts["reasons"].get(state, {}).items()
                if reason
            ],
        }
        for state, count in counts["states"].items()
        if count
    ]  # fmt: skip


def _sources(mix: Mapping[str, Any]) -> list[dict[str, Any]]:
    total = sum(mix["rows"].values())
    return [
        {
            "name": _SOURCES[source],
            "count": count,
            "share": _percent(count / total),
            "class": _CLASSES[source],
            "of": mix["available"].get(source),
        }
        for source, count in mix["rows"].items()
        if count or mix["available"].get(source)
    ]


def _without_defaults(value: Any) -> Any:
    """Settings without those that are left empty."""
    if isinstance(value, Mapping):
        inner = {key: _without_defaults(entry) for key, entry in value.items()}
        return {k: v for k, v in inner.items() if v not in (None, [], {}, "")}
    return [_without_defaults(entry) for entry in value] if isinstance(value, list) else value
