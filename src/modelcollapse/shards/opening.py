"""Finding files of records, and cutting them into shards."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError, suggestion
from modelcollapse.shards import schema, separated, tables, text
from modelcollapse.shards.shard import LINES, Piece, Shard
from modelcollapse.shards.text import Aside

ENDINGS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".txt": "text",
}
"""Forms by the ending of a file's name; of lines, ``.gz`` or ``.zst`` may follow."""

HEAD = 256
"""Records of each file that are read when it is opened, to know its columns."""

SAMPLE = 32
"""Lines at either end of each shard that are read then, for columns and types that come later."""


class NoColumn(InputError):
    """A column that somebody reads is not there; `column` is its name."""

    def __init__(self, sentence: str, column: str) -> None:
        super().__init__(sentence)
        self.column = column


@dataclass(frozen=True)
class Records:
    """Records in files, cut into shards that depend on the files only.

    Parameters
    ----------
    shards : tuple of Shard
        In the order of the files, which are sorted by name within a folder or a pattern.
    schema : mapping of str to str or None
        Columns and their types, as the beginnings of the files and the ends of shards show them.
    """

    shards: tuple[Shard, ...]
    schema: schema.Schema

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of their first appearance."""
        return tuple(self.schema)

    @property
    def files(self) -> tuple[str, ...]:
        """Files as they were named, in order."""
        return tuple(dict.fromkeys(shard.file for shard in self.shards))

    @property
    def digest(self) -> str:
        """Digest of all content, in order."""
        parts = "".join(f"{shard.digest}:{shard.first};" for shard in self.shards)
        return str(text.new_digest(parts.encode()).hexdigest())

    def batches(self, size: int = 1024, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """All records in order, one shard after the other; see `Shard.batches`."""
        for shard in self.shards:
            yield from shard.batches(size, columns)

    def require(self, columns: Sequence[str], what: str) -> None:
        """Check that columns are there.

        Parameters
        ----------
        columns : sequence of str
            Their names.
        what : str
            Who reads them, for the message.

        Raises
        ------
        NoColumn
            If one is missing.
        """
        for name in columns:
            if name not in self.schema:
                raise NoColumn(
                    f"{what} reads the column '{name}', which the records do not have. "
                    f"{suggestion(name, self.schema)}",
                    name,
                )


Data = str | Path | Sequence[str | Path] | Records
"""Where records are: a file, a folder, a pattern such as ``gen2/*.parquet``, or several."""


def open_records(data: Data) -> Records:
    """Find files of records and cut them into shards, without loading them.

    The content is read once, as bytes, to tell every shard by a digest. JSON Lines, plain text,
    CSV and Parquet files are cut by size; compressed files are one shard each.

    Parameters
    ----------
    data : path, or sequence of paths
        Files, folders or patterns: Parquet; JSON Lines, CSV and plain text (also ``.gz`` or
        ``.zst``); or a folder that `datasets` saved. A folder means the files in it whose names
        say such a format, not those in folders below it.

    Returns
    -------
    Records
        Their shards and columns.

    Raises
    ------
    InputError
        If nothing is found, a file cannot be read as what its name says, holds no records, or
        two files have other columns or types.
    """
    if isinstance(data, Records):
        return data
    given = [data] if isinstance(data, str | Path) else list(data)
    files = [found for each in given for found in _found(each)]
    names = [name for name, _, _ in files]
    twice = (
        {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()
    )
    if twice:
        raise InputError(f"{min(twice)} is given twice. Name each file once.")
    opened = _Opening()
    for name, path, form in files:
        try:
            opened.add(name, path, form)
        except OSError as error:
            raise InputError(f"cannot read {name}: {error.strerror or error}.") from error
    return opened.records(", ".join(map(str, given)))


class _Opening:
    """What is known of the files opened so far."""

    def __init__(self) -> None:
        self.schema: dict[str, str | None] = {}
        self.cuts: list[tuple[dict[str, Any], tuple[str, ...]]] = []
        self.strict: tuple[str, set[str]] | None = None
        self.aside: Aside | None = None

    def add(self, file: str, path: str, form: str) -> None:
        """Read the beginning of a file, and cut it."""
        header: tuple[str, ...] = ()
        if form in LINES:
            header = self._see_lines(file, path, form)
        else:
            kinds = tables.parquet_kinds if form == "parquet" else tables.arrow_kinds
            self._see_table(file, kinds(path, file))
        late: list[schema.Marked] = []
        for cut in _cuts(file, path, form, partial(self._sample, late)):
            self.cuts.append(({"file": file, "path": path, "form": form, **cut}, header))
        # A few may be mistakes of records.
        self.schema |= schema.settled(self.schema, late, file, schema.FEW_IN_HEAD + 1)

    def _see_lines(self, file: str, path: str, form: str) -> tuple[str, ...]:
        header: tuple[str, ...] = ()
        lines = text.lines_of(path, 0, separated.NO_END)
        if form == "csv":
            rows = separated.Rows(lines, 1, file)
            header = rows.header() or ()
            self._same_columns(file, header)
            parsed = rows.records(header)
        else:
            parse = text.json_object if form == "jsonl" else text.plain_text
            parsed = text.numbered(lines, 1, file, parse)
        good = []
        for line, found in islice(parsed, HEAD):
            if isinstance(found, Aside):
                self.aside = self.aside or found
                continue
            good.append((line, schema.kinds_of(found)))
            for name in found:
                self.schema.setdefault(name, None)
        self.schema |= schema.settled(self.schema, good, file)
        for name in header:
            self.schema.setdefault(name, "text")
        return header

    def _sample(self, late: list[schema.Marked], file: str, path: str, span: text.Span) -> None:
        """Look at both ends of a shard, and add kinds of columns that the head did not show."""
        head = islice(text.lines_of(path, span.start, span.stop), SAMPLE)
        for first, lines in (span.first, head), text.last_lines(path, span, SAMPLE):
            kinds = schema.Kinds(self.schema, file)

            def check(record: dict[str, Any], line: int, kinds: schema.Kinds = kinds) -> None:
                found = schema.kinds_of(record).items()
                if new := {name: kind for name, kind in found if self.schema.get(name) is None}:
                    late.append((line, new))
                kinds.check(record, line)

            for _ in text.numbered(lines, first, file, text.json_object, check):
                pass
            kinds.settle()

    def _see_table(self, file: str, kinds: dict[str, str | None]) -> None:
        self._same_columns(file, tuple(kinds))
        for name, kind in kinds.items():
            known = self.schema.get(name)
            if kind is not None and known is not None and kind != known:
                raise schema.changed(file, name, kind, known)
            self.schema[name] = known or kind

    def _same_columns(self, file: str, columns: tuple[str, ...]) -> None:
        if self.strict is None:
            self.strict = (file, set(columns))
        before, names = self.strict
        if odd := names ^ set(columns):
            name = min(odd)
            has, lacks = (before, file) if name in names else (file, before)
            raise InputError(
                f"{has} has a column '{name}', which {lacks} lacks. Records of one data set have "
                "the same columns: open the files apart, or give them the same."
            )

    def records(self, given: str) -> Records:
        """Shards of all files."""
        if not self.schema and self.aside is not None:
            raise InputError(
                f"line {self.aside.line} of {self.aside.file} is {self.aside.reason}, and neither "
                "is any record after it readable. Check that the file is what its name says."
            )
        if not self.cuts or not self.schema:
            raise InputError(f"{given} holds no records. Provide a file with at least a few.")
        shards = tuple(
            Shard(index, schema=self.schema, header=header, **cut)
            for index, (cut, header) in enumerate(self.cuts)
        )
        return Records(shards, self.schema)


def _cuts(
    file: str, path: str, form: str, see: Callable[[str, str, text.Span], None]
) -> Iterator[dict[str, Any]]:
    if form in LINES:
        if text.is_packed(path):
            spans = iter([text.whole(path)])
        else:
            spans = separated.spans(path, file) if form == "csv" else text.spans(path)
        for span in spans:
            if form == "jsonl" and span.lines is not None:
                see(file, path, span)
            yield {
                "start": span.start, "stop": span.stop, "first": span.first, "size": span.lines,
                "digest": span.digest,
            }  # fmt: skip
        return
    ranges = tables.parquet_ranges if form == "parquet" else tables.arrow_ranges
    for found in ranges(path, file):
        yield {
            "start": found.start, "stop": found.stop, "first": found.start + 1,
            "size": found.stop - found.start, "digest": found.digest,
        }  # fmt: skip


def _found(given: str | Path) -> Iterator[tuple[str, str, str]]:
    """Files that a path or pattern means: their names, absolute paths and forms."""
    path = Path(given)
    if path.is_dir():
        stored = tables.stored_files(path)
        if stored is not None:
            yield from ((str(each), str(each.resolve()), "arrow") for each in stored)
            return
        inside = [each for each in sorted(path.iterdir()) if _form(each) and _is_shown(each)]
        if not inside:
            raise InputError(f"the folder {path} holds no files of records. {_KNOWN}")
        files = inside
    elif not path.exists() and glob.has_magic(str(given)):
        files = [Path(each) for each in sorted(glob.glob(str(given), recursive=True))]
        if not files:
            raise InputError(f"no file matches {given}. Check the pattern and the present folder.")
    else:
        files = [path]
    for each in files:
        form = _form(each)
        if form is None:
            raise InputError(f"cannot tell the format of {each} from its name. {_KNOWN}")
        yield str(each), str(each.resolve()), form


_KNOWN = f"Known endings: {', '.join(ENDINGS)}; those of lines may be followed by .gz or .zst."


def _is_shown(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "_"))


def _form(path: Path) -> str | None:
    packed = text.is_packed(path.name)
    form = ENDINGS.get((path.with_suffix("") if packed else path).suffix.lower())
    return None if packed and form == "parquet" else form
