"""Probes of language: on texts and strings, against their definitions, across a resumed run."""

from types import SimpleNamespace

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.scoring import token_scores
from modelcollapse.families.texts import Texts
from modelcollapse.probes import language

WORDS = [f"w{i}" for i in range(60)]
PROBES = [
    language.Perplexity(), language.CrossEntropyGap(), language.GeneratedPerplexity(),
    language.PerplexityHistogram(), language.Repetition(2), language.SelfBleu(),
    language.ZipfExponent(), language.VocabularySurvival(),
]  # fmt: skip


@pytest.fixture(scope="module")
def blocks():
    rng = np.random.default_rng(3)
    law = np.arange(1, 61.0) ** -1
    ids = rng.choice(60, p=law / law.sum(), size=20_000)
    return Texts(ids, [0, 20_000], tuple(WORDS)).blocks(20)


@pytest.fixture
def lineage(blocks):
    return mc.Lineage(
        mc.Empirical(blocks), mc.NGram(1), mc.Replace(200), size=200, holdout=400
    )  # fmt: skip


def after(lineage, generations=1):
    chain = lineage.generations(seed=1)
    for _ in range(generations):
        next(chain)
    return next(chain)


def test_perplexity_is_the_exponential_of_the_cross_entropy(lineage):
    history = lineage.run(2, probes=[language.Perplexity(), "cross_entropy"])
    np.testing.assert_allclose(np.log(history["perplexity"]), history["cross_entropy"])


def test_text_is_read_under_generation_0(lineage):
    seen = after(lineage)
    first = next(lineage.generations(seed=1)).model
    read = language.GeneratedPerplexity()(seen)
    scores = first.log_prob(seen.sample)
    assert read["cross_entropy"] == pytest.approx(-scores.mean())
    each = np.exp(-scores.reshape(200, 20).mean(axis=1))
    assert read["median"] == pytest.approx(np.quantile(each, 0.5, method="nearest"))
    assert read["low"] < read["median"] < read["high"]
    # A negative control: under its own model the same text reads otherwise.
    assert read["cross_entropy"] != pytest.approx(-seen.model.log_prob(seen.sample).mean())


def test_a_resumed_run_fits_the_first_model_again(lineage):
    for policy, budget in ((mc.Replace(200), None), (mc.Accumulate(200), 150)):
        changed = lineage.but(policy=policy, budget=budget)
        chain = changed.generations(seed=1)
        states = [next(chain).state for _ in range(2)]
        straight, resumed = next(chain), next(changed.generations(seed=1, after=states[1]))
        assert resumed.first_model is not straight.first_model
        for probe in (language.GeneratedPerplexity(), language.PerplexityHistogram()):
            assert probe(resumed) == probe(straight)


def test_the_histogram_holds_every_text_once(lineage):
    seen = after(lineage)
    probe = language.PerplexityHistogram(lowest=1.0, highest=1000.0, bins=30)
    shares = probe(seen)
    assert next(iter(shares)) == "1"
    assert sum(shares.values()) == pytest.approx(1)
    edges = np.array([float(name) for name in shares])
    first = seen.first_model
    each = np.exp(-first.log_prob(seen.sample).reshape(200, 20).mean(axis=1))
    expected = np.histogram(each, [*edges, np.inf])[0] / 200
    np.testing.assert_allclose(list(shares.values()), expected)
    narrow = language.PerplexityHistogram(lowest=2.0, highest=4.0, bins=2)(seen)
    assert narrow["2.8284"] == 1  # what lies beyond is in the last bin


def test_pure_sampling_conserves_and_sharpening_moves_text_to_low_perplexity(lineage):
    measure = "generated_perplexity.cross_entropy"
    probes = [language.GeneratedPerplexity(), language.VocabularySurvival(), "support"]
    shift = {}
    for temperature in (1.0, 0.8):
        cold = lineage.but(learner=mc.NGram(1, temperature=temperature))
        history = cold.run(5, replicates=40, probes=probes)
        change = history[measure][:, -1] - history[measure][:, 0]
        shift[temperature] = change.mean() / (change.std(ddof=1) / np.sqrt(40))
        survival = history["vocabulary_survival"].mean(axis=0)
        assert survival[0] > survival[-1]
    assert abs(shift[1.0]) < 4
    assert shift[0.8] < -8


def test_texts_grow_alike_and_circular_where_decoding_sharpens(lineage):
    cold = lineage.but(learner=mc.NGram(2, temperature=0.6))
    history = cold.run(4, replicates=3, probes=PROBES)
    for measure in ("self_bleu", "repetition.runs", "repetition.loops"):
        values = history[measure].mean(axis=0)
        assert values[-1] > values[0], measure
    assert (history["cross_entropy_gap"][:, -1] > history["cross_entropy_gap"][:, 0]).all()


def test_certainty_of_the_next_token_is_refused_for_texts_of_models_that_do_not_give_it(lineage):
    with pytest.raises(Incompatible, match=r"those of NGram do not. Use CausalLM"):
        lineage.run(0, probes=["next_token_concentration"])


def test_common_words_take_over_where_words_are_sharpened(lineage):
    cold = lineage.but(learner=mc.NGram(1, temperature=0.85))
    exponent = cold.run(2, replicates=3, probes=["zipf_exponent"])["zipf_exponent"]
    # The law has exponent 1, and writing multiplies it by 1 / 0.85 in each generation.
    np.testing.assert_allclose(exponent.mean(axis=0), 0.85 ** -np.arange(1, 4.0), rtol=0.05)


def test_strings_are_read_like_texts():
    rng = np.random.default_rng(0)
    documents = [" ".join(rng.choice(WORDS[:30], size=12)) for _ in range(300)]
    lineage = mc.Lineage(
        mc.Empirical(documents), mc.NGram(2), mc.Replace(100), size=100, holdout=100
    )
    history = lineage.run(1, probes=PROBES)
    kept = [m for m in history.measures if not m.startswith("perplexity_h")]
    assert all(np.isfinite(history[m]).all() for m in kept)


def test_records_that_are_no_texts_read_nan():
    lineage = mc.Lineage(mc.Gaussian(), mc.GaussianMLE(), mc.Replace(30), size=30)
    history = lineage.run(1, probes=[*PROBES, language.NextTokenConcentration()])
    assert all(np.isnan(history[m]).all() for m in history.measures)


def test_certainty_of_the_next_token_is_read_where_a_model_gives_it(lineage):
    seen = after(lineage)
    seen.model = SimpleNamespace(token_entropies=lambda texts: [np.zeros(3), np.array([])])
    assert language.NextTokenConcentration()(seen) == 1


def test_scores_are_parted_text_by_text():
    texts = Texts.of(["a b c", "a", "b c"])
    model = mc.NGram(2).fit(texts, rng=np.random.default_rng(0))
    parts = token_scores(model, texts)
    assert [len(part) for part in parts] == [4, 2, 3]  # with the end of each
    np.testing.assert_array_equal(np.concatenate(parts), model.log_prob(texts))
    given = SimpleNamespace(token_log_probs=lambda texts: [[-1.0], []])
    assert [part.tolist() for part in token_scores(given, texts)] == [[-1.0], []]
    with pytest.raises(Incompatible, match="gives no probabilities"):
        token_scores(object(), texts)
    with pytest.raises(Incompatible, match="must score every token"):
        token_scores(SimpleNamespace(log_prob=lambda texts: np.zeros(5)), texts)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: language.PerplexityHistogram(lowest=0.5), "scale from 0.5"),
        (lambda: language.PerplexityHistogram(highest=1.0), "from 1 to 1"),
        (lambda: language.PerplexityHistogram(bins=1), "bins = 1"),
        (lambda: language.Repetition(0), "n = 0"),
    ],
)
def test_wrong_input(make, message):
    with pytest.raises(InputError, match=message):
        make()
