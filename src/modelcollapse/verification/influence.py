"""What the scores of a verifier depend on, found by going through its settings and its members."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from modelcollapse.fingerprint import fingerprint
from modelcollapse.verification.parts import file_digest


class Influence:
    """What scores depend on.

    Parameters
    ----------
    verifier : object
        Who gives them. It may say what cannot be seen, and so may its members:
        ``names_files``, fields that name files or folders, which count by their content and not
        by where they lie; ``refers_to``, what they hold, where it is not all the bytes;
        ``without_influence``, fields that change no score, such as a timeout; and ``libraries``,
        packages whose versions may change scores.
    whole : bool, default False
        Whether all attributes count, as with what has been learnt, not only the settings.

    Attributes
    ----------
    files : dict of str to str
        Digests of the content of files, by setting and file.
    idle : list of str
        Settings that do not count by their value.
    libraries : set of str
        Packages that scores depend on.
    content : str
        Fingerprint of all that counts, apart from packages.
    """

    def __init__(self, verifier: Any, *, whole: bool = False) -> None:
        self._whole = whole
        self.files: dict[str, str] = {}
        self.idle: list[str] = []
        self.libraries: set[str] = set()
        self.content = fingerprint(self._of(verifier, ""))

    def _of(self, value: Any, where: str) -> Any:
        if isinstance(value, Path):
            digest = self._file(value, where, None)
            return value if digest is None else digest
        if isinstance(value, Mapping):
            return {key: self._of(part, _at(where, str(key))) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._of(part, f"{where}[{i}]") for i, part in enumerate(value)]
        self.libraries.update(getattr(value, "libraries", ()) if _counts(value) else ())
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._of_fields(value, where)
        return value

    def _of_fields(self, value: Any, where: str) -> Any:
        idle = getattr(value, "without_influence", ())
        names_files = getattr(value, "names_files", ())
        refers_to = getattr(value, "refers_to", None)
        found = {}
        for name, part in self._held(value).items():
            place = _at(where, name)
            if name in idle:
                self.idle.append(place)
                continue
            digest = None
            if name in names_files and part is not None:
                digest = self._file(part, place, refers_to)
            found[name] = self._of(part, place) if digest is None else digest
        return [type(value), found, refers_to]

    def _held(self, value: Any) -> dict[str, Any]:
        fields = dataclasses.fields(value)
        if not self._whole:
            # Not the object itself: it may have put aside what it computed from its fields.
            return {each.name: getattr(value, each.name) for each in fields if each.init}
        held = {each.name: getattr(value, each.name) for each in fields}
        return {
            name: part
            for name, part in {**held, **getattr(value, "__dict__", {})}.items()
            if not isinstance(getattr(type(value), name, None), cached_property)
        }

    def _file(self, named: Any, where: str, refers_to: Any) -> str | None:
        """Digest of the content of what a setting names; None if it is no file here."""
        held = list(_contents(named)) if refers_to is None else refers_to
        if not held:
            return None
        digest = fingerprint(list(held))
        self.idle.append(where)
        for each in named if isinstance(named, list | tuple) else [named]:
            self.files[f"{where} {each}".strip()] = digest
        return digest


def _counts(value: Any) -> bool:
    """Whether it can say what it depends on: classes and functions are no verifiers."""
    return hasattr(value, "score") or hasattr(value, "learn")


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _contents(named: Any) -> Iterator[tuple[str, str | None]]:
    """Files that are named, by the part of their name that stays when they are moved."""
    for each in named if isinstance(named, list | tuple) else [named]:
        if not isinstance(each, str | Path):
            continue
        path = Path(each)
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                if inside.is_file():
                    yield inside.relative_to(path).as_posix(), file_digest(inside)
        elif path.is_file():
            yield "", file_digest(path)
        else:
            for match in sorted(glob.glob(str(path), recursive=True)):
                if Path(match).is_file():
                    yield Path(match).name, file_digest(Path(match))
