import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import share_comparison

quick = settings(max_examples=30, deadline=None)


@quick
@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_intervals_agree_with_statsmodels(n, m, data):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    s, c = data.draw(st.integers(1, n)), data.draw(st.integers(1, m))
    assume(s < n and c < m)
    theirs = proportion.confint_proportions_2indep(
        s, n, c, m, compare="ratio", method="score", correction=False
    )
    assert share_comparison.ratio_interval(s, n, c, m) == pytest.approx(theirs, rel=1e-6)
    theirs = proportion.confint_proportions_2indep(s, n, c, m, compare="diff", method="newcomb")
    assert share_comparison.difference_interval(s, n, c, m) == pytest.approx(theirs, abs=1e-12)


def test_toy_values():
    fallen, grown = share_comparison.share_tests([0], 60, [8], 100)
    assert fallen == pytest.approx([0.020869], abs=1e-6)
    assert grown == pytest.approx([1.0])
    ends = share_comparison.difference_interval(0, 60, 8, 100)
    assert ends == pytest.approx((-0.149981, -0.008345), abs=1e-6)


def test_small_groups_are_tested_exactly_and_large_ones_nearly_so():
    for s, c in ((3, 12), (90, 105), (150, 300)):
        fallen, grown = share_comparison.share_tests([s], 1_000, [c], 2_000)
        table = [[s, 1_000 - s], [c, 2_000 - c]]
        low = stats.fisher_exact(table, alternative="less").pvalue
        high = stats.fisher_exact(table, alternative="greater").pvalue
        close = 1e-9 if s + c <= 200 else 0.05
        assert (fallen[0], grown[0]) == pytest.approx((low, high), abs=close)


def test_ends_without_records():
    low, high = share_comparison.ratio_interval([0, 3, 0], 60, [8, 0, 0], 100)
    assert low[0] == 0
    assert high[1] == np.inf
    assert np.isnan(low[2])
    assert np.isnan(high[2])
    low, high = share_comparison.ratio_interval(60, 60, 100, 100)
    assert low < 1 < high
    assert share_comparison.share_tests([0], 60, [0], 100)[0] == 1


def test_adjustments_agree_with_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(1).random(30) ** 3
    for ours, theirs in (("holm", "holm"), ("benjamini-hochberg", "fdr_bh")):
        expected = multitest.multipletests(p, method=theirs)[1]
        assert share_comparison.adjusted_p(p, ours) == pytest.approx(expected)
    assert share_comparison.adjusted_p([0.001, 0.02, 0.04, 0.3]) == pytest.approx(
        [0.004, 0.06, 0.08, 0.3]
    )


def test_tests_that_were_not_made_do_not_count():
    adjusted = share_comparison.adjusted_p([0.01, np.nan, 0.5])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])
    with pytest.raises(InputError, match="holm"):
        share_comparison.adjusted_p([0.1], "hom")
