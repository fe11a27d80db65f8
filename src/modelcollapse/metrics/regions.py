"""Where numeric records are ordinary: the region that all but the outermost real ones lie in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, fraction, rows, same_width
from modelcollapse.metrics.moments import mean_and_root


@dataclass(frozen=True)
class CentralRegion:
    """Where all but the outermost real records lie; made by `central_region`.

    Parameters
    ----------
    centre : ndarray, shape (d,)
        Middle of the region, in the units of the records.
    root : ndarray, shape (d, d)
        Lower triangular: a record `x` is outside if ``inv(root) @ (x - centre)`` is longer than 1.
    level : float
        Share of the real law outside.
    """

    centre: Floats
    root: Floats
    level: float

    def squared_radius(self, X: ArrayLike) -> Floats:
        """Squared distance of each record from the centre, 1 on the edge of the region.

        Parameters
        ----------
        X : array_like, shape (n,) or (..., n, d)
            Records as rows.

        Returns
        -------
        ndarray, shape (..., n)
            Dimensionless; NaN for a record with NaN in it.

        Raises
        ------
        InputError
            If the records have another number of coordinates.
        """
        records = rows(X)
        same_width(records, self.centre[None])
        return _squared_radius(records - self.centre, self.root)


def _squared_radius(deviations: Floats, root: Floats) -> Floats:
    if root.shape == (1, 1):
        return np.asarray(np.square(deviations[..., 0] / root[0, 0]))
    flat = deviations.reshape(-1, root.shape[0])
    solved = solve_triangular(root, flat.T, lower=True, check_finite=False)
    return np.asarray(np.square(solved).sum(axis=0).reshape(deviations.shape[:-1]))


def central_region(reference: ArrayLike, *, level: float = 0.01) -> CentralRegion:
    """Region that a share `level` of the real law lies outside of.

    Parameters
    ----------
    reference : array_like, shape (n,) or (n, d)
        Real records as rows.
    level : float, default 0.01
        Share of the real law that is called its tail.

    Returns
    -------
    CentralRegion
        For one coordinate the interval between the ``level/2`` and ``1 - level/2`` quantiles; for
        several the ellipsoid around the mean, in the Mahalanobis metric of the records, whose
        radius is the ``1 - level`` quantile of the records' own radii.

    Raises
    ------
    InputError
        If there are too few records for the level (fewer than ``2 / level`` for one coordinate,
        ``1 / level`` for several), one holds NaN, or a coordinate is (almost) constant or depends
        linearly on others.

    Notes
    -----
    Quantiles are those at position ``p (n + 1)``, for which the expected mass outside is the
    level. Each record's radius is computed from the mean and covariance of the *other* records,
    because a record in its own covariance looks less extreme than a new one: with 300 records in
    ten dimensions the plain radii would leave 0.018 outside instead of 0.01. What bias remains is
    about one hundredth of the level at 300 records. The mass outside of one region still varies
    from reference to reference by about ``sqrt(level / n)``: hold 2,000 real records against a
    level of 0.01. The ellipsoid suits one cluster; a tail between several is not seen.
    """
    share = fraction(level)
    records = rows(reference, "reference")
    if records.ndim != 2:
        raise InputError(
            f"the reference must be one set of records, got an array of shape {records.shape}. "
            "Pass an array of shape (n,) or (n, d)."
        )
    if not np.isfinite(records).all():
        raise InputError(
            "the reference holds NaN or infinity, which has no place in a region. Drop those "
            "records or fill the gaps."
        )
    n, d = records.shape
    least = int(np.ceil((2 if d == 1 else 1) / share - 1e-9))
    if n < max(least, d + 3):
        raise InputError(
            f"{n} real records do not show where the outermost {share:g} of the law begins: that "
            f"takes at least {max(least, d + 3)}. Give more records or raise the level."
        )
    mean, root = mean_and_root(records)
    if not np.all(np.diagonal(root) != 0):
        raise InputError(
            f"{int((np.diagonal(root) == 0).sum())} of the reference's {d} coordinates are "
            "constant or depend linearly on others, so distances from the centre are undefined. "
            "Leave those coordinates out."
        )
    if d == 1:
        low, high = np.quantile(records[:, 0], (share / 2, 1 - share / 2), method="weibull")
        if low == high:
            raise InputError(
                f"all but the outermost {share:g} of the reference have one value, {low:g}, so "
                "that every other value would be a tail. Measure this column as categories."
            )
        return CentralRegion(np.array([(low + high) / 2]), np.array([[(high - low) / 2]]), share)
    # Leave-one-out radii in closed form (Sherman-Morrison).
    own = _squared_radius(records - mean, root) / (n - 1)
    rest = np.maximum(1 - n / (n - 1) * own, np.finfo(float).eps)
    others = (n - 2) * (n / (n - 1)) ** 2 * own / rest
    radius = np.sqrt(np.quantile(others, 1 - share, method="weibull"))
    return CentralRegion(mean, root * radius, share)
