"""Repetition in texts: toy values, and BLEU against the definition spelt out pair by pair."""

from collections import Counter

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.text import distinct, looping, repetition, runs, self_bleu


def offsets(documents):
    ids = np.array([word for document in documents for word in document], dtype=int)
    return ids, np.cumsum([0, *map(len, documents)])


def grams(document, n):
    return [tuple(document[i : i + n]) for i in range(len(document) - n + 1)]


def bleu(document, references, order=4):
    """BLEU as defined: clipped matches, closest length, a tenth of a match for none."""
    logs = 0.0
    for n in range(1, order + 1):
        mine = Counter(grams(document, n))
        best = Counter()
        for reference in references:
            best |= Counter(grams(reference, n))
        matches = sum(min(count, best[gram]) for gram, count in mine.items())
        if n == 1 and not matches:
            return 0.0
        logs += np.log((matches or 0.1) / max(sum(mine.values()), 1)) / order
    size = len(document)
    closest = min((len(r) for r in references), key=lambda k: (abs(k - size), k))
    return float(np.exp(logs) * min(1.0, np.exp(1 - closest / size)))


@pytest.fixture
def documents(rng):
    return [rng.integers(0, 5, size=k).tolist() for k in rng.integers(1, 11, size=14)]


@pytest.mark.parametrize("order", [1, 2, 4])
def test_self_bleu_is_that_of_all_pairs(documents, order):
    expected = np.mean(
        [bleu(d, documents[:i] + documents[i + 1 :], order) for i, d in enumerate(documents)]
    )
    assert self_bleu(*offsets(documents), order=order) == pytest.approx(expected, rel=1e-12)
    # A negative control: each text among its own references would always match itself.
    assert np.mean([bleu(d, documents, order) for d in documents]) > expected + 0.02


def test_self_bleu_of_equal_and_of_foreign_texts():
    assert self_bleu(*offsets([[1, 2, 3, 4, 5]] * 3)) == pytest.approx(1)
    assert self_bleu(*offsets([[1, 2], [3, 4], [5, 6]])) == 0
    assert np.isnan(self_bleu(*offsets([[1, 2], []])))
    with_empty = self_bleu(*offsets([[1, 2, 3, 4], [], [1, 2, 3, 5]]))
    assert with_empty == self_bleu(*offsets([[1, 2, 3, 4], [1, 2, 3, 5]]))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_runs_are_numbered_alike_where_they_are_alike(documents, n):
    found, document = runs(*offsets(documents), n)
    expected = [(i, gram) for i, d in enumerate(documents) for gram in grams(d, n)]
    assert document.tolist() == [i for i, _ in expected]
    pairs = {(number, gram) for number, (_, gram) in zip(found.tolist(), expected, strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert distinct(*offsets(documents), n) == len(pairs) / len(expected)


def test_repetition_is_averaged_over_documents_that_hold_a_run():
    texts = offsets([[1, 2, 1, 2, 1], [1, 2, 3, 4], [7]])
    assert repetition(*texts, n=2) == pytest.approx((0.5 + 0) / 2)
    assert repetition(*texts, n=1) == pytest.approx((0.6 + 0 + 0) / 3)
    assert np.isnan(repetition(*texts, n=9))
    # The same phrase in two documents is no repetition.
    assert repetition(*offsets([[1, 2, 3], [1, 2, 3]]), n=2) == 0


@pytest.mark.parametrize(
    ("document", "loops"),
    [
        ([1, 1, 1], True), ([1, 1, 2, 1], False), ([1, 2, 1, 2], False), ([1, 2, 1, 2, 1, 2], True),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 9], True), ([1, 2, 3, 1, 2, 3, 1, 2, 4], False),
        ([], False),
    ],
)  # fmt: skip
def test_a_loop_is_a_phrase_three_times_in_a_row(document, loops):
    assert looping(*offsets([document])) == loops
    # Never across two documents.
    half = len(document) // 2
    assert looping(*offsets([document[:half], document[half:]])) == 0


def test_phrases_longer_than_asked_are_no_loops():
    texts = offsets([[1, 2, 3, 4] * 3])
    assert looping(*texts, longest=3) == 0
    assert looping(*texts, longest=4) == 1
    assert looping(*texts, times=4) == 0
    assert np.isnan(looping([], [0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: runs([1], [0, 1], 0), "runs of n = 0"),
        (lambda: runs([1, 2], [0, 1], 1), "starts must rise"),
        (lambda: self_bleu([1], [0, 1], order=0), "order = 0"),
        (lambda: looping([1], [0, 1], times=1), "at least twice"),
        (lambda: looping([1], [0, 1], longest=0), "longest = 0"),
    ],
)
def test_wrong_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
