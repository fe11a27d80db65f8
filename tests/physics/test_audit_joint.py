"""Tests of joint laws: size if nothing has changed, coverage, and what moves which of them."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from modelcollapse.metrics.classifier_test import classifier_test as told_apart
from modelcollapse.metrics.dependence import correlation_change
from modelcollapse.metrics.frechet import extrapolated_frechet, frechet_signal
from modelcollapse.metrics.frontier import clustered_counts, frontier_integral, mauve
from modelcollapse.metrics.joint_categories import association_change
from modelcollapse.metrics.two_sample import energy_signal, kid_signal, mmd_signal

MIX = np.array([[1, 0.5, 0.2, 0], [0, 1, 0.5, 0.3], [0, 0, 1, 0.8], [0, 0, 0, 1.0]])


def normal(n, rng):
    return rng.normal(size=(n, 4)) @ MIX


def heavy(n, rng):
    return rng.standard_t(4, size=(n, 4)) @ MIX


def tied(n, rng):
    return np.round(normal(n, rng))


def copied(n, rng):
    """A third of the records are copies of some record of the law."""
    X = normal(n, rng)
    repeated = rng.random(n) < 0.3
    X[repeated] = np.round(X[repeated] / 2)
    return X


def categories(n, rng):
    x = rng.zipf(1.6, n) % 40
    return [x, np.where(rng.random(n) < 0.4, x, rng.integers(0, 8, n)), rng.integers(0, 3, n)]


def allowed(level, repeats):
    """Rate of rejections that a test of this size exceeds once in 700 times."""
    return level + 3 * np.sqrt(level * (1 - level) / repeats)


def omnibus(law, n, m, rng):
    Y, X = law(n, rng), law(m, rng)
    correlations = correlation_change(Y, X, rng=rng, draws=199)
    counts = clustered_counts(Y, X, rng=rng, clusters=10)
    return {
        "energy": energy_signal(Y, X, rng=rng, draws=199),
        "mmd": mmd_signal(Y, X, rng=rng, draws=199),
        "kid": kid_signal(Y, X, rng=rng, draws=199),
        "frechet": frechet_signal(Y, X, rng=rng),
        "largest": correlations.largest,
        "norm": correlations.norm,
        "area": told_apart(Y, X, rng=rng).area,
        "integral": frontier_integral(*counts, rng=rng, draws=199),
        "mauve": mauve(*counts, rng=rng, draws=199),
        "categories": association_change(
            categories(n, rng), categories(m, rng), rng=rng, draws=99
        ).mean,
    }


@pytest.mark.parametrize(
    ("law", "n", "m"), [(normal, 60, 60), (heavy, 60, 130), (tied, 130, 60), (copied, 211, 105)]
)
def test_tests_have_their_size_and_intervals_cover(law, n, m):
    repeats, p, covered = 100, {}, {}
    for seed in range(repeats):
        for name, signal in omnibus(law, n, m, np.random.default_rng([seed, n])).items():
            p.setdefault(name, []).append(signal.p)
            covered.setdefault(name, []).append(signal.low <= signal.expected <= signal.high)
    for name, found in p.items():
        for level in (0.05, 0.1):
            assert np.mean(np.array(found) <= level) <= allowed(level, repeats), (name, level)
        if name not in ("mauve", "integral"):  # biased by chance, which the interval leaves in
            assert 1 - np.mean(covered[name]) <= allowed(0.05, repeats), name


def test_the_variance_of_a_rank_sum_would_reject_too_often():
    # A negative control: without the factor 2 for folds that enter twice.
    repeats, n, found = 200, 150, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 1])
        found.append(told_apart(normal(n, rng), normal(n, rng), rng=rng).area)
    z = (np.array([one.value for one in found]) - 0.5) / np.sqrt((2 * n + 1) / (12 * n * n))
    assert np.mean(ndtr(-z) <= 0.05) > allowed(0.05, repeats)
    assert np.mean([one.p <= 0.05 for one in found]) <= allowed(0.05, repeats)
    assert np.var(z) == pytest.approx(2, rel=4 * np.sqrt(2 / repeats))


def test_the_smallest_p_of_all_pairs_would_reject_too_often():
    # A negative control for the correction of the pairs' p.
    repeats, found = 200, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 2])
        Y, X = normal(200, rng), normal(200, rng)
        pairs = correlation_change(Y, X, rng=rng, draws=99).pairs
        found.append(pairs.p.min())
    smallest = np.array(found)
    assert np.mean(smallest <= 0.05) <= allowed(0.05, repeats)
    assert np.mean(smallest / 6 <= 0.05) > allowed(0.05, repeats)


def test_marginal_laws_alone_are_no_change_of_dependence():
    repeats, p = 100, []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 3])
        Y, X = 3 * normal(150, rng) + 1, normal(150, rng)
        p.append([
            correlation_change(Y, X, rng=rng, draws=199, kind=kind).norm.p
            for kind in ("spearman", "pearson")
        ])  # fmt: skip
    assert np.all(np.mean(np.array(p) <= 0.1, axis=0) <= allowed(0.1, repeats))


def test_intervals_cover_true_differences():
    repeats, n, shift = 150, 200, 0.6
    # E|N(a, 2)| of normal numbers
    apart = np.sqrt(4 / np.pi) * np.exp(-(shift**2) / 4) + shift * (1 - 2 * ndtr(-shift / 2**0.5))
    truth = {
        "energy": 2 * apart - 2 * np.sqrt(4 / np.pi),
        "area": ndtr(shift / np.sqrt(2)),
        "largest": 0.8,
        "spearman": 6 / np.pi * np.arcsin(0.8 / 2),
    }
    covered, extrapolated = dict.fromkeys(truth, 0), []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 4])
        x, y = rng.normal(size=(2, n))
        X = rng.normal(size=(n, 2))
        Y = np.c_[x, 0.8 * x + 0.6 * y]
        found = {
            "energy": energy_signal(x + shift, X[:, 0], rng=rng, draws=99),
            "area": told_apart(x + shift, X[:, 0], rng=rng).area,
            "largest": correlation_change(Y, X, rng=rng, draws=99, kind="pearson").largest,
            "spearman": correlation_change(Y, X, rng=rng, draws=99).largest,
        }
        for name, signal in found.items():
            covered[name] += signal.low <= truth[name] <= signal.high
        extrapolated.append(extrapolated_frechet(x + shift, X[:, 0], rng=rng))
    for name, times in covered.items():
        assert 1 - times / repeats <= allowed(0.05, repeats), name
    error = np.std(extrapolated) / np.sqrt(repeats)
    assert np.mean(extrapolated) == pytest.approx(shift**2, abs=4 * error)


def test_unequal_sizes_do_not_move_unbiased_forms_and_move_others():
    rng = np.random.default_rng(5)
    found, plain = [], []
    for _ in range(40):
        Y, X = normal(50, rng), normal(400, rng)
        found.append(energy_signal(Y, X, rng=rng, draws=99).value)
        plain.append(frechet_signal(Y, X, rng=rng, draws=99).value)
    assert abs(np.mean(found)) < 4 * np.std(found) / 40**0.5
    # a negative control: a distance that is not corrected is far from 0
    assert np.mean(plain) > 8 * np.std(plain) / 40**0.5


CLUSTERS = 30
WEIGHTS = 1 / np.arange(1, CLUSTERS + 1)
CENTRES = 3 * np.random.default_rng(0).normal(size=(CLUSTERS, 16))


def mixture(n, rng, power=1.0):
    """Records of heavy-tailed clusters in 16 dimensions; a power above 1 sharpens the shares."""
    p = WEIGHTS**power / (WEIGHTS**power).sum()
    cluster = rng.choice(CLUSTERS, n, p=p)
    return CENTRES[cluster] + rng.standard_t(4, size=(n, 16)) / np.sqrt(2)


@pytest.fixture(scope="module")
def damages():
    """Signals of one draw, 2,000 records on each side, for each kind of damage."""
    rng, n = np.random.default_rng(11), 2_000
    X, honest, more = mixture(n, rng), mixture(n, rng), mixture(3 * n, rng)
    mean = X.mean(axis=0)
    length = np.linalg.norm(more - CENTRES.mean(axis=0), axis=1)
    repeated = honest.copy()
    repeated[: n // 20] = honest[-n // 20 :]
    scrambled = np.stack([rng.permutation(column) for column in honest.T], axis=1)
    sets = {
        "honest": honest,
        "tails": more[length <= np.quantile(length, 0.98)][:n],
        "sharpened": mixture(n, rng, 1.25),
        "shrunk": mean + 0.85 * (honest - mean),
        "repeated": repeated,
        "scrambled": scrambled,
    }
    found = {}
    for name, Y in sets.items():
        correlations = correlation_change(Y, X, rng=rng)
        counts = clustered_counts(Y, X, rng=rng, clusters=50)
        found[name] = {
            "energy": energy_signal(Y, X, rng=rng),
            "mmd": mmd_signal(Y, X, rng=rng),
            "frechet": frechet_signal(Y, X, rng=rng),
            "largest": correlations.largest,
            "norm": correlations.norm,
            "area": told_apart(Y, X, rng=rng).area,
            "integral": frontier_integral(*counts, rng=rng),
            "mauve": mauve(*counts, rng=rng),
        }
    return found


@pytest.mark.parametrize(
    ("damage", "moved"),
    [
        ("sharpened", {"energy", "mmd", "frechet", "integral", "mauve", "norm"}),
        ("shrunk", {"energy", "mmd", "frechet", "area"}),
        ("scrambled", {"energy", "mmd", "frechet", "largest", "norm", "integral", "mauve"}),
    ],
)
def test_each_damage_moves_its_measures(damages, damage, moved):
    for name in moved:
        signal = damages[damage][name]
        assert signal.p < 0.01, name
        assert (signal.value > signal.expected) == (signal.collapse == "grows"), name


@pytest.mark.parametrize(
    ("damage", "still"),
    [
        ("honest", {"energy", "mmd", "frechet", "largest", "norm", "area", "integral", "mauve"}),
        ("tails", {"energy", "mmd", "mauve"}),  # early collapse is below them
        ("repeated", {"energy", "mmd", "frechet", "area"}),
        ("scrambled", {"area"}),  # squares see marginal laws only
        ("shrunk", {"largest", "norm"}),  # dependence is left as it was
    ],
)
def test_and_leaves_the_others_alone(damages, damage, still):
    for name in still:
        assert damages[damage][name].p > 0.01, name


def test_clusters_found_in_the_counted_records_would_spoil_p():
    # A negative control: what the halving is for.
    from sklearn.cluster import KMeans

    from modelcollapse.metrics.neighbours._search import nearest

    repeats, halved, whole = 60, [], []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, 6])
        Y, X = ndtri(rng.random((150, 4))), ndtri(rng.random((150, 4)))
        halved.append(mauve(*clustered_counts(Y, X, rng=rng, clusters=35), rng=rng, draws=99).p)
        centres = KMeans(60, n_init=1, random_state=seed).fit(X).cluster_centers_
        counts = [np.bincount(nearest(Z, centres, 1)[1][:, 0], minlength=60) for Z in (Y, X)]
        whole.append(mauve(*counts, rng=rng, draws=99).p)
    # the mean of numbers evenly spread from 0 to 1
    allowance = 4 * np.sqrt(1 / 12 / repeats)
    assert np.mean(halved) == pytest.approx(0.5, abs=allowance)
    assert np.mean(whole) != pytest.approx(0.5, abs=allowance)
