import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from modelcollapse.errors import InputError
from modelcollapse.metrics import total_variation as tv
from modelcollapse.metrics.divergences import total_variation

REFERENCE, NEW = np.array([50, 30, 12, 5, 2, 1]), np.array([45, 12, 3, 0, 0, 0])


def test_toy():
    reading = tv.total_variation_signal(NEW, REFERENCE)
    assert reading.value == pytest.approx(0.25)
    assert reading.value == pytest.approx(float(total_variation(NEW / 60, REFERENCE / 100)))
    assert tv.expected_total_variation(REFERENCE / 100, 100, 60) == pytest.approx(
        0.113399, abs=1e-6
    )
    divergence = tv.jensen_shannon_signal(NEW, REFERENCE)
    assert divergence.value / np.log(2) == pytest.approx(0.076130, abs=1e-6)
    theirs = jensenshannon(NEW / 60, REFERENCE / 100) ** 2
    assert divergence.value == pytest.approx(theirs)


@pytest.mark.parametrize("measure", [tv.total_variation_signal, tv.jensen_shannon_signal])
def test_expectation_and_p_are_those_of_permutations(measure):
    rng = np.random.default_rng(1)
    pool = NEW + REFERENCE
    drawn = rng.multivariate_hypergeometric(pool, 60, size=4_000)
    values = np.array([measure(new, pool - new).value for new in drawn[:2_000]])
    observed = np.array([40, 16, 4, 0, 0, 0])
    reading = measure(observed, pool - observed)
    assert reading.expected == pytest.approx(values.mean(), abs=4 * values.std() / 2_000**0.5)
    assert reading.p == pytest.approx((values >= reading.value - 1e-12).mean(), abs=0.02)


def test_two_states_are_tested_exactly():
    from scipy.stats import hypergeom

    reading = tv.total_variation_signal([20, 40], [50, 50])
    s = np.arange(0, 61)
    far = np.abs(s / 60 - (70 - s) / 100) >= reading.value - 1e-12
    assert reading.p == pytest.approx(hypergeom.pmf(s, 160, 70, 60)[far].sum())


def test_sparse_tables_are_not_called_changed():
    rng = np.random.default_rng(2)
    p = np.full(3_000, 1 / 3_000)
    reading = tv.total_variation_signal(rng.multinomial(1_000, p), rng.multinomial(1_000, p))
    assert reading.value > 0.5
    assert reading.p > 0.01
    assert reading.value == pytest.approx(reading.expected, abs=0.03)
    # the normal formula expects far too much here
    assert float(tv.expected_total_variation(p, 1_000, 1_000)) > reading.expected + 0.1


def test_a_lost_state_and_lost_dependence_are_seen():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 4, 2_000)
    y = np.where(rng.random(2_000) < 0.5, x, rng.integers(0, 4, 2_000))
    other = rng.permutation(y)
    joint = tv.joint_counts([x[:1_000], other[:1_000]], [x[1_000:], y[1_000:]])
    assert tv.total_variation_signal(*joint).p < 1e-6
    same = tv.joint_counts([x[:1_000], y[:1_000]], [x[1_000:], y[1_000:]])
    assert tv.total_variation_signal(*same).p > 0.01


def test_combinations_keep_their_counts():
    counts, reference = tv.joint_counts(
        [["a", "b", "b"], [1, 1, 1], ["x", "y", "y"]], [["b", "c"], [1, 2], ["y", "x"]]
    )
    assert counts.tolist() == [1, 2, 0]
    assert reference.tolist() == [0, 1, 1]


def test_wrong_input():
    with pytest.raises(InputError, match="cannot be combined"):
        tv.joint_counts([[1, 2], [1]], [[1], [1]])
    with pytest.raises(InputError, match="cannot be combined"):
        tv.joint_counts([], [])
    with pytest.raises(InputError, match="no shares"):
        tv.expected_total_variation([1.0], 0, 5)
    with pytest.raises(InputError, match="same states"):
        tv.total_variation_signal([5, 5], [5, 5, 5])
