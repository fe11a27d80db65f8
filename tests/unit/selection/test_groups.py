"""Quotas, the tail guard and raking."""

import itertools

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.selection import programme
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.chance import RandomChoice
from modelcollapse.selection.groups import apportion
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.pile import Pile
from modelcollapse.selection.programme import best_under_quotas
from modelcollapse.selection.quota import Quota
from modelcollapse.selection.raking import Rake, rake
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.tilt import Tilt
from modelcollapse.selection.top import TopFraction


def rng(seed=0):
    return np.random.default_rng(seed)


def pile(scores, reference=None, names=None, **groups):
    groups = {name: np.asarray(codes) for name, codes in groups.items()}
    prompts = np.arange(len(scores)) // 2
    if reference is None and names is None:
        return Pile({"s": np.asarray(scores, dtype=float)}, prompts, groups)
    real = {column: np.asarray(counts) for column, counts in (reference or {}).items()}
    return Pile({"s": np.asarray(scores, dtype=float)}, prompts, groups, names or {}, real)


def best_total(values, codes, least, n):
    """Highest total of any choice that meets the quotas, by looking at all of them."""
    best = -np.inf
    for one in itertools.combinations(range(len(values)), n):
        kept = list(one)
        if all(
            (np.bincount(code[kept], minlength=quota.size) >= quota).all()
            for code, quota in zip(codes, least, strict=True)
        ):
            best = max(best, values[kept].sum())
    return best


# --- the tail guard -------------------------------------------------------------------------


def test_the_guard_is_optimal():
    random = rng(1)
    for _ in range(150):
        size = int(random.integers(3, 12))
        n = int(random.integers(1, size + 1))
        scores = np.round(random.normal(size=size), 1)
        topic = random.integers(0, 3, size)
        least = float(random.random())
        choice = TailGuard(TopFraction(), ["topic"], least=least).choose(
            pile(scores, topic=topic), n, rng=random
        )
        known, codes = np.unique(topic, return_inverse=True)
        there = np.bincount(codes, minlength=known.size)
        quotas = np.minimum(there, np.floor(least * n * there / size + 1e-9)).astype(int)
        assert choice.kept == n
        assert (np.bincount(codes, choice.copies, minlength=known.size) >= quotas).all()
        assert scores[choice.copies > 0].sum() == pytest.approx(
            best_total(scores, [codes], [quotas], n)
        )


@pytest.mark.parametrize("columns", [2, 3, 4])
def test_quotas_of_several_columns_are_solved_exactly(columns, monkeypatch):
    random = rng(columns)
    unmet = 0
    for _ in range(150):
        # A window of few records, so that its growing is tested too.
        monkeypatch.setattr(programme, "_NEAR", int(random.integers(1, 6)))
        size = int(random.integers(4, 12))
        n = int(random.integers(1, size))
        values = np.round(random.normal(size=size), int(random.integers(0, 4)))
        codes = [random.integers(0, 3, size) for _ in range(columns)]
        least = [
            np.array([random.integers(0, max(1, min(n // 2 + 1, (c == g).sum() + 1)))
                      for g in range(3)])
            for c in codes
        ]  # fmt: skip
        best = best_total(values, codes, least, n)
        if best == -np.inf:
            unmet += 1
            with pytest.raises(InputError, match="cannot all be met"):
                best_under_quotas(values, codes, least, n)
            continue
        kept = best_under_quotas(values, codes, least, n)
        assert kept.sum() == n
        for code, quota in zip(codes, least, strict=True):
            assert (np.bincount(code[kept], minlength=3) >= quota).all()
        assert values[kept].sum() == pytest.approx(best)
    assert 0 < unmet < 100


def test_a_fractional_corner_is_settled():
    # Three columns, each of whose quotas two of three records meet: halves of each would do.
    codes = [np.array([0, 0, 1, 2]), np.array([0, 1, 0, 2]), np.array([1, 0, 0, 2])]
    least = [np.array([1, 0, 0])] * 3
    values = np.array([1.0, 1.0, 1.0, 3.0])
    kept = best_under_quotas(values, codes, least, 3)
    assert kept[3]
    assert kept.sum() == 3
    with pytest.raises(InputError, match="cannot all be met"):
        best_under_quotas(values, codes, least, 1)


def test_several_columns_at_scale_agree_with_the_linear_bound():
    from scipy.optimize import linprog

    random = rng(8)
    size, n = 3000, 700
    one, other = random.integers(0, 12, size), random.integers(0, 8, size)
    scores = random.normal(size=size) - 0.2 * one
    rule = TailGuard(TopFraction(), ["one", "other"], least=0.9)
    choice = rule.choose(pile(scores, one=one, other=other), n, rng=random)
    rows = np.concatenate([np.eye(12)[:, one], np.eye(8)[:, other]])
    needed = np.floor(0.9 * n * rows.mean(axis=1) + 1e-9)
    assert (rows @ choice.copies >= needed).all()
    bound = linprog(-scores, -rows, -needed, np.ones((1, size)), [n], bounds=(0, 1))
    assert scores[choice.copies > 0].sum() == pytest.approx(-bound.fun)


def test_the_guard_reports_its_price_and_what_is_lost():
    scores = np.concatenate([np.linspace(1, 2, 90), np.linspace(0, 0.5, 10)])
    topic = np.repeat([0, 1], [90, 10])
    guarded = pile(scores, names={"topic": ["common", "rare"]}, topic=topic)
    without = TailGuard(TopFraction(), ["topic"], least=0.0).choose(guarded, 20, rng=rng())
    assert without.lost == {"topic": ["rare"]}
    assert without.figures["price"] == 0
    assert "Nothing is kept of a group of 'topic': 'rare'." in without.notes
    choice = TailGuard(TopFraction(), ["topic"], least=1.0).choose(guarded, 20, rng=rng())
    assert choice.copies[90:].tolist() == [0] * 8 + [1] * 2
    assert choice.lost == {}
    top = np.sort(scores)[::-1]
    price = (top[18:20].sum() - scores[98:].sum()) / 20
    assert choice.figures["price"] == pytest.approx(price)
    assert choice.figures["brought_back"] == 2
    assert f"a price of {price:.4g}" in choice.notes[0]
    one = TailGuard(TopFraction(), ["topic"], least=0.0, records=1)
    assert one.choose(guarded, 5, rng=rng()).copies[99] == 1


def test_the_guard_reports_ties():
    topic = np.repeat([0, 1], [60, 40])
    equal = np.r_[np.ones(50), np.zeros(10), np.ones(30), np.zeros(10)]
    rule = TailGuard(TopFraction(), ["topic"], least=0.5)
    choice = rule.choose(pile(equal, topic=topic), 40, rng=rng())
    assert choice.figures["tied_at_cut"] == 80
    assert choice.figures["tied_and_kept"] == 40
    assert "80 records share the score at the cut, 1; 40 of them" in " ".join(choice.notes)
    distinct = rule.choose(pile(np.arange(100.0), topic=topic), 40, rng=rng())
    assert distinct.figures["tied_at_cut"] == 0
    assert not any("share the score" in note for note in distinct.notes)
    # A cut between two scores, but one through equal ones where a quota ends.
    quota = pile(np.r_[np.arange(60.0) + 1, np.zeros(40)], topic=topic)
    found = rule.choose(quota, 40, rng=rng())
    assert (found.figures["tied_at_cut"], found.figures["tied_and_kept"]) == (40, 8)
    everything = rule.choose(pile(equal, topic=topic), 100, rng=rng())
    assert "tied_at_cut" not in everything.figures
    by_chance = TailGuard(BestPerPrompt(keep=None), ["topic"], least=0.5)
    assert "tied_at_cut" not in by_chance.choose(quota, 40, rng=rng()).figures


def test_the_guard_can_follow_reality():
    topic = np.repeat([0, 1], [90, 10])
    real = pile(np.arange(100.0)[::-1], reference={"topic": [50, 50, 0]}, topic=topic)
    rule = TailGuard(TopFraction(), ["topic"], least=0.8, against="reference")
    assert rule.choose(real, 20, rng=rng()).copies[90:].sum() == 8
    gone = pile(np.arange(100.0), reference={"topic": [50, 30, 20]}, topic=topic)
    choice = rule.choose(gone, 20, rng=rng())
    assert choice.lost == {}  # there was nothing to lose
    assert any("No candidate belongs to a group" in note for note in choice.notes)
    assert not any("Nothing is kept" in note for note in choice.notes)
    with pytest.raises(InputError, match="none are given"):
        rule.choose(pile(np.arange(100.0), topic=topic), 20, rng=rng())


@pytest.mark.parametrize(
    "rule",
    [TopFraction(0.3), Threshold(0.3), BestPerPrompt(), BestPerPrompt(beyond="score"),
     RandomChoice(0.3)],
)  # fmt: skip
@pytest.mark.parametrize("columns", [["one"], ["one", "other"]])
def test_the_guard_works_with_every_ranking_rule(rule, columns):
    random = rng(2)
    scores = random.normal(size=200)
    scores[::17] = np.nan
    one, other = (random.random(200) < 0.1).astype(int), random.integers(0, 4, 200)
    scores -= 3 * one
    candidates = pile(scores, one=one, other=other)
    free = rule.choose(candidates, None, rng=rng(4))
    choice = TailGuard(rule, columns, least=0.9).choose(candidates, None, rng=rng(4))
    assert choice.kept == free.kept
    assert choice.copies[::17].sum() == 0
    for codes in (one, other)[: len(columns)]:
        quota = np.floor(0.9 * free.kept * np.bincount(codes) / 200)
        there = np.bincount(codes[~np.isnan(scores)])
        assert (np.bincount(codes, choice.copies) >= np.minimum(quota, there)).all()
    again = TailGuard(rule, columns, least=0.9).choose(candidates, None, rng=rng(4))
    assert (again.copies == choice.copies).all()


def test_the_guard_brings_back_nothing_below_its_floor():
    scores, topic = np.array([0.9, 0.8, 0.7, 0.4, 0.1]), np.array([0, 0, 0, 1, 1])
    rule = TailGuard(Threshold(0.5), ["topic"], least=1.0, floor=0.5)
    choice = rule.choose(pile(scores, topic=topic), None, rng=rng())
    assert choice.copies.tolist() == [1, 1, 1, 0, 0]
    assert choice.lost == {"topic": ["1"]}
    lower = TailGuard(Threshold(0.5), ["topic"], least=1.0, floor=0.3)
    assert lower.choose(pile(scores, topic=topic), None, rng=rng()).copies.tolist() == [
        1, 1, 0, 1, 0,
    ]  # fmt: skip


def test_wrong_guards_are_refused():
    with pytest.raises(InputError, match="Tilt ranks no records"):
        TailGuard(Tilt(), ["topic"])
    with pytest.raises(InputError, match="list of the columns"):
        TailGuard(TopFraction(), "topic")
    with pytest.raises(InputError, match="least"):
        TailGuard(TopFraction(), ["topic"], least=1.5)
    with pytest.raises(InputError, match="records"):
        TailGuard(TopFraction(), ["topic"], records=-1)
    with pytest.raises(InputError, match="Did you mean 'reference'"):
        TailGuard(TopFraction(), ["topic"], against="references")
    candidates = pile([1.0, 2.0, 3.0], topic=[0, 1, 2])
    with pytest.raises(InputError, match="Did you mean 'topic'"):
        TailGuard(TopFraction(), ["topics"]).choose(candidates, 2, rng=rng())
    with pytest.raises(InputError, match="are 3 together, but only 2 are kept"):
        TailGuard(TopFraction(), ["topic"], records=1).choose(candidates, 2, rng=rng())


# --- quotas ---------------------------------------------------------------------------------


def test_apportioned_numbers_are_exact_and_close_to_proportional():
    random = rng(6)
    for _ in range(300):
        shares = random.random(5) * (random.random(5) < 0.8)
        most = random.integers(0, 30, 5)
        n = int(random.integers(0, 80))
        given = apportion(shares, n, most)
        open_ = (shares > 0) & (most > 0)
        assert (given <= most).all()
        assert (given[shares == 0] == 0).all()
        assert given.sum() == min(n, most[open_].sum())
        free = open_ & (given < most)
        if free.any():
            # One common scale serves all groups that are not full, but for rounding.
            assert ((given[free] - 1) / shares[free]).max() < (
                (given[free] + 1) / shares[free]
            ).min()


def test_a_quota_keeps_the_first_of_each_group():
    random = rng(7)
    scores, topic = random.normal(size=100), random.integers(0, 3, 100)
    candidates = pile(scores, topic=topic)
    choice = Quota(TopFraction(), "topic", "equal").choose(candidates, 30, rng=rng())
    for code in range(3):
        mine = scores[topic == code]
        kept = scores[(topic == code) & (choice.copies > 0)]
        assert np.sort(kept).tolist() == np.sort(mine)[-10:].tolist()
    quarter = Quota(TopFraction(0.2), "topic").choose(candidates, None, rng=rng())
    assert np.abs(np.bincount(topic, quarter.copies) - np.bincount(topic) * 0.2).max() <= 1
    assert quarter.kept == 20


def test_quotas_by_name_and_by_reality():
    candidates = pile(
        np.arange(20.0), reference={"topic": [3, 1, 0]}, names={"topic": ["a", "b", "c"]},
        topic=np.arange(20) % 3,
    )  # fmt: skip
    named = Quota(TopFraction(), "topic", {"a": 3.0, "c": 1.0}).choose(candidates, 8, rng=rng())
    assert np.bincount(np.arange(20) % 3, named.copies).tolist() == [6, 0, 2]
    assert named.lost == {"topic": ["b"]}
    real = Quota(TopFraction(), "topic", "reference").choose(candidates, 8, rng=rng())
    assert np.bincount(np.arange(20) % 3, real.copies).tolist() == [6, 2, 0]
    with pytest.raises(InputError, match="group 'aa', which 'topic' does not have"):
        Quota(TopFraction(), "topic", {"aa": 1.0}).choose(candidates, 8, rng=rng())


def test_a_group_that_is_too_small_hands_its_places_on():
    candidates = pile(np.arange(20.0), topic=np.repeat([0, 1], [18, 2]))
    choice = Quota(TopFraction(), "topic", "equal").choose(candidates, 10, rng=rng())
    assert np.bincount(np.repeat([0, 1], [18, 2]), choice.copies).tolist() == [8, 2]
    assert "with fewer records than their share: '1'" in choice.notes[0]
    thresholded = Quota(Threshold(0.0), "topic", "equal")
    assert thresholded.choose(candidates, None, rng=rng()).kept == 4
    with pytest.raises(InputError, match="only 20 to give"):
        Quota(TopFraction(), "topic", "equal").choose(candidates, 21, rng=rng())


def test_a_quota_reports_ties_at_the_cut_of_each_group():
    topic = np.repeat([0, 1, 2], [60, 30, 10])
    scores = np.r_[np.ones(50), np.zeros(10), np.arange(30) + 2.0, np.full(10, 0.5)]
    shares = {"0": 2.0, "1": 1.0, "2": 1.0}
    choice = Quota(TopFraction(), "topic", shares).choose(pile(scores, topic=topic), 40, rng=rng())
    # 20 of 50 equal ones of the first, the best 10 of the second, and all of the third.
    assert (choice.figures["tied_at_cut"], choice.figures["tied_and_kept"]) == (50, 20)
    assert "50 records share the score at the cut, 1; 20 of them" in " ".join(choice.notes)
    distinct = pile(np.arange(100.0), topic=topic)
    clean = Quota(TopFraction(), "topic", shares).choose(distinct, 40, rng=rng())
    assert clean.figures["tied_at_cut"] == 0
    assert not any("share the score" in note for note in clean.notes)
    by_chance = Quota(RandomChoice(), "topic", shares).choose(distinct, 40, rng=rng())
    assert "tied_at_cut" not in by_chance.figures


def test_wrong_quotas_are_refused():
    with pytest.raises(InputError, match="Did you mean 'equal'"):
        Quota(TopFraction(), "topic", "equals")
    for wrong in ({"a": -1.0}, {"a": 0.0}, {}):
        with pytest.raises(InputError, match="share of 0 or more"):
            Quota(TopFraction(), "topic", wrong)
    with pytest.raises(InputError, match="ranks no records"):
        Quota(Tilt(), "topic")


def test_a_pile_with_a_reference_checks_its_codes():
    with pytest.raises(InputError, match="run from 0 to 2, but 2 groups"):
        pile([1.0, 2.0, 3.0], reference={"topic": [5, 5]}, topic=[0, 1, 2])
    with pytest.raises(InputError, match="do not have"):
        pile([1.0], reference={"topics": [5, 5]}, topic=[0])


# --- raking ---------------------------------------------------------------------------------


def test_raking_reaches_its_shares_and_changes_nothing_else():
    random = rng(9)
    codes = [random.integers(0, 3, 500), random.integers(0, 5, 500), random.integers(0, 2, 500)]
    wanted = [np.array([0.5, 0.3, 0.2]), np.full(5, 0.2), np.array([0.4, 0.6])]
    start = random.random(500)
    for most in (np.inf, 5.0):
        raked = rake(start, codes, wanted, most=most)
        assert raked.converged
        assert raked.weights.sum() == pytest.approx(start.sum())
        for code, aim in zip(codes, wanted, strict=True):
            share = np.bincount(code, raked.weights) / raked.weights.sum()
            assert share == pytest.approx(aim, abs=1e-7)
    # Without a bound the factors are products of one factor for each column.
    logs = np.log(rake(start, codes, wanted).weights / start)
    design = np.concatenate([np.eye(code.max() + 1)[code] for code in codes], axis=1)
    left = logs - design @ np.linalg.lstsq(design, logs, rcond=None)[0]
    assert np.abs(left).max() < 1e-9


def test_bounded_raking_is_the_closest_within_its_bound():
    from scipy.optimize import minimize

    mass = np.array([0.3, 0.2, 0.1, 0.4])
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    raked = rake(mass, [one, other], [[0.58, 0.42], [0.5, 0.5]], most=1.3)
    assert raked.converged
    ratio = raked.weights / mass
    assert ratio.max() <= 1.3 + 1e-9
    assert ratio.max() > 1.3 - 1e-6  # the bound is felt
    assert ratio.min() >= 1 / 1.3 - 1e-9
    best = minimize(
        lambda w: np.sum(w * np.log(w / mass)), mass,
        bounds=[(m / 1.3, m * 1.3) for m in mass],
        constraints=[{"type": "eq", "fun": lambda w: [w[0] + w[1] - 0.58, w[0] + w[2] - 0.5,
                                                      w.sum() - 1]}],
        options={"ftol": 1e-14},
    )  # fmt: skip
    assert raked.weights == pytest.approx(best.x, abs=1e-5)


def test_raking_says_when_it_cannot():
    one = np.repeat([0, 1], [98, 2])
    raked = rake(np.ones(100), [one], [[0.5, 0.5]], most=3.0)
    assert not raked.converged
    assert raked.error > 0.1
    # Two columns that are one and the same cannot have different shares.
    twice = rake(np.ones(100), [one, one], [[0.5, 0.5], [0.9, 0.1]])
    assert not twice.converged
    with pytest.raises(InputError, match="nothing to rake"):
        rake(np.zeros(2), [np.array([0, 1])], [[0.5, 0.5]])
    with pytest.raises(InputError, match="above 1"):
        rake(np.ones(2), [np.array([0, 1])], [[0.5, 0.5]], most=1.0)
    with pytest.raises(InputError, match="none of the groups"):
        rake(np.ones(2), [np.array([0, 0])], [[0.0, 1.0]])


@pytest.mark.parametrize("rule", [TopFraction(0.5), Tilt(0.7), Tilt(0.7, resample=True)])
def test_rake_weighs_what_any_rule_keeps(rule):
    random = rng(11)
    one, other = random.integers(0, 3, 400), random.integers(0, 2, 400)
    scores = random.normal(size=400) + 0.5 * one
    scores[0] = np.nan
    real = {"one": [300, 300, 400], "other": [450, 550]}
    candidates = pile(scores, reference=real, one=one, other=other)
    choice = Rake(rule, ["one", "other"]).choose(candidates, 150, rng=rng(1))
    assert (choice.copies == rule.choose(candidates, 150, rng=rng(1)).copies).all()
    total = choice.copies * choice.weights
    assert total.sum() == pytest.approx(choice.kept)
    assert ((choice.weights > 0) == (choice.copies > 0)).all()
    for codes, counts in ((one, real["one"]), (other, real["other"])):
        assert np.bincount(codes, total) / 150 == pytest.approx(np.array(counts) / 1000, abs=1e-6)
    assert choice.figures["share_error"] < 1e-7
    known = ~np.isnan(scores)
    mean = np.average(scores[known], weights=total[known])
    assert choice.figures["raked_mean_score"] == pytest.approx(mean)
    assert choice.figures["raking_price"] > 0
    assert 1 < choice.figures["effective_sample_size"] <= 150


def test_rake_names_what_it_cannot_reach():
    candidates = pile(
        np.r_[np.arange(98.0), -2.0, -1.0], reference={"topic": [50, 25, 25]},
        names={"topic": ["a", "b", "c"]}, topic=np.repeat([0, 1], [98, 2]),
    )  # fmt: skip
    choice = Rake(TopFraction(), ["topic"], most=3.0).choose(candidates, None, rng=rng())
    assert choice.lost == {}
    assert any("No candidate belongs to a group of 'topic'" in note for note in choice.notes)
    assert any("could not all be reached" in note and "'topic'" in note for note in choice.notes)
    alone = Rake(TopFraction(), ["topic"], most=3.0).choose(candidates, 10, rng=rng())
    assert alone.lost == {"topic": ["b"]}
    with pytest.raises(InputError, match="most = 1"):
        Rake(TopFraction(), ["topic"], most=1.0)
