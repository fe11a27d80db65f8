import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums, count_ratio_signal, ratio_signal
from modelcollapse.metrics.tail_cuts import tail_cuts


def of(scores, weights=None):
    return RatioSums.of(scores, np.ones(len(scores)) if weights is None else weights)


def test_sums_of_parts_add_up_to_those_of_the_whole():
    rng = np.random.default_rng(0)
    y, d = rng.integers(0, 5, 100), rng.integers(1, 9, 100)
    assert of(y[:30], d[:30]) + of(y[30:], d[30:]) == of(y, d)


def test_the_ratio_is_that_of_the_sums_and_its_variance_that_of_the_residuals():
    rng = np.random.default_rng(1)
    y, d = rng.gamma(2, size=50), rng.integers(1, 4, 50).astype(float)
    sums = of(y, d)
    assert sums.ratio == pytest.approx(y.sum() / d.sum())
    rest = y - sums.ratio * d
    assert sums.residual_variance(sums.ratio) == pytest.approx(50 * rest.var(ddof=1))


def test_halved_deviations_read_a_half():
    y = np.random.default_rng(2).gamma(2, size=2000)
    found = ratio_signal(of(y / 2), of(y))
    assert found.value == pytest.approx(0.5)
    assert 0.47 < found.low < found.high < 0.53
    assert found.p < 1e-12


def test_no_events_at_all_are_zero_with_an_upper_end():
    found = count_ratio_signal(of(np.zeros(500)), of(np.r_[np.ones(20), np.zeros(480)]))
    assert found.value == 0 == found.low
    assert 0 < found.high < 0.2
    assert found.p < 1e-5


def test_events_that_come_together_are_fewer_than_they_look():
    # the same number of events, spread out or ten to a record
    spread, bunched = np.r_[np.ones(100), np.zeros(900)], np.r_[np.full(10, 10), np.zeros(990)]
    alone = count_ratio_signal(of(spread / 2), of(spread))
    together = count_ratio_signal(of(bunched / 2), of(bunched))
    assert together.error > 2 * alone.error
    assert together.p > 10 * alone.p


def test_the_two_directions_complement_each_other():
    sides = of(np.r_[np.ones(30), np.zeros(470)]), of(np.r_[np.ones(40), np.zeros(460)])
    p = {way: count_ratio_signal(*sides, collapse=way).p for way in ("falls", "grows", "either")}
    assert p["falls"] + p["grows"] == pytest.approx(1)
    assert p["either"] == pytest.approx(2 * p["falls"])


@pytest.mark.parametrize("make", [ratio_signal, count_ratio_signal])
def test_where_there_is_nothing_to_compare_nothing_is_said(make):
    nothing = of(np.zeros(10))
    assert np.isnan(make(nothing, nothing).value)
    assert np.isnan(make(of([1.0]), of([1.0, 2.0])).value)


def test_a_constant_side_has_lost_its_spread_for_sure():
    found = ratio_signal(of(np.zeros(10)), of(np.ones(10)))
    assert (found.value, found.p) == (0.0, 0.0)


def test_wrong_scores_are_one_clear_sentence():
    with pytest.raises(InputError, match="finite numbers of one length"):
        RatioSums.of([1.0, np.nan], [1.0, 1.0])


def test_cuts_have_the_mass_of_the_law_beyond_them():
    rng = np.random.default_rng(3)
    beyond = []
    for _ in range(300):
        low, high = tail_cuts(rng.random(400), 0.05)
        beyond.append(low + 1 - high)
    # order statistics 10 and 391 of 400: 10/401 of the law on either side
    assert np.mean(beyond) == pytest.approx(20 / 401, abs=4 * np.std(beyond) / 300**0.5)


def test_interpolated_quantiles_do_not():
    rng = np.random.default_rng(3)
    beyond = [x[0] + 1 - x[1] for x in (np.quantile(rng.random(100), [0.01, 0.99])
                                        for _ in range(300))]  # fmt: skip
    assert np.mean(beyond) > 0.02 * 1.3


def test_a_column_of_mostly_one_value_has_no_tail_there():
    assert tail_cuts(np.r_[np.zeros(900), np.arange(1, 101)], 0.05) == (-np.inf, 76.0)
    assert tail_cuts(np.ones(50), 0.1) == (-np.inf, np.inf)
    assert tail_cuts([np.nan, 1, 2, 3], 0.01) == (-np.inf, np.inf)
