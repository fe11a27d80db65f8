import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import ks_2samp, wasserstein_distance

from modelcollapse.errors import InputError
from modelcollapse.metrics.distances import wasserstein_1d
from modelcollapse.metrics.marginal_shift import kolmogorov_smirnov, wasserstein_shift

NAN = float("nan")


def toy(n, first):
    steps = np.arange(1, n + 1) + first
    return ndtri(steps * (np.sqrt(2) - 1) % 1)


X, Y = toy(40, 0), 0.7 * toy(30, 100)


def test_toy_values():
    assert wasserstein_shift(Y, X).value == pytest.approx(0.218537, abs=1e-6)
    found = kolmogorov_smirnov(Y, X)
    assert found.value == pytest.approx(0.108333, abs=1e-6)
    assert found.p == pytest.approx(0.97636, abs=1e-5)


@pytest.mark.parametrize("sizes", [(50, 50), (31, 77), (200, 9)])
def test_the_distance_is_that_of_scipy_and_of_the_quantile_functions(sizes):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_t(3, n).round(1) for n in sizes)
    found = wasserstein_shift(x, y)
    assert found.value * y.std(ddof=1) == pytest.approx(wasserstein_distance(x, y))
    assert found.value * y.std(ddof=1) == pytest.approx(wasserstein_1d(x, y, p=1))
    assert (found.n, found.reference_n) == sizes


@pytest.mark.parametrize("of", ["normal", "heavy", "ties", "tiny"])
@pytest.mark.parametrize("sizes", [(60, 60), (40, 160)])
def test_chance_is_that_of_permuted_records(of, sizes):
    rng = np.random.default_rng(1)
    x, y = (
        {
            "normal": rng.normal,
            "heavy": lambda size: rng.standard_t(2, size),
            "ties": lambda size: rng.poisson(1.5, size).astype(float),
            "tiny": lambda size: 1e9 + 1e-3 * rng.normal(size=size),
        }[of](size=n)
        for n in sizes
    )
    n, pool = sizes[0], np.concatenate([x, y])
    draws = rng.permuted(np.repeat(pool[None], 20_000, axis=0), axis=1)
    null = wasserstein_1d(draws[:, :n], draws[:, n:], p=1)
    found = wasserstein_shift(x, y)
    mean = found.expected * y.std(ddof=1)
    assert mean == pytest.approx(null.mean(), abs=4 * null.std() / 20_000**0.5)
    # the null law depends on the pool alone, so that any draw of it can be asked
    order = np.argsort(-null)
    for share in (0.5, 0.2, 0.05, 0.01):
        draw = draws[order[int(share * 20_000)]]
        assert wasserstein_shift(draw[:n], draw[n:]).p == pytest.approx(share, rel=0.35)


def test_the_error_is_that_of_repeated_samples():
    rng = np.random.default_rng(3)
    found = [
        wasserstein_shift(0.7 * rng.normal(size=400) + 0.3, rng.normal(size=600))
        for _ in range(400)
    ]
    values, errors = np.array([(one.value, one.error) for one in found]).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)


def test_a_move_is_seen_and_units_do_not_matter():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 2000))
    near, far = wasserstein_shift(x, y), wasserstein_shift(x + 0.3, y)
    assert near.p > 0.01
    assert far.p < 1e-6
    assert far.low < 0.3 < far.high
    for one, other in ((near, (x, y)), (far, (x + 0.3, y))):
        scaled = wasserstein_shift(*(1e-5 * side - 3 for side in other))
        assert scaled.value == pytest.approx(one.value)
        assert scaled.p == pytest.approx(one.p)


def test_order_and_gaps_do_not_matter():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 100))
    gaps = np.r_[NAN, rng.permutation(x), NAN], rng.permutation(y)
    for measure in (wasserstein_shift, kolmogorov_smirnov):
        one, other = measure(x, y), measure(*gaps)
        assert other.value == pytest.approx(one.value)
        assert other.p == pytest.approx(one.p)
        assert other.n == 100


@pytest.mark.parametrize("sizes", [(20, 30), (3000, 2000)])
def test_kolmogorov_smirnov_is_that_of_scipy(sizes):
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=sizes[0]), 1.2 * rng.normal(size=sizes[1])
    found, given = kolmogorov_smirnov(x, y), ks_2samp(x, y)
    assert found.value == pytest.approx(given.statistic)
    assert found.p == pytest.approx(given.pvalue, rel=1e-9 if sizes[0] == 20 else 0.2)
    assert 0 <= found.low < found.value < found.high <= 1


def test_many_ties_raise_no_warning():
    rng = np.random.default_rng(7)
    found = kolmogorov_smirnov(rng.poisson(2, 30), rng.poisson(2, 30))
    assert 0 < found.p <= 1


@pytest.mark.parametrize(
    ("new", "reference"),
    [([], [1.0, 2.0]), ([1.0], [1.0, 2.0]), ([1.0, 2.0], [NAN, 1.0]), ([1.0, 2.0], [1.0, 1.0, 1.0]),
     ([1.0, np.inf], [1.0, 2.0]), ([1.0, 2.0], [1.0, np.inf])],
)  # fmt: skip
def test_where_there_is_nothing_to_compare_nothing_is_said(new, reference):
    found = wasserstein_shift(new, reference)
    assert np.isnan([found.value, found.expected, found.error, found.p]).all()


def test_one_side_without_values_has_no_largest_difference():
    assert np.isnan(kolmogorov_smirnov([NAN, 1.0], [1.0, 2.0]).value)


def test_two_values_a_side_are_enough():
    found = wasserstein_shift([0.0, 1.0], [0.5, 3.0])
    assert 0 < found.value < np.inf
    assert 0 < found.expected < np.inf
    assert 0 < found.p <= 1


def test_constant_new_values_are_far():
    found = wasserstein_shift(np.zeros(200), np.random.default_rng(8).normal(size=200))
    assert found.p < 1e-6
    assert found.value == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize("measure", [wasserstein_shift, kolmogorov_smirnov])
def test_a_confidence_outside_is_refused(measure):
    with pytest.raises(InputError, match="confidence"):
        measure(X, Y, confidence=95)
