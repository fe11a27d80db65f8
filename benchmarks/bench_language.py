"""A language model by the package, beside `Trainer` and `generate` of transformers."""

from __future__ import annotations

import atexit
import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: F401  # imported here, so that no run is charged for it
from numpy.typing import NDArray
from transformers import GPT2LMHeadModel  # noqa: F401

import modelcollapse as mc
from benchmarks.suite import Check, Figure, Job, times_faster
from benchmarks.timing import Timing
from modelcollapse.learners.causal_lm import CausalLM

BLOCK, BEAMS, VOCABULARY = 64, 5, 4096
CONFIG = {
    "model_type": "gpt2", "n_layer": 4, "n_embd": 256, "n_head": 4, "n_positions": 2 * BLOCK,
    "vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
RECIPE = {"batch": 32, "learning_rate": 1e-3}


def per_second(tokens: int) -> Figure:
    """Tokens our side handles in a second."""

    def rate(ours: Timing, _: Timing | None) -> float:
        return tokens / ours.wall

    return rate


def blocks_of(ids: NDArray[np.int32]) -> mc.Texts:
    """Blocks as the package takes them; token 0 ends a document in the other script."""
    words = tuple(f"w{i}" for i in range(VOCABULARY))
    return mc.Texts(ids.ravel(), np.arange(len(ids) + 1) * BLOCK, words, BLOCK)


def train(
    ids: NDArray[np.int32], test: NDArray[np.int32], config: dict[str, Any], epochs: int,
    batch: int, learning_rate: float, seed: int,
) -> np.ndarray:  # fmt: skip
    """Train from random weights; log-likelihood of each test block, shape (blocks, 1)."""
    recipe = CausalLM(config=config, epochs=epochs, batch=batch, learning_rate=learning_rate)
    model = recipe.fit(blocks_of(ids), rng=np.random.default_rng(seed))
    return model.log_prob(blocks_of(test)).reshape(len(test), -1).mean(axis=1, keepdims=True)


def write(pickled: str, ids: NDArray[np.int32], seed: int) -> np.ndarray:
    """Continue each block the model carries: mean token number of each, shape (blocks, 1)."""
    model = pickle.loads(Path(pickled).read_bytes())
    written = model.sample(len(ids), rng=np.random.default_rng(seed))
    return written.ids.reshape(len(ids), -1).mean(axis=1, keepdims=True)


def text(n: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Blocks of tokens by Zipf's law, each pair of neighbours likely to come again."""
    shares = 1 / np.arange(1, VOCABULARY)
    ids = rng.choice(VOCABULARY - 1, size=(n, BLOCK), p=shares / shares.sum()) + 1
    follow = rng.permutation(VOCABULARY - 1) + 1
    for j in range(1, BLOCK):
        again = rng.random(n) < 0.6
        ids[again, j] = follow[ids[again, j - 1] - 1]
    return ids.astype(np.int32)


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import transformers_loop

    rng = np.random.default_rng(0)
    count, epochs, prompts = (128, 1, 8) if quick else (512, 2, 32)
    ids, test = np.split(text(count + 64, rng), [count])
    ids_to_continue = ids[:prompts]
    folder = Path(tempfile.mkdtemp(prefix="bench-language-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A pretrained model looks back on both blocks, as the other script does.
    base = CausalLM(config=CONFIG, epochs=1, **RECIPE).fit(blocks_of(ids), rng=rng)
    base.save(folder / "model")
    model = CausalLM(config=CONFIG, epochs=1, **RECIPE).fit(blocks_of(ids_to_continue), rng=rng)
    object.__setattr__(model, "network", base.network)
    object.__setattr__(model, "context", 2 * BLOCK)
    (folder / "pickled").write_bytes(pickle.dumps(model))
    trained, written = count * epochs * BLOCK, prompts * BLOCK
    return [
        Job(
            "language",
            f"training: GPT-2 of 4 x 256, {count} blocks of 64, {epochs} epochs, batch 32",
            {"ids": ids, "test": test, "config": CONFIG, "epochs": epochs, **RECIPE},
            train,
            (Check(times_faster, "x faster", at_least=1), Check(per_second(trained), "tokens/s")),
            "matrix products of the model, on both sides",
            transformers_loop.train,
            ("log-likelihood",),
        ),
        Job(
            "language",
            f"writing: the same, {prompts} blocks of 64, {BEAMS} beams",
            {"ids": ids_to_continue},
            write,
            (Check(times_faster, "x faster", at_least=2), Check(per_second(written), "tokens/s")),
            "matrix products of the model; keys and values are copied at each step as beams change",
            transformers_loop.write,
            ("mean token",),
            {"pickled": str(folder / "pickled")},
            {"folder": str(folder / "model"), "length": BLOCK, "beams": BEAMS},
        ),
    ]
