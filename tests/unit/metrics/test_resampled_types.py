import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.resampled_types import resampling_generations, surviving_types


def test_the_law_itself_shows_what_poisson_says():
    assert surviving_types([0.5, 2.0], 0) == pytest.approx(2 - np.exp(-0.5) - np.exp(-2))


def test_types_that_nobody_has_lost_are_no_generation():
    assert resampling_generations([3.0, 4.0], 1.0, 0.9, 1.1).value == 0


def test_all_lost_takes_more_generations_than_are_counted():
    found = resampling_generations([3.0, 4.0], 0.0, 0.0, 0.2)
    assert found.value == np.inf
    assert 5 < found.low < 50


@pytest.mark.parametrize("generations", [0.5, 1, 7, 40])
def test_generations_are_found_again(generations):
    expected = np.linspace(0.2, 9, 50)
    share = surviving_types(expected, generations) / surviving_types(expected, 0)
    assert resampling_generations(expected, share, share, share).value == pytest.approx(generations)


def test_unknown_retention_is_unknown():
    assert np.isnan(resampling_generations([1.0], np.nan, 0.0, 1.0).value)


def test_wrong_input_is_one_clear_sentence():
    with pytest.raises(InputError, match="no type is expected"):
        resampling_generations([0.0], 0.5, 0.4, 0.6)
    with pytest.raises(InputError, match="0 or more"):
        surviving_types([1.0], -1)
