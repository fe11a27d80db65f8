"""Records in CSV files, of which one that is malformed takes no other along."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from modelcollapse.errors import InputError
from modelcollapse.shards import text
from modelcollapse.shards.text import Aside, Parsed, Span

LONGEST = 16 * 2**20
"""Bytes after which a quotation that does not end is taken for a mistake."""


class Rows:
    """Records of lines of CSV, with where each ends.

    A record that does not read is set aside up to the end of its first line only: what a
    quotation mark left open seems to swallow are records, too.
    """

    def __init__(self, lines: Iterable[bytes], first: int, file: str) -> None:
        self._lines = iter(lines)
        self._again: deque[bytes] = deque()
        self.line = first
        self.file = file
        self.end = 0

    def header(self) -> tuple[str, ...] | None:
        """Names of the columns: the first record; None for an empty file.

        Raises
        ------
        InputError
            If it cannot be read, or a name stands twice.
        """
        for _, found in self._entries():
            if isinstance(found, Aside):
                raise InputError(
                    f"the header of {self.file} is {found.reason}. The first line of a CSV file "
                    "names its columns."
                )
            names = tuple(name.strip() for name in found)
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise InputError(
                    f"{self.file} has more than one column '{min(twice)}', so that it is not known "
                    "which is meant. Give each its own name."
                )
            return names
        return None

    def records(self, names: tuple[str, ...]) -> Iterator[Parsed]:
        """Records with these columns, by the line on which they begin."""
        for line, found in self._entries(len(names)):
            yield line, found if isinstance(found, Aside) else dict(zip(names, found, strict=True))

    def _entries(self, width: int | None = None) -> Iterator[tuple[int, list[str] | Aside]]:
        while (first := self._next()) is not None:
            taken = [first]
            if not first.strip():
                self._done(taken)
                continue
            line = self.line
            found = self._parsed(taken, width)
            if isinstance(found, str):
                self._again.extendleft(reversed(taken[1:]))
                del taken[1:]
                raw = first.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
                self._done(taken)
                yield line, Aside(self.file, line, found, raw)
            else:
                self._done(taken)
                yield line, found

    def _next(self) -> bytes | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _done(self, taken: list[bytes]) -> None:
        self.line += len(taken)
        self.end += sum(map(len, taken))

    def _parsed(self, taken: list[bytes], width: int | None) -> list[str] | str:
        """Fields of the record that begins on a line, or what is wrong with it."""

        def decoded() -> Iterator[str]:
            yield taken[0].decode()
            size = len(taken[0])
            while size < LONGEST and (more := self._next()) is not None:
                taken.append(more)
                size += len(more)
                yield more.decode()

        # The limit belongs to the whole process, so it is given back at once.
        limit = csv.field_size_limit(LONGEST)
        try:
            fields = next(csv.reader(decoded(), strict=True))
        except UnicodeDecodeError as error:
            return f"not valid UTF-8 at byte {error.start} of a line"
        except csv.Error as error:
            ends = "unexpected end" in str(error)
            return "a quotation that does not end" if ends else f"not CSV ({error})"
        finally:
            csv.field_size_limit(limit)
        if width is not None and len(fields) != width:
            return f"{len(fields)} fields where the header has {width}"
        return fields


def spans(path: str, file: str) -> Iterator[Span]:
    """Cut a file at ends of records, without its header."""
    rows = Rows(text.lines_of(path, 0, NO_END), 1, file)
    names, size = rows.header() or (), text.shard_bytes(path)
    with open(path, "rb") as raw:
        shift = len(text.MARK) if raw.read(len(text.MARK)) == text.MARK else 0
        raw.seek(start := rows.end + shift)
        first = rows.line

        def span() -> Span:
            digest, stop = text.new_digest(), rows.end + shift
            while block := raw.read(min(2**20, stop - raw.tell())):
                digest.update(block)
            return Span(start, stop, first, rows.line - first, digest.hexdigest())

        for _ in rows.records(names):
            if rows.end + shift - start >= size:
                yield span()
                start, first = rows.end + shift, rows.line
        if rows.end + shift > start:
            yield span()


NO_END = 2**63
"""Byte up to which a file is read that is to be read whole."""
