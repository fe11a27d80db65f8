"""Summaries by a small model, selected by several verifiers, and what is learnt from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import Lineage, NGram, RandomSelection, Replace, TopScore
from modelcollapse.draw import Draw
from modelcollapse.errors import InputError
from modelcollapse.families.scoring import token_scores
from modelcollapse.generation import Generation
from modelcollapse.metrics import rouge
from modelcollapse.metrics.language import perplexities
from modelcollapse.protocols import Reading
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._summaries_corpus import (
    SHARES,
    Documents,
    Origin,
    Summaries,
    Written,
    documents,
    in_rounds,
)
from modelcollapse.seeds import generator

WORDS, WEIGHT, FOLDS = 1_000, 0.5, 20


def overlap(texts: Sequence[str], references: Sequence[Any]) -> r.Floats:
    """ROUGE-1, F of words without stemming; of several references the nearest counts."""
    return np.asarray(rouge.scores(list(texts), list(references), "rouge1", stem=False).f)


@dataclass(frozen=True, eq=False)
class Features:
    """What a model sees of every sentence of some documents.

    Attributes
    ----------
    rows : sparse matrix, shape (sentences, features)
        Place, length and words.
    starts : ndarray of int, shape (documents + 1,)
        Where the sentences of each document begin.
    """

    rows: Any
    starts: NDArray[np.intp]


@cache
def features(origin: Origin) -> tuple[Features, Features]:
    """Features of the documents to train on and of those to test on."""
    from sklearn.feature_extraction.text import CountVectorizer

    parts = documents(origin)
    sentences = [[s for document in part for s in document.sentences] for part in parts]
    words = CountVectorizer(binary=True, max_features=WORDS, dtype=np.float64)
    words.fit(sentences[0])
    train, test = (_features(part, WEIGHT * words.transform(texts))
                   for part, texts in zip(parts, sentences, strict=True))  # fmt: skip
    return train, test


def _features(part: Documents, words: Any) -> Features:
    from scipy.sparse import csr_matrix, hstack

    counts = [len(document.sentences) for document in part]
    place = np.concatenate([np.arange(count) / max(count - 1, 1) for count in counts])
    length = np.log([len(s.split()) + 1.0 for document in part for s in document.sentences])
    shown = np.stack([place == 0, place == 1, place, place**2, length, length**2 / 4], axis=1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Features(hstack([csr_matrix(shown), words], format="csr"), starts)


@dataclass(frozen=True)
class Extractive:
    """Learner: which sentence of a document a summary is nearest to, by multinomial regression.

    Attributes
    ----------
    origin : str
        Of the documents.
    penalty : float
        Half the squared norm of the weights counts so much.
    """

    origin: Origin
    penalty: float = 0.003

    def fit(self, data: list[Written], *, rng: Generator, parent: Any = None) -> Extract:
        """Fit weights to the sentences that summaries are nearest to."""
        from scipy.optimize import minimize

        seen, (train, _) = features(self.origin)[0], documents(self.origin)
        rows = [np.arange(*seen.starts[[x.document, x.document + 1]]) for x in data]
        sizes = np.array([len(part) for part in rows])
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        text = np.repeat([x.text for x in data], sizes)
        near = overlap([s for x in data for s in train[x.document].sentences], text.tolist())
        target = np.zeros(len(near))
        target[
            [s + int(np.argmax(near[s : s + k])) for s, k in zip(starts, sizes, strict=True)]
        ] = 1
        x = seen.rows[np.concatenate(rows)]
        across, which = x.T.tocsr(), np.repeat(np.arange(len(data)), sizes)

        def loss(weights: r.Floats) -> tuple[float, r.Floats]:
            values = x @ weights
            values -= np.maximum.reduceat(values, starts)[which]
            powers = np.exp(values)
            sums = np.add.reduceat(powers, starts)[which]
            found = -(target @ (values - np.log(sums))) / len(data)
            slope = across @ (powers / sums - target) / len(data) + self.penalty * weights
            return float(found + self.penalty * (weights @ weights) / 2), slope

        fit = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B",
                       options={"maxiter": 100})  # fmt: skip
        return Extract(self.origin, np.asarray(fit.x))


@dataclass(frozen=True, eq=False)
class Extract:
    """A model that gives the likeliest sentence of a document as its summary."""

    origin: Origin
    weights: r.Floats

    def _scores(self, test: bool) -> list[r.Floats]:
        seen = features(self.origin)[test]
        return np.split(seen.rows @ self.weights, seen.starts[1:-1])

    def summaries(self, *, test: bool) -> list[str]:
        """Summary of every document to train on, or to test on."""
        part = documents(self.origin)[test]
        return [document.sentences[int(np.argmax(scores))]
                for document, scores in zip(part, self._scores(test), strict=True)]  # fmt: skip

    def confidence(self, written: Sequence[Written]) -> r.Floats:
        """Log-probability of what this model wrote itself, for each document its likeliest."""
        sure = [float(scores.max() - np.logaddexp.reduce(scores)) for scores in self._scores(False)]
        return np.array([sure[x.document] for x in written])

    def sample(self, n: int, *, rng: Generator) -> list[Written]:
        """Write summaries of `n` documents, in order."""
        return in_rounds(self.summaries(test=False), n)


@dataclass(frozen=True)
class NearReference:
    """Score of an oracle: ROUGE-1 against the summary that somebody wrote."""

    origin: Origin

    def __call__(self, written: Sequence[Written]) -> r.Floats:
        """Score of each summary."""
        train = documents(self.origin)[0]
        return overlap([x.text for x in written],
                       [list(train[x.document].references) for x in written])  # fmt: skip


@cache
def _reader(origin: Origin) -> Any:
    texts = [" ".join(document.sentences) for document in documents(origin)[0]]
    learner = NGram(3, smoothing="kneser-ney")
    return learner.fit([text.lower() for text in texts], rng=generator(0, 0, 0, "reader"))


@dataclass(frozen=True)
class LowPerplexity:
    """Score of a weak verifier: how probable a language model of whole documents finds it."""

    origin: Origin

    def __call__(self, written: Sequence[Written]) -> r.Floats:
        """Score of each summary: minus the perplexity of its tokens."""
        texts = [x.text for x in written]
        if self.origin == "news":
            from modelcollapse.recipes._summaries_network import read_by

            read = read_by("meta-llama/Meta-Llama-3-8B", texts)
        else:
            read = token_scores(_reader(self.origin), [text.lower() for text in texts])
        return -np.nan_to_num(perplexities(read), nan=1e9, posinf=1e9)


@dataclass(frozen=True)
class Sure:
    """Curator: keep what the writing model itself finds most probable."""

    oversample: float

    def prepare(self, draw: Draw) -> TopScore:
        """Ask the model that is about to write."""
        return TopScore(draw.model.confidence, self.oversample)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Any:
        """Not called: `prepare` gives what selects."""
        raise NotImplementedError


def curators(origin: Origin, share: int) -> dict[str, Any]:
    """Ways to keep one of `share` summaries."""
    return {"oracle": TopScore(NearReference(origin), share), "self": Sure(share),
            "weak perplexity": TopScore(LowPerplexity(origin), share),
            "random": RandomSelection(share)}  # fmt: skip


@dataclass(frozen=True)
class TestRouge:
    """ROUGE-1 of summaries of the documents to test on, in parts."""

    origin: Origin
    name: ClassVar[str] = "rouge"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation: means over every `FOLDS`-th document."""
        test = documents(self.origin)[1]
        found = overlap(generation.model.summaries(test=True), [list(x.references) for x in test])
        return {str(i): float(found[i::FOLDS].mean()) for i in range(FOLDS)}


def lineages(origin: Origin, make: Callable[[Origin], Any]) -> dict[str, Lineage]:
    """Students of an eighth, a quarter and a half of what a generator wrote; and of real data."""
    truth, learner = Summaries(origin), make(origin)
    n = len(truth)
    first = Lineage(truth, learner, Replace(n), size=n // SHARES, holdout=0)
    found = {"all real": first.but(size=n), "all written": first}
    for share in (8, 4, 2):
        found |= {f"{name}, {100 / share:g} %": first.but(policy=Replace(n // share), curator=x)
                  for name, x in curators(origin, share).items()}  # fmt: skip
    return found


def start(scale: r.Scale) -> tuple[Origin, dict[str, Lineage]]:
    """Where documents come from, and lineages; invented documents where there are no others.

    Raises
    ------
    ModelCollapseError
        At full scale, if data, weights or a GPU are missing.
    """
    if scale == "full":
        from modelcollapse.recipes._summaries_network import llama

        return "news", lineages("news", llama)
    try:
        documents("papers")
    except InputError:
        return "invented", lineages("invented", Extractive)
    return "papers", lineages("papers", Extractive)


def missing(reason: Exception) -> r.Outcome:
    """Outcome without data, weights or a GPU: one law, not comparable."""
    law = r.Claim("students of an oracle beat those of a choice at random", 0.0, 0.0, 0.0, ">",
                  "notes", incomparable=str(reason))  # fmt: skip
    return r.Outcome([law], [])


def at(history: r.History, index: int) -> r.Floats:
    """ROUGE at a generation, by replicate and part of the test: shape ``(replicates, FOLDS)``."""
    return np.stack([history[f"rouge.{i}"][:, index] for i in range(FOLDS)], axis=1)


def interval(values: r.Floats) -> r.Estimate:
    """Mean, with an error that counts both other documents to train on and others to test on."""
    parts = [r.mean(values.mean(axis=axis)).error if len(values) > axis else 0.0 for axis in (0, 1)]
    return r.Estimate(float(values.mean()), math.hypot(*parts))


def drawn(table: Mapping[str, r.Estimate], origin: Origin) -> list[r.Curve]:
    """Curves over the share kept, one for each way to select, and lines for what was not."""
    shares, curves = (12.5, 25.0, 50.0), list[r.Curve]()
    for name in curators(origin, SHARES):
        ours = [table[f"{name}, {share:g} %"] for share in shares]
        mean = np.array([x.value for x in ours])
        bar = np.array([2 * x.error for x in ours])
        curves.append(r.Curve(name, shares, mean, mean - bar, mean + bar, style="bars"))
    return curves + [r.Curve(name, shares[::2], [table[name].value] * 2, theory=True)
                     for name in ("generator", "all real", "all written")]  # fmt: skip


def at_this_size(claim: r.Claim) -> r.Claim:
    """Law that is not to be had from a small model where it comes out undecided or turned round."""
    if claim.verdict == "pass":
        return claim
    near = abs(claim.ours - claim.published) <= claim.tolerance
    words = "not decided by so few documents" if near else "a small model shows the opposite"
    return replace(claim, incomparable=f"not reproduced at this size: {words}")
