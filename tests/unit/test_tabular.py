import numpy as np
import pytest

from modelcollapse.history import History
from modelcollapse.tabular import cell, number, shown_generations, table


def history(generations, readings):
    arrays = {name: np.array([row], dtype=float) for name, row in readings.items()}
    return History(np.array(generations), arrays, np.ones((1, len(generations)), dtype=bool))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1.0, "1"), (0.12345, "0.123"), (12.345, "12.3"), (999.4, "999"),
        (999.6, "1000"), (1234.5, "1234"), (999_999.0, "999999"), (1_234_567.0, "1.23e+06"),
        (-4321.0, "-4321"), (1e-9, "1e-09"), (float("inf"), "inf"), (float("-inf"), "-inf"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_and_no_powers_below_a_million(value, text):
    assert number(value) == text


def test_a_cell_is_a_median_with_its_band():
    assert cell(0.371, 0.2, 0.6) == "0.371 [0.2, 0.6]"
    assert cell(2.0, 2.0, 2.0) == "2"
    assert cell(float("nan"), float("nan"), float("nan")) == "undefined"


def test_columns_line_up_and_a_measure_is_named_once():
    one = history([0, 1], {"x": [1, 2], "y": [10, 20]})
    two = history([0, 1], {"x": [3, 4]})
    assert table({"a": one, "longer": two}) == [
        "measure  lineage  gen 0  gen 1",
        "x        a        1      2",
        "         longer   3      4",
        "y        a        10     20",
    ]


def test_a_single_unnamed_lineage_has_no_column_for_its_name():
    assert table({"": history([0, 1], {"x": [1, 2]})}) == [
        "measure  gen 0  gen 1",
        "x        1      2",
    ]


def test_some_generations_stand_for_all():
    long = history(range(101), {"x": range(101)})
    assert shown_generations({"": long}, None) == [0, 1, 25, 50, 100]
    assert shown_generations({"": long}, [0, 7, 500]) == [0, 7]
    sparse = history([0, 30, 60, 90, 100], {"x": range(5)})
    assert shown_generations({"": sparse}, None) == [0, 30, 60, 100]
    assert shown_generations({"": history([0], {"x": [1]})}, None) == [0]


def test_lineages_read_at_other_generations_leave_gaps():
    lines = table({"a": history([0, 1, 2], {"x": [1, 2, 3]}), "b": history([0, 2], {"x": [4, 5]})})
    assert lines[2].split() == ["b", "4", "5"]
    assert lines[2].index("5") == lines[1].index("3")
