"""Records in files of lines: JSON Lines and plain text, compressed or not."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from modelcollapse.errors import InputError, Missing

LEAST_BYTES, MOST_BYTES = 2**17, 2**23
"""Bounds of the length of a shard of lines."""

SHARDS = 32
"""Shards that a file is cut into at most, while they stay within the bounds of their size."""

MOST_TAIL = 2**16
"""Bytes at the end of a span that are looked at, at most, for its last lines."""

MARK = b"\xef\xbb\xbf"
"""Byte-order mark, with which some programs begin a file."""


@dataclass(frozen=True)
class Aside:
    r"""A malformed record, which is set aside as it stands.

    Parameters
    ----------
    file : str
        The file it stands in, as it was named.
    line : int
        Line on which it begins, counted from 1.
    reason : str
        What is wrong with it.
    raw : str
        The record itself; bytes that are no UTF-8 as ``\xNN``.
    """

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Span:
    """Whole lines of a file: bytes from `start` to `stop`, of which the first is line `first`."""

    start: int
    stop: int
    first: int
    lines: int | None
    digest: str


def is_packed(path: str) -> bool:
    """Whether a file is compressed, by the ending of its name."""
    return path.lower().endswith((".gz", ".zst"))


def opened(path: str) -> IO[bytes]:
    """Open a file for reading what it holds, unpacked.

    Raises
    ------
    Missing
        If it is compressed by Zstandard, and no library for that is installed.
    """
    if path.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.lower().endswith(".zst"):
        try:
            import pyarrow
        except ImportError:
            raise Missing("reading .zst files", "pyarrow", "curate") from None
        # Unlike others, it notices a file that was cut off.
        packed = pyarrow.CompressedInputStream(pyarrow.OSFile(path), "zstd")
        return io.BufferedReader(cast(Any, packed))
    return open(path, "rb")


def even(size: int, least: int, most: int) -> int:
    """Size of a shard of a file: a power of two, so that a file that grows is cut as before."""
    return min(max(1 << (max(size // SHARDS, 1) - 1).bit_length(), least), most)


def shard_bytes(path: str) -> int:
    """Least length of a shard of a file of lines, except for its last one."""
    return even(os.path.getsize(path), LEAST_BYTES, MOST_BYTES)


def whole(path: str) -> Span:
    """Span of a file that cannot be cut, since it is compressed.

    It is unpacked once to its end, so that a file that was cut off is noticed before anybody
    works on it.
    """
    with _unpacking(path), opened(path) as unpacked:
        while unpacked.read(2**20):
            pass
    digest = new_digest()
    with open(path, "rb") as file:
        while block := file.read(MOST_BYTES):
            digest.update(block)
        return Span(0, file.tell(), 1, None, digest.hexdigest())


def spans(path: str) -> Iterator[Span]:
    """Cut a file at ends of lines; where depends on nothing but the file."""
    start, first, size = 0, 1, shard_bytes(path)
    with open(path, "rb") as file:
        while block := file.read(size):
            rest = file.readline()
            lines = block.count(b"\n") + rest.count(b"\n") + (not (rest or block).endswith(b"\n"))
            digest = new_digest(block)
            digest.update(rest)
            stop = start + len(block) + len(rest)
            yield Span(start, stop, first, lines, digest.hexdigest())
            start, first = stop, first + lines


def lines_of(path: str, start: int, stop: int) -> Iterator[bytes]:
    """Lines of a span, without a byte-order mark; all of them where the file is compressed."""
    packed = is_packed(path)
    with _unpacking(path), opened(path) as file:
        if not packed:
            file.seek(start)
        left = stop - start
        for number, line in enumerate(file):
            yield line.removeprefix(MARK) if number == 0 and start == 0 else line
            left -= len(line)
            if left <= 0 and not packed:
                return


def last_lines(path: str, span: Span, most: int) -> tuple[int, list[bytes]]:
    """Last whole lines of a span, if they are short, and the number of the first of them."""
    with open(path, "rb") as file:
        begin = max(span.start, span.stop - MOST_TAIL)
        file.seek(begin)
        lines = file.read(span.stop - begin).splitlines(keepends=True)
    if begin > span.start:
        del lines[:1]  # perhaps cut
    lines = lines[-most:]
    return span.first + (span.lines or 0) - len(lines), lines


@contextmanager
def _unpacking(path: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        # A disk has error numbers; what unpacks only has words.
        if getattr(error, "errno", None) is not None:
            raise
        raise InputError(
            f"{path} is damaged or cut off: it cannot be unpacked to its end ({error}). Get it "
            "again, or unpack what there is into a file of its own."
        ) from error


Parsed = tuple[int, dict[str, Any] | Aside]
"""Line on which a record begins, and the record."""


def numbered(
    lines: Iterable[bytes],
    first: int,
    file: str,
    parse: Callable[[str], dict[str, Any]],
    check: Callable[[dict[str, Any], int], None] | None = None,
) -> Iterator[Parsed]:
    """Records of lines, each by itself: one that is malformed takes no other along.

    With `check`, neither does one that it raises a ValueError for; it is given the line, too.
    """
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            record = parse(line.decode())
            if check is not None:
                check(record, number)
        except UnicodeDecodeError as error:
            reason = f"not valid UTF-8 at byte {error.start} of the line"
            yield number, Aside(file, number, reason, _shown(line))
        except InputError:
            raise
        except (ValueError, RecursionError) as error:
            yield number, Aside(file, number, str(error), _shown(line))
        else:
            yield number, record


def json_object(line: str) -> dict[str, Any]:
    """Record of a line of JSON Lines."""
    try:
        entry = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from None
    if type(entry) is not dict:
        raise ValueError(f"not an object with fields but {_named(entry)}")
    if "\\ud" in line or "\\uD" in line:
        try:
            json.dumps(entry, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError(
                "half a character (a lone surrogate), which no text may hold"
            ) from None
    return entry


def plain_text(line: str) -> dict[str, Any]:
    """Record of a line of plain text: it has one column, ``text``."""
    return {"text": line.rstrip("\r\n")}


def _named(entry: Any) -> str:
    kinds = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(entry), "a number")


def _shown(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def new_digest(data: bytes = b"") -> Any:
    """Hash of content, to which more can be added."""
    return hashlib.blake2b(data, digest_size=16)
