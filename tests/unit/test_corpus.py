import pickle

import numpy as np
import pytest

from modelcollapse.corpus import Block, Corpus
from modelcollapse.errors import InputError


def block(*values, origin=None):
    return Corpus.of(np.array(values, dtype=float), origin)


def test_blocks_are_joined_in_order_of_writing():
    corpus = block(1, 2) + block(3, origin=0) + block(4, 5, origin=1)
    assert corpus.data.tolist() == [1, 2, 3, 4, 5]
    assert [b.origin for b in corpus.blocks] == [None, 0, 1]
    assert len(corpus) == corpus.size == 5


def test_adding_never_changes_an_older_corpus():
    old = block(1, 2)
    first, second = old + block(3, origin=0), old + block(4, origin=0)
    third = first + block(5, origin=1)
    assert old.data.tolist() == [1, 2]
    assert first.data.tolist() == [1, 2, 3]
    assert second.data.tolist() == [1, 2, 4]
    assert third.data.tolist() == [1, 2, 3, 5]
    assert first.data.tolist() == [1, 2, 3]


def test_joined_data_does_not_change_when_the_corpus_grows():
    corpus = block(1, 2) + block(3, origin=0)
    joined = corpus.data
    grown = corpus + block(9, 9, 9, 9, origin=1)
    assert grown.data.tolist() == [1, 2, 3, 9, 9, 9, 9]
    assert joined.tolist() == [1, 2, 3]


def test_a_learner_cannot_change_the_joined_data():
    corpus = block(1, 2) + block(3, origin=0)
    with pytest.raises(ValueError, match="read-only"):
        corpus.data[0] = 7


def test_joining_a_growing_corpus_copies_each_record_a_bounded_number_of_times(monkeypatch):
    copied = 0
    original = np.empty

    def counting(shape, *args, **kwargs):
        nonlocal copied
        copied += shape[0] if isinstance(shape, tuple) else shape
        return original(shape, *args, **kwargs)

    monkeypatch.setattr("modelcollapse.corpus.np.empty", counting)
    corpus = Corpus.of(np.zeros(10))
    for t in range(500):
        corpus = corpus + Corpus.of(np.zeros(10), t)
        assert len(corpus.data) == corpus.size
    # Buffers of doubling size hold at most about four times the records in the end.
    assert copied < 6 * corpus.size


def test_real_fraction():
    assert (block(1, 2, 3) + block(4, origin=0)).real_fraction == 0.75
    assert np.isnan(Corpus().real_fraction)


def test_summaries_are_made_once_per_block():
    calls = []

    def total(data):
        calls.append(len(data))
        return [float(data.sum())]

    corpus = block(1, 2)
    for t in range(5):
        corpus = corpus + block(t, origin=t)
        assert len(corpus.summary(total)) == t + 2
    assert calls == [2, 1, 1, 1, 1, 1]


def test_a_subset_draws_from_all_blocks_without_replacement(rng):
    corpus = block(*range(50)) + block(*range(50, 100), origin=0)
    chosen = corpus.subset(60, rng=rng)
    assert chosen.size == 60
    assert len(np.unique(chosen.data)) == 60
    assert {b.origin for b in chosen.blocks} == {None, 0}


def test_shares_of_a_subset_follow_the_hypergeometric_law(rng):
    corpus = block(*range(30)) + block(*range(30, 100), origin=0)
    real = [corpus.subset(20, rng=rng).blocks[0].size for _ in range(3000)]
    expected, variance = 20 * 0.3, 20 * 0.3 * 0.7 * 80 / 99
    assert abs(np.mean(real) - expected) < 4 * np.sqrt(variance / 3000)
    assert abs(np.var(real) / variance - 1) < 0.15


def test_a_subset_of_everything_is_the_corpus_itself(rng):
    corpus = block(1, 2, 3)
    assert corpus.subset(3, rng=rng) is corpus


def test_too_large_a_subset_is_refused(rng):
    with pytest.raises(InputError, match="cannot choose 4 of the 3"):
        block(1, 2, 3).subset(4, rng=rng)


def test_an_empty_corpus_has_no_data():
    with pytest.raises(InputError, match="the corpus is empty"):
        _ = Corpus().data


def test_blocks_without_records_are_left_out():
    assert Corpus((Block(np.zeros(0), None), Block(np.ones(2), 3))).blocks[0].origin == 3


def test_a_corpus_survives_pickling():
    corpus = block(1, 2) + block(3, origin=0)
    copy = pickle.loads(pickle.dumps(corpus))
    assert copy.data.tolist() == [1, 2, 3]
    assert repr(copy) == repr(corpus) == "Corpus(3 records, written by nature, 0)"
