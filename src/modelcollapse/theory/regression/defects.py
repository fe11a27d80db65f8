"""Errors of the labels that synthetic records bring."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero
from modelcollapse.theory.regression._checks import spectrum as checked


@formula(
    kind="exact",
    source="dohmatob2025",
    where="definition of the isotropic case",
    holds="the defect is equal along all eigenvectors",
)
def isotropic_defect(c2: float, eigenvalues: ArrayLike) -> Values:
    """Defect that is equal along all eigenvectors.

    Parameters
    ----------
    c2 : float
        Error of a model that learns the synthetic labels perfectly, at least 0.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.

    Returns
    -------
    ndarray, shape (d,)
        Variances that give ``c2`` when multiplied by the eigenvalues and summed.

    Raises
    ------
    InputError
        If ``c2`` is negative or an eigenvalue not positive and finite.

    Notes
    -----
    Exact: the total defect divided by the sum of the eigenvalues.

    References
    ----------
    dohmatob2025, the isotropic case.

    Examples
    --------
    >>> isotropic_defect(1.0, [1.0, 3.0])
    array([0.25, 0.25])
    """
    lam = checked(eigenvalues)
    return np.full_like(lam, at_least_zero(c2, "c2") / lam.sum())
