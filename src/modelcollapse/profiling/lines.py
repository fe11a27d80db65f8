"""Files of lines, CSV and JSON Lines: their header, and which line is at fault."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from modelcollapse.errors import InputError

DELIMITERS = ",;\t|"


def opened(file: str) -> IO[bytes]:
    """The bytes of a file, unpacked if its name ends with ``.gz``."""
    path = Path(file)
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def refuse_empty(file: str) -> None:
    """Check that a file holds more than blanks.

    Raises
    ------
    InputError
        If it does not, or cannot be unpacked.
    """
    try:
        with opened(file) as stream:
            if stream.read(4096).strip(b"\xef\xbb\xbf \t\r\n"):
                return
    except (OSError, EOFError) as error:
        raise InputError(f"{file} cannot be read: {error}. Write it again.") from error
    raise InputError(f"{file} is empty. Give a file with records.")


def delimiter(file: str) -> str:
    """What parts the columns of a CSV file, after a look at its header.

    Parameters
    ----------
    file : str
        A name that ends with ``.tsv``, with or without ``.gz``, means tabs.

    Raises
    ------
    InputError
        If the header names a column twice, or holds numbers instead of names.
    """
    first = next(_decoded(file))
    plain = "".join(first.split('"')[::2])  # what stands outside quotes
    found = "\t" if ".tsv" in Path(file).suffixes[-2:] else max(DELIMITERS, key=plain.count)
    names = next(csv.reader([first], delimiter=found), [])
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise InputError(
            f"{file} has more than one column {twice[0]!r}, and a column is known by its name. "
            "Give each its own."
        )
    if names and all(map(_is_number, names)):
        raise InputError(
            f"the first line of {file} holds numbers, where a CSV file names its columns. Write a "
            "line of names first."
        )
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _decoded(file: str) -> Iterator[str]:
    """Lines of a file, without their ends.

    Raises
    ------
    InputError
        If one is no UTF-8, or the file cannot be unpacked.
    """
    try:
        with opened(file) as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"line {number} of {file} is not valid UTF-8 (at byte {error.start + 1} of "
                        "the line). Convert it, for example with iconv -f latin1 -t utf-8."
                    ) from error
    except (OSError, EOFError) as error:
        raise InputError(f"{file} cannot be read to its end ({error}). Write it again.") from error


def refuse_faults(file: str) -> None:
    """Look for the line that is at fault in a file that could not be read.

    Parameters
    ----------
    file : str
        CSV or JSON Lines.

    Raises
    ------
    InputError
        If one is found.
    """
    of_json = ".csv" not in Path(file).suffixes and ".tsv" not in Path(file).suffixes
    for number, line in enumerate(_decoded(file), start=1):
        if not (of_json and line.strip()):
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise InputError(
                f"line {number} of {file} is not valid JSON ({fault}). Each line must be one JSON "
                "object."
            ) from fault
        if not isinstance(entry, dict):
            raise InputError(
                f"line {number} of {file} is no JSON object with fields. Write each record as "
                '{"name": 1}.'
            )
