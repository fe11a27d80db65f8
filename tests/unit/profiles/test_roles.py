import datetime

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.profiles import Role, profile

N = 400
RNG = np.random.default_rng(7)


def role_of(values, **options):
    return profile({"a": values, "b": RNG.random(len(values))}, **options).roles[0]


@pytest.mark.parametrize(
    ("values", "role", "reason"),
    [
        ([True, False] * 200, Role.CATEGORY, "true or false"),
        (["red", "blue", "green", "red"] * 100, Role.CATEGORY, "3 different values in 400"),
        (list(range(7)) * 60, Role.CATEGORY, "7 different values in 420"),
        ([1.0, 2.0, None, 2.0] * 100, Role.CATEGORY, "2 different values in 300"),
        (RNG.integers(0, 90, N), Role.NUMBER, "whole numbers"),
        (RNG.normal(size=N), Role.NUMBER, "numbers, 400 different values in 400"),
        ([3.5] * N, Role.NUMBER, "1 different value in 400"),
        (np.arange(N) + 5, Role.IDENTIFIER, "without gaps"),
        ([f"k{i}" for i in range(N)], Role.IDENTIFIER, "one word each"),
        ([f"{i:032x}" for i in range(N)], Role.IDENTIFIER, "of one form"),
        ([f"the cat number {i} sat on a mat" for i in range(N)], Role.TEXT, "8 words"),
        ([f"First{i} Last{i}" for i in range(N)], Role.TEXT, "2 words"),
        (["猫は静かに座っていた" * 4 + str(i) for i in range(N)], Role.TEXT, "400 different"),
        ([str(x) for x in RNG.random(N)], Role.NUMBER, "numbers written as text"),
        ([datetime.date(2020, 1, 1 + i % 28) for i in range(N)], Role.TIME, "dates or times"),
        ([f"2020-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(N)], Role.TIME, "as text"),
        ([[0.5, float(i)] for i in range(N)], Role.EMBEDDING, "lists of 2 numbers"),
        ([[0.5] * (1 + i % 2) for i in range(N)], Role.SKIPPED, "different lengths"),
        ([{"x": i} for i in range(N)], Role.SKIPPED, "of which nothing is measured"),
        ([None] * N, Role.SKIPPED, "all values are missing"),
        ([""] * N, Role.SKIPPED, "missing or empty"),
        ([float("nan")] * N, Role.SKIPPED, "all values are missing"),
    ],
)  # fmt: skip
def test_roles_are_told_from_types_and_values(values, role, reason):
    found = role_of(values)
    assert found.role is role
    assert reason in found.reason


def test_whole_numbers_with_gaps_are_no_key_unless_they_are_named_as_one():
    values = RNG.permutation(10**6)[:N]
    assert role_of(values).role is Role.NUMBER
    assert profile({"user_id": values, "b": values}).role("user_id") is Role.IDENTIFIER


def test_numbers_and_words_mixed_are_noted():
    few = role_of((["1", "2", "3", "unknown"] * 30 + [str(i) for i in range(30)]) * 4)
    assert few.role is Role.CATEGORY
    assert "numbers and words mixed, such as 'unknown'" in few.reason
    many = role_of([str(i) if i % 4 else f"word{i}" for i in range(N)])
    assert many.role is Role.TEXT
    assert "mixed" in many.reason
    python = profile({"a": [1, "two", 3.5] * 40})
    assert python.categories["a"].counts == {"1": 40, "3.5": 40, "two": 40}


def test_roles_can_be_said():
    found = role_of(list(range(7)) * 60, roles={"a": "number"})
    assert (found.role, found.reason) == (Role.NUMBER, "as you said")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"roles": {"a": "numbr"}}, "Did you mean 'number'"),
        ({"roles": {"c": "number"}}, "no column 'c'"),
        ({"columns": ["c"]}, "no column 'c'"),
        ({"columns": "a"}, "lists of names"),
        ({"exclude": ["a", "b"]}, "no column of the data is left"),
        ({"groups": ["a"]}, "list of columns"),
        ({"groups": [["b"]]}, "no column of categories"),
        ({"max_sample": 0}, "max_sample is 0"),
        ({"engine": "magic"}, "no engine 'magic'"),
    ],
)
def test_wrong_choices_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        role_of(["x", "y"] * 50, **options)


def test_a_word_in_a_column_said_to_be_numbers_is_named():
    with pytest.raises(InputError, match=r"'many' in record 3.*role is number"):
        role_of(["1", "NA", "many"], roles={"a": "number"})


def test_columns_can_be_chosen_and_left_out():
    data = {"a": [1.5, 2.5], "b": [1.5, 3.5], "c": [2.5, 9.5]}
    assert [c.name for c in profile(data, columns=["c", "a"]).roles] == ["c", "a"]
    assert [c.name for c in profile(data, exclude=["a"]).roles] == ["b", "c"]


@pytest.mark.parametrize(
    ("data", "names", "role"),
    [
        (np.zeros((9, 3)) + RNG.random((9, 3)), ["x0", "x1", "x2"], Role.NUMBER),
        (RNG.random((9, 65)), ["embedding"], Role.EMBEDDING),
        (RNG.random((9, 8, 9)), ["embedding"], Role.EMBEDDING),
        ([[0.5, 1.5], [2.5, 3.5]], ["x0", "x1"], Role.NUMBER),
        ([f"a text of some words, the {i}th" for i in range(40)], ["text"], Role.TEXT),
        (["a", "b"] * 40, ["label"], Role.CATEGORY),
        (np.array(["a", "b"] * 40), ["label"], Role.CATEGORY),
        (RNG.random(40), ["x0"], Role.NUMBER),
        ([{"y": 1.5}, {"y": 2.5}], ["y"], Role.NUMBER),
    ],
)
def test_arrays_and_lists_get_columns(data, names, role):
    found = profile(data)
    assert [c.name for c in found.roles] == names
    assert {c.role for c in found.roles} == {role}


def test_a_narrow_array_can_be_said_to_be_embeddings():
    found = profile(RNG.random((9, 3)), roles={"embedding": "embedding"})
    assert found.sample["embedding"].shape == (9, 3)
    like = profile(RNG.random((5, 3)), like=found)
    assert like.sample["embedding"].dtype == np.float32
