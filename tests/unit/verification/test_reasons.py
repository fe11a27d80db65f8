import pytest

from modelcollapse.verification.reasons import MOST, OTHER, Reasons, joined, shortened


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("the answer '4O' is no number", "the answer '…' is no number"),
        ('not "x" but "y"', "not '…' but '…'"),
        ("line 3 of 7,000", "line … of …"),
        ("not valid UTF-8 at byte 12", "not valid UTF-8 at byte …"),
        ("rougeL of word2 x3", "rougeL of word2 x3"),
    ],
)
def test_what_is_quoted_is_left_out(reason, short):
    assert shortened(reason) == short
    assert shortened(short) == short


def test_reasons_that_are_the_same_throughout_stay_as_they_are():
    found = Reasons()
    for reason in ("no 'gold'", "no 'gold'", "byte 3", "byte 4"):
        found.add(reason)
    assert found.counts() == {"byte …": 2, "no 'gold'": 2}


def test_parts_are_joined_whatever_their_order():
    parts = [{"byte 3": 2, "no 'gold'": 1}, {"byte 4": 1}, {"byte …": 4, "no 'gold'": 1}]
    expected = {"byte …": 7, "no 'gold'": 2}
    assert joined(parts) == joined(parts[::-1]) == expected


def test_columns_are_told_apart_and_what_records_hold_is_not():
    found = Reasons()
    for column in ("gold", "text"):
        for _ in range(50):
            found.add(f"there is nothing in '{column}'")
    assert found.counts() == {"there is nothing in 'gold'": 50, "there is nothing in 'text'": 50}
    parts = [{f"'{i}' in the column 'n' is odd": 1 for i in "abcdef"}] * 2
    many = joined([joined(parts[:1]), {"'x' in the column 'n' is odd": 1}, joined(parts[1:])])
    assert many == joined([*parts, {"'x' in the column 'n' is odd": 1}])
    assert many == {"'…' in the column 'n' is odd": 13}
    assert joined([many, {"'x' in the column 'm' is odd": 1}]) == {
        "'…' in the column '…' is odd": 14
    }


def test_rare_reasons_are_counted_together():
    found = joined([{f"reason{chr(65 + i)}": i + 1 for i in range(60)}, {OTHER: 5}])
    assert len(found) == MOST + 1
    assert sum(found.values()) == sum(range(61)) + 5
    assert found[OTHER] == sum(range(11)) + 5
