import numpy as np
import pytest
from scipy.stats import binom, binomtest, fisher_exact

from modelcollapse.errors import InputError
from modelcollapse.metrics.hygiene import share_change
from modelcollapse.metrics.share_comparison import difference_interval


def test_the_interval_is_that_of_the_difference():
    found = share_change(30, 200, 20, 400)
    low, high = difference_interval(30, 200, 20, 400)
    assert (found.value, found.expected) == (0.15, 0.05)
    assert (found.low - 0.05, found.high - 0.05) == pytest.approx((low, high))
    assert found.error == pytest.approx((high - low) / 2 / 1.959964)


def test_p_is_fishers_and_alike_in_both_directions():
    more, less = share_change(9, 50, 2, 60), share_change(41, 50, 58, 60)
    for alternative in ("greater", "less"):
        table = [[9, 41], [2, 58]] if alternative == "greater" else [[41, 9], [58, 2]]
        one_sided = fisher_exact(table, alternative=alternative).pvalue
        assert more.p == pytest.approx(2 * one_sided)
    assert less.p == pytest.approx(more.p)
    assert share_change(5, 50, 6, 60).p == 1


def test_nothing_missing_on_either_side():
    found = share_change(0, 1000, 0, 2000)
    assert found.value == found.expected == found.low == 0
    assert found.p == 1
    assert 0 < found.high < 0.005
    assert found.error > 0


def test_shares_stay_within_0_and_1():
    assert share_change(0, 40, 3, 50).low == 0
    assert share_change(40, 40, 47, 50).high == 1


def test_the_change_is_covered_and_an_honest_redraw_passes():
    rng = np.random.default_rng(0)
    for truth, real in ((0.05, 0.05), (0.2, 0.1), (0.01, 0.01)):
        a, b = rng.binomial(900, truth, 400).tolist(), rng.binomial(300, real, 400).tolist()
        found = [share_change(*pair[:1], 900, *pair[1:], 300) for pair in zip(a, b, strict=True)]
        # the interval is that of a difference, put where the reference's own share is
        missed = sum(not one.low <= truth - real + one.expected <= one.high for one in found)
        assert binom.sf(missed - 1, 400, 0.06) > 1e-4
        if truth == real:
            assert binom.sf(sum(one.p < 0.05 for one in found) - 1, 400, 0.05) > 1e-4
        if truth == real == 0.05:  # the control: the reference's share taken for the truth
            sure = sum(binomtest(x, 900, y / 300).pvalue < 0.05 for x, y in zip(a, b, strict=True))
            assert binom.sf(sure - 1, 400, 0.05) < 1e-9


def test_a_side_without_records_has_no_share():
    assert np.isnan(share_change(0, 0, 3, 50).value)
    assert np.isnan(share_change(3, 50, 0, 0).p)


@pytest.mark.parametrize("counts", [(5, 4, 1, 9), (-1, 4, 1, 9), (1, 4, 1.5, 9), (1, 4, 10, 9)])
def test_counts_beyond_the_records_are_refused(counts):
    with pytest.raises(InputError, match="is no share"):
        share_change(*counts)


def test_a_confidence_outside_is_refused():
    with pytest.raises(InputError, match="confidence"):
        share_change(1, 4, 1, 9, confidence=2)
