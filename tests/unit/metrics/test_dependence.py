import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import spearmanr

from modelcollapse.errors import InputError
from modelcollapse.metrics import dependence
from modelcollapse.metrics.dependence import correlation_change


def toy(n, offset):
    steps = np.array([2**0.5 - 1, 3**0.5 - 1, (5**0.5 - 1) / 2])
    return ndtri((np.arange(1, n + 1)[:, None] + offset) * steps % 1)


REFERENCE, NEW = toy(40, 0), 0.7 * toy(30, 100)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_toy(rng):
    found = correlation_change(NEW, REFERENCE, rng=rng, kind="pearson")
    assert found.largest.value == pytest.approx(0.216030, abs=1e-6)
    assert found.norm.value == pytest.approx(0.393245, abs=1e-6)
    change = np.corrcoef(NEW.T) - np.corrcoef(REFERENCE.T)
    assert found.norm.value == pytest.approx(np.linalg.norm(change))
    assert found.pairs.change == pytest.approx(change[found.pairs.first, found.pairs.second])


def test_ranks_are_those_of_scipy(rng):
    X, Y = rng.normal(size=(80, 4)), np.round(2 * rng.normal(size=(90, 4)))
    found = correlation_change(Y, X, rng=rng)
    change = spearmanr(Y).statistic - spearmanr(X).statistic
    assert found.norm.value == pytest.approx(np.linalg.norm(change))
    assert found.largest.value == pytest.approx(np.abs(change).max())
    assert found.largest.value == abs(found.pairs.change[0])


@pytest.mark.parametrize("kind", ["spearman", "pearson"])
@pytest.mark.parametrize("ties", [False, True])
def test_influence_is_that_of_leaving_records_out(rng, kind, ties):
    n = 250
    X = rng.normal(size=(n, 2))
    X[:, 1] += X[:, 0]
    if ties:
        X = np.c_[np.round(X[:, 0]), X[:, 1] > 0.5].astype(float)
    of = (
        (lambda Z: spearmanr(Z).statistic)
        if kind == "spearman"
        else lambda Z: np.corrcoef(Z.T)[0, 1]
    )
    left = np.array([of(np.delete(X, i, axis=0)) for i in range(n)])
    pseudo = (n - 1) * (left.mean() - left)
    r, by = dependence._influence(dependence._columns(X, kind), 0, np.array([1]))
    assert r[0] == pytest.approx(of(X))
    assert np.corrcoef(pseudo, by[0])[0, 1] > 0.999
    assert by.std() == pytest.approx(pseudo.std(), rel=0.02)


def test_increasing_functions_of_the_columns_do_not_matter(rng):
    X, Y = rng.normal(size=(200, 3)), rng.normal(size=(200, 3))
    plain = correlation_change(Y, X, rng=np.random.default_rng(1))
    bent = correlation_change(np.exp(3 * Y), X**3, rng=np.random.default_rng(1))
    assert bent.norm.value == pytest.approx(plain.norm.value)
    assert bent.norm.p == plain.norm.p


def test_pairs_in_parts_are_the_same(rng, monkeypatch):
    X, Y = rng.normal(size=(100, 6)), rng.normal(size=(100, 6))
    whole = correlation_change(Y, X, rng=np.random.default_rng(1))
    monkeypatch.setattr(dependence, "_HELD", 400)
    parts = correlation_change(Y, X, rng=np.random.default_rng(1))
    assert parts.norm.error == pytest.approx(whole.norm.error)
    assert parts.largest.p == whole.largest.p
    assert len(parts.pairs.first) == 15
    assert parts.pairs.second.tolist() == whole.pairs.second.tolist()


def test_lost_dependence_is_seen_and_named(rng):
    X, Y = rng.normal(size=(2, 1_000, 5))
    X[:, 3] += X[:, 1]
    Y[:, 3] = np.sqrt(2) * Y[:, 3]  # the same marginal law
    found = correlation_change(Y, X, rng=rng)
    assert found.largest.p < 1e-6
    assert found.norm.p < 1e-4
    assert (found.pairs.first[0], found.pairs.second[0]) == (1, 3)
    assert found.pairs.p[0] < 1e-6 < found.pairs.p[1]
    assert found.pairs.change[0] < -0.5


def test_constant_columns_are_left_out(rng):
    X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    Y[:, 1] = 7.3
    found = correlation_change(Y, X, rng=rng)
    assert [found.pairs.first.tolist(), found.pairs.second.tolist()] == [[0], [2]]
    Y[:, 2] = 0
    nothing = correlation_change(Y, X, rng=rng)
    assert np.isnan([nothing.largest.value, nothing.norm.p]).all()
    assert nothing.pairs.first.size == 0


def test_equal_sets_have_not_changed(rng):
    X = rng.normal(size=(40, 3))
    found = correlation_change(X, X, rng=rng)
    assert (found.norm.value, found.norm.p, found.largest.p) == (0, 1, 1)
    assert found.pairs.p.tolist() == [1, 1, 1]


def test_wrong_input(rng):
    with pytest.raises(InputError, match="Did you mean 'pearson'"):
        correlation_change(NEW, REFERENCE, rng=rng, kind="person")
    with pytest.raises(InputError, match="two or more columns"):
        correlation_change(NEW[:, 0], REFERENCE[:, 0], rng=rng)
    with pytest.raises(InputError, match="4 or more"):
        correlation_change(NEW[:3], REFERENCE, rng=rng)
    with pytest.raises(InputError, match="99 draws"):
        correlation_change(NEW, REFERENCE, rng=rng, draws=1)
