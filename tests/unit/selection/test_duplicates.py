"""Near duplicates: clusters against exact comparison and datasketch, and the rule."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from modelcollapse.errors import InputError, Missing
from modelcollapse.families.texts import words
from modelcollapse.metrics import minhash
from modelcollapse.selection.chance import RandomChoice
from modelcollapse.selection.duplicates import near_duplicates
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.pile import Pile, Rule
from modelcollapse.selection.tilt import Tilt
from modelcollapse.selection.top import TopFraction
from modelcollapse.selection.unique import NearDuplicates


def rng(seed=0):
    return np.random.default_rng(seed)


def family(seed, count=150, most=8):
    """Texts of 40 words, some of them edited copies of earlier ones."""
    random = rng(seed)
    texts = []
    for i in range(count):
        if i % 2 and random.random() < 0.8:
            text = list(texts[int(random.integers(len(texts)))])
            for _ in range(int(random.integers(0, most))):
                text[int(random.integers(40))] = f"new{random.integers(1000)}"
        else:
            text = [f"w{k}" for k in random.integers(0, 400, 40)]
        texts.append(text)
    return [" ".join(text) for text in texts]


def shingles(text, run=3):
    marks = [word for word in words(text.lower()) if word[0].isalnum()]
    width = min(run, len(marks))
    if not width:
        return frozenset()
    return frozenset(tuple(marks[i : i + width]) for i in range(len(marks) - width + 1))


def similarity(one, other):
    return len(one & other) / len(one | other) if one | other else 1.0


def exact_clusters(texts, threshold):
    """Connected components of all pairs that are similar enough."""
    sets = [shingles(text) for text in texts]
    cluster = list(range(len(texts)))
    for i, j in itertools.combinations(range(len(texts)), 2):
        if similarity(sets[i], sets[j]) >= threshold and cluster[i] != cluster[j]:
            old, new = max(cluster[i], cluster[j]), min(cluster[i], cluster[j])
            cluster = [new if code == old else code for code in cluster]
    numbers = {}
    return [numbers.setdefault(code, len(numbers)) for code in cluster]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_clusters_are_those_of_comparing_all_pairs(threshold):
    for seed in range(4):
        texts = family(seed)
        found = near_duplicates(texts, threshold=threshold).tolist()
        assert found == exact_clusters(texts, threshold)
        assert 1 < len(set(found)) < len(texts)


def test_pairs_are_those_of_datasketch():
    from datasketch import MinHash, MinHashLSH

    texts = family(9, count=400)
    sets = [shingles(text) for text in texts]
    index = MinHashLSH(num_perm=128, params=(25, 5))
    signatures = []
    for i, one in enumerate(sets):
        signature = MinHash(128)
        signature.update_batch([" ".join(run).encode() for run in one])
        index.insert(i, signature)
        signatures.append(signature)
    codes = near_duplicates(texts)
    pairs = 0
    for i, signature in enumerate(signatures):
        for j in index.query(signature):
            if j > i and similarity(sets[i], sets[j]) >= 0.8:
                pairs += 1
                assert codes[i] == codes[j]
    assert pairs > 40


def test_case_marks_and_empty_texts():
    texts = ["The cat, sat!", "the CAT sat", "", None, "...", "cat the sat", "The cat"]
    assert near_duplicates(texts).tolist() == [0, 0, 1, 1, 1, 2, 3]
    assert near_duplicates([]).tolist() == []
    assert near_duplicates(["one"]).tolist() == [0]


def test_characters_are_compared_where_words_are_not_parted():
    texts = [
        "床前明月光疑是地上霜举头望明月",
        "床前明月光疑是地上霜举头望山月",
        "红豆生南国春来发几枝",
    ]
    assert near_duplicates(texts, threshold=0.5).tolist() == [0, 1, 2]
    assert near_duplicates(texts, threshold=0.5, unit="characters").tolist() == [0, 0, 1]


def test_neither_order_nor_chance_matters():
    texts = family(3)
    codes = near_duplicates(texts)
    order = rng(1).permutation(len(texts))
    shuffled = near_duplicates([texts[i] for i in order])
    same = codes[order][:, None] == codes[order]
    assert (same == (shuffled[:, None] == shuffled)).all()
    program = (
        "import sys; from modelcollapse.selection.duplicates import near_duplicates;"
        "print(near_duplicates(sys.argv[1:]).tolist())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, *texts], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == str(codes.tolist())


def test_a_stream_is_enough_if_it_can_be_read_again():
    texts = family(4)

    class Stream:
        def __iter__(self):
            return iter(texts)

    assert near_duplicates(Stream()).tolist() == near_duplicates(texts).tolist()
    with pytest.raises(InputError, match="two passes"):
        near_duplicates(iter(texts))


def test_equal_texts_cost_no_comparisons(monkeypatch):
    calls = []
    jaccard = minhash.jaccard
    monkeypatch.setattr(minhash, "jaccard", lambda a, b: calls.append(1) or jaccard(a, b))
    texts = family(5, count=6, most=3) * 500
    assert near_duplicates(texts).max() < 6
    assert 0 < len(calls) < 15


def test_wrong_input_is_refused(monkeypatch):
    for wrong in (0.0, 1.2, float("nan")):
        with pytest.raises(InputError, match="Jaccard"):
            near_duplicates(["a"], threshold=wrong)
    for wrong in (0, 1.5, True):
        with pytest.raises(InputError, match="shingle"):
            near_duplicates(["a"], run=wrong)
    with pytest.raises(InputError, match="Did you mean 'words'"):
        near_duplicates(["a"], unit="word")
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(Missing, match="pip install rensa"):
        near_duplicates(["a"])


# --- the rule -------------------------------------------------------------------------------

CODES = np.array([0, 0, 1, 2, 2, 2])
SCORES = np.array([0.1, 0.9, 0.5, np.nan, 0.3, 0.3])


def test_the_best_or_the_first_of_each_cluster_stays():
    pile = Pile({"s": SCORES}, groups={"near_duplicates": CODES})
    rule = NearDuplicates(TopFraction())
    assert isinstance(rule, Rule)
    kept = set()
    for seed in range(30):
        choice = rule.choose(pile, None, rng=rng(seed))
        assert choice.copies[:4].tolist() == [0, 1, 1, 0]
        assert choice.kept == 3
        assert choice.dropped == {"a near duplicate of a record that stays": 3}
        assert choice.figures["near_duplicates"] == 3
        kept.add(tuple(choice.copies.tolist()))
    assert len(kept) == 2  # equal scores in the last cluster: either
    first = NearDuplicates(TopFraction(), keep="first").choose(pile, 2, rng=rng())
    assert first.copies.tolist() == [0, 0, 1, 0, 1, 0]  # of the last, the first with a score


def test_the_inner_rule_sees_what_is_left():
    real = Pile(
        {"s": np.arange(8.0)},
        np.arange(8),
        {"near_duplicates": np.array([0, 0, 1, 2, 3, 4, 5, 6]), "topic": np.repeat([0, 1], 4)},
        {"topic": ["a", "b"]},
        {"topic": np.array([1, 1])},
    )
    guard = NearDuplicates(TailGuard(TopFraction(), ["topic"], least=1.0, against="reference"))
    assert guard.choose(real, 4, rng=rng()).copies.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    weighted = NearDuplicates(Tilt(), keep="first").choose(real, None, rng=rng())
    assert weighted.weights.shape == (8,)
    assert (weighted.weights > 0).tolist() == [True, False] + [True] * 6
    missing = NearDuplicates(RandomChoice())
    with pytest.raises(InputError, match="'near_duplicates', which the records do not have"):
        missing.choose(Pile({"s": SCORES}), None, rng=rng())
    with pytest.raises(InputError, match="Did you mean 'best'"):
        NearDuplicates(RandomChoice(), keep="bets")
