"""Writing records to parts of a fixed number of rows, a few at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from modelcollapse.errors import InputError
from modelcollapse.shards.tables import arrow

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

PART_ROWS = 100_000
"""Records of a part."""
GROUP_ROWS = 10_000
"""Records of a row group of a Parquet file, which is what is held in memory at most."""
GROUP_LETTERS = 2**24
"""Letters of texts from which on a row group is written, however few records it has."""


@dataclass(frozen=True)
class Part:
    """A file that was written.

    Attributes
    ----------
    name : str
        Relative to the output folder.
    rows, bytes : int
        Records, and its length.
    sha256 : str
        Digest of its content.
    """

    name: str
    rows: int
    bytes: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


class Parts:
    """Files ``part-00000``, ``part-00001``, ... in a folder.

    A part ends with the row group that fills it, and a row group with its number of rows or, if
    texts are long, with the records added when its letters went beyond their number. So the same
    records, added in the same portions, give the same bytes.

    Parameters
    ----------
    root : Path
        Output folder.
    folder : str
        Where in it the parts lie; empty for the output folder itself.
    form : {"parquet", "jsonl"}
        Format.
    fields : mapping of str to pyarrow.DataType or None
        Columns in their order. What Parquet has no type for is written as JSON in a text.
    """

    def __init__(
        self, root: Path, folder: str, form: str, fields: Mapping[str, pa.DataType | None]
    ) -> None:
        pa = arrow()
        self.root, self.folder, self.form = root, folder, form
        self.schema = pa.schema([(name, storable(kind)) for name, kind in fields.items()])
        self.parts: list[Part] = []
        self.rows = 0
        self._waiting: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        self._open: pq.ParquetWriter | IO[bytes] | None = None
        self._in_part = 0
        self._letters = 0

    def write(self, columns: Mapping[str, Sequence[Any]], count: int) -> None:
        """Add records; columns that are not given are empty."""
        for name, waiting in self._waiting.items():
            values = columns.get(name)
            waiting.extend([None] * count if values is None else values)
            self._letters += sum(len(v) for v in values or () if type(v) is str)
        self.rows += count
        while len(next(iter(self._waiting.values()))) >= GROUP_ROWS:
            self._flush(GROUP_ROWS)
        if self._letters > GROUP_LETTERS:
            self._flush(len(next(iter(self._waiting.values()))))

    def close(self) -> list[Part]:
        """Write what is left, and return the files. There is one even without records."""
        waiting = len(next(iter(self._waiting.values())))
        if waiting or not self.rows:
            self._flush(waiting)
        self._finish()
        return self.parts

    def _flush(self, number: int) -> None:
        group = {name: waiting[:number] for name, waiting in self._waiting.items()}
        self._letters = 0
        for waiting in self._waiting.values():
            del waiting[:number]
        if self._open is None:
            path = self.root / self._name()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open = _parquet(path, self.schema) if self.form == "parquet" else path.open("wb")
        if self.form == "parquet":
            self._open.write_table(table(group, self.schema))  # type: ignore[union-attr]
        else:
            self._open.write(_lines(group, number))
        self._in_part += number
        if self._in_part >= PART_ROWS:
            self._finish()

    def _finish(self) -> None:
        if self._open is None:
            return
        self._open.close()
        self._open = None
        self.parts.append(part_of(self.root, self._name(), self._in_part))
        self._in_part = 0

    def _name(self) -> str:
        name = f"part-{len(self.parts):05d}.{self.form}"
        return f"{self.folder}/{name}" if self.folder else name


def part_of(root: Path, name: str, rows: int) -> Part:
    """Part that describes a file."""
    path = root / name
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part(name, rows, path.stat().st_size, digest)


def table(columns: Mapping[str, Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Arrow table of some records.

    Raises
    ------
    InputError
        If an entry does not fit the type of its column.
    """
    pa = arrow()
    arrays = []
    for entry in schema:
        values = columns[entry.name]
        if entry.type == pa.string():
            values = [v if v is None or type(v) is str else _json(v) for v in values]
        try:
            arrays.append(pa.array(values, entry.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise InputError(
                f"the column '{entry.name}' cannot be written as {entry.type} ({error}). Give all "
                "of its entries one type."
            ) from error
    return pa.Table.from_arrays(arrays, schema=schema)


def storable(kind: pa.DataType | None) -> pa.DataType:
    """Type of a column in a Parquet file: texts where nothing was seen, or nothing else fits."""
    pa = arrow()
    return pa.string() if kind == pa.null() or is_spelt(kind) else kind


def is_spelt(kind: pa.DataType | None) -> bool:
    """Whether Parquet has no type for a column, so that its entries are written as JSON."""
    return kind is None or _has_empty_object(kind)


def _has_empty_object(kind: pa.DataType) -> bool:
    """Whether objects without fields are somewhere in it, which Parquet cannot hold."""
    inside = [kind.field(i).type for i in range(kind.num_fields)]
    return (arrow().types.is_struct(kind) and not inside) or any(map(_has_empty_object, inside))


def _parquet(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(path, schema, compression="zstd")


def _lines(columns: Mapping[str, Sequence[Any]], number: int) -> bytes:
    names = list(columns)
    rows = zip(*columns.values(), strict=True) if number else ()
    return "".join(_json(dict(zip(names, row, strict=True))) + "\n" for row in rows).encode(
        errors="surrogatepass"
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_spelt)


def _spelt(value: Any) -> str:
    """Bytes, dates and other values that JSON has no form for."""
    return value.hex() if isinstance(value, bytes) else str(value)
