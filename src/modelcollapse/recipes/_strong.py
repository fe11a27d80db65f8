"""One ridge fit to real records and to synthetic ones whose labels are off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from modelcollapse import IsotropicTeacher, Ridge, records
from modelcollapse.families.regression.linear import LinearModel
from modelcollapse.recipes._recipe import Floats
from modelcollapse.seeds import generator
from modelcollapse.theory import regression


def errors(
    real: int,
    synthetic: int,
    defect: float,
    *,
    d: int,
    noise: float,
    penalty: float = 0.0,
    width: int | None = None,
    replicates: int,
    seed: int,
) -> Floats:
    """Test errors, shape ``(replicates,)``; equal sizes and seeds share their random numbers.

    Parameters
    ----------
    real, synthetic : int
        Records of each kind.
    defect : float
        Expected squared error of the function that labels the synthetic ones.
    d : int
        Coordinates of an input.
    noise : float
        Standard deviation of all labels.
    penalty, width
        Of the fit, see `Ridge`.
    replicates, seed : int
        Repetitions, in batches, and the seed.
    """
    truth, learner = IsotropicTeacher(d, noise=noise).exact(), Ridge(penalty, width)
    found, batch = [], min(truth.batch, max(1, 2**21 // (d * (width or 1))))
    for first in range(0, replicates, batch):
        count = min(batch, replicates - first)
        rng = generator(seed, first, 0, "mixture")
        nature = truth.model.in_batch(count)
        off = rng.standard_normal((count, d, 1)) * math.sqrt(defect / d)
        parts: list[Any] = [nature.sample(real, rng=rng)] if real else []
        if synthetic:
            wrong = LinearModel(nature.weights + off, nature.design)
            parts.append(wrong.sample(synthetic, rng=rng))
        fitted = learner.fit(records.concat(parts), rng=rng)
        found.append(truth.risk(fitted.weights))
    return np.concatenate(found)


def expected(
    real: int,
    synthetic: int,
    defect: float,
    *,
    d: int,
    noise: float,
    penalty: float = 0.0,
    width: int | None = None,
) -> float:
    """What theory says of their mean."""
    flat = np.ones(d)
    return float(
        regression.mixed_error(
            real,
            synthetic,
            penalty,
            eigenvalues=flat,
            coefficients=flat / math.sqrt(d),
            defect=regression.isotropic_defect(defect, flat),
            noise=noise,
            width=width,
        ).total
    )
