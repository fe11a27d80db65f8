"""Where each record of a training set comes from: columns of our own beside its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelcollapse.shards import record_ids

if TYPE_CHECKING:
    import pyarrow as pa

SCORE = "mc_score_"
REAL = "real"

MEANING = {
    "mc_id": "Digest of the record's own columns; equal records have equal ones.",
    "mc_origin": "'real', or the number of the generation that wrote the record.",
    "mc_generator": "The model that wrote it.",
    "mc_parent": "Digest of the prompt that it answers.",
    "mc_weight": "How much it counts in training.",
    "mc_state": "What became of it.",
    "mc_reason": "Why it was left out.",
}
"""Our columns, and what they hold."""

CARRIED = ("mc_generator", "mc_parent")
"""Our columns that a synthetic record keeps if it has them already."""


@dataclass(frozen=True)
class Origin:
    """What is known of all records of a source.

    Parameters
    ----------
    name : str
        ``"real"``, or the generation's number.
    generator : str, optional
        The model that wrote them.
    prompt : str, optional
        Column of the prompts.
    """

    name: str
    generator: str | None = None
    prompt: str | None = None

    def columns(self, batch: Mapping[str, Sequence[Any]], count: int) -> dict[str, Sequence[Any]]:
        """The records' own columns and ours, without scores."""
        own = {name: values for name, values in batch.items() if not name.startswith("mc_")}
        columns: dict[str, Sequence[Any]] = {
            **own,
            "mc_id": record_ids(batch),
            "mc_origin": [self.name] * count,
            "mc_weight": [1.0] * count,
        }
        if self.name == REAL:
            return columns
        made = {"mc_generator": [self.generator] * count, "mc_parent": self._parents(batch, count)}
        for name in CARRIED:
            columns[name] = _first(batch.get(name), made[name])
        return columns

    def _parents(self, batch: Mapping[str, Sequence[Any]], count: int) -> list[str | None]:
        if self.prompt is None or self.prompt not in batch:
            return [None] * count
        return [None if value is None else digest(str(value)) for value in batch[self.prompt]]


def earlier(
    origin: Origin, batch: Mapping[str, Sequence[Any]], count: int
) -> dict[str, Sequence[Any]]:
    """Columns of records of an earlier generation, which keep what was said of them then."""
    columns = origin.columns(batch, count)
    for name in ("mc_origin", "mc_weight"):
        columns[name] = _first(batch.get(name), columns[name])
    scores = {name: values for name, values in batch.items() if name.startswith(SCORE)}
    return {**columns, **scores}


def digest(text: str) -> str:
    """Name of a prompt."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def fields(
    own: Mapping[str, pa.DataType | None], scores: Sequence[str]
) -> dict[str, pa.DataType | None]:
    """Columns of a training set and their types: the records' own, then ours."""
    import pyarrow as pa

    texts = ("mc_id", "mc_origin", "mc_generator", "mc_parent")
    return {
        **{name: kind for name, kind in own.items() if not name.startswith("mc_")},
        **dict.fromkeys(texts, pa.string()),
        **{f"{SCORE}{name}": pa.float64() for name in scores},
        "mc_weight": pa.float64(),
    }


def _first(given: Sequence[Any] | None, otherwise: Sequence[Any]) -> Sequence[Any]:
    """Entries that there are, and others where there are none."""
    if given is None:
        return otherwise
    return [b if a is None else a for a, b in zip(given, otherwise, strict=True)]
