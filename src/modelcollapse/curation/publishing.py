"""Writing a training set, and what was left out of it, in one pass over each source."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.curation.accounting import STATES, Fate
from modelcollapse.curation.inputs import Inputs, Source
from modelcollapse.curation.output import DROPPED, SET_ASIDE
from modelcollapse.curation.provenance import REAL, SCORE, earlier, fields
from modelcollapse.curation.survey import BATCH
from modelcollapse.curation.writing import Part, Parts, part_of
from modelcollapse.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, Sequence[Any]]


@dataclass(frozen=True, eq=False)
class Written:
    """What was written.

    Attributes
    ----------
    parts, dropped : list of Part
        Files of the training set, and of what was left out.
    fields : dict of str to pyarrow.DataType
        Columns of the training set, as a Parquet file has them.
    states : dict of str to int
        Candidates that were written, by state.
    rows : dict of str to int
        Rows of the training set, by source.
    read : int
        Candidates, those set aside included.
    examples : dict of int to mapping
        Records asked for, by position.
    """

    parts: list[Part]
    dropped: list[Part]
    fields: dict[str, pa.DataType]
    states: dict[str, int]
    rows: dict[str, int]
    read: int
    examples: dict[int, Mapping[str, Any]]


def write(
    root: Path,
    inputs: Inputs,
    fate: Fate,
    taken: Mapping[str, NDArray[np.int64]],
    scores: Mapping[str, NDArray[np.float64]],
    examples: Iterable[int],
) -> Written:
    """Write all records to where they belong.

    Parameters
    ----------
    root : Path
        Output folder.
    inputs : Inputs
        What to read.
    fate : Fate
        What becomes of the candidates.
    taken : mapping of str to ndarray
        Copies of each real and each earlier record.
    scores : mapping of str to ndarray
        Of the candidates, by verifier.
    examples : iterable of int
        Positions of candidates to return.
    """
    spec = inputs.spec
    known = inputs.fields()
    columns = fields(known, list(scores))
    columns |= {name: kind for name, kind in known.items() if name.startswith(SCORE)}
    out = Parts(root, "", spec.format, columns)
    rows = dict.fromkeys((REAL, "previous", "synthetic"), 0)
    begun = dict.fromkeys(rows, 0)
    for source in inputs.sources[:-1]:
        copies = taken[source.role]
        begun[source.role], count = _write_source(source, copies, begun[source.role], out)
        rows[source.role] += count
    sorted_out = _Candidates(root, inputs, fate, scores, set(examples), out)
    sorted_out.run()
    rows["synthetic"] = int(fate.copies.sum())
    parts = out.close()
    if sum(part.rows for part in parts) != sum(rows.values()):
        raise StoreError(
            f"{sum(part.rows for part in parts):,} records were written where "
            f"{sum(rows.values()):,} should be. Nothing was published. Run the same command again."
        )
    return Written(
        parts, sorted_out.close(), {each.name: each.type for each in out.schema},
        dict(sorted_out.states), rows, sorted_out.read, sorted_out.found,
    )  # fmt: skip


def _write_source(
    source: Source, copies: NDArray[np.int64], begin: int, out: Parts
) -> tuple[int, int]:
    """Write the records of a source that are taken; where it ends, and how many were written."""
    written = 0
    for piece in source.records.batches(BATCH):
        length = len(piece.rows)
        own = copies[begin : begin + length]
        begin += length
        if not own.any():
            continue
        batch = piece.batch
        columns = (
            source.origin.columns(batch, length)
            if source.role == REAL
            else earlier(source.origin, batch, length)
        )
        out.write(_repeated(columns, own), int(own.sum()))
        written += int(own.sum())
    return begin, written


class _Candidates:
    """Sorts candidates into the training set and what is left out."""

    def __init__(
        self,
        root: Path,
        inputs: Inputs,
        fate: Fate,
        scores: Mapping[str, NDArray[np.float64]],
        examples: set[int],
        out: Parts,
    ) -> None:
        import pyarrow as pa

        self.root, self.inputs, self.fate, self.scores = root, inputs, fate, scores
        self.out = out
        own = fields(inputs.of("synthetic")[0][1].fields, list(scores))
        reasons = {"mc_state": pa.string(), "mc_reason": pa.string()}
        self.dropped = Parts(root, DROPPED, inputs.spec.format, {**own, **reasons})
        self.states: Counter[str] = Counter()
        self.read = 0
        self.examples = examples
        self.found: dict[int, Mapping[str, Any]] = {}
        self._names = list(STATES)
        self._aside: IO[str] | None = None

    def run(self) -> None:
        """Go through all candidates once."""
        begin = 0
        for piece in self.inputs.candidates.records.batches(BATCH):
            self._set_aside(piece.set_aside)
            self.read += len(piece.rows) + len(piece.set_aside)
            if len(piece.rows):
                self._sort(piece.batch, begin, len(piece.rows))
                begin += len(piece.rows)
        if self._aside is not None:
            self._aside.close()

    def close(self) -> list[Part]:
        """Files of what was left out."""
        parts = self.dropped.close()
        if self._aside is not None:
            parts.append(part_of(self.root, SET_ASIDE, self.states["set aside"]))
        return parts

    def _sort(self, batch: Mapping[str, list[Any]], begin: int, length: int) -> None:
        here = slice(begin, begin + length)
        columns: Columns = self.inputs.candidates.origin.columns(batch, length)
        for name, values in self.scores.items():
            columns[f"{SCORE}{name}"] = [None if v != v else v for v in values[here].tolist()]
        if self.fate.weights is not None:
            columns["mc_weight"] = self.fate.weights[here].tolist()
        for place in self.examples:
            if begin <= place < begin + length:
                self.found[place] = {n: c[place - begin] for n, c in columns.items()}
        copies, state = self.fate.copies[here], self.fate.state[here]
        if copies.any():
            self.out.write(_repeated(columns, copies), int(copies.sum()))
        for code, count in Counter(state.tolist()).items():
            self.states[self._names[code]] += count
        left = np.flatnonzero(copies == 0)
        if left.size:
            reason = self.fate.reason[here]
            columns["mc_state"] = [self._names[code] for code in state.tolist()]
            columns["mc_reason"] = ["" if c < 0 else self.fate.reasons[c] for c in reason.tolist()]
            self.dropped.write(_repeated(columns, (copies == 0).astype(np.int64)), left.size)

    def _set_aside(self, aside: Sequence[Any]) -> None:
        if not aside:
            return
        if self._aside is None:
            path = self.root / SET_ASIDE
            path.parent.mkdir(parents=True, exist_ok=True)
            self._aside = path.open("w", encoding="utf-8", errors="surrogatepass")
        for each in aside:
            self._aside.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
        self.states["set aside"] += len(aside)


def _repeated(columns: Columns, copies: NDArray[np.int64]) -> Columns:
    """Columns of so many copies of each record."""
    if (copies == 1).all():
        return columns
    places = np.repeat(np.arange(copies.size), copies).tolist()
    return {name: [values[i] for i in places] for name, values in columns.items()}
