import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import subgroups

quick = settings(max_examples=60, deadline=None)


@quick
@given(st.integers(1, 200), st.data())
def test_wilson_agrees_with_scipy(n, data):
    k = data.draw(st.integers(0, n))
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    ours = subgroups.wilson_interval(k, n)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_the_toy_and_of_nothing():
    assert subgroups.wilson_interval(0, 60)[1] == pytest.approx(0.060172, abs=1e-6)
    assert subgroups.wilson_interval(0, 60)[0] == 0
    assert subgroups.wilson_interval(60, 60)[1] == 1
    assert np.isnan(subgroups.wilson_interval(0, 0)).all()


def test_labels_are_counted_over_the_groups_of_both():
    groups, counts, reference = subgroups.label_counts(["b", "b", "c"], ["a", "b"])
    assert groups.tolist() == ["a", "b", "c"]
    assert counts.tolist() == [0, 2, 1]
    assert reference.tolist() == [1, 1, 0]
    groups, counts, reference = subgroups.label_counts([3, 1], [1, 2])
    assert (groups.tolist(), counts.tolist()) == ([1, 2, 3], [1, 0, 1])


def test_labels_that_cannot_be_ordered_are_refused():
    with pytest.raises(InputError, match="several types"):
        subgroups.label_counts(np.array(["a", None], dtype=object), ["a"])
    with pytest.raises(InputError, match="no common groups"):
        subgroups.label_counts([1, 2], ["1", "2"])


def test_ratios_of_shares():
    shares = subgroups.share_ratios([45, 5, 0], [80, 10, 10])
    assert shares.share == pytest.approx([0.9, 0.1, 0.0])
    assert shares.ratio == pytest.approx([1.125, 1.0, 0.0])
    assert (shares.ratio_low <= shares.ratio).all()
    assert (shares.ratio <= shares.ratio_high).all()
    assert shares.ratio_low[2] == 0
    assert 0 < shares.ratio_high[2] < 1  # none of 50 where a tenth was expected
    assert (shares.share_low[0], shares.share_high[0]) == pytest.approx(
        subgroups.wilson_interval(45, 50)
    )


def test_ratio_interval_is_the_exact_one_when_the_reference_is_large():
    shares = subgroups.share_ratios([8, 92], [10**9, 9 * 10**9])
    low, high = subgroups.wilson_interval(8, 100)
    assert shares.ratio_low[0] == pytest.approx(low / 0.1, rel=1e-3)
    assert shares.ratio_high[0] == pytest.approx(high / 0.1, rel=1e-3)


@quick
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_swapping_the_sides_inverts_the_ratios(seed, groups):
    rng = np.random.default_rng(seed)
    c, r = 1 + rng.poisson(3, size=groups), 1 + rng.poisson(6, size=groups)
    there, back = subgroups.share_ratios(c, r), subgroups.share_ratios(r, c)
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.ratio_low == pytest.approx(1 / back.ratio_high)
    assert there.ratio_high == pytest.approx(1 / back.ratio_low)
    assert (there.ratio_low < there.ratio).all()
    assert (there.ratio < there.ratio_high).all()
    batch = subgroups.share_ratios(np.stack([c, r]), r)
    assert batch.ratio_high[0] == pytest.approx(there.ratio_high)


def test_a_group_unknown_to_the_reference_has_no_ratio():
    shares = subgroups.share_ratios([5, 5], [10, 0])
    assert np.isnan([shares.ratio[1], shares.ratio_low[1], shares.ratio_high[1]]).all()
    assert np.isnan(subgroups.share_ratios([0, 0], [5, 5]).ratio).all()


def test_the_worst_hit_is_the_one_that_can_be_known():
    # the last group vanished, but a single real record proves nothing
    position, ratio = subgroups.worst_hit([95, 5, 0], [79, 20, 1])
    assert (position, ratio) == (1, 0.25)
    position, ratio = subgroups.worst_hit([[80, 20], [20, 80], [0, 0]], [50, 50])
    assert position.tolist() == [1, 0, -1]
    assert ratio[:2].tolist() == [0.4, 0.4]
    assert np.isnan(ratio[2])


def test_lost_subgroups():
    assert subgroups.lost_subgroups([[5, 0, 0], [1, 1, 3]], [4, 1, 0]).tolist() == [1, 0]


def test_refuses_counts_over_other_groups():
    with pytest.raises(InputError, match="groups"):
        subgroups.share_ratios([1, 2], [1, 2, 3])
