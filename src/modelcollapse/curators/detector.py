"""Importance resampling by a detector that tells written records from real ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from modelcollapse import records
from modelcollapse.curators.select import check_oversample
from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.families.texts import Texts
from modelcollapse.metrics.text import runs
from modelcollapse.protocols import name_of
from modelcollapse.records import Indices
from modelcollapse.verifiers.detection import classifier

if TYPE_CHECKING:
    from modelcollapse.draw import Draw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DetectorResampling:
    """Draw candidates with weights that a detector of generated records gives them.

    Before every writing, a classifier learns to tell the candidates from the real records of
    generation 0. A candidate that it takes for generated with probability c is drawn with weight
    ``(1 - c)**exponent``. The detector that judges a candidate has never seen it: the records are
    parted into folds, equal ones together, and each fold is judged by what was learnt on the
    others.

    Parameters
    ----------
    exponent : float, default 10.0
        0 draws all alike; larger ones favour what looks real more strongly.
    repeats : int, default 3
        How often a candidate can be kept, at least 1.
    oversample : float, default 1.5
        Candidates written for each record kept, at least 1.
    folds : int, default 5
        Parts that the records are divided into, at least 2.

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    The detector is a logistic regression of scikit-learn: on the words and pairs of words of texts
    (weighted by their rarity and normalised), or on standardised numbers and their squares.
    Records are drawn one after another with probabilities proportional to the weights of what is
    left, of `repeats` copies of each candidate (by the largest of log-weight plus Gumbel noise).
    Weights proportional to ``(1 - c) / c`` would estimate the real law; powers of ``1 - c`` are
    what was published, and bounded.

    References
    ----------
    Drayson, Yilmaz and Lampos (2025), "Machine-generated text detection prevents language model
    collapse", arXiv:2502.15654; exponent, repeats and oversampling as in its code, which has a
    pretrained network for the detector.
    """

    exponent: float = 10.0
    repeats: int = 3
    oversample: float = 1.5
    folds: int = 5

    def __post_init__(self) -> None:
        check_oversample("DetectorResampling", self.oversample)
        if not 0 <= self.exponent < np.inf:
            raise InputError(
                f"DetectorResampling got exponent = {self.exponent:g}, which would favour what is "
                "known as generated. Use 0 or more."
            )
        for name, least in (("repeats", 1), ("folds", 2)):
            value = getattr(self, name)
            if not is_whole(value) or value < least:
                raise InputError(
                    f"DetectorResampling got {name} = {value!r}. Use a whole number of at least "
                    f"{least}."
                )

    def prepare(self, draw: Draw) -> Trained:
        """Fix the real records that written ones are told from."""
        return Trained(self, draw.original().data)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Refuse: there are no real records to compare with.

        Raises
        ------
        InputError
            Always: `prepare` gives what selects.
        """
        raise InputError(
            "DetectorResampling needs real records to tell written ones from. Call prepare(draw) "
            "and let the result select, as a lineage does."
        )


@dataclass(frozen=True, eq=False)
class Trained:
    """A `DetectorResampling` with the real records.

    Attributes
    ----------
    resampling : DetectorResampling
        What it was prepared from.
    real : object
        Real records.
    """

    resampling: DetectorResampling
    real: Any = field(repr=False)

    @property
    def oversample(self) -> float:
        """Candidates written for each record kept."""
        return self.resampling.oversample

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the `n` drawn, rising, some of them repeated."""
        real = self.confidence(candidates, rng=rng)
        with np.errstate(divide="ignore"):
            logs = self.resampling.exponent * np.log(np.maximum(real, np.finfo(float).tiny))
        copies = np.repeat(np.arange(logs.size), self.resampling.repeats)
        keys = logs[copies] + rng.gumbel(size=copies.size)
        return np.sort(copies[np.argsort(keys)[copies.size - n :]])

    def confidence(self, candidates: Any, *, rng: Generator) -> Floats:
        """Probability that each candidate is real, by detectors that have not seen it."""
        count = records.size(candidates)
        rows, same = _features(candidates, self.real)
        written = np.arange(len(same)) < count
        fold = _folds(same, written, self.resampling.folds, rng)
        real = np.full(count, 0.5)  # where there is nothing to learn from without the record itself
        for part in np.unique(fold):
            seen, asked = fold != part, np.flatnonzero(fold[:count] == part)
            if asked.size and len(np.unique(written[seen])) == 2:
                detector = classifier(rows).fit(rows[seen], written[seen])
                real[asked] = detector.predict_proba(rows[asked])[:, 0]
        return real


def _folds(same: Ints, written: NDArray[np.bool_], folds: int, rng: Generator) -> Ints:
    """Fold of each record; equal records, written or real, share one, and each kind is spread."""
    fold = np.empty(int(same.max(initial=-1)) + 1, np.int64)
    generated = np.zeros(fold.size, dtype=bool)
    generated[same[written]] = True
    for kind in (generated, ~generated):
        order = rng.permutation(np.flatnonzero(kind))
        fold[order] = np.arange(order.size) % folds
    return fold[same]


def _features(candidates: Any, real: Any) -> tuple[Any, Ints]:
    """What detectors see of each record, and a number that only equal records share.

    They see counts of words and of pairs of words, or numbers.
    """
    if isinstance(candidates, np.ndarray) and candidates.dtype.kind in "fiub":
        both = np.concatenate([candidates, real]).astype(np.float64)
        both = both.reshape(len(both), -1)
        return both, np.unique(both, axis=0, return_inverse=True)[1].ravel()
    if isinstance(candidates, list) and all(isinstance(text, str) for text in candidates):
        texts = Texts.of([*candidates, *real])
    elif isinstance(candidates, Texts):
        texts = records.concat([candidates, real])
    else:
        raise Incompatible(
            "DetectorResampling reads texts and arrays of numbers, and these records are "
            f"{name_of(candidates)}. Use another curator, or one of your own."
        )
    counts = [_counts(*runs(texts.ids, texts.starts, n), len(texts)) for n in (1, 2)]
    return hstack(counts, "csr"), np.unique(texts.to_strings(), return_inverse=True)[1]


def _counts(found: NDArray[np.int64], document: NDArray[np.int64], documents: int) -> Any:
    """How often each document holds each run, shape ``(documents, different runs)``."""
    different, place = np.unique(found, return_inverse=True)
    ones = np.ones(found.size)
    return csr_array((ones, (document, place)), shape=(documents, max(different.size, 1)))
