"""What a sample of labelled records can tell about a verifier, and how large it must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, ndtri

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, probability, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.verification.shares import breakdown_point

_CLOSEST = 1e-3


def _inside(given: ArrayLike, name: str) -> Values:
    array = probability(given, name)
    if np.any((array == 0) | (array == 1)):
        raise InputError(
            f"{name} must lie strictly between 0 and 1, got {given!r}: at the ends the formula has "
            "no value. Use a share that could occur."
        )
    return array


@dataclass(frozen=True)
class MajorityTest:
    """Test of whether fewer than half of the kept records are wrong.

    Attributes
    ----------
    labels : int
        Kept records to label.
    critical : int
        The claim stands with at most so many in the minority.
    """

    labels: int
    critical: int


@formula(
    kind="exact",
    source="modelcollapse",
    where="binomial test",
    holds="independent labels of kept records",
)
def majority_test(kept_error: float, *, level: float = 0.05, power: float = 0.9) -> MajorityTest:
    """Fewest labels of kept records that decide whether selection breaks down.

    Parameters
    ----------
    kept_error : float
        Expected share of wrong records among the kept; above 1/2, the claim is that they lead.
    level : float, default 0.05
        Probability of claiming it where it is false, at most.
    power : float, default 0.9
        Probability of claiming it where `kept_error` is right, at least.

    Returns
    -------
    MajorityTest
        The smallest number with that power; of a slightly larger one it may be a little less.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, or the error is within 0.001 of 1/2.

    Notes
    -----
    One-sided: the claim stands if so few would be rare under a share of 1/2. Since the share of
    wrong records lies below its breakdown point exactly if fewer than half of the kept ones are
    wrong, labels of dropped records do not help here.

    References
    ----------
    Textbook (binomial test); feng2025 for the breakdown point.

    Examples
    --------
    >>> majority_test(0.25)
    MajorityTest(labels=33, critical=11)
    """
    share = float(probability(kept_error, "kept_error"))
    share = min(share, 1 - share)
    alpha, beta = float(_inside(level, "level")), float(_inside(power, "power"))
    if 0.5 - share < _CLOSEST:
        raise InputError(
            f"kept_error must be at least {_CLOSEST:g} away from 1/2, got {kept_error!r}: so close "
            "to it hundreds of thousands of labels are needed. Take it as undecided."
        )
    # the normal formula is off by a few steps of the root of n; the search begins below it
    normal = -ndtri(alpha) / 2 + ndtri(beta) * np.sqrt(share * (1 - share))
    about = (max(normal, 0.0) / (0.5 - share)) ** 2
    step = int(6 * np.sqrt(about)) + 120
    first = max(1, int(about) - step // 2)
    while True:
        n = np.arange(first, first + step, dtype=np.float64)
        critical = np.floor(n / 2 + ndtri(alpha) * np.sqrt(n) / 2 - 0.5)
        critical += _at_most(critical + 1, n, 0.5) <= alpha
        critical -= _at_most(critical, n, 0.5) > alpha
        enough = np.flatnonzero((critical >= 0) & (_at_most(critical, n, share) >= beta))
        if enough.size:
            return MajorityTest(int(n[enough[0]]), int(critical[enough[0]]))
        first += step


def _at_most(k: Values, n: Values, share: float) -> Values:
    """Distribution function of the binomial law; 0 below 0."""
    some = np.clip(k, 0, n - 1)
    below = np.where(k < 0, 0.0, betainc(n - some, some + 1, 1 - share))
    return values(np.where(k >= n, 1.0, below))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="log ratio of shares",
    holds="independent labels of records drawn before selection",
)
def audit_error(n: ArrayLike, p: ArrayLike, phi: ArrayLike, psi: ArrayLike) -> Values:
    """Standard error of ``log(psi / phi)`` from a random sample of labelled records.

    Parameters
    ----------
    n : int or array of int
        Labels.
    p : float or array of float
        Share of wrong records, strictly between 0 and 1.
    phi, psi : float or array of float
        Shares of right and of wrong records that are kept, above 0.

    Returns
    -------
    ndarray
        In nats; that of the breakdown point p* is ``p* (1 - p*)`` times as large. Inputs
        broadcast.

    Raises
    ------
    InputError
        If a share is out of range, or the number of labels is not whole.

    Notes
    -----
    ``((1 - psi) / (psi p) + (1 - phi) / (phi (1 - p))) / n``, square root. Some per cent too low
    where few wrong records are kept: those are what an audit is paid for.

    References
    ----------
    Textbook (Katz et al. 1978); feng2025 for the breakdown point.
    """
    wrong, size = _inside(p, "p"), whole(n, "n")
    right_kept, wrong_kept = _positive_share(phi, "phi"), _positive_share(psi, "psi")
    variance = (1 - wrong_kept) / (wrong_kept * wrong) + (1 - right_kept) / (
        right_kept * (1 - wrong)
    )
    return values(np.sqrt(variance / size))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="log ratio of shares",
    holds="independent labels, some of kept and some of dropped records, and a known keep rate",
)
def stratified_audit_error(
    kept: ArrayLike,
    dropped: ArrayLike,
    kept_error: ArrayLike,
    dropped_error: ArrayLike,
    keep_rate: ArrayLike,
) -> Values:
    """Standard error of ``log(psi / phi)`` when kept and dropped records are labelled apart.

    Parameters
    ----------
    kept, dropped : int or array of int
        Labels of kept and of dropped records.
    kept_error, dropped_error : float or array of float
        Shares of wrong records among them, strictly between 0 and 1.
    keep_rate : float or array of float
        Share of all records that is kept, known from the data, strictly between 0 and 1.

    Returns
    -------
    ndarray
        In nats; inputs broadcast.

    Raises
    ------
    InputError
        If a share is out of range, or a number of labels is not whole.

    Notes
    -----
    Delta method on the log odds of the kept less those of all. Some per cent too low where few of
    the labelled kept records are wrong.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the breakdown point.
    """
    a, b = _inside(kept_error, "kept_error"), _inside(dropped_error, "dropped_error")
    rate = _inside(keep_rate, "keep_rate")
    p = rate * a + (1 - rate) * b
    by_kept = 1 / (a * (1 - a)) - rate / (p * (1 - p))
    by_dropped = (1 - rate) / (p * (1 - p))
    variance = by_kept**2 * a * (1 - a) / whole(kept, "kept") + by_dropped**2 * b * (1 - b) / whole(
        dropped, "dropped"
    )
    return values(np.sqrt(variance))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="log ratio of shares",
    holds="independent labels of records drawn before selection",
)
def labels_for_breakdown_point(
    half_width: ArrayLike,
    p: ArrayLike,
    phi: ArrayLike,
    psi: ArrayLike,
    *,
    confidence: ArrayLike = 0.95,
) -> Values:
    """Labels of random records that pin the breakdown point down to a given interval.

    Parameters
    ----------
    half_width : float or array of float
        Half the width of the interval.
    p : float or array of float
        Expected share of wrong records, strictly between 0 and 1.
    phi, psi : float or array of float
        Expected shares of right and of wrong records that are kept, above 0.
    confidence : float or array of float, default 0.95
        Of the interval.

    Returns
    -------
    ndarray
        Number of labels, not rounded; inputs broadcast.

    Raises
    ------
    InputError
        If a share, the confidence or the width is out of range.

    Notes
    -----
    Square of ``z p* (1 - p*) audit_error(1, ...) / half_width``.

    References
    ----------
    Textbook (Katz et al. 1978); feng2025 for the breakdown point.
    """
    width, sure = _inside(half_width, "half_width"), _inside(confidence, "confidence")
    star = breakdown_point(phi, psi)
    error = star * (1 - star) * audit_error(1, p, phi, psi)
    return values((ndtri((1 + sure) / 2) * error / width) ** 2)


def _positive_share(given: ArrayLike, name: str) -> Values:
    array = probability(given, name)
    if np.any(array == 0):
        raise InputError(
            f"{name} must be above 0, got {given!r}: where nothing of a kind is kept, the log "
            "ratio is infinite. Use a small share."
        )
    return array
