import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from modelcollapse.errors import InputError
from modelcollapse.metrics import vendi

STEPS = np.array([np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2])
REFERENCE = stats.norm.ppf(np.arange(1, 41)[:, None] * STEPS % 1)
NEW = 0.7 * stats.norm.ppf(np.arange(101, 131)[:, None] * STEPS % 1)
ORDERS = (0.5, 1, 2)


@pytest.mark.parametrize(
    ("X", "gaussian", "unbiased", "cosine"),
    [
        (REFERENCE, (22.707107, 15.414474, 9.371189), 11.932438, 2.996199),
        (NEW, (13.863084, 8.412807, 4.914464), 5.681339, 2.986111),
    ],
)
def test_toy(X, gaussian, unbiased, cosine):
    found = [vendi.gaussian_vendi(X, bandwidth=1, order=order) for order in ORDERS]
    assert found == pytest.approx(gaussian, abs=1e-6)
    assert vendi.unbiased_vendi(X, bandwidth=1) == pytest.approx(unbiased, abs=1e-6)
    assert vendi.cosine_vendi(X) == pytest.approx(cosine, abs=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it imports what SciPy has moved
@pytest.mark.parametrize("shape", [(60, 5), (20, 50)])
@pytest.mark.parametrize("order", [0.5, 1, 2, np.inf])
def test_equal_to_vendi_score(rng, shape, order):
    package = pytest.importorskip("vendi_score.vendi")
    X = rng.normal(size=shape)
    units = X / np.linalg.norm(X, axis=1, keepdims=True)
    wanted = package.score_K(units @ units.T, q="inf" if np.isinf(order) else order)
    assert vendi.cosine_vendi(X, order=order) == pytest.approx(wanted, rel=1e-5)


def test_order_zero_counts_dimensions(rng):
    assert vendi.cosine_vendi(rng.normal(size=(50, 4)), order=0) == pytest.approx(4)
    flat = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 7))
    assert vendi.cosine_vendi(flat, order=0) == pytest.approx(2)


def test_features_approach_the_kernel(rng):
    X = rng.normal(size=(150, 3))
    exact = vendi.gaussian_vendi(X, bandwidth=2)
    near = vendi.fourier_vendi(X, bandwidth=2, features=1024, rng=rng)
    far = vendi.fourier_vendi(X, bandwidth=2, features=4, rng=rng)
    assert near == pytest.approx(exact, rel=0.05)
    assert far != pytest.approx(exact, rel=0.05)


def test_unbiased_is_the_mean_over_pairs_in_any_block(rng, monkeypatch):
    X = rng.normal(size=(70, 3)) + 1e3
    wanted = 1 / np.exp(-np.square(pdist(X)) / 1.5**2).mean()
    for block in (1, 1000, 10**7):
        monkeypatch.setattr(vendi, "_BLOCK", block)
        assert vendi.unbiased_vendi(X, bandwidth=1.5) == pytest.approx(wanted, rel=1e-9)


def test_shrinking_is_seen_by_the_gaussian_kernel_only(rng):
    X = rng.normal(size=(300, 3))
    assert vendi.cosine_vendi(X / 2) == pytest.approx(vendi.cosine_vendi(X))
    assert vendi.vendi_ratio(0.8 * X, X).p < 1e-3
    assert vendi.vendi_ratio(0.8 * X, X).high < 1
    assert vendi.vendi_ratio(1.25 * X, X).low > 1


def test_no_two_alike_is_undefined(rng):
    X = np.arange(50.0)[:, None] * 1e9
    assert vendi.unbiased_vendi(X, bandwidth=1) == np.inf
    signal = vendi.vendi_ratio(X, X, bandwidth=1)
    assert np.isnan(signal.value)
    assert np.isnan(signal.p)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: vendi.cosine_vendi(0 * X), "no direction"),
        (lambda X: vendi.gaussian_vendi(X, bandwidth=0), "bandwidth"),
        (lambda X: vendi.gaussian_vendi(X, bandwidth=1, order=-1), "order"),
        (
            lambda X: vendi.fourier_vendi(X, bandwidth=1, features=3, rng=np.random.default_rng()),
            "even",
        ),
        (lambda X: vendi.unbiased_vendi(X[:1], bandwidth=1), "two or more"),
        (lambda X: vendi.vendi_ratio(X, X), "too few"),
    ],
)
def test_wrong_input_is_refused(rng, call, message):
    with pytest.raises(InputError, match=message):
        call(rng.normal(size=(30, 3)))
