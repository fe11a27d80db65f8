import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.effective_generations import effective_generations
from modelcollapse.metrics.jackknife import grouped_counts, position_groups

REFERENCE, NEW = [50, 30, 12, 5, 2, 1], [45, 12, 3, 0, 0, 0]


def test_toy():
    reading = effective_generations(NEW, REFERENCE)
    assert reading.value == pytest.approx(28.55, abs=0.005)
    assert reading.expected == 0
    assert 0 < reading.low < reading.value < reading.high
    assert reading.p < 0.01


def test_generations_scale_with_their_size():
    per_60 = effective_generations(NEW, REFERENCE).value
    per_600 = effective_generations(NEW, REFERENCE, size=600).value
    assert per_600 / per_60 == pytest.approx(np.log1p(-1 / 60) / np.log1p(-1 / 600))


def test_more_variety_is_a_negative_number():
    reading = effective_generations(REFERENCE, NEW)
    assert reading.value < 0
    assert reading.p > 0.99
    # generations of drift may by chance have left more variety than the reference shows
    assert reading.low < reading.value < 0 < reading.high


def test_drift_widens_the_interval_upwards():
    # the same loss, with many records: estimation is sharp and drift is not
    reading = effective_generations(np.multiply(NEW, 1000), np.multiply(REFERENCE, 1000), size=60)
    assert reading.high - reading.value > 5 * reading.error


def test_nothing_left_and_nothing_to_lose():
    reading = effective_generations([60, 0], [60, 40])
    assert reading.value == np.inf == reading.high
    assert reading.low > 50
    assert reading.p < 1e-12
    assert np.isnan(effective_generations([60, 40], [60, 0]).value)


def test_groups_give_an_error_of_their_own():
    rng = np.random.default_rng(1)
    states = np.repeat(rng.choice(6, 100, p=np.array(REFERENCE) / 100), 6)
    clusters = grouped_counts(states, np.repeat(position_groups(100), 6), 6)
    wide = effective_generations(clusters, REFERENCE)
    narrow = effective_generations(clusters.total, REFERENCE)
    assert wide.value == narrow.value
    assert wide.error > narrow.error


def test_wrong_input():
    with pytest.raises(InputError, match="at least 2"):
        effective_generations(NEW, REFERENCE, size=1)
    with pytest.raises(InputError, match="at least two records"):
        effective_generations([1, 0], [5, 5])
