"""Text under the first model: conserved by pure sampling, shifted by whatever prefers the mode.

With M_0 the first model, a token that it samples has an expected surprise equal to the entropy of
its law, whatever came before; and a later model, fitted to a sample without any preference, has
the law of its parent in expectation. So the cross-entropy of every generation's text under M_0
stays what it was. A beam search and a low temperature take it down: the leftward shift of the
histograms in Shumailov et al. (2024), which the noise of sampling alone does not produce.

Models go on from their parent's weights here: trained from new ones, each generation adds its own
error of approximation, which spreads the law, and the cross-entropy rises by some hundredths.
"""

from dataclasses import replace

import numpy as np
import pytest

from modelcollapse.families.texts import Texts
from modelcollapse.learners.causal_lm import CausalLM

pytest.importorskip("torch")
pytest.importorskip("transformers")

BLOCK, WORDS = 6, tuple("abcdef")
STEPS = np.random.default_rng(3).dirichlet(np.full(6, 0.6), size=6).cumsum(axis=1)
CONFIG = {
    "model_type": "gpt2", "n_layer": 1, "n_embd": 16, "n_head": 2, "n_positions": 8,
    "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0,
}  # fmt: skip
PURE = CausalLM(
    config=CONFIG, start="parent", block=BLOCK, epochs=12, batch=32, learning_rate=1e-2,
    weight_decay=0.0, beams=None, writing_batch=512,
)  # fmt: skip
GENERATIONS, SIZE = 2, 160


def nature(n, rng):
    """Blocks of a Markov chain of words."""
    ids = np.zeros((n, BLOCK), np.int32)
    ids[:, 0] = rng.integers(6, size=n)
    for j in range(1, BLOCK):
        ids[:, j] = (STEPS[ids[:, j - 1]] > rng.random(n)[:, None]).argmax(axis=1)
    return Texts(ids.ravel(), np.arange(n + 1) * BLOCK, WORDS, BLOCK)


def surprise(model, texts):
    return -model.log_prob(texts).mean()


def z_score(values):
    values = np.asarray(values)
    return values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))


@pytest.fixture(scope="module")
def first():
    """A model of generation 0, for each protocol."""
    rng = np.random.default_rng(1)
    texts = nature(SIZE, rng)
    return {
        protocol: replace(PURE, protocol=protocol).fit(texts, rng=rng)
        for protocol in ("continue", "free")
    }


def excess(model, recipe, n=1500):
    """Surprise less entropy of every text that a model writes by a recipe."""
    texts = replace(model, recipe=recipe).sample(n, rng=np.random.default_rng(2))
    surprises, entropies = model.token_log_probs(texts), model.token_entropies(texts)
    return [-s.sum() - e.sum() for s, e in zip(surprises, entropies, strict=True)]


def test_what_is_sampled_is_as_surprising_as_its_law_is_uncertain(first):
    model = first["free"]
    assert abs(z_score(excess(model, model.recipe))) < 4


@pytest.mark.parametrize(
    "changes", [{"temperature": 0.9}, {"top_p": 0.95}, {"top_k": 4}, {"temperature": 1.1}]
)
def test_a_changed_law_is_told_apart(first, changes):
    # Negative controls of the test above: small changes, and it fails.
    model = first["free"]
    assert abs(z_score(excess(model, replace(model.recipe, **changes)))) > 4


def shifts(recipe, replicates):
    """Change of the cross-entropy under the first model, one row a replicate."""
    found = []
    for replicate in range(replicates):
        rng = np.random.default_rng([11, replicate])
        first = model = recipe.fit(nature(SIZE, rng), rng=rng)
        neutral = replace(first, recipe=replace(PURE, protocol=recipe.protocol))
        start = surprise(first, neutral.sample(5 * SIZE, rng=rng))
        row = []
        for _ in range(GENERATIONS):
            texts = model.sample(SIZE, rng=rng)
            model = recipe.fit(texts, rng=rng, parent=model)
            row.append(surprise(first, model.sample(5 * SIZE, rng=rng)) - start)
        found.append(row)
    return np.array(found)


def test_pure_sampling_conserves_the_cross_entropy_under_the_first_model():
    found = shifts(replace(PURE, protocol="free"), 6)
    assert abs(z_score(found[:, -1])) < 4
    assert found[:, -1].std(ddof=1) / np.sqrt(6) < 0.03  # it could have been seen


@pytest.mark.parametrize("changes", [{"beams": 5}, {"temperature": 0.6, "protocol": "free"}])
def test_preferring_the_mode_takes_it_down(changes):
    found = shifts(replace(PURE, **changes), 3)
    assert z_score(found[:, -1]) < -4
    assert found[:, -1].mean() < -0.15
