"""What a choice did, against counting by hand and against its own promises."""

import json
import math
import tracemalloc

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.families.texts import Texts
from modelcollapse.metrics.text import distinct
from modelcollapse.selection import word_tally
from modelcollapse.selection.chance import RandomChoice
from modelcollapse.selection.effects import effects, random_choices
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.label_effects import wrong_among
from modelcollapse.selection.pile import Choice, Pile
from modelcollapse.selection.rarity import rarity_bins
from modelcollapse.selection.tilt import Tilt
from modelcollapse.selection.top import TopFraction
from modelcollapse.selection.word_tally import Vocabulary, WordTally, batches


def rng(seed=0):
    return np.random.default_rng(seed)


def corpus(count, seed=0, states=300, length=12):
    random = rng(seed)
    law = 1 / np.arange(1, states + 1)
    law /= law.sum()
    sizes = random.integers(0, 2 * length, count)
    return [" ".join(f"w{k}" for k in random.choice(states, size, p=law)) for size in sizes]


TEXTS = corpus(120)
REAL = corpus(200, seed=1)
PILE = Pile(
    {"s": np.where(np.arange(120) % 20 == 3, np.nan, rng(2).normal(size=120))},
    np.arange(120) // 3,
    {"topic": np.minimum(np.arange(120) // 30, 2)},
    {"topic": ["a", "b", "c", "d"]},
    {"topic": np.array([50, 40, 100, 10])},
)
THERE = ~np.isnan(PILE.scores["s"])
CHOICE = TopFraction(0.3).choose(PILE, None, rng=rng())


def counted(texts, copies=None):
    """Words of texts, each as often as its copies say."""
    copies = np.ones(len(texts), int) if copies is None else copies
    repeated = [text for text, times in zip(texts, copies, strict=True) for _ in range(times)]
    return Texts.of(repeated, lower=True)


def report(choice=CHOICE, **given):
    given = {"texts": TEXTS, "reference": REAL} | given
    return effects(PILE, choice, rng=rng(7), **given)


def test_rows_against_counting_by_hand():
    labels = np.where(np.arange(120) % 7 == 0, np.nan, (np.arange(120) % 3 > 0).astype(float))
    found = report(labels=labels)
    kept = CHOICE.copies > 0
    scores = PILE.scores["s"]
    assert found.number == kept.sum() == found.effective_size
    assert found["mean_score.s"].kept == pytest.approx(scores[kept].mean())
    assert found["mean_score.s"].candidates == pytest.approx(scores[THERE].mean())
    known = kept & ~np.isnan(labels)
    assert found["wrong"].kept == pytest.approx(1 - labels[known].mean())
    assert found["prompts"].kept == len(set((np.arange(120) // 3)[kept]))
    assert found["prompts"].candidates == 40
    for name, copies in (("kept", CHOICE.copies), ("candidates", THERE.astype(int))):
        texts = counted(TEXTS, copies)
        words = np.bincount(texts.ids)
        assert getattr(found["types"], name) == words.size
        assert getattr(found["words_per_record"], name) == words.sum() / copies.sum()
        share = words / words.sum()
        assert getattr(found["entropy"], name) == pytest.approx(-(share * np.log(share)).sum())
        pairs = distinct(texts.ids, texts.starts, 2)
        assert getattr(found["distinct_2"], name) == pytest.approx(pairs)
    bands = [row for row in found.effects if row.measure.startswith("types.")]
    assert sum(row.kept for row in bands) == found["types"].kept
    assert sum(row.random for row in bands) == pytest.approx(found["types"].random)
    real = dict(zip(*np.unique(" ".join(REAL).split(), return_counts=True), strict=True))
    once = {word for i in np.flatnonzero(kept) for word in TEXTS[i].split() if real.get(word) == 1}
    assert found["types.1"].kept == len(once)


def test_expectations_are_those_of_very_many_random_choices():
    labels = (np.arange(120) % 3 > 0).astype(float)
    found = report(draws=400, labels=labels)
    assert len(found.effects) == 15
    chosen = [RandomChoice().choose(PILE, CHOICE.kept, rng=rng(k)) for k in range(60)]
    reports = [report(choice, draws=2, labels=labels) for choice in chosen]
    for row in found.effects:
        if row.measure in ("types_at_equal_length", "tail_covered"):
            continue  # at the smallest length of the choices at hand
        values = [each[row.measure].kept for each in reports]
        # The means of the draws have an error of their own.
        assert abs(np.mean(values) - row.random) <= 4 * row.sd * math.sqrt(1 / 60 + 1 / 400) + 1e-4
        if row.sd > 0:
            assert 0.6 < np.std(values, ddof=1) / row.sd < 1.5


def test_a_random_choice_is_unremarkable_and_a_narrow_one_is_not():
    for seed in range(5):
        random = RandomChoice(0.3).choose(PILE, None, rng=rng(seed))
        found = report(random, draws=100)
        assert max(abs(row.z) for row in found.effects if row.sd > 0) < 4.5
    narrow = np.array([-len(set(text.split())) for text in TEXTS], dtype=float)
    pile = Pile({"short": narrow}, PILE.prompts)
    found = effects(pile, TopFraction(0.3).choose(pile, None, rng=rng()), rng=rng(), texts=TEXTS)
    assert found["types"].z < -5
    assert found["words_per_record"].z < -5
    assert found["mean_score.short"].z > 5


def test_subgroups_with_intervals_and_what_is_lost():
    topic = PILE.groups["topic"]
    copies = (THERE & (topic != 1)).astype(int)
    choice = Choice(copies, ("not wanted",), np.where(copies > 0, -1, 0))
    found = report(choice)
    assert found.lost == {"topic": ["b"]}  # nobody wrote about d
    assert found["lost.topic"].kept == 1
    assert found["lost.topic"].random < 0.01
    groups = {group.group: group for group in found.groups}
    assert groups["a"].candidates == pytest.approx((topic[THERE] == 0).mean())
    assert groups["a"].kept == pytest.approx((topic[copies > 0] == 0).mean())
    n, size, p = copies.sum(), THERE.sum(), groups["a"].candidates
    sd = math.sqrt(p * (1 - p) * size / (size - 1) * (1 / n - 1 / size))
    assert groups["a"].sd == pytest.approx(sd)
    assert groups["a"].real == 0.25
    assert groups["a"].ratio == pytest.approx(groups["a"].kept / 0.25)
    assert groups["a"].ratio_low < groups["a"].ratio < groups["a"].ratio_high
    assert groups["b"].ratio == groups["b"].ratio_low == 0
    assert groups["b"].z < -4
    assert math.isnan(groups["d"].z)
    guarded = TailGuard(TopFraction(0.3), ["topic"]).choose(PILE, None, rng=rng())
    assert report(guarded).lost == {}
    assert report(groups=[]).groups == []


def test_weights_count_in_means_and_shares():
    choice = Tilt(1.0).choose(PILE, None, rng=rng())
    found = report(choice, draws=40)
    scores = np.where(THERE, PILE.scores["s"], 0.0)
    mean = np.average(scores, weights=choice.weights)
    assert found["mean_score.s"].kept == pytest.approx(mean)
    assert found.effective_size == pytest.approx(choice.figures["effective_sample_size"])
    assert found["types"].kept == found["types"].candidates
    # The spread is that of the same weights dealt at random.
    weights, values = choice.weights[THERE], scores[THERE]
    random = rng(3)
    dealt = [np.average(values, weights=random.permutation(weights)) for _ in range(3000)]
    assert found["mean_score.s"].sd == pytest.approx(np.std(dealt), rel=0.06)
    shares = {group.group: group.kept for group in found.groups}
    expected = np.bincount(PILE.groups["topic"], choice.weights) / choice.weights.sum()
    assert [shares[name] for name in "abc"] == pytest.approx(expected)


def test_more_records_than_there_are():
    copies = random_choices(np.array([True, False, True, True]), 8, 50, rng())
    assert (copies.sum(axis=0) == 8).all()
    assert (copies[1] == 0).all()
    assert copies[[0, 2, 3]].min() == 2
    drawn = Tilt(0.5, resample=True, repeats=3).choose(PILE, 200, rng=rng())
    found = report(drawn, draws=5)
    assert found.number == 200
    assert found["prompts"].random == 40


def test_texts_are_streamed_and_only_once():
    once = report(texts=iter(TEXTS), reference=iter(REAL))
    assert once.to_dict() == report().to_dict() or str(once) == str(report())
    lists = json.loads(json.dumps(once.to_dict()))
    assert lists["effects"][0]["measure"] == "mean_score.s"
    assert lists["number"] == CHOICE.kept


def test_batches_and_sampled_pairs_change_nothing_or_little(monkeypatch):
    texts = corpus(300, seed=4, states=3000, length=30)
    copies = rng(5).integers(0, 3, (300, 4))
    everything = counted(texts, copies[:, 1])
    exact = distinct(everything.ids, everything.starts, 2)
    monkeypatch.setattr(word_tally, "_BATCH", 7)
    tally = WordTally(Vocabulary(), 4)
    for i, batch in enumerate(batches(texts)):
        tally.add(batch, copies[7 * i : 7 * i + len(batch)])
    assert tally.distinct_pairs[1] == pytest.approx(exact, rel=1e-12)
    counts = np.sort(tally.counts[1])
    assert counts[counts > 0].tolist() == np.sort(np.bincount(everything.ids)).tolist()
    held = sum("w0" in text.split() for text, c in zip(texts, copies[:, 0], strict=True) if c)
    assert tally.texts_with.max() == held
    monkeypatch.setattr(word_tally, "_PAIRS", 1000)
    sampled = WordTally(Vocabulary(), 4)
    for i, batch in enumerate(batches(texts)):
        sampled.add(batch, copies[7 * i : 7 * i + len(batch)])
    assert sampled.distinct_pairs[1] != tally.distinct_pairs[1]
    assert sampled.distinct_pairs == pytest.approx(tally.distinct_pairs, rel=0.15)


def test_memory_grows_with_the_vocabulary_and_not_with_the_texts(monkeypatch):
    monkeypatch.setattr(word_tally, "_BATCH", 100)
    few = corpus(100, seed=6)

    def peak(rounds):
        tally = WordTally(Vocabulary(), 8)
        copies = np.ones((100, 8), dtype=np.uint8)
        tracemalloc.start()
        for batch in batches(text for _ in range(rounds) for text in few):
            tally.add(batch, copies)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40) < 1.3 * peak(2)


def test_empty_texts_are_undefined_not_zero():
    pile = Pile({"s": np.arange(4.0)})
    choice = TopFraction(0.5).choose(pile, None, rng=rng())
    found = effects(pile, choice, rng=rng(), texts=["", None, "a b", ""], reference=[""])
    assert math.isnan(found["entropy"].kept) or math.isnan(found["entropy"].sd)
    assert math.isnan(found["tail_covered"].kept)
    assert found["distinct_2"].candidates == 1
    assert found["types"].candidates == 2
    nothing = effects(pile, choice, rng=rng(), texts=[""] * 4)
    assert math.isnan(nothing["distinct_2"].kept)
    assert "2 records kept" in str(nothing)


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="121 texts for 120 records"):
        report(texts=[*TEXTS, "more"])
    with pytest.raises(InputError, match="119 texts for 120 records"):
        report(texts=TEXTS[1:])
    with pytest.raises(InputError, match="labels"):
        report(labels=[1.0])
    with pytest.raises(InputError, match="draws = 1"):
        report(draws=1)
    with pytest.raises(InputError, match="tail must lie between 0 and 1"):
        report(tail=0.0)
    with pytest.raises(InputError, match="about 4 records"):
        effects(PILE, TopFraction().choose(Pile({"s": np.arange(4.0)}), None, rng=rng()), rng=rng())
    with pytest.raises(InputError, match="nothing is kept"):
        report(Choice(np.zeros(120, int), ("no",), np.zeros(120, int)))
    with pytest.raises(InputError, match="Did you mean 'topic'"):
        report(groups=["topics"])
    with pytest.raises(KeyError):
        report()["nothing"]


# --- rarity ---------------------------------------------------------------------------------


def test_bins_of_rarity_are_even_for_more_of_the_same():
    real, same = corpus(4000, seed=8, length=20), corpus(4000, seed=9, length=20)
    codes, counts = rarity_bins(same, real, bins=5)
    assert counts.tolist() == [800] * 5
    share = np.bincount(codes, minlength=5) / 4000
    # Not so if a real text counted itself: then new ones would look rarer.
    assert np.abs(share - 0.2).max() < 4.5 * np.sqrt(0.2 * 0.8 * 2 / 4000)
    odd, _ = rarity_bins(["w0 w0 w0", "w299 w298", "unseen words"], real, bins=5)
    assert odd.tolist() == [0, 4, 4]


def test_wrong_rarity_is_refused():
    with pytest.raises(InputError, match="bins"):
        rarity_bins(["a"], ["a", "b"], bins=1)
    with pytest.raises(InputError, match="2 real texts cannot be parted into 3"):
        rarity_bins(["a"], ["a", "b"], bins=3)
    with pytest.raises(InputError, match="two passes"):
        rarity_bins(["a"], iter(["a", "b"]), bins=2)


# --- labels of some records ----------------------------------------------------------------------


def labelled_apart(seed=0):
    """Two piles of which different shares are labelled, with the weights of the labels."""
    random = rng(seed)
    kept = np.arange(400) < 100
    labels = np.full(400, np.nan)
    weights = np.zeros(400)
    for pile, number in ((kept, 10), (~kept, 50)):
        some = random.choice(np.flatnonzero(pile), number, replace=False)
        labels[some] = random.random(number) < 0.6
        weights[some] = pile.sum() / number
    return kept, labels, weights


def test_labels_count_for_the_records_they_stand_for():
    kept, labels, weights = labelled_apart()
    pile = Pile({"s": np.arange(400.0)})
    choice = Choice(kept.astype(int), ("no",), np.where(kept, -1, 0))
    row = effects(pile, choice, rng=rng(), labels=labels, label_weights=weights)["wrong"]
    parts = [1 - np.nanmean(labels[there]) for there in (kept, ~kept)]
    assert row.candidates == row.random == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])
    assert row.kept == pytest.approx(parts[0])
    assert effects(pile, choice, rng=rng(), labels=labels)["wrong"].random != row.random


def test_the_deviation_is_that_of_the_label_design():
    found, z = [], []
    for seed in range(400):
        kept, labels, weights = labelled_apart(seed)
        share, chosen, sd = wrong_among(labels, kept.astype(float), weights)
        found.append(chosen - share)
        z.append((chosen - share) / sd)
    # The piles are equally good, so that differences are chance: 400 of them, 4 standard errors.
    assert np.std(z) == pytest.approx(1, abs=4 / math.sqrt(800))
    # Negative control: labels in the shares of the piles would say too little.
    assert abs(np.std(found) / math.sqrt(0.24 * (1 / 100 - 1 / 400) * 400 / 60) - 1) > 0.08


def test_labels_in_random_proportion_agree_with_sampling_from_a_finite_population():
    labels = np.where(np.arange(400) % 5 == 0, (np.arange(400) % 3 > 0).astype(float), np.nan)
    kept = (np.arange(400) % 4 == 0).astype(float)  # a quarter of the labels, too
    _, _, sd = wrong_among(labels, kept)
    known = labels[~np.isnan(labels)]
    assert sd == pytest.approx(math.sqrt(np.var(known, ddof=1) * (1 / 20 - 1 / 80)))


def test_records_of_one_prompt_are_worth_less():
    random = rng(5)
    z = []
    for _ in range(300):
        labels = np.repeat((random.random(60) < 0.6).astype(float), 5)
        kept = np.repeat(random.random(60) < 0.3, 5).astype(float)
        share, chosen, sd = wrong_among(labels, kept, None, np.arange(300) // 5)
        alone = wrong_among(labels, kept)[2]
        z.append([(chosen - share) / sd, (chosen - share) / alone])
    with_, without = np.std(z, axis=0)
    assert with_ < 1.2
    assert without > 1.8  # the negative control: five alike taken as five


def test_long_texts_are_counted_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(word_tally, "_LETTERS", 100)
    texts = ["x" * 60, "y" * 60, None, "z" * 300, "a", "b"]
    assert [len(batch) for batch in batches(texts)] == [2, 2, 2]
    assert [text for batch in batches(texts) for text in batch] == texts
    assert list(batches([])) == []
