"""Measures of counts against a reference: size of every test, coverage of every interval."""

import numpy as np
import pytest
from scipy.stats import binom

from modelcollapse.metrics.effective_generations import effective_generations
from modelcollapse.metrics.erasure import Fate, erasure, records_needed
from modelcollapse.metrics.matched_diversity import hill_profile, matched_coverage
from modelcollapse.metrics.retention import rarity_edges, retention_by_rarity, type_retention
from modelcollapse.metrics.share_comparison import ratio_interval, share_tests
from modelcollapse.metrics.total_variation import jensen_shannon_signal, total_variation_signal

REPEATS = 200


def zipf(states):
    weights = 1 / np.arange(1, states + 1)
    return weights / weights.sum()


def pairs(n, m, seed, states=300):
    rng = np.random.default_rng(seed)
    for _ in range(REPEATS):
        yield rng.multinomial(n, zipf(states)), rng.multinomial(m, zipf(states))


def at_most(hits, of, rate):
    """Whether so many hits, or more, have more than one chance in 30,000 at that rate."""
    return binom.sf(hits - 1, of, rate) > 1 / 30_000


def about(hits, of, rate):
    return at_most(hits, of, rate) and at_most(of - hits, of, 1 - rate)


def tail_of_half(counts, reference):
    return retention_by_rarity(counts, reference, edges=rarity_edges(reference))["tail"].signal


def rarest(counts, reference):
    return type_retention(counts, reference, zipf(counts.size) < 0.002).signal


def order(which):
    return lambda counts, reference: hill_profile(counts, reference, orders=(which,))[which]


MEASURES = {
    "retention by rarity": tail_of_half,
    "retention of given types": rarest,
    "Hill 0": order(0),
    "Hill 1": order(1),
    "Hill 2": order(2),
    "coverage": matched_coverage,
    "generations": effective_generations,
    "total variation": total_variation_signal,
    "Jensen-Shannon": jensen_shannon_signal,
}


@pytest.mark.parametrize("sizes", [(400, 400), (400, 1_500), (1_500, 400)])
@pytest.mark.parametrize("name", MEASURES)
def test_an_honest_redraw_is_unbiased_and_passes_at_the_stated_rate(name, sizes):
    found = [MEASURES[name](*pair) for pair in pairs(*sizes, seed=1)]
    excess = np.array([reading.value - reading.expected for reading in found])
    if not name.startswith("Hill 1"):  # its logarithm is compared, and its value is convex
        assert abs(excess.mean()) < 4 * excess.std() / REPEATS**0.5 + 0.002
    rejected = sum(reading.p < 0.05 for reading in found)
    assert at_most(rejected, REPEATS, 0.06)
    if name not in ("Hill 1", "Jensen-Shannon"):  # those are cautious
        assert about(rejected, REPEATS, 0.05)


@pytest.mark.parametrize("sizes", [(400, 400), (400, 1_500), (1_500, 400)])
@pytest.mark.parametrize("name", list(MEASURES)[:7])
def test_intervals_cover_what_is_expected(name, sizes):
    found = [MEASURES[name](*pair) for pair in pairs(*sizes, seed=2)]
    missed = sum(not reading.low <= reading.expected <= reading.high for reading in found)
    assert at_most(missed, REPEATS, 0.06)


def test_raw_comparisons_reject_an_honest_redraw():
    # the control: types found against types of the reference, and distance against zero
    for counts, reference in list(pairs(400, 1_500, seed=1))[:20]:
        assert (counts > 0).sum() < 0.8 * (reference > 0).sum()
        assert total_variation_signal(counts, reference).low > 0
    # types picked as rare by the very counts that they are then measured against
    picked = [
        type_retention(counts, reference, (reference > 0) & (reference <= 2)).signal.value
        for counts, reference in pairs(400, 400, seed=3)
    ]
    assert np.mean(picked) < 0.8
    honest = [tail_of_half(*pair).value for pair in pairs(400, 400, seed=3)]
    assert np.mean(honest) == pytest.approx(1, abs=4 * np.std(honest) / REPEATS**0.5)


@pytest.mark.parametrize("generations", [1, 5, 20, 50, 100])
def test_generations_are_counted(generations):
    rng = np.random.default_rng(4)
    n, found = 500, []
    for _ in range(REPEATS):
        p = zipf(500)
        for _ in range(generations):
            p = rng.multinomial(n, p) / n
        found.append(effective_generations(rng.multinomial(n, p), rng.multinomial(n, zipf(500))))
    values = np.array([reading.value for reading in found])
    error = values.std() / REPEATS**0.5
    assert values.mean() == pytest.approx(generations, abs=4 * error)
    missed = sum(not reading.low <= generations <= reading.high for reading in found)
    assert at_most(missed, REPEATS, 0.06)
    if generations >= 20:  # the controls: another size of generation, and estimation alone
        wrong = values.mean() * np.log1p(-1 / n) / np.log1p(-1 / 700)
        assert abs(wrong - generations) > 4 * error
        alone = sum(abs(r.value - generations) > 1.96 * r.error for r in found)
        assert not at_most(alone, REPEATS, 0.06)


def test_a_family_of_groups_raises_few_false_alarms():
    rng = np.random.default_rng(5)
    p = np.concatenate([np.full(40, 0.005), [0.8]])
    alarms = naive = 0
    for _ in range(200):
        found = erasure(rng.multinomial(2_000, p), rng.multinomial(3_000, p))
        alarms += (found.adjusted_p < 0.05).any()
        naive += (found.p < 0.05).any()
        assert not (found.fate == Fate.ERASED).any()
    assert at_most(alarms, 200, 0.05)
    assert not at_most(naive, 200, 0.05)


@pytest.mark.parametrize("true", [0.3, 1.0, 2.0])
def test_ratio_intervals_cover(true):
    rng = np.random.default_rng(6)
    s, c = rng.binomial(900, 0.03 * true, 4_000), rng.binomial(600, 0.03, 4_000)
    low, high = ratio_interval(s, 900, c, 600)
    missed = int(((true < low) | (true > high)).sum())
    assert at_most(missed, 4_000, 0.06)
    low, high = ratio_interval(s, 900, c, 900)  # the control: a wrong size
    assert ((true < low) | (true > high)).sum() > 2 * missed


@pytest.mark.parametrize("tests", [1, 20])
def test_a_halving_is_seen_with_the_stated_power(tests):
    rng = np.random.default_rng(7)
    share, m = 0.02, 8_000
    n = int(records_needed(share, reference_n=m, tests=tests))

    def power(n):
        s, c = rng.binomial(n, share / 2, 4_000), rng.binomial(m, share, 4_000)
        return np.mean(share_tests(s, n, c, m)[0] < 0.05 / tests)

    # the exact test is a little weaker than the normal approximation
    assert 0.72 < power(n) < 0.82
    assert power(n // 2) < 0.5
