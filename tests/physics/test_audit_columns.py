"""Measures of number columns against a reference: size of every test, coverage of intervals.

Columns are correlated and heavy-tailed, where formulas of independent normal numbers fail; every
check is shown to refuse those.
"""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm
from scipy.stats import f as variance_law

from modelcollapse.metrics.covariance_change import effective_rank_ratio, log_determinant_change
from modelcollapse.metrics.marginal_shift import kolmogorov_smirnov, wasserstein_shift
from modelcollapse.metrics.ratio_sums import RatioSums, count_ratio_signal, ratio_signal
from modelcollapse.metrics.spread_change import (
    brown_forsythe,
    deviation_ratio,
    gaussian_generations,
    quartile_ratio,
    trace_ratio,
)
from modelcollapse.metrics.tail_cuts import tail_cuts

REPEATS = 300
COLUMNS = 12


def at_most(hits, of, rate):
    """Whether so many hits, or more, have more than one chance in 30,000 at that rate."""
    return binom.sf(hits - 1, of, rate) > 1 / 30_000


def about(hits, of, rate):
    return at_most(hits, of, rate) and at_most(of - hits, of, 1 - rate)


def table(n, rng, columns=COLUMNS):
    """Columns that share a factor and a scale: Student's t with 4 degrees of freedom."""
    common = rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, columns))
    return common / np.sqrt(rng.chisquare(4, size=(n, 1)) / 4)


LAWS = {
    "normal": lambda n, rng: rng.normal(size=n),
    "five degrees": lambda n, rng: rng.standard_t(5, n),
    "three degrees": lambda n, rng: rng.standard_t(3, n),
    "skewed": lambda n, rng: rng.lognormal(0, 1, n),
    "mostly zero": lambda n, rng: np.where(rng.random(n) < 0.7, 0.0, rng.exponential(size=n)),
}


# --- tails and bulk of all columns, by records --------------------------------------------------


def beyond(X, cuts):
    return sum((x <= low) | (x >= high) for x, (low, high) in zip(X.T, cuts, strict=True))


def bulk(X, scales):
    return sum(np.minimum(np.abs(x - m) / c, 1) for x, (m, c) in zip(X.T, scales, strict=True))


def of(scores):
    return RatioSums.of(scores, np.full(len(scores), float(COLUMNS)))


@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("sizes", [(1000, 1000), (600, 3000)])
def test_tails_of_dependent_columns_keep_their_level(level, sizes):
    rng = np.random.default_rng(1)
    rejected = grown = naive = missed = 0
    values = []
    for _ in range(REPEATS):
        new, real = (table(n, rng) for n in sizes)
        cuts = [tail_cuts(x, level) for x in real.T]
        y, d = beyond(new, cuts), beyond(real, cuts)
        found = count_ratio_signal(of(y), of(d))
        rejected += found.p < 0.05
        grown += found.p > 0.95
        missed += not found.low <= 1 <= found.high
        values.append(found.value)
        # the control: values beyond the cuts as if no two were of one record
        pooled = int(y.sum() + d.sum())
        naive += binomtest(int(y.sum()), pooled, sizes[0] / sum(sizes)).pvalue < 0.05
    assert abs(np.mean(values) - 1) < 4 * np.std(values) / REPEATS**0.5 + 0.02
    assert at_most(rejected, REPEATS, 0.06)
    assert at_most(grown, REPEATS, 0.06)
    assert at_most(missed, REPEATS, 0.06)
    assert not at_most(naive, REPEATS, 0.06)
    assert naive > 0.15 * REPEATS


def test_the_bulk_of_dependent_columns_keeps_its_level():
    rng = np.random.default_rng(2)
    rejected = missed = naive = 0
    for _ in range(REPEATS):
        new, real = table(800, rng), table(1600, rng)
        middle = np.median(real, axis=0)
        scales = np.c_[middle, np.quantile(np.abs(real - middle), 0.9, axis=0)]
        y, d = bulk(new, scales), bulk(real, scales)
        found = ratio_signal(of(y), of(d))
        rejected += found.p < 0.05
        missed += not found.low <= 1 <= found.high
        # the control: every value by itself
        error = sum(np.var(s) / (COLUMNS * len(s) * np.mean(s) ** 2) for s in (y, d)) ** 0.5
        naive += abs(np.log(found.value)) > 1.96 * error
    assert about(rejected, REPEATS, 0.05)
    assert about(missed, REPEATS, 0.05)
    assert naive > 0.15 * REPEATS


# --- one column ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(300, 300), (100, 1500), (1500, 100)])
@pytest.mark.parametrize("law", LAWS)
def test_a_shift_by_chance_is_expected(law, sizes):
    rng = np.random.default_rng(3)
    found = [
        wasserstein_shift(*(LAWS[law](n, rng) for n in sizes)) for _ in range(REPEATS)
    ]  # fmt: skip
    excess = np.array([one.value / one.expected for one in found])
    assert abs(excess.mean() - 1) < 4 * excess.std() / REPEATS**0.5
    assert about(sum(one.p < 0.05 for one in found), REPEATS, 0.055)
    assert at_most(sum(one.p < 0.005 for one in found), REPEATS, 0.01)
    # the control: against zero
    assert sum(one.value > 1.645 * one.error for one in found) > 0.3 * REPEATS


@pytest.mark.parametrize("sizes", [(60, 60), (200, 1200)])
def test_the_largest_difference_keeps_its_level(sizes):
    rng = np.random.default_rng(4)
    found = [
        kolmogorov_smirnov(*(rng.standard_t(3, n) for n in sizes)) for _ in range(REPEATS)
    ]  # fmt: skip
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(
        found[0].expected, abs=4 * values.std() / REPEATS**0.5 + 0.06 * found[0].expected
    )
    assert at_most(sum(one.p < 0.05 for one in found), REPEATS, 0.05)


@pytest.mark.parametrize("sizes", [(300, 300), (100, 1500), (1500, 100)])
@pytest.mark.parametrize("law", LAWS)
def test_a_standard_deviation_keeps_its_level(law, sizes):
    rng = np.random.default_rng(5)
    rejected = grown = missed = normal = 0
    away = []
    for _ in range(REPEATS):
        x, y = (LAWS[law](n, rng) for n in sizes)
        found = deviation_ratio(x, y)
        rejected += found.p < 0.05
        grown += found.p > 0.95
        missed += not found.low <= found.expected <= found.high
        away.append(np.log(found.value / found.expected))
        # the control: the F test of normal records
        normal += variance_law.cdf(found.value**2, sizes[0] - 1, sizes[1] - 1) < 0.05
    assert at_most(rejected, REPEATS, 0.06)
    assert at_most(grown, REPEATS, 0.08)
    assert abs(np.mean(away)) < 4 * np.std(away) / REPEATS**0.5
    assert at_most(missed, REPEATS, 0.10)  # where tails are heavy less is covered, as is written
    if law == "normal":
        assert about(rejected, REPEATS, 0.05)
        assert about(missed, REPEATS, 0.05)
    elif law != "mostly zero":
        assert not at_most(normal, REPEATS, 0.05)


def test_the_error_of_a_small_sample_knows_nothing_of_the_records_it_lacks():
    # the control of the above: t statistic with the jackknife's error, no expectation
    rng = np.random.default_rng(6)
    found = [
        deviation_ratio(rng.standard_t(3, 100), rng.standard_t(3, 3000)) for _ in range(REPEATS)
    ]
    by_error = sum(norm.cdf(np.log(one.value) * one.value / one.error) < 0.05 for one in found)
    assert not at_most(by_error, REPEATS, 0.08)
    assert at_most(sum(one.p < 0.05 for one in found), REPEATS, 0.06)


@pytest.mark.parametrize("law", ["normal", "three degrees", "skewed"])
def test_quartiles_and_deviations_from_the_median_keep_their_level(law):
    rng = np.random.default_rng(7)
    pairs = [(LAWS[law](250, rng), LAWS[law](500, rng)) for _ in range(REPEATS)]
    found = [quartile_ratio(*pair) for pair in pairs]
    assert about(sum(one.p < 0.05 for one in found), REPEATS, 0.05)
    assert about(sum(not one.low <= 1 <= one.high for one in found), REPEATS, 0.05)
    assert about(sum(brown_forsythe(*pair) < 0.05 for pair in pairs), REPEATS, 0.05)
    if law != "normal":  # the control: F test, two-sided
        shares = [variance_law.cdf(x.var() / y.var(), 249, 499) for x, y in pairs]
        assert sum(min(p, 1 - p) < 0.025 for p in shares) > 0.15 * REPEATS


# --- records of several columns -----------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(400, 400), (200, 1000), (1000, 200)])
def test_measures_of_covariances_keep_their_level(sizes):
    rng = np.random.default_rng(8)
    root = rng.normal(size=(5, 5))
    # with eight degrees of freedom, for fourth moments that exist
    pairs = [
        [rng.normal(size=(n, 5)) @ root / np.sqrt(rng.chisquare(8, size=(n, 1)) / 8) for n in sizes]
        for _ in range(200)
    ]
    for measure in (trace_ratio, log_determinant_change, effective_rank_ratio):
        found = [measure(*pair) for pair in pairs]
        assert at_most(sum(one.p < 0.05 for one in found), 200, 0.07)
        assert at_most(sum(one.p > 0.95 for one in found), 200, 0.07)
        missed = sum(not one.low <= one.expected <= one.high for one in found)
        assert at_most(missed, 200, 0.08)
    # the control: normal theory of the determinant, which has one error for all laws
    found = [log_determinant_change(*pair) for pair in pairs]
    error = (2 * 5 * sum(1 / n for n in sizes)) ** 0.5
    normal = sum(abs(one.value - one.expected) > 1.96 * error for one in found)
    assert not at_most(normal, 200, 0.10)


def test_few_records_of_many_coordinates():
    rng = np.random.default_rng(9)
    root = rng.normal(size=(15, 15))
    for sizes in ((60, 60), (60, 400)):  # four records per coordinate
        found = [
            log_determinant_change(*(rng.normal(size=(n, 15)) @ root for n in sizes))
            for _ in range(200)
        ]
        assert at_most(sum(one.p < 0.05 for one in found), 200, 0.07)
        values = np.array([one.value for one in found])
        expected = np.array([one.expected for one in found])
        error = 4 * values.std() / 200**0.5
        assert abs((values - expected).mean()) < error
        # the control: without the bias, where the sizes differ
        assert (abs(values.mean()) > error) == (sizes[1] == 400)


@pytest.mark.parametrize("generations", [1, 10, 40])
def test_refits_of_a_normal_law_are_counted(generations):
    rng = np.random.default_rng(10)
    n, values, missed, alone = 100, [], 0, 0
    for _ in range(REPEATS):
        scale = 1.0
        for _ in range(generations):
            scale = rng.normal(0, scale, n).std(ddof=1)
        ratio = deviation_ratio(rng.normal(0, scale, 2000), rng.normal(size=2000))
        value, low, high = gaussian_generations(ratio, n)
        values.append(value)
        missed += not low <= generations <= high
        error = ratio.error / ratio.value * 2 * (n - 1)
        alone += abs(value - generations) > 1.96 * error
    error = np.std(values) / REPEATS**0.5
    assert np.mean(values) == pytest.approx(generations, abs=4 * error)
    assert at_most(missed, REPEATS, 0.06)
    if generations >= 10:  # the controls: estimation alone, and the maximum likelihood's step
        assert not at_most(alone, REPEATS, 0.06)
    if generations == 40:
        assert abs(np.mean(values) / 2 - generations) > 4 * error
