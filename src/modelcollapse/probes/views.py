"""What a generation looks like to a measure: a law where there is one, else records.

Closed forms are preferred: they carry no sampling noise. Where a model has none, all probes read
one shared evaluation sample, and compare it with held-out real records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible
from modelcollapse.families import _roots
from modelcollapse.families.categorical_law import CategoricalLaw
from modelcollapse.families.categorical_model import FittedCategorical
from modelcollapse.families.gaussian_model import GaussianModel
from modelcollapse.families.moments import Moments
from modelcollapse.families.texts import Texts, words
from modelcollapse.metrics.moments import mean_and_root
from modelcollapse.probes import columns
from modelcollapse.probes.columns import Columns, is_mixed

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GaussianView:
    """A fitted Gaussian law, and the real one or the real records' moments."""

    model: GaussianModel
    mean: Floats
    root: Floats

    @property
    def model_root(self) -> Floats:
        """Root of the model's covariance, shape ``(..., d, d)``, with its scale."""
        return np.asarray(_roots.natural(self.model.root, self.model.exponent))


@dataclass(frozen=True)
class CategoricalView:
    """A fitted categorical law in ragged form, and the real law on all states."""

    model: FittedCategorical
    truth: Floats

    @property
    def starts(self) -> NDArray[np.int64] | None:
        """Where each replicate begins, as measures take it; None for a single lineage."""
        return None if self.model.replicates is None else self.model.starts

    @property
    def at_states(self) -> Floats:
        """Real probabilities at the model's states."""
        return self.at(self.truth)

    def at(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the model's states; 0 for states that the known real records do not have."""
        states = self.model.states
        known = states < len(values)
        return np.where(known, values[np.where(known, states, 0)], 0)


@dataclass(frozen=True)
class TextView:
    """Counts of words in the evaluation sample, and the sample itself."""

    counts: NDArray[np.int64]
    sample: Any


@dataclass(frozen=True)
class RowsView:
    """Records as rows of numbers: the evaluation sample and the held-out real ones."""

    sample: Floats
    reference: Floats


@dataclass(frozen=True)
class TableView(RowsView):
    """Records of mixed types, encoded as rows; see `modelcollapse.probes.columns.Encoder`."""

    columns: Columns
    reference_columns: Columns


View = GaussianView | CategoricalView | TextView | RowsView


def law_view(generation: Generation) -> GaussianView | CategoricalView | None:
    """Model as a law of a known family, None if it is of another."""
    model = generation.model
    if isinstance(model, GaussianModel):
        mean, root = generation.once("gaussian truth", lambda: _gaussian_truth(generation))
        return GaussianView(model, mean, root)
    if isinstance(model, FittedCategorical):
        truth = generation.once("categorical truth", lambda: _categorical_truth(generation))
        return CategoricalView(model, truth)
    return None


def rows_view(generation: Generation) -> RowsView | None:
    """Records as rows, whatever law wrote them; None for categories, texts and statistics."""
    seen = view(generation)
    if isinstance(seen, GaussianView) and isinstance(generation.sample, np.ndarray):
        return RowsView(as_rows(generation.sample), as_rows(generation.reference))
    return seen if isinstance(seen, RowsView) else None


def view(generation: Generation) -> View:
    """Form in which this generation's model can be measured.

    Raises
    ------
    Incompatible
        If it writes records that no measure here can read.
    """
    law = law_view(generation)
    if law is not None:
        return law
    sample = generation.sample
    if isinstance(sample, Texts) or (isinstance(sample, list) and isinstance(sample[0], str)):
        return TextView(word_counts(generation, sample), sample)
    if is_mixed(sample):
        return _table_view(generation)
    return RowsView(as_rows(sample), as_rows(generation.reference))


def _table_view(generation: Generation) -> TableView:
    real, seen = columns.reference(generation), columns.sample(generation)
    encoder = generation.once("encoder", lambda: columns.Encoder.of(real))
    rows = generation.once("encoded reference", lambda: encoder.rows(real))
    return TableView(encoder.rows(seen), rows, seen, real)


def as_rows(data: Any) -> Floats:
    """Records as rows, shape ``(n, d)``: arrays of numbers, and tables that hold nothing else.

    Raises
    ------
    Incompatible
        If they are of another type, or the table has columns that are no numbers.
    """
    if isinstance(data, np.ndarray) and data.dtype.kind in "fiub":
        return np.asarray(data, dtype=np.float64).reshape(len(data), -1)
    import narwhals as nw

    table = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame):
        raise Incompatible(
            f"this measure does not read records of type {type(data).__name__}. Leave measures out "
            "to get those that suit them, or pass a function of a generation with a name."
        )
    others = [name for name, dtype in table.schema.items() if not dtype.is_numeric()]
    if others:
        raise Incompatible(
            f"the built-in measures read tables of numbers, but column '{others[0]}' holds "
            f"{table.schema[others[0]]}. Encode or drop it, or pass probes= of your own."
        )
    return np.asarray(table.to_numpy(), dtype=np.float64)


def word_counts(generation: Generation, texts: Any) -> NDArray[np.int64]:
    """Tokens of each word, shape ``(words,)``; the last counts words that no real text has."""
    if isinstance(texts, Texts):
        return np.bincount(texts.ids, minlength=len(texts.vocabulary) + 1).astype(np.int64)
    known = generation.once("vocabulary", lambda: _vocabulary(generation))
    ids = [known.get(word, len(known)) for text in texts for word in words(text)]
    return np.bincount(np.array(ids, dtype=np.int64), minlength=len(known) + 1).astype(np.int64)


def _vocabulary(generation: Generation) -> dict[str, int]:
    # Of real text only, so that the numbering does not depend on where a run was resumed.
    texts = [*generation.original.data, *generation.reference]
    return {word: i for i, word in enumerate(sorted({w for text in texts for w in words(text)}))}


def _gaussian_truth(generation: Generation) -> tuple[Floats, Floats]:
    law = getattr(generation.truth, "law", None)
    if isinstance(law, GaussianModel):
        return np.asarray(law.mean), np.asarray(_roots.natural(law.root, law.exponent))
    reference = generation.reference
    if isinstance(reference, Moments):
        raise Incompatible(
            "the truth draws sufficient statistics but has no Gaussian law to compare with. Give "
            "it a property 'law', or pass probes that need none."
        )
    return mean_and_root(as_rows(reference), ddof=1)


def _categorical_truth(generation: Generation) -> Floats:
    truth = generation.truth
    if isinstance(truth, CategoricalLaw):
        return np.asarray(truth.dense())
    shares = np.bincount(np.asarray(generation.reference, dtype=np.int64))
    return np.asarray(shares / shares.sum())
