import datetime

import pytest

from modelcollapse.shards import record_ids


def name(**record):
    return record_ids({key: [value] for key, value in record.items()})[0]


def test_a_name_is_that_of_the_content():
    assert name(a=1, b="x") == name(b="x", a=1)
    assert name(a=1, b="x") == name(a=1, b="x", c=None, mc_score=0.3)
    assert len(name(a=1)) == 32
    assert int(name(a=1), 16) >= 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "x"}, {"b": "x"}),
        ({"a": "1.10"}, {"a": "1.1"}),
        ({"a": True}, {"a": 1}),
        ({"a": "x", "b": "y"}, {"a": "y", "b": "x"}),
        ({"a": 'x","b":"y'}, {"a": "x", "b": "y"}),
        ({"a": "[1]"}, {"a": [1]}),
        ({"a": " "}, {"a": None}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": 0.1}, {"a": 0.1 + 1e-17 + 1e-16}),
        ({"a": "é"}, {"a": "e\u0301"}),
    ],
)
def test_other_content_has_another_name(one, other):
    assert name(**one) != name(**other)


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (-0.5, "-0.5"), (1e22, "1e+22"), (True, "True"), (None, "")]
)
def test_a_value_has_the_name_of_its_text_in_a_csv_file(value, text):
    assert name(a=value, b="x") == name(a=text, b="x")


def test_the_order_of_fields_inside_an_object_does_not_matter():
    assert name(a={"x": 1, "y": 2}) == name(a={"y": 2, "x": 1})


def test_values_that_json_has_no_form_for_have_names():
    values = [b"\x00", b"\x01", datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), float("nan")]
    assert len({name(a=value) for value in values}) == 5


def test_names_are_the_same_for_ever():
    # Written down: scores and lineages of other days refer to records by these.
    assert name(text="a fixed record", n=7) == record_ids({"n": [7], "text": ["a fixed record"]})[0]
    assert name(text="a fixed record", n=7) == "86519af897e3a4295b7d278b11943610"


def test_records_without_content_are_alike():
    assert record_ids({"mc_score": [1.0, 2.0]})[0] == record_ids({"a": [None]})[0]
    assert record_ids({}) == []
