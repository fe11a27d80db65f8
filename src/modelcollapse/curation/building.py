"""Parts of a curation, from what a spec says of them."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelcollapse import registry
from modelcollapse.curation.settings import RARITY, Columns
from modelcollapse.errors import SpecError, suggestion
from modelcollapse.protocols import Verifier
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.pile import Rule
from modelcollapse.verification.naming import column_fields


def made(cls: type, given: Any, where: str) -> Any:
    """Settings that may be built already."""
    if isinstance(given, cls):
        return given
    if not isinstance(given, Mapping):
        raise SpecError(f"{where}: expected a mapping of fields to values, got {given!r}.")
    return registry.make(cls, given, where)


def verifiers_from(given: Any, columns: Columns, base: Path) -> tuple[Verifier, ...]:
    """Verifiers that are described, or built already."""
    if isinstance(given, str | Mapping) or not isinstance(given, list | tuple):
        given = [given]
    return tuple(
        registry.build("verifier", _filled(part, columns, base, where), where)
        if isinstance(part, str | Mapping)
        else part
        for part, where in ((part, f"verifiers[{i}]") for i, part in enumerate(given))
    )


def _filled(part: Any, columns: Columns, base: Path, where: str) -> Any:
    """Spec of a verifier that reads the columns of the records, unless it names others."""
    if isinstance(part, str):
        part = {"type": part}
    if "type" not in part:
        return part
    cls = registry.load("verifier", str(part["type"]), f"{where}.type")
    reads, writes = (getattr(cls, name, ()) for name in ("names_files", "writes_files"))
    filled = {
        field: name
        for field, what in column_fields(cls).items()
        if (name := getattr(columns, what)) is not None
    }
    for key, value in part.items():
        if isinstance(value, list) and all(map(_is_part, value)):
            value = [_filled(e, columns, base, f"{where}.{key}[{i}]") for i, e in enumerate(value)]
        elif _is_part(value):
            value = _filled(value, columns, base, f"{where}.{key}")
        if key in reads:
            value = _in_full(value, base)
        elif key in writes and value:
            value = os.path.abspath(base / value)
        filled[key] = value
    return filled


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) and "type" in value


def _in_full(value: Any, base: Path) -> Any:
    """A value that names files beside the spec, with their path in full."""
    if isinstance(value, list):
        return [_in_full(entry, base) for entry in value]
    if not isinstance(value, str) or not value:
        return value
    path = os.path.abspath(base / value)
    return path if os.path.exists(path) or glob.glob(path, recursive=True) else value


def rule_from(given: Any, columns: Columns, counted: bool) -> Rule:
    """Rule that is described, or built already; what suits the records when not given."""
    if given is None:
        # With a number to reach, a prompt may have to give more than its best answer.
        rounds = {"type": "best_per_prompt", "keep": None if counted else 1}
        given = rounds if columns.prompt else "top_fraction"
    rule: Rule = given
    if isinstance(given, str | Mapping):
        rule = registry.build("rule", given, "select")
    return rule


def guard_from(given: Any, rule: Rule, columns: Columns) -> Any:
    """Guard around the rule, of the groups that are watched unless it names others."""
    if isinstance(given, TailGuard):
        return dataclasses.replace(given, rule=rule)
    if isinstance(given, Mapping) and "rule" in given:
        raise SpecError("guard: the rule inside is what 'select' says. Leave 'rule' out here.")
    if not isinstance(given, Mapping):
        raise SpecError(f"guard: expected a mapping such as {{least: 0.5}}, got {given!r}.")
    guard = registry.make(
        TailGuard, {"groups": columns.groups or (RARITY,), "rule": rule, **given}, "guard"
    )
    for name in guard.groups:
        if name not in (*columns.groups, RARITY):
            raise SpecError(
                f"guard: the groups '{name}' are not among columns.groups. "
                f"{suggestion(name, (*columns.groups, RARITY))}"
            )
    return guard
