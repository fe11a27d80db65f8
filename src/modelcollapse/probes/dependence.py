"""Probes of dependence in tables: what columns know of each other, and what one can learn of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError, suggestion
from modelcollapse.metrics.tables import associations
from modelcollapse.probes import columns
from modelcollapse.probes.columns import Columns
from modelcollapse.protocols import Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

NAN = float("nan")


@dataclass(frozen=True)
class Associations:
    """What the columns know of each other, against held-out real records.

    Readings: ``strength``, the sum of the absolute associations of all pairs of columns, relative
    to the real ones: a fit that misses dependence loses some of it in each generation; ``error``,
    the mean absolute difference from the real ones, which grows in any change and is above 0 for
    real records too. A column that no longer varies goes together with nothing, and counts as 0.

    Which association: see `modelcollapse.metrics.tables.associations`.
    """

    name: ClassVar[str] = "associations"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""

        def make() -> tuple[list[str], NDArray[np.float64]]:
            reference = columns.reference(generation)
            return list(reference), _pairs(reference, list(reference))

        names, real = generation.once("real associations", make)
        there = np.isfinite(real)
        if not there.any():
            return {"strength": NAN, "error": NAN}
        found, real = np.nan_to_num(_pairs(columns.sample(generation), names)[there]), real[there]
        return {
            "strength": float(np.abs(found).sum() / np.abs(real).sum()),
            "error": float(np.abs(found - real).mean()),
        }


def _pairs(table: Columns, names: Sequence[str]) -> NDArray[np.float64]:
    matrix = associations([table[name] for name in names])
    return np.asarray(matrix[np.tril_indices(len(names), -1)])


@dataclass(frozen=True)
class TrainOnSynthetic:
    """Train on synthetic, test on real: what the table is still good for.

    A classifier learns one column from the others on the evaluation sample, and is tested on
    held-out real records. Readings: the area under the ROC curve, which falls to one half as the
    dependence is lost; and ``real``, that of the same classifier trained on the real records of
    generation 0. Once the dependence is gone a single chain can read anything, also far below one
    half: the sign of a coefficient that should be 0 decides. Judge the mean over replicates.

    Parameters
    ----------
    label : str
        Column of labels to learn.
    positive : str, optional
        Label to tell from all others; the rarer of two, the most frequent of more when not given.
    classifier : {"linear", "boosting"}, default "linear"
        Logistic regression, or gradient-boosted trees, which take ten times as long.
    """

    label: str
    positive: str | None = None
    classifier: Literal["linear", "boosting"] = "linear"
    name: ClassVar[str] = "train_on_synthetic"

    def __post_init__(self) -> None:
        if self.classifier not in ("linear", "boosting"):
            raise InputError(
                f"there is no classifier {self.classifier!r}. "
                f"{suggestion(str(self.classifier), ('linear', 'boosting'))}"
            )

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        real = generation.once(f"train on real {self!r}", lambda: self._on_real(generation))
        return {"": self._score(generation, columns.sample(generation)), "real": real}

    def _on_real(self, generation: Generation) -> float:
        return self._score(generation, columns.read(generation.original.data))

    def _score(self, generation: Generation, training: Columns) -> float:
        from sklearn.metrics import roc_auc_score

        real = columns.reference(generation)
        positive = self._positive(real)
        known, truth = training[self.label] == positive, real[self.label] == positive
        if truth.all() or not truth.any():
            return NAN
        if known.all() or not known.any():
            return 0.5  # all that can be learnt is to give every record the same score
        encoder = columns.Encoder.of({k: v for k, v in real.items() if k != self.label})
        model = self._classifier(generation).fit(encoder.rows(training), known)
        scores = model.predict_proba(encoder.rows(real))[:, 1]
        return float(roc_auc_score(truth, scores))

    def _classifier(self, generation: Generation) -> Any:
        if self.classifier == "linear":
            from sklearn.linear_model import LogisticRegression

            return LogisticRegression(max_iter=1000)
        from sklearn.ensemble import HistGradientBoostingClassifier

        seed = int(generation.rng_once("classifier").integers(2**31))
        return HistGradientBoostingClassifier(early_stopping=False, random_state=seed)

    def _positive(self, real: Columns) -> str:
        columns.chosen([self.label], columns.labels_of(real), "labels")
        labels, share = columns.shares(real[self.label])
        if self.positive is None:
            return str(labels[share.argmin() if len(labels) == 2 else share.argmax()])
        if self.positive not in labels:
            raise Incompatible(
                f"no held-out real record has {self.label} = '{self.positive}'. "
                f"{suggestion(self.positive, map(str, labels))}"
            )
        return self.positive
