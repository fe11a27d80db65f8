"""The elementary shares: how much is kept, how much of it is wrong, where it breaks down."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, probability, values, whole
from modelcollapse.theory._formula import formula

_HOLDS = "a verifier that keeps right records with probability phi, wrong ones with psi"


def _share(part: Values, rest: Values) -> Values:
    """Part of a whole; NaN where there is nothing to share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return values(part / (part + rest))


@formula(
    kind="exact",
    source="feng2025",
    where="breakdown point",
    holds=_HOLDS + "; with several classes, wrong labels are spread evenly over the others",
)
def breakdown_point(phi: ArrayLike, psi: ArrayLike, *, classes: ArrayLike = 2) -> Values:
    """Share of wrong labels up to which the right one still leads among what is kept, p*.

    Parameters
    ----------
    phi : float or array of float
        Share of right records that is kept.
    psi : float or array of float
        Share of wrong records that is kept.
    classes : int or array of int, default 2
        Labels to choose among.

    Returns
    -------
    ndarray
        Between 0 and 1; NaN if nothing is kept. Inputs broadcast.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, or there are fewer than 2 classes.

    Notes
    -----
    ``1 / (1 + psi / phi)`` for two classes; ``(C - 1) phi / ((C - 1) phi + psi)`` for C of them.
    An oracle has 1, a random choice ``1 - 1 / C``. Below it a linear student of two classes tends
    to perfect accuracy with the number of records, above it to perfect failure.

    References
    ----------
    feng2025, breakdown point; the form for several classes is derived here.

    Examples
    --------
    >>> round(float(breakdown_point(0.9, 0.3)), 12)
    0.75
    """
    rivals = whole(classes, "classes", least=2) - 1
    return _share(values(rivals * probability(phi, "phi")), probability(psi, "psi"))


@formula(kind="exact", source="modelcollapse", where="law of total probability", holds=_HOLDS)
def keep_rate(p: ArrayLike, phi: ArrayLike, psi: ArrayLike) -> Values:
    """Share of the generator's records that is kept.

    Parameters
    ----------
    p : float or array of float
        Share of wrong records.
    phi, psi : float or array of float
        Shares of right and of wrong records that are kept.

    Returns
    -------
    ndarray
        Between 0 and 1; inputs broadcast.

    Raises
    ------
    InputError
        If a share is not between 0 and 1.

    Notes
    -----
    ``(1 - p) phi + p psi``.

    References
    ----------
    Textbook; feng2025 for the process.
    """
    wrong = probability(p, "p")
    return values((1 - wrong) * probability(phi, "phi") + wrong * probability(psi, "psi"))


@formula(kind="exact", source="modelcollapse", where="theorem of Bayes", holds=_HOLDS)
def kept_error(p: ArrayLike, phi: ArrayLike, psi: ArrayLike) -> Values:
    """Share of wrong records among what is kept.

    Parameters
    ----------
    p : float or array of float
        Share of wrong records before selection.
    phi, psi : float or array of float
        Shares of right and of wrong records that are kept.

    Returns
    -------
    ndarray
        Below 1/2 exactly where p is below `breakdown_point`, and below p exactly where psi is
        below phi; NaN if nothing is kept. Inputs broadcast.

    Raises
    ------
    InputError
        If a share is not between 0 and 1.

    Notes
    -----
    ``p psi / ((1 - p) phi + p psi)``.

    References
    ----------
    Textbook; feng2025 for the process.

    Examples
    --------
    >>> round(float(kept_error(0.4, 0.9, 0.3)), 6)
    0.181818
    """
    wrong = probability(p, "p")
    return _share(
        values(wrong * probability(psi, "psi")), values((1 - wrong) * probability(phi, "phi"))
    )


@formula(
    kind="exact",
    source="modelcollapse",
    where="mixture of real and kept records",
    holds=_HOLDS + "; real records are right, and of the same law as the others",
)
def corpus_error(
    p: ArrayLike, phi: ArrayLike, psi: ArrayLike, *, synthetic: ArrayLike, real: ArrayLike
) -> Values:
    """Share of wrong records in a training set of real records and kept synthetic ones.

    Parameters
    ----------
    p : float or array of float
        Share of wrong records that the generator writes.
    phi, psi : float or array of float
        Shares of right and of wrong records that are kept.
    synthetic : int or array of int
        Records written, before selection.
    real : int or array of int
        Real records.

    Returns
    -------
    ndarray
        Below 1/2 exactly where ``synthetic * (p psi - (1 - p) phi)`` is below ``real``; NaN for an
        empty training set. Inputs broadcast.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, or a number of records is not whole.

    Notes
    -----
    ``N p psi / (real + N kept)``, where N records are written and ``kept`` is `keep_rate`.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the process.
    """
    written = whole(synthetic, "synthetic", least=0)
    wrong = written * probability(p, "p") * probability(psi, "psi")
    return _share(
        values(wrong),
        values(whole(real, "real", least=0) + written * keep_rate(p, phi, psi) - wrong),
    )
