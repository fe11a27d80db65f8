import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.metrics import jackknife
from modelcollapse.metrics.rarefaction import rarefied_richness

quick = settings(max_examples=50, deadline=None)


def test_groups_of_positions_and_clusters_are_even():
    assert np.bincount(jackknife.position_groups(103, 20)).tolist() == [6, 6, 6] + [5] * 17
    clusters = np.repeat(np.arange(60), np.arange(60) % 7 + 1)
    groups = jackknife.cluster_groups(clusters, 10)
    for cluster in range(60):
        assert np.unique(groups[clusters == cluster]).size == 1
    assert np.ptp(np.bincount(groups)) <= 7


def test_clusters_are_dealt_out_whatever_the_order():
    clusters = np.random.default_rng(1).integers(0, 40, 300)
    order = np.random.default_rng(2).permutation(300)
    straight = jackknife.cluster_groups(clusters, 5)
    assert np.array_equal(jackknife.cluster_groups(clusters[order], 5), straight[order])


@quick
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=4, max_size=40))
def test_replicates_are_the_counts_of_the_records_left(pairs):
    pairs += [(0, 0), (1, 1), (2, 2)]
    states, groups = np.array(pairs).T
    counted = jackknife.grouped_counts(states, groups, 7)
    assert counted.total.tolist() == np.bincount(states, minlength=7).tolist()
    for group, left in enumerate(counted.without_each()):
        assert left.tolist() == np.bincount(states[groups != group], minlength=7).tolist()


def test_the_mean_has_its_textbook_variance():
    x = np.random.default_rng(3).exponential(size=60)
    left = (x.sum() - x) / 59
    assert jackknife.jackknife_variance(x.mean(), left) == pytest.approx(x.var(ddof=1) / 60)
    # a constant that comes with leaving records out has no influence
    assert jackknife.jackknife_variance(x.mean() + 5, left) == pytest.approx(x.var(ddof=1) / 60)


def test_unequal_groups_keep_the_variance():
    rng = np.random.default_rng(4)
    sizes = np.array([10, 20, 30, 40, 50, 60, 70, 80])
    ends = np.cumsum(sizes)
    found = []
    for _ in range(300):
        x = rng.normal(size=360)
        sums = np.add.reduceat(x, ends - sizes)
        left = (x.sum() - sums) / (360 - sizes)
        found.append(jackknife.jackknife_variance(x.mean(), left, sizes))
    assert np.mean(found) == pytest.approx(1 / 360, rel=0.15)


def test_leaving_out_records_of_counts_needs_no_replicates():
    counts = np.array([5, 1, 1, 2, 0, 9])
    states = np.repeat(np.arange(6), counts)
    n = states.size
    values = []
    for i in range(n):
        left = np.bincount(np.delete(states, i), minlength=6)
        values.append(float(rarefied_richness(left, 8)))
    values = np.array(values)
    direct = (n - 1) / n * np.square(values - values.mean()).sum()

    def without(state):
        left = counts.copy()
        left[state] -= 1
        return float(rarefied_richness(left, 8))

    changes = [without(s) if counts[s] else 0.0 for s in range(6)]
    assert jackknife.record_jackknife_variance(counts, changes) == pytest.approx(direct)


@pytest.mark.parametrize("n", [40, 41])
def test_half_samples_give_the_variance_of_a_mean(n):
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    halves = list(jackknife.half_samples(n, 4_000, rng=rng))
    assert all(half.size == n // 2 == np.unique(half).size for half in halves[:20])
    variance = jackknife.half_sample_variance([x[half].mean() for half in halves], n)
    assert variance == pytest.approx(x.var(ddof=1) / n, rel=0.08)


def test_what_cannot_be_left_out_is_refused():
    with pytest.raises(InputError, match="at least two"):
        jackknife.position_groups(1)
    with pytest.raises(InputError, match="clusters"):
        jackknife.cluster_groups(["a", "a", "b"], 3)
    with pytest.raises(InputError, match="holds no record"):
        jackknife.grouped_counts([0, 1], [0, 2])
    with pytest.raises(InputError, match="whole numbers"):
        jackknife.grouped_counts([0.5, 1], [0, 1])
    with pytest.raises(InputError, match="each record its group"):
        jackknife.grouped_counts([0, 1], [0])
    with pytest.raises(InputError, match="name one of 1"):
        jackknife.grouped_counts([0, 1], [0, 1], 1)
    with pytest.raises(InputError, match="sizes of groups"):
        jackknife.jackknife_variance(1.0, [1.0, 2.0], [1, 0])
    with pytest.raises(InputError, match="have no variance"):
        jackknife.half_sample_variance([1.0], 5)
    with pytest.raises(InputError, match="cannot be drawn"):
        jackknife.half_samples(1, 5, rng=np.random.default_rng(0))
    assert np.isnan(jackknife.record_jackknife_variance([1], [1.0]))
