import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.special import ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics.frechet import extrapolated_frechet, frechet_distance, frechet_signal


def toy(n, offset):
    steps = np.array([2**0.5 - 1, 3**0.5 - 1, (5**0.5 - 1) / 2])
    return ndtri((np.arange(1, n + 1)[:, None] + offset) * steps % 1)


REFERENCE, NEW = toy(40, 0), 0.7 * toy(30, 100)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_toy_and_the_textbook_formula(rng):
    value = frechet_distance(NEW, REFERENCE)
    assert value == pytest.approx(0.225423, abs=1e-6)
    a, b = np.cov(NEW.T), np.cov(REFERENCE.T)
    shift = NEW.mean(axis=0) - REFERENCE.mean(axis=0)
    assert value == pytest.approx(shift @ shift + np.trace(a + b - 2 * sqrtm(a @ b).real))
    reading = frechet_signal(NEW, REFERENCE, rng=rng)
    assert reading.value == value
    assert reading.low <= value <= reading.high


def test_moments_of_blocks_give_the_distance_of_the_records(rng):
    from modelcollapse.metrics.frechet import _moments

    X, Y = 50 + rng.normal(size=(230, 4)), 50 + rng.normal(size=(170, 4))
    found = _moments(X, Y, rng)
    sides = found.blocks.exchanged(3, rng=rng)
    values = found.distances(sides, 1 - sides)
    pool = np.concatenate([X, Y])
    for side, value in zip(sides, values, strict=True):
        mine = side[found.blocks.of_records] == 1
        assert value == pytest.approx(frechet_distance(pool[mine], pool[~mine]), rel=1e-8)


def test_extrapolation_takes_the_bias_out(rng):
    plain, far = [], []
    for _ in range(20):
        X, Y = rng.normal(size=(200, 8)), rng.normal(size=(300, 8))
        plain.append(frechet_distance(X, Y))
        far.append(extrapolated_frechet(X, Y, rng=rng))
    assert min(plain) > 0.1
    assert abs(np.mean(far)) < 0.1 * np.mean(plain)


def test_a_constant_column_is_no_obstacle(rng):
    X, Y = rng.normal(size=(60, 3)), rng.normal(size=(60, 3))
    X[:, 1] = Y[:, 1] = 4.0
    reading = frechet_signal(X, Y, rng=rng)
    assert np.isfinite(reading.value)
    assert reading.p > 0.01
    assert frechet_signal(0.5 * X, Y, rng=rng).p < 0.01


def test_wrong_input(rng):
    with pytest.raises(InputError, match="4 or more"):
        frechet_signal(NEW[:3], REFERENCE, rng=rng)
    with pytest.raises(InputError, match="99 draws"):
        frechet_signal(NEW, REFERENCE, rng=rng, draws=9)
    with pytest.raises(InputError, match="splits"):
        extrapolated_frechet(NEW, REFERENCE, rng=rng, splits=0)
