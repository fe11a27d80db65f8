"""Texts against a reference: exact values, oracles, and properties that must hold."""

import itertools
import sys

import numpy as np
import pytest
from scipy.special import comb
from scipy.stats import binom

from modelcollapse.errors import InputError, Missing
from modelcollapse.metrics.documents import (
    compression,
    copies,
    corpora,
    distinct,
    equal_texts,
    lost_words,
    matched,
    near_duplicates,
    over_produced,
    repeated_runs,
    shared_clusters,
    word_profile,
    word_retention,
)
from modelcollapse.metrics.matched_diversity import hill_profile

T = [
    "the cat sat on the mat", "a dog ran in the park", "rain fell on the quiet town",
    "she sold sea shells by the shore", "quantum foam baffles young physicists",
    "the old clock struck twelve", "green ideas sleep furiously",
    "he cooked rice with saffron and thyme",
]  # fmt: skip
S = [
    "the cat sat on the mat", "the cat sat on the rug", "the dog ran in the park",
    "the dog ran in the town", "the old clock struck twelve", "the old clock struck one",
]  # fmt: skip


def rng(seed=0):
    return np.random.default_rng(seed)


def texts(count, seed, words=400, length=30):
    random = rng(seed)
    law = 1 / np.arange(1, words + 1)
    drawn = random.choice(words, size=(count, length), p=law / law.sum())
    return [" ".join(f"w{i}" for i in row) for row in drawn]


def fields(signal):
    return (signal.value, signal.expected, signal.error, signal.low, signal.high, signal.p)


# --- documents as numbers -------------------------------------------------------------------


def test_documents_keep_their_places_and_their_words():
    new, reference = corpora(["", "The CAT, sat!", None, "naïve café"], ["...", "a cat"])
    assert len(new) == 2
    assert new.vocabulary is reference.vocabulary
    spelt = {
        int(new.positions[i]): new.phrase(new.ids[new.starts[i] : new.starts[i + 1]])
        for i in range(len(new))
    }
    assert spelt == {1: "the cat sat", 3: "naïve café"}
    assert reference.positions.tolist() == [1]
    by_character, _ = corpora(["春眠 不覺曉"], ["春"], unit="characters")
    assert by_character.phrase(by_character.ids) == "春眠不覺曉"
    assert by_character.ids.size == 5


def test_groups_hold_whole_clusters():
    clusters = np.repeat(np.arange(30), 3)
    new, _ = corpora(texts(90, 1), T, clusters=clusters)
    assert new.groups == 20
    assert new.source_groups.size == 30
    owner = clusters[new.positions]
    for cluster in range(30):
        assert len(set(new.document_groups[owner == cluster])) == 1
    assert (np.diff(new.sources) >= 0).all()
    assert (np.diff(new.document_groups) >= 0).all()


def test_the_larger_side_is_cut_to_the_tokens_of_the_smaller():
    new, reference = matched(*corpora(texts(50, 1), texts(400, 2)))
    assert reference.ids.size == pytest.approx(new.ids.size, rel=0.03)
    assert len(new) == 50
    assert set(reference.texts) <= set(texts(400, 2))


def test_copies_are_dropped_after_the_first():
    new, _ = corpora(["a b", "c", "a b", "a  b"], ["a"])
    assert sorted(new.without_copies().positions.tolist()) == [0, 1, 3]


@pytest.mark.parametrize(
    ("new", "reference", "options", "match"),
    [
        ("one text", T, {}, "Put it into"),
        (T, [1], {}, "hold 1 at position 0"),
        (T, ["", None, "?!"], {}, "no word"),
        (T, T, {"unit": "word"}, "Did you mean 'words'"),
        (T, T, {"clusters": [1, 2]}, "do not fit"),
    ],
)
def test_what_is_no_text_is_refused(new, reference, options, match):
    with pytest.raises(InputError, match=match):
        corpora(new, reference, **options)


def test_options_out_of_range_are_refused():
    pair = corpora(S, T)
    for call in (
        lambda: distinct(*pair, 0),
        lambda: repeated_runs(*pair, 0),
        lambda: distinct(*pair, confidence=1),
        lambda: word_retention(*pair, rng=rng(), edges=(1,)),
        lambda: word_retention(*pair, rng=rng(), edges=(2, 6), names=("a",)),
        lambda: word_retention(*pair, rng=rng(), deals=2),
        lambda: shared_clusters(pair[0], [0], pair[1], range(8), rng=rng()),
        lambda: compression(*pair, level=0),
        lambda: compression(*pair, at_most=0),
        lambda: near_duplicates(*pair, threshold=0),
        lambda: near_duplicates(*pair, run=0),
        lambda: over_produced(*pair, lengths=()),
        lambda: over_produced(*pair, lengths=(0,)),
        lambda: over_produced(*pair, level=0),
        lambda: lost_words(*pair, most=0),
    ):
        with pytest.raises(InputError):
            call()


def test_a_missing_package_is_named(monkeypatch):
    pair = corpora(S, T)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(Missing, match="'audit'"):
        compression(*pair)
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(Missing, match="'audit'"):
        near_duplicates(*pair)


# --- variety --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "of_new", "of_reference"),
    [(1, 16 / 34, 40 / 46), (2, 17 / 28, 37 / 38), (3, 14 / 22, 1.0)],
)
def test_distinct_of_the_toys(n, of_new, of_reference):
    assert distinct(*corpora(S, S), n).value == pytest.approx(of_new)
    assert distinct(*corpora(T, T), n).value == pytest.approx(of_reference)
    reading = distinct(*corpora(S, T), n)
    assert reading.value == pytest.approx(of_new)
    assert reading.collapse == "falls"
    assert reading.p < 0.01


def runs_of(text, n):
    words = text.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_expectation_is_the_mean_over_all_choices_of_documents(n):
    whole = ["a b c a", "b c d e", "a a a b", "e f g h", "c d e f", "a b g h"]
    kept = 4
    every = [
        len({run for text in chosen for run in runs_of(text, n)})
        for chosen in itertools.combinations(whole, kept)
    ]
    reading = distinct(*corpora(whole[:kept], whole), n)
    assert reading.n == kept * (5 - n)
    assert reading.expected == pytest.approx(np.mean(every) / reading.n)
    one = len({run for text in whole[:kept] for run in runs_of(text, n)})
    assert reading.value == pytest.approx(one / reading.n)


@pytest.mark.parametrize("n", [1, 2, 6])
def test_the_error_is_that_of_leaving_groups_out(n):
    """The shortcut through histograms against counting anew."""
    whole = texts(60, 3, length=12)
    new, reference = corpora(whole, texts(60, 4, length=12))
    reading = distinct(new, reference, n)

    def logs(part):
        group = part.document_groups
        kept = (part.starts[1] - n + 1) * (len(part) - 3)  # runs at which all are compared
        values = []
        for left in [None, *range(part.groups)]:
            stay = [text for text, g in zip(part.texts, group, strict=True) if g != left]
            held = {}
            for i, text in enumerate(stay):
                for run in runs_of(text, n):
                    held.setdefault(run, set()).add(i)
            d, D = kept // (12 - n + 1), len(stay)
            values.append(sum(1 - comb(D - len(w), d) / comb(D, d) for w in held.values()))
        return np.log(values)

    variance = 0.0
    for part in (new, reference):
        rest = logs(part)[1:]
        variance += 19 / 20 * ((rest - rest.mean()) ** 2).sum()
    assert reading.error == pytest.approx(reading.value * variance**0.5, rel=1e-6)


def test_long_runs_are_told_apart_by_their_hash():
    new, reference = corpora(texts(300, 5, words=5000), texts(300, 6, words=5000))
    for n in (5, 8, 13):
        written = [run for text in new.texts for run in runs_of(text, n)]
        assert distinct(new, reference, n).value == pytest.approx(len(set(written)) / len(written))


def test_measures_do_not_depend_on_the_order_of_the_vocabulary_or_the_sides():
    one, other = texts(40, 7), texts(40, 8)
    forth, back = distinct(*corpora(one, other)), distinct(*corpora(other, one))
    assert (forth.value, forth.expected) == (back.expected, back.value)
    assert forth.error / forth.value == pytest.approx(back.error / back.value)


def test_word_profile_is_the_hill_profile_of_tokens():
    new, reference = corpora(texts(40, 7), texts(40, 8))
    assert word_profile(new, reference) == hill_profile(
        new.token_counts(), reference.token_counts()
    )
    assert word_profile(*corpora(["a b"], T)) == {}


def test_a_single_document_has_no_error():
    pair = corpora(["a b a"], T)
    reading = distinct(*pair, 1)
    assert reading.value == pytest.approx(2 / 3)
    assert np.isnan(reading.error)
    assert np.isnan(distinct(*pair, 9).value)
    assert np.isnan(repeated_runs(*pair, 2).p)
    assert np.isnan(compression(*pair).value)
    assert np.isnan(copies(*pair, rng=rng()).p)
    assert all(np.isnan(band.signal.p) for band in word_retention(*pair, rng=rng()).values())


def test_words_that_are_gone_are_missed_in_their_band():
    reference = texts(400, 9)
    rare = {f"w{i}" for i in range(200, 400)}
    kept = [" ".join(w for w in text.split() if w not in rare) for text in texts(400, 10)]
    found = word_retention(*corpora(kept, reference), rng=rng())
    assert list(found) == ["tail", "middle", "head"]
    assert found["tail"].signal.value < 0.6
    assert found["tail"].signal.p < 1e-6
    assert found["tail"].signal.high < 0.7
    assert found["head"].signal.value > 0.9
    honest = word_retention(*corpora(texts(400, 10), reference), rng=rng(1), edges=(2, 6, 20))
    assert list(honest) == ["1-1", "2-5", "6-19", "20+"]
    assert all(band.signal.p > 0.01 for band in honest.values())


def test_no_p_rests_on_what_deals_cannot_see():
    # everybody writes the same words: no deal differs, and one word less is no proof
    new = [f"{' '.join('abcdefgh')} x{i}" for i in range(50)]
    band = word_retention(*corpora([text.replace("h", "g", 1) for text in new], new),
                          rng=rng(), edges=(2,), names=("rare", "common"))["common"]  # fmt: skip
    assert band.found == pytest.approx(band.expected - 1, abs=0.01)
    assert 0.01 < band.signal.p < 0.05


# --- repetition -----------------------------------------------------------------------------


def test_copies_are_counted_at_one_number_of_documents():
    reading = copies(*corpora(["a", "a", "b", "c"], ["a", "b", "c", "d"]), rng=rng())
    assert (reading.value, reading.expected, reading.collapse) == (0.5, 0.0, "grows")
    # of six documents with three equal ones, two of four chosen at random
    whole = ["a", "a", "a", "b", "c", "d"]
    every = [
        sum(chosen.count(text) > 1 for text in chosen) / 4
        for chosen in itertools.combinations(whole, 4)
    ]
    reading = copies(*corpora(["a", "b", "c", "d"], whole), rng=rng())
    assert reading.expected == pytest.approx(np.mean(every))


def test_nothing_repeated_is_no_evidence():
    pair = corpora(texts(40, 11), texts(40, 12))
    for reading in (copies(*pair, rng=rng()), repeated_runs(*pair, 13)):
        assert fields(reading) == (0, 0, 0, 0, 0, 1)


def test_equal_texts_show_what_was_taken_from_the_reference():
    first, second = equal_texts(*corpora(["a b", "c"], ["d", "a b"]))
    assert len(np.intersect1d(first, second)) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_repeated_runs_by_brute_force(n):
    random = rng(13)
    new = [" ".join(random.choice(list("abcdefghijkl"), 20)) for _ in range(30)]
    new[3] = new[4]
    first, second = corpora(new, texts(30, 14, length=20))

    def share(documents):
        covered = 0
        for i, text in enumerate(documents):
            others = {run for j, t in enumerate(documents) if j != i for run in runs_of(t, n)}
            marked = set()
            for start, run in enumerate(runs_of(text, n)):
                if run in others:
                    marked |= set(range(start, start + n))
            covered += len(marked)
        return covered / (20 * len(documents))

    assert repeated_runs(first, second, n).value == pytest.approx(share(new))
    # the error, against leaving groups out
    left = [
        share([t for t, g in zip(first.texts, first.document_groups, strict=True) if g != group])
        for group in range(first.groups)
    ]
    h = 30 / np.bincount(first.document_groups)
    pseudo = h * share(new) - (h - 1) * np.array(left)
    variance = np.mean((pseudo - (pseudo / h).sum()) ** 2 / (h - 1))
    same = repeated_runs(*corpora(new, new), n)
    assert same.error == pytest.approx((2 * variance) ** 0.5)


def test_compression_sees_copies_however_far_apart():
    reference, new = texts(3000, 15, words=5000), texts(3000, 16, words=5000)
    reading = compression(*corpora(new, reference))
    assert 1 < reading.value < 10
    assert reading.p > 0.01
    copied = new[:2400] + new[:600]
    found = compression(*corpora(copied, reference))
    assert found.p < 1e-6
    assert found.value > 1.1 * found.expected
    part = compression(*corpora(new, reference), at_most=50_000)
    assert part.n == part.reference_n == 50_000
    assert part.value < reading.value


def jaccard(one, other, n):
    first, second = set(runs_of(one, n)), set(runs_of(other, n))
    return len(first & second) / len(first | second)


def test_pairs_of_the_toy():
    found = near_duplicates(*corpora(S, T), threshold=0.5, run=2)
    similar = {
        (i, j): jaccard(S[i], S[j], 2)
        for i, j in itertools.combinations(range(6), 2)
        if jaccard(S[i], S[j], 2) >= 0.5
    }
    assert sorted(round(value, 4) for value in similar.values()) == [0.6, 0.6667, 0.6667]
    pairs = zip(found.new.first.tolist(), found.new.second.tolist(), strict=True)
    assert dict(zip(pairs, found.new.similarity.tolist(), strict=True)) == pytest.approx(similar)
    assert found.reference.first.size == 0
    across = list(zip(found.across.first.tolist(), found.across.second.tolist(), strict=True))
    assert (0, 0) in across
    assert (4, 5) in across


def test_near_duplicates_against_all_pairs():
    random = rng(17)
    new = texts(120, 18, words=3000)
    for i in range(0, 60, 2):
        words = new[i].split()
        for _ in range(int(random.integers(0, 4))):
            words[int(random.integers(30))] = "other"
        new[i + 1] = " ".join(words)
    new.append("w1 w2")
    new.append("W2, w1")
    found = near_duplicates(*corpora(new, ["x"]), threshold=0.6)
    pair, _ = corpora(new, ["x"])
    cluster = dict(zip(pair.positions.tolist(), found.clusters.tolist(), strict=True))
    exact = {
        (i, j)
        for i, j in itertools.combinations(range(120), 2)
        if jaccard(new[i], new[j], 3) >= 0.6
    }
    assert len(exact) > 10
    together = {
        (i, j) for i, j in itertools.combinations(range(122), 2) if cluster[i] == cluster[j]
    }
    assert together == exact


def test_a_template_without_end_costs_no_quadratic_work(monkeypatch):
    from modelcollapse.metrics import minhash

    calls = []
    jaccard = minhash.jaccard
    monkeypatch.setattr(minhash, "jaccard", lambda a, b: calls.append(1) or jaccard(a, b))
    opening = "dear customer thank you very much for your order we hope that you like it number"
    found = near_duplicates(*corpora([f"{opening} {i}" for i in range(2000)], ["x"]))
    assert len(set(found.clusters.tolist())) == 1
    assert 1999 <= len(calls) < 5000


# --- phrases --------------------------------------------------------------------------------


def test_a_phrase_and_not_its_parts_is_reported():
    reference = texts(200, 19)
    new = texts(200, 20)
    new[::5] = [f"{text} as an ai language model" for text in new[::5]]
    found = over_produced(*corpora(new, reference))
    assert [phrase.text for phrase in found] == ["as an ai language model"]
    phrase = found[0]
    assert (phrase.count, phrase.reference_count, phrase.documents) == (40, 0, 40)
    assert phrase.ratio == float("inf")
    assert phrase.low > 5
    tokens = 200 * 30 + 40 * 5
    assert phrase.p == pytest.approx((tokens / (tokens + 6000)) ** 40)
    assert phrase.p < phrase.adjusted_p < 1e-6
    by_character = over_produced(
        *corpora(["春眠不覺曉"] * 20, ["處處聞啼鳥"] * 20, unit="characters")
    )
    assert [phrase.text for phrase in by_character] == ["春眠不覺曉"]


def test_the_tests_are_binomial_where_words_come_once():
    new = [f"x{i} hello" for i in range(30)] + [f"y{i} there" for i in range(30)]
    reference = [f"z{i} hello" for i in range(10)] + [f"v{i} there" for i in range(50)]
    found = {phrase.text: phrase for phrase in over_produced(*corpora(new, reference), level=0.5)}
    assert found["hello"].p == pytest.approx(binom.sf(29, 40, 0.5))
    assert found["hello"].ratio == pytest.approx(3)
    assert found["hello"].low < 3 < found["hello"].high


def test_one_document_full_of_a_word_proves_nothing():
    new, reference = texts(100, 21), texts(100, 22)
    new[0] = " ".join(["spam"] * 60)
    new[1], new[2] = "spam", "spam"
    assert over_produced(*corpora(new, reference)) == []
    spread = texts(100, 21)
    spread[:60] = [f"{text} spam" for text in spread[:60]]
    assert over_produced(*corpora(spread, reference))[0].text == "spam"


def test_lost_words_come_with_their_chance():
    reference = [f"a{i} gone" for i in range(8)] + [f"b{i} rare" for i in range(3)] + ["stays"] * 5
    new = [f"c{i} d{i}" for i in range(11)] + ["stays"] * 5
    found = lost_words(*corpora(new, reference))
    assert [word.text for word in found] == ["gone", "rare"]
    assert [word.p for word in found] == pytest.approx([2**-8, 2**-3])
    assert found[0].ratio == found[0].low == 0
    low = 0.025 ** (1 / 8)
    assert found[0].high == pytest.approx((1 - low) / low)
    assert found[0].adjusted_p >= found[0].p
