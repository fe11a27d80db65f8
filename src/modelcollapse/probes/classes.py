"""Probe of the classes among the records that a model writes, as a classifier sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.learners.estimator import locate
from modelcollapse.learners.reseeding import reseed
from modelcollapse.metrics import diversity, subgroups
from modelcollapse.probes.views import as_rows, rows_view
from modelcollapse.protocols import Finite, Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

FOLDS = 5
"""Parts of the labelled records, each classified by a judge that has not seen it."""


class _Judge(NamedTuple):
    """A classifier trained on real records, and how it sees real records it has not seen."""

    classifier: Any
    classes: NDArray[Any]
    real: NDArray[np.intp]


@dataclass(frozen=True)
class Classes:
    """Classes among the records the model writes, by a classifier: rare ones vanish first.

    The classifier is trained on labelled real records. Readings, each against the shares that it
    gives to real records it has not seen, so that its own errors do not count as change:
    ``share <class>``, the share of each class; ``smallest_ratio``, the smallest ratio of a share
    to the real one; ``lost``, how many classes have no record at all; ``entropy``, that of the
    shares, in nats, relative to the real one.

    Parameters
    ----------
    classifier : str, default "sklearn.linear_model:LogisticRegression"
        Import path of a classifier with `fit` and `predict`.
    options : mapping, default {"max_iter": 2000}
        Keyword arguments for it.
    records : int, default 2000
        Labelled real records to train it on, at most.

    Raises
    ------
    InputError
        If the classifier cannot be imported, or `records` is no number of records; when read, if
        the truth has no labels.

    Notes
    -----
    A class that the classifier does not find among real records cannot be followed: it has a
    share, and no part in the ratio and in the number lost. A linear classifier, the default, is
    even-handed about noise that has no direction; others may take noisy pictures for one class.
    """

    classifier: str = "sklearn.linear_model:LogisticRegression"
    options: Mapping[str, Any] = field(default_factory=lambda: {"max_iter": 2000}, hash=False)
    records: int = 2000

    name: ClassVar[str] = "classes"

    def __post_init__(self) -> None:
        locate(self.classifier)
        if not is_whole(self.records) or self.records < 2 * FOLDS:
            raise InputError(
                f"classes got records = {self.records!r}, but it takes labelled records to train a "
                f"classifier. Use at least {2 * FOLDS}."
            )

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        seen = rows_view(generation)
        if seen is None:
            raise Incompatible("classes are read from rows of numbers with labelled real records.")
        judge = generation.once(f"judge {self}", lambda: self._judge(generation))
        predicted = judge.classifier.predict(seen.sample)
        found = np.array([np.count_nonzero(predicted == name) for name in judge.classes])
        ratios = subgroups.share_ratios(found, judge.real).ratio
        shares = found / found.sum()
        real = judge.real / judge.real.sum()
        return {
            **{f"share {c}": float(s) for c, s in zip(judge.classes, shares, strict=True)},
            "smallest_ratio": float(np.nanmin(ratios)),
            "lost": subgroups.lost_subgroups(found, judge.real),
            "entropy": diversity.entropy(shares) / diversity.entropy(real),
        }

    def _new(self, generation: Generation) -> Any:
        classifier = locate(self.classifier)(**self.options)
        reseed(classifier, generation.rng_once("judge"))
        return classifier

    def _judge(self, generation: Generation) -> _Judge:
        truth = generation.truth
        labels = getattr(truth, "labels", None)
        if labels is None or not isinstance(truth, Finite):
            raise Incompatible(
                "classes needs labels of the real records, and this source has none. Use "
                "Empirical(data, labels=...), or leave the probe out."
            )
        order = generation.rng_once("labelled records").permutation(len(truth))[: self.records]
        rows, known = as_rows(truth.take(order)), np.asarray(labels)[order]
        unseen = np.empty_like(known)
        for part in np.array_split(np.arange(len(order)), FOLDS):
            rest = np.delete(np.arange(len(order)), part)
            judge = self._new(generation).fit(rows[rest], known[rest])
            unseen[part] = judge.predict(rows[part])
        classes = np.unique(known)
        real = np.array([np.count_nonzero(unseen == name) for name in classes])
        return _Judge(self._new(generation).fit(rows, known), classes, real)
