"""Scaling laws against plain simulations of counts, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another law, size or generation), which it must
reject.
"""

import numpy as np
import pytest
from scipy.special import zeta

from modelcollapse.theory import scaling


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def agrees(sample, expected):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error


def unseen_mass(truth, written, n, replicates, rng):
    """True probability of the states that n records of the written law do not hold."""
    return (rng.multinomial(n, written, replicates) == 0) @ truth


LAW = zipf(1000, 1.5)

# --- one learner ----------------------------------------------------------------------------


def test_row_24_clean_data():
    error = unseen_mass(LAW, LAW, 200, 4000, np.random.default_rng(24))
    assert agrees(error, scaling.expected_error(200, LAW))
    assert not agrees(error, scaling.expected_error(210, LAW))
    assert not agrees(error, scaling.power_law_error(200, 1.5))  # the alphabet is finite


def test_row_25_a_cut_law():
    written = np.where(np.arange(1000) < 30, LAW, 0.0)
    error = unseen_mass(LAW, written / written.sum(), 150, 4000, np.random.default_rng(25))
    assert agrees(error, scaling.expected_error(150, LAW, rank=30))
    assert not agrees(error, scaling.expected_error(150, LAW, rank=35))
    assert not agrees(error, scaling.expected_error(150, LAW))
    assert np.all(error > scaling.truncation_floor(LAW, 30) - 1e-12)
    assert not np.all(error > scaling.truncation_floor(LAW, 25))


def test_row_26_a_tempered_law():
    written = LAW ** (1 / 0.7)
    error = unseen_mass(LAW, written / written.sum(), 500, 4000, np.random.default_rng(26))
    assert agrees(error, scaling.expected_error(500, LAW, temperature=0.7))
    assert not agrees(error, scaling.expected_error(500, LAW, temperature=1 / 0.7))
    assert not agrees(error, scaling.expected_error(500, LAW, temperature=0.72))


@pytest.mark.parametrize("n", [500, 3000])
def test_real_records_in_the_mixture(n):
    written = np.where(np.arange(1000) < 20, LAW, 0.0)
    rng = np.random.default_rng(44)
    real = rng.binomial(n, 0.1, 2000)
    counts = rng.multinomial(real, LAW) + rng.multinomial(n - real, written / written.sum())
    error = (counts == 0) @ LAW
    assert agrees(error, scaling.expected_error(n, LAW, rank=20, real=0.1))
    assert not agrees(error, scaling.expected_error(n, LAW, rank=20, real=0.05))
    # records of the truth in the place of a share of the model's: not the same
    assert not agrees(error, scaling.expected_error(round(n / 10), LAW))


def test_the_plateau_of_mixed_data():
    law, rank, real = zipf(5000, 1.5), 20, 0.001
    flat = scaling.plateau(1.5, rank, real)
    written = np.where(np.arange(law.size) < rank, law, 0.0)
    blend = real * law + (1 - real) * written / written.sum()
    rng = np.random.default_rng(444)
    means = {
        when: unseen_mass(law, blend, round(float(n)), 200, rng).mean()
        for when, n in (
            ("before", flat.begin / 5),
            ("in", 10 * flat.begin),
            ("after", 30 * flat.end),
        )
    }
    floor = scaling.truncation_floor(law, rank)
    assert abs(means["in"] / floor - 1) < 0.1
    assert means["before"] > 1.3 * floor
    assert means["after"] < 0.5 * floor


def test_total_variation():
    law, rng = zipf(300, 1.5), np.random.default_rng(45)
    frequencies = rng.multinomial(200, law, 4000) / 200
    distance = np.abs(frequencies - law).sum(axis=1) / 2
    assert agrees(distance, scaling.expected_total_variation(200, law))
    assert not agrees(distance, scaling.expected_total_variation(205, law))
    normal = np.sum(np.sqrt(law * (1 - law) / (2 * np.pi * 200)))
    assert not agrees(distance, normal)  # rare states are not normal


def test_total_variation_falls_with_its_exponent():
    rng, law = np.random.default_rng(451), zipf(100_000, 1.5)
    early, late = (
        np.mean([np.abs(rng.multinomial(n, law) / n - law).sum() for _ in range(20)])
        for n in (1000, 10_000)
    )
    slope = np.log10(early / late)
    assert abs(slope - scaling.total_variation_exponent(1.5)) < 0.05
    assert abs(slope - 0.5) > 0.1


# --- infinitely many states -----------------------------------------------------------------


def unseen_mass_of_a_power_law(true, records):
    """One minus the true probability of the distinct ranks in each row of records."""
    ranks = np.sort(records, axis=1).astype(np.float64)
    new = np.diff(ranks, axis=1, prepend=0) > 0
    return 1 - np.sum(np.where(new, ranks**-true, 0.0), axis=1) / zeta(true, 1)


@pytest.mark.parametrize("exponent, temperature", [(1.5, 1.0), (2.0, 1.0), (2.0, 0.6), (2.0, 1.4)])
def test_power_laws(exponent, temperature):
    records = np.random.default_rng(240).zipf(exponent / temperature, (4000, 200))
    error = unseen_mass_of_a_power_law(exponent, records)
    assert agrees(error, scaling.power_law_error(200, exponent, temperature=temperature))
    assert not agrees(error, scaling.power_law_error(240, exponent, temperature=temperature))
    assert not agrees(error, scaling.power_law_error(200, exponent, temperature=temperature * 1.05))


@pytest.mark.parametrize("exponent, temperature", [(1.5, 1.0), (2.0, 0.6)])
def test_the_constant_and_the_exponent_of_many_records(exponent, temperature):
    records = np.random.default_rng(241).zipf(exponent / temperature, (150, 20_000))
    error = unseen_mass_of_a_power_law(exponent, records)
    law = {"exponent": exponent, "temperature": temperature}
    assert agrees(error, scaling.power_law_error_asymptotic(20_000, **law))
    constant, power = scaling.error_constant(**law), scaling.error_exponent(**law)
    assert agrees(error, constant * 20_000.0**-power)
    assert not agrees(error, 1.06 * constant * 20_000.0**-power)
    assert not agrees(error, constant * 20_000.0 ** -(1 - 1 / exponent) * 1.06)


def test_a_cut_power_law_stays_below_the_sum_of_two_powers():
    n, rank, rng = 400, 40, np.random.default_rng(250)
    records = rng.zipf(1.5, (2000, 12 * n))
    kept = [row[row <= rank][:n] for row in records]
    assert min(map(len, kept)) == n
    error = unseen_mass_of_a_power_law(1.5, np.array(kept))
    bound = scaling.truncated_error_upper_bound(n, 1.5, rank)
    assert error.mean() < bound
    assert error.mean() > scaling.power_law_floor(1.5, rank)
    assert error.mean() > scaling.power_law_error(n, 1.5)  # either part alone is too low


# --- generations ----------------------------------------------------------------------------


def test_row_27_contexts_redrawn():
    rng = np.random.default_rng(27)
    knows = np.ones((2000, 1000), dtype=bool)  # the truth answers every question rightly
    for _ in range(5):
        asked = rng.multinomial(200, LAW, 2000) > 0
        knows = asked & knows  # a learner answers what it was asked, as its teacher did
    error = ~knows @ LAW
    assert agrees(error, scaling.relabelled_error(4, 200, LAW))
    assert not agrees(error, scaling.relabelled_error(5, 200, LAW))
    assert not agrees(error, scaling.relabelled_error_upper_bound(4, 200, LAW))
    assert not agrees(error, scaling.resampled_error(4, 200, LAW))
    assert error.mean() < scaling.relabelled_error_upper_bound(4, 200, LAW)


def test_everything_resampled():
    rng = np.random.default_rng(271)
    model = np.tile(LAW, (3000, 1))
    for _ in range(5):
        model = rng.multinomial(200, model / model.sum(axis=1, keepdims=True)) / 200
    error = (model == 0) @ LAW
    assert agrees(error, scaling.resampled_error(4, 200, LAW))
    assert not agrees(error, scaling.resampled_error(3, 200, LAW))
    assert not agrees(error, scaling.relabelled_error(4, 200, LAW))
    bound = scaling.resampled_error_upper_bound(4, 200, LAW)
    assert error.mean() < bound < 1.02 * error.mean()


def test_growth_over_generations_of_a_power_law():
    n, exponent, rng = 5000, 2.0, np.random.default_rng(272)
    clean = scaling.power_law_error_asymptotic(n, exponent)
    records = rng.zipf(exponent, (800, n))
    resampled = records
    relabelled = []
    for row in records:
        known = np.unique(row)
        for _ in range(2):
            known = np.intersect1d(known, rng.zipf(exponent, n))
        relabelled.append(1 - np.sum(known.astype(float) ** -exponent) / zeta(exponent, 1))
    for _ in range(2):
        resampled = np.take_along_axis(resampled, rng.integers(0, n, records.shape), axis=1)
    resampled = unseen_mass_of_a_power_law(exponent, resampled)
    for error, growth in (
        (relabelled, scaling.relabelled_growth),
        (resampled, scaling.resampled_growth),
    ):
        assert agrees(error, clean * growth(2, exponent))
        assert not agrees(error, clean * growth(1, exponent))
        assert not agrees(error, clean * 3)  # linear growth


def test_accumulation_forgets_nothing():
    rng, n = np.random.default_rng(273), 200
    first = rng.multinomial(n, LAW, 2000)
    pool, right, wrong = first.copy(), first.copy(), np.zeros_like(first)
    for _ in range(4):
        pool += rng.multinomial(n, pool / pool.sum(axis=1, keepdims=True))
        asked = rng.multinomial(n, LAW, 2000)
        knows = right > wrong
        right, wrong = right + asked * knows, wrong + asked * ~knows
    for error in ((pool == 0) @ LAW, (right <= wrong) @ LAW):
        assert agrees(error, scaling.accumulated_error(4, n, LAW))
        assert not agrees(error, scaling.relabelled_error(4, n, LAW))
        assert not agrees(error, scaling.expected_error(5 * n, LAW))
