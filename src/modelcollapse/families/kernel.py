"""Kernel density estimates: a record of the past plus noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import Degenerate, InputError, suggestion
from modelcollapse.families.rows import as_rows
from modelcollapse.protocols import Model

Rule = Literal["scott", "silverman"]
_BLOCK = 2**17  # pairs of records whose distance is held at once: 1 MiB


@dataclass(frozen=True, eq=False)
class KernelEstimate:
    """Density with a Gaussian bump on each record, the same for all.

    Parameters
    ----------
    records : ndarray, shape (n, ...)
        What it was fitted to; held, not copied.
    bandwidth : ndarray, shape (d,)
        Standard deviation of the bump along each of a record's `d` numbers, units of the data.
    """

    records: NDArray[Any]
    bandwidth: NDArray[np.float64]

    @property
    def varies(self) -> bool:
        """Whether two records can differ: a bump has width, or two of the records differ."""
        return bool((self.bandwidth > 0).any() or (self.records != self.records[0]).any())

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of a record, shape of one record: that of the data."""
        return np.asarray(self.records.mean(axis=0))

    @property
    def cov(self) -> NDArray[np.float64]:
        """Covariance of a record, shape (d, d): the data's (divisor n) plus squared bandwidths."""
        rows = self.records.reshape(len(self.records), -1)
        return np.atleast_2d(np.cov(rows.T, ddof=0)) + np.diag(self.bandwidth**2)

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        """Write `n` records, shape (n, ...): each one of the data, chosen at random, plus noise."""
        chosen = self.records[rng.integers(len(self.records), size=n)]
        noise = rng.standard_normal((n, len(self.bandwidth)))
        noise *= self.bandwidth
        return np.asarray(noise.reshape(chosen.shape) + chosen)

    def log_density(self, records: NDArray[Any]) -> NDArray[np.float64]:
        """Log density of each record, nats, shape (m,).

        The sum over all bumps is exact: far from the data no term is left out, so the logarithm
        stays finite where a density would underflow. NaN where a bandwidth is 0.

        Raises
        ------
        InputError
            If records have another size than those it was fitted to.
        """
        from scipy.spatial.distance import cdist

        if not (self.bandwidth > 0).all():
            return np.full(len(records), np.nan)
        centres = as_rows(self.records, "a kernel density estimate") / self.bandwidth
        points = as_rows(records, "the density of a kernel estimate")
        if points.shape[1] != centres.shape[1]:
            raise InputError(
                f"records of {points.shape[1]} numbers have no density under an estimate from "
                f"records of {centres.shape[1]}."
            )
        points = points / self.bandwidth
        step = max(1, _BLOCK // len(points))
        total = np.zeros(len(points))
        # Exponents are taken relative to the nearest bump so far; the sum is rescaled as it nears.
        nearest = np.full(len(points), np.inf)
        for start in range(0, len(centres), step):
            pairs = cdist(points, centres[start : start + step], "sqeuclidean")
            nearer = np.minimum(nearest, pairs.min(axis=1))
            total *= np.exp((nearer - nearest) / 2)
            pairs -= nearer[:, None]
            pairs *= -0.5
            total += np.exp(pairs, out=pairs).sum(axis=1)
            nearest = nearer
        level = np.log(self.bandwidth).sum() + len(self.bandwidth) / 2 * np.log(2 * np.pi)
        return np.asarray(np.log(total / len(centres)) - nearest / 2 - level)


@dataclass(frozen=True)
class KernelDensity:
    """Learner: kernel density estimate with a Gaussian product kernel.

    Parameters
    ----------
    bandwidth : float or {"scott", "silverman"}, default "scott"
        Standard deviation of the bump in units of the data, the same along each coordinate; or a
        rule that multiplies each coordinate's own standard deviation (divisor n - 1) by
        ``n ** (-1 / (d + 4))`` ("scott") or ``(n (d + 2) / 4) ** (-1 / (d + 4))`` ("silverman").

    Raises
    ------
    InputError
        If the bandwidth is neither a positive number nor the name of a rule.

    Notes
    -----
    Each generation adds the squared bandwidth to each coordinate's variance, so a chain of kernel
    estimates spreads where most families shrink. The rules are SciPy's, coordinate by coordinate;
    scikit-learn's rules of the same names leave the standard deviation out.

    References
    ----------
    Textbook: Scott (1992), Multivariate Density Estimation; Silverman (1986), Density Estimation
    for Statistics and Data Analysis.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> model = KernelDensity(0.5).fit(np.array([-1.0, 1.0]), rng=rng)
    >>> model.cov
    array([[1.25]])
    """

    bandwidth: float | Rule = "scott"

    def __post_init__(self) -> None:
        if isinstance(self.bandwidth, str):
            if self.bandwidth not in get_args(Rule):
                raise InputError(
                    f"bandwidth rule {self.bandwidth!r} is not known. "
                    f"{suggestion(self.bandwidth, get_args(Rule))}"
                )
        elif not 0 < self.bandwidth < np.inf:
            raise InputError(
                f"a bandwidth is a positive number in the data's units, got {self.bandwidth!r}. "
                "To resample without noise there is no density to fit."
            )

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> KernelEstimate:
        """Keep the records and settle the bandwidth.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Records; held, not copied.
        rng : numpy.random.Generator
            Not used: nothing is random.
        parent : Model, optional
            Not used: nothing is inherited.

        Raises
        ------
        Degenerate
            If a rule is asked for and fewer than two records are there.
        InputError
            If `data` is no array of finite numbers.
        """
        rows = as_rows(data, "a kernel density estimate")
        n, d = rows.shape
        if not isinstance(self.bandwidth, str):
            return KernelEstimate(data, np.full(d, float(self.bandwidth)))
        if n < 2:
            raise Degenerate(
                f"the rule {self.bandwidth!r} needs a standard deviation, and one record has "
                "none. Use more records or a bandwidth in the data's units."
            )
        size = n if self.bandwidth == "scott" else n * (d + 2) / 4
        return KernelEstimate(data, rows.std(axis=0, ddof=1) * size ** (-1 / (d + 4)))
