"""What a score depends on: the verifier's settings, the files it names, and what it has learnt."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from modelcollapse import registry
from modelcollapse.shards.text import new_digest
from modelcollapse.verification.influence import Influence

FORMAT = 3
"""Of the files that hold scores."""


@dataclass(frozen=True)
class Key:
    """What the scores of a verifier depend on, apart from the records.

    Parameters
    ----------
    name : str
        Name of the verifier.
    spec : object
        Its settings, as plain data; those of `idle` have no part in the key.
    content : str
        Fingerprint of the settings that count, including those that plain data cannot say, and
        of the content of the files that they name.
    files : mapping of str to str
        Digests of that content, by setting and file.
    version : str
        Of this package.
    idle : sequence of str
        Settings that do not count by their value: a timeout, or the place of a file.
    libraries : mapping of str to str
        Versions of others that the scores depend on.
    learnt : str, optional
        Fingerprint of what the verifier has learnt from the records.
    """

    name: str
    spec: Any
    content: str
    files: Mapping[str, str]
    version: str
    idle: Sequence[str] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    learnt: str | None = None

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that say whether two keys are the same."""
        counts = [self.name, self.content, self.version, dict(self.libraries), self.learnt]
        text = json.dumps([FORMAT, counts], sort_keys=True)
        return str(new_digest(text.encode()).hexdigest()[:12])

    @property
    def folder(self) -> str:
        """Name of the folder for the scores."""
        return f"{safe(self.name)}@{self.digest}"

    def plain(self) -> dict[str, Any]:
        """Plain data for a manifest."""
        return dataclasses.asdict(self)

    def difference(self, before: Mapping[str, Any]) -> str:
        """Say what is another than in a manifest, with both values."""
        return next(self.changes(before), "what it has learnt from the records has changed")

    def changes(self, before: Mapping[str, Any]) -> Iterator[str]:
        """Say what is another than in a manifest, most telling first."""
        idle = {*self.idle} & {*before.get("idle", ())}
        old, new = (_without(idle, spec, "") for spec in (before.get("spec"), self.spec))
        for place, was, now in differences(old, new):
            yield f"its setting '{place}' was {was!r} and is {now!r}"
        known = {name.partition(" ")[0]: each for name, each in before.get("files", {}).items()}
        for name, digest in self.files.items():
            if known.get(name.partition(" ")[0], digest) != digest:
                yield f"the content of {name} has changed"
        if before.get("version") != self.version:
            yield f"they are of version {before.get('version')}, and this is {self.version}"
        for name, was, now in differences(before.get("libraries", {}), self.libraries):
            yield f"{name} was {was} and is {now}"
        if before.get("content") != self.content:
            yield "its code, or a setting that a manifest cannot show, has changed"


def safe(name: str) -> str:
    """Name with nothing in it that a folder's name cannot hold."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[:60]


def key_of(verifier: Any, name: str) -> Key:
    """Key of a verifier that has learnt nothing yet."""
    found = Influence(verifier)
    return Key(
        name=name,
        spec=json.loads(json.dumps(_spec(verifier), default=str)),
        content=found.content,
        files=dict(sorted(found.files.items())),
        version=versions()["modelcollapse"],
        idle=sorted(found.idle),
        libraries={each: _version(each) for each in sorted(found.libraries)},
    )


def _spec(verifier: Any) -> Any:
    spec = registry.describe(verifier)
    if "opaque" in spec and dataclasses.is_dataclass(verifier):
        # A class of the caller's own: no spec can name it, but its settings can be shown.
        fields = [f.name for f in dataclasses.fields(verifier) if f.init]
        return {**spec, **{name: registry.describe(getattr(verifier, name)) for name in fields}}
    return spec


def _without(idle: set[str], spec: Any, where: str) -> Any:
    """Settings without those of some places."""
    if isinstance(spec, list):
        return [_without(idle, part, f"{where}[{i}]") for i, part in enumerate(spec)]
    if not isinstance(spec, Mapping):
        return spec
    at = {key: f"{where}.{key}" if where else str(key) for key in spec}
    return {k: _without(idle, part, at[k]) for k, part in spec.items() if at[k] not in idle}


def differences(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Settings in which two specs differ: their place, and both values."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in (*new, *(key for key in old if key not in new)):
            place = f"{where}.{key}" if where else str(key)
            yield from differences(old.get(key), new.get(key), place)
    elif old != new:
        yield where, old, new


@cache
def versions() -> dict[str, str]:
    """Versions of this package and of what the bytes of its files depend on."""
    return {name: _version(name) for name in ("modelcollapse", "numpy", "pyarrow")}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
