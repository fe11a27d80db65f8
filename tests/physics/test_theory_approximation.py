"""Decoding and expressivity against plain simulations, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another generation, bias or divisor), which it must
reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import approximation


def agrees(sample, expected):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error


@pytest.mark.parametrize("ddof", [0, 1])
def test_biased_gaussian_chain(ddof):
    n, bias, fits, rng = 15, 0.8, 6, np.random.default_rng(20)
    mean, variance = np.zeros(40_000), np.ones(40_000)
    for t in range(fits):
        spread = np.sqrt(variance if t == 0 else bias * variance)[:, None]
        data = mean[:, None] + spread * rng.standard_normal((mean.size, n))
        mean, variance = data.mean(axis=1), data.var(axis=1, ddof=ddof)
    distance = mean**2 + (np.sqrt(variance) - 1) ** 2
    last = fits - 1
    for sample, formula in (
        (variance, approximation.biased_variance),
        (mean**2, approximation.biased_mean_error),
        (distance, approximation.biased_squared_wasserstein),
    ):
        assert agrees(sample, formula(last, n, bias, ddof=ddof))
        assert not agrees(sample, formula(last, n, 0.7, ddof=ddof))
        assert not agrees(sample, formula(last, n, 1.0, ddof=ddof))
    assert not agrees(variance, approximation.biased_variance(last, n, bias, ddof=1 - ddof))
    # the records of generation 0 are real, so that they are not biased
    assert not agrees(variance, bias * approximation.biased_variance(last, n, bias, ddof=ddof))


def test_tempered_records():
    law, temperature, rng = np.array([0.5, 0.3, 0.15, 0.05]), 0.8, np.random.default_rng(21)
    current = law
    for t in range(1, 4):
        # rejection writes at a temperature, without computing the tempered law
        states = rng.choice(4, 200_000, p=current)
        accept = (current / current.max()) ** (1 / temperature - 1)
        states = states[rng.random(states.size) < accept[states]]
        current = approximation.tempered_law(t, law, temperature)
        assert all(agrees(states == i, current[i]) for i in range(4))
        wrong = approximation.tempered_law(t - 1, law, temperature)
        assert not agrees(states == 0, wrong[0])


def test_cut_records():
    rng = np.random.default_rng(22)
    law = 0.8 ** np.arange(30)
    law /= law.sum()
    model = law
    for t in range(1, 9):
        order = np.argsort(-model)
        enough = np.argmax(np.cumsum(model[order]) >= 0.9) + 1
        written = np.where(np.isin(np.arange(30), order[:enough]), model, 0.0)
        model = rng.multinomial(2_000_000, written / written.sum()) / 2_000_000
        assert np.count_nonzero(model) == approximation.top_p_support(t, law, 0.9)
        expected = approximation.top_p_law(t, law, 0.9)
        assert np.all(np.abs(model - expected) < 4 * np.sqrt(t * expected / 2_000_000) + 1e-12)
        if t < 5:
            assert np.count_nonzero(model) != approximation.top_p_support(t - 1, law, 0.9)
            assert np.count_nonzero(model) != approximation.top_p_support(t, law, 0.85)


@pytest.mark.parametrize("separation", [1.0, 2.0, 3.0])
def test_row_40_one_gaussian_for_two(separation):
    rng, size = np.random.default_rng(40), 400_000

    def truth():
        return rng.standard_normal(size) + separation * rng.choice([-1.0, 1.0], size)

    records = truth()
    for t in range(3):
        mean, variance = records.mean(), records.var()
        x = truth()
        log_truth = np.logaddexp(-((x - separation) ** 2) / 2, -((x + separation) ** 2) / 2)
        log_ratio = log_truth - np.log(2) + (x - mean) ** 2 / 2 / variance + np.log(variance) / 2
        assert agrees(log_ratio, approximation.expressivity_divergence(t, separation))
        assert not agrees(log_ratio, approximation.expressivity_divergence(t, 1.1 * separation))
        assert not agrees(log_ratio, 0.0)
        records = mean + np.sqrt(variance) * rng.standard_normal(size)
