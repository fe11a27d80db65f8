import pickle
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from modelcollapse import records
from modelcollapse.errors import Degenerate, Incompatible, InputError
from modelcollapse.families.ngram import SMOOTHINGS, NGram
from modelcollapse.families.ngram_counts import NGramCounts
from modelcollapse.families.texts import Texts
from modelcollapse.protocols import Learner, Model, Summarising, Varying

RNG = np.random.default_rng(0)
START, END = "<s>", "</s>"


def symbols(texts):
    spelt = [document.split() for document in texts.to_strings()]
    return spelt if texts.block else [[START, *document, END] for document in spelt]


def made_up(n=60, words=6, seed=1, longest=9):
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, words + 1)
    names = np.array([f"w{i}" for i in range(words)])
    return Texts.of(
        [
            " ".join(rng.choice(names, rng.integers(0, longest), p=weights / weights.sum()))
            for _ in range(n)
        ]
    )


class Naive:
    """Chen and Goodman's formulas in dictionaries."""

    def __init__(self, texts, order, smoothing, discount):
        self.order = order
        self.discount = 0 if smoothing == "backoff" else discount
        grams = Counter()
        for document in symbols(texts):
            for i, token in enumerate(document):
                for k in range(order):
                    if i >= k and token != START:
                        grams[tuple(document[i - k : i + 1])] += 1
        if smoothing == "kneser-ney":
            fronts = defaultdict(set)
            for gram in grams:
                fronts[gram[1:]].add(gram[0])
            grams = {
                gram: len(fronts[gram]) if len(gram) < order and fronts[gram] else count
                for gram, count in grams.items()
            }
        self.table = defaultdict(dict)
        for gram, count in grams.items():
            self.table[gram[:-1]][gram[-1]] = count

    def p(self, before, word):
        context = tuple(before[len(before) - min(len(before), self.order - 1) :])
        row = self.table.get(context)
        if not context:
            return row.get(word, 0) / sum(row.values())
        if row is None:
            return self.p(context[1:], word)
        total = sum(row.values())
        own = max(row.get(word, 0) - self.discount, 0) / total
        left = self.discount * len(row) / total
        return own + left * self.p(context[1:], word) if left else own

    def scores(self, texts):
        return [
            self.p(document[:i], word)
            for document in symbols(texts)
            for i, word in enumerate(document)
            if word != START
        ]


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("blocked", [False, True])
def test_scores_are_the_formulas(smoothing, order, blocked):
    texts = made_up()
    # The last documents are held out, and the last words of the vocabulary are never trained on.
    texts = Texts.of([*texts.to_strings(), "w0 unknown w1 w1 w1 w5 w5", "w0 w1", ""])
    if blocked:
        texts = texts.blocks(5)
    n = len(texts)
    train = records.take(texts, np.arange(n - 4))
    held = records.take(texts, np.arange(n - 4, n))
    model = NGram(order, smoothing, discount=0.6, floor=0).fit(train, rng=RNG)
    naive = Naive(train, order, smoothing, 0.6)
    for some in (train, held):
        np.testing.assert_allclose(np.exp(model.log_prob(some)), naive.scores(some), atol=1e-12)


def test_floor_mixes_in_the_uniform_law():
    texts = made_up()
    pure = np.exp(NGram(2, floor=0).fit(texts, rng=RNG).log_prob(texts))
    mixed = np.exp(NGram(2, floor=0.2).fit(texts, rng=RNG).log_prob(texts))
    np.testing.assert_allclose(mixed, 0.8 * pure + 0.2 / (len(texts.vocabulary) + 1))


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_scores_sum_to_one_over_the_vocabulary(smoothing, floor):
    texts = made_up()
    model = NGram(3, smoothing, floor=floor).fit(texts, rng=RNG)
    for before in ([], [0], [1, 2], [5, 5], [4, 3, 0]):
        rows = np.array([[*before, word] for word in range(len(texts.vocabulary))])
        extended = Texts(rows.ravel(), np.arange(len(rows) + 1) * rows.shape[1], texts.vocabulary)
        closed = Texts(np.array(before), np.array([0, len(before)]), texts.vocabulary)
        # The score just before the end is the last word's; the closed text scores the end symbol.
        words = np.exp(model.log_prob(extended)).reshape(len(rows), -1)[:, -2]
        assert words.sum() + np.exp(model.log_prob(closed))[-1] == pytest.approx(1)


def test_discount_zero_is_backoff():
    texts = made_up()
    plain = NGram(3, "backoff").fit(texts, rng=RNG)
    other = NGram(3, "interpolated", discount=0.0).fit(texts, rng=RNG)
    np.testing.assert_allclose(other.log_prob(texts), plain.log_prob(texts))


def test_sampling_is_a_copy_of_a_deterministic_text():
    texts = Texts.of(["a b c d e f"] * 3)
    model = NGram(2).fit(texts, rng=RNG)
    assert model.sample(4, rng=RNG).to_strings() == ["a b c d e f"] * 4


def test_written_records_keep_kind_vocabulary_and_length():
    texts = made_up()
    for some in (texts, texts.blocks(7)):
        for smoothing in SMOOTHINGS:
            written = NGram(3, smoothing).fit(some, rng=RNG).sample(50, rng=RNG)
            assert len(written) == 50
            assert written.vocabulary is some.vocabulary
            assert written.block == some.block
            assert np.diff(written.starts).max() <= np.diff(some.starts).max()


def test_every_written_ngram_was_read_under_backoff():
    texts = made_up().blocks(8)
    read = NGramCounts.of(texts, 3)
    written = NGram(3).fit(texts, rng=RNG).sample(300, rng=RNG)
    unread = 0
    for document in symbols(written):
        for i in range(2, 8):
            ids = [texts.vocabulary.index(word) for word in document[i - 2 : i + 1]]
            nodes = [1 + ids[0]]
            for token in ids[1:]:
                nodes.append(int(read.find(np.array([nodes[-1]]), np.array([token], np.int32))[0]))
            # A trigram may be new only where its context was never continued.
            unread += nodes[2] == 0 and nodes[1] > 0 and np.diff(read.first)[nodes[1]] > 0
    assert unread == 0


def test_dead_words_stay_dead():
    texts = Texts.of(["a b", "c d e"])
    some = records.take(texts, np.array([0]))
    for smoothing in SMOOTHINGS:
        model = NGram(2, smoothing).fit(some, rng=RNG)
        written = model.sample(500, rng=RNG)
        assert set(written.ids.tolist()) <= {0, 1}
        assert model.support == 2
        assert model.unigram.tolist() == [1, 1, 0, 0, 0]
        assert np.isfinite(model.log_prob(texts)).all()


def test_a_document_that_never_ends_is_cut():
    model = NGram(2, top_k=1).fit(Texts.of(["a a a a a"]), rng=RNG)
    assert model.sample(2, rng=RNG).to_strings() == ["a a a a a"] * 2


@pytest.mark.parametrize(
    "documents, learner, varies",
    [
        (["a b c"], NGram(2), False),
        (["a b a c"], NGram(2), True),
        (["a b a c"], NGram(4), False),
        (["a b a c"], NGram(4, "interpolated"), True),
        (["a b a c"], NGram(2, top_k=1), False),
        (["a a a"], NGram(1), True),
        ([""], NGram(1), False),
        (["a", "b"], NGram(3), True),
    ],
)
def test_varies(documents, learner, varies):
    model = learner.fit(Texts.of(documents), rng=RNG)
    assert model.varies is varies
    assert (len(set(model.sample(200, rng=RNG).to_strings())) > 1) is varies


@pytest.mark.parametrize(
    "text, learner, varies",
    [("a a a a", NGram(1), False), ("a b a b", NGram(2), True), ("a a b b", NGram(1), True)],
)
def test_blocks_vary(text, learner, varies):
    model = learner.fit(Texts.of([text]).blocks(2), rng=RNG)
    assert model.varies is varies
    assert (len(set(model.sample(200, rng=RNG).to_strings())) > 1) is varies


def test_no_token_is_degenerate():
    nothing = records.take(Texts.of(["a"]), np.array([], dtype=int))
    with pytest.raises(Degenerate):
        NGram().fit(nothing, rng=RNG)
    with pytest.raises(Degenerate):
        NGram().fit(Texts.of(["a"]).blocks(2), rng=RNG)


def test_strings_in_strings_out():
    documents = ["The cat sat.", "The dog sat."]
    learner = NGram(2)
    assert learner.summarise(documents) is documents
    written = learner.fit(documents, rng=RNG).sample(20, rng=RNG)
    assert isinstance(written, list)
    assert set(written) == {"The cat sat .", "The dog sat ."}


def test_strings_are_scored_with_one_word_for_all_unknown_ones():
    model = NGram(1, floor=0.1).fit(["a b", "a a"], rng=RNG)
    # Words a, b, <unknown> and the end; the counts are 3, 1, 0 and 2.
    expected = 0.9 * np.array([3, 0, 1, 0, 2]) / 6 + 0.1 / 4
    np.testing.assert_allclose(np.exp(model.log_prob(["a zebra b yak"])), expected)
    assert model.support == 2


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_joined_summaries_are_the_summary_of_all(blocked, order):
    texts = made_up(n=40)
    texts = texts.blocks(3) if blocked else texts
    learner = NGram(order)
    whole = learner.summarise(texts)
    bounds = [0, 5, 5, 17, len(texts)]
    parts = [learner.summarise(records.take(texts, np.arange(a, b))) for a, b in pairwise(bounds)]
    joined = records.concat([records.concat(parts[:2]), *parts[2:]])
    for field in ("levels", "parent", "suffix", "token", "count", "first"):
        assert getattr(joined, field).tolist() == getattr(whole, field).tolist()
    assert records.size(joined) == records.size(whole) == len(texts)
    assert joined.longest == whole.longest
    assert joined.vocabulary is texts.vocabulary
    same = [
        learner.fit(x, rng=RNG).sample(9, rng=np.random.default_rng(3)) for x in (whole, joined)
    ]
    assert same[0].ids.tolist() == same[1].ids.tolist()


def test_counts_know_distinct_and_events():
    counts = NGramCounts.of(Texts.of(["a b a b a"]).blocks(5), 3)
    assert counts.distinct(1) == 2 / 5
    assert counts.distinct(2) == 2 / 4
    assert counts.distinct(3) == 2 / 3
    assert counts.events == 5
    assert repr(counts) == "NGramCounts(order 3, 1 documents, 5 tokens, 8 n-grams)"
    assert np.isnan(NGramCounts.of(Texts.of(["a"]).blocks(1), 2).distinct(2))
    assert NGramCounts.of(Texts.of(["a b", "c"]), 2).events == 5


def test_a_large_vocabulary_sorts_by_more_than_sixteen_bits():
    rng = np.random.default_rng(5)
    ids = rng.integers(0, 100_000, 3000)
    texts = Texts(ids, np.array([0, 1500, 3000]), tuple(map(str, range(100_000))))
    counts = NGramCounts.of(texts, 3)
    keys = counts.parent[1:] * counts.alphabet + counts.token[1:]
    assert (np.diff(keys) > 0).all()
    pairs = {*pairwise(ids[:1500].tolist()), *pairwise(ids[1500:].tolist())}
    assert counts.levels[3] - counts.levels[2] == len(pairs) + 4  # two starts, two ends


def test_same_generator_same_text_and_pickles():
    texts = made_up()
    model = NGram(3, "kneser-ney").fit(texts, rng=RNG)
    twin = pickle.loads(pickle.dumps(model))
    first, second = (m.sample(30, rng=np.random.default_rng(7)) for m in (model, twin))
    other = model.sample(30, rng=np.random.default_rng(8))
    assert first.to_strings() == second.to_strings() != other.to_strings()


def test_no_documents_may_be_asked_for():
    model = NGram().fit(made_up(), rng=RNG)
    assert len(model.sample(0, rng=RNG)) == 0
    with pytest.raises(InputError, match="-1 documents"):
        model.sample(-1, rng=RNG)


def test_protocols():
    model = NGram().fit(made_up(), rng=RNG)
    assert isinstance(NGram(), Learner)
    assert isinstance(NGram(), Summarising)
    assert isinstance(model, Model)
    assert isinstance(model, Varying)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"order": 0}, "order must be"),
        ({"smoothing": "knesser-ney"}, "Did you mean 'kneser-ney'"),
        ({"discount": 1.0}, "discount must be"),
        ({"floor": 1.0}, "floor must be"),
        ({"temperature": -1}, "temperature must be"),
    ],
)
def test_options_out_of_range(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        NGram(**wrong)


@pytest.mark.parametrize("decoder", [{"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.9}])
@pytest.mark.parametrize("smoothing", ["interpolated", "kneser-ney"])
def test_decoders_need_backoff(decoder, smoothing):
    with pytest.raises(Incompatible, match="Use smoothing='backoff'"):
        NGram(smoothing=smoothing, **decoder)


def test_data_of_the_wrong_kind():
    with pytest.raises(InputError, match="got ndarray"):
        NGram().fit(np.arange(3), rng=RNG)
    with pytest.raises(Incompatible, match="order 2"):
        NGram(3).fit(NGram(2).summarise(made_up()), rng=RNG)
    with pytest.raises(Incompatible, match="order 2 and 3"):
        records.concat([NGram(order).summarise(made_up()) for order in (2, 3)])
    model = NGram().fit(made_up(), rng=RNG)
    with pytest.raises(InputError, match="a model of Texts cannot read list"):
        model.log_prob(["w0"])
    with pytest.raises(Incompatible, match="different vocabularies"):
        model.log_prob(Texts.of(["x"]))


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("blocked", [False, True])
def test_continuations_follow_the_law_after_their_prompt(smoothing, blocked):
    texts = made_up()
    data = texts.blocks(5) if blocked else texts
    model = NGram(3, smoothing, floor=0).fit(data, rng=RNG)
    naive = Naive(data, 3, smoothing, 0.75)
    n, names = 4000, [*texts.vocabulary, END]
    for prompt in ("w1 w0", "w4 w5", "w0"):
        prompts = Texts.of([prompt] * n, vocabulary=texts.vocabulary)
        written = model.continuations(prompts, 1, rng=np.random.default_rng(5)).to_strings()
        seen = Counter(text or END for text in written)
        before = prompt.split() if blocked else [START, *prompt.split()]
        law = np.array([naive.p(before, word) for word in names])
        found = np.array([seen[word] for word in names])
        spread = np.sqrt(n * law * (1 - law))
        assert (np.abs(found - n * law) <= 4 * spread + 1e-9).all()
        # The law after another prompt is another one.
        other = np.array([naive.p([START] if not blocked else [], word) for word in names])
        spread = np.sqrt(n * other * (1 - other))
        assert (np.abs(found - n * other) > 4 * spread).any()


def test_continuations_of_strings_and_wrong_ones():
    texts = made_up()
    model = NGram(2).fit(texts.to_strings(), rng=RNG)
    written = model.continuations(["w0", "never seen", ""], 3, rng=np.random.default_rng(0))
    assert len(written) == 3
    assert all(len(text.split()) <= 3 for text in written)
    with pytest.raises(InputError, match="at least 1 word"):
        model.continuations(["w0"], 0, rng=RNG)
    blocked = NGram(2).fit(texts.blocks(4), rng=RNG)
    with pytest.raises(Incompatible, match="different vocabularies"):
        blocked.continuations(Texts.of(["x"]), 2, rng=RNG)
    assert set(np.diff(blocked.continuations(texts, 7, rng=RNG).starts)) == {7}
