import numpy as np
import pandas as pd
import polars as pl
import pytest

from modelcollapse import records
from modelcollapse.errors import InputError

KINDS = {
    "rows": np.arange(20.0).reshape(10, 2),
    "vector": np.arange(10),
    "list": [f"text {i}" for i in range(10)],
    "pandas": pd.DataFrame({"a": range(10), "b": list("abcdefghij")}),
    "polars": pl.DataFrame({"a": range(10), "b": list("abcdefghij")}),
}


def as_list(data):
    if isinstance(data, list):
        return data
    if isinstance(data, np.ndarray):
        return data.tolist()
    return [tuple(row) for row in (data.rows() if isinstance(data, pl.DataFrame) else data.values)]


@pytest.fixture(params=KINDS)
def data(request):
    return KINDS[request.param]


def test_size(data):
    assert records.size(data) == 10


def test_take_keeps_the_order_asked_for(data):
    taken = records.take(data, np.array([3, 0, 3]))
    everything = as_list(data)
    assert as_list(taken) == [everything[3], everything[0], everything[3]]


def test_take_nothing(data):
    assert records.size(records.take(data, np.array([], dtype=int))) == 0


def test_concat_joins_in_order(data):
    first, second = records.take(data, np.arange(4)), records.take(data, np.arange(4, 10))
    assert as_list(records.concat([first, second])) == as_list(data)


def test_concat_of_one_part_is_that_part(data):
    assert records.concat([data]) is data


def test_concat_of_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to join"):
        records.concat([])


def test_subset_is_without_replacement_and_in_order(data, rng):
    chosen = as_list(records.subset(data, 6, rng=rng))
    everything = as_list(data)
    positions = [everything.index(record) for record in chosen]
    assert positions == sorted(set(positions))
    assert len(positions) == 6


def test_every_record_is_equally_likely_in_a_subset(rng):
    hits = np.zeros(10)
    for _ in range(4000):
        hits[records.subset(np.arange(10), 3, rng=rng)] += 1
    expected, deviation = 1200, np.sqrt(4000 * 0.3 * 0.7)
    assert np.abs(hits - expected).max() < 4.5 * deviation


def test_subset_larger_than_the_data_is_refused(data, rng):
    with pytest.raises(InputError, match="cannot choose 11 of 10"):
        records.subset(data, 11, rng=rng)


def test_layout_tells_records_apart_that_cannot_flow_together():
    assert records.layout(np.zeros((3, 2))) == records.layout(np.zeros((5, 2)))
    assert records.layout(np.zeros((3, 2))) != records.layout(np.zeros((3, 4)))
    assert records.layout(KINDS["pandas"]) == ("a", "b")
    assert records.layout(["x"]) == "list"


def test_arrays_of_other_shape_are_not_joined():
    with pytest.raises(InputError, match="different shapes"):
        records.concat([np.zeros((2, 2)), np.zeros((2, 3))])


def test_an_unknown_type_is_named_with_the_remedy():
    with pytest.raises(InputError, match=r"type complex .*register the type"):
        records.size(1j)
