import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cdist

from modelcollapse.errors import InputError
from modelcollapse.metrics import neighbours as nb
from modelcollapse.metrics.neighbours import _search as search
from modelcollapse.metrics.neighbours import manifold
from modelcollapse.metrics.neighbours.lists import list_length

STEPS = np.array([np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2])
REFERENCE = stats.norm.ppf(np.arange(1, 41)[:, None] * STEPS % 1)
NEW = 0.7 * stats.norm.ppf(np.arange(101, 131)[:, None] * STEPS % 1)
quick = settings(max_examples=25, deadline=None)


def sorted_distances(A, B, others=False):
    distances = cdist(A, B)
    if others:
        np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)


def deep_and_tight(rng, d):
    """Heavy tails, exact copies, and a tight cluster far from everything."""
    A = rng.standard_t(2, size=(900, d))
    return np.vstack([A, A[:40], A[:40], 1e3 + 1e-3 * rng.normal(size=(90, d))])


@pytest.mark.parametrize("d", [1, 3, 40])
def test_neighbours_are_those_of_a_double_loop(rng, d):
    X, Y = rng.standard_t(2, size=(500, d)), deep_and_tight(rng, d)
    for A, others in ((X, False), (Y, True)):
        found, who = search.nearest(A, Y, 7, others=others)
        wanted = sorted_distances(A, Y, others)[:, :7]
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        np.testing.assert_array_equal(found == 0, wanted == 0)
        np.testing.assert_allclose(np.linalg.norm(A[:, None] - Y[who], axis=-1), found, rtol=1e-12)


def test_records_in_single_precision_stay_so_without_a_loss(rng):
    X, Y = (rng.normal(size=(n, 9)).astype(np.float32) for n in (200, 300))
    wide = X.astype(float), Y.astype(float)
    np.testing.assert_array_equal(nb.nearest(X, Y, 3)[0], nb.nearest(*wide, 3)[0])
    assert nb.precision_recall(X, Y) == nb.precision_recall(*wide)


def test_single_precision_alone_would_be_wrong(rng, monkeypatch):
    # A negative control: were every candidate taken for proven, the loop above would notice.
    Y = deep_and_tight(rng, 3)
    monkeypatch.setattr(search.Cloud, "slack", lambda *_: -1e9)
    wanted = sorted_distances(Y, Y, True)[:, :7]
    assert not np.allclose(search.nearest(Y, Y, 7, others=True)[0], wanted, rtol=1e-6)


@pytest.mark.parametrize("block", [1, 999, 10**7])
def test_blocks_change_nothing(rng, monkeypatch, block):
    X = rng.normal(size=(300, 4))
    wanted = search.nearest(X, X, 3, others=True)
    monkeypatch.setattr(search, "_BLOCK", block)
    monkeypatch.setattr(search, "_DIRECT", block)
    for a, b in zip(wanted, search.nearest(X, X, 3, others=True), strict=True):
        np.testing.assert_array_equal(a, b)


@quick
@given(st.floats(-1e8, 1e8), st.sampled_from([1e-30, 1e-3, 1.0, 1e30]))
def test_place_and_unit_do_not_matter_to_who_is_near(shift, unit):
    X = np.random.default_rng(0).integers(-999, 999, size=(120, 2)) * 1.0
    who = search.nearest(X, X, 1, others=True)[0]
    moved = search.nearest((X + round(shift)) * unit, (X + round(shift)) * unit, 1, others=True)[0]
    np.testing.assert_allclose(moved, who * unit, rtol=1e-6)


@pytest.mark.parametrize(
    ("k", "values"),
    [(3, (1.0, 0.9, 1.544444, 0.975, 0.825572)), (5, (1, 0.925, 1.38, 1, 0.948769))],
)
def test_precision_and_recall_of_the_toy(k, values):
    found = nb.precision_recall(NEW, REFERENCE, k=k)
    seen = (found.precision, found.recall, found.density, found.coverage, found.expected_coverage)
    assert seen == pytest.approx(values, abs=1e-6)


def test_levels_of_the_toy(rng):
    own = search.nearest(REFERENCE, REFERENCE, 3, others=True)[0][:, -1]
    assert np.quantile(own, [0.9, 0.8]) == pytest.approx([1.454649, 1.280487], abs=1e-6)
    found = nb.neighbours(NEW, REFERENCE[:30], k=3)
    for level in (0.1, 0.2):
        assert nb.rarity_exceedance(found, level=level, rng=rng).value == 0
    assert nb.lost_support(found, level=0.1, rng=rng).value == pytest.approx(4 / 3)


def test_equal_to_prdc(rng, capsys):
    prdc = pytest.importorskip("prdc")
    scale = 10.0 ** rng.integers(-4, 4, size=(300, 1))
    clusters = rng.standard_t(2, size=(300, 3)) * scale
    sets = [(rng.normal(size=(300, 20)), 0.9 * rng.normal(size=(200, 20)))]
    sets += [(clusters, clusters[:200] + 1e-5 * rng.normal(size=(200, 3)))]
    for real, made in sets:
        wanted = prdc.compute_prdc(real, made, 5)
        found = nb.precision_recall(made, real)
        for name, value in wanted.items():
            assert getattr(found, name) == pytest.approx(value, rel=1e-12)


def test_expected_coverage_is_exact(rng):
    seen = [
        nb.precision_recall(rng.exponential(size=(30, 2)), rng.exponential(size=(50, 2)), k=3)
        for _ in range(300)
    ]
    coverage = np.array([one.coverage for one in seen])
    error = coverage.std() / np.sqrt(len(coverage))
    assert abs(coverage.mean() - manifold.expected_coverage(50, 30, 3)) < 4 * error
    # a negative control: the sizes exchanged
    assert abs(coverage.mean() - manifold.expected_coverage(30, 50, 3)) > 4 * error


def test_the_found_deal_reads_what_the_plain_function_reads(rng):
    X, Y = rng.normal(size=(150, 3)), np.vstack([rng.normal(size=(50, 3)), np.full((100, 3), 0.1)])
    found = nb.neighbours(Y, X)
    plain = nb.precision_recall(found.new, found.reference)
    assert nb.coverage(found, rng=rng, draws=99).value == pytest.approx(plain.coverage)
    assert nb.density(found, rng=rng, draws=99).value == pytest.approx(plain.density)
    nearest = [sorted_distances(Z, Z, True)[:, 0] for Z in (found.new, found.reference)]
    ratio = np.median(nearest[0]) / np.median(nearest[1])
    assert nb.contraction(found, rng=rng, draws=99).value == pytest.approx(ratio, nan_ok=True)


def test_lists_give_the_distances_of_every_deal(rng):
    X, Y = rng.normal(size=(80, 2)), 1.2 * rng.normal(size=(80, 2))
    found = nb.neighbours(Y, X, k=3)
    pool = np.vstack([X, Y])
    apart = cdist(pool, pool)
    for deals in (found.deals(5, rng=rng), found.halves(5, rng=rng)):
        for deal in deals:
            everybody = deal.reference | deal.new
            for own, other in ((deal.reference, deal.new), (deal.new, deal.reference)):
                same = sorted_distances(pool[own], pool[own], True)
                np.testing.assert_allclose(deal.own[own], same[:, 2])
                np.testing.assert_allclose(deal.first[own], same[:, 0])
                across = np.sort(apart[np.ix_(own, other)], axis=1)
                np.testing.assert_allclose(deal.across[own], across[:, 2])
                inside = (apart[np.ix_(own, other)] < same[:, 2:3]).sum(axis=1)
                if everybody.all():
                    np.testing.assert_array_equal(deal.visitors[own], inside)
                else:  # a list may end within a ball
                    assert np.mean(deal.visitors[own] == inside) > 0.9
                    np.testing.assert_array_equal(deal.visitors[own] > 0, inside > 0)
            assert everybody.sum() in (160, 80)


def test_lists_are_long_enough_and_not_longer():
    assert list_length(12, 3) == 11
    assert [list_length(n, 5) for n in (100, 2_000, 50_000)] == [30, 35, 40]


def test_samples_depend_on_the_records_only(rng):
    X = np.vstack([rng.normal(size=(200, 3)), np.zeros((100, 3)), -np.zeros((100, 3))])
    order = rng.permutation(len(X))
    first, second = X[nb.hash_sample(X, 90)], X[order][nb.hash_sample(X[order], 90)]
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))
    # copies are drawn one by one, not all or none
    assert 25 < (first == 0).all(axis=1).sum() < 65
    np.testing.assert_array_equal(nb.hash_sample(X, 1000), np.arange(400))


def test_order_of_rows_and_columns_does_not_matter(rng):
    X, Y = rng.normal(size=(300, 4)), 0.9 * rng.normal(size=(200, 4))
    one = nb.neighbour_signals(nb.neighbours(Y, X), rare=0.1, lonely=0.05, rng=rng, draws=99)
    # the same records in another order, the columns of both as well
    rows = nb.neighbours(Y[::-1], X[rng.permutation(300)])
    two = nb.neighbour_signals(rows, rare=0.1, lonely=0.05, rng=rng, draws=99)
    columns = nb.neighbours(Y[:, ::-1], X[:200, ::-1])
    same = nb.neighbours(Y, X[:200])
    for name, signal in one.items():
        assert two[name].value == pytest.approx(signal.value)
    np.testing.assert_allclose(columns.across_distances, same.across_distances)


def test_a_sample_is_as_large_as_the_smaller_set(rng):
    X, Y = rng.normal(size=(300, 4)), rng.normal(size=(120, 4))
    found = nb.neighbours(Y, X)
    assert found.n == 120
    np.testing.assert_array_equal(found.reference, X[found.reference_rows])
    assert nb.neighbours(Y, X, most=60).n == 60


def test_principal_directions_keep_what_varies_most(rng):
    X, Y = rng.normal(size=(500, 6)), rng.normal(size=(400, 6))
    X[:, 2] *= 10
    Y[:, 4] *= 10
    made, real = nb.principal_directions(Y, X, 2)
    kept = np.concatenate([real, made]).var(axis=0).sum()
    assert kept > 0.9 * np.concatenate([X, Y]).var(axis=0).sum()
    full, _ = nb.principal_directions(Y, X, 6)
    np.testing.assert_array_equal(full, Y)


def test_orphans_are_named(rng):
    X = rng.normal(size=(600, 3))
    X[:40] += 12
    Y = rng.normal(size=(600, 3))
    found = nb.orphans(nb.neighbours(Y, X), count=40)
    assert set(found.rows) == set(range(40))
    assert found.named == 40
    assert np.all(found.ratios > 2)
    assert nb.orphans(nb.neighbours(X, Y), count=5).named == 0


def test_copies_that_are_gone_are_orphans(rng):
    X = rng.normal(size=(400, 2))
    X[:60] = (5.0, 5.0)
    found = nb.orphans(nb.neighbours(rng.normal(size=(400, 2)), X), count=60)
    assert set(found.rows) == set(range(60))
    assert np.all(np.isinf(found.ratios))


def test_undefined_is_not_a_number(rng):
    X = np.repeat(rng.normal(size=(50, 2)), 8, axis=0)
    found = nb.neighbours(X, X)
    for name in ("contraction", "support_stretch"):
        signal = getattr(nb, name)(found, rng=rng, draws=99)
        assert np.isnan([signal.value, signal.p, signal.low]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: nb.nearest(X, X, 30, others=True), "from 1 to 29"),
        (lambda X: nb.neighbours(X, np.full((30, 3), np.nan)), "NaN"),
        (lambda X: nb.neighbours(X, X[:, :2]), "coordinates"),
        (lambda X: nb.neighbours(X, X[:0]), "records"),
        (lambda X: nb.neighbours(X, X, k=10), "too few"),
        (lambda X: nb.neighbours(X, X, most=0), "most"),
        (lambda X: nb.hash_sample(X, 0), "size of a sample"),
        (lambda X: nb.principal_directions(X, X, 0), "directions"),
        (lambda X: nb.expected_coverage(5, 5, 5), "1 <= k < n"),
        (lambda X: nb.orphans(nb.neighbours(X, X), count=0), "count"),
        (
            lambda X: nb.rarity_exceedance(nb.neighbours(X, X), rng=np.random.default_rng(0)),
            "not one of them",
        ),
        (
            lambda X: nb.contraction(nb.neighbours(X, X), rng=np.random.default_rng(0), draws=9),
            "99 draws",
        ),
    ],
)
def test_wrong_input_is_refused(rng, call, message):
    with pytest.raises(InputError, match=message):
        call(rng.normal(size=(30, 3)))
