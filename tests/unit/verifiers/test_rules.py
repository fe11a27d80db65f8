"""Rules about the form of a text."""

import math

import numpy as np
import pytest

from modelcollapse import registry
from modelcollapse.errors import InputError, SpecError
from modelcollapse.metrics.text import repetition
from modelcollapse.verifiers import shape
from modelcollapse.verifiers.rules import Rules


def one(text, **settings):
    found = Rules(**settings).score({"text": [text]})
    return found.scores[0], found.details["broken"][0]


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ({"min_words": 3}, "one two three", "one two"),
        ({"max_words": 3}, "one two three", "one two three four"),
        ({"min_characters": 4}, "四個漢字", "三漢字"),
        ({"max_characters": 4}, "abcd", "abc d"),
        ({"max_repeated_lines": 0.25}, "a\nb\n\nc\n a", "a\nb\nc\na\na"),
        ({"max_repeated_phrases": 0}, "a b c d e", "a b c a b c"),
        ({"max_character_run": 3}, "heyyy - - - -", "heyyyy"),
        ({"max_word_run": 2}, "no no yes no no", "no no no"),
        ({"min_letters": 0.8}, "abcd 1", "abcd 12"),
        ({"max_symbols": 0.2}, "ab12 !", "ab1 !"),
        ({"scripts": ("latin",)}, "naïve ½ ж abcdefgh", "naïve жж"),
        ({"scripts": ("Latin",), "max_other_letters": 0}, "ａbc 123 ...", "abc ж"),
        ({"must_match": ("^[A-Z]",)}, "Yes", "yes"),
        ({"must_not_match": ("(?i)as an ai",)}, "As a person", "As an AI"),
    ],
)
def test_each_rule(rule, kept, broken):
    assert one(kept, **rule) == (1, "")
    score, names = one(broken, **rule)
    assert score == 0
    assert names.split(" ")[0] in (*rule, "max_other_letters")


def test_the_score_is_the_share_of_the_rules_that_are_kept():
    rules = {"min_words": 2, "max_words": 4, "must_match": ("[.]$", "a"), "max_word_run": 1}
    assert one("a b.", **rules) == (1, "")
    assert one("a", **rules) == (pytest.approx(3 / 5), "min_words, must_match [.]$")


def test_an_empty_text_keeps_largest_values_and_no_smallest_ones():
    assert one("", max_words=5, max_symbols=0.1, max_repeated_lines=0, scripts=("latin",))[0] == 1
    assert one(" \n", min_words=1, min_letters=0)[1] == "min_words, min_letters"


def test_what_is_no_text_has_a_reason():
    found = Rules(min_words=1).score({"text": [None, 3, "a", math.nan]})
    assert found.failures == {
        0: "there is nothing in 'text'",
        1: "'text' holds no text but a number",
        3: "there is nothing in 'text'",
    }
    assert found.details["broken"] == [None, None, "", None]


def test_repeated_phrases_are_those_of_the_probe_of_repetition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        words = rng.integers(4, size=rng.integers(3, 30))
        expected = repetition(words, [0, len(words)], n=shape.WORDS)
        assert shape.repeated_phrases(" ".join(map(str, words))) == pytest.approx(expected)


def test_phrases_are_counted_only_where_enough_words_repeat_and_nothing_is_lost_by_it():
    rng = np.random.default_rng(0)
    seen = set()
    for size in range(12):
        for kinds in (1, 2, 4, 9):
            words = rng.choice([f"w{i}" for i in range(kinds)], size).tolist()
            runs = [tuple(words[i : i + 3]) for i in range(size - 2)]
            found = shape.repeated_phrases(" ".join(words))
            if runs:
                assert found == pytest.approx(1 - len(set(runs)) / len(runs))
                seen.add(found > 0)
            else:
                assert math.isnan(found)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        ("a", "latin"), ("é", "latin"), ("ｋ", "latin"), ("𝒜", "latin"), ("ª", "latin"),
        ("µ", "greek"), ("ж", "cyrillic"), ("漢", "cjk"), ("か", "hiragana"), ("ｶ", "katakana"),
        ("가", "hangul"), ("अ", "devanagari"), ("ع", "arabic"), ("א", "hebrew"), ("ก", "thai"),
        ("ー", ""), ("1", ""), (" ", ""), ("!", ""), ("\u0301", ""),
    ],
)  # fmt: skip
def test_scripts_of_letters(letter, script):
    assert shape.script_of(letter) == script
    assert not script or script in shape.scripts()


def test_marks_of_indic_scripts_count_as_letters():
    assert shape.letters("हिन्दी") == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "got no rule"),
        ({"max_other_letters": 0.2, "min_words": 1}, "but no scripts"),
        ({"must_match": ("(",)}, r"must_match = '\(', which is no regular expression"),
        ({"must_not_match": ("a**",)}, "no regular expression"),
        ({"must_match": (3,)}, "no regular expression"),
        ({"must_match": "abc"}, "takes a list"),
        ({"scripts": ("latn",)}, "no script 'latn'. Did you mean 'latin'"),
        ({"scripts": ("xxxx",)}, "Use the first word"),
        ({"min_words": -1}, "is a count"),
        ({"min_words": "3"}, "is a count"),
        ({"max_symbols": 20}, "is a share"),
        ({"max_symbols": math.nan}, "is a share"),
        ({"min_words": 5, "max_words": 3}, "which no text keeps"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InputError, match=message):
        Rules(**settings)


def test_from_a_spec():
    made = registry.make(Rules, {"must_match": ["a"], "min_words": 2, "label": "form"}, "")
    assert made == Rules(must_match=("a",), min_words=2, label="form")
    assert (made.name, made.columns) == ("form", ("text",))
    with pytest.raises(SpecError, match="Did you mean 'min_words'"):
        registry.make(Rules, {"min_word": 2}, "")
