"""Neighbours' tests: their size if nothing has changed, and what moves which of them."""

import numpy as np
import pytest
from scipy.stats import binom

from modelcollapse.metrics import neighbours as nb
from modelcollapse.metrics.neighbours._search import nearest
from modelcollapse.metrics.vendi import vendi_ratio

CLUSTERS = 30
WEIGHTS = 1 / np.arange(1, CLUSTERS + 1)
WEIGHTS /= WEIGHTS.sum()
CENTRES = 3 * np.random.default_rng(0).normal(size=(CLUSTERS, 16))


def mixture(n, rng, weights=WEIGHTS, within=1.0):
    """Records of heavy-tailed clusters in 16 dimensions, and their clusters."""
    cluster = rng.choice(CLUSTERS, n, p=weights)
    return CENTRES[cluster] + within * rng.standard_t(4, size=(n, 16)) / np.sqrt(2), cluster


def gaussian(n, rng):
    return rng.normal(size=(n, 3))


def tied(n, rng):
    return np.round(1.5 * rng.normal(size=(n, 2)))


def copied(n, rng):
    """A third of the records are copies of some record of the law."""
    X = rng.normal(size=(n, 3))
    repeated = rng.random(n) < 0.3
    X[repeated] = np.round(X[repeated])
    return X


def allowed(level, repeats):
    """Rate of rejections that a test of this size exceeds once in 700 times."""
    return level + 3 * np.sqrt(level * (1 - level) / repeats)


@pytest.mark.parametrize(("law", "n"), [(gaussian, 60), (tied, 100), (copied, 100)])
def test_a_test_has_its_size_under_ties_and_copies(law, n):
    repeats, found = 50, {}
    for seed in range(repeats):
        rng = np.random.default_rng([seed, n])
        pair = nb.neighbours(law(n, rng), law(n, rng))
        signals = nb.neighbour_signals(pair, rare=0.1, lonely=0.1, rng=rng, draws=99)
        for name, signal in signals.items():
            found.setdefault(name, []).append(signal.p)
    for name, p in found.items():
        defined = np.array(p)[np.isfinite(p)]
        assert len(defined) or law is tied, name  # where half of all records have copies
        for level in (0.05, 0.1):
            assert np.sum(defined <= level) / repeats <= allowed(level, repeats), (name, level)


def test_a_binomial_test_would_reject_too_often():
    # A negative control: the count of rare records is not binomial, as the quantile is a guess.
    repeats, level, n, found = 500, 0.1, 200, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 7])
        X, Y = gaussian(n, rng), gaussian(n, rng)
        edge = np.quantile(nearest(X, X, 5, others=True)[0][:, -1], 0.9)
        count = (nearest(Y, X, 5)[0][:, -1] > edge).sum()
        found.append(2 * min(binom.cdf(count, n, 0.1), binom.sf(count - 1, n, 0.1)))
    assert np.mean(np.array(found) <= level) > allowed(level, repeats)


def test_unequal_sizes_would_be_called_lost_support():
    # A negative control: what the matching is for.
    rng = np.random.default_rng(3)
    X, Y = gaussian(1000, rng), gaussian(250, rng)
    edge = np.quantile(nearest(X, X, 5, others=True)[0][:, -1], 0.9)
    assert (nearest(X, Y, 5)[0][:, -1] > edge).mean() > 0.3
    assert nb.lost_support(nb.neighbours(Y, X), level=0.1, rng=rng).p > 0.01


@pytest.fixture(scope="module")
def damages():
    """Signals of one draw, 2,000 records on each side, for each kind of damage."""
    rng, n = np.random.default_rng(11), 2_000
    X, _ = mixture(n, rng)
    pool, _ = mixture(2 * n, rng)
    rarity = nearest(pool, X, 5)[0][:, -1]
    common = pool[rarity <= np.quantile(rarity, 0.98)]
    lost = np.where(np.cumsum(WEIGHTS) > 0.94, 0.0, WEIGHTS)
    honest, _ = mixture(n, rng)
    repeated = honest.copy()
    repeated[: n // 5] = honest[-n // 5 :] + 1e-3 * rng.normal(size=(n // 5, 16))
    sets = {
        "honest": honest,
        "tails": common[:n],
        "minority": mixture(n, rng, lost / lost.sum())[0],
        "within": mixture(n, rng, within=0.85)[0],
        "repeated": repeated,
        "noise": honest + 0.4 * rng.normal(size=honest.shape),
    }
    return {
        name: nb.neighbour_signals(nb.neighbours(Y, X), rng=rng, draws=199)
        for name, Y in sets.items()
    }


@pytest.mark.parametrize(
    ("damage", "moved"),
    [
        ("tails", {"rarity_exceedance"}),
        ("minority", {"lost_support", "support_stretch", "coverage"}),
        ("within", {"contraction", "density", "rarity_exceedance"}),
        ("repeated", {"near_copies", "contraction"}),
        ("noise", {"coverage", "density"}),
    ],
)
def test_each_damage_moves_its_measures(damages, damage, moved):
    for name in moved:
        assert damages[damage][name].p < 0.01, name


def test_an_honest_redraw_moves_none(damages):
    assert min(signal.p for signal in damages["honest"].values()) > 0.01


@pytest.mark.parametrize(
    ("damage", "still"),
    [
        ("tails", {"lost_support", "support_stretch", "coverage", "contraction", "near_copies"}),
        ("minority", {"rarity_exceedance", "near_copies"}),
        ("repeated", {"lost_support", "support_stretch"}),
        ("noise", {"rarity_exceedance", "contraction", "near_copies"}),
    ],
)
def test_a_damage_leaves_the_other_measures(damages, damage, still):
    for name in still:
        assert damages[damage][name].p > 0.01, name


def test_noise_is_told_from_collapse_by_density(damages):
    assert damages["noise"]["density"].high < 1 < damages["within"]["density"].low


def test_rarity_and_support_are_not_each_others_mirror():
    rng = np.random.default_rng(5)
    X = gaussian(1000, rng)
    X[:80] += 12
    Y = gaussian(1000, rng)
    forth, back = nb.neighbours(Y, X), nb.neighbours(X, Y)
    lost = [nb.lost_support(pair, rng=rng, draws=99) for pair in (forth, back)]
    rare = [nb.rarity_exceedance(pair, rng=rng, draws=99) for pair in (forth, back)]
    assert lost[0].p < 1e-6 < 0.01 < lost[1].p
    assert rare[1].value > 3 > rare[0].value


def test_orphans_are_rarely_named_if_nothing_has_changed():
    repeats, called = 150, 0
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 1])
        called += nb.orphans(nb.neighbours(gaussian(200, rng), gaussian(200, rng))).named > 0
    assert called / repeats <= allowed(0.05, repeats)


def test_intervals_cover():
    # half of the tails are gone: the truth is what large samples give on average
    repeats, n, found = 50, 300, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 2])
        X, Y = gaussian(n, rng), gaussian(2 * n, rng)
        kept = (np.linalg.norm(Y, axis=1) < 2.7) | (rng.random(2 * n) < 0.5)
        pair = nb.neighbours(Y[kept][:n], X)
        found.append(nb.rarity_exceedance(pair, level=0.1, rng=rng, draws=99))
    truth = np.mean([signal.value for signal in found])
    assert 0.4 < truth < 0.9
    covered = np.mean([signal.low <= truth <= signal.high for signal in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats)
    # a negative control: intervals a quarter as wide
    narrow = [abs(s.value - truth) < (s.high - s.low) / 8 for s in found]
    assert np.mean(narrow) < 0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats)


def test_size_and_coverage_of_the_vendi_ratio():
    repeats, found = 150, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 9])
        found.append(vendi_ratio(gaussian(200, rng), gaussian(300, rng), bandwidth=1.5))
    assert np.mean([signal.p <= 0.05 for signal in found]) <= allowed(0.05, repeats)
    assert np.mean([signal.low > 1 or signal.high < 1 for signal in found]) <= allowed(
        0.05, repeats
    )
