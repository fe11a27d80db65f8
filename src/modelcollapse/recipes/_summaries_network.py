"""Summaries by a large language model: fine-tuned on documents that end in their summary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.loading import load_codec, load_module, placed
from modelcollapse.learners.language.session import library, mixed_precision, resolve
from modelcollapse.recipes._language import weights
from modelcollapse.recipes._summaries_corpus import (
    Document,
    Origin,
    Written,
    documents,
    in_rounds,
)
from modelcollapse.sources.elsewhere import DATA

LLAMA, MARK = "meta-llama/Llama-2-7b-hf", "\nTL;DR:"
BLOCK, LONGEST, BATCH = 1024, 128, 32


def llama(origin: Origin) -> Finetuned:
    """Llama-2-7B, as published.

    Raises
    ------
    InputError
        If its weights are not beside the data.
    """
    if not Path(weights(LLAMA)).is_dir():
        raise InputError(
            f"the weights of {LLAMA} are not here: let the environment variable {DATA} name a "
            f"folder that holds models/{LLAMA.rpartition('/')[2]}, and the data. Training it takes "
            "several GPUs of 80 GB."
        )
    several = library("torch").cuda.device_count() > 1
    return Finetuned(origin, weights(LLAMA), device="balanced" if several else "auto")


@dataclass(frozen=True)
class Finetuned:
    """Learner: fine-tune pretrained weights on documents and summaries, always from the same.

    Attributes
    ----------
    origin : str
        Of the documents.
    name : str
        Pretrained model.
    rates : tuple of float
        Learning rates of the generator, which falls as a cosine, and of students, which stays.
    epochs, batch, block : int
        Of the training; tokens of a document and its summary, at most.
    device : str
        Where.
    """

    origin: Origin
    name: str
    rates: tuple[float, float] = (5e-5, 2e-5)
    epochs: int = 1
    batch: int = BATCH
    block: int = BLOCK
    device: str = "auto"

    def fit(self, data: list[Written], *, rng: Generator, parent: Any = None) -> Summariser:
        """Train a model on summaries; losses are those of the summaries only."""
        seed = int(rng.integers(2**31))
        if parent is None:
            return _generator(self, tuple(data), seed)
        return self.trained(data, self.rates[1], seed, falling=False)

    def trained(
        self, data: Sequence[Written], rate: float, seed: int, *, falling: bool
    ) -> Summariser:
        """Train a model at a learning rate that falls to 0, or stays."""
        torch, codec = library("torch"), load_codec(self.name, "model")
        module = placed(load_module(self.name), resolve(self.device)).train()
        model = Summariser(self.origin, module, codec, self.block)
        train, _ = documents(self.origin)
        rows = model.rows([train[x.document] for x in data], [x.text for x in data])
        adam, rng = torch.optim.AdamW(module.parameters(), lr=rate), np.random.default_rng(seed)
        orders = np.concatenate([rng.permutation(len(rows)) for _ in range(self.epochs)])
        for at in range(0, len(orders), self.batch):
            if falling:
                for group in adam.param_groups:
                    group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * at / len(orders)))
            picked = [rows[i] for i in orders[at : at + self.batch]]
            for ids, mask, answers in model.batches(picked, max(1, self.batch // 8)):
                loss = -model.token_scores(ids, mask)[answers].sum()
                (loss / sum(len(answer) for _, answer in picked)).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            adam.step()
            adam.zero_grad(set_to_none=True)
        module.eval()
        return model


# Lineages that differ in what is selected share their first model.
@lru_cache(maxsize=1)
def _generator(learner: Finetuned, data: tuple[Written, ...], seed: int) -> Summariser:
    return learner.trained(data, learner.rates[0], seed, falling=True)


@dataclass(frozen=True, eq=False)
class Summariser:
    """A fine-tuned model.

    Attributes
    ----------
    origin : str
        Of the documents.
    module : object
        The network.
    codec : Codec
        Its tokenizer.
    block : int
        Tokens of a document and its summary, at most.
    known : dict
        Summaries written already, of the documents to train on and of those to test on.
    """

    origin: Origin
    module: Any
    codec: Codec
    block: int
    known: dict[bool, list[str]] = field(default_factory=dict, repr=False)

    def prompts(self, read: Sequence[Document], room: int) -> list[list[int]]:
        """Tokens of documents, cut so that `room` tokens are left, and of what follows them."""
        mark = self.codec.encode([MARK])[0]
        texts = self.codec.encode([" ".join(document.sentences) for document in read])
        begin = [] if self.codec.begin is None else [self.codec.begin]
        most = max(1, self.block - room - len(mark) - len(begin))
        return [begin + text[:most] + mark for text in texts]

    def rows(self, read: Sequence[Document], texts: Sequence[str]) -> list[tuple[Any, Any]]:
        """Tokens of each document and of its summary, with its end."""
        end = [] if self.codec.end is None else [self.codec.end]
        answers = [ids[:LONGEST] + end for ids in self.codec.encode([f" {text}" for text in texts])]
        return list(zip(self.prompts(read, LONGEST + 1), answers, strict=True))

    def batches(self, rows: Sequence[tuple[Any, Any]], size: int) -> Iterator[tuple[Any, Any, Any]]:
        """Tokens filled up behind, which of them count, and which are of a summary."""
        torch = library("torch")
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            width = max(len(prompt) + len(answer) for prompt, answer in part)
            ids = torch.zeros(len(part), width, dtype=torch.long)
            mask, told = torch.zeros_like(ids), torch.zeros(len(part), width, dtype=torch.bool)
            for i, (prompt, answer) in enumerate(part):
                length = len(prompt) + len(answer)
                ids[i, :length] = torch.tensor([*prompt, *answer])
                mask[i, :length], told[i, len(prompt) : length] = 1, True
            device = self.module.device
            yield ids.to(device), mask.to(device), told[:, 1:].to(device)

    def token_scores(self, ids: Any, mask: Any) -> Any:
        """Log-probability of every token but the first, given those before it."""
        with mixed_precision(self.module, "auto"):
            logits = self.module(input_ids=ids, attention_mask=mask).logits[:, :-1]
        scores = logits.float().log_softmax(-1)
        return scores.gather(2, ids[:, 1:, None])[:, :, 0]

    def read(self, rows: Sequence[tuple[Any, Any]]) -> list[NDArray[np.float64]]:
        """Log-probabilities of the tokens of each answer."""
        found: list[NDArray[np.float64]] = []
        with library("torch").no_grad():
            for ids, mask, told in self.batches(rows, 8):
                scores = self.token_scores(ids, mask)
                found += [row[answer].cpu().numpy().astype(np.float64)
                          for row, answer in zip(scores, told, strict=True)]  # fmt: skip
        return found

    def summaries(self, *, test: bool) -> list[str]:
        """Summary of every document to train on, or to test on."""
        if test not in self.known:
            self.known[test] = self._greedy(test)
        return self.known[test]

    def _greedy(self, test: bool) -> list[str]:
        torch, part = library("torch"), documents(self.origin)[test]
        asked = self.prompts(part, LONGEST + 1)
        found: dict[int, str] = {}
        order = np.argsort([len(ids) for ids in asked], kind="stable")
        fill = 0 if self.codec.end is None else self.codec.end
        for at in range(0, len(order), BATCH):
            chosen = order[at : at + BATCH]
            width = max(len(asked[i]) for i in chosen)
            ids = torch.full((len(chosen), width), fill, device=self.module.device)
            mask = torch.zeros_like(ids)
            for row, i in enumerate(chosen):
                ids[row, width - len(asked[i]) :] = torch.tensor(asked[i])
                mask[row, width - len(asked[i]) :] = 1
            with torch.inference_mode(), mixed_precision(self.module, "auto"):
                written = self.module.generate(
                    input_ids=ids, attention_mask=mask, max_new_tokens=LONGEST, do_sample=False,
                    num_beams=1, pad_token_id=fill, eos_token_id=self.codec.end,
                )  # fmt: skip
            answers = [[t for t in row if t not in self.codec.special]
                       for row in written[:, width:].tolist()]  # fmt: skip
            found.update(zip(chosen.tolist(), self.codec.decode(answers), strict=True))
        return [found[i].strip() for i in range(len(part))]

    def confidence(self, written: Sequence[Written]) -> NDArray[np.float64]:
        """Mean log-probability of the tokens of each summary."""
        train, _ = documents(self.origin)
        rows = self.rows([train[x.document] for x in written], [x.text for x in written])
        return np.array([scores.mean() for scores in self.read(rows)])

    def sample(self, n: int, *, rng: Generator) -> list[Written]:
        """Write summaries of `n` documents, in order."""
        return in_rounds(self.summaries(test=False), n)


def read_by(name: str, texts: Sequence[str]) -> list[NDArray[np.float64]]:
    """Log-probabilities of the tokens of texts under a pretrained model."""
    codec = load_codec(weights(name), "model")
    module = placed(load_module(weights(name)), resolve("auto")).eval()
    begin = [codec.begin if codec.begin is not None else 0]
    return Summariser("news", module, codec, BLOCK).read(
        [(begin, ids) for ids in codec.encode(texts)]
    )
