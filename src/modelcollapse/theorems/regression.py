"""Theorems about lineages of regression: a linear teacher, ridge fits, labels written anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelcollapse.families.regression.linear import Ridge
from modelcollapse.families.regression.teacher import LinearTruth
from modelcollapse.policies import Mix, Weighted
from modelcollapse.theorems._theorem import (
    ACCUMULATE,
    EQUAL,
    EQUAL_BLOCKS,
    REPLACE,
    UNCURATED,
    WHOLE,
    Condition,
    Floats,
    Generations,
    Parts,
    Theorem,
    first,
    part_is,
)
from modelcollapse.theory import regression

MANY = 50
"""Records for each coordinate from which a theory of leading order in d / n is called good."""

TEACHER = part_is("truth", LinearTruth, "a linear teacher")
RIDGE = part_is("learner", Ridge, "Ridge")
REAL = Condition(
    "the labels are single real numbers",
    lambda x: x.truth.response == "real" and x.truth.outputs is None,
    lambda x: "they are classes" if x.truth.outputs is None else "there are several of them",
)
PLAIN = Condition(
    "inputs are not projected", lambda x: x.learner.width is None, lambda x: "they are projected"
)
REGULAR = Condition(
    "records and coordinates differ by 2 or more, or there is a penalty: the expected error of "
    "least squares is infinite otherwise",
    lambda x: x.learner.penalty > 0 or abs(first(x) - x.truth.d) >= 2,
    lambda x: f"there are {first(x)} records for {x.truth.d} coordinates",
)
UNPENALISED = Condition(
    "there is no ridge penalty",
    lambda x: x.learner.penalty == 0,
    lambda x: f"the penalty is {x.learner.penalty:g}",
)
MORE_RECORDS = Condition(
    "there are at least d + 2 records",
    lambda x: first(x) >= x.truth.d + 2,
    lambda x: f"there are {first(x)} for d = {x.truth.d}",
)
NEW_INPUTS = Condition(
    "generators with a penalty see new inputs",
    lambda x: not x.truth.same_inputs or x.learner.penalty == 0,
    lambda x: "they see the same ones",
)
WEIGHTED_MIX = Condition(
    "the policy is Weighted over a Mix of fresh real and synthetic records only",
    lambda x: (
        isinstance(x.policy, Weighted)
        and isinstance(x.policy.policy, Mix)
        and x.policy.policy.fresh
        and x.policy.policy.beta == 0
    ),
    lambda x: "it is another",
)
AS_MANY = Condition(
    "generation 0 has as many records as are real in each later one",
    lambda x: _real(x)[0] == x.size,
    lambda x: f"it has {x.size}, and later ones {_real(x)[0]}",
)
LARGE = Condition(
    f"there are at least {MANY} records for each coordinate: the theory is of leading order",
    lambda x: min(_real(x)) >= MANY * x.truth.d,
    lambda x: f"there are {min(_real(x))} for d = {x.truth.d}",
)
ANEW = Condition(
    "inputs are drawn anew",
    lambda x: not x.truth.same_inputs,
    lambda x: "they are always the same",
)
FEWER_RECORDS = Condition(
    "there are at most d - 2 records",
    lambda x: first(x) <= x.truth.d - 2,
    lambda x: f"there are {first(x)} for d = {x.truth.d}",
)
ISOTROPIC = Condition(
    "inputs vary alike in all directions, and nature is not zero",
    lambda x: bool(np.ptp(x.truth.spectrum[0]) == 0 and np.any(x.truth.weights)),
    lambda x: "they do not" if np.any(x.truth.weights) else "nature is zero",
)
_BASE = (TEACHER, RIDGE, REAL, PLAIN, UNCURATED, WHOLE)
_CHAIN = (*_BASE, REPLACE, EQUAL, REGULAR, NEW_INPUTS)


def _real(lineage: Any) -> tuple[int, int]:
    """Real and synthetic records of the mix below a weighting."""
    mix = lineage.policy.policy
    real = round(mix.shares[2] * mix.n)
    return real, mix.n - real


def _unit(lineage: Any) -> dict[str, Any]:
    return {"dimension": lineage.truth.d, "noise": lineage.truth.noise}


def _chain(lineage: Any, t: Generations) -> Parts | Floats:
    """Error of the models of a chain; the last fit of each is one more downstream fit."""
    truth, learner = lineage.truth, lineage.learner
    if truth.same_inputs:
        return _own(lineage, t)
    return _parts(lineage, t, lineage.size, learner.penalty, truth.noise)


def _own(lineage: Any, t: Generations) -> Floats:
    truth = lineage.truth
    values, coordinates = truth.spectrum
    own = regression.generator_error(
        t, eigenvalues=values, coefficients=coordinates, generator_records=lineage.size,
        generator_noise=truth.noise, same_inputs=True,
    )  # fmt: skip
    return np.asarray(own.total)


def _parts(lineage: Any, t: Generations, n: int, penalty: float, noise: float) -> Parts:
    truth, learner = lineage.truth, lineage.learner
    values, coordinates = truth.spectrum
    error = regression.chain_error(
        t, n, penalty, eigenvalues=values, coefficients=coordinates, noise=noise,
        generator_records=lineage.size, generator_noise=truth.noise,
        generator_penalty=learner.penalty, same_inputs=truth.same_inputs,
    )  # fmt: skip
    return Parts(
        {
            "clean bias": error.bias,
            "clean variance": error.variance,
            "added bias": error.added_bias,
            "added variance": error.added_variance,
        }
    )


def _exact(lineage: Any, t: Generations) -> Parts:
    """Least squares, exactly: a clean error, and as much again for each generation."""
    each = regression.replace_error(0, lineage.size, **_unit(lineage))
    return Parts({"clean variance": each, "added variance": t * each})


def _projected(lineage: Any, t: Generations) -> Parts:
    """Isotropic inputs, fewer records than coordinates: exactly, by what is forgotten and added."""
    noise = lineage.truth.noise
    bias, clean = _forgotten(lineage, t + 1, 0.0), _forgotten(lineage, 1, 0.0)
    variance = _forgotten(lineage, t + 1, noise) - bias
    first_noise = _forgotten(lineage, 1, noise) - clean
    return Parts(
        {
            "clean bias": clean,
            "clean variance": first_noise,
            "added bias": bias - clean,
            "added variance": variance - first_noise,
        }
    )


def _downstream(lineage: Any, t: Generations, probe: Any) -> Parts:
    Ridge(probe.penalty).check_number(probe.records, lineage.truth.d)
    noise = lineage.truth.noise if probe.noise is None else probe.noise
    return _parts(lineage, t, probe.records, probe.penalty, noise)


def _plain_fit(lineage: Any, probe: Any) -> bool:
    """Whether what is fitted downstream is least squares of a finite expected error."""
    return bool(probe.penalty == 0 and probe.records >= lineage.truth.d + 2)


def _exact_downstream(lineage: Any, t: Generations, probe: Any) -> Parts:
    """Least squares on least squares: what each fit of the chain adds, and the last one's own."""
    truth = lineage.truth
    noise = truth.noise if probe.noise is None else probe.noise
    own = regression.replace_error(0, probe.records, dimension=truth.d, noise=noise)
    each = regression.replace_error(0, lineage.size, **_unit(lineage))
    return Parts({"clean variance": own, "added variance": t * each})


def _projected_downstream(lineage: Any, t: Generations, probe: Any) -> Parts:
    truth = lineage.truth
    noise = truth.noise if probe.noise is None else probe.noise
    own = regression.replace_error(0, probe.records, dimension=truth.d, noise=noise)
    bias, total = _forgotten(lineage, t, 0.0), _forgotten(lineage, t, truth.noise)
    return Parts({"clean variance": own, "added bias": bias, "added variance": total - bias})


def _forgotten(lineage: Any, fits: Any, noise: float) -> Any:
    """Error of the last of some generators, isotropic and with fewer records than coordinates."""
    truth = lineage.truth
    values, coordinates = truth.spectrum
    return regression.projected_chain_error(
        fits, np.inf, dimension=truth.d, generator_records=lineage.size, noise=0.0,
        signal=float(values[0] * np.square(coordinates).sum()), generator_noise=noise,
        same_inputs=truth.same_inputs,
    )  # fmt: skip


def _weighted(lineage: Any, t: Generations) -> Floats:
    real, synthetic = _real(lineage)
    unit = regression.replace_error(0, real, **_unit(lineage))
    return np.asarray(unit * regression.weighted_error(t, lineage.policy.real, real, synthetic))


REGRESSION: tuple[Theorem, ...] = (
    Theorem(
        "test_error", "regression.replace_error", (*_CHAIN, UNPENALISED, MORE_RECORDS), _exact,
        measure="test_error",
    ),
    Theorem(
        "test_error", "regression.projected_chain_error",
        (*_CHAIN, UNPENALISED, FEWER_RECORDS, ISOTROPIC), _projected, measure="test_error",
    ),
    Theorem("test_error", "regression.chain_error", _CHAIN, _chain, measure="test_error"),
    Theorem(
        "test_error", "regression.accumulate_error",
        (*_BASE, ACCUMULATE, EQUAL_BLOCKS, UNPENALISED, MORE_RECORDS),
        lambda x, t: regression.accumulate_error(
            t, x.size, same_inputs=x.truth.same_inputs, **_unit(x)
        ),
        measure="test_error",
    ),
    Theorem(
        "test_error", "regression.weighted_error",
        (*_BASE, WEIGHTED_MIX, AS_MANY, LARGE, UNPENALISED, ANEW), _weighted,
        measure="test_error", leading="here to leading order in coordinates over records",
    ),
    Theorem(
        "downstream_error", "regression.least_squares_chain_error",
        (*_CHAIN, UNPENALISED, MORE_RECORDS), _exact_downstream, measure="downstream_error",
        of_probe=True, covers=_plain_fit,
    ),
    Theorem(
        "downstream_error", "regression.projected_chain_error",
        (*_CHAIN, UNPENALISED, FEWER_RECORDS, ISOTROPIC), _projected_downstream,
        measure="downstream_error", of_probe=True, covers=_plain_fit,
    ),
    Theorem(
        "downstream_error", "regression.chain_error", _CHAIN, _downstream,
        measure="downstream_error", of_probe=True,
    ),
)  # fmt: skip
