"""Texts as points, with a stand-in for the library that embeds them."""

import sys
from types import ModuleType

import numpy as np
import pytest

from modelcollapse import audit
from modelcollapse.auditing import embedding
from modelcollapse.errors import InputError, Missing

WORDS = [f"w{i}" for i in range(60)]


def texts(n, seed, words=60):
    drawn = np.random.default_rng(seed).integers(0, words, (n, 12))
    return [" ".join(WORDS[i] for i in row) for row in drawn]


class SentenceTransformer:
    """Counts words, by their last digit."""

    made = 0

    def __init__(self, name):
        if name != "counting":
            raise OSError(f"{name} is not a local folder\nand so on")
        type(self).made += 1

    def encode(self, given, *, show_progress_bar):
        assert not show_progress_bar
        rows = [np.bincount([int(w[-1]) for w in text.split()], minlength=10) for text in given]
        return np.array(rows, dtype=np.float32)


@pytest.fixture(autouse=True)
def library(monkeypatch):
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    embedding.model_of.cache_clear()
    SentenceTransformer.made = 0
    yield
    embedding.model_of.cache_clear()


def test_texts_become_points_and_gaps_empty_texts():
    found = embedding.embedded(["w1 w1 w2", None, ""], "counting")
    assert found.dtype == np.float64
    assert found.tolist() == [[0, 2, 1, *[0] * 7], [0] * 10, [0] * 10]


def test_an_audit_reads_the_points_of_texts_beside_their_words():
    # other words, and of a few kinds only: the points say so
    found = audit(texts(300, 0, 4), texts(300, 1), embed="counting", neighbours=200)
    assert found["total_variance:text"]["outcome"] == "changed"
    assert found["total_variance:text"]["value"] < 0.9
    assert found["rare_words:text"]["outcome"] == "changed"
    assert found.card["settings"]["embed"] == "counting"
    assert SentenceTransformer.made == 1


def test_without_it_there_are_no_points_of_texts():
    found = audit(texts(300, 0), texts(300, 1), neighbours=200)
    assert not any(row["measure"] == "total_variance" for row in found.readings)


def test_data_without_texts_are_refused():
    numbers = np.random.default_rng(0).normal(size=(300, 2))
    with pytest.raises(InputError, match="no text column to embed"):
        audit(numbers, numbers + 1, embed="counting")


def test_a_model_that_is_not_there_is_one_sentence_before_data_are_read():
    with pytest.raises(InputError, match=r"no sentence-transformers model 'other' here.*folder\)"):
        audit("none.csv", "none.csv", embed="other")


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(Missing, match=r"pip install sentence-transformers .*'embed'"):
        audit("none.csv", "none.csv", embed="counting")
