"""Curators that look at the model that writes, or at real records."""

from types import SimpleNamespace

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.corpus import Corpus
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.texts import Texts
from modelcollapse.testing import BrokenPromise, check_curator

TEXTS = Texts(np.repeat(np.arange(8), 4), np.arange(9) * 4, tuple("abcdefgh"), block=4)


class Scores:
    """Model by which text `i` has a fixed log-probability per token."""

    def __init__(self, values):
        self.values = values

    def token_log_probs(self, texts):
        return [np.full(4, self.values[i]) for i in texts.ids[::4]]


def draw(own=None, first=None, original=None):
    return SimpleNamespace(
        model=own, first_model=first, original=lambda: Corpus.of(original),
        judge=lambda learner: learner,
    )  # fmt: skip


def test_best_of_keeps_the_best_for_each_place(rng):
    scores = np.array([0, 5, 2, 9, 1, 3, 4, 0])
    chosen = mc.BestOf(lambda _: scores, 4).select(np.arange(8), 2, rng=rng)
    assert chosen.tolist() == [6, 3]  # of the even ones, of the odd ones
    assert mc.BestOf(lambda _: scores, 1).select(np.arange(8), 8, rng=rng).tolist() == [*range(8)]
    counts = np.zeros(6)
    for _ in range(900):
        counts[mc.BestOf(lambda _: np.zeros(6), 3).select(np.arange(6), 2, rng=rng)] += 1
    assert np.abs(counts - 300).max() < 5 * np.sqrt(900 * 2 / 9)


def test_texts_are_kept_by_their_perplexity(rng):
    values = -np.array([3.0, 1.0, 7.0, 2.0, 5.0, 8.0, 4.0, 6.0])
    low = mc.PerplexityFilter().prepare(draw(own=Scores(values)))
    assert low.select(TEXTS, 3, rng=rng).tolist() == [0, 1, 3]
    high = mc.PerplexityFilter("first", "high").prepare(draw(first=Scores(values)))
    assert high.select(TEXTS, 3, rng=rng).tolist() == [2, 5, 7]
    each = mc.PerplexityFilter(among="prompt").prepare(draw(own=Scores(values)))
    assert each.select(TEXTS, 4, rng=rng).tolist() == [0, 1, 6, 3]
    judged = mc.PerplexityFilter("judge", judge=Scores(values)).prepare(draw())
    assert judged.select(TEXTS, 1, rng=rng).tolist() == [1]
    assert (low.oversample, mc.PerplexityFilter(oversample=3.0).oversample) == (2.0, 3.0)


def test_what_is_ruled_out_is_the_most_surprising_and_what_has_no_score_is_kept_last(rng):
    values = np.array([-1.0, -np.inf, -2.0, np.nan, -3.0, -1.5, -2.5, -0.5])
    high = mc.PerplexityFilter(keep="high").prepare(draw(own=Scores(values)))
    assert high.select(TEXTS, 2, rng=rng).tolist() == [1, 4]
    low = mc.PerplexityFilter(keep="low").prepare(draw(own=Scores(values)))
    for prepared in (high, low):
        assert prepared.select(TEXTS, 7, rng=rng).tolist() == [0, 1, 2, 4, 5, 6, 7]
        assert len(prepared.select(TEXTS, 8, rng=rng)) == 8
    each = mc.PerplexityFilter(keep="high", among="prompt").prepare(draw(own=Scores(values)))
    assert each.select(TEXTS, 4, rng=rng).tolist() == [4, 1, 6, 7]


def test_confidence_concentrates_and_surprise_spreads():
    rng = np.random.default_rng(0)
    ids = rng.choice(40, p=np.arange(1, 41.0) ** -1 / (np.arange(1, 41.0) ** -1).sum(), size=12_000)
    truth = mc.Empirical(Texts(ids, [0, 12_000], tuple(map(str, range(40)))).blocks(10))
    start = mc.Lineage(truth, mc.NGram(1), mc.Replace(150), size=150, holdout=300)
    entropy = {}
    for name, curator in {
        "random": mc.RandomSelection(2.0),
        "sure": mc.PerplexityFilter("own", "low"),
        "surprised": mc.PerplexityFilter("own", "high"),
        "judged": mc.PerplexityFilter("judge", "high", judge=mc.NGram(1, floor=0.1)),
    }.items():
        entropy[name] = start.but(curator=curator).run(3, replicates=4, probes=["entropy"])[
            "entropy"
        ][:, -1]
    assert entropy["sure"].max() < entropy["random"].min()
    assert entropy["surprised"].min() > entropy["random"].max()
    assert entropy["judged"].min() > entropy["random"].max()


def test_a_detector_prefers_what_looks_real(rng):
    real = rng.normal(size=(300, 2))
    written = np.concatenate([rng.normal(size=(100, 2)), rng.normal(5, 0.1, size=(200, 2))])
    ready = mc.DetectorResampling(oversample=3.0).prepare(draw(original=real))
    chosen = ready.select(written, 100, rng=rng)
    assert np.mean(chosen < 100) > 0.95
    assert np.bincount(chosen).max() <= 3
    assert len(np.unique(chosen)) < 100  # some of them more than once
    alike = mc.DetectorResampling(exponent=0.0, repeats=1).prepare(draw(original=real))
    assert np.mean(alike.select(written, 150, rng=rng) < 100) < 0.5


def test_a_detector_never_judges_what_it_was_taught(rng):
    # Labels without any meaning: only a detector that has seen the record could know them.
    real, written = rng.normal(size=(200, 30)), rng.normal(size=(200, 30))
    ready = mc.DetectorResampling().prepare(draw(original=real))
    assert abs(np.mean(ready.confidence(written, rng=rng)) - 0.5) < 0.08


def test_a_detector_reads_words_and_pairs_of_them(rng):
    real = [f"w{i} the cat sat on the mat" for i in range(30)]
    written = [f"v{i} the cat sat on the mat" for i in range(20)]
    written += [f"v{i} mat the on sat cat the" for i in range(20)]
    ready = mc.DetectorResampling().prepare(draw(original=real))
    confidence = ready.confidence(written, rng=rng)
    assert confidence[:20].min() > 0.5 > confidence[20:].max()
    few = mc.DetectorResampling().prepare(draw(original=["a b"]))
    assert few.confidence(["a b", "c d"], rng=rng).tolist() == [0.5, 0.5]


def test_a_lineage_with_a_detector_runs_and_runs_again():
    documents = [f"w{i % 7} w{i % 5} w{i % 3}" for i in range(200)]
    lineage = mc.Lineage(
        mc.Empirical(documents), mc.NGram(2), mc.Replace(50), size=50, holdout=60,
        curator=mc.DetectorResampling(folds=2),
    )  # fmt: skip
    first, second = (lineage.run(2, probes=["support"], seed=4) for _ in range(2))
    np.testing.assert_array_equal(first["support"], second["support"])
    rebuilt = mc.Lineage.from_spec({**lineage.spec(), "truth": lineage.truth})
    assert rebuilt.curator == lineage.curator


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mc.BestOf(len, 0), "k = 0"),
        (lambda: mc.PerplexityFilter("mine"), "no under 'mine'"),
        (lambda: mc.PerplexityFilter(keep="lower"), "no keep 'lower'. Did you mean 'low'"),
        (lambda: mc.PerplexityFilter("judge"), "without a judge"),
        (lambda: mc.PerplexityFilter(judge=mc.NGram()), "which nobody asks"),
        (lambda: mc.PerplexityFilter(oversample=0.5), "oversample = 0.5"),
        (lambda: mc.PerplexityFilter(among="prompt", oversample=1.5), "only whole rounds"),
        (lambda: mc.DetectorResampling(exponent=-1.0), "exponent = -1"),
        (lambda: mc.DetectorResampling(repeats=0), "repeats = 0"),
        (lambda: mc.DetectorResampling(folds=1), "folds = 1"),
    ],
)
def test_wrong_input(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("curator", [mc.PerplexityFilter(), mc.DetectorResampling()])
def test_what_is_not_prepared_does_not_select(curator, rng):
    with pytest.raises(InputError, match="prepare"):
        curator.select(TEXTS, 2, rng=rng)


def test_what_cannot_be_read_is_refused(rng):
    with pytest.raises(Incompatible, match="no probabilities of texts"):
        mc.PerplexityFilter().prepare(draw(own=object()))
    with pytest.raises(Incompatible, match="reads texts and arrays"):
        mc.DetectorResampling().prepare(draw(original=[{}] * 9)).select([{}] * 9, 3, rng=rng)


def test_without_prompts_nothing_competes_for_them():
    free, prompted = Scores(range(8)), Scores(range(8))
    free.continues, prompted.continues = False, True
    filtered = mc.PerplexityFilter(among="prompt")
    with pytest.raises(Incompatible, match=r"continues no prompts \(protocol='free'\)"):
        filtered.prepare(draw(own=free))
    assert filtered.prepare(draw(own=prompted)).model is prompted
    assert mc.PerplexityFilter().prepare(draw(own=free)).model is free


class Twice:
    oversample = 1.0

    def __init__(self, repeats):
        self.repeats = repeats

    def select(self, candidates, n, *, rng):
        return np.arange(n) // 2


def test_only_a_curator_that_says_so_keeps_records_more_than_once(toy):
    rows = np.arange(40.0)[:, None]
    check_curator(Twice(2), rows)
    with pytest.raises(BrokenPromise, match="a record twice"):
        check_curator(Twice(1), rows)
    lineage = mc.Lineage(toy.Normal(), toy.FitNormal(), mc.Replace(20), size=20, curator=Twice(2))
    lineage.run(1, probes=["variance"])
    with pytest.raises(InputError, match="no candidate can be kept twice"):
        lineage.but(curator=Twice(1)).run(1, probes=["variance"])


def test_equal_records_are_judged_together():
    # Text that collapsed: the same few phrases over and over, some of which are real as well.
    rng = np.random.default_rng(0)
    phrases = [f"phrase {i} goes on and on" for i in range(6)]
    written = [phrases[i] for i in rng.integers(6, size=60)]
    real = [phrases[0], *(f"real words {i} of number {i * i}" for i in range(59))]
    judge = mc.DetectorResampling(folds=3).prepare(draw(original=real))
    found = judge.confidence(written, rng=np.random.default_rng(1))
    for phrase in phrases:
        same = [found[i] for i, text in enumerate(written) if text == phrase]
        assert len(set(same)) == 1
    one = judge.confidence(["the only text"] * 60, rng=np.random.default_rng(1))
    assert (one == 0.5).all()
