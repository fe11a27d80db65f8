"""Rules that rank and cut: threshold, top, best per prompt, chance."""

import typing

import numpy as np
import pytest

from modelcollapse import registry
from modelcollapse.errors import InputError
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.chance import RandomChoice
from modelcollapse.selection.order import Ranking
from modelcollapse.selection.pile import Pile, Rule
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.top import TopFraction

RULES = [Threshold(-9.0), TopFraction(), BestPerPrompt(keep=3), RandomChoice()]


def rng(seed=0):
    return np.random.default_rng(seed)


def pile(scores, prompts=None, **groups):
    return Pile(
        {"s": np.asarray(scores, dtype=float)},
        None if prompts is None else np.asarray(prompts),
        {name: np.asarray(codes) for name, codes in groups.items()},
    )


PLAIN = pile(rng(5).normal(size=60), np.repeat(np.arange(20), 3))


@pytest.mark.parametrize("rule", RULES)
def test_rules_keep_their_promises(rule):
    assert isinstance(rule, Rule)
    assert isinstance(rule, Ranking)
    for n in (1, 17, 60):
        choice = rule.choose(PLAIN, n, rng=rng(1))
        assert choice.kept == n
        assert sum(choice.dropped.values()) == 60 - n
        again = rule.choose(PLAIN, n, rng=rng(1))
        assert (choice.copies == again.copies).all()
    assert typing.get_type_hints(type(rule))
    spec = {f: getattr(rule, f) for f in rule.__dataclass_fields__}
    assert registry.make(type(rule), spec, "rule") == rule


@pytest.mark.parametrize("rule", RULES)
def test_records_without_a_score_are_dropped_with_a_reason(rule):
    scores = np.array([0.5, np.nan, 0.2, np.nan])
    choice = rule.choose(pile(scores, [0, 0, 1, 1]), None, rng=rng())
    assert choice.copies.tolist() == [1, 0, 1, 0]
    assert choice.dropped == {"no score": 2}
    with pytest.raises(InputError, match="n = 3 records were asked for"):
        rule.choose(pile(scores, [0, 0, 1, 1]), 3, rng=rng())
    with pytest.raises(InputError, match="none of the 2 records has a score"):
        rule.choose(pile([np.nan, np.nan], [0, 1]), None, rng=rng())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_a_number_that_is_none_is_refused(rule, n):
    with pytest.raises(InputError, match="whole number of at least 1"):
        rule.choose(PLAIN, n, rng=rng())


@pytest.mark.parametrize("rule", [TopFraction(), Threshold(0.0), BestPerPrompt(beyond="score")])
def test_ties_at_the_cut_are_random_and_counted(rule):
    scores = np.array([0.9] * 10 + [0.5] * 30 + [0.1] * 10)
    tied = pile(scores, np.arange(50))
    kept = np.zeros(50)
    for seed in range(400):
        choice = rule.choose(tied, 20, rng=rng(seed))
        assert choice.figures["tied_at_cut"] == 30
        assert choice.figures["tied_and_kept"] == 10
        assert "30 records share the score at the cut, 0.5; 10 of them" in choice.notes[0]
        kept += choice.copies
    assert (kept[:10] == 400).all()
    assert (kept[40:] == 0).all()
    # Each of the 30 has the chance 1/3, wherever it stands.
    assert np.abs(kept[10:40] / 400 - 1 / 3).max() < 4 * np.sqrt(2 / 9 / 400)


@pytest.mark.parametrize("rule", [TopFraction(0.25), Threshold(0.5)])
def test_constant_scores_are_a_random_choice_and_say_so(rule):
    choice = rule.choose(pile(np.full(40, 0.5)), 10, rng=rng())
    assert choice.kept == 10
    assert choice.notes == ("All 40 records to choose from have the same score, 0.5: the choice "
                            "is random.",)  # fmt: skip
    assert not (choice.copies == rule.choose(pile(np.full(40, 0.5)), 10, rng=rng(1)).copies).all()


def test_a_clean_cut_says_nothing():
    choice = TopFraction(0.5).choose(pile([3.0, 1.0, 2.0, 0.0]), None, rng=rng())
    assert choice.copies.tolist() == [1, 0, 1, 0]
    assert choice.notes == ()
    assert choice.figures == {"tied_at_cut": 0.0}
    assert choice.dropped == {"the number to keep was reached before it": 2}


@pytest.mark.parametrize(("share", "kept"), [(0.25, 3), (0.1, 1), (0.01, 1), (1.0, 10)])
@pytest.mark.parametrize("kind", [TopFraction, RandomChoice])
def test_a_share_is_of_the_scored_records(kind, share, kept):
    scores = np.append(np.arange(10.0), [np.nan, np.nan])
    assert kind(share).choose(pile(scores), None, rng=rng()).kept == kept


def test_a_number_above_the_share_is_refused():
    with pytest.raises(InputError, match="only 5 to give among 10"):
        TopFraction(0.5).choose(pile(np.arange(10.0)), 6, rng=rng())


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
@pytest.mark.parametrize("kind", [TopFraction, RandomChoice])
def test_a_wrong_share_is_refused(kind, share):
    with pytest.raises(InputError, match="above 0 and is at most 1"):
        kind(share)


def test_threshold_names_the_score_that_would_do():
    with pytest.raises(InputError, match=r"at = 2: the highest score is 0\.9"):
        Threshold(2.0).choose(pile([0.9, np.nan]), None, rng=rng())
    for wrong in (float("nan"), "a", None):
        with pytest.raises(InputError, match="finite"):
            Threshold(wrong)


def test_among_several_verifiers_one_must_be_named():
    several = Pile({"good": np.array([1.0, 0.0]), "short": np.array([0.0, 1.0])})
    assert TopFraction(0.5, by="short").choose(several, None, rng=rng()).copies.tolist() == [0, 1]
    with pytest.raises(InputError, match="does not say which to choose by"):
        TopFraction().choose(several, None, rng=rng())
    with pytest.raises(InputError, match="Did you mean 'good'"):
        TopFraction(by="goood").choose(several, None, rng=rng())


# --- best per prompt ------------------------------------------------------------------------


def test_best_per_prompt_against_a_loop():
    random = rng(3)
    prompts = random.integers(0, 30, 200)
    scores = np.round(random.normal(size=200), 1)
    scores[random.random(200) < 0.1] = np.nan
    for keep in (1, 2, 5):
        choice = BestPerPrompt(keep).choose(pile(scores, prompts), None, rng=rng())
        for prompt in np.unique(prompts):
            mine = scores[prompts == prompt]
            best = np.sort(mine[~np.isnan(mine)])[::-1][:keep]
            kept = scores[(prompts == prompt) & (choice.copies > 0)]
            assert np.sort(kept)[::-1].tolist() == best.tolist()


def test_fewer_places_than_prompts_are_drawn_by_chance_or_filled_by_score():
    scores = np.arange(40.0)
    prompts = np.repeat(np.arange(20), 2)
    kept = np.zeros(40)
    for seed in range(300):
        kept += BestPerPrompt().choose(pile(scores, prompts), 5, rng=rng(seed)).copies
    assert (kept[::2] == 0).all()
    assert np.abs(kept[1::2] / 300 - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / 300)
    by_score = BestPerPrompt(beyond="score").choose(pile(scores, prompts), 5, rng=rng())
    assert np.flatnonzero(by_score.copies).tolist() == [31, 33, 35, 37, 39]


def test_as_many_rounds_as_it_takes():
    scores = np.array([9.0, 8.0, 7.0, 1.0, 0.5])
    prompts = np.array([0, 0, 0, 1, 1])
    choice = BestPerPrompt(keep=None, beyond="score").choose(pile(scores, prompts), 3, rng=rng())
    assert choice.copies.tolist() == [1, 1, 0, 1, 0]
    with pytest.raises(InputError, match="only 2 to give"):
        BestPerPrompt(keep=1).choose(pile(scores, prompts), 3, rng=rng())


def test_the_best_answer_is_dropped_below_the_least():
    scores, prompts = np.array([0.9, 0.8, 0.3, 0.2]), np.array([0, 0, 1, 1])
    choice = BestPerPrompt(least=0.5).choose(pile(scores, prompts), None, rng=rng())
    assert choice.copies.tolist() == [1, 0, 0, 0]
    assert choice.dropped == {"not among the best 1 of its prompt": 1, "a score below 0.5": 2}
    with pytest.raises(InputError, match=r"no answer reaches least = 1: the highest score is 0\.9"):
        BestPerPrompt(least=1.0).choose(pile(scores, prompts), None, rng=rng())


def test_ties_within_prompts_are_counted():
    scores, prompts = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 1.0]), np.array([0, 0, 0, 1, 1, 2])
    choice = BestPerPrompt().choose(pile(scores, prompts), None, rng=rng())
    assert choice.figures["prompts_tied_at_cut"] == 1
    assert "In 1 of 3 prompts" in choice.notes[0]
    first = [BestPerPrompt().choose(pile(scores, prompts), None, rng=rng(s)) for s in range(200)]
    assert abs(np.mean([c.copies[0] for c in first]) - 0.5) < 4 * np.sqrt(0.25 / 200)


def test_best_per_prompt_needs_prompts():
    with pytest.raises(InputError, match="no prompts"):
        BestPerPrompt().choose(pile([1.0]), None, rng=rng())
    for wrong in (0, 1.5, True):
        with pytest.raises(InputError, match="keep"):
            BestPerPrompt(keep=wrong)
    with pytest.raises(InputError, match="Did you mean 'score'"):
        BestPerPrompt(beyond="scores")
    with pytest.raises(InputError, match="least"):
        BestPerPrompt(least=float("inf"))
