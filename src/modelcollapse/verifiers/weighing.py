"""How much each of several verifiers should count, learnt from records with known truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

from modelcollapse.errors import InputError, is_whole
from modelcollapse.verifiers.calibration import reliability
from modelcollapse.verifiers.ensemble_fit import EnsembleFit, Estimate, Rule
from modelcollapse.verifiers.ranking import areas

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

_LEAST = 10  # right and wrong records that anything can be learnt from
_PER_MEMBER = 10  # of the rarer kind that each member should have
_CLOSE = 0.9  # correlation of errors beyond which a second member adds next to nothing


def weigh(
    scores: Mapping[str, ArrayLike],
    right: Flags,
    *,
    clusters: ArrayLike | None = None,
    folds: int = 5,
    confidence: float = 0.95,
) -> EnsembleFit:
    """Learn how much verifiers should count from records with known truth.

    Parameters
    ----------
    scores : mapping of str to array_like, shape (n,)
        By verifier; NaN where a record has no score: such records are left out.
    right : ndarray of bool, shape (n,)
        Whether each record is right.
    clusters : array_like, shape (n,), optional
        What records share that are not independent, such as the prompt: those of one cluster stay
        in one fold.
    folds : int, default 5
        Parts of the sample, each judged by what was learnt on the others.
    confidence : float, default 0.95
        Of all intervals.

    Returns
    -------
    EnsembleFit
        Weights, and how much they help.

    Raises
    ------
    InputError
        If there are fewer than ten right or ten wrong records, lengths differ, a member's scores
        are all equal, or there are fewer clusters than folds.

    Notes
    -----
    Logistic regression on normal scores (the ranks of each member's scores, as quantiles of the
    normal law), so that a change of a member's scale changes nothing, with independent normal
    priors of standard deviation 2.5 for the weights. Their intervals are those of Laplace's
    approximation to the posterior, or of the variance between clusters where that is larger.

    Members that err together are counted once: among records of the same truth, correlated scores
    share a weight. The best member is chosen on the other folds, as one would have to choose it;
    the best one on the same records flatters itself.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> right = rng.random(400) < 0.5
    >>> one, two = right + rng.normal(size=(2, 400))
    >>> found = weigh({"one": one, "two": two, "echo": two + 0.1 * rng.normal(size=400)}, right)
    >>> found.gain.value > 0
    True
    >>> found.correlation.round(1)[2].tolist()
    [0.0, 1.0, 1.0]
    """
    names = tuple(scores)
    if not names:
        raise InputError("an ensemble needs the scores of at least one verifier.")
    if not is_whole(folds) or folds < 2:
        raise InputError(f"got folds = {folds!r}. Use a whole number of at least 2.")
    if not 0 < confidence < 1:
        raise InputError(f"got confidence = {confidence!r}. Use a share such as 0.95.")
    right = np.asarray(right, dtype=bool)
    matrix = _matrix(scores, len(right))
    units = _units(matrix, right, clusters)
    held = ~np.isnan(matrix).any(axis=1)
    left_out = int((~held).sum())
    matrix, right, units = matrix[held], right[held], units[held]
    _check(names, matrix, right, left_out)
    _, units = np.unique(units, return_inverse=True)
    fold = _folds(matrix, right, units, clusters is not None, folds)
    rule = Rule.learnt(matrix, right)
    ours, best = _out_of_fold(matrix, right, fold)
    found = areas(np.vstack([ours, best, matrix.T]), right, units)

    def area(i: int) -> Estimate:
        return Estimate(float(found.values[i]), *found.interval(i, confidence))

    weights = _weights(rule, matrix, right, units, confidence)
    correlation = _correlation(rule.places(matrix), right)
    return EnsembleFit(
        members=names,
        weights=weights,
        correlation=correlation,
        area=area(0),
        best_area=area(1),
        gain=Estimate(*found.difference(0, 1, confidence)),
        member_areas=tuple(area(2 + i) for i in range(len(names))),
        error=float(np.mean((ours > 0.5) != right)),
        reliability=reliability(ours, right, np.ones(len(right))),
        labels=len(right),
        right=int(right.sum()),
        left_out=left_out,
        clusters=None if clusters is None else int(units.max()) + 1,
        confidence=confidence,
        notes=_notes(names, weights, correlation, right, left_out),
        rule=rule,
    )


def _matrix(scores: Mapping[str, ArrayLike], n: int) -> Floats:
    columns = [np.asarray(values, dtype=np.float64) for values in scores.values()]
    for name, values in zip(scores, columns, strict=True):
        if values.shape != (n,):
            raise InputError(
                f"the scores of {name} have the shape {values.shape}, but there are {n} labels. "
                "Each labelled record needs one score of each member."
            )
    return np.column_stack(columns)


def _units(matrix: Floats, right: Flags, clusters: ArrayLike | None) -> NDArray[Any]:
    """What may be parted: records, or clusters of them."""
    if clusters is None:
        return np.arange(len(right))
    units = np.array([str(each) for each in np.asarray(clusters, dtype=object).tolist()])
    if units.shape != right.shape:
        raise InputError(
            f"there are {len(units)} clusters for {len(right)} labels. Each record needs one."
        )
    return units


def _check(names: tuple[str, ...], matrix: Floats, right: Flags, left_out: int) -> None:
    yes = int(right.sum())
    no = len(right) - yes
    beside = f" ({left_out:,} more have no score of some member)" if left_out else ""
    if min(yes, no) < _LEAST:
        raise InputError(
            f"the audit sample holds {yes:,} right and {no:,} wrong records with scores{beside}, "
            f"but weights are learnt from the difference and need at least {_LEAST} of each. "
            "Label more records."
        )
    for name, values in zip(names, matrix.T, strict=True):
        if values.min() == values.max():
            raise InputError(
                f"{name} gives all {len(right):,} records of the audit sample the score "
                f"{values[0]:g}, so it tells nothing apart. Leave it out of the ensemble."
            )


def _folds(matrix: Floats, right: Flags, units: Codes, shared: bool, folds: int) -> Codes:
    """Fold of each record, the same whatever the order of records."""
    count = int(units.max()) + 1
    if count < folds:
        raise InputError(
            f"the audit sample has {count} clusters, fewer than the {folds} folds. Label records "
            "of more clusters, or use fewer folds."
        )
    own = [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in matrix]
    # Clusters by their content; single records by theirs.
    content: list[list[str]] = [[] for _ in range(count)]
    for unit, digest, is_right in zip(units.tolist(), own, right.tolist(), strict=True):
        content[unit].append(f"{digest}{is_right}")
    marks = [hashlib.blake2b("".join(sorted(all_)).encode()).hexdigest() for all_ in content]
    share = np.bincount(units, right) / np.bincount(units)
    place = np.empty(count, dtype=np.int64)
    # Dealt out from the most often right to the least, so that every fold gets of both.
    place[sorted(range(count), key=lambda unit: (share[unit], marks[unit]))] = (
        np.arange(count) % folds
    )
    fold = place[units]
    for each in range(folds):
        rest = right[fold != each]
        if rest.all() or not rest.any():
            raise InputError(
                "all right records, or all wrong ones, are in a few clusters, so that none are "
                "left to learn from where those are judged. Label records of more clusters."
            )
    return fold


def _out_of_fold(matrix: Floats, right: Flags, fold: Codes) -> tuple[Floats, Floats]:
    """Probabilities by the ensemble and by the best member, as learnt on the other folds."""
    ours, best = np.empty(len(right)), np.empty(len(right))
    for each in np.unique(fold):
        seen, judged = fold != each, fold == each
        apart = np.arange(int(seen.sum()))
        winner = int(np.argmax(areas(matrix[seen].T, right[seen], apart).values))
        for result, of in ((ours, slice(None)), (best, slice(winner, winner + 1))):
            rule = Rule.learnt(matrix[seen, of], right[seen])
            result[judged] = rule.chances(matrix[judged, of])
    return ours, best


def _weights(
    rule: Rule, matrix: Floats, right: Flags, units: Codes, confidence: float
) -> tuple[Estimate, ...]:
    places = rule.places(matrix)
    design = np.column_stack([np.ones(len(right)), places])
    pull = design * (right - expit(rule.fit.logits(places)))[:, None]
    between = np.zeros((int(units.max()) + 1, design.shape[1]))
    np.add.at(between, units, pull)
    spread = rule.fit.covariance @ between.T @ between @ rule.fit.covariance
    spread = spread * len(between) / (len(between) - 1)
    variance = np.maximum(np.diag(rule.fit.covariance), np.diag(spread))[1:]
    half = float(ndtri((1 + confidence) / 2)) * np.sqrt(variance)
    pairs = zip(rule.fit.coefficients[1:], half, strict=True)
    return tuple(Estimate(float(w), float(w - h), float(w + h)) for w, h in pairs)


def _correlation(places: Floats, right: Flags) -> Floats:
    centred = places.copy()
    for side in (right, ~right):
        centred[side] -= centred[side].mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    length[length < 1e-9 * np.sqrt(len(right))] = np.nan
    found = (centred.T @ centred) / np.outer(length, length)
    return np.clip(found, -1.0, 1.0)


def _notes(
    names: tuple[str, ...],
    weights: tuple[Estimate, ...],
    correlation: Floats,
    right: Flags,
    left_out: int,
) -> tuple[str, ...]:
    notes = []
    rarer = min(int(right.sum()), int((~right).sum()))
    if rarer < _PER_MEMBER * len(names):
        notes.append(
            f"{rarer} records of the rarer kind are few for {len(names)} members: label more, or "
            "leave members out."
        )
    if left_out:
        notes.append(
            f"labelled records without a score of some member were left out ({left_out:,}); the "
            "ensemble gives such records none either."
        )
    for i, name in enumerate(names):
        if weights[i].high < 0:
            notes.append(
                f"{name} counts against a record (its weight is negative): it errs where others "
                "do not, or its scores run the wrong way."
            )
        notes += [
            f"{name} makes nearly the same errors as {names[j]}."
            for j in range(i)
            if correlation[i, j] > _CLOSE
        ]
    return tuple(notes)
