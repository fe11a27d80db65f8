"""What a curation reads: candidates, real records, earlier synthetic ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.curation.provenance import REAL, Origin
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.curation.survey import (
    BATCH,
    Names,
    Survey,
    common,
    survey,
    tokenizer,
    words,
)
from modelcollapse.errors import InputError
from modelcollapse.shards import Records, open_records
from modelcollapse.shards.text import new_digest
from modelcollapse.verification.keys import key_of
from modelcollapse.verification.parts import file_digest

if TYPE_CHECKING:
    import pyarrow as pa

ROLES = {
    "synthetic": "candidates",
    REAL: "real records",
    "previous": "earlier synthetic records",
}


@dataclass(frozen=True)
class Source:
    """Records of one origin.

    Attributes
    ----------
    role : str
        One of `ROLES`.
    records : Records
        Where they are.
    origin : Origin
        What is known of all of them.
    """

    role: str
    records: Records
    origin: Origin


@dataclass(eq=False)
class Inputs:
    """All that a curation reads.

    Attributes
    ----------
    spec : CurationSpec
        What was asked for.
    sources : list of Source
        The real records, the earlier ones, the candidates.
    """

    spec: CurationSpec
    sources: list[Source]
    surveys: list[Survey] = field(default_factory=list)
    names: dict[str, Names] = field(default_factory=dict)

    @classmethod
    def open(cls, spec: CurationSpec) -> Inputs:
        """Find the files, and check that they have the columns.

        Raises
        ------
        InputError
            If a file cannot be read, or a column is missing.
        """
        prompt = spec.columns.prompt
        sources = []
        if spec.real:
            sources.append(Source(REAL, _opened(spec, spec.real), Origin(REAL)))
        first = spec.generation - len(spec.mix.previous)
        if first < 0:
            raise InputError(
                f"mix.previous names {len(spec.mix.previous)} earlier sets, but generation "
                f"{spec.generation} has only {spec.generation} before it. Correct generation, or "
                "leave some out."
            )
        for number, path in enumerate(spec.mix.previous, first):
            origin = Origin(str(number), prompt=prompt)
            sources.append(Source("previous", _opened(spec, (path,)), origin))
        candidates = _opened(spec, spec.synthetic)
        candidates.require(spec.columns.named, "curate")
        origin = Origin(str(spec.generation), spec.generator, prompt)
        sources.append(Source("synthetic", candidates, origin))
        for source in sources[:-1]:
            source.records.require((spec.columns.text,), f"a mix with {ROLES[source.role]}")
        return cls(spec, sources)

    @property
    def candidates(self) -> Source:
        """The records to choose from."""
        return self.sources[-1]

    def of(self, role: str) -> list[tuple[Source, Survey]]:
        """Sources of a role, and what was found in them."""
        pairs = zip(self.sources, self.surveys, strict=True)
        return [(source, found) for source, found in pairs if source.role == role]

    def described(self) -> dict[str, list[dict[str, str]]]:
        """Files of each role with digests of their content, for the manifest."""
        found: dict[str, list[dict[str, str]]] = {}
        for source in self.sources:
            entry = {
                "files": ", ".join(relative(file, self.spec.base) for file in source.records.files),
                "digest": source.records.digest,
            }
            found.setdefault(source.role, []).append(entry)
        if self.spec.audit is not None:
            digest = file_digest(self.spec.path(self.spec.audit.file)) or ""
            found["audit"] = [{"files": self.spec.audit.file, "digest": digest}]
        limit = self.spec.mix.limit
        if limit is not None and limit.tokenizer is not None:
            digest = file_digest(self.spec.path(limit.tokenizer)) or ""
            found["tokenizer"] = [{"files": limit.tokenizer, "digest": digest}]
        for verifier in self.spec.verifiers:
            key = key_of(verifier, verifier.name)
            # Of a verifier without a registered name, or with such a part, its code as well.
            code = key.content if has_own_code(key.spec) else ""
            if key.files or code:
                names = ", ".join(relative(file_of(name), self.spec.base) for name in key.files)
                digest = str(new_digest(f"{code}{sorted(key.files.values())}".encode()).hexdigest())
                entry = {"files": f"{verifier.name}: {names or 'its code'}", "digest": digest}
                found.setdefault("verifiers", []).append(entry)
        return found

    def look(self, wanted: frozenset[str] = frozenset()) -> None:
        """Go through all records once.

        Parameters
        ----------
        wanted : set of str
            Labelled records to look for, by a column of the candidates.
        """
        spec = self.spec
        count = self._counter()
        self.names = {name: Names() for name in spec.columns.groups}
        # The candidates come first, so that numbers of groups are those of the candidates.
        order = [self.sources[-1], *self.sources[:-1]]
        found = []
        for source in order:
            own = source is self.candidates
            groups = {n: c for n, c in self.names.items() if n in source.records.columns}
            found.append(
                survey(
                    source.records,
                    text=spec.columns.text,
                    prompt=spec.columns.prompt if own else None,
                    groups=groups,
                    count=count,
                    wanted=(spec.audit.id, wanted) if own and wanted and spec.audit else None,
                )
            )
        self.surveys = [*found[1:], found[0]]

    def _counter(self) -> Callable[[Sequence[str]], list[int]] | None:
        limit = self.spec.mix.limit
        if limit is None or limit.tokens is None:
            return None
        if limit.tokenizer is None:
            return words
        return tokenizer(str(self.spec.path(limit.tokenizer)))

    def fields(self) -> dict[str, pa.DataType | None]:
        """Columns of all records that may be written, and the types that hold them all.

        None stands for a column whose entries have no type in common.

        Raises
        ------
        InputError
            If two sources have a column of one name and types that do not fit.
        """
        import pyarrow as pa

        found: dict[str, pa.DataType | None] = {}
        owner: dict[str, str] = {}
        for source, looked in zip(self.sources, self.surveys, strict=True):
            for name, kind in looked.fields.items():
                known = found.get(name, pa.null())
                try:
                    found[name] = (
                        None if known is None or kind is None else common(name, known, kind)
                    )
                except pa.ArrowException as error:
                    raise InputError(
                        f"the column '{name}' is {known} in the {owner[name]} and {kind} in the "
                        f"{ROLES[source.role]}, which one file cannot hold. Convert or rename one."
                    ) from error
                owner.setdefault(name, ROLES[source.role])
        return found

    def counted(self, role: str, name: str) -> NDArray[np.int64]:
        """Records of a role in each group of a column, by number of the group."""
        total = np.zeros(len(self.names[name].code), dtype=np.int64)
        for _, looked in self.of(role):
            if name in looked.groups:
                total += np.bincount(looked.groups[name], minlength=total.size)
        return total

    def texts(self, role: str) -> Iterator[tuple[list[str], Mapping[str, list[Any]]]]:
        """Texts of a role, some at a time, with all columns."""
        for source in self.sources:
            if source.role != role:
                continue
            for piece in source.records.batches(BATCH):
                if len(piece.rows):
                    column = piece.batch[self.spec.columns.text]
                    yield ["" if text is None else str(text) for text in column], piece.batch


class Texts:
    """Texts of a role, which can be gone through again and again."""

    def __init__(self, inputs: Inputs, role: str) -> None:
        self._inputs, self._role = inputs, role

    def __iter__(self) -> Iterator[str]:
        """Go through the files once more."""
        return (text for batch, _ in self._inputs.texts(self._role) for text in batch)


def _opened(spec: CurationSpec, paths: Sequence[str]) -> Records:
    return open_records([spec.path(path) for path in paths])


def has_own_code(described: Any) -> bool:
    """Whether settings hold a part of the caller's own, which they cannot say."""
    if isinstance(described, Mapping):
        return "opaque" in described or any(map(has_own_code, described.values()))
    return isinstance(described, list | tuple) and any(map(has_own_code, described))


def file_of(place: str) -> str:
    """File of an entry of `Key.files`, which names the setting first."""
    return place.partition(" ")[2] or place


def relative(file: str, base: Path) -> str:
    """Name of a file from the folder of the spec, which is the same on every machine."""
    return os.path.relpath(file, base).replace(os.sep, "/")
