"""The verdicts of people, from a file of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from modelcollapse.columns import read_columns
from modelcollapse.errors import InputError
from modelcollapse.verifiers.each import NoScore, check_columns, is_missing, score_each
from modelcollapse.verifiers.scored import Batch, Scored, column
from modelcollapse.verifiers.yes_or_no import NO, NOTHING, YES, word

Key = tuple[str, ...]


@dataclass(frozen=True)
class HumanLabels:
    """1 for a record that a person found right, 0 for one found wrong.

    Parameters
    ----------
    file : str
        CSV, JSON Lines or Parquet file with one label per row.
    keys : tuple of str, default ("id",)
        Columns, of the file and of the records alike, that together say which record is meant.
    label_column : str, default "label"
        Column of the file that says right or wrong, 1 or 0, true or false, yes or no, as
        `estimate` understands it; a row without a label is left out.
    label : str, optional
        Name of the scores; ``"human_labels"`` when not given.

    Raises
    ------
    InputError
        If no key is named; later, if the file cannot be read, a label is neither yes nor no, or
        labels of one record disagree.

    Notes
    -----
    A record that nobody labelled has no score. Keys are compared as texts, so that 7 in one file
    is 7 in another.
    """

    names_files: ClassVar[tuple[str, ...]] = ("file",)

    file: str
    keys: tuple[str, ...] = ("id",)
    label_column: str = "label"
    label: str | None = None

    def __post_init__(self) -> None:
        given: object = self.keys
        if isinstance(given, str) or not given:
            raise InputError(
                f"HumanLabels got keys = {self.keys!r}, but it takes a list of columns that say "
                "which record a label is for. Use e.g. ['id'], or ['prompt', 'text']."
            )
        named = {f"keys[{i}]": key for i, key in enumerate(self.keys)}
        check_columns("HumanLabels", **named, label_column=self.label_column)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "human_labels"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return tuple(self.keys)

    @property
    def refers_to(self) -> tuple[str, ...]:
        """What the labels are, beside the name of their file: its content."""
        try:
            return (hashlib.blake2b(Path(self.file).read_bytes(), digest_size=16).hexdigest(),)
        except OSError as error:
            raise InputError(f"cannot read {self.file}: {error.strerror or error}.") from error

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> LabelledRecords:
        """Read the file."""
        path = Path(self.file)
        found = read_columns(path, [*self.keys, self.label_column])
        labels: dict[Key, bool] = {}
        torn: dict[Key, None] = {}
        rows = zip(found[self.label_column], *(found[key] for key in self.keys), strict=True)
        for row, (said, *entries) in enumerate(rows, start=1):
            if word(said) in NOTHING:
                continue
            key = _key(entries)
            if key is None:
                raise InputError(
                    f"record {row} of {path} has a label but no {' and '.join(self.keys)}, so that "
                    "it is not known what it is for. Fill it in, or remove the row."
                )
            if labels.setdefault(key, self._right(said, row)) != self._right(said, row):
                torn[key] = None
        if torn:
            raise InputError(
                f"{path} says both right and wrong of {_named(self.keys, list(torn))}. A record "
                "has one label: settle them, or take the majority."
            )
        if not labels:
            raise InputError(
                f"no record of {path} has a label in '{self.label_column}'. Label some first."
            )
        return LabelledRecords(self, labels)

    def _right(self, said: Any, row: int) -> bool:
        if word(said) not in YES | NO:
            raise InputError(
                f"the label of record {row} of {self.file} is {str(said)[:60]!r}, neither yes nor "
                "no: a record is right or wrong. Use 1 and 0; cut ratings at a threshold first."
            )
        return word(said) in YES


@dataclass(frozen=True, eq=False)
class LabelledRecords:
    """`HumanLabels` that have been read.

    Parameters
    ----------
    asked : HumanLabels
        Where they are from.
    labels : mapping of tuple of str to bool
        Whether a record is right, by its keys.
    """

    asked: HumanLabels
    labels: Mapping[Key, bool] = field(repr=False)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.asked.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return self.asked.columns

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        columns = (column(batch, name, self.name) for name in self.columns)
        return score_each(self._judge, *columns)

    def _judge(self, *entries: Any) -> tuple[float]:
        key = _key(entries)
        if key is None:
            raise NoScore(f"there is nothing in {' and '.join(map(repr, self.columns))}")
        if key not in self.labels:
            raise NoScore("nobody has labelled it")
        return (float(self.labels[key]),)


def _key(entries: Any) -> Key | None:
    """Entries as texts, so that a number is the same in CSV and in JSON; None if one is missing."""
    if any(is_missing(entry) or entry == "" for entry in entries):
        return None
    return tuple(
        str(int(entry) if isinstance(entry, float) and entry.is_integer() else entry).strip()
        for entry in entries
    )


def _named(keys: tuple[str, ...], torn: list[Key]) -> str:
    shown = [
        ", ".join(f"{name} {entry[:40]}" for name, entry in zip(keys, key, strict=True))
        for key in torn[:3]
    ]
    more = f" and {len(torn) - 3} more" if len(torn) > 3 else ""
    return "; ".join(shown) + more
