import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.seeds import generator


def test_equal_addresses_give_equal_streams():
    a, b = generator(3, 1, 4, "write"), generator(3, 1, 4, "write")
    assert np.array_equal(a.random(100), b.random(100))


@pytest.mark.parametrize(
    "other", [(4, 1, 4, "write"), (3, 2, 4, "write"), (3, 1, 5, "write"), (3, 1, 4, "fit")]
)
def test_any_other_address_gives_another_stream(other):
    a, b = generator(3, 1, 4, "write"), generator(*other)
    assert not np.any(a.random(100) == b.random(100))


def test_a_large_seed_does_not_run_into_the_replicate_number():
    # A seed of two 32-bit words must not read as a small seed with another replicate.
    a, b = generator(2**32, 0, 0, "fit"), generator(0, 1, 0, "fit")
    assert not np.any(a.random(100) == b.random(100))


def test_neighbouring_streams_are_uncorrelated():
    draws = np.stack([generator(0, 0, t, "write").standard_normal(4000) for t in range(20)])
    off_diagonal = np.corrcoef(draws)[~np.eye(20, dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize("address", [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_negative_numbers_are_refused(address):
    with pytest.raises(InputError, match="counted from 0"):
        generator(*address, "fit")
