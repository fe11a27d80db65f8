"""Verifiers as a command line, or a file of them, names them."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelcollapse import registry
from modelcollapse.errors import InputError, SpecError
from modelcollapse.spec import from_yaml

COLUMNS = {"text": ("text", "prediction"), "reference": ("reference",), "prompt": ("prompt",)}
"""Fields of verifiers that say which column holds what."""

# A comma belongs to a value unless another setting follows it, or it is inside a quotation.
_BETWEEN = re.compile(r""",(?=\s*\w+=)(?=(?:[^'"]*['"][^'"]*['"])*[^'"]*$)""")


def named_verifiers(given: Sequence[str], columns: Mapping[str, str | None]) -> list[Any]:
    """Verifiers by name.

    Parameters
    ----------
    given : sequence of str
        ``"rouge"``, ``"rouge:stem=false,text=summary"``, or the path of a YAML file with a
        list of them, as a spec writes them.
    columns : mapping of str to str
        Columns, by what they hold (`COLUMNS`), for verifiers that do not say otherwise.

    Returns
    -------
    list of Verifier

    Raises
    ------
    SpecError
        If a name or a setting is unknown, or does not fit.
    InputError
        If a column is given that none of the verifiers reads.
    """
    specs = [(where, spec) for each in given for where, spec in _specs(each)]
    used: set[str] = set()
    found = []
    for where, spec in specs:
        if "type" not in spec:
            raise SpecError(f"{where}: there is no 'type', so it is not known who verifies.")
        cls = registry.load("verifier", str(spec["type"]), where)
        reads = column_fields(cls)
        used |= set(reads.values())
        defaults = {
            field: name for field, what in reads.items() if (name := columns.get(what)) is not None
        }
        found.append(registry.build("verifier", {**defaults, **spec}, where))
    for what, name in columns.items():
        if name is not None and what not in used:
            raise InputError(
                f"--{what}-column is given, but none of the verifiers reads a {what}. Leave it out."
            )
    return found


def column_fields(cls: type) -> dict[str, str]:
    """Fields of a verifier that name a column, and what it holds (`COLUMNS`)."""
    templates = getattr(cls, "names_columns_in", ())  # such as the prompt of a judge
    fields = {field.name for field in dataclasses.fields(cls)}.difference(templates)
    return {field: what for what, known in COLUMNS.items() for field in known if field in fields}


def column_option(verifiers: Sequence[Any], column: str) -> str | None:
    """Option of the command line that says where to find what a verifier reads in a column."""
    for what, fields in COLUMNS.items():
        if any(getattr(each, field, None) == column for each in verifiers for field in fields):
            return f"--{what}-column"
    return None


def _specs(given: str) -> list[tuple[str, dict[str, Any]]]:
    if given.endswith((".yaml", ".yml", ".json")):
        return _from_file(given)
    name, colon, rest = given.partition(":")
    spec: dict[str, Any] = {"type": name}
    for setting in _BETWEEN.split(rest) if colon else []:
        field, equals, value = setting.partition("=")
        if not equals:
            raise SpecError(
                f"{given}: '{setting}' is no setting. Write {name}:field=value,field=value."
            )
        spec[field.strip()] = _value(value, f"{name}.{field.strip()}")
    return [(name, _with_lists(spec))]


def _with_lists(spec: dict[str, Any]) -> dict[str, Any]:
    """Settings of which one text stands for a list of it, where the verifier takes several."""
    cls = registry.load("verifier", str(spec["type"]), str(spec["type"]))
    kinds = typing.get_type_hints(cls)
    return {
        field: [value] if isinstance(value, str) and kinds.get(field) == tuple[str, ...] else value
        for field, value in spec.items()
    }


def _value(text: str, where: str) -> Any:
    import yaml

    # A command line has no comments, which would leave nothing or only a part of the value.
    if re.match(r"\s*#|\s*[^\s'\"\[{#].*\s#", text):
        return text
    try:
        return from_yaml(text)
    except yaml.YAMLError as error:
        raise SpecError(
            f"{where}: {text!r} cannot be read as a value. Put a text with colons or brackets in "
            "quotation marks."
        ) from error


def _from_file(path: str) -> list[tuple[str, dict[str, Any]]]:
    import yaml

    try:
        document = from_yaml(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}."
        ) from error
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not valid YAML ({' '.join(str(error).split())}).") from error
    if isinstance(document, Mapping) and "verifiers" in document:
        document = document["verifiers"]
    listed = document if isinstance(document, list) else [document]
    named = [{"type": each} if isinstance(each, str) else each for each in listed]
    if not named or not all(isinstance(each, Mapping) for each in named):
        raise SpecError(
            f"{path} holds no verifiers. Write a list of mappings, each with a 'type', e.g. "
            "'- type: rouge'."
        )
    return [(f"{path}: verifiers[{i}]", dict(each)) for i, each in enumerate(named)]
