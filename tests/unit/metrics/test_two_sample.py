import numpy as np
import pytest
from scipy.special import ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics import kernels, two_sample
from modelcollapse.metrics._blocks import Blocks, deal
from modelcollapse.metrics.two_sample import energy_signal, kid_signal, mmd_signal


def toy(n, offset):
    steps = np.array([2**0.5 - 1, 3**0.5 - 1, (5**0.5 - 1) / 2])
    return ndtri((np.arange(1, n + 1)[:, None] + offset) * steps % 1)


REFERENCE, NEW = toy(40, 0), 0.7 * toy(30, 100)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_toy(rng):
    assert energy_signal(NEW, REFERENCE, rng=rng).value == pytest.approx(-0.035328, abs=1e-6)
    mmd = mmd_signal(NEW, REFERENCE, rng=rng, bandwidth=1.0)
    assert mmd.value == pytest.approx(0.000276, abs=1e-6)
    assert kid_signal(NEW, REFERENCE, rng=rng).value == pytest.approx(-0.054020, abs=1e-6)


@pytest.mark.parametrize(("n", "m", "d"), [(2, 3, 1), (57, 250, 2), (450, 230, 5)])
def test_values_are_those_over_all_pairs_at_any_blocks(rng, n, m, d):
    X, Y = rng.normal(size=(n, d)), 100 + rng.normal(size=(m, d))
    energy = energy_signal(X, Y, rng=rng)
    assert energy.value == pytest.approx(kernels.energy_distance(X, Y), rel=1e-9)
    assert mmd_signal(X, Y, rng=rng).value == pytest.approx(kernels.mmd_squared(X, Y), rel=1e-9)
    assert (energy.expected, energy.n, energy.reference_n) == (0, n, m)


def test_tiles_do_not_matter(rng, monkeypatch):
    X, Y = rng.normal(size=(230, 3)), rng.normal(size=(310, 3))
    whole = energy_signal(X, Y, rng=np.random.default_rng(1))
    monkeypatch.setattr(two_sample, "_TILE", 500)
    parts = energy_signal(X, Y, rng=np.random.default_rng(1))
    assert parts.value == pytest.approx(whole.value, abs=1e-12)
    assert parts.error == pytest.approx(whole.error)
    assert parts.p == whole.p


def test_p_is_that_of_all_permutations(rng):
    X, Y = 0.35 + rng.normal(size=(220, 2)), rng.normal(size=(260, 2))
    pool = np.concatenate([X, Y])
    given, null = kernels.energy_distance(X, Y), []
    for _ in range(400):
        order = rng.permutation(480)
        null.append(kernels.energy_distance(pool[order[:220]], pool[order[220:]]))
    reading = energy_signal(X, Y, rng=rng)
    assert reading.p < 0.01
    assert np.mean(np.array(null) >= given) < 0.02
    # and in the middle of the law
    quiet = energy_signal(X - 0.35, Y, rng=rng)
    given = kernels.energy_distance(X - 0.35, Y)
    pool[:220] -= 0.35
    null = []
    for _ in range(400):
        order = rng.permutation(480)
        null.append(kernels.energy_distance(pool[order[:220]], pool[order[220:]]))
    assert quiet.p == pytest.approx(np.mean(np.array(null) >= given), abs=0.1)


def test_copies_have_distance_zero_also_beside_an_outlier(rng):
    X = rng.normal(size=(50, 3)) + 1e3
    X[0] = 1e8
    squared = two_sample._squared(X, X)
    assert np.all(np.diag(squared) == 0)
    near = np.linalg.norm(X[1, None] - X[2:], axis=1) ** 2
    assert two_sample._squared(X - 1e3, X - 1e3)[1, 2:] == pytest.approx(near, rel=1e-9)


def test_a_copy_of_the_reference_is_not_called_changed(rng):
    X = rng.normal(size=(150, 2))
    reading = energy_signal(X, X, rng=rng)
    assert reading.value < 0
    assert reading.p > 0.9


def test_sets_without_spread_say_nothing(rng):
    same = energy_signal(np.ones((20, 2)), np.ones((30, 2)), rng=rng)
    assert (same.value, same.p) == (0, 1)
    few = energy_signal([0.0, 1.0], [0.0, 2.0], rng=rng)
    assert np.isfinite(few.value)
    assert np.isnan(few.error)
    assert few.p > 0.2


def test_order_of_records_and_columns_does_not_matter(rng):
    X, Y = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    first = energy_signal(X, Y, rng=np.random.default_rng(1))
    mixed = energy_signal(
        np.sort(X, axis=0)[:, [2, 0, 1]], np.sort(Y, axis=0)[::-1][:, [2, 0, 1]], rng=rng
    )
    sorted_too = energy_signal(np.sort(X, axis=0), np.sort(Y, axis=0), rng=rng)
    assert mixed.value == pytest.approx(sorted_too.value, abs=1e-12)
    turned = energy_signal(X[::-1, ::-1], Y[rng.permutation(300), ::-1], rng=rng)
    assert turned.value == pytest.approx(first.value, abs=1e-12)
    assert turned.p == pytest.approx(first.p, abs=0.1)


def test_blocks_hold_every_record_once_and_keep_the_sizes(rng):
    blocks = deal(1_010, 333, rng=rng)
    assert sorted(blocks.order) == list(range(1_343))
    assert blocks.sizes[blocks.new].sum() == 1_010
    drawn = blocks.exchanged(50, rng=rng)
    assert np.all(drawn @ blocks.sizes == 1_010)
    assert len(np.unique(drawn, axis=0)) == 50
    for block in (0, len(blocks.sizes) - 1):
        assert (blocks.of_records == block).sum() == blocks.sizes[block]
    assert isinstance(deal(30, 100_000, rng=rng), Blocks)
    assert deal(30, 100_000, rng=rng).sizes.size < 4_100


def test_wrong_input(rng):
    with pytest.raises(InputError, match="2 or more on each side"):
        energy_signal([1.0], [1.0, 2.0], rng=rng)
    with pytest.raises(InputError, match="99 draws"):
        energy_signal(NEW, REFERENCE, rng=rng, draws=10)
    with pytest.raises(InputError, match="bandwidth"):
        mmd_signal(NEW, REFERENCE, rng=rng, bandwidth=0)
    with pytest.raises(InputError, match="NaN"):
        kid_signal([[np.nan], [1.0]], [[1.0], [2.0]], rng=rng)
    with pytest.raises(InputError, match="coordinates"):
        energy_signal(NEW[:, :2], REFERENCE, rng=rng)
    with pytest.raises(InputError, match="nothing to measure"):
        energy_signal(np.empty((0, 3)), REFERENCE, rng=rng)
