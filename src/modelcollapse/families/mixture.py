"""Gaussian mixtures: the model, and the learner that fits it by expectation-maximisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import Degenerate, InputError, suggestion
from modelcollapse.families import em, kmeans
from modelcollapse.families.rows import Rows, as_rows
from modelcollapse.protocols import Model

Start = Literal["cold", "warm"]
Covariance = Literal["full", "diagonal"]


@dataclass(frozen=True, eq=False)
class MixtureOfGaussians:
    """A Gaussian mixture: as a truth, or as what `Mixture` fits.

    Parameters
    ----------
    weights : array_like, shape (k,)
        Share of each component; they sum to 1. A component of weight 0 is extinct.
    means : array_like, shape (k, ...)
        Mean of each component; the trailing shape is that of one record, with `d` numbers in all.
    roots : array_like, shape (k, d, d)
        Lower triangular root of each covariance matrix, with a positive diagonal, in the units of
        the data. `from_covariances` takes covariances instead.
    converged : bool, default True
        Whether EM met its tolerance.
    iterations : int, default 0
        Updates EM took; 0 for a mixture that was written down.

    Raises
    ------
    InputError
        If shapes disagree, weights are no shares, or a root has no positive diagonal.

    Examples
    --------
    >>> truth = MixtureOfGaussians.from_covariances([0.9, 0.1], [0.0, 8.0], [1.0, 1.0])
    >>> truth.mean, truth.sample(3, rng=np.random.default_rng(0)).shape
    (array(0.8), (3,))
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    roots: NDArray[np.float64]
    converged: bool = True
    iterations: int = 0

    def __post_init__(self) -> None:
        for name in ("weights", "means", "roots"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.means.ndim == 0 or self.means.size == 0:
            raise InputError("a mixture needs at least one component with a mean.")
        k, d = len(self.means), self.means[0].size
        if self.weights.shape != (k,) or self.roots.shape != (k, d, d):
            raise InputError(
                f"{k} means of {d} numbers need weights of shape ({k},) and roots of shape "
                f"({k}, {d}, {d}), got {self.weights.shape} and {self.roots.shape}."
            )
        if not (self.weights >= 0).all() or abs(self.weights.sum() - 1) > 1e-9:
            raise InputError(
                f"weights are shares of one whole, got {self.weights.tolist()}. Give numbers of 0 "
                "or more that sum to 1."
            )
        if not (self._deviations > 0).all() or not np.isfinite(self.roots).all():
            raise InputError(
                "each root needs a positive diagonal and finite numbers, or the mixture has no "
                "density. Give the Cholesky factor of a positive definite covariance."
            )

    @classmethod
    def from_covariances(cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> Self:
        """Build a mixture from covariance matrices.

        Parameters
        ----------
        weights : array_like, shape (k,)
            Share of each component.
        means : array_like, shape (k, ...)
            Mean of each component.
        covariances : array_like, shape (k, d, d)
            Covariance of each component, squared units; shape (k,) where a record is one number.

        Raises
        ------
        InputError
            If a matrix is not positive definite, or as the class says.
        """
        cov = np.asarray(covariances, dtype=np.float64)
        cov = cov[:, None, None] if cov.ndim == 1 else cov
        try:
            roots = np.linalg.cholesky(cov)
        except np.linalg.LinAlgError as error:
            raise InputError(
                "the covariance of a component must be a symmetric positive definite matrix, and "
                f"one of these is not: {error}."
            ) from error
        return cls(np.asarray(weights), np.asarray(means), np.asarray(roots))

    @property
    def _deviations(self) -> Rows:
        return np.asarray(np.diagonal(self.roots, axis1=1, axis2=2))

    @property
    def _centres(self) -> Rows:
        return self.means.reshape(len(self.means), -1)

    @property
    def parameters(self) -> em.Parameters:
        """The same numbers as the EM kernel takes them."""
        return em.Parameters(self.weights, self._centres, self.roots)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of a record, shape of one record."""
        return np.asarray(np.tensordot(self.weights, self.means, axes=1))

    @property
    def cov(self) -> NDArray[np.float64]:
        """Covariance matrix of a record, shape (d, d), squared units."""
        within = self.roots @ self.roots.transpose(0, 2, 1)
        offsets = self._centres - self.mean.reshape(-1)
        between = (self.weights[:, None] * offsets).T @ offsets
        return np.asarray(np.tensordot(self.weights, within, axes=1) + between)

    @property
    def varies(self) -> bool:
        """Whether two records can differ: floating point resolves the spread around the means."""
        alive = self.weights > 0
        centres = self._centres[alive]
        resolved = self._deviations[alive] > np.spacing(np.abs(centres))
        return bool(resolved.any() or (centres != centres[0]).any())

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        """Write `n` records in random order, shape (n, ...)."""
        counts = rng.multinomial(n, self.weights)
        places = np.split(rng.permutation(n), np.cumsum(counts)[:-1])
        noise = rng.standard_normal((n, self._centres.shape[1]))
        records = np.empty_like(noise)
        start = 0
        for place, centre, root in zip(places, self._centres, self.roots, strict=True):
            records[place] = noise[start : start + len(place)] @ root.T + centre
            start += len(place)
        return records.reshape(n, *self.means.shape[1:])

    def _joint(self, records: Any) -> Rows:
        rows = as_rows(records, "the density of a Gaussian mixture")
        if rows.shape[1] != self._centres.shape[1]:
            raise InputError(
                f"records of {rows.shape[1]} numbers have no density under a mixture of "
                f"{self._centres.shape[1]}-dimensional components."
            )
        columns = rows.T
        evaluate = em.log_joint(self.parameters)
        joint = np.empty((len(self.weights), len(rows)))
        for block in em.blocks(columns, len(self.weights)):
            joint[:, block] = evaluate(columns[None, :, block] - self._centres[:, :, None])
        return joint

    def log_density(self, records: ArrayLike) -> NDArray[np.float64]:
        """Log density of each record, nats, shape (n,)."""
        return em.normalise(self._joint(records))

    def responsibilities(self, records: ArrayLike) -> NDArray[np.float64]:
        """Probability that each component wrote each record, shape (n, k)."""
        joint = self._joint(records)
        em.normalise(joint)
        return joint.T

    def component_of(self, records: ArrayLike) -> NDArray[np.intp]:
        """Most probable component of each record, shape (n,)."""
        return np.asarray(self._joint(records).argmax(axis=0))


@dataclass(frozen=True)
class Mixture:
    """Learner: Gaussian mixture by expectation-maximisation.

    Parameters
    ----------
    components : int, default 3
        Number of components.
    start : {"cold", "warm"}, default "cold"
        ``"cold"``: k-means from a k-means++ seeding in each generation, as scikit-learn starts, in
        order of falling weight. ``"warm"``: begin at the parent's parameters; component `i` of the
        child then descends from component `i` of the parent. The first generation, and one whose
        parent is no mixture of as many components, starts cold. See Notes.
    covariance : {"full", "diagonal"}, default "full"
        Shape of each component's covariance.
    restarts : int, default 1
        Cold starts to try; the likeliest result is kept. A warm start is one start.
    tolerance : float, default 1e-3
        EM stops when an iteration adds less to the mean log-likelihood, nats per record.
    max_iterations : int, default 100
        Updates of EM at most; the model says whether it `converged`.
    regularisation : float, default 1e-6
        Added to each variance, in squared units of the data. It is also a floor: a chain of such
        fits never loses the last variation.

    Raises
    ------
    InputError
        If an option is out of its range.

    Notes
    -----
    The choice of the start is part of the law of the chain. A cold start forgets which component
    was which: once a rare component is lost, k-means splits a large one, so the smallest weight
    rises and hides the loss. Under a warm start a component whose responsibilities add up to less
    than half a record is extinct: its weight is 0 from then on, and the weight of a well separated
    component drifts as an allele does (Wright-Fisher with as many genes as records).

    References
    ----------
    Textbook: Bishop (2006), Pattern Recognition and Machine Learning, section 9.2.2.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = MixtureOfGaussians.from_covariances([0.7, 0.3], [-5.0, 5.0], [1.0, 1.0])
    >>> Mixture(2).fit(truth.sample(1000, rng=rng), rng=rng).weights.round(1)
    array([0.7, 0.3])
    """

    components: int = 3
    start: Start = "cold"
    covariance: Covariance = "full"
    restarts: int = 1
    tolerance: float = 1e-3
    max_iterations: int = 100
    regularisation: float = 1e-6

    def __post_init__(self) -> None:
        for name in ("components", "restarts", "max_iterations"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} is a whole number of 1 or more, got {value!r}.")
        for name in ("tolerance", "regularisation"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} is a number of 0 or more, got {getattr(self, name)!r}.")
        for name, kinds in (("start", get_args(Start)), ("covariance", get_args(Covariance))):
            value = getattr(self, name)
            if value not in kinds:
                raise InputError(f"{name} {value!r} is not known. {suggestion(value, kinds)}")

    def fit(
        self, data: Any, *, rng: Generator, parent: Model[Any] | None = None
    ) -> MixtureOfGaussians:
        """Fit a mixture to an array of records.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Records, each a number or an array of numbers.
        rng : numpy.random.Generator
            Chooses the seeds of a cold start.
        parent : Model, optional
            Where a warm start begins, if it is a mixture of as many components.

        Raises
        ------
        Degenerate
            If all records coincide, a cold start finds fewer distinct records than components, or
            a component loses all variation although `regularisation` is 0.
        InputError
            If `data` is no array of finite numbers.
        """
        rows = as_rows(data, "a Gaussian mixture")
        columns = np.ascontiguousarray(rows.T)
        if (columns == columns[:, :1]).all():
            raise Degenerate(
                f"all {len(rows)} records are the same, so there is no variation that a mixture "
                "could be fitted to. Use more varied data."
            )
        shape = data.shape[1:]
        ancestor = self._ancestor(parent, shape)
        if ancestor is None:
            return self._model(self._cold(columns, rng), len(rows), shape)
        return self._model(self._warm(columns, ancestor), len(rows), shape)

    def _ancestor(self, parent: Any, shape: tuple[int, ...]) -> MixtureOfGaussians | None:
        if self.start == "cold" or not isinstance(parent, MixtureOfGaussians):
            return None
        return parent if parent.means.shape == (self.components, *shape) else None

    def _climb(self, columns: Rows, start: em.Parameters) -> em.Fit:
        return em.em(
            columns,
            start,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            regularisation=self.regularisation,
        )

    def _cold(self, columns: Rows, rng: Generator) -> em.Fit:
        centred = columns - columns.mean(axis=1, keepdims=True)
        fits = []
        for _ in range(self.restarts):
            centres = kmeans.lloyd(centred, kmeans.seed_centres(centred, self.components, rng))
            start = em.hard_start(
                columns,
                centres + columns.mean(axis=1),
                regularisation=self.regularisation,
                diagonal=self.covariance == "diagonal",
            )
            fits.append(self._climb(columns, start))
        best = max(fits, key=lambda fit: fit.bound)
        order = np.argsort(-best.parameters.weights, kind="stable")
        return replace(best, parameters=best.parameters.take(order))

    def _warm(self, columns: Rows, ancestor: MixtureOfGaussians) -> em.Fit:
        """Fit the living components; the extinct ones keep their places and last parameters."""
        whole = ancestor.parameters
        if self.covariance == "diagonal":
            whole = replace(whole, roots=np.sqrt(np.square(whole.roots).sum(axis=2)))
        alive = whole.weights > 0
        fit = self._climb(columns, whole.take(alive))
        weights, means, roots = whole.weights.copy(), whole.means.copy(), whole.roots.copy()
        weights[alive] = fit.parameters.weights
        means[alive] = fit.parameters.means
        roots[alive] = fit.parameters.roots
        return replace(fit, parameters=em.Parameters(weights, means, roots))

    @staticmethod
    def _model(fit: em.Fit, n: int, shape: tuple[int, ...]) -> MixtureOfGaussians:
        found = fit.parameters
        extinct = (found.weights * n < 0.5) & (found.weights < found.weights.max())
        weights = np.where(extinct, 0, found.weights)
        k, d = found.means.shape
        return MixtureOfGaussians(
            weights / weights.sum(),
            found.means.reshape(k, *shape),
            found.roots[:, :, None] * np.eye(d) if found.diagonal else found.roots,
            fit.converged,
            fit.iterations,
        )
