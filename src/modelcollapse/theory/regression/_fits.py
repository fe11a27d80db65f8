"""The parts that formulas about ridge regression share: truth, fit and generators."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, whole
from modelcollapse.theory.regression._checks import along, at_least_zero, generator_sizes, sizes
from modelcollapse.theory.regression._spectrum import Spectrum, Sums, evaluated

HOLDS = "Gaussian inputs, homoscedastic noise, many records and dimensions"


def truth(eigenvalues: ArrayLike, coefficients: ArrayLike) -> tuple[Spectrum, Values]:
    """Spectrum, and eigenvalues times squared coefficients, summed over equal eigenvalues."""
    every = np.asarray(eigenvalues, dtype=np.float64)
    spectrum = Spectrum(every)
    return spectrum, spectrum.grouped(every * along(coefficients, every, "coefficients") ** 2)


def fit(
    n: ArrayLike, penalty: ArrayLike, spectrum: Spectrum, energy: Values
) -> tuple[Values, Values, Values]:
    """Level of a fit, how much it inflates noise, and its bias without any."""
    size = sizes(n)
    ridge = spectrum.penalties(at_least_zero(penalty, "penalty"))
    if np.any((size == spectrum.dimension) & (ridge == 0)):
        raise InputError(
            f"penalty must be above 0 where n is the number of eigenvalues, {spectrum.dimension}: "
            "the expected error of least squares is infinite there. Use a penalty, or another n."
        )
    level = spectrum.level(size, ridge)
    second, lost = at(level, spectrum.sums(kept=spectrum.counts[None], lost=energy[None]))
    u = second / size
    return level, u / (1 - u), lost / (1 - u)


def at(level: Values, sums: Sums) -> Values:
    """Sums at levels of any shape; the columns come first."""
    return np.moveaxis(evaluated(sums, level.ravel()).reshape(*level.shape, -1), -1, 0)


def checked(
    generations: ArrayLike,
    records: ArrayLike,
    penalty: ArrayLike,
    noise: ArrayLike,
    spectrum: Spectrum,
) -> tuple[Values, Values, Values, Values]:
    """Arguments that describe the generators."""
    ridge = spectrum.penalties(at_least_zero(penalty, "generator_penalty"))
    return (
        whole(generations, "generations", least=0),
        generator_sizes(records, ridge, spectrum.dimension),
        ridge,
        at_least_zero(noise, "generator_noise"),
    )
