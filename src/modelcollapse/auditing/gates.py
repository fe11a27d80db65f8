"""Gates: what makes an audit fail, for pipelines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelcollapse.auditing.catalogue import MEASURES, Concern
from modelcollapse.auditing.plugins import plugins
from modelcollapse.errors import InputError, suggestion

STAGES = ("early", "late", "undecided")
FINDINGS = tuple(
    str(x) for x in (Concern.NARROWING, Concern.DUPLICATION, Concern.DRIFT, Concern.NOISE)
)
NAMES = (*STAGES, *FINDINGS, "leak", "any")
_METRIC = re.compile(r"metric=(?P<name>[^<>]+?)(?:(?P<sign>[<>])(?P<limit>[-+.\deE]+))?$")


@dataclass(frozen=True)
class Gate:
    """One condition under which an audit fails.

    Attributes
    ----------
    name : str
        Stage (early fails on late too), finding, "leak", "any", or a measure.
    metric : bool
        Whether it names a measure.
    sign, limit : str, float or None
        Fail where the value of the measure is below (``<``) or above (``>``) a limit of the
        user's; without them where it changed.
    """

    name: str
    metric: bool = False
    sign: str | None = None
    limit: float | None = None


def gate(text: str) -> Gate:
    """Read a gate.

    Parameters
    ----------
    text : str
        ``early``, ``late``, ``undecided``, a finding, ``leak``, ``any``, ``metric=NAME`` (fail
        where it changed) or ``metric=NAME<0.8`` (fail below a limit of one's own).

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> gate("metric=distinct_2:body<0.5")
    Gate(name='distinct_2:body', metric=True, sign='<', limit=0.5)
    """
    if text in NAMES:
        return Gate(text)
    found = _METRIC.match(text)
    if not found:
        raise InputError(
            f"there is no gate {text!r}. {suggestion(text, NAMES)} Measures are metric=NAME or "
            "metric=NAME<LIMIT."
        )
    limit = found["limit"]
    try:
        number = None if limit is None else float(limit)
    except ValueError:
        raise InputError(f"{limit!r} in the gate {text!r} is no number. Use 0.8.") from None
    name, known = found["name"].strip(), [*MEASURES, *plugins()]
    if name.split(":", 1)[0] not in known:
        raise InputError(
            f"there is no measure {name!r} for the gate {text!r}. "
            f"{suggestion(name.split(':', 1)[0], known)}"
        )
    return Gate(name, True, found["sign"], number)


def failed(card: Mapping[str, Any], gates: Iterable[Gate]) -> list[str]:
    """What was not passed.

    Parameters
    ----------
    card : mapping
        Of an audit.
    gates : iterable of Gate
        To pass.

    Returns
    -------
    list of str
        One sentence for each gate that was not passed.

    Raises
    ------
    InputError
        If a gate names a measure that was not read.
    """
    sentences = [_failure(card, one) for one in gates]
    return [sentence for sentence in sentences if sentence]


def _failure(card: Mapping[str, Any], one: Gate) -> str:
    if one.metric:
        return _of_measure(card, one)
    stage, findings = card["verdict"]["stage"], card["verdict"]["findings"]
    lost = {"early": ("early", "late"), "late": ("late",), "undecided": ("not enough data",)}
    if stage in lost.get(one.name, ("early", "late") if one.name == "any" else ()):
        return f"the stage is {stage}"
    hit = [name for name in findings if one.name in (name, "any")]
    if card["verdict"].get("leak") is not None and one.name in ("leak", "any"):
        hit.append("a leak")
    return f"found {' and '.join(hit)}" if hit else ""


def _of_measure(card: Mapping[str, Any], one: Gate) -> str:
    rows = {
        f"{row['measure']}:{row['about']}" if row["about"] else row["measure"]: row
        for row in card["readings"]
    }
    if one.name not in rows:
        raise InputError(
            f"no measure {one.name!r} was read, so that its gate says nothing. "
            f"{suggestion(one.name, list(rows))}"
        )
    row = rows[one.name]
    if one.sign is None or one.limit is None:
        return f"{one.name} changed" if row["outcome"] == "changed" else ""
    value = row["value"]
    if value is None:
        return f"{one.name} has no value here"
    beyond = float(value) < one.limit if one.sign == "<" else float(value) > one.limit
    return f"{one.name} is {float(value):.4g}, {one.sign} {one.limit:g}" if beyond else ""
