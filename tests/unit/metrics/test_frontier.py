import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.frontier import clustered_counts, frontier_integral, mauve

REFERENCE, NEW = np.array([50, 30, 12, 5, 2, 1]), np.array([45, 12, 3, 0, 0, 0])


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_toy(rng):
    assert mauve(NEW, REFERENCE, rng=rng, smoothing=0).value == pytest.approx(0.861669, abs=1e-6)
    assert mauve(NEW, REFERENCE, rng=rng).value == pytest.approx(0.938422, abs=1e-6)
    plain = frontier_integral(NEW, REFERENCE, rng=rng, smoothing=0)
    assert plain.value == pytest.approx(0.073483, abs=1e-6)
    smooth = frontier_integral(NEW, REFERENCE, rng=rng)
    assert smooth.value == pytest.approx(0.046263, abs=1e-6)


def test_integral_is_the_integral_of_divergences_along_the_mixtures(rng):
    from scipy.integrate import quad
    from scipy.special import rel_entr

    p, q = NEW / 60, REFERENCE / 100

    def along(weight):
        r = weight * p + (1 - weight) * q
        return 2 * (weight * rel_entr(p, r).sum() + (1 - weight) * rel_entr(q, r).sum())

    found = frontier_integral(NEW, REFERENCE, rng=rng, smoothing=0)
    assert found.value == pytest.approx(quad(along, 0, 1)[0], rel=1e-6)


@pytest.mark.parametrize("measure", [frontier_integral, mauve])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_errors_are_those_of_a_jackknife(rng, measure, smoothing):
    # to first order: not for clusters of a handful of records
    new, reference = 40 * NEW + [0, 0, 0, 40, 0, 30], 40 * REFERENCE
    reading = measure(new, reference, rng=rng, smoothing=smoothing)
    variance = 0.0
    for counts, swap in ((new, False), (reference, True)):
        values = []
        for k in np.flatnonzero(counts):
            fewer = counts - np.eye(6, dtype=int)[k]
            pair = (new, fewer) if swap else (fewer, reference)
            values += [measure(*pair, rng=rng, smoothing=smoothing, draws=99).value] * counts[k]
        n = counts.sum()
        variance += (n - 1) / n * np.square(np.array(values) - np.mean(values)).sum()
    assert reading.error == pytest.approx(variance**0.5, rel=0.02)


def test_ends_of_the_scale(rng):
    a, b = np.array([20, 20, 0, 0]), np.array([0, 0, 20, 20])
    assert frontier_integral(a, b, rng=rng, smoothing=0).value == pytest.approx(1)
    assert mauve(a, b, rng=rng, smoothing=0).value < 0.01
    assert frontier_integral(a, a, rng=rng).value == pytest.approx(0, abs=1e-12)
    same = mauve(a, a, rng=rng)
    assert same.value == pytest.approx(1)
    assert same.p > 0.9
    assert same.collapse == "falls"


def test_expectation_is_that_of_permutations(rng):
    pool = NEW + REFERENCE
    drawn = rng.multivariate_hypergeometric(pool, 60, size=300)
    values = [mauve(s, pool - s, rng=rng, draws=99).value for s in drawn]
    reading = mauve(NEW, REFERENCE, rng=rng, draws=2_000)
    assert reading.expected == pytest.approx(np.mean(values), abs=5 * np.std(values) / 300**0.5)
    assert reading.p == pytest.approx(np.mean(np.array(values) <= reading.value), abs=0.03)


def test_order_of_clusters_does_not_matter(rng):
    order = rng.permutation(6)
    turned = frontier_integral(NEW[order], REFERENCE[order], rng=rng)
    given = frontier_integral(NEW, REFERENCE, rng=rng)
    assert turned.value == pytest.approx(given.value)
    assert turned.error == pytest.approx(given.error)


def test_counts_of_clusters(rng):
    centres = 20 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    of = rng.integers(0, 4, 400)
    reference = centres[of] + rng.normal(size=(400, 2))
    new = centres[rng.integers(0, 3, 150)] + rng.normal(size=(150, 2))
    counts, reference_counts = clustered_counts(new, reference, rng=rng, clusters=4)
    assert (counts.sum(), reference_counts.sum()) == (150, 200)
    assert sorted(counts)[0] == 0
    assert min(reference_counts) > 30
    assert frontier_integral(counts, reference_counts, rng=rng).p < 1e-4
    assert mauve(counts, reference_counts, rng=rng).p < 1e-4


def test_wrong_input(rng):
    with pytest.raises(InputError, match="smoothing"):
        mauve(NEW, REFERENCE, rng=rng, smoothing=-1)
    with pytest.raises(InputError, match="scale"):
        mauve(NEW, REFERENCE, rng=rng, scale=0)
    with pytest.raises(InputError, match="99 draws"):
        frontier_integral(NEW, REFERENCE, rng=rng, draws=3)
    with pytest.raises(InputError, match="same states"):
        frontier_integral(NEW[:3], REFERENCE, rng=rng)
    with pytest.raises(InputError, match="clusters cannot be found"):
        clustered_counts(np.ones(10), np.ones(10), rng=rng, clusters=9)
