"""The watermark of transformers, in texts of a model of some thousand parameters."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.learners.language.loading import new_module
from modelcollapse.learners.language.session import session
from modelcollapse.verifiers import watermark
from modelcollapse.verifiers.watermark import Watermark

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = 200
CONFIG = {
    "model_type": "gpt2", "vocab_size": WORDS, "n_layer": 1, "n_embd": 16, "n_head": 2,
    "n_positions": 128, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def name(token):
    return {1: "<begin>", 2: "<end>"}.get(token, f"w{token}")


def number(word):
    return {"<begin>": 1, "<end>": 2}.get(word) or int(word[1:])


def tokenizer(words=WORDS):
    """Words are tokens, so that what is written is read as the same tokens."""
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {name(i): i for i in range(words)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="w0"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=name(1), eos_token=name(2)
    )


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A random model, and the folder that holds its tokenizer and its configuration."""
    folder = tmp_path_factory.mktemp("marked") / "tiny"
    with session(1):
        torch.manual_seed(0)
        module = new_module(CONFIG).eval()
    module.config.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return SimpleNamespace(module=module, folder=str(folder))


def written(writer, n=8, length=96, **settings):
    """Texts by the model, with a watermark if there are settings of one."""
    config = transformers.WatermarkingConfig(bias=2.0, **settings) if settings else None
    with session(1):
        torch.manual_seed(1)
        ids = writer.module.generate(
            torch.full((n, 2), 5), attention_mask=torch.ones(n, 2, dtype=torch.long),
            do_sample=True, max_new_tokens=length, min_new_tokens=length, pad_token_id=2,
            watermarking_config=config,
        )  # fmt: skip
    return [" ".join(map(name, row[2:])) for row in ids.tolist()]


SETTINGS = [
    {"seeding_scheme": "lefthash", "hashing_key": 7},
    {"seeding_scheme": "lefthash", "greenlist_ratio": 0.5, "context_width": 2},
    {"seeding_scheme": "selfhash", "context_width": 2},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_marked_texts_score_far_below_plain_ones(writer, settings):
    verifier = Watermark(writer.folder, **settings)
    marked = verifier.score({"text": written(writer, **settings)})
    plain = verifier.score({"text": written(writer)})
    assert marked.scores.max() < plain.scores.min()
    assert marked.scores.mean() < -5
    assert abs(plain.scores.mean()) < 2
    ratio = settings.get("greenlist_ratio", 0.25)
    tokens, green = (np.array(marked.details[name]) for name in ("tokens", "green"))
    z = (green - ratio) * np.sqrt(tokens / (ratio * (1 - ratio)))  # eq. 3, written out
    np.testing.assert_allclose(-marked.scores, z, rtol=1e-9)


def test_another_secret_sees_no_mark(writer):
    texts = written(writer, **SETTINGS[0])
    found = Watermark(writer.folder, hashing_key=8).score({"text": texts})
    assert abs(found.scores.mean()) < 2


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("once", [True, False])
def test_scores_are_those_of_transformers(writer, settings, once):
    texts = [*written(writer, n=2, **settings), *written(writer, n=2), "w5 w6 w7 " * 12]
    verifier = Watermark(writer.folder, ignore_repeated_ngrams=once, min_tokens=1, **settings)
    found = verifier.score({"text": texts})
    detector = transformers.WatermarkDetector(
        SimpleNamespace(bos_token_id=-1, is_encoder_decoder=False, vocab_size=WORDS), "cpu",
        transformers.WatermarkingConfig(**settings), ignore_repeated_ngrams=once,
    )  # fmt: skip
    for text, score in zip(texts, found.scores, strict=True):
        ids = torch.tensor([[number(word) for word in text.split()]])
        assert -score == pytest.approx(detector(ids, return_dict=True).z_score[0])


def test_repeats_count_once_unless_told_otherwise(writer):
    text = "w5 w6 w7 " * 60
    once = Watermark(writer.folder, min_tokens=2)
    often = Watermark(writer.folder, min_tokens=2, ignore_repeated_ngrams=False)
    assert once.score({"text": [text]}).details["tokens"] == [3]
    assert often.score({"text": [text]}).details["tokens"] == [179]


@pytest.mark.parametrize("settings", SETTINGS)
def test_short_and_missing_texts_have_a_reason(writer, settings):
    texts = ["w5 w6", "", None, 3, "w5 w6 w7 " * 60]
    found = Watermark(writer.folder, **settings).score({"text": texts})
    assert np.isnan(found.scores).all()
    assert "fewer than 25 tokens" in found.failures[0] == found.failures[1] == found.failures[4]
    assert "nothing" in found.failures[2]
    assert "no text" in found.failures[3]
    shortest = Watermark(writer.folder, min_tokens=1, **settings)
    counts = [shortest.score({"text": ["w5 " * n]}).details["tokens"][0] for n in range(1, 4)]
    assert counts[0] is None
    assert counts[-1] == 1


def test_special_tokens_at_the_beginning_are_words_like_others(writer):
    texts = ["<begin> " + text for text in written(writer, n=2)]
    found = Watermark(writer.folder).score({"text": [*texts, *written(writer, n=2)]})
    assert not found.failures


def test_in_other_processes(writer):
    verifier = Watermark(writer.folder, label="ours")
    texts = written(writer, n=2)
    first = verifier.score({"text": texts})
    again = pickle.loads(pickle.dumps(verifier)).score({"text": texts})
    assert first.scores.tolist() == again.scores.tolist()
    assert (verifier.name, verifier.columns) == ("ours", ("text",))


def test_models_that_cannot_be_read(writer, tmp_path):
    with pytest.raises(InputError, match="holds no tokenizer"):
        Watermark(str(tmp_path)).score({"text": ["w5"]})
    tokenizer().save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"no config.json"):
        Watermark(str(tmp_path)).score({"text": ["w5"]})
    watermark._tokenizer.cache_clear()
    tokenizer(WORDS + 1).save_pretrained(tmp_path)
    writer.module.config.save_pretrained(tmp_path)
    with pytest.raises(Incompatible, match=r"has 201 tokens, but the model knows only 200"):
        Watermark(str(tmp_path)).score({"text": ["w5"]})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there(writer):
    with pytest.raises(InputError, match="no device 'cuda' here"):
        Watermark(writer.folder, device="cuda").score({"text": written(writer, n=1)})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"greenlist_ratio": 1}, "greenlist_ratio = 1"),
        ({"greenlist_ratio": 0.0}, "greenlist_ratio = 0"),
        ({"seeding_scheme": "lefthsh"}, "Did you mean 'lefthash'"),
        ({"context_width": 0}, "context_width = 0"),
        ({"min_tokens": 2.5}, "min_tokens = 2.5"),
        ({"hashing_key": True}, "hashing_key = True"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InputError, match=message):
        Watermark("some/model", **settings)
