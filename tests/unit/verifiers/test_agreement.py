"""Self-consistency: counting the other answers to the same prompt."""

import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.protocols import Learning, Verifier
from modelcollapse.verifiers.agreement import Agreement

quick = settings(max_examples=60, deadline=None)


def scored(prompts, texts, **settings):
    batch = {"prompt": prompts, "text": texts}
    return Agreement(**settings).learn(lambda: iter([batch])).score(batch)


def test_shares_of_the_others():
    found = scored(["p"] * 5 + ["q"] * 2, ["7", "7", "7", "8", "9", "7", "8"])
    assert found.scores.tolist() == [0.5, 0.5, 0.5, 0, 0, 0, 0]
    assert found.details["others"] == [4] * 5 + [1] * 2


def test_answers_that_tie_have_equal_scores():
    found = scored(["p"] * 4, ["a", "b", "a", "b"])
    assert found.scores.tolist() == [pytest.approx(1 / 3)] * 4


def test_a_single_answer_has_no_score():
    found = scored(["p", "q", "q"], ["a", "a", "a"])
    assert np.isnan(found.scores[0])
    assert found.scores[1:].tolist() == [1, 1]
    assert found.failures == {0: "it is the only answer to its prompt"}


@quick
@given(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("abc")), max_size=30))
def test_against_plain_counting(records):
    prompts, texts = [p for p, _ in records], [t for _, t in records]
    found = scored(prompts, texts)
    asked, answered = Counter(prompts), Counter(records)
    for score, (prompt, text) in zip(found.scores, records, strict=True):
        others = asked[prompt] - 1
        expected = (answered[prompt, text] - 1) / others if others else np.nan
        np.testing.assert_equal(score, expected)


def test_numbers_agree_however_they_are_written():
    found = scored(["p"] * 4, ["so 1,000", "A: 1000.0", 1000, "1001"], extract="number")
    assert found.scores.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0])


def test_texts_without_an_answer_agree_with_none_but_count_among_the_others():
    found = scored(["p"] * 4, ["7", "7", "none", "none"], extract="number")
    assert found.scores.tolist() == pytest.approx([1 / 3, 1 / 3, 0, 0])
    found = scored(["p"] * 3, ["x", "x", "(A)"], extract="pattern", pattern=r"\(([A-D])\)")
    assert found.scores.tolist() == [0, 0, 0]


def test_patterns():
    texts = ["(A) then (B)", "I say (b)", "B"]
    found = scored(["p"] * 3, texts, extract="pattern", pattern=r"\(([A-Da-d])\)")
    assert found.scores.tolist() == [0.5, 0.5, 0]
    found = scored(["p"] * 2, ["1 2", "3 2"], extract="pattern", pattern=r"\d")
    assert found.scores.tolist() == [1, 1]
    found = scored(["p"] * 2, ["ac", "bc"], extract="pattern", pattern=r"(a)?c")
    assert found.scores.tolist() == [0, 0]


def test_what_does_not_matter_in_texts():
    assert scored(["p"] * 2, ["A  b", "a b"]).scores.tolist() == [1, 1]
    assert scored(["p"] * 2, ["A b", "a b"], normalise=()).scores.tolist() == [0, 0]
    assert scored(["p"] * 2, ["a.", "a"], normalise=("punctuation",)).scores.tolist() == [1, 1]
    assert scored(["p"] * 2, [True, "true"]).scores.tolist() == [1, 1]


def test_prompts_may_be_conversations():
    first, second = [{"role": "user", "content": "a"}], [{"content": "a", "role": "user"}]
    assert scored([first, second], ["x", "x"]).scores.tolist() == [1, 1]
    assert scored([1, "1"], ["x", "x"]).failures.keys() == {0, 1}


def test_what_is_missing_has_a_reason_and_does_not_count():
    found = scored(["p", "p", "p", None], ["a", "a", None, "a"])
    assert found.scores[:2].tolist() == [1, 1]
    assert found.failures == {2: "there is nothing in 'text'", 3: "there is nothing in 'prompt'"}
    assert found.details["others"] == [1, 1, None, None]


def test_a_record_that_was_not_counted_has_no_score():
    known = Agreement().learn(lambda: iter([{"prompt": ["p"] * 2, "text": ["a", "b"]}]))
    found = known.score({"prompt": ["p", "r"], "text": ["c", "a"]})
    assert set(found.failures.values()) == {
        "the record was not among those whose answers were counted"
    }


def test_no_records_at_all():
    nothing = Agreement().learn(lambda: iter(()))
    assert nothing.score({"prompt": [], "text": []}).scores.size == 0
    assert list(nothing.score({"prompt": ["p"], "text": ["a"]}).failures) == [0]


def test_what_is_kept_does_not_grow_with_the_texts():
    batch = {
        "prompt": [f"{i}" * 50 for i in range(3000)],
        "text": [f"{i}" * 50 for i in range(3000)],
    }
    size = len(pickle.dumps(Agreement().learn(lambda: iter([batch]))))
    assert size < 3000 * 32 + 2000


def test_what_was_learnt_is_the_same_in_every_process():
    code = (
        "import pickle, sys; from modelcollapse.verifiers.agreement import Agreement;"
        "b = {'prompt': ['p'] * 3, 'text': ['a', 'a', 'b']};"
        "sys.stdout.buffer.write(pickle.dumps(Agreement().learn(lambda: iter([b]))))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    found = pickle.loads(run.stdout).score({"prompt": ["p"] * 2, "text": ["b", "a"]})
    assert found.scores.tolist() == [0, 0.5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extract": "numbers"}, "Did you mean 'number'"),
        ({"extract": "pattern"}, "give both or neither"),
        ({"pattern": "a"}, "give both or neither"),
        ({"extract": "pattern", "pattern": "("}, "no regular expression"),
        ({"normalise": "case"}, "takes a list"),
        ({"decimal": ""}, "decimals stand behind"),
        ({"prompt": ""}, "cannot be the name of a column"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InputError, match=message):
        Agreement(**settings)


def test_a_column_that_is_not_there():
    with pytest.raises(InputError, match="agreement reads the column 'prompt'"):
        Agreement().learn(lambda: iter([{"text": ["a"]}]))


def test_protocols():
    assert isinstance(Agreement(), Learning)
    found = Agreement(label="votes").learn(lambda: iter(()))
    assert isinstance(found, Verifier)
    assert found.name == "votes"
    assert found.columns == ("text", "prompt")
