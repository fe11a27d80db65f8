import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.verification.quantiles import quantiles

SHARES = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]


@settings(max_examples=80, deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=True, allow_infinity=False), max_size=60),
    cut=st.integers(1, 7),
)
def test_quantiles_are_those_of_the_inverse_distribution(values, cut):
    array = np.array(values, dtype=float)
    found = quantiles(lambda: [array[i : i + cut] for i in range(0, len(array), cut)], SHARES)
    real = array[~np.isnan(array)]
    if real.size:
        expected = np.quantile(real, SHARES, method="inverted_cdf")
        np.testing.assert_array_equal(found, expected)
    else:
        assert np.isnan(found).all()


def test_a_million_numbers(rng):
    values = rng.standard_t(2, size=1_000_000)
    found = quantiles(lambda: np.array_split(values, 13), SHARES)
    assert found == pytest.approx(np.quantile(values, SHARES, method="inverted_cdf"), abs=0)


def test_another_quantile_is_told_apart(rng):
    # A negative control: were shares ignored, all would be alike.
    found = quantiles(lambda: [rng.random(1000)], [0.4, 0.6])
    assert found[0] < found[1]
