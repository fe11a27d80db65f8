import numpy as np
import pytest
from scipy.special import ndtri
from sklearn.metrics import roc_auc_score

from modelcollapse.errors import InputError
from modelcollapse.metrics import classifier_test as module
from modelcollapse.metrics.classifier_test import classifier_test as told_apart


def toy(n, offset):
    steps = np.array([2**0.5 - 1, 3**0.5 - 1, (5**0.5 - 1) / 2])
    return ndtri((np.arange(1, n + 1)[:, None] + offset) * steps % 1)


REFERENCE, NEW = toy(40, 0), 0.7 * toy(30, 100)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_areas_are_those_of_scikit_learn(rng):
    is_new = rng.random(80) < 0.4
    scores = np.round(rng.normal(size=(3, 80)) + is_new, 1)
    areas, by_chance, variance = module._areas(scores, is_new)
    assert areas == pytest.approx([roc_auc_score(is_new, row) for row in scores])
    n, m = is_new.sum(), (~is_new).sum()
    assert by_chance == pytest.approx((n + m + 1) / (12 * n * m), rel=0.01)
    # DeLong: variances of the shares of the other side that are below, ties counting half
    a, b = scores[0, is_new], scores[0, ~is_new]
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    direct = wins.mean(axis=1).var(ddof=1) / n + wins.mean(axis=0).var(ddof=1) / m
    assert variance == pytest.approx(direct)


def test_toy_with_discriminant_analysis(monkeypatch):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import cross_val_predict, cross_val_score

    def fit(X, y, rng):
        model = LinearDiscriminantAnalysis().fit(np.c_[X, X**2], y)
        return lambda Z: model.decision_function(np.c_[Z, Z**2])

    class Unshuffled:
        """Deals records out in runs, and shuffles nothing."""

        def permutation(self, n):
            return np.arange(n) * 5 // n if n in (30, 40) else np.arange(n)

    monkeypatch.setattr(module, "_logistic", fit)
    found = told_apart(NEW, REFERENCE, rng=Unshuffled())
    Z, y = np.concatenate([NEW, REFERENCE]), np.repeat([1, 0], [30, 40])
    model, Z = LinearDiscriminantAnalysis(), np.c_[Z, Z**2]
    areas = cross_val_score(model, Z, y, cv=5, scoring="roc_auc")
    assert found.area.value == pytest.approx(areas.mean())
    # scores of different folds are not on one scale, and are not thrown together
    scores = cross_val_predict(model, Z, y, cv=5, method="decision_function")
    assert roc_auc_score(y, scores) == pytest.approx(0.668333, abs=1e-6)
    assert found.losses.tolist() == [0, 0, 0]


@pytest.mark.parametrize("classifier", ["logistic", "boosting"])
def test_columns_that_changed_are_named(rng, classifier):
    X, Y = rng.normal(size=(2, 600, 4))
    Y[:, 2] *= 1.8
    found = told_apart(Y, X, rng=rng, columns=list("abcd"), classifier=classifier)
    assert found.columns[0] == "c"
    assert found.losses[0] > 3 * abs(found.losses[1])
    assert found.area.p < 1e-6
    assert found.area.low > 0.5


def test_trees_see_dependence_that_marginal_laws_hide(rng):
    X, Y = rng.normal(size=(2, 1_000, 2))
    X[:, 1] = 0.7 * X[:, 0] + np.sqrt(1 - 0.49) * X[:, 1]
    assert told_apart(Y, X, rng=rng).area.p > 0.01
    assert told_apart(Y, X, rng=rng, classifier="boosting").area.p < 1e-6


def test_nothing_to_tell_apart(rng):
    found = told_apart(np.ones((20, 2)), np.ones((30, 2)), rng=rng)
    assert (found.area.value, found.area.p) == (0.5, 1)
    assert found.columns == ("0", "1")


def test_separate_sets_are_told_apart(rng):
    found = told_apart(100 + rng.normal(size=40), rng.normal(size=40), rng=rng)
    assert (found.area.value, found.area.high) == (1, 1)
    assert found.area.p < 1e-6


def test_units_of_columns_do_not_matter(rng):
    X, Y = rng.normal(size=(2, 200, 2))
    plain = told_apart(Y, X, rng=np.random.default_rng(1))
    other = told_apart(Y * [1e6, 1] + 5, X * [1e6, 1] + 5, rng=np.random.default_rng(1))
    assert other.area.value == pytest.approx(plain.area.value, abs=1e-3)


def test_wrong_input(rng):
    with pytest.raises(InputError, match="Did you mean 'logistic'"):
        told_apart(NEW, REFERENCE, rng=rng, classifier="logistics")
    with pytest.raises(InputError, match="folds"):
        told_apart(NEW[:9], REFERENCE, rng=rng)
    with pytest.raises(InputError, match="folds"):
        told_apart(NEW, REFERENCE, rng=rng, folds=1)
    with pytest.raises(InputError, match="2 names for 3 columns"):
        told_apart(NEW, REFERENCE, rng=rng, columns=["a", "b"])
