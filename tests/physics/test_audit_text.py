"""Measures of texts: honest redraws pass at the stated rate, n-gram chains move them as told."""

import numpy as np
import pytest
from scipy.stats import binom

from modelcollapse.families.ngram import NGram
from modelcollapse.families.texts import Texts
from modelcollapse.metrics.documents import (
    compression,
    copies,
    corpora,
    distinct,
    lost_words,
    matched,
    near_duplicates,
    over_produced,
    repeated_runs,
    shared_clusters,
    word_profile,
    word_retention,
)
from modelcollapse.metrics.retention import retention_by_rarity
from modelcollapse.sources.prose import standard_library_prose

REPEATS = 40
WORDS = 1 / np.arange(1, 2001)
POOL = np.random.default_rng(7).integers(0, 2000, (2000, 14))


def documents(n, rng):
    """Texts that come back to their own words; some quote a pool, a few are edited copies."""
    law = WORDS / WORDS.sum()
    own = rng.choice(2000, size=(n, 4), p=law)
    drawn = rng.choice(2000, size=(n, 30), p=law)
    back = np.take_along_axis(own, rng.integers(4, size=(n, 30)), axis=1)
    drawn = np.where(rng.random((n, 30)) < 0.4, back, drawn)
    lengths, kind = rng.integers(10, 31, n), rng.random(n)
    written = []
    for row, length, which in zip(drawn, lengths, kind, strict=True):
        ids = row[:length].tolist()
        if which < 0.3:
            ids += POOL[int(2000 * rng.random() ** 2)].tolist()
        elif which < 0.37:
            ids = [*POOL[rng.integers(40)].tolist(), *POOL[100].tolist()]
            if which < 0.34:
                ids[rng.integers(28)] = int(rng.integers(2000, 9000))
        written.append(" ".join(f"w{i}" for i in ids))
    return written


def signals(new, reference, rng):
    near = near_duplicates(new, reference)
    found = {f"distinct-{n}": distinct(new, reference, n) for n in (1, 2, 3)}
    bands = word_retention(new, reference, rng=rng, edges=(2, 6))
    found |= {name: band.signal for name, band in bands.items()}
    found |= {f"Hill {order}": reading for order, reading in word_profile(new, reference).items()}
    found["compression"] = compression(new, reference)
    found["8-grams"] = repeated_runs(new, reference)
    found["copies"] = copies(new, reference, rng=rng)
    found["near"] = shared_clusters(new, near.clusters, reference, near.reference_clusters, rng=rng)
    return found


def at_most(hits, of, rate):
    """Whether so many hits, or more, have more than one chance in 30,000 at that rate."""
    return binom.sf(hits - 1, of, rate) > 1 / 30_000


@pytest.mark.parametrize("sizes", [(200, 200), (200, 500), (500, 200)])
def test_an_honest_redraw_is_unbiased_and_passes_at_the_stated_rate(sizes):
    rng = np.random.default_rng(1)
    found, findings, by_tokens = {}, 0, []
    for _ in range(REPEATS):
        new, reference = corpora(*(documents(n, rng) for n in sizes))
        for name, reading in signals(new, reference, rng).items():
            found.setdefault(name, []).append(reading)
        findings += bool(over_produced(new, reference, lengths=(1, 2, 3)))
        findings += any(word.adjusted_p < 0.05 for word in lost_words(new, reference))
        counts, others = new.token_counts(), reference.token_counts()
        band = retention_by_rarity(counts, others, edges=(2, 6))["middle"]
        by_tokens.append(band.signal.value)
    for name, readings in found.items():
        excess = np.array([reading.value - reading.expected for reading in readings])
        assert abs(excess.mean()) < 4 * excess.std() / REPEATS**0.5 + 1e-3, name
        assert at_most(sum(reading.p < 0.05 for reading in readings), REPEATS, 0.06), name
        missed = sum(not r.low <= r.expected <= r.high for r in readings)
        assert at_most(missed, REPEATS, 0.06), name
    assert at_most(findings, 2 * REPEATS, 0.05)
    # the control: tokens taken for independent records
    error = np.std(by_tokens) / REPEATS**0.5
    assert np.mean(by_tokens) < 1 - 4 * error


def test_intervals_are_not_idle():
    rng = np.random.default_rng(2)
    rejected = {}
    for _ in range(20):
        real, reference = documents(250, rng), documents(250, rng)
        damaged = real[:225] + real[:25]
        for name, reading in signals(*corpora(damaged, reference), rng).items():
            rejected[name] = rejected.get(name, 0) + (reading.p < 0.05)
    for name in ("copies", "near", "8-grams", "compression", "distinct-3"):
        assert rejected[name] >= 12, name


@pytest.fixture(scope="module")
def prose():
    paragraphs = standard_library_prose(min_words=100_000)
    order = np.random.default_rng(3).permutation(len(paragraphs))
    half = len(paragraphs) // 2
    return [paragraphs[i] for i in order[:half]], [paragraphs[i] for i in order[half:]]


def chain(learner, real, generations, rng):
    data = Texts.of(real)
    for _ in range(generations):
        data = learner.fit(data, rng=rng).sample(len(real), rng=rng)
    return data.to_strings()


def z(reading):
    return (reading.value - reading.expected) / reading.error


def test_halves_of_real_prose_are_no_change(prose):
    found = signals(*corpora(*prose), np.random.default_rng(4))
    assert min(reading.p for reading in found.values()) > 0.002


def test_resampling_loses_words_and_phrases_and_no_dominance(prose):
    real, reference = prose
    rng = np.random.default_rng(5)
    first = signals(*corpora(chain(NGram(order=2), real, 1, rng), reference), rng)
    third = signals(*corpora(chain(NGram(order=2), real, 3, rng), reference), rng)
    for name in ("distinct-1", "distinct-2", "middle", "Hill 0"):
        assert first[name].p < 1e-3, name
        assert z(third[name]) < z(first[name]) < -4, name
    # silent under pure drift, while the number of words is not
    assert abs(z(first["Hill 2"])) < 3.5
    assert abs(z(third["Hill 2"])) < abs(z(third["Hill 0"])) / 4
    assert third["head"].value > third["middle"].value > third["tail"].value


def test_sharpening_moves_dominance_and_repeats(prose):
    real, reference = prose
    rng = np.random.default_rng(6)
    sharp = chain(NGram(order=3, temperature=0.8), real, 3, rng)
    new, other = corpora(sharp, reference)
    found = signals(new, other, rng)
    assert z(found["Hill 2"]) < -8
    for name in ("compression", "8-grams", "copies", "near"):
        assert found[name].p < 1e-4, name
        assert found[name].value > found[name].expected, name
    phrases = over_produced(new, other)
    assert phrases
    assert all(phrase.low > 1 for phrase in phrases)
    lost = lost_words(new, other)
    assert lost[0].adjusted_p < 0.2
    assert not any(lost[0].text in text.lower().split() for text in sharp)


def test_copying_is_seen_and_told_from_lost_words(prose):
    real, reference = prose
    rng = np.random.default_rng(7)
    fifth = len(real) // 5
    new, other = corpora(real[fifth:] + real[-fifth:], reference)
    found = signals(new, other, rng)
    for name in ("copies", "near", "8-grams", "compression", "distinct-3"):
        assert found[name].p < 1e-4, name
    once = signals(new.without_copies(), other, rng)
    assert min(reading.p for reading in once.values()) > 1e-3
    assert len(matched(new.without_copies(), other)[0]) == len(real) - fifth
