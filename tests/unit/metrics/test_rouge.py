"""What goes in, what comes out, and which way it goes."""

import string
import sys
import threading
import types

import numpy as np
import pytest

from modelcollapse.errors import InputError, Missing
from modelcollapse.metrics import rouge
from modelcollapse.metrics.rouge import _compiled as compiled
from modelcollapse.metrics.rouge import _plain as plain
from modelcollapse.metrics.rouge import _tokens as tokens
from modelcollapse.metrics.rouge import scoring
from modelcollapse.metrics.rouge._compiled import numba

NEEDS_NUMBA = pytest.mark.skipif(numba() is None, reason="Numba is not installed")
ENGINES = pytest.mark.parametrize("fast", [False, pytest.param(True, marks=NEEDS_NUMBA)])

PREDICTIONS = ["the cat sat on the mat", "ein K und ein İ", "", "one\ntwo\nthree"]
REFERENCES = ["a cat sat", ["k", "i und"], "nothing", ["three two", "one\nthree"]]


def values(found):
    return np.stack([found.precision, found.recall, found.f])


@ENGINES
def test_by_hand(fast):
    found = rouge.scores(["the cat sat on the mat"], ["a cat sat"], "rouge1", fast=fast)
    assert values(found)[:, 0].tolist() == [2 / 6, 2 / 3, 2 * (2 / 6) * (2 / 3) / (2 / 6 + 2 / 3)]
    assert found.wanted.tolist() == [3]
    runs = rouge.scores(["a b c a b"], ["a b x a b"], "rouge2", fast=fast)
    assert values(runs)[:, 0].tolist() == [2 / 4, 2 / 4, 2 / 4]
    assert rouge.scores(["b a"], ["a b"], "rougeL", fast=fast).f.tolist() == [1 / 2]


@ENGINES
def test_stems(fast):
    texts, references = ["relating the runners"], ["relates the runner"]
    assert rouge.scores(texts, references, fast=fast).f.tolist() == [1.0]
    assert rouge.scores(texts, references, stem=False, fast=fast).f.tolist() == [1 / 3]


@ENGINES
def test_the_best_reference_counts(fast):
    of = {"kind": "rouge1", "fast": fast}
    found = rouge.scores(["a b c d"], [["a", "a b c d e f g h", "x"]], **of)
    assert values(found)[:, 0].tolist() == [1.0, 0.5, 2 / 3]
    # Of equally good ones the first: here the shorter, with the larger precision or recall.
    first = rouge.scores(["a b"], [["a", "a b c d"]], **of)
    second = rouge.scores(["a b"], [["a b c d", "a"]], **of)
    assert first.f == second.f
    assert (first.recall, second.recall) == (1.0, 0.5)
    # What could be found is asked of all, though the empty one comes first.
    assert rouge.scores(["a b"], [["", "c"]], **of).wanted.tolist() == [1]


@ENGINES
def test_nothing_to_compare(fast):
    found = rouge.scores(["", "a", "日本", "a"], ["a", "", "日本", "b"], "rouge2", fast=fast)
    assert values(found).tolist() == [[0.0] * 4] * 3
    assert found.wanted.tolist() == [0, 0, 0, 0]
    for kind in ("rouge1", "rougeL", "rougeLsum"):
        found = rouge.scores(["a", "", "日本"], ["", "a", "a"], kind, fast=fast)
        assert found.wanted.tolist() == [0, 1, 1]
        assert not values(found).any()


@ENGINES
@pytest.mark.parametrize("kind", ["rouge1", "rouge4", "rougeL", "rougeLsum"])
def test_no_records(kind, fast):
    assert rouge.scores([], [], kind, fast=fast).f.shape == (0,)
    assert rouge.scores([""], [""], kind, fast=fast).f.tolist() == [0.0]


@ENGINES
def test_several_kinds_at_once_are_the_same(fast):
    kinds = ["rougeLsum", "rouge1", "rougeL", "rouge12"]
    together = rouge.scores_by_kind(PREDICTIONS, REFERENCES, kinds, fast=fast)
    for kind in kinds:
        alone = rouge.scores(PREDICTIONS, REFERENCES, kind, fast=fast)
        np.testing.assert_array_equal(values(together[kind]), values(alone))
    assert list(together) == kinds


@ENGINES
@pytest.mark.parametrize("make", ["array", "chunks", "slice", "dictionary", "view", "polars"])
def test_arrow_columns(make, fast):
    arrow = pytest.importorskip("pyarrow")
    texts = [*PREDICTIONS, "naïve", "\ud7ff", "a b c"]
    references = ["a cat", "k i und", "x", "three", "ve", "a", "c b a"]
    column = arrow.array(texts)
    if make == "chunks":
        column = arrow.chunked_array([texts[:3], [], texts[3:]])
    elif make == "slice":
        column = arrow.array(["before", "日本", *texts, "behind"])[2:-1]
    elif make == "dictionary":
        column = arrow.array(texts).dictionary_encode()
    elif make == "view":
        column = arrow.array(texts, arrow.string_view())
    elif make == "polars":
        column = pytest.importorskip("polars").Series(texts)
    for kind in ("rouge2", "rougeL", "rougeLsum"):
        listed = rouge.scores(texts, references, kind, fast=False)
        found = rouge.scores(column, arrow.array(references), kind, fast=fast)
        np.testing.assert_array_equal(values(found), values(listed))
    lists = arrow.array([[r, "one"] for r in references])
    found = rouge.scores(column, lists, fast=fast)
    listed = rouge.scores(texts, lists.to_pylist(), fast=False)
    np.testing.assert_array_equal(values(found), values(listed))


@ENGINES
def test_memory_is_bounded(fast, monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 5000, 40)) for _ in range(200)]
    others = [texts[i] for i in rng.permutation(200)]
    whole = {k: values(rouge.scores(texts, others, k, fast=fast)) for k in ("rouge2", "rougeLsum")}
    monkeypatch.setattr(tokens, "MOST", 50)
    if fast:
        from modelcollapse.metrics.rouge import _columnar as columnar

        monkeypatch.setattr(columnar, "MOST", 50)
        monkeypatch.setattr(columnar, "BLOCK", 1000)
        rouge.scores(["x"], ["x"], fast=True)
        assert columnar._remembered.words[True].size < 10  # begun anew
    else:
        rouge.scores(["x"], ["x"], fast=False)
        assert len(tokens._remembered.vocabularies[True]) == 1
    for kind, expected in whole.items():
        found = rouge.scores(texts, others, kind, fast=fast)
        np.testing.assert_array_equal(values(found), expected)


@ENGINES
def test_threads(fast):
    rng = np.random.default_rng(1)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 900, 30)) for _ in range(400)]
    others = texts[1:] + texts[:1]
    expected = values(rouge.scores(texts, others, fast=fast))
    found = {}

    def work(i):
        found[i] = values(rouge.scores(texts, others, fast=fast))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one in found.values():
        np.testing.assert_array_equal(one, expected)


def test_letters_whose_lower_case_is_ascii():
    # The kernels read UTF-8 and know of two; another one would need a line there.
    plain = set(string.ascii_lowercase + string.digits)
    found = {
        c for c in map(chr, range(128, sys.maxunicode + 1)) if plain & set(c.lower())
    }  # fmt: skip
    assert found == {"\u0130", "\u212a"}


# --- wrong input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "predictions, references, match",
    [
        (["a", None], ["a", "b"], "entry 1 of predictions is missing"),
        (["a", 3], ["a", "b"], "entry 1 of predictions is a int, not a text"),
        (["a", "b"], ["a", None], "entry 1 of references is missing"),
        (["a", "b"], ["a", ["b", None]], "entry 1 of references is missing"),
        (["a", "b"], [[], "b"], "entry 0 of references is an empty list"),
        (["a", "b"], ["a"], "2 predictions and 1 references"),
        ("abc", ["a"], "predictions are a single text"),
        (["a"], "abc", "references are a single text"),
    ],
)
def test_wrong_texts(predictions, references, match):
    with pytest.raises(InputError, match=match):
        rouge.scores(predictions, references, fast=False)


def test_wrong_columns():
    arrow = pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match="entry 1 of predictions is missing"):
        rouge.scores(arrow.array(["a", None]), ["a", "b"], fast=False)
    with pytest.raises(InputError, match="a column of the type int64"):
        rouge.scores(["a", "b"], arrow.array([1, 2]), fast=False)


@pytest.mark.parametrize("kind", ["rouge0", "rouge", "rouge-1", "ROUGE1", "rougeW", "rouge٣", 1])
def test_wrong_kinds(kind):
    with pytest.raises(InputError, match="no ROUGE of the kind"):
        rouge.scores(["a"], ["a"], kind)


def test_wrong_splits(monkeypatch):
    with pytest.raises(InputError, match="Did you mean 'lines'"):
        rouge.scores(["a"], ["a"], "rougeLsum", split="line")
    nltk = types.SimpleNamespace(sent_tokenize=lambda text: {}[text])  # raises a LookupError
    monkeypatch.setitem(sys.modules, "nltk", nltk)
    with pytest.raises(InputError, match="punkt_tab"):
        rouge.scores(["a"], ["a"], "rougeLsum", split="nltk", fast=False)
    assert rouge.scores(["a"], ["a"], "rougeL", split="nltk", fast=False).f == 1
    monkeypatch.setitem(sys.modules, "nltk", None)
    with pytest.raises(Missing, match="'nltk'"):
        rouge.scores(["a"], ["a"], "rougeLsum", split="nltk", fast=False)


# --- what is installed ----------------------------------------------------------------------


def test_without_numba(monkeypatch):
    monkeypatch.setattr(scoring, "numba", lambda: None)
    assert rouge.scores(["a b"], ["b"]).f == 2 / 3
    with pytest.raises(Missing, match="'fast' holds it"):
        rouge.scores(["a b"], ["b"], fast=True)


def test_without_rapidfuzz(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("rapidfuzz")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    for kind in ("rouge1", "rougeL", "rougeLsum"):
        with pytest.raises(Missing, match="'rapidfuzz'"):
            rouge.scores(["a b"], ["b"], kind, fast=False)


@NEEDS_NUMBA
def test_numba_is_chosen_where_it_is(monkeypatch):
    def refused(*_):
        raise AssertionError

    monkeypatch.setattr(plain, "count", refused)
    assert rouge.scores(["a b"], ["b"]).f == 2 / 3
    with pytest.raises(AssertionError):
        rouge.scores(["a b"], ["b"], fast=False)


def test_kernels_without_a_folder_for_them(monkeypatch):
    def njit(cache=False, nogil=False):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: ("compiled", function)

    monkeypatch.setattr(compiled, "numba", lambda: types.SimpleNamespace(njit=njit))
    assert compiled.compiled(len) == ("compiled", len)
    monkeypatch.setattr(compiled, "numba", lambda: None)
    assert compiled.compiled(len) is len
