"""Estimators against what they estimate, each beside a naive one that must be caught.

An estimator agrees if its mean over independent samples is within 4 standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from modelcollapse.metrics import (
    diversity,
    kernels,
    moments,
    rarefaction,
    regions,
    subgroups,
    tails,
    unseen,
)


def agrees(readings, expected):
    readings = np.asarray(readings, dtype=float)
    return abs(readings.mean() - expected) < 4 * readings.std(ddof=1) / np.sqrt(len(readings))


def zipf(states, exponent):
    p = np.arange(1, states + 1.0) ** -exponent
    return p / p.sum()


# --- discrete samples ---------------------------------------------------------------------------


def test_unbiased_heterozygosity(rng):
    p, n = zipf(100, 1.0), 30
    counts = rng.multinomial(n, p, size=20_000)
    truth = diversity.heterozygosity(p)
    assert agrees(diversity.unbiased_heterozygosity(counts), truth)
    assert not agrees(diversity.heterozygosity(counts / n), truth)
    assert agrees(diversity.heterozygosity(counts / n), truth * (1 - 1 / n))


def test_rarefied_richness_coverage_and_retention_of_model_records(rng):
    p, q, n, m = zipf(100, 1.0), zipf(100, 1.4), 400, 100
    counts = rng.multinomial(n, q, size=4_000)
    richness = rarefaction.rarefied_richness(counts, m)
    assert agrees(richness, (1 - (1 - q) ** m).sum())
    assert not agrees((counts > 0).sum(axis=1) * m / n, (1 - (1 - q) ** m).sum())
    covered = rarefaction.rarefied_coverage(counts, m)
    assert agrees(covered, 1 - (q * (1 - q) ** m).sum())
    assert not agrees(covered, 1 - (q * (1 - q) ** (m + 3)).sum())
    retained = 1 - (p * (1 - q) ** m).sum()
    assert agrees(rarefaction.rarefied_retention(counts, p, m), retained)
    assert not agrees((p * (counts > 0)).sum(axis=1), retained)  # grows with the model's sample


def test_retention_of_tokens_is_unbiased_too(rng):
    p, q, m = zipf(100, 1.0), zipf(100, 1.4), 50
    counts = rng.multinomial(300, q, size=4_000)
    tokens = rng.multinomial(80, p, size=4_000) / 80
    retained = 1 - (p * (1 - q) ** m).sum()
    assert agrees(rarefaction.rarefied_retention(counts, tokens, m), retained)
    assert not agrees(rarefaction.rarefied_retention(counts, counts / 300, m), retained)


def test_rarefied_entropy_is_the_plug_in_entropy_of_a_smaller_sample(rng):
    p, n, m = zipf(50, 1.0), 300, 30
    estimates = [rarefaction.rarefied_entropy(c, m) for c in rng.multinomial(n, p, size=800)]
    plug_in = diversity.entropy(rng.multinomial(m, p, size=100_000) / m).mean()
    assert agrees(estimates, plug_in)
    assert not agrees(estimates, diversity.entropy(p))
    assert not agrees(diversity.entropy(rng.multinomial(n, p, size=800) / n), plug_in)


def test_entropy_of_the_law(rng):
    p, n = zipf(100, 1.0), 200
    counts = rng.multinomial(n, p, size=4_000)
    truth = diversity.entropy(p)
    assert truth == pytest.approx(3.6808, abs=1e-4)
    corrected = diversity.chao_wang_jost_entropy(counts)
    assert abs(corrected.mean() - truth) < 0.02
    assert abs(diversity.entropy(counts / n).mean() - truth) > 0.2
    # uniform laws leave no bias worth mentioning
    even = rng.multinomial(300, np.full(200, 1 / 200), size=2_000)
    assert diversity.chao_wang_jost_entropy(even).mean() == pytest.approx(np.log(200), abs=0.01)


def test_good_turing_and_its_small_bias(rng):
    p, n = zipf(50, 0.5), 40
    counts = rng.multinomial(n, p, size=20_000)
    missed = (p * (counts == 0)).sum(axis=1)
    assert agrees(missed, (p * (1 - p) ** n).sum())
    estimate = unseen.missing_mass(counts)
    assert agrees(estimate, (p * (1 - p) ** (n - 1)).sum())
    assert not agrees(estimate, (p * (1 - p) ** n).sum())
    assert 0 < (estimate - missed).mean() < 1 / n
    assert abs((unseen.coverage(counts) - (1 - missed)).mean()) < 0.005


@pytest.mark.parametrize(
    ("p", "n"), [(zipf(500, 1.0), 300), (zipf(1000, 1.5), 2000), (np.full(200, 1 / 200), 300)]
)
def test_missing_mass_interval_covers(rng, p, n):
    counts = rng.multinomial(n, p, size=3_000)
    missed = (p * (counts == 0)).sum(axis=1)
    low, high = unseen.missing_mass_interval(counts)
    assert ((low <= missed) & (missed <= high)).mean() == pytest.approx(0.95, abs=0.016)
    # the error of a plain share of n records is too small: what is missed varies as well
    share = unseen.missing_mass(counts)
    half = 1.96 * np.sqrt(share * (1 - share) / n)
    assert (abs(share - missed) <= half).mean() < 0.9


def test_chao1_finds_equal_states_and_only_bounds_a_heavy_tail(rng):
    counts = rng.multinomial(300, np.full(200, 1 / 200), size=4_000)
    assert abs(unseen.chao1(counts).mean() - 200) < 1
    classic = unseen.chao1(counts, bias_corrected=False)
    assert not agrees(classic, 200)
    assert np.sqrt(unseen.chao1_variance(counts).mean()) == pytest.approx(classic.std(), rel=0.05)
    low, high = unseen.chao1_interval(counts)
    assert ((low <= 200) & (high >= 200)).mean() == pytest.approx(0.945, abs=0.015)
    heavy = rng.multinomial(500, zipf(500, 1.0), size=2_000)
    assert abs(unseen.chao1(heavy).mean() - 363) < 5
    low, high = unseen.chao1_interval(heavy)
    assert ((low <= 364) & (high >= 364)).mean() == pytest.approx(0.95, abs=0.02)
    assert ((low <= 500) & (high >= 500)).mean() < 0.6


def test_tail_retention_of_unchanged_records_needs_a_tail_that_was_chosen_elsewhere(rng):
    p, n = zipf(500, 1.0), 1_000
    chosen, measured, control, model = rng.multinomial(n, p, size=(4, 300))
    honest, selected = [], []
    for parts in zip(chosen, measured, control, model, strict=True):
        first, second, real, written = parts
        tail = first == 1
        honest.append(tails.tail_retention(written, real, tails.tail_shares(second, tail)))
        # the same records choose the tail and stand for reality
        retained = rarefaction.rarefied_retention(written, tails.tail_shares(first, tail), n)
        held_out = rarefaction.rarefied_retention(written, tails.tail_shares(second, tail), n)
        selected.append(retained / held_out)
    assert np.mean(honest) == pytest.approx(1, abs=0.02)
    assert np.mean(selected) == pytest.approx(0.490 / 0.621, abs=0.03)


def test_identical_laws_look_different_at_different_sizes_without_rarefaction(rng):
    p = zipf(500, 1.0)
    small, large = rng.multinomial(500, p, size=400), rng.multinomial(5_000, p, size=400)
    rarefied = rarefaction.rarefied_retention(large, p, 500)
    assert abs(rarefied.mean() - rarefaction.rarefied_retention(small, p, 500).mean()) < 0.005
    naive = [1 - tails.lost_mass(counts, p) for counts in (small, large)]
    assert naive[1].mean() - naive[0].mean() > 0.15


# --- numeric samples ----------------------------------------------------------------------------


def test_generalised_variance_of_normal_records(rng):
    n, d = 12, 4
    root = np.linalg.cholesky(np.eye(d) + 0.5)
    truth = moments.log_generalised_variance(root)
    _, roots = moments.mean_and_root(rng.normal(size=(8_000, n, d)) @ root.T)
    found = moments.log_generalised_variance(roots)
    bias, error = moments.log_generalised_variance_bias(n, d)
    assert agrees(found - bias, truth)
    assert not agrees(found, truth)
    assert not agrees(found - moments.log_generalised_variance_bias(n + 1, d)[0], truth)
    assert found.std() == pytest.approx(error, rel=0.04)


def test_standard_error_of_the_total_variance(rng):
    n, root = 30, np.diag([3.0, 1.0, 0.5])
    _, roots = moments.mean_and_root(rng.normal(size=(8_000, n, 3)) @ root)
    found = moments.total_variance(roots)
    assert agrees(found, moments.total_variance(root))
    _, maximum = moments.mean_and_root(rng.normal(size=(8_000, n, 3)) @ root, ddof=0)
    assert not agrees(moments.total_variance(maximum), moments.total_variance(root))
    error = moments.total_variance_error(root, n)
    assert found.std() == pytest.approx(error, rel=0.04)
    assert found.std() != pytest.approx(np.sqrt(2 / (n - 1)) * found.mean(), rel=0.04)


@pytest.mark.parametrize(("n", "d"), [(120, 1), (300, 4), (300, 10)])
def test_a_region_leaves_its_level_of_new_records_outside(rng, n, d):
    level, proper, naive = 0.05, [], []
    for _ in range(600):
        reference, new = rng.normal(size=(n, d)), rng.normal(size=(400, d))
        proper.append(tails.tail_mass(new, regions.central_region(reference, level=level)))
        naive.append(by_its_own_radii(reference, new, level))
    # what bias is left, about a hundredth of the level, drowns in the error of one region
    assert np.mean(proper) == pytest.approx(level, abs=0.0025)
    assert not agrees(naive, level)
    assert np.mean(naive) > level + 0.004


def by_its_own_radii(reference, new, level):
    if reference.shape[1] == 1:
        low, high = np.quantile(reference, (level / 2, 1 - level / 2))
        return ((new < low) | (new > high)).mean()
    mean, root = moments.mean_and_root(reference)
    own, others = (
        np.square(np.linalg.solve(root, (X - mean).T)).sum(axis=0) for X in (reference, new)
    )
    return (others > np.quantile(own, 1 - level)).mean()


def test_two_sample_distances_average_to_zero_for_equal_laws(rng):
    pairs = [(rng.normal(size=(15, 2)), rng.normal(size=(25, 2))) for _ in range(800)]
    lines = [(X[:, 0], Y[:, 0]) for X, Y in pairs]
    for measure in (
        kernels.energy_distance,
        lambda X, Y, **how: kernels.mmd_squared(X, Y, bandwidth=1.0, **how),
    ):
        for samples in (pairs, lines):
            assert agrees([measure(X, Y) for X, Y in samples], 0)
            assert not agrees([measure(X, Y, unbiased=False) for X, Y in samples], 0)
            assert not agrees([measure(0.7 * X, Y) for X, Y in samples], 0)


# --- groups -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "n", "m"), [(0.05, 200, 400), (0.3, 60, 60), (0.02, 500, 500)])
def test_interval_of_the_ratio_of_shares_covers(rng, share, n, m):
    counts = rng.binomial(n, share, size=20_000)
    real = rng.binomial(m, share, size=20_000)
    found = subgroups.share_ratios(
        np.stack([counts, n - counts], axis=-1), np.stack([real, m - real], axis=-1)
    )
    low, high = found.ratio_low[:, 0], found.ratio_high[:, 0]
    assert 0.94 < ((low <= 1) & (high >= 1)).mean() < 0.97
    # the reference is a sample as well
    base = np.where(real > 0, real / m, np.nan)
    ignoring = (found.share_low[:, 0] / base <= 1) & (found.share_high[:, 0] / base >= 1)
    assert ignoring.mean() < 0.91
