"""Probes of spread and tails: what the stage of collapse is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics import diversity, moments, tables, tails
from modelcollapse.probes import columns
from modelcollapse.probes.views import (
    CategoricalView,
    Floats,
    GaussianView,
    RowsView,
    TableView,
    TextView,
    view,
    word_counts,
)
from modelcollapse.protocols import Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation


FEWEST_TAIL_WORDS = 30
"""Rare words of held-out text below which a share of them says nothing."""
NAN = float("nan")


@dataclass(frozen=True)
class Variance:
    """Total variance of what the model writes: it falls in late collapse.

    The trace of the covariance, from the fitted law where there is one; for categories and words
    the heterozygosity 1 - sum p^2, which is the total variance of their one-hot encoding. Of a
    table of mixed types, the sum of both, each column of numbers in units of its real variance.
    """

    name: ClassVar[str] = "variance"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            return seen.model.variance
        if isinstance(seen, CategoricalView):
            return diversity.heterozygosity(seen.model.probabilities, starts=seen.starts)
        if isinstance(seen, TextView):
            return diversity.unbiased_heterozygosity(seen.counts)
        return float(np.var(seen.sample, axis=0, ddof=1).sum())


@dataclass(frozen=True)
class LogVariance:
    """Natural logarithm of the total variance; right where the variance itself underflows."""

    name: ClassVar[str] = "log_variance"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            return seen.model.log_variance
        with np.errstate(divide="ignore"):
            return np.log(Variance()(generation))


@dataclass(frozen=True)
class LogGeneralisedVariance:
    """Natural logarithm of the covariance's determinant: it falls when any direction is lost."""

    name: ClassVar[str] = "log_generalised_variance"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            return seen.model.log_det
        if isinstance(seen, RowsView):
            return moments.log_generalised_variance(moments.mean_and_root(seen.sample)[1])
        return float("nan")


@dataclass(frozen=True)
class MeanError:
    """Squared distance of the mean from the real one: it grows as the chain drifts."""

    name: ClassVar[str] = "mean_error"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            squares = np.square(seen.model.mean - seen.mean).sum(axis=-1)
            return squares if np.ndim(squares) else float(squares)
        if isinstance(seen, RowsView):
            return float(np.square(seen.sample.mean(axis=0) - seen.reference.mean(axis=0)).sum())
        return float("nan")


@dataclass(frozen=True)
class TailRetention:
    """Share of the real tails that the model still reaches: it falls in early collapse, first.

    Numbers: along each principal axis of the real records and on each side, the share the model
    writes beyond the real ``level / 2`` quantile, relative to the real share and counted as 1 at
    most, so that a surplus on one side cannot hide a loss on the other; averaged. Categories: of
    the rarest states, which hold `level` of the real mass, the share of that mass on states the
    model can still write. Words: the share of rare real words that a sample of equal size shows,
    relative to other real text in its place, so that it can exceed 1 by chance; undefined when
    the held-out text holds fewer than 30 rare words. Tables of mixed types: the mean over the
    columns, of which those of numbers are read side by side and not along principal axes, and
    those of labels by the real mass of the rarest categories that a sample shows, relative to as
    many real records.

    Parameters
    ----------
    level : float, default 0.1
        Share of the real law that is called its tail.
    variance : float, default 0.99
        Share of the real variance that the principal axes in use explain.
    """

    level: float = 0.1
    variance: float = 0.99
    name: ClassVar[str] = "tail_retention"

    def __post_init__(self) -> None:
        for field, value in (("level", self.level), ("variance", self.variance)):
            if not 0 < value <= 1:
                raise InputError(
                    f"tail_retention got {field} = {value:g}, but it is a share. Use a number "
                    "above 0, and at most 1."
                )

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            return self._of_law(generation, seen)
        if isinstance(seen, CategoricalView):
            rare = generation.once(
                f"rare states {self.level}", lambda: tails.rare_states(seen.truth, level=self.level)
            )
            tail = np.where(rare, seen.truth, 0.0)
            kept: Reading = seen.model.total(seen.at(tail)) / tail.sum()
            return kept
        if isinstance(seen, TextView):
            return self._of_words(generation, seen)
        if isinstance(seen, TableView):
            return self._of_columns(generation, seen)
        return self._of_rows(generation, seen)

    def _axes(self, values: Floats, vectors: Floats) -> Floats:
        """Principal axes with most of the variance, as columns, the largest first."""
        order = np.argsort(values)[::-1]
        enough = np.cumsum(values[order]) < self.variance * values.sum()
        return vectors[:, order[: np.count_nonzero(enough) + 1]]

    def _of_law(self, generation: Generation, seen: GaussianView) -> Reading:
        def make() -> tuple[Floats, Floats]:
            values, vectors = np.linalg.eigh(seen.root @ seen.root.T)
            axes = self._axes(values, vectors)
            return axes, np.linalg.norm(seen.root.T @ axes, axis=0)

        axes, scale = generation.once(f"law's tail axes {self.level} {self.variance}", make)
        shift = (seen.model.mean - seen.mean) @ axes / scale
        spread = np.linalg.norm(np.swapaxes(seen.model_root, -1, -2) @ axes, axis=-2) / scale
        edge = -ndtri(self.level / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = np.stack([ndtr((shift - edge) / spread), ndtr((-shift - edge) / spread)])
        kept = np.minimum(beyond / (self.level / 2), 1.0).mean(axis=(0, -1))
        return np.asarray(kept) if np.ndim(kept) else float(kept)

    def _of_rows(self, generation: Generation, seen: RowsView) -> Reading:
        def make() -> tuple[Floats, Floats, Floats, Floats]:
            centred = seen.reference - seen.reference.mean(axis=0)
            _, singular, vectors = np.linalg.svd(centred, full_matrices=False)
            axes = self._axes(singular**2, vectors.T)
            along = seen.reference @ axes
            low, high = np.quantile(along, [self.level / 2, 1 - self.level / 2], axis=0)
            real = np.stack([np.mean(along < low, axis=0), np.mean(along > high, axis=0)])
            return axes, low, high, real

        axes, low, high, real = generation.once(
            f"rows' tail axes {self.level} {self.variance}", make
        )
        along = seen.sample @ axes
        beyond = np.stack([np.mean(along < low, axis=0), np.mean(along > high, axis=0)])
        # Where ties leave no real record beyond the quantile there is no tail to retain.
        kept = np.minimum(beyond[real > 0] / real[real > 0], 1.0)
        return float(kept.mean()) if kept.size else float("nan")

    def _of_columns(self, generation: Generation, seen: TableView) -> Reading:
        def make() -> dict[str, tuple[NDArray[Any], Floats]]:
            found = {}
            for name in columns.labels_of(seen.reference_columns):
                known, share = columns.shares(columns.known(generation)[name])
                rare = tails.rare_states(share, level=self.level)
                found[name] = known, np.append(np.where(rare, share, 0.0), 0.0)
            return found

        rare = generation.once(f"table's rare categories {self.level}", make)
        kept = [
            tables.category_retention(columns.count(seen.columns[name], known), p, by_mass=True)
            for name, (known, p) in rare.items()
        ] + [
            tables.quantile_tail_retention(
                seen.columns[name], seen.reference_columns[name], level=self.level
            )
            for name in columns.numbers_of(seen.reference_columns)
        ]
        defined = [float(value) for value in kept if np.isfinite(value)]
        return float(np.mean(defined)) if defined else NAN

    def _of_words(self, generation: Generation, seen: TextView) -> Reading:
        def make() -> tuple[Floats | None, Floats]:
            # Words chosen as rare by a text look lost in any other: one third of the real text
            # chooses them, one says how often they occur, one stands in for an unchanged model.
            from modelcollapse import records

            reference = generation.reference
            parts = np.array_split(np.arange(records.size(reference)), 3)
            choose, measure, control = (
                word_counts(generation, records.take(reference, part)) for part in parts
            )
            rare = tails.rare_states(choose / choose.sum(), level=self.level)
            if measure[rare].sum() < FEWEST_TAIL_WORDS:
                return None, control.astype(np.float64)
            return tails.tail_shares(measure, rare), control.astype(np.float64)

        shares, control = generation.once(f"rare words {self.level}", make)
        return NAN if shares is None else tails.tail_retention(seen.counts, control, shares)
