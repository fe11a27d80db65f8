"""One pass over records that finds out what a selection has to know of each: never its text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing
from modelcollapse.shards import Records
from modelcollapse.verification.reasons import shortened

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1024
"""Records that are in memory at a time."""

Codes = NDArray[np.int64]


class Names:
    """Numbers for names, in the order in which they are met."""

    def __init__(self) -> None:
        self.code: dict[str, int] = {}

    def __call__(self, values: Sequence[Any]) -> list[int]:
        """Numbers of values, as texts; an empty entry is a name of its own."""
        known = self.code
        return [
            known.setdefault("" if value is None else str(value), len(known)) for value in values
        ]


@dataclass(eq=False)
class Survey:
    """What one pass over records has found.

    Attributes
    ----------
    size : int
        Records.
    prompts : ndarray of uint64, shape (size,), optional
        Digest of the prompt of each; one of its own where it is missing.
    unprompted : int
        Records without a prompt.
    groups : dict of str to ndarray of int
        Number of each record's group, by column; numbers are those of the `Names` given.
    tokens : ndarray of int, shape (size,), optional
        Tokens of each text.
    real : ndarray of bool, shape (size,)
        Records that an earlier curation marked as real ones.
    empty : int
        Records without a text.
    places : dict of str to int
        Position of each record that was looked for.
    fields : dict of str to pyarrow.DataType or None
        Columns and their types; None where the entries have no type in common.
    set_aside : Counter of str
        Malformed records, by reason.
    """

    size: int = 0
    prompts: NDArray[np.uint64] | None = None
    unprompted: int = 0
    groups: dict[str, Codes] = field(default_factory=dict)
    tokens: Codes | None = None
    real: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    empty: int = 0
    places: dict[str, int] = field(default_factory=dict)
    fields: dict[str, pa.DataType | None] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)


def survey(
    records: Records,
    *,
    text: str,
    prompt: str | None = None,
    groups: Mapping[str, Names] | None = None,
    count: Callable[[Sequence[str]], list[int]] | None = None,
    wanted: tuple[str, frozenset[str]] | None = None,
) -> Survey:
    """Go through all records once.

    Parameters
    ----------
    records : Records
        What to read.
    text : str
        Column of the texts.
    prompt : str, optional
        Column of the prompts.
    groups : mapping of str to Names, optional
        Columns of groups, with the numbers of their names, which are added to.
    count : callable, optional
        Counts the tokens of texts.
    wanted : tuple of str and set of str, optional
        Column that identifies records, and which of them to look for.
    """
    found = Survey()
    parts: dict[str, list[Any]] = {"prompts": [], "tokens": [], "real": []}
    codes: dict[str, list[Any]] = {name: [] for name in groups or {}}
    for batch, aside in batches(records):
        found.set_aside.update(shortened(each.reason) for each in aside)
        length = len(next(iter(batch.values()), ()))
        _types(found.fields, batch)
        texts = ["" if value is None else str(value) for value in batch[text]] if length else []
        found.empty += sum(not value.strip() for value in texts)
        if prompt is not None and length:
            parts["prompts"].append(digests(batch[prompt], found.size))
            found.unprompted += sum(_is_missing(value) for value in batch[prompt])
        if count is not None and length:
            parts["tokens"].append(np.array(count(texts), dtype=np.int64))
        origin = batch.get("mc_origin", [None] * length)
        parts["real"].append(np.array([value == "real" for value in origin], dtype=bool))
        for name, names in (groups or {}).items():
            values = batch.get(name, [None] * length)
            codes[name].append(np.array(names(values), dtype=np.int64))
        if wanted is not None and length:
            column, ids = wanted
            for place, name in enumerate(map(str, batch[column]), found.size):
                if name in ids:
                    found.places.setdefault(name, place)
        found.size += length
    found.real = _joined(parts["real"], bool)
    found.prompts = _joined(parts["prompts"], np.uint64) if prompt is not None else None
    found.tokens = _joined(parts["tokens"], np.int64) if count is not None else None
    found.groups = {name: _joined(entries, np.int64) for name, entries in codes.items()}
    return found


def batches(records: Records) -> Iterator[tuple[Mapping[str, list[Any]], tuple[Any, ...]]]:
    """All records in their order, some at a time, with what was set aside between them."""
    for piece in records.batches(BATCH):
        yield piece.batch, piece.set_aside


def digests(values: Sequence[Any], first: int = 0) -> NDArray[np.uint64]:
    """Short digests of prompts; that any two of ten million agree has a chance of 3e-6.

    Parameters
    ----------
    values : sequence
        Prompts.
    first : int, default 0
        Position of the first of them among all records: a missing prompt is like no other.
    """
    joined = b"".join(
        hashlib.blake2b(
            (str(place) if _is_missing(value) else str(value)).encode(errors="surrogatepass"),
            digest_size=8,
            person=b"missing" if _is_missing(value) else b"",
        ).digest()
        for place, value in enumerate(values, first)
    )
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _types(fields: dict[str, Any], batch: Mapping[str, list[Any]]) -> None:
    """Widen the types of columns by those of a batch."""
    import pyarrow as pa

    for name, values in batch.items():
        known = fields.get(name, pa.null())
        if known is None:
            continue
        try:
            kind = pa.array(values).type
            fields[name] = kind if kind == known else common(name, known, kind)
        except (pa.ArrowException, OverflowError):
            fields[name] = None


def common(name: str, known: Any, kind: Any) -> Any:
    """Type of Arrow that holds what two others hold; an error of Arrow if there is none."""
    import pyarrow as pa

    both = [pa.schema([(name, known)]), pa.schema([(name, kind)])]
    return pa.unify_schemas(both, promote_options="permissive").field(0).type


def _joined(parts: list[Any], kind: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)


def words(texts: Sequence[str]) -> list[int]:
    """Words between spaces in each text."""
    return [len(text.split()) for text in texts]


def tokenizer(path: str) -> Callable[[Sequence[str]], list[int]]:
    """Counter of the tokens of a ``tokenizer.json``.

    Raises
    ------
    InputError
        If the file cannot be read as one.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise Missing("a budget in a model's tokens", "tokenizers", "neural") from error
    try:
        loaded = Tokenizer.from_file(path)
    except Exception as error:  # the library raises nothing more specific
        raise InputError(
            f"mix.budget.tokenizer: {path} cannot be read as a tokenizer ({error}). Give the "
            "tokenizer.json of a model."
        ) from error

    def count(texts: Sequence[str]) -> list[int]:
        return [len(entry.ids) for entry in loaded.encode_batch(list(texts))]

    return count
