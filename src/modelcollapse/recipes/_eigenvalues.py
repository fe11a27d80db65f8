"""Eigenvalues of symmetric matrices as text: the task, a transformer that learns it, verifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import BestOf, Lineage, Replace
from modelcollapse.generation import Generation
from modelcollapse.protocols import Reading
from modelcollapse.recipes import _recipe as r

if TYPE_CHECKING:
    from modelcollapse.recipes._eigenvalues_network import Network

Tokens = NDArray[np.int64]
BOUND, LEAST, GREATEST = 10, -4, 3
"""Entries lie between -10 and 10; exponents of what is written, which smaller numbers share."""


@dataclass(frozen=True)
class Eigenvalues:
    """Nature: random symmetric matrices with their eigenvalues, the largest first, as tokens.

    A number is written as a sign, a mantissa and a power of ten.

    Attributes
    ----------
    size : int
        Rows of a matrix.
    digits : int
        Of a mantissa, which is one token.
    whole : bool
        Whether entries are whole numbers, of one token each.
    """

    size: int = 5
    digits: int = 3
    whole: bool = False

    @property
    def base(self) -> int:
        """Smallest mantissa; there are nine times as many."""
        return int(10 ** (self.digits - 1))

    @property
    def vocabulary(self) -> int:
        """Tokens there are."""
        return 2 + 9 * self.base + GREATEST - LEAST + 1 + (2 * BOUND + 1) * self.whole

    @property
    def prompt(self) -> int:
        """Tokens of a matrix."""
        return self.size * (self.size + 1) // 2 * (1 if self.whole else 3)

    @property
    def answer(self) -> int:
        """Tokens of its eigenvalues."""
        return 3 * self.size

    def encoded(self, numbers: r.Floats) -> Tokens:
        """Tokens of numbers, three on a new last axis."""
        size = np.maximum(np.abs(numbers), 10.0 ** (LEAST + self.digits - 1))
        power = np.floor(np.log10(size)).astype(int) - self.digits + 1
        mantissa = np.rint(size / 10.0**power).astype(int)
        over = mantissa == 10 * self.base
        power, mantissa = power + over, np.where(over, self.base, mantissa)
        last = 2 + 9 * self.base - LEAST
        return np.stack([(numbers < 0) * 1, 2 + mantissa - self.base, last + power], axis=-1)

    def values(self, answers: Tokens) -> r.Floats:
        """Numbers that answers stand for, NaN where they stand for none."""
        sign, mantissa, power = np.moveaxis(answers.reshape(*answers.shape[:-1], -1, 3), -1, 0)
        last = 2 + 9 * self.base
        good = (sign < 2) & (mantissa >= 2) & (mantissa < last) & (power >= last)
        good &= power <= last + GREATEST - LEAST
        exponent = np.where(good, power - last + LEAST, 0).astype(float)
        numbers = np.where(sign == 1, -1, 1) * (mantissa - 2 + self.base) * 10.0**exponent
        return np.where(good, numbers, np.nan)

    def prompts(self, n: int, rng: Generator) -> tuple[Tokens, r.Floats]:
        """Random matrices as tokens, and their eigenvalues."""
        rows, columns = np.triu_indices(self.size)
        entries = rng.uniform(-BOUND, BOUND, (n, len(rows)))
        entries = np.rint(entries) if self.whole else entries
        matrices = np.zeros((n, self.size, self.size))
        matrices[:, columns, rows] = entries
        told = np.asarray(np.linalg.eigvalsh(matrices)[:, ::-1], dtype=np.float64)
        if self.whole:
            return entries.astype(np.int64) + self.vocabulary - BOUND - 1, told
        return self.encoded(entries).reshape(n, -1), told

    def matrices(self, records: Tokens) -> r.Floats:
        """Eigenvalues of the matrices that records ask for, as exact as the record is."""
        tokens = records[:, : self.prompt]
        if self.whole:
            entries: Any = tokens - self.vocabulary + BOUND + 1
        else:
            entries = self.values(tokens)
        rows, columns = np.triu_indices(self.size)
        found = np.zeros((len(records), self.size, self.size))
        found[:, columns, rows] = entries
        return np.asarray(np.linalg.eigvalsh(found)[:, ::-1], dtype=np.float64)

    def errors(self, records: Tokens) -> r.Floats:
        """Relative error of each record's answer, in sums of absolute values; infinite if none."""
        right = self.matrices(records)
        gap = np.abs(self.values(records[:, self.prompt :]) - right).sum(axis=1)
        relative = gap / np.maximum(np.abs(right).sum(axis=1), 1e-9)
        return np.where(np.isnan(relative), np.inf, relative)

    def sample(self, n: int, *, rng: Generator) -> Tokens:
        """Write `n` matrices with their eigenvalues, rounded to the digits there are."""
        prompts, told = self.prompts(n, rng)
        return np.concatenate([prompts, self.encoded(told).reshape(n, -1)], axis=1)


@dataclass(frozen=True)
class Solver:
    """Learner: a transformer from random weights that answers by beam search.

    Attributes
    ----------
    task : Eigenvalues
        What it learns.
    beams : int
        Answers it writes to each matrix, in rounds, the most probable first; 1 is greedy.
    width, layers, heads, epochs, batch, rate : int and float
        Of the network, and of its training: more records mean more steps.
    """

    task: Eigenvalues
    beams: int = 1
    width: int = 512
    layers: int = 5
    heads: int = 8
    epochs: int = 30
    batch: int = 128
    rate: float = 5e-5

    def fit(self, data: Tokens, *, rng: Generator, parent: Any = None) -> Solving:
        """Train a network; its initial weights and the order of records come from `rng`."""
        steps = -(-self.epochs * len(data) // self.batch)
        how = (self.width, self.layers, self.heads, steps, self.batch, self.rate)
        seed = int(rng.integers(2**31))
        make = _trained if parent is not None else _first
        return Solving(self.task, self.beams, make(self.task, how, seed, data.tobytes()))


def _trained(task: Eigenvalues, how: tuple[Any, ...], seed: int, data: bytes) -> Network:
    import torch

    from modelcollapse.recipes._eigenvalues_network import Network, Training, train

    width, layers, heads, steps, batch, rate = how
    records = np.frombuffer(data, dtype=np.int64).reshape(-1, task.prompt + task.answer).copy()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(task.vocabulary, task.prompt, task.answer, width, layers, heads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train(network, records, Training(steps, batch, rate, device), seed)
    return network


# Lineages that differ in what is selected share their first model, and what it writes.
_first = lru_cache(maxsize=8)(_trained)


@lru_cache(maxsize=64)
def _answers(network: Network, length: int, prompts: bytes, beams: int) -> Tokens:
    from modelcollapse.recipes._eigenvalues_network import search

    asked = np.frombuffer(prompts, dtype=np.int64).reshape(-1, length)
    return search(network, asked.copy(), beams)[0]


@dataclass(frozen=True, eq=False)
class Solving:
    """A trained network.

    Attributes
    ----------
    task : Eigenvalues
        What it has learnt.
    beams : int
        Answers it writes to each matrix.
    network : Network
        The network.
    """

    task: Eigenvalues
    beams: int
    network: Network

    def answered(self, prompts: Tokens, beams: int) -> Tokens:
        """Records of all beams of each prompt, shape ``(prompts, beams, tokens)``."""
        asked = np.ascontiguousarray(prompts, dtype=np.int64)
        found = _answers(self.network, self.task.prompt, asked.tobytes(), beams)
        again = np.repeat(asked[:, None], found.shape[1], axis=1)
        return np.concatenate([again, found], axis=2)

    def sample(self, n: int, *, rng: Generator) -> Tokens:
        """Write `n` records: new matrices, the best answer to each first, then the second ..."""
        prompts, _ = self.task.prompts(-(-n // self.beams), rng)
        found = self.answered(prompts, self.beams)
        return np.swapaxes(found, 0, 1).reshape(-1, found.shape[2])[:n]


@dataclass(frozen=True)
class Closeness:
    """Score of an oracle: how near an answer is to the eigenvalues."""

    task: Eigenvalues

    def __call__(self, records: Tokens) -> r.Floats:
        """Minus the relative error of each record; finite also where there is no answer."""
        return -np.minimum(self.task.errors(records), 1e9)


def lineages(quick: bool) -> tuple[dict[str, Lineage], int]:
    """Four ways to pick an answer to each matrix, and how many beams there are."""
    task = Eigenvalues(2, 2, whole=True) if quick else Eigenvalues()
    beams, real, written = (16, 1_500, 4_000) if quick else (50, 200_000, 1_000_000)
    learner = Solver(task)
    if quick:
        learner = replace(learner, width=64, layers=1, heads=4, epochs=14, batch=64, rate=4e-3)
    greedy = Lineage(task, learner, Replace(written), size=real, holdout=4_000)
    several = greedy.but(learner=replace(learner, beams=beams))
    picked: dict[str, Any] = {"oracle": Closeness(task), "lowest perplexity": most_probable,
                              "random beam": any_beam}  # fmt: skip
    curated = {label: several.but(curator=BestOf(x, beams)) for label, x in picked.items()}
    return {"greedy": greedy, **curated}, beams


def most_probable(records: Tokens) -> r.Floats:
    """Score by perplexity: beams come with the most probable answers, of equal length, first."""
    return -np.arange(len(records), dtype=float)


def any_beam(records: Tokens) -> r.Floats:
    """Score of those who do not look: all alike."""
    return np.zeros(len(records))


@dataclass(frozen=True)
class Solved:
    """Shares of held-out matrices whose eigenvalues are within a tolerance.

    Of greedy answers; and of generation 0, if it writes several beams, by who picks one of them.
    """

    tolerance: float
    name: ClassVar[str] = "solved"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        model, task = generation.model, generation.truth
        prompts = generation.reference[:, : task.prompt]

        def right(records: Tokens) -> NDArray[np.bool_]:
            return np.asarray(task.errors(records) <= self.tolerance)

        found = {"greedy": float(right(model.answered(prompts, 1)[:, 0]).mean()),
                 "labels": float(right(generation.corpus.data).mean())}  # fmt: skip
        if generation.index == 0 and model.beams > 1:
            every = model.answered(prompts, model.beams)
            n, beams, length = every.shape
            hits = right(every.reshape(-1, length)).reshape(n, beams)
            found |= {"first": hits[:, 0].mean(), "random": hits.mean()}
            found |= {f"best of {k}": hits[:, :k].any(axis=1).mean() for k in (5, beams)}
        return found
