"""Writing and scoring, against plain loops of `transformers`."""

import inspect

import numpy as np
import pytest

from modelcollapse.errors import ModelCollapseError
from modelcollapse.families.decoding import Decoding
from modelcollapse.families.texts import Texts
from modelcollapse.learners.language import scoring
from modelcollapse.learners.language.choice import Choice
from modelcollapse.learners.language.feed import Feed
from modelcollapse.learners.language.loading import new_module
from modelcollapse.learners.language.session import Rows, session
from modelcollapse.learners.language.windows import Windows, framed
from modelcollapse.learners.language.writing import Writer, side_by_side

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
TorchDispatchMode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode

VOCABULARY = 23
CONFIGS = {
    "gpt2": {"n_layer": 2, "n_embd": 16, "n_head": 2, "n_positions": 64},
    "opt": {
        "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "ffn_dim": 32,
        "word_embed_proj_dim": 16, "max_position_embeddings": 64,
    },
    "llama": {
        "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 64,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=CONFIGS)
def module(request):
    """A model with weights so large that its laws are far from uniform."""
    with session(1):
        torch.manual_seed(5)
        tokens = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
        config = {"model_type": request.param, "vocab_size": VOCABULARY, **tokens}
        made = new_module({**config, **CONFIGS[request.param], "initializer_range": 0.4})
    return made.eval()


def prompts_of(lengths, seed=0):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, VOCABULARY, size=sum(lengths))
    return Windows.cut(ids, np.cumsum([0, *lengths]), max(lengths))


def writer(module, choice=None, beams=None, end=None, context=64):
    return Writer(module, choice or Choice(), beams, end, [0] if end is None else [], context,
                  "float32")  # fmt: skip


def write(w, prompts, wanted, seed=0, most=64):
    wanted = np.full(len(prompts), wanted) if np.ndim(wanted) == 0 else np.asarray(wanted)
    uniform = np.random.default_rng(seed).random((len(prompts), wanted.max()))
    return w.write(prompts, wanted, uniform, Rows(most, "writing"))


@pytest.mark.parametrize(("penalty", "no_repeat"), [(1.0, 0), (3.0, 0), (1.0, 2)])
def test_beams_find_what_the_generate_loop_finds_one_by_one(module, penalty, no_repeat):
    prompts = prompts_of([9, 5, 9, 7, 3, 6])
    choice = Choice(repetition_penalty=penalty, no_repeat=no_repeat)
    found = write(writer(module, choice, beams=4), prompts, 8)
    for i, written in enumerate(found):
        prompt = torch.from_numpy(prompts.ids[i : i + 1, : prompts.lengths[i]])
        expected = module.generate(
            prompt, attention_mask=torch.ones_like(prompt), num_beams=4, do_sample=False,
            max_new_tokens=8, min_new_tokens=8, repetition_penalty=penalty,
            no_repeat_ngram_size=no_repeat, pad_token_id=0,
        )  # fmt: skip
        np.testing.assert_array_equal(written, expected[0, prompt.shape[1] :].numpy())


def test_one_beam_takes_the_most_probable_token_and_so_does_top_1(module):
    prompts = prompts_of([4, 8, 6])
    greedy = write(writer(module, beams=1), prompts, 6)
    top = write(writer(module, Choice(decoding=Decoding(top_k=1))), prompts, 6)
    np.testing.assert_array_equal(greedy, top)


def test_what_is_written_does_not_depend_on_the_company(module):
    prompts = prompts_of([9, 2, 5, 9, 7])
    wanted = np.array([3, 9, 6, 9, 4])
    uniform = np.random.default_rng(3).random((5, 9))
    for w in (writer(module), writer(module, beams=3)):
        together = w.write(prompts, wanted, uniform, Rows(64, "writing"))
        pairs = w.write(prompts, wanted, uniform, Rows(2, "writing"))
        for i, written in enumerate(together):
            alone = w.write(
                prompts.take(np.array([i])), wanted[i : i + 1], uniform[i : i + 1], Rows(1, "")
            )[0]
            assert len(written) == wanted[i]
            np.testing.assert_array_equal(written, alone)
            np.testing.assert_array_equal(written, pairs[i])


def test_a_cache_says_what_a_model_that_reads_all_anew_says(module):
    rng = np.random.default_rng(1)
    sequences = torch.from_numpy(rng.integers(1, VOCABULARY, (4, 12)))
    mask = torch.ones_like(sequences, dtype=torch.bool)
    mask[1, :3] = mask[2, :7] = False
    with torch.inference_mode():
        feed = Feed(module, 64, "float32")
        for length in range(8, 13):
            said = feed.scores(sequences[:, :length], mask[:, :length])
            for row in range(4):
                whole = sequences[row : row + 1, :length][:, mask[row, :length]]
                torch.testing.assert_close(
                    said[row], module(whole).logits[0, -1], rtol=1e-4, atol=1e-4
                )


def test_a_full_context_is_read_anew_from_its_later_half(module):
    sequences = torch.from_numpy(np.random.default_rng(2).integers(1, VOCABULARY, (2, 14)))
    mask = torch.ones_like(sequences, dtype=torch.bool)
    seen = []
    with torch.inference_mode():
        feed = Feed(module, 6, "float32")
        for length in range(5, 15):
            said = feed.scores(sequences[:, :length], mask[:, :length])
            matches = [
                back
                for back in range(1, length + 1)
                if torch.allclose(
                    said, module(sequences[:, length - back : length]).logits[:, -1], atol=1e-4
                )
            ]
            seen.append(matches[0])
    assert seen == [5, 6, 3, 4, 5, 6, 3, 4, 5, 6]


def test_a_document_stops_at_its_end_and_others_go_on(module):
    prompts = prompts_of([4] * 60)
    endless = write(Writer(module, Choice(), None, None, [], 64, "float32"), prompts, 12)
    end = int(np.bincount(np.concatenate(endless)).argmax())
    found = write(Writer(module, Choice(), None, end, [], 64, "float32"), prompts, 12)
    lengths = {len(written) for written in found}
    assert min(lengths) < 6
    assert max(lengths) == 12
    # The same numbers decide, so both write the same up to the end.
    for written, whole in zip(found, endless, strict=True):
        np.testing.assert_array_equal(written, whole[: len(written)])
        assert len(written) == 12 or whole[len(written)] == end
        assert end not in written


def test_a_beam_that_has_ended_wins_by_its_mean(module):
    prompt = prompts_of([5])
    end = int(write(writer(module, beams=1), prompt, 3)[0][2])
    found = write(Writer(module, Choice(), 4, end, [], 64, "float32"), prompt, 6)[0]

    def mean(tokens):
        whole = np.concatenate([prompt.ids[0], tokens])
        with torch.inference_mode():
            law = module(torch.from_numpy(whole[None])).logits[0].log_softmax(1).numpy()
        return np.mean([law[4 + i, token] for i, token in enumerate(tokens)])

    closed = found if len(found) == 6 else [*found, end]
    greedy = write(Writer(module, Choice(), 1, end, [], 64, "float32"), prompt, 6)[0]
    assert mean(closed) >= mean(greedy if len(greedy) == 6 else [*greedy, end]) - 1e-5


# --- the choice of a token ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(), Decoding(temperature=0.5), Decoding(top_k=3), Decoding(top_p=0.6),
        Decoding(temperature=2.0, top_k=5, top_p=0.8),
    ],
)  # fmt: skip
def test_tokens_are_drawn_by_the_law_that_decoding_defines(decoding):
    probability = np.random.default_rng(4).dirichlet(np.full(9, 0.7))
    expected = decoding.apply(probability)
    points = 20_000  # an even grid, in place of random numbers
    uniform = torch.from_numpy((np.arange(points) + 0.5) / points)
    scores = torch.from_numpy(np.log(probability)).float().expand(points, -1)
    drawn = Choice(decoding=decoding).draw(scores, uniform).numpy()
    shares = np.bincount(drawn, minlength=9) / points
    np.testing.assert_allclose(shares, expected, atol=2 / points)
    # A negative control: another law is told apart.
    assert np.abs(shares - np.roll(expected, 1)).max() > 0.01


def test_rounding_never_draws_what_is_impossible():
    scores = torch.tensor([[0.0, 0.0, float("-inf")]])
    drawn = Choice().draw(scores, torch.tensor([np.nextafter(1.0, 0.0)]))
    assert drawn.item() == 1


def test_what_is_filled_up_is_no_part_of_the_context():
    context = torch.tensor([[0, 0, 4, 5, 4], [0, 4, 5, 4, 5]])
    mask = torch.tensor([[False, False, True, True, True], [True] * 5])
    scores = torch.tensor([[1.0, 2.0, 1.0, 1.0, -2.0, 2.0]]).repeat(2, 1)
    penalised = Choice(repetition_penalty=2.0).restrain(scores, context, mask)
    assert penalised.tolist() == [[1, 2, 1, 1, -4, 1], [0.5, 2, 1, 1, -4, 1]]
    banned = Choice(no_repeat=2).restrain(scores, context, mask) == float("-inf")
    assert banned.nonzero().tolist() == [[0, 5], [1, 4]]


def test_a_token_comes_even_where_all_are_banned():
    context = torch.tensor([[0, 1, 2]])
    scores = torch.zeros(1, 3)
    mask = torch.ones_like(context, dtype=torch.bool)
    assert torch.isfinite(Choice(no_repeat=1).restrain(scores, context, mask)).all()


def test_a_processor_waits_for_nothing_where_no_text_can_end_early(module):
    class Waits(TorchDispatchMode):
        """Count what needs a number from the device."""

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = function.overloadpacket.__name__
            seen.append(name in ("item", "is_nonzero", "_local_scalar_dense", "nonzero"))
            return function(*args, **(kwargs or {}))

    for beams in (None, 2):
        waits = []
        for wanted in ([4, 4, 2], [16, 16, 8]):
            seen = []
            with Waits():
                write(writer(module, beams=beams), prompts_of([5, 5, 5]), wanted)
            waits.append(sum(seen))
        assert waits[0] == waits[1]


@pytest.mark.parametrize("context", [5, 12, 20, 100])
def test_prompts_go_together_if_they_do_not_influence_each_other(context):
    generator = np.random.default_rng(0)
    lengths, wanted = generator.integers(1, 12, 200), generator.integers(1, 12, 200)
    shards = side_by_side(lengths, wanted, 8, context)
    assert sorted(np.concatenate(shards).tolist()) == [*range(200)]
    for shard in shards:
        assert len(shard) <= 8
        read = lengths[shard].max() + wanted[shard].max() - 1
        assert read <= context or len(set(lengths[shard])) == 1
    if context == 100:
        assert len(shards) == 25
    assert side_by_side(lengths[:0], wanted[:0], 8, context) == []


# --- scores ------------------------------------------------------------------------------------


def test_scores_are_those_of_each_text_alone(module):
    windows = prompts_of([9, 1, 5, 12, 2])
    together = scoring.read(module, windows, [], "float32", "log_prob")
    at = 0
    for i, length in enumerate(windows.lengths):
        ids = torch.from_numpy(windows.ids[i : i + 1, :length])
        with torch.inference_mode():
            law = module(ids).logits[0].double().log_softmax(1)
        expected = [law[t - 1, ids[0, t]] for t in range(1, length)]
        np.testing.assert_allclose(together[at : at + length - 1], expected, atol=1e-4)
        at += length - 1
    assert at == len(together) == windows.targets


def test_entropies_are_those_of_the_laws(module):
    windows = prompts_of([4])
    with torch.inference_mode():
        law = module(torch.from_numpy(windows.ids)).logits[0, :-1].double().softmax(1).numpy()
    found = scoring.read(module, windows, [], "float32", "entropy")
    np.testing.assert_allclose(found, -np.sum(law * np.log(law), axis=1), atol=1e-4)


def test_what_is_no_token_has_no_part_in_the_law(module):
    windows = prompts_of([6])
    with torch.no_grad():
        law = module(torch.from_numpy(windows.ids)).logits[0, :-1].double()
    law[:, 0] = -torch.inf
    law = law.log_softmax(1)
    target = torch.from_numpy(windows.ids[0, 1:])
    for what, expected in (
        ("log_prob", law.gather(1, target[:, None])[:, 0]),
        ("entropy", -(law.exp() * law).nansum(1)),
    ):
        found = scoring.read(module, windows, [0], "float32", what)
        np.testing.assert_allclose(found, expected, atol=1e-4)


# --- memory ------------------------------------------------------------------------------------


def short_of_memory(module, most, monkeypatch):
    """Make a model fail, as a GPU does, for more rows than some."""
    forward = type(module).forward

    def failing(self, *args, **keywords):
        if len(keywords["input_ids"]) > most:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, *args, **keywords)

    failing.__signature__ = inspect.signature(forward)
    monkeypatch.setattr(type(module), "forward", failing)


def test_a_gpu_without_room_gets_half_as_much_and_it_is_said(module, monkeypatch):
    prompts, windows = prompts_of([5] * 8), prompts_of([5] * 8)
    expected = write(writer(module), prompts, 4)
    scores = scoring.read(module, windows, [], "float32", "log_prob")
    short_of_memory(module, 4, monkeypatch)
    with pytest.warns(RuntimeWarning, match="writing 8 sequences at once; going on with 4"):
        found = write(writer(module), prompts, 4, most=8)
    np.testing.assert_array_equal(found, expected)
    with pytest.warns(RuntimeWarning, match="scoring 8 sequences at once; going on with 4"):
        again = scoring.read(module, windows, [], "float32", "log_prob")
    np.testing.assert_allclose(again, scores, atol=1e-5)


def test_a_gpu_without_room_for_one_is_an_error(module, monkeypatch):
    short_of_memory(module, 0, monkeypatch)
    with pytest.raises(ModelCollapseError, match="too little memory for writing even one sequence"):
        write(writer(module), prompts_of([5]), 4, most=1)


# --- windows -----------------------------------------------------------------------------------


def test_windows_cover_every_token_once():
    ids, starts = np.arange(1, 18), np.array([0, 7, 7, 8, 17])
    plain = Windows.cut(ids, starts, 3)
    assert [r[:n].tolist() for r, n in zip(plain.ids, plain.lengths, strict=True)] == [
        [1, 2, 3], [4, 5, 6], [7], [8], [9, 10, 11], [12, 13, 14], [15, 16, 17],
    ]  # fmt: skip
    assert plain.record.tolist() == [0, 0, 0, 2, 3, 3, 3]
    lapping = Windows.cut(ids, starts, 3, overlap=1)
    targets = [r[1:n].tolist() for r, n in zip(lapping.ids, lapping.lengths, strict=True)]
    assert [t for some in targets for t in some] == [
        2,
        3,
        4,
        5,
        6,
        7,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        17,
    ]
    assert all(len(t) <= 3 for t in targets)


def test_windows_are_the_same_however_far_they_are_filled_up():
    some = Windows.cut(np.array([1, 2, 0, 3, 4, 5, 6]), np.array([0, 2, 4, 7]), 3)
    others = Windows.cut(np.array([1, 2, 0, 3, 0, 7, 7, 7, 7]), np.array([0, 2, 5, 9]), 4)
    left = some.without(others)
    assert [r[:n].tolist() for r, n in zip(left.ids, left.lengths, strict=True)] == [
        [0, 3], [4, 5, 6],
    ]  # fmt: skip
    assert left.record.tolist() == [1, 2]


def test_frames_stand_around_each_text():
    texts = Texts(np.array([1, 2, 3]), np.array([0, 2, 2, 3]), ("a", "b", "c", "d"))
    ids, starts = framed(texts, 7, 8)
    assert np.split(ids, starts[1:-1])[1].tolist() == [7, 8]
    assert ids.tolist() == [7, 1, 2, 8, 7, 8, 7, 3, 8]
    assert framed(texts, 7, None)[0].tolist() == [7, 1, 2, 7, 7, 3]
