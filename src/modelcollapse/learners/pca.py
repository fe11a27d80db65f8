"""Principal components around another learner: many features, few of them modelled in detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import Degenerate, InputError, suggestion
from modelcollapse.families.rows import Rows, as_rows
from modelcollapse.protocols import Learner, Model

Axes = Literal["refit", "kept"]


def principal_axes(centred: Rows, dimensions: int) -> Rows:
    """Directions of largest variance.

    Parameters
    ----------
    centred : ndarray, shape (n, d)
        Records less their mean.
    dimensions : int
        At most so many; fewer if the records have variance along fewer.

    Returns
    -------
    ndarray, shape (d, q)
        Orthonormal columns, by falling variance.
    """
    from scipy.linalg import eigh, svd

    n, d = centred.shape
    q = min(dimensions, n, d)
    if n > d:  # the small symmetric problem: cost grows with the records only through one product
        values, axes = eigh(centred.T @ centred, subset_by_index=(d - q, d - 1))
        values, axes = values[::-1], axes[:, ::-1]
    else:
        _, singular, rows = svd(centred, full_matrices=False)
        values, axes = singular[:q] ** 2, rows[:q].T
    resolved = values > values[0] * max(n, d) * np.finfo(float).eps
    return np.asarray(axes[:, resolved])


@dataclass(frozen=True, eq=False)
class PCAModel:
    """Another model along principal axes, plus independent noise on each feature.

    Parameters
    ----------
    inner : Model
        Writes coordinates along the axes, shape (n, q).
    centre : ndarray, shape (d,)
        What the coordinates are counted from, in the data's units.
    axes : ndarray, shape (d, q)
        Orthonormal columns.
    noise : ndarray, shape (d,)
        Standard deviation of what the axes leave out, by feature; 0 for one that never varied.
    constant : ndarray of bool, shape (d,)
        Features that never varied.
    shape : tuple of int
        Shape of one record; its product is `d`.
    """

    inner: Model[Any]
    centre: Rows
    axes: Rows
    noise: Rows
    constant: NDArray[np.bool_]
    shape: tuple[int, ...]

    @property
    def varies(self) -> bool:
        """Whether two records can differ."""
        return bool((self.noise > 0).any() or getattr(self.inner, "varies", True))

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        """Write `n` records, shape (n, ...)."""
        rows = self.inner.sample(n, rng=rng) @ self.axes.T
        rows += rng.standard_normal(rows.shape) * self.noise
        rows += self.centre
        rows[:, self.constant] = self.centre[self.constant]
        return np.asarray(rows.reshape(n, *self.shape))

    def coordinates(self, records: Any) -> Rows:
        """Coordinates of records along the axes, shape (n, q): what `inner` speaks of."""
        rows = as_rows(records, "a projection on principal components")
        return np.asarray((rows - self.centre) @ self.axes)


@dataclass(frozen=True)
class PCA:
    """Learner: another learner in the space of the leading principal components.

    Parameters
    ----------
    learner : Learner
        Fitted to the coordinates, an array of shape (n, q).
    dimensions : int, default 20
        Principal components to keep, at most.
    axes : {"refit", "kept"}, default "refit"
        ``"refit"``: new components in each generation; the inner learner then gets no parent,
        whose coordinates would mean something else. ``"kept"``: the first generation's components
        for good, as with a frozen encoder; the inner learner gets its parent and may start from it.

    Raises
    ------
    InputError
        If an option is out of its range or `learner` cannot fit.

    Notes
    -----
    What the components leave out comes back as independent Gaussian noise on each feature, with
    the variance of the residual there, as in factor analysis. So a model writes records with the
    mean and the variance of each feature that it was fitted to (if the inner learner keeps those
    of the coordinates); without this noise each generation would lose the residual variance, and
    a lineage would shrink by construction. Correlations between residuals are not kept.

    References
    ----------
    Tipping and Bishop (1999), Probabilistic principal component analysis.
    """

    learner: Learner[Any]
    dimensions: int = 20
    axes: Axes = "refit"

    def __post_init__(self) -> None:
        if not callable(getattr(self.learner, "fit", None)):
            raise InputError(
                f"PCA wraps a learner, got {type(self.learner).__name__} without a method `fit`. "
                "Pass for example Mixture(10)."
            )
        if not isinstance(self.dimensions, int) or self.dimensions < 1:
            raise InputError(f"dimensions is a whole number of 1 or more, got {self.dimensions!r}.")
        if self.axes not in get_args(Axes):
            raise InputError(
                f"axes {self.axes!r} is not known. {suggestion(self.axes, get_args(Axes))}"
            )

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> PCAModel:
        """Find the components, fit the inner learner to the coordinates, measure the rest.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Records of two or more numbers each.
        rng : numpy.random.Generator
            Handed on to the inner learner.
        parent : Model, optional
            Source of the components if `axes` is ``"kept"``.

        Raises
        ------
        Degenerate
            If all records coincide, or as the inner learner says.
        InputError
            If `data` is no array of finite numbers, or as the inner learner says.
        """
        rows = as_rows(data, "PCA")
        shape = data.shape[1:]
        constant = (rows == rows[0]).all(axis=0)
        if constant.all():
            raise Degenerate(
                f"all {len(rows)} records are the same, so there is no component to find. Use "
                "more varied data."
            )
        inherited = (
            parent
            if self.axes == "kept" and isinstance(parent, PCAModel) and parent.shape == shape
            else None
        )
        if inherited is None:
            centre = np.where(constant, rows[0], rows.mean(axis=0))
            axes = principal_axes(rows - centre, self.dimensions)
        else:
            centre, axes = inherited.centre, inherited.axes
        residual = rows - centre
        coordinates = residual @ axes
        residual -= coordinates @ axes.T
        inner = self.learner.fit(
            coordinates, rng=rng, parent=None if inherited is None else inherited.inner
        )
        # The mean residual is orthogonal to the axes: moving there leaves coordinates as they are.
        centre = np.where(constant, rows[0], centre + residual.mean(axis=0))
        noise = np.where(constant, 0, residual.std(axis=0))
        return PCAModel(inner, centre, axes, noise, constant, shape)
