"""Files of scores: one for each shard, with a note beside it of what it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.shards import Shard
from modelcollapse.shards.tables import arrow
from modelcollapse.shards.text import new_digest
from modelcollapse.store import write_atomic
from modelcollapse.verification.reasons import Reasons

ROWS = 8192
"""Records of a row group of a part, whatever the size of the batches that were scored."""


@dataclass(frozen=True)
class Part:
    """Note of what a file of scores was made from, and what is in it.

    Parameters
    ----------
    file : str
        File of records that the shard is a part of.
    first : int
        Line or row of that file with which the shard begins.
    source : str
        Digest of the content of the shard and of where it stands.
    output : str
        Digest of the file of scores.
    scored : int
        Records with a score.
    reasons : mapping of str to int
        Records without one, by reason.
    set_aside : mapping of str to int
        Malformed records, which are in no file of scores, by reason.
    aside : str
        Digest of the file of those; empty if there are none.
    kinds : mapping of str to (str, bool)
        Types of its columns, by which records of another type were set aside, and whether the
        data set's other records had shown them.
    passing : int
        Records without a score that may get one another time.
    """

    file: str
    first: int
    source: str
    output: str
    scored: int
    reasons: Mapping[str, int]
    set_aside: Mapping[str, int]
    aside: str
    kinds: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    passing: int = 0

    @property
    def records(self) -> int:
        """Records in the file of scores."""
        return self.scored + sum(self.reasons.values())

    def fits(self, shard: Shard) -> bool:
        """Whether it is of this shard, read with the types that its columns have now."""
        now = shard.schema
        return self.source == source_of(shard) and all(
            now.get(name) == kind or (now.get(name) is None and not known)
            for name, (kind, known) in self.kinds.items()
        )

    def plain(self) -> dict[str, Any]:
        """Plain data for the note and for a manifest."""
        return asdict(self)


def source_of(shard: Shard) -> str:
    """Digest of the records of a shard, and of where they stand."""
    text = json.dumps([shard.digest, shard.first, shard.form, shard.header])
    return str(new_digest(text.encode()).hexdigest())


def part_path(folder: Path, index: int) -> Path:
    """File of scores of a shard."""
    return folder / f"part-{index:05d}.parquet"


def aside_path(output: Path, index: int) -> Path:
    """File of what was set aside of a shard."""
    return output / "set_aside" / f"part-{index:05d}.jsonl"


def note_path(part: Path) -> Path:
    """Note beside a file of scores."""
    return part.with_suffix(".json")


def file_digest(path: Path) -> str | None:
    """Digest of a file's content; None if there is no file."""
    digest = new_digest()
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except FileNotFoundError:
        return None
    return str(digest.hexdigest())


def clear(folder: Path, shards: int) -> None:
    """Delete files of shards that are no more, and what workers that were killed have left."""
    for path in folder.glob("part-*"):
        if int(path.stem.removeprefix("part-")) >= shards:
            path.unlink()
    for path in folder.glob(".part-*"):
        path.unlink()


def read_note(part: Path) -> Part | None:
    """Note beside a file of scores; None if there is none that can be read."""
    try:
        return Part(**json.loads(note_path(part).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_note(part: Path, note: Part) -> None:
    """Write the note beside a file of scores."""
    text = json.dumps(note.plain(), indent=1, ensure_ascii=False) + "\n"
    write_text(note_path(part), text)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_atomic(path, text.encode())


class Writer:
    """Writes a file of scores, a row group at a time."""

    def __init__(self, path: Path, verifier: str) -> None:
        self._path = path
        self._verifier = verifier
        self._columns: dict[str, list[Any]] = {}
        self._schema: Any = None
        self._file: Any = None
        self.scored = self.passing = 0
        self.reasons = Reasons()

    def add(
        self,
        rows: NDArray[np.int64],
        ids: Sequence[str],
        scores: NDArray[np.float64],
        reasons: Mapping[int, str],
        details: Mapping[str, Sequence[Any]],
    ) -> None:
        """Add some records."""
        known = len(self._columns.get("mc_row", ()))
        new = {
            "mc_row": rows.tolist(),
            "mc_id": list(ids),
            "mc_score": scores.tolist(),
            "mc_reason": [reasons.get(i) for i in range(len(rows))],
            **{name: _listed(column) for name, column in details.items()},
        }
        for name in dict.fromkeys([*self._columns, *new]):
            held = self._columns.setdefault(name, [None] * known)
            held += new.get(name, [None] * len(rows))
        self.scored += len(rows) - len(reasons)
        for reason in reasons.values():
            self.reasons.add(reason)
        while len(self._columns["mc_row"]) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        pa = arrow()
        chunk = {name: column[:ROWS] for name, column in self._columns.items()}
        self._columns = {name: column[ROWS:] for name, column in self._columns.items()}
        if self._file is None:
            self._schema = pa.schema([_field(name, column) for name, column in chunk.items()])
            self._file = pa.parquet.ParquetWriter(
                self._path, self._schema, compression="zstd", use_dictionary=["mc_reason"]
            )
        odd = next((name for name in chunk if name not in self._schema.names), None)
        if odd is not None:
            raise InputError(
                f"{self._verifier} gives a column '{odd}' beside some of the scores only. A "
                "verifier gives the same columns for every batch."
            )
        length = len(chunk["mc_row"])
        columns = [
            _typed(self._verifier, each, chunk.get(each.name, [None] * length))
            for each in self._schema
        ]
        self._file.write_table(pa.table(columns, schema=self._schema))

    def close(self) -> None:
        """Write what is left."""
        if not self._columns:
            self._columns = {name: [] for name in ("mc_row", "mc_id", "mc_score", "mc_reason")}
        if self._columns["mc_row"] or self._file is None:
            self._flush()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file, which is of no use."""
        if self._file is not None:
            self._file.close()


def _listed(column: Any) -> list[Any]:
    return list(column.tolist() if isinstance(column, np.ndarray) else column)


def _field(name: str, column: list[Any]) -> Any:
    """Column of a table: numbers, truth values, or texts (of anything else as JSON)."""
    pa = arrow()
    fixed = {"mc_row": pa.int64(), "mc_score": pa.float64(), "mc_id": pa.string()}
    if name in fixed:
        return pa.field(name, fixed[name])
    kinds = set(map(type, column)) - {type(None)}
    if kinds == {bool}:
        return pa.field(name, pa.bool_())
    if kinds and kinds <= {int, float}:
        return pa.field(name, pa.float64())
    return pa.field(name, pa.string())


def _typed(verifier: str, field: Any, column: list[Any]) -> Any:
    pa = arrow()
    if field.name == "mc_score":
        # NaN here is the absence of a score, which other programs know as null.
        return pa.array(column, field.type, from_pandas=True)
    if field.type == pa.string():
        column = [each if each is None or type(each) is str else _json(each) for each in column]
    try:
        return pa.array(column, field.type)
    except (pa.ArrowException, TypeError) as error:
        raise InputError(
            f"the column '{field.name}' that {verifier} gives beside its scores changes its type. "
            "Give entries of one type."
        ) from error


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
