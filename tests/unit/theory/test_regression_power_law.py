"""Exponents of power-law truths: the published case, and slopes of the formulas they stand for."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.theory import regression

BETA, R = 2.0, 0.375


def test_row_16_exponents():
    delta = 1 + BETA * (2 * R - 1)
    assert delta == pytest.approx(0.5, rel=1e-12)
    assert regression.classical_penalty_exponent(BETA, R) == pytest.approx(0.8, rel=1e-12)
    assert regression.classical_error_exponent(BETA, R) == pytest.approx(0.6, rel=1e-12)
    penalty = regression.rule_of_thumb_penalty(
        1e4, 1, generator_records=600, generator_noise=1.0, capacity=BETA, source=R
    )
    assert penalty == pytest.approx(0.00599072, rel=1e-5)


@pytest.mark.parametrize(
    "beta, r, penalty, error", [(1.65, 0.097, 1.2499, 0.2425), (1.2, 0.15, 0.8824, 0.2647)]
)
def test_fitted_exponents_of_kernels(beta, r, penalty, error):
    assert regression.classical_penalty_exponent(beta, r) == pytest.approx(penalty, abs=5e-5)
    assert regression.classical_error_exponent(beta, r) == pytest.approx(error, abs=5e-5)


def test_smoothness_counts_up_to_one():
    assert regression.classical_error_exponent(2.0, 5.0) == regression.classical_error_exponent(
        2.0, 1.0
    )


@pytest.mark.parametrize(
    "b, a, penalty, error",
    [(1, 0, 0.8, 0.6), (0.6, 0, 0.48, 0.36), (1, 0.3, 0.56, 0.42), (1.2, 0.2, 0.64, 0.48)],
)
def test_exponents_of_chains(b, a, penalty, error):
    of = {"generator_exponent": b, "noise_exponent": a}
    assert regression.chain_penalty_exponent(BETA, R, **of) == pytest.approx(penalty, rel=1e-12)
    assert regression.chain_error_exponent(BETA, R, **of) == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize(
    "b, a, expected",
    [(1, 0, 0.6), (0.8, 0, 0.4), (0.5, 0, 0.1), (0.6, 0.3, -0.1), (0.8, 0.6, -0.2), (1.5, 0, 0.6)],
)
def test_exponents_with_the_classical_penalty(b, a, expected):
    found = regression.classical_excess_exponent(BETA, R, generator_exponent=b, noise_exponent=a)
    assert found == pytest.approx(expected, abs=1e-12)


def test_worth_of_records():
    of = {"generator_records": 600, "generator_noise": 0.5}
    found = regression.effective_records([100, 1e4], [[0], [4]], **of, noise=[[1.0], [0.0]])
    np.testing.assert_allclose(found, [[100, 1e4], [100, 600]])
    assert regression.effective_records(100, 0, **of) == np.inf
    both = regression.effective_records(1e4, 4, **of, noise=1.0)
    assert both == pytest.approx(1 / (1e-4 + 1 / 600))
    saturated = regression.saturation_records([0, 1, 4, 16], **of, noise=1.0)
    np.testing.assert_allclose(saturated, [np.inf, 2400, 600, 600])
    # half of the noise is then that of the generators
    own = 1 / regression.effective_records(2400, 0, **of, noise=1.0)
    assert 1 / regression.effective_records(2400, 1, **of, noise=1.0) == pytest.approx(2 * own)
    none = regression.rule_of_thumb_penalty(100, 0, **of, capacity=BETA, source=R)
    assert none == 0


def test_the_rule_of_thumb_follows_the_best_penalty():
    """Over a factor of 100 in noise and 16 in records the two keep their ratio within 1.5."""
    j = np.arange(1, 301.0)
    of = {"generator_records": 600, "generator_noise": np.array([[0.5], [1.0], [5.0]])}
    n = np.array([1250, 5000, 20_000])
    best = regression.optimal_penalty(
        4, n, eigenvalues=j**-2, coefficients=j**-0.25, noise=0.1, **of
    )
    rule = regression.rule_of_thumb_penalty(n, 4, **of, capacity=BETA, source=R, noise=0.1)
    ratio = best.penalty / rule
    assert ratio.max() / ratio.min() < 1.5
    assert best.penalty.max() / best.penalty.min() > 30


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: regression.classical_penalty_exponent(1.0, R), "capacity must be larger than 1"),
        (lambda: regression.classical_error_exponent(2.0, 0.0), "source must be finite and larger"),
        (
            lambda: regression.chain_error_exponent(BETA, R, generator_exponent=-0.1),
            "generator_exponent must be finite and at least 0",
        ),
        (
            lambda: regression.chain_penalty_exponent(
                BETA, R, generator_exponent=0.5, noise_exponent=0.6
            ),
            "noise outgrows the records",
        ),
        (
            lambda: regression.effective_records(0, 1, generator_records=9, generator_noise=1.0),
            "n must be at least 1",
        ),
        (
            lambda: regression.saturation_records(
                1, generator_records=0, generator_noise=1.0, noise=1.0
            ),
            "generator_records must be at least 1",
        ),
    ],
)
def test_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
