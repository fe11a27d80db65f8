"""Spec files: a simulation written down as YAML or JSON, checked before anything runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from modelcollapse import registry
from modelcollapse.errors import SpecError, suggestion
from modelcollapse.lineage import Lineage
from modelcollapse.probes import bind
from modelcollapse.protocols import Probe

VERSION = 1
"""Version of the spec format that this package reads and writes."""

LINEAGE = ("truth", "learner", "size", "budget", "curator", "holdout")
RUN: dict[str, Any] = {
    "generations": int,
    "replicates": int,
    "seed": int,
    "every": int,
    "snapshots": list[int],
    "title": str,
    "description": str,
}

NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$")
"""Numbers of YAML 1.2 that PyYAML, which reads YAML 1.1, takes for text in part: 1e-3, 1.5e3."""

PATHS = ("path", "folder")
"""Fields of parts that name files and folders."""


@dataclass(frozen=True)
class Simulation:
    """What a spec file asks for: lineages that differ in their policy, and how to run them.

    Attributes
    ----------
    lineages : dict of str to Lineage
        One per policy, by label.
    generations, replicates, seed, every, snapshots
        As in `Lineage.run`.
    probes : tuple of Probe or None
        What to measure; what suits the data when None.
    title, description : str
        For people.
    """

    lineages: Mapping[str, Lineage]
    generations: int = 20
    replicates: int = 1
    seed: int = 0
    every: int = 1
    snapshots: tuple[int, ...] = ()
    probes: tuple[Probe, ...] | None = None
    title: str = ""
    description: str = ""

    def but(self, **changes: Any) -> Simulation:
        """Return the same simulation with some settings changed; None leaves a setting alone."""
        return replace(self, **{key: value for key, value in changes.items() if value is not None})

    def spec(self) -> dict[str, Any]:
        """Plain data that `parse` reads back, with the values in effect.

        Raises
        ------
        SpecError
            If the lineages differ in more than their policy, which a spec cannot say.
        """
        first, *others = self.lineages.values()
        shared = {key: registry.describe(getattr(first, key)) for key in LINEAGE}
        for key, value in shared.items():
            if any(registry.describe(getattr(other, key)) != value for other in others):
                raise SpecError(
                    f"the lineages differ in their {key}, but those of one spec share all but "
                    "their policy. Write a spec for each."
                )
        probes = bind(self.probes, first)
        return {
            "modelcollapse": VERSION,
            "title": self.title,
            "description": self.description,
            **{key: value for key, value in shared.items() if value is not None},
            "policies": {
                label: registry.describe(lineage.policy) for label, lineage in self.lineages.items()
            },
            "generations": self.generations,
            "replicates": self.replicates,
            "seed": self.seed,
            "every": self.every,
            "snapshots": [index for index in self.snapshots if index <= self.generations],
            "measures": [registry.describe(probe) for probe in probes],
        }


def read(path: str | Path) -> Simulation:
    """Simulation that a YAML or JSON file describes; paths in it are relative to the file.

    Raises
    ------
    SpecError
        If the file is missing, is not YAML or JSON, or does not describe a simulation.
    """
    path = Path(path)
    return parse(read_document(path), base=path.parent)


def read_document(path: Path) -> Any:
    """Plain data that a YAML or JSON file holds, in which no key may be given twice.

    Raises
    ------
    SpecError
        If the file is missing, empty, or is not YAML or JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SpecError(f"there is no file {path}. Check the path and the spelling.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}: {error}.") from error
    try:
        document = _from_json(text, path) if path.suffix == ".json" else _from_yaml(text, path)
    except (RecursionError, TypeError) as error:
        raise SpecError(
            f"{path} nests without end, or has a key that is no text. A spec is plain fields and "
            "values."
        ) from error
    if document is None:
        raise SpecError(f"{path} is empty. See the examples folder for specs to start from.")
    return document


def _from_json(text: str, path: Path) -> Any:
    try:
        return json.loads(text, object_pairs_hook=partial(_once, path)) if text.strip() else None
    except json.JSONDecodeError as error:
        raise SpecError(f"{path} is not valid JSON: {error}.") from error


def _once(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Mapping of the pairs, none of which may have the key of another."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise SpecError(
            f"{path} says '{twice}' twice, and only one of them would count. Remove or rename one."
        )
    return mapping


def _from_yaml(text: str, path: Path) -> Any:
    import yaml

    try:
        _refuse_repeated_keys(yaml.compose(text, yaml.SafeLoader), path)
        return from_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise SpecError(f"{path} is not valid YAML{at}: {problem}.") from error


def from_yaml(text: str) -> Any:
    """Plain data that YAML text holds; numbers are those of YAML 1.2, such as 1e-3.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML.

    Examples
    --------
    >>> from_yaml("learning_rate: 1e-3")
    {'learning_rate': 0.001}
    """
    import yaml

    return yaml.load(text, _numerate("SafeLoader"))


@cache
def _numerate(base: str) -> Any:
    """Class of PyYAML, made to know the numbers of YAML 1.2."""
    import yaml

    known: Any = type(base, (getattr(yaml, base),), {})
    known.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))
    return known


def _refuse_repeated_keys(node: Any, path: Path) -> None:
    """Raise where YAML would silently keep the last of two equal keys, e.g. of two policies."""
    if node is None or not isinstance(node.value, list):
        return
    if node.id == "sequence":
        for child in node.value:
            _refuse_repeated_keys(child, path)
        return
    seen = set()
    for key, child in node.value:
        if key.value in seen:
            raise SpecError(
                f"{path} says '{key.value}' twice, the second time at line "
                f"{key.start_mark.line + 1}, and only one of them would count. Remove or rename "
                "one."
            )
        seen.add(key.value if isinstance(key.value, str) else id(key))
        _refuse_repeated_keys(child, path)


def parse(document: Any, *, base: Path = Path()) -> Simulation:
    """Simulation from plain data, every field checked.

    Parameters
    ----------
    document : mapping
        As in a spec file.
    base : Path, default the present folder
        Folder to which the paths of source files are relative.

    Raises
    ------
    SpecError
        If a field is unknown, missing or of the wrong type; it names the field.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"a spec is a mapping of fields to values, got {type(document).__name__}.")
    _check_version(document.get("modelcollapse", VERSION))
    known = ("modelcollapse", "policy", "policies", "measures", *LINEAGE, *RUN)
    for key in document:
        if key not in known:
            raise SpecError(f"unknown field '{key}'. {suggestion(str(key), known)}")
    settings = {
        key: registry.plain(hint, document[key], key)
        for key, hint in RUN.items()
        if key in document
    }
    if "snapshots" in settings:
        settings["snapshots"] = tuple(settings["snapshots"])
        _check_snapshots(settings["snapshots"], settings.get("generations", Simulation.generations))
    measures = document.get("measures")
    if measures is not None:
        if not isinstance(measures, list):
            raise SpecError(f"measures: expected a list of names, got {measures!r}.")
        settings["probes"] = tuple(
            registry.build("probe", measure, f"measures[{i}]") for i, measure in enumerate(measures)
        )
    # In full, since the spec is written down again in another folder.
    shared = {key: in_full(document[key], base) for key in LINEAGE if key in document}
    if "truth" in shared:
        # Built once: the lineages share one truth, and a source file is read once.
        shared["truth"] = registry.build("truth", shared["truth"], "truth")
    lineages = {}
    for label, policy in _policies(document).items():
        where = f"policies.{label}" if "policies" in document else "policy"
        part = registry.build("policy", policy, where)
        lineages[label] = registry.build_lineage({**shared, "policy": part})
    return Simulation(lineages, **settings)


def _check_snapshots(snapshots: tuple[int, ...], generations: int) -> None:
    beyond = [index for index in snapshots if index > generations]
    if beyond:
        raise SpecError(
            f"snapshots: generation {beyond[0]} is asked for, but the run has generations 0 to "
            f"{generations}. Remove it, or raise generations."
        )


def in_full(part: Any, base: Path) -> Any:
    """Description of a part, the paths in it relative to no folder any more."""
    if isinstance(part, list):
        return [in_full(value, base) for value in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: os.path.abspath(base / value)
        if key in PATHS and isinstance(value, str)
        else in_full(value, base)
        for key, value in part.items()
    }


def _policies(document: Mapping[str, Any]) -> dict[str, Any]:
    if "policy" in document and "policies" in document:
        raise SpecError("both 'policy' and 'policies' are given. Use 'policies' for several.")
    if "policy" in document:
        policy = document["policy"]
        label = policy.get("type") if isinstance(policy, Mapping) else policy
        return {str(label): policy}
    policies = document.get("policies")
    if not policies:
        raise SpecError(
            "the field 'policies' is missing: it says what each next corpus consists of, e.g. "
            "policies: {replace: {type: replace, n: 100}}."
        )
    if not isinstance(policies, Mapping):
        raise SpecError(f"policies: expected a mapping of labels to policies, got {policies!r}.")
    return {str(label): policy for label, policy in policies.items()}


def _check_version(version: Any) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise SpecError(
            f"modelcollapse: {version!r} is no version of the spec format. This version of the "
            f"package reads format {VERSION}."
        )
    if version > VERSION:
        raise SpecError(
            f"the spec is in format {version}, which is newer than format {VERSION}, the newest "
            "this version of the package reads. Upgrade it: pip install --upgrade modelcollapse."
        )


def to_yaml(spec: Mapping[str, Any]) -> str:
    """Spec as YAML text, fields in their order."""
    import yaml

    plain = json.loads(json.dumps(spec))
    # Texts that look like numbers to the reader are put in quotation marks.
    text: str = yaml.dump(
        plain, Dumper=_numerate("SafeDumper"), sort_keys=False, allow_unicode=True, width=96
    )
    return text
