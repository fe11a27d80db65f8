"""Rules of selection against the laws they should produce, and against chance."""

import math
from collections import Counter

import numpy as np
import pytest

from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.effects import effects
from modelcollapse.selection.pile import Pile
from modelcollapse.selection.resample import Resample
from modelcollapse.selection.tilt import Tilt
from modelcollapse.selection.top import TopFraction
from modelcollapse.theory import curation

LAW, REWARDS = np.array([0.5, 0.3, 0.15, 0.05]), np.array([1.0, 0.0, 1.0, 2.0])


def deviation(share, law, n):
    """Largest deviation of shares from a law, in standard errors of n records."""
    return np.max(np.abs(share - law) / np.sqrt(law * (1 - law) / n))


@pytest.mark.parametrize("candidates", [2, 4])
def test_best_per_prompt_writes_the_law_of_best_of(candidates):
    prompts = 40_000
    rng = np.random.default_rng(61)
    states = rng.choice(4, prompts * candidates, p=LAW)
    pile = Pile({"reward": REWARDS[states]}, rng.permutation(states.size) % prompts)
    choice = BestPerPrompt().choose(pile, None, rng=rng)
    share = np.bincount(states[choice.copies > 0], minlength=4) / prompts
    law = curation.best_of_law(1, LAW, REWARDS, candidates)
    assert deviation(share, law, prompts) < 4
    wrong = curation.best_of_law(1, LAW, REWARDS, candidates + 1)
    assert deviation(share, wrong, prompts) > 4


@pytest.mark.parametrize("resample", [False, True])
def test_tilting_writes_the_tilted_law(resample):
    size = 200_000
    rng = np.random.default_rng(62)
    states = rng.choice(4, size, p=LAW)
    rewards = REWARDS[states]
    pile = Pile({"reward": rewards})
    law = curation.tilted_law(1, LAW, REWARDS)

    def shares(strength):
        rule = Tilt(strength * rewards.std(), resample=resample, repeats=50)
        choice = rule.choose(pile, 50_000 if resample else None, rng=rng)
        weights = choice.copies if choice.weights is None else choice.weights
        return np.bincount(states, weights, minlength=4) / weights.sum()

    # Weights of up to e**2 make the records worth fewer.
    worth = 50_000 if resample else size / 4
    assert deviation(shares(1.0), law, worth) < 4
    assert deviation(shares(1.2), law, worth) > 4


def test_resampling_by_odds_gives_the_real_law_back():
    size, kept = 200_000, 30_000
    rng = np.random.default_rng(63)
    written = np.array([0.7, 0.2, 0.08, 0.02])
    states = rng.choice(4, size, p=written)
    odds = np.log(LAW / written)
    pile = Pile({"detector": odds[states]})

    def shares(exponent):
        rule = Resample(exponent, scale="log_odds", repeats=20)
        return np.bincount(states, rule.choose(pile, kept, rng=rng).copies, minlength=4) / kept

    assert deviation(shares(1.0), LAW, kept) < 4
    for wrong in (0.0, 0.8, 1.2):
        assert deviation(shares(wrong), LAW, kept) > 4


def summaries(prompts, candidates, rng):
    """Texts that copy a reference of their prompt, more or less of it, and how much."""
    states = 6000
    law = 1 / np.arange(1, states + 1) ** 1.05
    law /= law.sum()
    real, texts, quality = [], [], rng.beta(2.2, 1.6, prompts * candidates)
    for prompt in range(prompts):
        source = rng.choice(states, rng.integers(14, 35), p=law)
        real.append(source)
        for one in quality[prompt * candidates : (prompt + 1) * candidates]:
            copied = rng.random(source.size) < one
            texts.append(np.where(copied, source, rng.choice(states, source.size, p=law)))
    return real, texts, quality


def test_selection_by_perplexity_cuts_tails_and_best_of_each_prompt_covers_prompts():
    prompts, candidates = 1200, 4
    rng = np.random.default_rng(64)
    real, texts, quality = summaries(prompts, candidates, rng)
    seen = Counter(np.concatenate(real[::2]).tolist())
    total = sum(seen.values())
    surprise = [np.mean([math.log((seen[w] + 0.1) / total) for w in t]) for t in texts]
    correct = rng.random(quality.size) < quality**0.7
    pile = Pile(
        {"perplexity": np.array(surprise), "noise": rng.normal(size=len(texts))},
        np.repeat(np.arange(prompts), candidates),
    )
    written = [" ".join(map(str, text)) for text in texts]
    reference = [" ".join(map(str, text)) for text in real]

    def measured(rule):
        choice = rule.choose(pile, prompts, rng=np.random.default_rng(1))
        assert choice.kept == prompts
        return effects(
            pile, choice, rng=np.random.default_rng(2), texts=written, reference=reference,
            labels=correct.astype(float), draws=30,
        )  # fmt: skip

    cut = ("types", "types_at_equal_length", "tail_covered", "entropy", "prompts")
    top = measured(TopFraction(by="perplexity"))
    assert all(top[name].z < -4 for name in cut)
    each = measured(BestPerPrompt(by="perplexity"))
    assert each["prompts"].kept == prompts
    assert each["prompts"].z > 4
    for name in ("types", "tail_covered", "entropy"):
        assert each[name].kept > top[name].kept + 4 * top[name].sd
    # Chance is what the measures say it is: a score that knows nothing cuts nothing.
    blind = measured(TopFraction(by="noise"))
    assert not any(blind[name].z < -4 for name in cut)
    assert all(abs(row.z) < 4 for row in blind.effects if row.measure in (*cut, "wrong"))
