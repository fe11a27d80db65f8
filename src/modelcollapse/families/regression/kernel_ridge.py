"""Kernel ridge regression as a learner: exact, or on random features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import Incompatible, InputError, is_whole, suggestion
from modelcollapse.families.regression.inputs import Floats
from modelcollapse.families.regression.kernel_model import KernelModel, Sections, called
from modelcollapse.families.regression.kernel_path import KernelPath, Map, decomposed, divided
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.families.regression.linear import Ridge, check_penalty
from modelcollapse.protocols import Model

Features = Literal["nystroem", "fourier"]


@dataclass(frozen=True)
class KernelRidge:
    """Learner: kernel ridge regression without an intercept.

    Minimises the mean squared error over records plus `penalty` times the squared norm in the
    space of the kernel: ``f(x) = k(x, X) c`` with ``(G + penalty n I) c = y`` and ``G = k(X, X)``.

    Parameters
    ----------
    kernel : str or callable, default "rbf"
        Any name that ``sklearn.metrics.pairwise.pairwise_kernels`` knows, or a function from two
        sets of rows, ``(n, d)`` and ``(m, d)``, to kernel values ``(n, m)``, such as the kernels
        of ``sklearn.gaussian_process``; a spec cannot hold a function.
    penalty : float, default 1e-3
        Per record: libraries that do not divide by n call ``n * penalty`` alpha. 0 interpolates
        with minimal norm.
    gamma : float, optional
        Of the kernels that have one, e.g. ``exp(-gamma |x - z|^2)``; 1 / d when not given, as in
        scikit-learn (1 for "chi2").
    degree, coef0 : float, default 3 and 1
        Of "polynomial", ``(gamma x z + coef0)^degree``, and "sigmoid".
    features : {"nystroem", "fourier"}, optional
        Fit on so many `components` in place of the exact kernel, for more records than a matrix
        of all pairs can hold: kernel values with records chosen at random, or random Fourier
        features ("rbf" only). Drawn anew in each fit.
    components : int, default 300
        Of a feature map; at most as many as records for "nystroem".

    Raises
    ------
    InputError
        If the kernel is unknown or a number out of range; in the fit, if kernel values are not
        finite or their matrix is not positive semi-definite.

    Notes
    -----
    The exact fit is a Cholesky decomposition in float64, and no jitter is ever added: it would be
    a penalty that nobody chose. Where the decomposition fails, or has a pivot that is 0 up to
    rounding (n eps times the largest diagonal entry), as with equal inputs and no penalty, an
    eigendecomposition takes its place, in which directions whose eigenvalue is 0 up to rounding
    have no part. An eigenvalue further below 0 than 1e-10 mean diagonal entries is no rounding,
    and the fit is refused.
    Weights act as numbers of equal records, with their sum in the place of n.

    References
    ----------
    dohmatob2024regression, section 5 (kernel ridge regression on images).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = Labelled(np.array([[0.0], [1.0]]), np.array([1.0, -1.0]))
    >>> KernelRidge("linear", penalty=0.5).fit(data, rng=rng).predict(np.array([[2.0]]))
    array([-1.])
    """

    kernel: str | Callable[..., Any] = "rbf"
    penalty: float = 1e-3
    gamma: float | None = None
    degree: float = 3
    coef0: float = 1.0
    features: Features | None = None
    components: int = 300

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        _check_kernel(self.kernel)
        for name, least in (("gamma", "above 0"), ("degree", "above 0"), ("coef0", "finite")):
            value = getattr(self, name)
            if value is None:
                continue
            if not np.isfinite(value) or (least == "above 0" and value <= 0):
                raise InputError(f"{name} is {value!r}, which no kernel has. It must be {least}.")
        if not (is_whole(self.components) and self.components >= 1):
            raise InputError(
                f"components is {self.components!r}, but it counts features. Use a whole number of "
                "at least 1."
            )
        if self.features is None:
            return
        if self.features not in get_args(Features):
            raise InputError(
                f"the feature map '{self.features}' is unknown. "
                f"{suggestion(self.features, get_args(Features))}"
            )
        if callable(self.kernel) or (self.features == "fourier" and self.kernel != "rbf"):
            which = "'rbf'" if self.features == "fourier" else "a kernel with a name"
            raise InputError(
                f"the feature map '{self.features}' exists for {which}, and the kernel is "
                f"{called(self.kernel)}. Leave out features for the exact fit."
            )

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> KernelModel:
        """Fit a model that writes what it was fitted to.

        Parameters
        ----------
        data : Labelled
            Records; inputs are held, not copied.
        rng : numpy.random.Generator
            Draws the feature map; not used without one.
        parent : Model, optional
            Not used: the fit starts afresh.

        Returns
        -------
        KernelModel
            With the design of the data.
        """
        if not isinstance(data, Labelled):
            raise Incompatible(
                f"kernel ridge regression is fitted to labelled records, and got "
                f"{type(data).__name__}. Start from a teacher that writes records, or wrap inputs "
                "and targets in Labelled."
            )
        width = data.inputs.shape[1]
        if self.features is not None:
            mapped = self._map(data.inputs, rng)
            linear = Ridge(self.penalty).fit(data.but(inputs=mapped(data.inputs)), rng=rng)
            return KernelModel(mapped, linear.coefficients, data.design, width)
        targets, weights = data.targets, data.weights
        sections = self._sections(data.inputs)
        if weights is not None:
            counted = weights > 0
            sections = self._sections(data.inputs[counted])
            targets, weights = targets[counted], weights[counted]
        coefficients = _solved(sections.gram, targets, weights, self.penalty)
        return KernelModel(sections, coefficients, data.design, width)

    def path(self, inputs: Floats, *, rng: Generator | None = None) -> KernelPath:
        """Fits on the same inputs at every penalty and for every set of targets.

        Parameters
        ----------
        inputs : ndarray, shape (n, d)
            Inputs as rows.
        rng : numpy.random.Generator, optional
            Draws the feature map; needed only with one.

        Returns
        -------
        KernelPath
            Whose own penalties replace the learner's.

        Raises
        ------
        InputError
            If the kernel matrix is not positive semi-definite, or a feature map has no `rng`.
        """
        if self.features is None:
            sections = self._sections(inputs)
            return KernelPath.of_gram(sections.gram, sections)
        if rng is None:
            raise InputError(
                f"the feature map '{self.features}' is drawn at random, and there is no rng. Pass "
                "one, or leave out features."
            )
        mapped = self._map(inputs, rng)
        return KernelPath.of_features(mapped(inputs), mapped)

    @property
    def _options(self) -> dict[str, Any]:
        given = {"gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}
        return {name: value for name, value in given.items() if value is not None}

    def _sections(self, inputs: Floats) -> Sections:
        return Sections(self.kernel, self._options, inputs)

    def _map(self, inputs: Floats, rng: Generator) -> Map:
        from sklearn.kernel_approximation import Nystroem, RBFSampler

        state = int(rng.integers(2**31))
        if self.features == "fourier":
            gamma = 1 / inputs.shape[1] if self.gamma is None else self.gamma
            chosen = RBFSampler(gamma=gamma, n_components=self.components, random_state=state)
        else:
            chosen = Nystroem(
                self.kernel, gamma=self.gamma, degree=self.degree, coef0=self.coef0,
                n_components=min(self.components, len(inputs)), random_state=state,
            )  # fmt: skip
        mapped: Map = chosen.fit(inputs).transform
        return mapped


def _solved(gram: Floats, targets: Floats, weights: Floats | None, penalty: float) -> Floats:
    """Coefficients of the sections, in the shape of the targets."""
    from scipy.linalg import cho_factor, cho_solve

    n = len(gram)
    if weights is not None:
        # The weighted problem is symmetric in the coefficients divided by the roots of weights.
        roots = np.sqrt(weights * (n / weights.sum()))
        across = roots if targets.ndim == 1 else roots[:, None]
        even = _solved(gram * roots * roots[:, None], targets * across, None, penalty)
        return np.asarray(across * even)
    matrix, diagonal = np.array(gram), np.arange(n)
    matrix[diagonal, diagonal] += penalty * n
    rounding = n * np.finfo(np.float64).eps * matrix[diagonal, diagonal].max()
    try:
        factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        pass
    else:
        if np.square(factor[0][diagonal, diagonal]).min() > rounding:
            return np.asarray(cho_solve(factor, targets, check_finite=False))
    values, vectors = decomposed(gram)
    by = (values + penalty * n).reshape(-1, *(1,) * (targets.ndim - 1))
    return np.asarray(vectors @ divided(vectors.T @ targets, by, values[0]))


def _check_kernel(kernel: Any) -> None:
    if callable(kernel):
        return
    from sklearn.metrics.pairwise import kernel_metrics

    known = kernel_metrics()
    if not isinstance(kernel, str) or kernel not in known:
        raise InputError(
            f"the kernel {kernel!r} is unknown. {suggestion(str(kernel), known)} A function of two "
            "sets of rows will do as well."
        )
