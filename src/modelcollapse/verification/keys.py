"""What a score depends on: the verifier's settings, the files it names, and what it has learnt."""

from __future__ import annotations

import dataclasses
import glob
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from modelcollapse import registry
from modelcollapse.fingerprint import fingerprint
from modelcollapse.shards.text import new_digest
from modelcollapse.verification.parts import file_digest

FORMAT = 1
"""Of the files that hold scores."""


@dataclass(frozen=True)
class Key:
    """What the scores of a verifier depend on, apart from the records.

    Parameters
    ----------
    name : str
        Name of the verifier.
    spec : object
        Its settings, as plain data.
    content : str
        Fingerprint of the settings, including those that plain data cannot say.
    files : mapping of str to str
        Digests of the content of the files that settings name, by setting and file.
    version : str
        Of this package.
    learnt : str, optional
        Fingerprint of what the verifier has learnt from the records.
    """

    name: str
    spec: Any
    content: str
    files: Mapping[str, str]
    version: str
    learnt: str | None = None

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that say whether two keys are the same."""
        text = json.dumps([FORMAT, self.plain()], sort_keys=True)
        return str(new_digest(text.encode()).hexdigest()[:12])

    @property
    def folder(self) -> str:
        """Name of the folder for the scores."""
        return f"{safe(self.name)}@{self.digest}"

    def plain(self) -> dict[str, Any]:
        """Plain data for a manifest."""
        return dataclasses.asdict(self)

    def difference(self, before: Mapping[str, Any]) -> str:
        """Say which setting is another one than in a manifest, with both values."""
        for place, old, new in differences(before.get("spec"), self.spec, ""):
            return f"its setting '{place}' was {old!r} and is {new!r}"
        for where, digest in {**before.get("files", {}), **self.files}.items():
            if before.get("files", {}).get(where) != self.files.get(where) or not digest:
                return f"the content of {where} has changed"
        if before.get("version") != self.version:
            return f"they are of version {before.get('version')}, and this is {self.version}"
        if before.get("content") != self.content:
            return "its code, or a setting that a manifest cannot show, has changed"
        return "what it has learnt from the records has changed"


def safe(name: str) -> str:
    """Name with nothing in it that a folder's name cannot hold."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[:60]


def key_of(verifier: Any, name: str) -> Key:
    """Key of a verifier that has learnt nothing yet."""
    return Key(
        name=name,
        spec=json.loads(json.dumps(_spec(verifier), default=str)),
        content=_content(verifier),
        files=dict(sorted(_files(verifier, ""))),
        version=versions()["modelcollapse"],
    )


def _spec(verifier: Any) -> Any:
    spec = registry.describe(verifier)
    if "opaque" in spec and dataclasses.is_dataclass(verifier):
        # A class of the caller's own: no spec can name it, but its settings can be shown.
        fields = [f.name for f in dataclasses.fields(verifier) if f.init]
        return {**spec, **{name: registry.describe(getattr(verifier, name)) for name in fields}}
    return spec


def _content(verifier: Any) -> str:
    if not dataclasses.is_dataclass(verifier):
        return fingerprint(verifier)
    # Not the object itself: it may have put aside what it computed from its fields.
    fields = {f.name: getattr(verifier, f.name) for f in dataclasses.fields(verifier) if f.init}
    return fingerprint([type(verifier), fields])


def _files(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Files that a setting names, with digests of their content."""
    if isinstance(value, str | Path):
        for path in _existing(value):
            yield f"{where} {path}".strip(), file_digest(path) or ""
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            place = f"{where}.{field.name}" if where else field.name
            yield from _files(getattr(value, field.name), place)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _files(part, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _files(part, f"{where}[{index}]")


def _existing(name: str | Path) -> list[Path]:
    """Files that a text means, if it looks like a path: it has a folder or an ending."""
    path = Path(name)
    if len(str(name)) > 1000 or not (path.suffix or len(path.parts) > 1) or "\n" in str(name):
        return []
    try:
        if path.is_dir():
            return sorted(each for each in path.rglob("*") if each.is_file())
        if path.is_file():
            return [path]
        found = glob.glob(str(name), recursive=True) if glob.has_magic(str(name)) else []
    except (OSError, ValueError):  # no path after all
        return []
    return sorted(Path(each) for each in found if Path(each).is_file())


def differences(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Settings in which two specs differ: their place, and both values."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in (*new, *(key for key in old if key not in new)):
            place = f"{where}.{key}" if where else str(key)
            yield from differences(old.get(key), new.get(key), place)
    elif old != new:
        yield where, old, new


_differences = differences


@cache
def versions() -> dict[str, str]:
    """Versions of this package and of what the bytes of its files depend on."""
    found = {}
    for name in ("modelcollapse", "numpy", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
