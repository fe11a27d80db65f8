"""Word frequencies, surviving words, surprise and certainty: toy values and known laws."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.language import (
    cross_entropy_gap,
    next_token_concentration,
    perplexities,
    vocabulary_survival,
    zipf_exponent,
)


def line(counts):
    """Slope of log frequency against log rank, as it is often read."""
    shown = np.sort(counts[counts > 0])[::-1]
    return -np.polyfit(np.log(np.arange(1, len(shown) + 1)), np.log(shown), 1)[0]


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.3])
def test_the_exponent_of_an_exact_law_is_found(rng, exponent):
    law = np.arange(1, 2001.0) ** -exponent
    law /= law.sum()
    halves = [rng.multinomial(20_000, law, size=2) for _ in range(10)]
    found = np.mean([zipf_exponent(*half) for half in halves])
    assert found == pytest.approx(exponent, abs=0.015)
    if exponent < 1.2:
        # A negative control: a line through logarithms is off by five times as much.
        assert abs(np.mean([line(sum(half)) for half in halves]) - exponent) > 0.07


def test_the_exponent_needs_words_to_rank():
    assert np.isnan(zipf_exponent([9] * 9, [9] * 9))
    assert np.isnan(zipf_exponent([9] * 12, [0] * 12))
    assert zipf_exponent([9] * 12, [9] * 12) == pytest.approx(0, abs=1e-9)


def test_vocabulary_survival_compares_equal_lengths(rng):
    law = np.full(50, 0.02)
    known, control = rng.multinomial(2000, law), rng.multinomial(500, law)
    values = [vocabulary_survival(rng.multinomial(n, law), known, control) for n in [200, 9000] * 9]
    assert np.mean(values) == pytest.approx(1, abs=0.02)
    half = np.where(np.arange(50) < 25, 0.04, 0)
    assert vocabulary_survival(rng.multinomial(500, half), known, control) == pytest.approx(
        0.5, abs=0.02
    )
    assert vocabulary_survival([0] * 50 + [9], [1] * 50 + [0], [1] * 50 + [0]) == 0


def test_perplexity_is_that_of_each_text():
    found = perplexities([np.log([0.5, 0.125]), np.array([]), np.array([-np.inf])])
    assert found[0] == pytest.approx(4)
    assert np.isnan(found[1])
    assert found[2] == np.inf


def test_the_gap_is_nothing_for_a_model_that_equals_reality(rng):
    law = np.array([0.5, 0.3, 0.2])
    scores = np.log(law)
    real, own = (scores[rng.choice(3, size=40_000, p=law)] for _ in range(2))
    error = scores.std() * np.sqrt(2 / 40_000)
    assert abs(cross_entropy_gap(real, own)) < 4 * error
    greedy = np.full(10, scores.max())
    assert cross_entropy_gap(real, greedy) > 0.2
    assert np.isnan(cross_entropy_gap([], own))


def test_concentration_runs_from_all_alike_to_no_choice():
    assert next_token_concentration([np.log(8)] * 3) == pytest.approx(1 / 8)
    assert next_token_concentration([0.0, np.log(2)]) == pytest.approx(0.75)
    assert np.isnan(next_token_concentration([]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zipf_exponent([1, 2], [1]), "halves hold"),
        (lambda: zipf_exponent([1], [1], least=0), "least = 0"),
        (lambda: vocabulary_survival([1, 1], [0, 0], [1, 1]), "none of the real records"),
    ],
)
def test_wrong_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
