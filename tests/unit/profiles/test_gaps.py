"""Tails under no change, and wrong input that passed or ended in a traceback."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.tail_cuts import tail_cuts
from modelcollapse.profiles import LEVELS, profile


def normal(rng, n):
    return {"x": rng.normal(size=n)}


def test_tails_begin_at_order_statistics():
    x = np.random.default_rng(0).normal(size=300)
    found = profile({"x": x})
    assert all(found.cuts["x"].tails[level] == tail_cuts(x, level) for level in LEVELS)
    for level, (low, high) in found.cuts["x"].tails.items():
        # a value at an end is in the tail
        assert found.numbers["x"].beyond[level] == np.sum((x <= low) | (x >= high))
    assert found.numbers["x"].beyond[0.01] > 0


def test_new_records_of_the_same_law_have_as_many_in_the_tails():
    rng = np.random.default_rng(0)
    real = new = 0
    for _ in range(200):
        reference = profile(normal(rng, 200))
        real += reference.numbers["x"].beyond[0.01]
        new += profile(normal(rng, 200), like=reference).numbers["x"].beyond[0.01]
    # Poisson counts of about 400 each; the cuts are shared, which doubles the variance of the new
    assert abs(new - real) < 4 * np.sqrt(real + 2 * new)


def test_a_constant_does_not_vary():
    tally = profile({"x": [0.1] * 60}).numbers["x"]
    assert (tally.mean, tally.variance) == (0.1, 0.0)


def test_what_pandas_has_missing_among_values_of_several_types():
    found = profile(pd.DataFrame({"a": [1, "x", pd.NA, pd.NaT, None]})).categories["a"]
    assert (dict(found.counts), found.missing) == ({"1": 1, "x": 1}, 3)


def test_names_of_pandas_may_be_numbers():
    found = profile(pd.DataFrame({7: [0.5, 1.5], "b": [2.5, 3.5]}))
    assert (found.numbers["7"].mean, found.numbers["b"].mean) == (1.0, 3.0)


def test_a_group_of_which_a_column_is_left_out_is_not_counted():
    columns = {"a": ["x", "y"] * 20, "b": ["u", "w"] * 20, "c": ["s", "t"] * 20}
    reference = profile(columns, groups=[("a", "b"), ("b", "c")])
    found = profile(columns, like=reference, exclude=["a"])
    assert list(found.groups) == [("b", "c")]


def test_separators_inside_quotes_separate_nothing(tmp_path):
    (tmp_path / "a.csv").write_text('"a;b;c",x\n1.5,u\n2.5,w\n')
    assert [c.name for c in profile(tmp_path / "a.csv").roles] == ["a;b;c", "x"]


TWICE = pa.Table.from_arrays([pa.array([0.5]), pa.array([1.5])], names=["a", "a"])


@pytest.mark.parametrize(
    "data", [TWICE, pd.DataFrame([[0.5, 1.5]], columns=["a", "a"])], ids=["arrow", "pandas"]
)
def test_two_columns_of_one_name(data):
    with pytest.raises(InputError, match="more than one column 'a'"):
        profile(data)


def test_two_columns_of_one_name_in_a_file(tmp_path):
    (tmp_path / "a.csv").write_text("a,a,b\n1,2,3\n")
    with pytest.raises(InputError, match="more than one column 'a'"):
        profile(tmp_path / "a.csv")


@pytest.mark.parametrize("column", ["word", b"word", 3, None])
def test_a_column_is_a_list(column):
    with pytest.raises(InputError, match=r"column 'a' is a .* Give a list"):
        profile({"a": column})


@pytest.mark.parametrize("size", [0, 1.5, True, "5"])
def test_a_sample_has_a_whole_size(size):
    with pytest.raises(InputError, match="max_sample is"):
        profile({"a": [0.5, 1.5]}, max_sample=size)
