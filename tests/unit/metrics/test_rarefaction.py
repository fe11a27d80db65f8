from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.metrics import rarefaction

quick = settings(max_examples=40, deadline=None)
COUNTS = [30, 20, 10, 8, 5, 3, 2, 2, 2, 1, 1, 1, 1, 1]


def test_acceptance_37_richness_coverage_and_entropy_at_30():
    assert rarefaction.rarefied_richness(COUNTS, 30) == pytest.approx(9.0157736680, abs=1e-8)
    assert rarefaction.rarefied_coverage(COUNTS, 30) == pytest.approx(0.8672712832, abs=1e-8)
    assert rarefaction.rarefied_entropy(COUNTS, 30) == pytest.approx(1.8027392523, abs=1e-8)


def test_acceptance_38_retention():
    shares = np.bincount([0, 0, 5, 9, 13, 14], minlength=16) / 6
    value = rarefaction.rarefied_retention([*COUNTS, 0, 0], shares, 30)
    assert 1 - value == pytest.approx(0.4310659546, abs=1e-8)
    # the states that the model lost need not be listed
    assert rarefaction.rarefied_retention(COUNTS, shares[:14], 30) == pytest.approx(value)


def test_richness_of_the_toy():
    assert rarefaction.rarefied_richness([50, 30, 12, 5, 2, 1], 60) == pytest.approx(
        5.43368, abs=1e-5
    )


@quick
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.data())
def test_is_the_mean_over_all_subsamples(counts, data):
    records = np.repeat(np.arange(len(counts)), counts)
    if not len(records):
        return
    m = data.draw(st.integers(1, len(records)))
    drawn = [np.bincount(part, minlength=len(counts)) for part in combinations(records, m)]
    tables = np.array(drawn)
    assert rarefaction.rarefied_richness(counts, m) == pytest.approx((tables > 0).sum(1).mean())
    shares = tables / m
    plug_in = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    assert rarefaction.rarefied_entropy(counts, m) == pytest.approx(plug_in.mean(), abs=1e-12)
    real = np.arange(1.0, len(counts) + 1)
    real /= real.sum()
    retained = (real * (tables > 0)).sum(axis=1).mean()
    assert rarefaction.rarefied_retention(counts, real, m) == pytest.approx(retained)
    if m < len(records):
        # a record that was left out is of a state that was shown
        left = np.array(counts) - tables
        expected = ((left * (tables > 0)).sum(axis=1) / left.sum(axis=1)).mean()
        assert rarefaction.rarefied_coverage(counts, m) == pytest.approx(expected)


@quick
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_ragged_is_dense(seed, states, replicates):
    rng = np.random.default_rng(seed)
    # replicates of different sizes
    counts = 1 + rng.poisson(2, size=(replicates, states)) * (rng.random((1, states)) < 0.7)
    m = int(counts.sum(axis=1).min())
    shares = np.broadcast_to(rng.dirichlet(np.ones(states)), counts.shape)
    starts = np.arange(replicates + 1) * states
    dense = rarefaction.rarefied_richness(counts, m)
    np.testing.assert_allclose(
        rarefaction.rarefied_richness(counts.ravel(), m, starts=starts), dense
    )
    np.testing.assert_allclose(
        dense, [rarefaction.rarefied_richness(one, m) for one in counts], rtol=1e-9
    )
    np.testing.assert_allclose(
        rarefaction.rarefied_retention(counts.ravel(), shares.ravel(), m, starts=starts),
        rarefaction.rarefied_retention(counts, shares, m),
    )
    if m > 1:
        np.testing.assert_allclose(
            rarefaction.rarefied_coverage(counts.ravel(), m - 1, starts=starts),
            rarefaction.rarefied_coverage(counts, m - 1),
        )


def test_table_and_direct_computation_agree(rng):
    few = rng.multinomial(5_000, rng.dirichlet(np.ones(8)))  # counts far above the states
    padded = np.concatenate([few, np.zeros(10_000, dtype=int)])
    for m in (1, 100, 4_999, 5_000):
        assert rarefaction.rarefied_richness(few, m) == pytest.approx(
            rarefaction.rarefied_richness(padded, m)
        )


def test_large_samples_keep_their_digits():
    n, m, c = 10**9, 10**6, np.array([10**9 - 3000, 2000, 1000])
    exact = sum(1 - (comb(n - 1000 * k, 20) / comb(n, 20)) for k in (1, 2)) + 1
    assert rarefaction.rarefied_richness(c, 20) == pytest.approx(exact, rel=1e-4)
    value = rarefaction.rarefied_richness(c, m)
    assert value == pytest.approx(1 + (1 - np.exp(-2.0)) + (1 - np.exp(-1.0)), rel=1e-3)


def test_entropy_in_pieces_is_the_same(rng, monkeypatch):
    counts = rng.multinomial(20_000, rng.dirichlet(np.full(300, 0.3)))
    whole = rarefaction.rarefied_entropy(counts, 5_000)
    monkeypatch.setattr(rarefaction, "_BLOCK", 500)
    assert rarefaction.rarefied_entropy(counts, 5_000) == pytest.approx(whole, rel=1e-12)


def test_the_full_size_is_the_sample_itself():
    p = np.array(COUNTS) / 87
    assert rarefaction.rarefied_richness(COUNTS, 87) == pytest.approx(14)
    assert rarefaction.rarefied_entropy(COUNTS, 87) == pytest.approx(-(p * np.log(p)).sum())
    assert rarefaction.rarefied_retention(COUNTS, p, 87) == pytest.approx(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rarefaction.rarefied_richness(COUNTS, 88),
        lambda: rarefaction.rarefied_richness(COUNTS, 0),
        lambda: rarefaction.rarefied_richness(COUNTS, 2.5),
        lambda: rarefaction.rarefied_coverage(COUNTS, 87),
        lambda: rarefaction.rarefied_entropy([COUNTS, COUNTS], 30),
        lambda: rarefaction.rarefied_retention(COUNTS, COUNTS, 30),
        lambda: rarefaction.rarefied_retention([2, 2], [-0.5, 0.5], 2),
    ],
)
def test_refuses(call):
    with pytest.raises(InputError):
        call()
