"""Stems, word by word, beside NLTK's; the kernel's beside ours."""

import random

import numpy as np
import pytest

from modelcollapse.metrics.rouge import _columnar as columnar
from modelcollapse.metrics.rouge import _word_kernels as word_kernels
from modelcollapse.metrics.rouge._compiled import numba
from modelcollapse.metrics.rouge._stems import IRREGULAR, STEPS, stem

LETTERS = "aeiouybtlszwxcdgn01"


def words():
    """Random beginnings with every ending of every step, and with two of them."""
    rng = random.Random(1)
    endings = [ending for step in STEPS for ending in step.endings]
    endings += ["s", "ss", "sses", "ies", "ied", "ed", "eed", "ing", "e", "y", "ll", "lle", "ated"]
    endings += ["bling", "izing", "tted", "yed", "ying", "ationalli"]
    found = set(IRREGULAR) | {"re" + word for word in IRREGULAR} | {"y" * 500 + "ing", "x" * 4000}
    for first in ["", *endings]:
        for second in endings:
            for _ in range(3):
                start = "".join(rng.choice(LETTERS) for _ in range(rng.randint(0, 5)))
                found.add(start + first + second)
    return sorted(word for word in found if len(word) > 3)


def test_as_nltk():
    porter = pytest.importorskip("nltk.stem.porter").PorterStemmer()
    every = words()
    assert len(every) > 9000
    assert {w: stem(w) for w in every} == {w: porter.stem(w) for w in every}


def test_departures_are_needed():
    # A control: the published algorithm differs on these words, so the test above sees more.
    porter = pytest.importorskip("nltk.stem.porter")
    published = porter.PorterStemmer(mode=porter.PorterStemmer.ORIGINAL_ALGORITHM)
    every = words()
    assert sum(stem(w) != published.stem(w) for w in every) > 100


@pytest.mark.skipif(numba() is None, reason="Numba is not installed")
def test_the_kernel_as_the_function():
    tables = columnar.tables()
    found = {}
    for word in words():
        letters = np.frombuffer(word.encode("ascii"), dtype=np.uint8).copy()
        length = word_kernels.shortened(letters, tables)
        found[word] = letters[:length].tobytes().decode("ascii")
    assert found == {word: stem(word) for word in found}
