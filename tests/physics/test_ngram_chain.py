"""N-gram chains against formulas that other fields proved: drift, conservation, chi-square."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

from modelcollapse.families.ngram import SMOOTHINGS, NGram
from modelcollapse.families.texts import Texts


def single_words(ids, vocabulary):
    """A record is one word, so a bigram never exists and documents never end."""
    names = tuple(f"w{i}" for i in range(vocabulary))
    return Texts(ids, np.arange(ids.size + 1), names, block=1)


def chains(p, n, generations, replicates, learner, seed):
    """Word shares of the fitted models, shape (replicates, generations, words)."""
    rng = np.random.default_rng(seed)
    shares = np.empty((replicates, generations, p.size))
    for replicate in range(replicates):
        texts = single_words(rng.choice(p.size, size=n, p=p), p.size)
        for generation in range(generations):
            model = learner.fit(texts, rng=rng)
            shares[replicate, generation] = model.unigram / n
            texts = model.sample(n, rng=rng)
    return shares


def errors_apart(samples, expected):
    """Distance of the mean from its expectation, in standard errors."""
    return abs(samples.mean() - expected) / (samples.std(ddof=1) / math.sqrt(len(samples)))


ZIPF = 1 / np.arange(1, 9)
ZIPF = ZIPF / ZIPF.sum()


def test_single_words_are_the_wright_fisher_chain():
    n, generations = 20, 12
    shares = chains(ZIPF, n, generations, 400, NGram(order=1), seed=11)
    heterozygosity = 1 - (shares**2).sum(axis=2)
    start = 1 - (ZIPF**2).sum()
    for t in (0, 4, 11):
        assert errors_apart(heterozygosity[:, t], start * (1 - 1 / n) ** (t + 1)) < 4
    # Diploid drift, half as fast, must be told apart.
    assert errors_apart(heterozygosity[:, 11], start * (1 - 1 / (2 * n)) ** 12) > 4


def test_longer_contexts_change_nothing_where_records_are_single_words():
    one, three = (chains(ZIPF, 20, 5, 3, NGram(order), seed=2) for order in (1, 3))
    assert (one == three).all()


def test_cross_entropy_under_the_first_law_is_conserved_by_sampling_only():
    n, generations = 40, 10
    entropy = -(ZIPF * np.log(ZIPF)).sum()
    pure = chains(ZIPF, n, generations, 400, NGram(order=1), seed=3)
    crossed = -(pure[:, -1] * np.log(ZIPF)).sum(axis=1)
    assert errors_apart(crossed, entropy) < 4
    variance = (ZIPF * np.log(ZIPF) ** 2).sum() - entropy**2
    # The fit to n real records is the first of the samplings.
    spread = variance * (1 - (1 - 1 / n) ** generations)
    assert errors_apart((crossed - entropy) ** 2, spread) < 4
    assert errors_apart((crossed - entropy) ** 2, spread / 2) > 4
    cold = chains(ZIPF, n, generations, 100, NGram(order=1, temperature=0.8), seed=3)
    crossed = -(cold[:, -1] * np.log(ZIPF)).sum(axis=1)
    assert errors_apart(crossed, entropy) > 4


def test_cold_writing_multiplies_log_odds_every_generation():
    """Odds o become o^(1/temperature), so the loser's share falls doubly exponentially."""
    n, temperature = 400_000, 0.8
    shares = chains(np.array([0.55, 0.45]), n, 9, 1, NGram(order=1, temperature=temperature), 4)[0]
    odds = np.log(shares[:, 0] / shares[:, 1])
    expected = odds[:-1] / temperature
    p = 1 / (1 + np.exp(-expected))
    error = 1 / np.sqrt(n * p * (1 - p))
    assert (np.abs(odds[1:] - expected) < 4 * error).all()
    assert (np.abs(odds[1:] - odds[:-1]) > 4 * error).all()
    entropy = -(shares * np.log(shares)).sum(axis=1)
    falls = np.diff(np.log(entropy))
    # An exponential would fall by equal steps on the log scale.
    assert (falls[1:] < falls[:-1]).all()
    assert falls[-1] < 5 * falls[1]


def corpus(words=7, tokens=4000, seed=5):
    """A text whose next word depends on the last two."""
    rng = np.random.default_rng(seed)
    law = rng.dirichlet(np.full(words, 0.4), size=(words, words))
    ids = [0, 1]
    while len(ids) < tokens:
        ids.append(int(rng.choice(words, p=law[ids[-2], ids[-1]])))
    cut = np.sort(rng.choice(np.arange(1, tokens), size=tokens // 12, replace=False))
    names = tuple(f"w{i}" for i in range(words))
    return Texts(np.array(ids), np.concatenate([[0], cut, [tokens]]), names)


def surprise(written, scorer, place):
    """Chi-square p-value of the words at one place of the blocks, given those in front."""
    block, words = written.block, len(written.vocabulary)
    rows = written.ids.reshape(-1, block)
    contexts, inverse = np.unique(rows[:, :place], axis=0, return_inverse=True)
    seen = np.zeros((len(contexts), words))
    np.add.at(seen, (inverse.ravel(), rows[:, place]), 1)
    every = np.zeros((len(contexts) * words, block), int)
    every[:, :place] = np.repeat(contexts, words, axis=0)
    every[:, place] = np.tile(np.arange(words), len(contexts))
    asked = Texts(every.ravel(), np.arange(len(every) + 1) * block, written.vocabulary, block)
    law = np.exp(scorer.log_prob(asked)).reshape(-1, block)[:, place].reshape(-1, words)
    np.testing.assert_allclose(law.sum(axis=1), 1)
    expected = law * seen.sum(axis=1, keepdims=True)
    if (seen[expected == 0] > 0).any():
        return 0.0
    # Cells too rare for the normal limit are pooled within their context.
    statistic, freedom = 0.0, 0
    for some, mean in zip(seen, expected, strict=True):
        rare = mean < 5
        some = np.append(some[~rare], some[rare].sum())
        mean = np.append(mean[~rare], mean[rare].sum())
        some, mean = some[mean > 0], mean[mean > 0]
        statistic += ((some - mean) ** 2 / mean).sum()
        freedom += mean.size - 1
    return chi2.sf(statistic, freedom)


LAWS = [
    *(NGram(3, smoothing, floor=0) for smoothing in SMOOTHINGS),
    NGram(3, "kneser-ney", discount=0.0, floor=0),
    NGram(2, "interpolated", discount=0.9, floor=0),
    NGram(3, temperature=0.6, floor=0),
    NGram(3, temperature=1.5, floor=0),
    NGram(3, top_k=2, floor=0),
    NGram(3, top_p=0.8, floor=0),
    NGram(3, temperature=0.9, top_k=4, top_p=0.9, floor=0),
]


@pytest.mark.parametrize("learner", LAWS, ids=str)
@pytest.mark.parametrize("tokens", [300, 4000])
def test_words_are_written_by_the_law_that_scores_them(learner, tokens):
    """With few tokens contexts are sparse, with many dense: the two forms of the guide table."""
    rng = np.random.default_rng(6)
    model = learner.fit(corpus(tokens=tokens).blocks(5), rng=rng)
    written = model.sample(30_000, rng=rng)
    assert min(surprise(written, model, place) for place in range(5)) > 1e-4


@pytest.mark.parametrize("learner", LAWS[:6], ids=str)
def test_neighbouring_laws_are_told_apart(learner):
    rng = np.random.default_rng(7)
    texts = corpus(tokens=300).blocks(5)
    written = learner.fit(texts, rng=rng).sample(30_000, rng=rng)
    for other in LAWS:
        if other != learner:
            model = other.fit(texts, rng=rng)
            assert min(surprise(written, model, place) for place in range(4)) < 1e-4


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_lengths_of_documents_follow_the_end_symbol(smoothing):
    """Empty and one-word documents are as common as their score says."""
    rng = np.random.default_rng(8)
    texts = Texts.of(["", "a", "a b", "b a b", "a a", "b"])
    model = NGram(2, smoothing, floor=0).fit(texts, rng=rng)
    written = model.sample(20_000, rng=rng).to_strings()
    scores = model.log_prob(texts)
    bounds = texts.starts + np.arange(len(texts) + 1)
    for document, first, last in zip(texts.to_strings(), bounds[:-1], bounds[1:], strict=True):
        if len(document.split()) == 3:
            continue  # as long as the longest one, so it also stands for all that were cut
        p = math.exp(scores[first:last].sum())
        error = math.sqrt(p * (1 - p) / len(written))
        assert abs(written.count(document) / len(written) - p) < 4 * error
        assert abs(written.count(document) / len(written) - p * 1.2) > 4 * error
