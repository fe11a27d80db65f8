"""Perplexity under causal models, and self-confidence, on models of some thousand parameters."""

import pickle
import sys

import numpy as np
import pytest

from modelcollapse.errors import Incompatible, InputError, Missing
from modelcollapse.fingerprint import fingerprint
from modelcollapse.learners.language import output, reader, scoring
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.loading import new_module
from modelcollapse.learners.language.reader import open_reader, stretches
from modelcollapse.learners.language.session import session
from modelcollapse.protocols import Verifier
from modelcollapse.testing import check_verifier
from modelcollapse.verifiers.causal_perplexity import CausalPerplexity
from modelcollapse.verifiers.self_confidence import SelfConfidence

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CONTEXT = 80
SMALL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None, "initializer_range": 0.3}
CONFIGS = {
    "gpt2": {"n_layer": 2, "n_embd": 16, "n_head": 2, "n_positions": CONTEXT},
    "llama": {
        "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": CONTEXT,
    },
    # Its logits pass a soft cap behind the output layer.
    "gemma2": {
        "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2, "head_dim": 8,
        "num_key_value_heads": 1, "intermediate_size": 32, "max_position_embeddings": CONTEXT,
        "final_logit_softcapping": 1.5,
    },
}  # fmt: skip
PROSE = [
    "the tails are lost first, and quietly",
    "a generation is trained on what the last one wrote",
    "naïve Überraschung: 漢字 and more bytes than letters",
    "x",
    "the the the",
] * 3


def save(folder, kind="gpt2", *, begin=True, side="right", pad=False, size=None, seed=5):
    """A model with weights so large that its laws are far from uniform, and its tokenizer."""
    codec = Codec.train(PROSE, 300)
    with session(1):
        torch.manual_seed(seed)
        size = size or len(codec.vocabulary) + pad
        made = new_module({"model_type": kind, "vocab_size": size, **SMALL, **CONFIGS[kind]})
    made.save_pretrained(folder)
    names = {"bos_token": codec.vocabulary[0], "eos_token": codec.vocabulary[0]} if begin else {}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=codec.tokenizer, padding_side=side, **names,
        **({"pad_token": "<pad>"} if pad else {}),
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("hub") / "tiny")


def plain(folder, text, prompt="", context=None):
    """Mean log-probability of a text, one token after the other by the model alone."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    module = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    alone = tokenizer(prompt, add_special_tokens=False).input_ids
    whole = tokenizer(prompt + text, add_special_tokens=False).input_ids
    before = [a for a, b in zip(alone, whole, strict=False) if a == b]
    ids = [0, *whole]
    found = []
    with torch.inference_mode():
        for t in range(1 + len(before), len(ids)):
            seen = ids[max(0, t - context) : t] if context else ids[:t]
            law = module(torch.tensor([seen])).logits[0, -1].double().log_softmax(0)
            found.append(float(law[ids[t]]))
    return np.mean(found), len(found)


def scores(folder, batch=None, **options):
    batch = batch or {"text": PROSE[:5]}
    return CausalPerplexity(folder, **options).score(batch)


# --- what is scored ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_score_is_the_mean_log_probability_by_the_model_alone(tmp_path, kind):
    folder = save(tmp_path, kind)
    found = scores(folder)
    expected = [plain(folder, text) for text in PROSE[:5]]
    np.testing.assert_allclose(found.scores, [mean for mean, _ in expected], atol=1e-4)
    assert found.details["tokens"] == [count for _, count in expected]
    for score, tokens, each, text in zip(
        found.scores, *found.details.values(), PROSE, strict=False
    ):
        assert each == pytest.approx(score * tokens / len(text))
    assert not found.failures
    # The law is far from uniform, so the comparison could fail.
    assert np.std(found.scores) > 0.02


def test_a_cap_behind_the_output_layer_is_noticed(tmp_path, monkeypatch):
    """Negative control: without the check, capped logits would be read as if they were not."""
    folder = save(tmp_path, "gemma2")
    right = scores(folder).scores
    monkeypatch.setattr(torch, "equal", lambda *_: True)
    assert np.abs(scores(folder).scores - right).max() > 0.01


def test_activations_in_many_passes_are_replaced_by_the_same_in_one(folder):
    slow, fast = (
        {type(each).__name__ for each in module.modules()}
        for module in (
            transformers.AutoModelForCausalLM.from_pretrained(folder),
            open_reader(folder, "auto").module,
        )
    )
    # That scores stay those of the model as it was is what the tests above say.
    assert "NewGELUActivation" in slow
    assert fast == slow - {"NewGELUActivation"} | {"GELU"}


def test_tokens_of_the_prompt_are_seen_and_do_not_count(folder):
    prompts = ["", "a generation is", "naïve 漢字: ", "the the ", "z"]
    batch = {"text": PROSE[:5], "question": prompts}
    found = scores(folder, batch, prompt="question", separator=" ")
    for i, (text, prompt) in enumerate(zip(PROSE, prompts, strict=False)):
        mean, count = plain(folder, text, prompt + " ")
        assert found.scores[i] == pytest.approx(mean, abs=1e-4)
        assert found.details["tokens"][i] == count
    assert np.abs(found.scores - scores(folder).scores).max() > 0.01


def test_a_token_across_the_border_belongs_to_the_text(folder):
    encoding = open_reader(folder, "auto").codec.tokenizer.encode(PROSE[0])
    start, end = max(encoding.offsets, key=lambda at: at[1] - at[0])
    assert end - start > 2
    batch = {"text": [PROSE[0][end - 1 :]], "p": [PROSE[0][: end - 1]]}
    found = scores(folder, batch, prompt="p")
    at = encoding.offsets.index((start, end))
    assert found.details["tokens"] == [len(encoding.ids) - at]


def test_long_texts_are_read_in_stretches(folder):
    text = " ".join(PROSE) * 3
    tokens = len(open_reader(folder, "auto").codec.encode([text])[0])
    assert tokens > 3 * CONTEXT
    found = scores(folder, {"text": [text, PROSE[0]]})
    assert found.details["tokens"][0] == tokens
    assert found.scores[1] == pytest.approx(plain(folder, PROSE[0])[0], abs=1e-4)
    # Every token is seen after half a context at least, so the score is near the one where each
    # is seen after a whole context; and a smaller context is another thing.
    assert found.scores[0] == pytest.approx(plain(folder, text, context=CONTEXT)[0], abs=0.1)
    short = scores(folder, {"text": [text]}, context=8)
    assert short.details["tokens"] == [tokens]
    assert short.scores[0] != pytest.approx(found.scores[0], abs=1e-4)


@pytest.mark.parametrize("context", [2, 3, 5, 8, 100])
@pytest.mark.parametrize("first", [1, 4, 9])
def test_stretches_predict_every_token_once_from_half_a_context(context, first):
    sequences = [list(range(1, 11)), list(range(1, 23)), [1, 2]]
    windows, at = stretches(sequences, np.full(3, first), context)
    for i, sequence in enumerate(sequences):
        rows = np.flatnonzero(windows.record == i)
        seen = [
            token
            for row in rows
            for token in windows.ids[row, at[row] : windows.lengths[row]].tolist()
        ]
        assert seen == sequence[first:]
        for row in rows:
            start = windows.ids[row, 0] - 1
            assert start == 0 or at[row] >= context // 2
    assert windows.lengths.max() <= context


# --- in whose company --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pile():
    rng = np.random.default_rng(3)
    words = " ".join(PROSE).split()
    texts = [" ".join(rng.choice(words, rng.integers(1, 40))) for _ in range(40)]
    return {"text": texts, "prompt": [text[:9] for text in reversed(texts)]}


@pytest.mark.parametrize("prompt", [None, "prompt"])
@pytest.mark.parametrize("batch_tokens", [None, 1, 37, 300])
def test_the_company_makes_no_difference(folder, pile, prompt, batch_tokens):
    expected = [
        scores(folder, {name: [column[i]] for name, column in pile.items()}, prompt=prompt).scores
        for i in range(40)
    ]
    together = scores(folder, pile, prompt=prompt, batch_tokens=batch_tokens).scores
    np.testing.assert_allclose(together, np.concatenate(expected), atol=1e-4)
    order = np.random.default_rng(4).permutation(40)
    mixed = {name: [column[i] for i in order] for name, column in pile.items()}
    again = scores(folder, mixed, prompt=prompt, batch_tokens=batch_tokens).scores
    np.testing.assert_allclose(again, together[order], atol=1e-4)


def test_they_keep_the_promises_of_verifiers(folder, pile):
    check_verifier(CausalPerplexity(folder, prompt="prompt", batch_tokens=100), pile)
    check_verifier(SelfConfidence(model=folder), pile)
    check_verifier(SelfConfidence(log_probs="lp"), {"lp": [-1.0, [-2.0, -3.0], None, -4.0]})


@pytest.mark.parametrize(("side", "pad"), [("left", True), ("right", True), ("left", False)])
def test_nor_do_the_side_that_is_filled_up_and_the_token_to_do_it_with(tmp_path, pile, side, pad):
    size = 301  # one row for a token to fill up with, whether or not there is one
    here, there = (
        save(tmp_path / name, side=s, pad=p, size=size)
        for name, s, p in (("here", side, pad), ("there", "right", False))
    )
    np.testing.assert_allclose(scores(here, pile).scores, scores(there, pile).scores, atol=1e-6)


def test_nor_does_the_number_of_threads(folder, pile):
    before = torch.get_num_threads()
    one, two, free = (scores(folder, pile, threads=t).scores for t in (1, 2, None))
    np.testing.assert_allclose(one, two, atol=1e-5)
    np.testing.assert_allclose(one, free, atol=1e-5)
    assert torch.get_num_threads() == before


def test_laying_out_in_parts_changes_nothing(folder, pile, monkeypatch):
    expected = scores(folder, pile).scores
    monkeypatch.setattr(reader, "_NUMBERS", 100)
    monkeypatch.setattr(output, "_ROWS", 7)
    monkeypatch.setattr(output, "_COLUMNS", 64)
    np.testing.assert_allclose(scores(folder, pile).scores, expected, atol=1e-5)


def test_like_lengths_go_together():
    lengths = np.array([100, 95, 91, 60, 30, 10])
    assert scoring._like(lengths, 2000, 2000) == 3  # the fourth would be filled up by 40 %
    assert scoring._like(lengths, 2000, 4000) == 5  # but a processor wants to be busy
    assert scoring._like(lengths, 200, 2000) == 2
    assert scoring._like(lengths, 50, 2000) == 1


# --- what cannot be scored ---------------------------------------------------------------------


def test_a_record_without_a_score_says_why_and_takes_no_other_along(folder):
    texts = ["", "x", None, 3.5, "  \n", "\ud800", float("nan"), "the tails"]
    found = scores(folder, {"text": texts})
    assert sorted(found.failures) == [0, 2, 3, 4, 5, 6]
    assert "is empty" in found.failures[0]
    assert "half a character" in found.failures[5]
    for i in (1, 7):
        assert found.scores[i] == pytest.approx(plain(folder, texts[i])[0], abs=1e-4)
    assert found.details["tokens"][0] is None
    assert found.details["tokens"][1] == 1


def test_a_prompt_that_is_missing_is_said_and_an_empty_one_is_none(folder):
    batch = {"text": ["the", "the", "the"], "prompt": [None, "", "\udfff"]}
    found = scores(folder, batch, prompt="prompt")
    assert sorted(found.failures) == [0, 2]
    assert "'prompt'" in found.failures[0]
    assert found.scores[1] == pytest.approx(plain(folder, "the")[0], abs=1e-4)


def test_no_records_have_no_scores(folder):
    assert scores(folder, {"text": []}).scores.shape == (0,)


def test_one_token_needs_something_before_it(tmp_path):
    folder = save(tmp_path, begin=False)
    found = scores(folder, {"text": ["x", "x x"]})
    assert "begins a document" in found.failures[0]
    assert np.isfinite(found.scores[1])
    with_prompt = scores(folder, {"text": ["x"], "p": ["a "]}, prompt="p")
    assert np.isfinite(with_prompt.scores[0])


def test_a_model_that_breaks_down_gives_reasons(tmp_path):
    folder = save(tmp_path)
    module = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        module.get_output_embeddings().weight[:] = float("nan")
    module.save_pretrained(folder)
    assert "no finite probability" in scores(folder).failures[0]


def test_a_missing_column_is_an_error(folder):
    with pytest.raises(InputError, match=r"reads the column 'text'.*mean 'texts'"):
        scores(folder, {"texts": ["a"]})


# --- models ------------------------------------------------------------------------------------


def test_tokenizer_and_model_must_belong_together(tmp_path):
    folder = save(tmp_path, size=250)
    with pytest.raises(Incompatible, match="300 tokens, but the model knows only 250"):
        scores(folder)


def test_a_name_that_cannot_be_had_is_one_clear_error(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="'nobody/nothing' is no folder here, and could not be"):
        scores("nobody/nothing")


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no tokenizer"):
        scores(str(tmp_path))


def test_a_model_is_loaded_once_and_again_if_it_changes(tmp_path):
    folder = save(tmp_path)
    first = open_reader(folder, "auto")
    assert open_reader(folder, "auto") is first
    before, mark = scores(folder).scores, fingerprint(CausalPerplexity(folder))
    save(tmp_path, seed=6)
    assert open_reader(folder, "auto") is not first
    assert np.abs(scores(folder).scores - before).max() > 0.01
    assert fingerprint(CausalPerplexity(folder)) != mark


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Missing, match="'torch', which is not installed"):
        scores("anything")


def test_verifiers_travel_without_their_model(folder):
    verifier = CausalPerplexity(folder, prompt="prompt")
    assert isinstance(verifier, Verifier)
    assert verifier.columns == ("text", "prompt")
    assert len(pickle.dumps(verifier)) < 1000
    assert pickle.loads(pickle.dumps(verifier)) == verifier
    assert CausalPerplexity(folder, label="weak").name == "weak"


def test_half_precision_is_near(folder):
    near = scores(folder, precision="bfloat16").scores
    np.testing.assert_allclose(near, scores(folder).scores, atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": ""}, "model = ''"),
        ({"model": None}, "model = None"),
        ({"context": 1}, "context = 1"),
        ({"batch_tokens": 0}, "batch_tokens = 0"),
        ({"threads": 0}, "threads = 0"),
        ({"precision": "float8"}, "no precision 'float8'"),
        ({"text": ""}, "text = ''"),
        ({"prompt": ""}, "prompt = ''"),
    ],
)
def test_wrong_options_are_refused_at_once(options, message):
    with pytest.raises(InputError, match=message):
        CausalPerplexity(**{"model": "gpt2", **options})


# --- self-confidence ---------------------------------------------------------------------------


def test_self_confidence_is_the_perplexity_under_the_writer(folder, pile):
    verifier = SelfConfidence(model=folder, prompt="prompt")
    assert verifier.name == "self_confidence"
    assert verifier.columns == ("text", "prompt")
    found = verifier.score(pile)
    np.testing.assert_array_equal(found.scores, scores(folder, pile, prompt="prompt").scores)
    assert fingerprint(verifier) != fingerprint(SelfConfidence(model=folder))


def test_or_what_the_writer_has_stored():
    verifier = SelfConfidence(log_probs="logprobs")
    assert isinstance(verifier, Verifier)
    assert verifier.columns == ("logprobs",)
    stored = [[-1.0, -2.0], -0.5, np.array([-3.0]), 0, np.float32(-1)]
    found = verifier.score({"logprobs": stored})
    np.testing.assert_allclose(found.scores, [-1.5, -0.5, -3, 0, -1])
    assert found.details["tokens"] == [2, None, 1, None, None]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "nothing in 'lp'"),
        (float("nan"), "nothing in 'lp'"),
        ([], "is empty"),
        ([-1, None], "holds None"),
        ([-1, float("-inf")], "holds -inf"),
        ("sure", "holds 'sure'"),
        (True, "holds True"),
        (0.93, "at most 0"),
        ([-1.0, 0.5], "at most 0"),
    ],
)
def test_what_is_no_log_probability_is_said(value, reason):
    found = SelfConfidence(log_probs="lp").score({"lp": [value, -1.0]})
    assert reason in found.failures[0]
    assert found.scores[1] == -1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither was given"),
        ({"log_probs": "a", "model": "b"}, "both was given"),
        ({"model": "b", "context": 0}, "self_confidence got context = 0"),
        ({"log_probs": ""}, "log_probs = ''"),
    ],
)
def test_wrong_options_of_self_confidence(options, message):
    with pytest.raises(InputError, match=message):
        SelfConfidence(**options)
