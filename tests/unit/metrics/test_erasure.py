import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.erasure import Fate, erasure, records_needed, reference_records_needed


def test_fates():
    reference = np.array([5_000, 400, 400, 400, 5_000, 5])
    new = np.array([5_000, 2, 200, 800, 4_900, 0])
    found = erasure(new, reference)
    fates = [Fate.KEPT, Fate.ERASED, Fate.ERODED, Fate.GROWN, Fate.KEPT, Fate.UNDECIDED]
    assert found.fate.tolist() == fates
    assert found.ranking()[:2].tolist() == [1, 2]
    assert str(found.fate[1]) == "erased"


def test_the_order_of_groups_does_not_matter():
    rng = np.random.default_rng(1)
    new, reference = rng.integers(0, 90, 20), rng.integers(1, 90, 20)
    order = rng.permutation(20)
    first, again = erasure(new, reference), erasure(new[order], reference[order])
    assert again.adjusted_p == pytest.approx(first.adjusted_p[order])
    assert again.fate.tolist() == first.fate[order].tolist()


def test_the_chance_to_be_lost_anyway():
    found = erasure([60, 0], [99, 1])
    assert found.lost_by_chance[1] == pytest.approx(0.99**60)
    assert found.fate[1] is Fate.UNDECIDED


def test_a_group_that_reality_lacks_has_no_ratio():
    found = erasure([50, 10, 0], [60, 0, 0])
    assert np.isnan(found.ratio[1])
    assert found.ratio_high[1] == np.inf
    assert found.growth_p[1] < 0.01
    assert found.fate[1] is Fate.GROWN
    assert found.fate[2] is Fate.UNDECIDED
    assert np.isnan(found.ratio_low[2])
    assert found.needed[1] == np.inf


def test_false_discoveries_are_corrected_less_than_false_alarms():
    rng = np.random.default_rng(2)
    reference = np.full(200, 100)
    new = rng.poisson(np.where(np.arange(200) < 60, 55, 100))
    strict = erasure(new, reference)
    mild = erasure(new, reference, adjustment="benjamini-hochberg")
    assert (mild.adjusted_p <= strict.adjusted_p).all()
    hit = [(found.fate[:60] == Fate.ERODED).sum() for found in (strict, mild)]
    assert hit[0] < hit[1]


def test_signal_of_a_group():
    reading = erasure([60, 0], [92, 8]).signal(1)
    assert (reading.value, reading.expected, reading.collapse) == (0, 1, "falls")
    assert reading.p == pytest.approx(0.020869, abs=1e-6)
    assert reading.high < 0.8
    assert reading.error > 0


def test_records_that_would_decide():
    # at equal sizes 36 expected records for one test, 78 for twenty
    for tests, expected in ((1, 36), (20, 78)):
        share = 0.002
        n = expected / share
        assert records_needed(share, reference_n=n, tests=tests) == pytest.approx(n, rel=0.015)
    assert records_needed(0.001, reference_n=1_000) == np.inf
    assert reference_records_needed(500, 500) == 5
    assert reference_records_needed(500, 500, tests=20) == 9


def test_wrong_input():
    with pytest.raises(InputError, match="rise from above 0"):
        erasure([5, 5], [5, 5], erased_below=0.9)
    with pytest.raises(InputError, match="over the same states"):
        erasure([5, 5], [5, 5, 1])
    with pytest.raises(InputError, match="share a level"):
        records_needed(0.1, tests=0)
