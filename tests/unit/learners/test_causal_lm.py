"""The language-model learner, on models of some thousand parameters."""

import dataclasses
import inspect
import pickle
import shutil
import time
import warnings
from contextlib import nullcontext

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import records, registry
from modelcollapse.errors import (
    Degenerate,
    Diverged,
    Incompatible,
    InputError,
    Missing,
    ModelCollapseError,
)
from modelcollapse.families.texts import Texts
from modelcollapse.learners import causal_lm, torch_support
from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.learners.language.codec import BOUNDARY, Codec
from modelcollapse.learners.language.loading import check_config, fill, new_module, tensors
from modelcollapse.learners.language.tokens import TokenBlocks, Tokens
from modelcollapse.metrics.stage import Stage
from modelcollapse.sources.prose import standard_library_prose
from modelcollapse.testing import BrokenPromise, check_learner
from modelcollapse.verdict import verdict

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")
huggingface_hub = pytest.importorskip("huggingface_hub")

# Models here are small, and so are their trainings.
pytestmark = pytest.mark.filterwarnings("ignore:.*steps of the optimiser:RuntimeWarning")

BLOCK = 8
CONFIG = {
    "model_type": "gpt2", "n_layer": 1, "n_embd": 32, "n_head": 2, "n_positions": 16,
    "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0,
}  # fmt: skip
WORDS = ("the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", ".")
PROSE = [
    "Whatever a model writes, another one reads; tails are lost first, and quietly.",
    "A generation is trained on what the last one wrote, and on nothing else.",
    "Überraschung: naïve text has more bytes than letters, and so do 漢字.",
] * 6


def markov(n, seed=0, length=BLOCK):
    """Blocks of a chain of words."""
    rng = np.random.default_rng(seed)
    steps = np.random.default_rng(99).dirichlet(np.full(10, 0.5), size=10).cumsum(axis=1)
    ids = np.zeros((n, length), np.int32)
    ids[:, 0] = rng.integers(10, size=n)
    for j in range(1, length):
        ids[:, j] = (steps[ids[:, j - 1]] > rng.random(n)[:, None]).argmax(axis=1)
    return Texts(ids.ravel(), np.arange(n + 1) * length, WORDS, length)


def documents(texts):
    return Texts(texts.ids, texts.starts, texts.vocabulary)


def learner(**changes):
    settings = {"config": CONFIG, "block": BLOCK, "batch": 16, "epochs": 2, "learning_rate": 5e-3}
    return CausalLM(**{**settings, **changes})


def fitted(data, seed=1, parent=None, **changes):
    return learner(**changes).fit(data, rng=np.random.default_rng(seed), parent=parent)


def rng(seed=2):
    return np.random.default_rng(seed)


BLOCKS = markov(200)


@pytest.fixture(scope="module")
def model():
    return fitted(BLOCKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pretrained model and its tokenizer, as save_pretrained writes them."""
    path = tmp_path_factory.mktemp("hub") / "tiny"
    fitted(PROSE, config={**CONFIG, "n_positions": 40, "vocab_size": 300}).save(path)
    return str(path)


# --- promises ----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["continue", "free"])
def test_pure_sampling_keeps_the_promises_of_a_learner(protocol):
    check_learner(learner(protocol=protocol, beams=None, epochs=12), BLOCKS, draws=5)


def test_beams_do_not_and_the_check_says_so():
    with pytest.raises(BrokenPromise, match="same records from different generators"):
        check_learner(learner(), BLOCKS, draws=2)


def test_a_lower_temperature_does_not_either():
    with pytest.raises(BrokenPromise, match="differ from the data"):
        check_learner(learner(beams=None, temperature=0.3, epochs=8), BLOCKS, draws=4)


def test_the_state_of_pytorch_is_as_it_was():
    before = torch.get_num_threads()
    torch.manual_seed(7)
    torch.set_num_threads(3)
    try:
        state = torch.get_rng_state()
        found = fitted(BLOCKS, epochs=1, beams=None)
        found.sample(5, rng=rng())
        found.log_prob(BLOCKS)
        assert torch.equal(state, torch.get_rng_state())
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# --- what is written ---------------------------------------------------------------------------


def test_all_records_are_continued_in_order_or_some_or_in_rounds(model):
    whole = model.sample(200, rng=rng(3))
    again = model.sample(200, rng=rng(4))
    assert np.array_equal(whole.ids, again.ids)  # beams draw nothing, and take all prompts
    assert records.layout(whole) == records.layout(BLOCKS)
    continued = {tuple(row) for row in whole.ids.reshape(-1, BLOCK).tolist()}
    few = model.sample(40, rng=rng(5)).ids.reshape(-1, BLOCK)
    assert {tuple(row) for row in few.tolist()} <= continued
    more = model.sample(210, rng=rng(6)).ids.reshape(-1, BLOCK)
    assert np.array_equal(more[:200].ravel(), whole.ids)
    assert len(more) == 210
    assert model.sample(0, rng=rng()).ids.size == 0


def test_a_continuation_depends_on_its_prompt_and_numbers_on_the_generator():
    found = fitted(BLOCKS, beams=None, epochs=10)
    one, two = found.sample(200, rng=rng(1)), found.sample(200, rng=rng(2))
    assert not np.array_equal(one.ids, two.ids)
    assert np.array_equal(one.ids, found.sample(200, rng=rng(1)).ids)
    # The first word of a continuation follows the last of its prompt as words do in the data.
    rows = BLOCKS.ids.reshape(-1, BLOCK)
    pairs = np.zeros((10, 10))
    np.add.at(pairs, (rows[:, :-1].ravel(), rows[:, 1:].ravel()), 1)
    likely = pairs[rows[:, -1], one.ids.reshape(-1, BLOCK)[:, 0]]
    shuffled = pairs[rows[:, -1], np.roll(one.ids.reshape(-1, BLOCK)[:, 0], 1)]
    assert likely.mean() > 1.5 * shuffled.mean()


def test_size_of_a_shard_does_not_decide_what_is_written():
    small = fitted(BLOCKS, beams=None, writing_batch=7).sample(50, rng=rng())
    large = fitted(BLOCKS, beams=None, writing_batch=64).sample(50, rng=rng())
    assert np.array_equal(small.ids, large.ids)


@pytest.mark.parametrize("beams", [None, 2])
def test_what_is_written_does_not_depend_on_the_size_of_a_shard(beams, monkeypatch):
    lengths = np.random.default_rng(4).integers(5, 17, size=24)
    lengths[0] = 16
    ids = markov(24, length=16).ids[: lengths.sum()]
    ragged = Texts(ids, np.cumsum([0, *lengths]), WORDS)
    model = fitted(ragged, block=16, epochs=5, beams=beams)
    assert model.context == 15  # filled up while most of the texts are written
    one, four, all_ = (
        dataclasses.replace(
            model, recipe=dataclasses.replace(model.recipe, writing_batch=size)
        ).sample(24, rng=rng())
        for size in (1, 4, 64)
    )
    assert np.diff(one.starts).tolist() == lengths.tolist()
    np.testing.assert_array_equal(four.ids, one.ids)
    np.testing.assert_array_equal(all_.ids, one.ids)

    forward = transformers.GPT2LMHeadModel.forward

    def failing(self, *args, **keywords):
        if len(keywords["input_ids"]) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, *args, **keywords)

    failing.__signature__ = inspect.signature(forward)
    monkeypatch.setattr(transformers.GPT2LMHeadModel, "forward", failing)
    with pytest.warns(RuntimeWarning, match="ran out of memory writing"):
        halved = model.sample(24, rng=rng())
    np.testing.assert_array_equal(halved.ids, one.ids)


@pytest.mark.parametrize("beams", [None, 1, 3])
def test_where_every_word_is_used_up_one_comes_again_and_no_other_token(beams):
    words = ("a", "b", "c", "d")
    ids = np.random.default_rng(0).integers(4, size=160)
    model = fitted(Texts(ids, np.arange(21) * 8, words, 8), beams=beams, no_repeat=1)
    prompts = Texts([0, 1, 2, 3], np.arange(5), words)
    written = model.continuations(prompts, 8, rng=rng()).ids.reshape(4, 8)
    assert written.max() < 4
    assert all(set(row) | {i} == {0, 1, 2, 3} for i, row in enumerate(written[:, :3].tolist()))


@pytest.mark.parametrize(
    ("policy", "validation", "prompts"),
    [(mc.Replace(40), 0.2, 32), (mc.Mix(40, real=0.25), 0.0, 40), (mc.Replace(40), 0.0, 40)],
)
def test_every_round_of_candidates_continues_the_same_prompts(policy, validation, prompts):
    seen = []

    class Three:
        oversample = 3.0

        def select(self, candidates, n, *, rng):
            seen.append(candidates.ids.reshape(3, n, BLOCK))
            return np.arange(n)

    recipe = learner(beams=1, validation=validation, epochs=20)  # one prompt has one continuation
    lineage = mc.Lineage(mc.Empirical(BLOCKS), recipe, policy, size=40, curator=Three())
    model = next(iter(lineage.generations())).model
    assert len(model.prompts) == prompts
    lineage.run(1, probes=["distinct"])
    ((first, second, third),) = seen
    assert len(np.unique(first, axis=0)) > 5
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    if len(first) == prompts:  # as without rounds
        whole = model.sample(3 * prompts, rng=rng())
        rounds = model.sample_rounds(3 * prompts, prompts, rng=rng())
        np.testing.assert_array_equal(whole.ids, rounds.ids)


def test_a_round_that_is_not_full_takes_some_of_its_prompts(model):
    rows = model.sample_rounds(35, 10, rng=rng()).ids.reshape(-1, BLOCK)
    np.testing.assert_array_equal(rows[:10], rows[20:30])
    assert {tuple(row) for row in rows[30:].tolist()} <= {tuple(row) for row in rows[:10].tolist()}
    with pytest.raises(InputError, match="a round of 0 texts"):
        model.sample_rounds(3, 0, rng=rng())


def test_documents_of_any_length_come_back_at_their_length():
    texts = records.take(documents(markov(30, length=20)), np.arange(30))
    ragged = Texts(texts.ids[:-7], np.array([*texts.starts[:-1], 593]), WORDS)
    written = fitted(ragged).sample(30, rng=rng())
    assert np.array_equal(np.diff(written.starts), np.diff(ragged.starts))


def test_free_documents_begin_and_end_by_themselves():
    # Documents of three or five words, whose first word says which.
    three, five = [0, 2, 4], [1, 3, 5, 6, 8]
    chosen = np.random.default_rng(0).random(200) < 0.5
    lengths = np.where(chosen, 3, 5)
    ids = np.concatenate([three if c else five for c in chosen])
    texts = Texts(ids, np.cumsum([0, *lengths]), WORDS)
    found = fitted(texts, protocol="free", beams=None, epochs=20)
    written = found.sample(200, rng=rng())
    sizes = np.diff(written.starts)
    assert np.mean(np.isin(sizes, [3, 5])) > 0.9
    assert abs(np.mean(sizes == 3) - chosen.mean()) < 0.15
    first = written.ids[written.starts[:-1][sizes == 3]]
    assert np.mean(first == 0) > 0.9
    # Everything is scored, the end included.
    assert [len(s) for s in found.token_log_probs(records.take(texts, np.arange(9)))] == [
        n + 1 for n in lengths[:9]
    ]


def test_own_prompts_can_be_continued(model):
    prompts = records.take(documents(BLOCKS), np.array([4, 9]))
    written = model.continuations(prompts, rng=rng())
    block = model.sample(len(BLOCKS), rng=rng()).ids.reshape(-1, BLOCK)
    assert written.ids.tolist() == block[[4, 9]].ravel().tolist()
    assert np.diff(model.continuations(prompts, 5, rng=rng()).starts).tolist() == [5, 5]
    with pytest.raises(InputError, match="prompt 1 holds no token"):
        model.continuations(Texts([1], [0, 1, 1], WORDS), rng=rng())
    with pytest.raises(InputError, match="at least 1 token"):
        model.continuations(prompts, 0, rng=rng())


def test_original_prompts_stay_those_of_generation_0():
    first = fitted(BLOCKS, epochs=1, prompts="original")
    second = fitted(markov(40, seed=8), epochs=1, prompts="original", parent=first)
    assert second.prompts is first.prompts
    usual = fitted(markov(40, seed=8), epochs=1, parent=first)
    assert len(usual.prompts) == 40


def test_whether_anything_varies_is_known():
    same = Texts(np.tile(BLOCKS.ids[:BLOCK], 9), np.arange(10) * BLOCK, WORDS, BLOCK)
    assert not fitted(same, epochs=1).varies
    assert fitted(same, epochs=1, beams=None).varies
    assert fitted(BLOCKS, epochs=1).varies
    assert fitted(BLOCKS, epochs=1, protocol="free").varies
    assert not fitted(BLOCKS, epochs=1, protocol="free", beams=None, top_k=1).varies


# --- scores ------------------------------------------------------------------------------------


def test_scores_are_read_by_the_probe_and_agree_with_each_other(model):
    test = markov(50, seed=5)
    scores = model.log_prob(test)
    by_text = model.token_log_probs(test)
    assert [len(s) for s in by_text] == [BLOCK - 1] * 50
    np.testing.assert_array_equal(np.concatenate(by_text), scores)
    np.testing.assert_allclose(model.perplexity(test)[3], np.exp(-by_text[3].mean()))
    assert np.all(np.concatenate(model.token_entropies(test)) <= np.log(11) + 1e-6)
    free = fitted(BLOCKS, protocol="free", epochs=1)
    assert [len(s) for s in free.token_log_probs(test)] == [BLOCK] * 50


def test_the_score_of_a_text_does_not_depend_on_the_others(model):
    test = documents(markov(30, seed=5))
    ragged = Texts(test.ids, np.sort(np.r_[0, 1, test.starts[3:-1], 100, test.ids.size]), WORDS)
    together = model.token_log_probs(ragged)
    for i in range(len(ragged)):
        alone = model.token_log_probs(records.take(ragged, np.array([i])))[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-5)
    assert np.isnan(model.perplexity(ragged)[0])  # one word alone is not predicted


def test_a_text_that_is_next_to_impossible_has_infinite_perplexity(model, monkeypatch):
    scores = [np.full(2, -1e4), np.empty(0)]
    monkeypatch.setattr(type(model), "token_log_probs", lambda self, texts: scores)
    assert model.perplexity(BLOCKS)[0] == np.inf
    assert np.isnan(model.perplexity(BLOCKS)[1])


def test_training_lowers_the_loss_on_what_was_never_seen():
    test = markov(100, seed=6)
    before = -fitted(BLOCKS, epochs=1, learning_rate=1e-9).log_prob(test).mean()
    after = -fitted(BLOCKS, epochs=10).log_prob(test).mean()
    assert before > 2.2
    assert after < 1.95


def test_a_lineage_is_read_by_the_usual_probes(tmp_path):
    lineage = mc.Lineage(
        mc.Empirical(markov(150)), learner(epochs=1, beams=None), mc.Mix(100, real=0.1), size=100
    )
    history = lineage.run(2, store=tmp_path / "run")
    assert {"cross_entropy", "support", "distinct"} <= set(history.measures)
    assert np.isfinite(history["cross_entropy"]).all()
    again = lineage.run(2, n_jobs=1)
    assert np.array_equal(again["cross_entropy"], history["cross_entropy"])


# --- training ----------------------------------------------------------------------------------


def test_a_generation_starts_from_the_base_or_from_its_parent():
    test = markov(100, seed=6)
    parent = fitted(BLOCKS, epochs=8)
    barely = {"epochs": 1, "learning_rate": 1e-9, "parent": parent}
    tuned = fitted(BLOCKS, start="parent", **barely)
    fresh = fitted(BLOCKS, start="base", **barely)
    np.testing.assert_allclose(tuned.log_prob(test), parent.log_prob(test), atol=1e-4)
    assert -fresh.log_prob(test).mean() > -tuned.log_prob(test).mean() + 0.3


def test_validation_text_stops_a_training_and_is_never_trained_on():
    few = records.take(BLOCKS, np.arange(24))
    settings = {"epochs": 30, "validation": 0.25, "patience": 2, "batch": 4}
    stopped = fitted(few, **settings)
    assert len(stopped.prompts) == 18
    assert len(stopped.validation) == 6
    kept = {tuple(row) for row in stopped.prompts.ids.reshape(-1, BLOCK).tolist()}
    assert not kept & {tuple(row) for row in stopped.validation.ids.tolist()}
    # A training to the end has learnt its 18 blocks by heart.
    test = markov(100, seed=6)
    over = fitted(few, **{**settings, "patience": 30})
    whole = fitted(few, epochs=30, batch=4)
    best, same = (-m.log_prob(test).mean() for m in (stopped, over))
    assert best == pytest.approx(same, abs=0.1)
    assert -whole.log_prob(test).mean() > best + 0.2
    child = fitted(few, parent=stopped, **settings)
    assert child.validation is stopped.validation


@pytest.mark.parametrize("protocol", ["continue", "free"])
def test_what_is_like_validation_text_is_not_trained_on_in_any_generation(protocol, monkeypatch):
    trained = []

    class Seen(causal_lm.Training):
        def __init__(self, module, windows, validation, *others):
            trained.append((contents(windows), contents(validation)))
            super().__init__(module, windows, validation, *others)

    def contents(windows):
        return {tuple(row[:n]) for row, n in zip(windows.ids, windows.lengths, strict=True)}

    monkeypatch.setattr(causal_lm, "Training", Seen)
    lengths = [8, 3, 4, 5, 6, 7] * 5
    short = Texts(markov(30).ids[: sum(lengths)], np.cumsum([0, *lengths]), WORDS)
    twice = records.concat([short, short])
    settings = {"protocol": protocol, "validation": 0.2, "epochs": 1}
    first = fitted(twice, **settings)
    shorter = records.take(twice, np.flatnonzero(np.diff(twice.starts) < 6))
    fitted(shorter, parent=first, **settings)
    fitted(twice, parent=first, **settings)
    assert len(trained) == 3
    for windows, validation in trained:
        assert windows
        assert not windows & validation
    same = Texts(np.tile(BLOCKS.ids[:BLOCK], 9), np.arange(10) * BLOCK, WORDS, BLOCK)
    with pytest.raises(Degenerate, match="kept back for validation"):
        fitted(same, **settings)


def test_half_precision_is_close(model):
    half = fitted(BLOCKS, precision="bfloat16", beams=None)
    test = markov(50, seed=5)
    assert -half.log_prob(test).mean() == pytest.approx(-model.log_prob(test).mean(), abs=0.05)
    assert half.network.module.dtype == torch.float32


def test_layers_can_be_spread_by_accelerate():
    pytest.importorskip("accelerate")
    usual, spread = (fitted(BLOCKS, epochs=1, device=d) for d in ("cpu", "balanced"))
    np.testing.assert_allclose(usual.log_prob(BLOCKS), spread.log_prob(BLOCKS), atol=1e-6)


def test_a_training_that_needs_too_much_memory_goes_on_with_less(monkeypatch):
    from transformers import GPT2LMHeadModel

    forward = GPT2LMHeadModel.forward

    def failing(self, *args, **keywords):
        if self.training and len(keywords["input_ids"]) > 8:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, *args, **keywords)

    usual = fitted(BLOCKS, epochs=1)
    monkeypatch.setattr(GPT2LMHeadModel, "forward", failing)
    with pytest.warns(RuntimeWarning, match="training on 16 sequences at once; going on with 8"):
        found = fitted(BLOCKS, epochs=1)
    np.testing.assert_allclose(found.log_prob(BLOCKS), usual.log_prob(BLOCKS), atol=1e-3)


def test_a_loss_that_is_no_number_is_no_collapse(model):
    huge = {"learning_rate": 1e30, "epochs": 3}
    with pytest.raises(
        InputError, match=r"generation 0 cannot be .* lower learning_rate \(1e\+30\)"
    ):
        fitted(BLOCKS, **huge)
    with pytest.raises(Diverged, match="the training failed: the loss was infinite or NaN by step"):
        fitted(BLOCKS, parent=model, **huge)


@dataclasses.dataclass(frozen=True)
class Worsening:
    """A learner whose trainings fail from generation 1 on."""

    def fit(self, data, *, rng, parent=None):
        return fitted(data, learning_rate=5e-3 if parent is None else 1e30, parent=parent)


def test_a_training_that_fails_later_ends_the_lineage_undecided_and_keeps_what_is_done():
    history = mc.Lineage(mc.Empirical(markov(150)), Worsening(), mc.Replace(100), size=100).run(3)
    assert history.endings[0].generation == 1
    assert not history.endings[0].collapsed
    assert history.stages()[0, -1] is Stage.UNDECIDED
    assert np.isfinite(history["variance"][0, 0])
    found = verdict(history)
    assert found.stage is Stage.UNDECIDED
    assert found.sentence.startswith(
        "not decided: no model could be fitted in generation 1 (the training failed: the loss was"
    )


@pytest.mark.parametrize(("batch", "epochs", "steps"), [(128, 5, 10), (21, 2, None)])
def test_a_training_of_few_steps_is_said_to_be_one(model, batch, epochs, steps):
    said = pytest.warns(RuntimeWarning, match=f"only {steps} steps") if steps else nullcontext()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with said:
            fitted(BLOCKS, batch=batch, epochs=epochs)
        fitted(BLOCKS, batch=batch, epochs=epochs, parent=model)  # later ones are not told again


# --- tokens and strings ------------------------------------------------------------------------


def test_strings_come_back_as_strings():
    found = fitted(PROSE, config={**CONFIG, "vocab_size": 300}, beams=None, epochs=1)
    written = found.sample(len(PROSE), rng=rng())
    assert isinstance(written, list)
    assert all(isinstance(text, str) for text in written)
    assert len(written) == len(PROSE)
    assert len(found.log_prob(PROSE)) > 100
    # The tokenizer is the chain's: later generations do not learn another.
    child = fitted(written, config={**CONFIG, "vocab_size": 300}, parent=found, epochs=1)
    assert child.alphabet is found.alphabet


def test_a_tokenizer_learnt_here_loses_nothing_and_is_the_same_each_time():
    codec = Codec.train(PROSE, 320)
    assert codec == Codec.train(PROSE, 320)
    assert len(codec.vocabulary) <= 320
    assert codec.vocabulary[codec.end] == BOUNDARY
    texts = [*PROSE[:3], "", "never seen: 鯨 🐋"]
    assert codec.decode(codec.encode(texts)) == texts
    assert pickle.loads(pickle.dumps(codec)).vocabulary == codec.vocabulary


def test_token_blocks_flow_through_a_lineage_as_numbers():
    truth = TokenBlocks(mc.Empirical(PROSE), vocabulary=300, block=BLOCK)
    assert isinstance(truth.data, Tokens)
    assert truth.data.to_strings()[0] == PROSE[0][: len(truth.data.to_strings()[0])]
    lineage = mc.Lineage(truth, learner(epochs=1, beams=None), mc.Mix(30, real=0.5), size=30)
    generation = next(iter(lineage.generations(seed=0)))
    written = generation.sample
    assert isinstance(written, Tokens)
    assert all(isinstance(text, str) for text in written.to_strings())
    joined = records.concat([written, records.take(truth.data, np.arange(3))])
    assert isinstance(joined, Tokens)
    assert len(joined) == 33
    assert np.isfinite(lineage.run(1)["cross_entropy"]).all()
    assert written.blocks(4).codec is written.codec


def test_token_blocks_are_cut_from_texts_long_enough():
    with pytest.raises(InputError, match="fewer than block=9999 tokens"):
        _ = TokenBlocks(mc.Empirical(PROSE), vocabulary=300, block=9999).data
    with pytest.raises(InputError, match="finite source of texts"):
        _ = TokenBlocks(mc.Empirical(np.eye(3))).data
    with pytest.raises(InputError, match="at least 2"):
        TokenBlocks(mc.Empirical(PROSE), block=1)
    with pytest.raises(InputError, match="at least 257"):
        Codec.train(PROSE, 100)


def test_a_pretrained_model_is_read_from_a_folder(folder):
    found = CausalLM(folder, block=BLOCK, epochs=1).fit(PROSE, rng=rng())
    assert found.alphabet.codec is not None
    assert found.context == 40
    assert len(found.sample(3, rng=rng())) == 3
    blocks = TokenBlocks(mc.Empirical(PROSE), tokenizer=folder, block=BLOCK).data
    again = CausalLM(folder, block=BLOCK, epochs=1).fit(blocks, rng=rng())
    assert isinstance(again.sample(3, rng=rng()), Tokens)
    assert "model.safetensors" in dict(CausalLM(folder).refers_to)


def test_other_weights_of_the_same_size_are_another_model(folder, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(folder, base)
    recipe = CausalLM(str(base), block=BLOCK, epochs=1, folder=str(tmp_path / "kept"))
    first, before = recipe.fit(PROSE, rng=rng()), recipe.refers_to
    file = base / "model.safetensors"
    weights = safetensors.load_file(file)
    size = file.stat().st_size
    safetensors.save_file({k: v + 0.1 for k, v in weights.items()}, file, {"format": "pt"})
    assert file.stat().st_size == size
    assert recipe.refers_to != before
    again = recipe.fit(PROSE, rng=rng())
    fresh = dataclasses.replace(recipe, folder=None).fit(PROSE, rng=rng())
    assert again.key != first.key
    np.testing.assert_array_equal(again.log_prob(PROSE), fresh.log_prob(PROSE))


def test_weights_that_do_not_fit_are_refused(model):
    kept = tensors(model.network.module)
    assert "lm_head.weight" not in kept  # tied to the embedding
    filled = model.network.rebuilt()
    fill(filled, kept)
    with pytest.raises(Incompatible, match=r"1 of its tensors are not among them \(transformer.ln"):
        fill(filled, {k: v for k, v in kept.items() if k != "transformer.ln_f.bias"})
    with pytest.raises(Incompatible, match=r"it does not know 1 \(other\)"):
        fill(filled, {**kept, "other": torch.zeros(2)})
    with pytest.raises(Incompatible, match="size mismatch"):
        fill(filled, {**kept, "transformer.ln_f.bias": torch.zeros(2)})


def test_weights_that_lie_nowhere_cannot_be_kept(model):
    module = model.network.rebuilt()
    module.transformer.h[0].to("meta")
    with pytest.raises(ModelCollapseError, match=r"12 of its tensors, such as transformer\.h\.0"):
        tensors(module)


def test_a_model_travels_between_processes(model):
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.log_prob(BLOCKS), model.log_prob(BLOCKS))
    assert np.array_equal(again.sample(9, rng=rng()).ids, model.sample(9, rng=rng()).ids)
    assert pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model)))).key == model.key
    assert "LanguageModel(" in repr(model)


# --- wrong input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {}}, "neither was given"),
        ({"model": "gpt2"}, "both was given"),
        ({"protocol": "freee"}, "Did you mean 'free'"),
        ({"start": "middle"}, "no start 'middle'"),
        ({"prompts": "none"}, "no prompts 'none'"),
        ({"block": 1}, "block is 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"beams": 0}, "beams is 0. Give a whole number of at least 1, 'auto', or None"),
        ({"beams": "five"}, "beams is 'five'"),
        ({"batch": 2.5}, "batch is 2.5"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"warmup": 1.0}, "warmup must be at least 0 and below 1"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, got"),
        ({"validation": 1.0}, "validation must be"),
        ({"precision": "float8"}, "no precision 'float8'"),
        ({"beams": None, "temperature": 0.0}, "temperature must be above 0"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be above 0"),
        ({"no_repeat": -1}, "no_repeat is the length"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_said_at_construction(changes, message):
    with pytest.raises(InputError, match=message):
        learner(**changes)


def test_a_search_cannot_sample():
    with pytest.raises(Incompatible, match="Set beams=None"):
        learner(temperature=0.7)
    with pytest.raises(Incompatible, match="all documents would be the same one"):
        learner(protocol="free", beams=5)


def test_beams_are_those_of_the_protocol_unless_told():
    assert (learner().searches, learner().samples) == (5, False)
    free = learner(protocol="free", temperature=0.9)
    assert (free.searches, free.samples) == (None, True)
    assert learner(beams=None).searches is None
    assert learner(beams=2).searches == 2
    for recipe in (learner(), free, learner(beams=None), learner(beams=3)):
        plain = {f.name: getattr(recipe, f.name) for f in dataclasses.fields(CausalLM)}
        assert registry.make(CausalLM, plain, "") == recipe
    written = fitted(PROSE, protocol="free", config={**CONFIG, "n_positions": 40}).sample(
        9, rng=rng()
    )
    assert len(set(written)) > 1
    # What "auto" means is what is kept, so that saying it makes no other model.
    assert fitted(BLOCKS, epochs=1).key == fitted(BLOCKS, epochs=1, beams=5).key


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"n_layer": 1}, "Give one, e.g. 'gpt2'"),
        ({"model_type": "gpt22"}, "Did you mean 'gpt2'"),
        ({**CONFIG, "n_head": 7}, "no model of type 'gpt2' can be made"),
        ({**CONFIG, "n_positions": 4}, "4 positions, too few for blocks of 8"),
        (
            {**CONFIG, "n_layerz": 1},
            "'n_layerz', but .* no such setting, .* Did you mean 'n_layer'",
        ),
        ({"model_type": "t5"}, "'t5', which is no causal language model.* e.g. 'gpt2' or 'opt'.$"),
    ],
)
def test_a_config_that_makes_no_model_is_wrong_input(config, message):
    with pytest.raises(InputError, match=message):
        fitted(BLOCKS, config=config)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "gpt2", "num_hidden_layers": 1, "n_embd": 16, "n_head": 2},
        {"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2,
         "intermediate_size": 16, "rope_theta": 5e3, "tie_word_embeddings": True},
        {"model_type": "opt", "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2,
         "ffn_dim": 16, "word_embed_proj_dim": 16},
    ],
)  # fmt: skip
def test_settings_that_an_architecture_takes_are_not_refused(config):
    check_config(config)
    assert new_module({**config, "vocab_size": 50}).config.num_hidden_layers == 1


def test_a_damaged_file_is_said_in_a_sentence(folder, tmp_path):
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    for name, what in (
        ("model.safetensors", "causal language model"),
        ("tokenizer.json", "tokenizer"),
    ):
        whole = (cut / name).read_bytes()
        (cut / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=f"cut holds no {what} that transformers can read"):
            CausalLM(str(cut), block=BLOCK).fit(PROSE, rng=rng())


def test_without_a_network_a_name_is_looked_for_here_only_and_at_once(monkeypatch, capfd):
    asked = []

    class Session:
        def head(self, *args, **keywords):
            asked.append(args)
            raise OSError("no network")

    def fails(*args, **keywords):
        raise AssertionError("waited for the network")

    monkeypatch.setattr(huggingface_hub.utils, "get_session", Session)
    monkeypatch.setattr(time, "sleep", fails)
    with pytest.raises(InputError, match=r"^the model 'no/such-model' is no folder here"):
        CausalLM("no/such-model").fit(PROSE, rng=rng())
    with pytest.raises(InputError, match=r"^the tokenizer 'no/such-model' is no folder here"):
        _ = TokenBlocks(mc.Empirical(PROSE), tokenizer="no/such-model").data
    assert len(asked) == 2
    assert "Retrying" not in "".join(capfd.readouterr())


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A pretrained model whose tokenizer has no special tokens, and no row to spare."""
    path = tmp_path_factory.mktemp("hub") / "bare"
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=280, initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(PROSE, trainer)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(path)
    new_module({**CONFIG, "vocab_size": tokenizer.get_vocab_size()}).save_pretrained(path)
    return str(path)


@pytest.mark.parametrize("protocol", ["continue", "free"])
def test_a_tokenizer_without_special_tokens_will_do(bare, protocol, tmp_path):
    recipe = CausalLM(
        bare, block=BLOCK, batch=16, epochs=3, protocol=protocol, learning_rate=1e-2, beams=None
    )
    history = mc.Lineage(mc.Empirical(PROSE), recipe, mc.Replace(12), size=12).run(
        2, probes=["repetition", "perplexity"]
    )
    assert np.isfinite(history["repetition.runs"]).all()
    first = recipe.fit(PROSE, rng=rng())
    second = dataclasses.replace(recipe, start="parent").fit(PROSE, rng=rng(), parent=first)
    written = second.sample(12, rng=rng())
    assert len(set(written)) > 1
    assert np.isfinite(second.log_prob(PROSE)).all()
    again = pickle.loads(pickle.dumps(second))
    assert again.sample(12, rng=rng()) == written
    second.save(tmp_path / "saved")
    saved = dataclasses.replace(recipe, model=str(tmp_path / "saved")).fit(PROSE, rng=rng())
    assert saved.alphabet.rows == second.alphabet.rows


def test_a_model_that_cannot_be_had_says_how_to_give_a_path(monkeypatch, tmp_path):
    def unreachable(*args, **keywords):
        raise OSError("We couldn't connect to 'https://huggingface.co'\nand more")

    for kind in ("AutoTokenizer", "AutoModelForCausalLM"):
        monkeypatch.setattr(getattr(transformers, kind), "from_pretrained", unreachable)
    with pytest.raises(InputError, match="--local-dir FOLDER\\) and give the path"):
        CausalLM("no/such-model").fit(PROSE, rng=rng())
    with pytest.raises(InputError, match="holds no tokenizer that transformers can read"):
        CausalLM(str(tmp_path)).fit(PROSE, rng=rng())


def test_a_tokenizer_of_another_model_is_refused(folder, tmp_path):
    wrong = tmp_path / "wrong"
    shutil.copytree(folder, wrong)
    codec = Codec.train(standard_library_prose(min_words=3000), 400)
    fast = transformers.PreTrainedTokenizerFast
    fast(tokenizer_object=codec.tokenizer, eos_token=BOUNDARY).save_pretrained(wrong)
    with pytest.raises(Incompatible, match="has 400 tokens, but the model knows only 300"):
        CausalLM(str(wrong), block=BLOCK).fit(PROSE, rng=rng())


def test_records_that_do_not_fit_are_refused(model, folder):
    with pytest.raises(Incompatible, match="blocks of 8 tokens, but the learner works"):
        fitted(BLOCKS, block=16)
    with pytest.raises(InputError, match="not one block of 64"):
        fitted(["too short", "by far"], block=64)
    with pytest.raises(InputError, match="fitted to strings, Texts or Tokens, got ndarray"):
        fitted(np.eye(3))
    with pytest.raises(Incompatible, match="numbered by a vocabulary of 10 words"):
        CausalLM(folder, block=BLOCK).fit(BLOCKS, rng=rng())
    with pytest.raises(Incompatible, match="no tokenizer for strings"):
        model.log_prob(["the cat"])
    with pytest.raises(Incompatible, match="Use one learner for the whole lineage"):
        fitted(BLOCKS, parent=mc.NGram(2).fit(BLOCKS, rng=rng()))
    with pytest.raises(InputError, match="cannot write -1"):
        model.sample(-1, rng=rng())
    with pytest.raises(InputError, match="no device 'abacus'"):
        fitted(BLOCKS, device="abacus")


def test_later_generations_without_text_are_an_end_and_no_mistake(model):
    empty = Texts(np.empty(0), np.zeros(4), WORDS)
    with pytest.raises(Degenerate, match="no two tokens in a row"):
        fitted(empty, parent=model)


def test_a_missing_package_names_the_extra(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(torch_support, "import_module", absent)
    with pytest.raises(Missing, match=r"pip install torch \(the extra 'neural' holds it\)"):
        fitted(BLOCKS)


def test_the_recipe_is_plain_data():
    plain = {f.name: getattr(learner(), f.name) for f in dataclasses.fields(CausalLM)}
    described = registry.describe(plain)
    assert "opaque" not in str(described)
    assert registry.make(CausalLM, described, "") == learner()
