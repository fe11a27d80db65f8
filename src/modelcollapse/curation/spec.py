"""Spec of a curation: what to choose from, by what, and what to mix it with."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from modelcollapse import registry
from modelcollapse.curation.building import guard_from, made, rule_from, verifiers_from
from modelcollapse.curation.mixing import Budget, Mixing
from modelcollapse.curation.settings import PREFIX, Audit, Columns
from modelcollapse.errors import SpecError, suggestion
from modelcollapse.protocols import Verifier
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.order import verifier_of
from modelcollapse.selection.pile import Rule
from modelcollapse.spec import read_document


@dataclass(frozen=True)
class CurationSpec:
    """What a spec file asks for.

    Attributes
    ----------
    synthetic : tuple of str
        Files, folders or patterns of the candidates.
    verifiers : tuple of Verifier
        What scores them.
    select : Rule
        What chooses among them.
    output : str
        Folder to write.
    real : tuple of str
        Files of real records: for the mix, and to compare with.
    columns : Columns
        Which columns hold what.
    generation : int
        Number of the model that wrote the candidates: 0 was trained on real data only.
    generator : str or None
        Its name, for the provenance of each record.
    keep : float, int or None
        Share or number of the candidates to keep; None leaves it to the rule. A share is all that
        is left without duplicates and records without a score, where that is less.
    guard : object or None
        A `TailGuard` around the rule.
    duplicates : float or None
        Similarity from which texts count as duplicates, of which one stays.
    audit : Audit or None
        Labelled records.
    mix : Mixing
        What else the next training set consists of.
    seed : int
        Of every choice by chance.
    format : {"parquet", "jsonl"}
        Of what is written.
    scores : str or None
        Folder of the scores; beside the candidates when None.
    title : str
        For people.
    license : str or None
        Of what is written, for `croissant.json`; not stated when None.
    base : Path
        Folder to which paths are relative.
    """

    synthetic: tuple[str, ...]
    verifiers: tuple[Verifier, ...]
    select: Rule
    output: str
    real: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)
    generation: int = 0
    generator: str | None = None
    keep: float | int | None = None
    guard: Any = None
    duplicates: float | None = None
    audit: Audit | None = None
    mix: Mixing = field(default_factory=Mixing)
    seed: int = 0
    format: Literal["parquet", "jsonl"] = "parquet"
    scores: str | None = None
    title: str = ""
    license: str | None = None
    base: Path = Path()

    def path(self, given: str) -> Path:
        """Path of a file or folder that the spec names."""
        return self.base / given

    def settings(self) -> dict[str, Any]:
        """Plain data that determines the output, with the values in effect."""
        parts = {
            part.name: getattr(self, part.name)
            for part in dataclasses.fields(self)
            if part.name not in ("base", "output", "scores")
        }
        return {name: _described(value) for name, value in parts.items()}

    def count(self, candidates: int) -> int | None:
        """Number of records to keep of so many candidates.

        Raises
        ------
        SpecError
            If more are to be kept than there are, or none.
        """
        if self.keep is None:
            return None
        number = round(self.keep * candidates) if isinstance(self.keep, float) else self.keep
        if not 0 < number <= candidates:
            raise SpecError(
                f"keep: {self.keep} of {candidates:,} candidates would be {number:,} records. "
                f"Keep from 1 to {candidates:,}."
            )
        return number


def read(path: str | Path) -> CurationSpec:
    """Curation that a YAML or JSON file describes; paths in it are relative to the file.

    Raises
    ------
    SpecError
        If the file is missing, is not YAML or JSON, or does not describe a curation.
    """
    path = Path(path)
    return parse(read_document(path), base=path.parent)


def parse(document: Any, *, base: Path = Path()) -> CurationSpec:
    """Curation from plain data, every field checked.

    Parameters
    ----------
    document : mapping
        As in a spec file; verifiers and rules may be objects.
    base : Path, default the present folder
        Folder to which paths are relative.

    Raises
    ------
    SpecError
        If a field is unknown, missing or of the wrong type; it names the field.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"a spec is a mapping of fields to values, got {type(document).__name__}.")
    known = [part.name for part in dataclasses.fields(CurationSpec) if part.name != "base"]
    for key in document:
        if key not in known:
            raise SpecError(f"unknown field '{key}'. {suggestion(str(key), known)}")
    for key, example in (
        ("synthetic", "gen1/*.jsonl"), ("verifiers", "[{type: rouge}]"), ("output", "gen2/"),
    ):  # fmt: skip
        if not document.get(key):
            raise SpecError(f"{key}: the field is missing or empty. Write e.g. {key}: {example}.")
    given = {key: value for key, value in document.items() if value is not None}
    columns = _columns(given.get("columns", {}))
    if isinstance(given.get("guard"), TailGuard):
        given.setdefault("select", given["guard"].rule)
    parts: dict[str, Any] = {
        "columns": columns,
        "verifiers": verifiers_from(given["verifiers"], columns, base),
        "select": rule_from(given.get("select"), columns, "keep" in given),
    }
    for key in ("synthetic", "real"):
        parts[key] = _paths(given.get(key, ()), key)
    if "guard" in given:
        parts["guard"] = guard_from(given["guard"], parts["select"], columns)
    if "audit" in given:
        audit = given["audit"]
        parts["audit"] = made(Audit, {"file": audit} if isinstance(audit, str) else audit, "audit")
    if "mix" in given:
        mix = {"policy": given["mix"]} if isinstance(given["mix"], str) else given["mix"]
        if isinstance(mix, Mapping) and isinstance(mix.get("previous"), str):
            mix = {**mix, "previous": [mix["previous"]]}
        parts["mix"] = made(Mixing, mix, "mix")
    hints: dict[str, Any] = {
        "output": str, "generation": int, "generator": str, "keep": int | float,
        "duplicates": float, "seed": int, "format": Literal["parquet", "jsonl"], "scores": str,
        "title": str, "license": str,
    }  # fmt: skip
    for key, hint in hints.items():
        if key in given:
            parts[key] = registry.plain(hint, _text(given[key]), key)
    return _checked(CurationSpec(**parts, base=base))


def but(curation: CurationSpec, changes: Mapping[str, Any]) -> CurationSpec:
    """Return the same curation with some fields changed, checked as those of a spec."""
    kept = {part.name: getattr(curation, part.name) for part in dataclasses.fields(curation)}
    base = kept.pop("base")
    return replace(parse({**kept, **changes}, base=base), base=base)


def _text(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, Path) else value


def _checked(curation: CurationSpec) -> CurationSpec:
    keep = curation.keep
    if isinstance(keep, float) and not 0 < keep <= 1:
        raise SpecError(
            f"keep: {keep:g} is no share. Give a share such as 0.25, or a whole number of records."
        )
    if keep is not None and not isinstance(keep, float) and keep < 2:
        raise SpecError(
            f"keep: {keep} is a number of records. Write 1.0 for all of them, a share such as "
            "0.25, or 2 and more."
        )
    share = _share_of(curation.select)
    if keep is not None and share is not None and share < 1:
        raise SpecError(
            f"keep: {keep} and select.share: {share} both say how many records are kept. Leave "
            "one of them out."
        )
    if curation.generation < 0 or curation.seed < 0:
        raise SpecError("generation and seed are counted from 0. Use 0 or a larger whole number.")
    if curation.duplicates is not None and not 0 < curation.duplicates <= 1:
        raise SpecError(
            f"duplicates: {curation.duplicates:g} is no similarity. Use e.g. 0.8, or 1.0 for "
            "texts of the same words only."
        )
    if curation.mix.uses_real and not curation.real:
        raise SpecError(
            f"mix: {curation.mix.policy} uses real records, and the field 'real' names none. Add "
            "real: with their files."
        )
    names = [verifier.name for verifier in curation.verifiers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError(
            f"verifiers: two are called '{twice[0]}', so that their scores could not be told "
            "apart. Give one another label."
        )
    _check_rule(curation.select, names, curation.columns.groups)
    own = [name for name in curation.columns.named if name.startswith(PREFIX)]
    if own:
        raise SpecError(
            f"columns: '{own[0]}' begins with {PREFIX}, as the columns that curate adds. Rename "
            "the column of the records."
        )
    return curation


def _check_rule(rule: Any, names: list[str], columns: tuple[str, ...]) -> None:
    """Check what a rule chooses by, which else would show only after everything is scored."""
    by = verifier_of(rule)
    if by is not None and by not in names:
        raise SpecError(f"select.by: there is no verifier '{by}'. {suggestion(by, names)}")
    while True:
        for group in (getattr(rule, "group", None), *(getattr(rule, "groups", None) or ())):
            if group is not None and group not in columns:
                hint = suggestion(group, columns) if columns else "Name the column there."
                raise SpecError(
                    f"select: the groups '{group}' are not among columns.groups. {hint}"
                )
        if (inner := getattr(rule, "rule", None)) is None:
            break
        rule = inner
    if by is None and len(names) > 1 and hasattr(rule, "by"):
        raise SpecError(
            f"select.by: there are {len(names)} verifiers ({', '.join(names)}), and it is not said "
            f"which one to choose by. Write e.g. select: {{by: {names[0]}, ...}}."
        )


def _share_of(rule: Any) -> float | None:
    """Share of the records that a rule, or the rule inside it, keeps; None if it has none."""
    while rule is not None:
        if hasattr(rule, "share"):
            return float(rule.share)
        rule = getattr(rule, "rule", None)
    return None


def _columns(given: Any) -> Columns:
    if isinstance(given, Mapping) and isinstance(given.get("groups"), str):
        given = {**given, "groups": [given["groups"]]}
    columns: Columns = made(Columns, given, "columns")
    return columns


def _paths(given: Any, where: str) -> tuple[str, ...]:
    if isinstance(given, str | Path):
        given = [given]
    paths: tuple[str, ...] = registry.plain(tuple[str, ...], [_text(path) for path in given], where)
    return paths


def _described(value: Any) -> Any:
    """Plain data about a setting; a part that has no registered name says its class too."""
    described = registry.describe(value)
    if isinstance(value, tuple):
        return [_described(entry) for entry in value]
    if not (isinstance(described, dict) and "opaque" in described):
        return described
    fields = {
        entry.name: _described(getattr(value, entry.name))
        for entry in (dataclasses.fields(value) if dataclasses.is_dataclass(value) else ())
    }
    return fields if isinstance(value, Columns | Audit | Mixing | Budget) else described | fields
