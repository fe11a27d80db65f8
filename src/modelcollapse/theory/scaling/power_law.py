"""Power laws over infinitely many states: scaling laws of the error, and their constants.

The state of rank i has probability proportional to ``i ** -exponent``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, gamma, zeta

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, probability, records, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.scaling._law import exponents, sum_of_terms, written_exponents

_HOLDS = "power law over infinitely many items, a learner answers those among its n records"
_SUMMED = 256
"""States summed one by one; the others are an integral, accurate to about 1e-10 of the whole."""


@dataclass(frozen=True, eq=False)
class Plateau:
    """Where the error stops falling, and where it starts again.

    Attributes
    ----------
    begin, end : ndarray
        Records from which and to which the error is flat, as orders of magnitude.
    height : ndarray
        Error in between.
    """

    begin: Values
    end: Values
    height: Values


@formula(kind="asymptotic", source="dohmatob2024tails", where="scaling laws", holds=_HOLDS)
def error_exponent(exponent: ArrayLike, *, temperature: ArrayLike = 1.0) -> Values:
    """Power of the number of records with which the error falls.

    Parameters
    ----------
    exponent : float or array of float
        Of the true law, above 1.
    temperature : float or array of float, default 1
        The written law has the exponent divided by it; below the exponent.

    Returns
    -------
    ndarray
        ``(exponent - 1) / (exponent / temperature)``; inputs broadcast.

    Raises
    ------
    InputError
        If the exponent is not above 1, or the temperature not between 0 and the exponent.

    Notes
    -----
    ``1 - 1 / exponent`` for real data. Temperatures below 1 make learning slower.

    References
    ----------
    dohmatob2024tails, scaling law for clean data and for narrowed tails.
    """
    true, written = written_exponents(exponent, temperature)
    return values((true - 1) / written)


@formula(
    kind="asymptotic", source="modelcollapse", where="sum replaced by an integral", holds=_HOLDS
)
def error_constant(exponent: ArrayLike, *, temperature: ArrayLike = 1.0) -> Values:
    """Factor of the power of n by which the error falls.

    Parameters
    ----------
    exponent : float or array of float
        Of the true law, above 1.
    temperature : float or array of float, default 1
        The written law has the exponent divided by it; below the exponent.

    Returns
    -------
    ndarray
        Error times ``n ** error_exponent`` for large n; inputs broadcast.

    Raises
    ------
    InputError
        If the exponent is not above 1, or the temperature not between 0 and the exponent.

    Notes
    -----
    ``A / b * gamma(c) * B ** -c`` with the written exponent b, the `error_exponent` c and the
    probabilities A and B of the first state in the true and in the written law.

    References
    ----------
    dohmatob2024tails for the power; constant derived here.

    Examples
    --------
    >>> error_constant([1.5, 2.0]).round(10)
    array([0.94155951, 0.6909883 ])
    """
    true, written = written_exponents(exponent, temperature)
    power = (true - 1) / written
    return values(gamma(power) / (written * zeta(true, 1)) * zeta(written, 1) ** power)


@formula(kind="asymptotic", source="dohmatob2024tails", where="scaling laws", holds=_HOLDS)
def power_law_error_asymptotic(
    n: ArrayLike, exponent: ArrayLike, *, temperature: ArrayLike = 1.0
) -> Values:
    """Expected error of a learner that has seen many records of a power law.

    Parameters
    ----------
    n : int or array of int
        Records.
    exponent : float or array of float
        Of the true law, above 1.
    temperature : float or array of float, default 1
        The written law has the exponent divided by it; below the exponent.

    Returns
    -------
    ndarray
        ``error_constant * n ** -error_exponent``; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, the exponent is not above 1 or the temperature too high.

    Notes
    -----
    Within 0.5 % of `power_law_error` from 100 real records on, for exponents up to 3. Where a
    share of the records is real and the rest from a cut law, it is the late error, of the real
    ones.

    References
    ----------
    dohmatob2024tails for the power; constant derived here.
    """
    size = records(n)
    power = error_exponent(exponent, temperature=temperature)
    return values(error_constant(exponent, temperature=temperature) * size**-power)


@formula(kind="exact", source="modelcollapse", where="Euler-Maclaurin sum", holds=_HOLDS)
def power_law_error(n: ArrayLike, exponent: ArrayLike, *, temperature: ArrayLike = 1.0) -> Values:
    """Expected error of a learner on a power law over infinitely many states.

    Parameters
    ----------
    n : int or array of int
        Records.
    exponent : float or array of float
        Of the true law, above 1.
    temperature : float or array of float, default 1
        The written law has the exponent divided by it; below the exponent.

    Returns
    -------
    ndarray
        Expected true probability of the items that were not seen; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, the exponent is not above 1 or the temperature too high.

    Notes
    -----
    Sum of ``p (1 - q) ** n``, accurate to about 1e-10. A finite alphabet cuts the sum off, and
    even 20,000 states are few for exponents near 1: see `expected_error` for them.

    References
    ----------
    dohmatob2024tails for the model; evaluation derived here.

    Examples
    --------
    >>> round(float(power_law_error(1000, 1.5, temperature=0.7)), 5)
    0.15346
    """
    size = records(n)
    true, written = written_exponents(exponent, temperature)
    first, drawn = 1 / zeta(true, 1), 1 / zeta(written, 1)
    ranks = np.arange(1, _SUMMED + 1.0)

    def missed(rank: Values, *cell: Values) -> Values:
        count, b, c, a, d = cell
        with np.errstate(divide="ignore"):
            return values(a * rank**-b * np.exp(count * np.log1p(-np.minimum(d * rank**-c, 1))))

    head = sum_of_terms(missed, ranks, size, true, written, first, drawn)
    # the midpoint rule makes the rest an incomplete beta integral, and one derivative corrects it
    power = (true - 1) / written
    edge = _SUMMED + 0.5
    level = drawn * edge**-written
    scale = first / written * drawn**-power
    tail = scale * np.exp(betaln(power, size + 1)) * betainc(power, size + 1, level)
    at_edge = first * edge**-true * np.exp(size * np.log1p(-level))
    slope = at_edge / edge * (size * level / (1 - level) * written - true)
    return values(head + tail + slope / 24)


@formula(kind="exact", source="dohmatob2024tails", where="tail cutting", holds=_HOLDS)
def power_law_floor(exponent: ArrayLike, rank: ArrayLike) -> Values:
    """Probability of all states of a power law beyond a rank.

    Parameters
    ----------
    exponent : float or array of float
        Above 1.
    rank : int or array of int
        States that a cut law keeps.

    Returns
    -------
    ndarray
        Error that no number of records of the cut law lowers; inputs broadcast.

    Raises
    ------
    InputError
        If the exponent is not above 1 or the rank is below 1.

    Notes
    -----
    Exact; about ``A * rank ** (1 - exponent) / (exponent - 1)`` with the first probability A. A
    model of n records cuts like a rank of ``n ** (1 / exponent)``, so that its floor falls as its
    own error does.

    References
    ----------
    dohmatob2024tails, scaling law for cut tails.
    """
    true = exponents(exponent)
    return values(zeta(true, whole(rank, "rank") + 1) / zeta(true, 1))


@formula(
    kind="bound",
    source="modelcollapse",
    where="error of what is kept plus what is cut",
    holds=_HOLDS + ", the written law is cut at a rank",
)
def truncated_error_upper_bound(n: ArrayLike, exponent: ArrayLike, rank: ArrayLike) -> Values:
    """Upper bound on the error of a learner trained on a power law that was cut.

    Parameters
    ----------
    n : int or array of int
        Records of the cut law.
    exponent : float or array of float
        Of the true law, above 1.
    rank : int or array of int
        States that the cut law keeps.

    Returns
    -------
    ndarray
        `power_law_error` plus `power_law_floor`, at most 1; inputs broadcast.

    Raises
    ------
    InputError
        If n or the rank is below 1, or the exponent is not above 1.

    Notes
    -----
    This sum of two powers, of n and of the rank, is the published scaling law. It is right in
    order of magnitude: beyond ``rank ** exponent`` records the first term really vanishes
    exponentially. `expected_error` with a rank is exact.

    References
    ----------
    dohmatob2024tails, scaling law for cut tails; that it is a bound is derived here.
    """
    return values(np.minimum(power_law_error(n, exponent) + power_law_floor(exponent, rank), 1.0))


@formula(
    kind="asymptotic",
    source="dohmatob2024tails",
    where="mixing with real data",
    holds=_HOLDS + ", a share of them real and the others from a law cut at a rank",
)
def plateau(exponent: ArrayLike, rank: ArrayLike, real: ArrayLike) -> Plateau:
    """Where the error of a learner on mixed data stops falling, and where it starts again.

    Parameters
    ----------
    exponent : float or array of float
        Of the true law, above 1.
    rank : int or array of int
        States that the cut law keeps.
    real : float or array of float
        Share of real records, above 0.

    Returns
    -------
    Plateau
        Three arrays; inputs broadcast.

    Raises
    ------
    InputError
        If the exponent is not above 1, the rank is below 1 or the share outside 0 to 1.

    Notes
    -----
    It begins at about ``rank ** exponent`` records, where all kept items are seen, and ends when
    item number `rank` is due among the real ones: the delay grows as ``1 / real``. After it, the
    error is `power_law_error_asymptotic` of the real records.

    References
    ----------
    dohmatob2024tails, section on mixing with real data (three regimes); values derived here.
    """
    true, kept = exponents(exponent), whole(rank, "rank")
    share = probability(real, "real")
    if not np.all(share > 0):
        raise InputError(
            f"real must be larger than 0, got {real!r}: without real records the error stays at "
            "its floor for ever. Use power_law_floor."
        )
    begin = kept**true
    end = begin * zeta(true, 1) / share
    height = power_law_floor(true, kept)
    return Plateau(*(values(part.copy()) for part in np.broadcast_arrays(begin, end, height)))


@formula(
    kind="asymptotic",
    source="dohmatob2024tails",
    where="distribution learning",
    holds="power law over infinitely many states, frequencies as the model, many records",
)
def total_variation_exponent(exponent: ArrayLike) -> Values:
    """Power of the number of records with which the frequencies approach a power law.

    Parameters
    ----------
    exponent : float or array of float
        Above 1.

    Returns
    -------
    ndarray
        ``min(1 - 1 / exponent, 1 / 2)``, for the total variation distance.

    Raises
    ------
    InputError
        If the exponent is not above 1.

    Notes
    -----
    The tail decides below 2 and the common states above; at 2 there is a logarithm besides.

    References
    ----------
    dohmatob2024tails, section on distributions per context.
    """
    return values(np.minimum(1 - 1 / exponents(exponent), 0.5))
