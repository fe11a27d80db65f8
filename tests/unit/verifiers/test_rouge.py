"""ROUGE as a verifier: names, missing entries, and scores that depend on the record alone."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.metrics import rouge
from modelcollapse.metrics.rouge._compiled import numba
from modelcollapse.protocols import Verifier
from modelcollapse.verifiers.rouge import Rouge

NEEDS_NUMBA = pytest.mark.skipif(numba() is None, reason="Numba is not installed")
ENGINES = pytest.mark.parametrize("fast", [False, pytest.param(True, marks=NEEDS_NUMBA)])

WORDS = st.lists(st.sampled_from(["cat", "cats", "sat\n", "K", "日", "mat."]), max_size=9)
TEXT = WORDS.map(" ".join)
ENTRY = st.one_of(TEXT, st.sampled_from([None, 3, float("nan")]))


def test_names():
    assert isinstance(Rouge(), Verifier)
    assert Rouge().name == "rougeL"
    assert Rouge("rouge2", measure="recall").name == "rouge2_recall"
    assert Rouge(label="oracle").name == "oracle"
    assert Rouge(text="summary", reference="gold").columns == ("summary", "gold")


@ENGINES
@pytest.mark.parametrize("measure", ["f", "precision", "recall"])
def test_scores_are_those_of_the_measure(measure, fast):
    texts, references = ["the cats sat", "a"], ["a cat sat down", ["b", "a c"]]
    found = Rouge("rouge1", measure=measure, fast=fast).score(
        {"text": texts, "reference": references}
    )
    expected = rouge.scores(texts, references, "rouge1", fast=False)
    np.testing.assert_array_equal(found.scores, getattr(expected, measure))
    assert not found.failures


@ENGINES
def test_what_cannot_be_scored_says_why_and_takes_nothing_along(fast):
    found = Rouge("rouge2", fast=fast).score(
        {
            "text": ["a b c", None, "a b", "a b", 7, "", "a b", float("nan"), "a b"],
            "reference": ["a b", "a b", None, [], "a b", "a b", "日本 b", "a b", ["", None, "a b"]],
        }
    )
    assert found.scores[[0, 5, 8]].tolist() == [2 / 3, 0.0, 1.0]
    reasons = {
        1: "there is nothing in 'text'",
        2: "there is nothing in 'reference'",
        3: "there is nothing in 'reference'",
        4: "'text' holds no text but a number",
        6: "'reference' holds too few words for rouge2",
        7: "there is nothing in 'text'",
    }
    assert sorted(found.failures) == sorted(reasons)
    for i, reason in reasons.items():
        assert found.failures[i].startswith(reason)


@ENGINES
def test_nothing_but_records_that_cannot_be_scored(fast):
    found = Rouge(fast=fast).score({"text": [None, "a"], "reference": ["a", None]})
    assert np.isnan(found.scores).all()
    assert Rouge(fast=fast).score({"text": [], "reference": []}).scores.shape == (0,)


@ENGINES
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=st.lists(st.tuples(ENTRY, st.one_of(ENTRY, st.lists(ENTRY, max_size=3))), max_size=9),
    kind=st.sampled_from(["rouge1", "rouge2", "rougeL", "rougeLsum"]),
    data=st.data(),
)
def test_a_score_depends_on_its_record_alone(fast, records, kind, data):
    verifier = Rouge(kind, fast=fast)

    def rows(chosen):
        found = verifier.score(
            {"text": [t for t, _ in chosen], "reference": [r for _, r in chosen]}
        )
        return [(repr(s), found.failures.get(i)) for i, s in enumerate(found.scores.tolist())]

    whole = rows(records)
    order = data.draw(st.permutations(range(len(records))))
    cut = data.draw(st.integers(0, len(records)))
    turned = [records[i] for i in order]
    assert rows(turned[:cut]) + rows(turned[cut:]) == [whole[i] for i in order]


@pytest.mark.parametrize(
    "fields, match",
    [
        ({"kind": "rougle"}, "no ROUGE of the kind 'rougle'"),
        ({"measure": "fmeasure"}, "no measure 'fmeasure'"),
        ({"split": "nltkk"}, "Did you mean 'nltk'"),
        ({"text": ""}, "cannot be the name of a column"),
    ],
)
def test_wrong_fields(fields, match):
    with pytest.raises(InputError, match=match):
        Rouge(**fields)


def test_a_missing_column():
    with pytest.raises(InputError, match="reads the column 'reference'"):
        Rouge().score({"text": ["a"], "references": ["a"]})
