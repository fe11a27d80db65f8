"""Weights: tilting, resampling by a detector's odds, and what they are worth."""

import numpy as np
import pytest
from scipy.optimize import brentq

from modelcollapse.errors import InputError
from modelcollapse.selection.drawing import draw, effective_size, expected_copies
from modelcollapse.selection.pile import Pile, Rule
from modelcollapse.selection.resample import Resample
from modelcollapse.selection.tilt import Tilt


def rng(seed=0):
    return np.random.default_rng(seed)


def pile(scores):
    return Pile({"s": np.asarray(scores, dtype=float)})


def test_expected_copies_are_proportional_up_to_the_limit():
    random = rng(1)
    for _ in range(200):
        weights = random.random(12) ** 6 * (random.random(12) < 0.9)
        repeats = int(random.integers(1, 4))
        n = int(random.integers(1, repeats * max(1, (weights > 0).sum()) + 1))
        if not weights.any():
            continue
        found = expected_copies(weights, n, repeats)
        assert found.sum() == pytest.approx(n)
        assert found.max() <= repeats * (1 + 1e-12)
        if n < repeats * (weights > 0).sum():
            scale = brentq(
                lambda c, w=weights, r=repeats, n=n: np.minimum(r, c * w).sum() - n, 0, 1e30,
                xtol=1e-300, rtol=1e-14, maxiter=2000,
            )  # fmt: skip
            assert found == pytest.approx(np.minimum(repeats, scale * weights), rel=1e-6)


def test_drawing_keeps_number_and_expectation():
    random = rng(2)
    expected = random.random(30) * 2
    expected *= 25 / expected.sum()
    total = np.zeros(30)
    for _ in range(4000):
        copies = draw(expected, random)
        assert copies.sum() == 25
        assert (np.abs(copies - expected) < 1).all()
        total += copies
    part = expected % 1
    error = np.sqrt(part * (1 - part) / 4000)
    assert (np.abs(total / 4000 - expected) < 4.5 * error + 1e-9).all()


def test_effective_size():
    assert effective_size(np.ones(7)) == 7
    assert effective_size([3.0, 0.0]) == 1
    assert np.isnan(effective_size([0.0]))


# --- tilt -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [Tilt(), Tilt(resample=True), Resample(scale="log_odds")])
def test_rules_keep_their_promises(rule):
    assert isinstance(rule, Rule)
    scores = rng(3).normal(size=80)
    scores[::9] = np.nan
    for n in (None, 1, 40):
        choice = rule.choose(pile(scores), n, rng=rng(1))
        assert n is None or choice.kept == n
        assert (choice.copies[::9] == 0).all()
        assert choice.dropped["no score"] == 9
        again = rule.choose(pile(scores), n, rng=rng(1))
        assert (choice.copies == again.copies).all()
    with pytest.raises(InputError, match="n = 999 records were asked for"):
        rule.choose(pile(scores), 999, rng=rng())
    with pytest.raises(InputError, match="none of the 3 records has a score"):
        rule.choose(pile([np.nan] * 3), None, rng=rng())


def test_tilted_weights_are_exponential_in_the_standardised_score():
    scores = rng(4).gamma(2.0, size=500)
    choice = Tilt(0.8).choose(pile(scores), None, rng=rng())
    expected = np.exp(0.8 * (scores - scores.mean()) / scores.std())
    assert choice.weights == pytest.approx(expected / expected.mean())
    assert choice.kept == 500
    assert choice.figures["effective_sample_size"] == pytest.approx(effective_size(expected))
    assert Tilt(0.8).choose(pile(5 + 3 * scores), None, rng=rng()).weights == pytest.approx(
        choice.weights
    )
    fewer = Tilt(0.8).choose(pile(scores), 100, rng=rng())
    assert fewer.kept == 100
    assert fewer.weights[fewer.copies > 0].mean() == pytest.approx(1)
    assert (fewer.weights[fewer.copies == 0] == 0).all()
    drawn = fewer.copies > 0
    assert fewer.weights[drawn] / expected[drawn] == pytest.approx(
        np.full(100, fewer.weights[drawn][0] / expected[drawn][0])
    )


def test_constant_scores_leave_all_alike():
    choice = Tilt(2.0).choose(pile(np.full(10, 0.3)), None, rng=rng())
    assert choice.weights.tolist() == [1.0] * 10
    assert "All 10 records have the same score, 0.3: they weigh all alike." in choice.notes
    drawn = Tilt(2.0, resample=True).choose(pile(np.full(10, 0.3)), 5, rng=rng())
    assert drawn.copies.max() == 1
    flat = Resample().choose(pile(np.full(10, 0.3)), 5, rng=rng())
    assert flat.copies.max() == 1
    assert "All records have the same score: they are drawn all alike." in flat.notes


def test_strong_weights_stay_finite_and_positive():
    choice = Tilt(1e4).choose(pile([0.0, 1.0, 2.0]), None, rng=rng())
    assert np.isfinite(choice.weights).all()
    assert (choice.weights > 0).all()
    assert choice.figures["effective_sample_size"] == pytest.approx(1)


def test_resampling_by_tilted_weights_follows_them():
    scores = rng(5).normal(size=40)
    total = np.zeros(40)
    for seed in range(1500):
        total += Tilt(0.5, resample=True).choose(pile(scores), 20, rng=rng(seed)).copies
    weights = np.exp(0.5 * (scores - scores.mean()) / scores.std())
    expected = expected_copies(weights, 20, 3)
    assert np.abs(total / 1500 - expected).max() < 4.5 * np.sqrt(0.25 / 1500)


# --- resampling by odds ---------------------------------------------------------------------


def test_odds_turn_one_law_into_another():
    # Candidates from N(0, 1), reality N(0.6, 1): the odds of a perfect detector are their ratio.
    x = rng(6).normal(size=20_000)
    odds = 0.6 * x - 0.18
    choice = Resample(scale="log_odds").choose(pile(odds), 4000, rng=rng(7))
    mean = np.average(x, weights=choice.copies)
    assert abs(mean - 0.6) < 4 / np.sqrt(4000)
    probability = 1 / (1 + np.exp(-odds))
    same = Resample().choose(pile(probability), 4000, rng=rng(7))
    assert (same.copies == choice.copies).all()
    worth = np.exp(odds).sum() ** 2 / np.exp(2 * odds).sum()
    assert choice.figures["effective_sample_size"] == pytest.approx(worth)
    flat = Resample(0.0, scale="log_odds").choose(pile(odds), 4000, rng=rng(7))
    assert abs(np.average(x, weights=flat.copies)) < 4 / np.sqrt(4000)
    bounded = Resample(2.0, weight="probability").choose(pile(probability), None, rng=rng(7))
    expected = effective_size(probability**2)
    assert bounded.figures["effective_sample_size"] == pytest.approx(expected)
    assert bounded.kept == int(expected)


def test_certainty_is_made_finite_and_said():
    choice = Resample().choose(pile([0.0, 0.5, 0.5, 1.0]), 2, rng=rng())
    assert choice.kept == 2
    assert any("2 records have a probability of 0 or 1" in note for note in choice.notes)
    odds = np.array([1 / 7, 1, 1, 7])
    assert choice.figures["effective_sample_size"] == pytest.approx(effective_size(odds))


def test_the_limit_of_copies_is_said():
    choice = Resample(scale="log_odds", repeats=2).choose(pile([9.0, 0.0, 0.0, 0.0]), 4, rng=rng())
    assert choice.copies[0] == 2
    assert choice.figures["at_limit"] == 1
    assert any("1 records stand at the limit of 2 copies" in note for note in choice.notes)
    assert any("more than the weights are worth" in note for note in choice.notes)


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="scores run from -3 to 2"):
        Resample().choose(pile([-3.0, 2.0]), None, rng=rng())
    with pytest.raises(InputError, match="exponent"):
        Resample(-1.0)
    with pytest.raises(InputError, match="Did you mean 'log_odds'"):
        Resample(scale="logodds")
    with pytest.raises(InputError, match="Did you mean 'odds'"):
        Resample(weight="odd")
    for kind in (Resample, Tilt):
        with pytest.raises(InputError, match="repeats"):
            kind(repeats=0)
    with pytest.raises(InputError, match="strength"):
        Tilt(float("inf"))


def test_only_what_is_quite_certain_is_made_less_so():
    pile = Pile({"real": np.array([0.99, 0.9, *[0.5] * 8])})
    rule = Resample(repeats=200)
    odds, certain = rule._log_odds(pile.scores["real"], np.zeros(10, bool))
    assert np.exp(odds[:2]) == pytest.approx([99, 9])
    assert certain == 0
    odds, certain = rule._log_odds(np.array([1.0, 0.999, 0.5, 0.0]), np.zeros(4, bool))
    assert certain == 2
    assert odds[0] == odds[1] == pytest.approx(np.log(999))  # not below what is nearly certain
    assert np.exp(odds[3]) == pytest.approx(1 / 7)  # half a record among four
