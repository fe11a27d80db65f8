"""Design of an audit: how many records to label, and which."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from modelcollapse.errors import InputError
from modelcollapse.store import write_atomic
from modelcollapse.theory.verification import (
    breakdown_point,
    majority_test,
    stratified_audit_error,
)
from modelcollapse.verifier_quality import arguments


@dataclass(frozen=True, eq=False)
class Design:
    """Which records to label.

    Attributes
    ----------
    records : ndarray of int
        Positions of the records to label, counted from 0, in random order: whoever has to stop
        early still has a random sample.
    kept_labels, dropped_labels : int
        How many of them are kept and dropped ones.
    keep_rate : float
        Share of all records that is kept; pass it to `estimate`.
    probability : ndarray, shape (n,)
        With which each of the n records enters the sample.
    wanted : tuple of int
        Kept and dropped labels that the aims take; more than there are means that all are to be
        labelled, and that the aims are not reached.
    sentence : str
        The design in words.
    """

    records: NDArray[np.int64]
    kept_labels: int
    dropped_labels: int
    keep_rate: float
    probability: NDArray[np.float64]
    wanted: tuple[int, int]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the probabilities of records outside the sample."""
        return {
            "sentence": self.sentence,
            **{name: getattr(self, name) for name in ("kept_labels", "dropped_labels")},
            "keep_rate": self.keep_rate,
            "wanted": list(self.wanted),
            "records": self.records.tolist(),
            "probability": self.probability[self.records].tolist(),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.records[:8].tolist()))
        return f"{self.sentence}\n  records: {shown}{', ...' if len(self.records) > 8 else ''}"


def design(
    kept: Any,
    scores: Any = None,
    *,
    kept_error: float,
    dropped_error: float | None = None,
    half_width: float | None = None,
    confidence: float = 0.95,
    power: float = 0.9,
    seed: int = 0,
) -> Design:
    """Say how many records to label, and which, for the verdicts of `estimate`.

    Parameters
    ----------
    kept : array_like, shape (n,)
        Whether the verifier keeps each record.
    scores : array_like, shape (n,), optional
        The verifier's scores. Records to label are then spread evenly over them.
    kept_error : float
        Your guess at the share of wrong records among the kept.
    dropped_error : float, optional
        Your guess at the share of wrong records among the dropped. Without it only the question
        of breakdown is planned for, and only kept records are to be labelled.
    half_width : float, optional
        Half the width that the interval of the breakdown point is to have; needs `dropped_error`.
    confidence : float, default 0.95
        Of the later intervals.
    power : float, default 0.9
        Chance with which each verdict is reached if the guesses are right.
    seed : int, default 0
        Of the choice of records.

    Returns
    -------
    Design
        Positions to label, their probabilities, and the keep rate to pass to `estimate`.

    Raises
    ------
    InputError
        If all records or none are kept, the guesses are out of range or equal, scores are missing,
        columns have different lengths, or a width is asked for without `dropped_error`.

    Notes
    -----
    The number of kept labels is the least with which an exact test decides; labels for the other
    question and for the width are split between kept and dropped records so that fewest are
    needed. Every k-th record is taken along the scores of a pile, from a random start: each has
    the same probability, and every range of scores its share.

    References
    ----------
    Textbook (binomial test, Neyman's allocation, systematic sampling); feng2025 for the aims.

    Examples
    --------
    >>> plan = design([True] * 300 + [False] * 700, kept_error=0.25)
    >>> plan.sentence
    'Label 42 of the 300 kept records; then call estimate with keep_rate=0.3.'
    """
    keep = arguments.flags(kept, "kept")
    if keep.all() or not keep.any():
        raise InputError(
            f"{'all' if keep.all() else 'none'} of the {keep.size} records are kept, so that there "
            "is no selection to judge. Pass the decisions of a verifier that drops some."
        )
    rate, sure = float(keep.mean()), arguments.share(confidence, "confidence")
    arguments.share(power, "power")
    wanted = _numbers(rate, kept_error, dropped_error, half_width, sure, power)
    order = _order(keep.size, scores)
    rng = np.random.default_rng(seed)
    probability, chosen, taken = np.zeros(keep.size), [], []
    for pile, number in zip((keep, ~keep), wanted, strict=True):
        there = order(np.flatnonzero(pile), rng)
        count = min(number, there.size)
        # every k-th along the scores, from a random start
        at = np.floor((rng.random() + np.arange(count)) * (there.size / max(count, 1)))
        chosen.append(there[np.minimum(at.astype(np.int64), there.size - 1)])
        probability[there] = count / there.size
        taken.append(count)
    return Design(
        rng.permutation(np.concatenate(chosen)), taken[0], taken[1], rate, probability, wanted,
        _sentence(keep, wanted, rate),
    )  # fmt: skip


def _numbers(
    rate: float, kept_error: float, dropped_error: float | None, half_width: float | None,
    confidence: float, power: float,
) -> tuple[int, int]:  # fmt: skip
    """Labels of kept and of dropped records that the aims take."""
    test = majority_test(kept_error, level=(1 - confidence) / 2, power=power)
    if dropped_error is None:
        if half_width is not None:
            raise InputError(
                "half_width needs dropped_error: how sharply p* can be seen depends on the dropped "
                "records too. Guess the share of wrong ones among them."
            )
        return test.labels, 0
    if dropped_error == kept_error:
        raise InputError(
            f"kept_error and dropped_error are both {kept_error:g}, so that selection would make "
            "no difference, which no number of labels can show. Guess different shares."
        )
    one = float(stratified_audit_error(1, 1, kept_error, dropped_error, rate)) ** 2
    two = float(stratified_audit_error(1, 2, kept_error, dropped_error, rate)) ** 2
    by_dropped = 2 * (one - two)
    by_kept = one - by_dropped
    p = rate * kept_error + (1 - rate) * dropped_error
    phi, psi = rate * (1 - kept_error) / (1 - p), rate * kept_error / p
    quantile = float(ndtri((1 + confidence) / 2))
    error = abs(math.log(psi / phi)) / (quantile + float(ndtri(power)))
    if half_width is not None:
        star = float(breakdown_point(phi, psi))
        width = arguments.share(half_width, "half_width")
        error = min(error, width / (quantile * star * (1 - star)))
    both = math.sqrt(by_kept) + math.sqrt(by_dropped)
    number = max(math.ceil(math.sqrt(by_kept) * both / error**2), test.labels)
    return number, math.ceil(by_dropped / (error**2 - by_kept / number))


def _order(size: int, scores: Any) -> Any:
    """Function that brings positions into the order of their scores, ties at random."""
    if scores is None:
        return lambda there, rng: rng.permutation(there)
    array = arguments.column(scores, "scores").astype(np.float64)
    arguments.same_length(np.empty(size), array, "kept and scores")
    if np.isnan(array).any():
        raise InputError(
            f"scores are missing (NaN) in {int(np.isnan(array).sum())} of {size} records, first in "
            f"record {int(np.argmax(np.isnan(array))) + 1}: they have no place in the order. Score "
            "them, or leave them out."
        )

    def ordered(there: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        mixed = rng.permutation(there)
        return np.asarray(mixed[np.argsort(array[mixed], kind="stable")])

    return ordered


def _sentence(keep: NDArray[np.bool_], wanted: tuple[int, int], rate: float) -> str:
    piles = {"kept": int(keep.sum()), "dropped": int((~keep).sum())}
    parts, lacking = [], []
    for (name, size), number in zip(piles.items(), wanted, strict=True):
        if number:
            parts.append(f"{min(number, size):,} of the {size:,} {name} records")
        if number > size:
            lacking.append(f"{number:,} {name} ones")
    text = f"Label {' and '.join(parts)}; then call estimate with keep_rate={rate:.6g}."
    if lacking:
        text += f" That is all there are: the aims would take {' and '.join(lacking)}."
    return text
