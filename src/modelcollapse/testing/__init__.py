"""Checks for parts of your own, from learners to verifiers: whether a part keeps its promises.

A broken promise here is not a crash but a confident, wrong figure. A sampler that keeps a seed
adds the same noise each generation and turns a random walk into a deterministic exponential; a
model that decodes means instead of sampling shrinks by its own hand. Each check raises
`BrokenPromise`, which says what was promised and what happened.

>>> from modelcollapse import GaussianMLE, Gaussian
>>> import numpy as np
>>> check_learner(GaussianMLE(), Gaussian().sample(500, rng=np.random.default_rng(0)))
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.corpus import Corpus
from modelcollapse.draw import Draw
from modelcollapse.fingerprint import fingerprint
from modelcollapse.lineage import Lineage
from modelcollapse.nature import Nature
from modelcollapse.policies import Replace
from modelcollapse.protocols import Curator, Learner, Model, Policy, Preparing, name_of
from modelcollapse.testing.collapse import Collapsed, assert_no_collapse
from modelcollapse.testing.promise import BrokenPromise
from modelcollapse.testing.selecting import check_rule, check_verifier
from modelcollapse.testing.statistics import Statistics, default_statistics, numbers, total_variance

__all__ = [
    "BrokenPromise",
    "Collapsed",
    "assert_no_collapse",
    "check_curator",
    "check_learner",
    "check_policy",
    "check_rule",
    "check_verifier",
    "default_statistics",
]


def check_learner(
    learner: Learner[Any],
    data: Any,
    *,
    statistics: Statistics | None = None,
    draws: int = 20,
    spread: tuple[float, float] = (0.75, 1.4),
    seed: int = 0,
) -> None:
    """Check that a learner may take part in a lineage.

    Parameters
    ----------
    learner : Learner
        The recipe.
    data : object
        Records it can be fitted to: at least a few hundred, with some variation.
    statistics : callable, optional
        Numbers by which records are compared, from records to shape ``(k,)``; by default those of
        `default_statistics`.
    draws : int, default 20
        Data sets sampled to compare moments, each of the size of `data`.
    spread : tuple of float, default (0.75, 1.4)
        Within which the ratio of the sampled total variance to that of the data must lie (a
        kernel estimate adds its bandwidth, a mean-decoding autoencoder loses half of it). Used
        for arrays and tables of numbers only.
    seed : int, default 0
        Seed of the check.

    Raises
    ------
    BrokenPromise
        If fitting changes the learner or the data; if the model writes the wrong number or kind
        of records; if equal generators give different records or different ones give equal
        records; if randomness comes from, or goes to, NumPy's global state; or if the records
        written differ from the data in mean or spread by more than sampling explains.
    """
    name = name_of(learner)
    before, data_before = fingerprint(learner), fingerprint(data)
    n = int(np.ravel(records.size(data))[0])
    model = _unmoved(name, lambda: learner.fit(data, rng=_rng(seed, 0)))
    if fingerprint(learner) != before:
        raise BrokenPromise(
            f"{name}.fit changed the learner. A learner is a recipe: the next generation must be "
            "fitted by the same one. Return a new model and leave self alone."
        )
    if fingerprint(data) != data_before:
        raise BrokenPromise(f"{name}.fit changed the data it was given. Copy them first.")
    written = _unmoved(name, lambda: model.sample(n, rng=_rng(seed, 1)))
    found = int(np.ravel(records.size(written))[0])
    if found != n:
        raise BrokenPromise(f"the model of {name} was asked for {n} records and wrote {found}.")
    if records.layout(written) != records.layout(data):
        raise BrokenPromise(
            f"the model of {name} writes records of layout {records.layout(written)}, but was "
            f"fitted to {records.layout(data)}. It must write records like those it has seen."
        )
    if not _same(written, model.sample(n, rng=_rng(seed, 1))):
        raise BrokenPromise(
            f"the model of {name} wrote different records from equal generators, so no run can be "
            "repeated or resumed. Use no randomness but rng."
        )
    if _same(written, model.sample(n, rng=_rng(seed, 2))):
        raise BrokenPromise(
            f"the model of {name} wrote the same records from different generators: it keeps a "
            "seed. In a chain this adds the same noise each generation and gives a confident, "
            "wrong result. Draw everything from rng."
        )
    again = learner.fit(data, rng=_rng(seed, 0))
    if not _same(written, again.sample(n, rng=_rng(seed, 1))):
        raise BrokenPromise(
            f"{name} fitted twice to the same data with equal generators gave different models. "
            "Use no randomness but rng."
        )
    _check_moments(name, model, data, n, statistics, draws, spread, seed)


def check_policy(
    policy: Policy,
    *,
    truth: Model[Any] | None = None,
    size: int = 60,
    generations: int = 4,
    seed: int = 0,
) -> None:
    """Check that a policy may take part in a lineage.

    Parameters
    ----------
    policy : Policy
        Any callable of ``(corpus, draw)``.
    truth : Model, optional
        What writes the records it is tried on, for a policy that needs a kind of its own; rows of
        one number when not given.
    size : int, default 60
        Real records in generation 0 of the lineage in which it is tried.
    generations : int, default 4
        How many corpora it is asked to form.
    seed : int, default 0
        Seed of the check.

    Raises
    ------
    BrokenPromise
        If it returns something else than a non-empty `Corpus`, changes the corpus it was given,
        stamps records with a generation that has not been, is not repeatable, or uses NumPy's
        global state.
    """
    name = name_of(policy)
    lineage = Lineage(truth or _Numbers(), _Keep(), Replace(size), size=size)
    nature = Nature(lineage, seed, 0, None)
    original = corpus = Corpus.of(nature.read(size, 0))
    for index in range(generations):
        present, blocks = corpus, _held(corpus)

        def form(corpus: Corpus = corpus, index: int = index) -> Any:
            before = nature.read_before
            try:
                draw = Draw(lineage, nature, original, corpus, nature.truth, index)
                return policy(corpus, draw)
            finally:
                nature.read_before = before

        first, second = _unmoved(name, form), form()
        if not isinstance(first, Corpus):
            raise BrokenPromise(f"{name} returned {type(first).__name__} instead of a Corpus.")
        if first.size == 0:
            raise BrokenPromise(f"{name} returned an empty corpus: nothing can be fitted to it.")
        if not _same(first.data, second.data):
            raise BrokenPromise(
                f"{name} formed different corpora from equal draws. Take randomness from "
                "draw.rng() only."
            )
        if _held(present) != blocks:
            raise BrokenPromise(f"{name} changed the corpus it was given. Form a new one.")
        late = [b.origin for b in first.blocks if b.origin is not None and b.origin > index]
        if late:
            raise BrokenPromise(
                f"{name} stamped records as written by generation {late[0]} while generation "
                f"{index + 1} was being formed. Use what draw returns."
            )
        corpus = first


def check_curator(
    curator: Curator[Any],
    candidates: Any,
    *,
    learner: Learner[Any] | None = None,
    seed: int = 0,
) -> None:
    """Check that a curator may take part in a lineage.

    Parameters
    ----------
    curator : Curator
        What selects.
    candidates : object
        Records it can select from: at least ten.
    learner : Learner, optional
        For a curator that looks at the model that writes: fitted to the candidates, it stands for
        the models of all generations. The candidates also stand for the real records.
    seed : int, default 0
        Seed of the check.

    Raises
    ------
    BrokenPromise
        If it does not return exactly as many different positions as asked, all of them among the
        candidates; changes the candidates; is not repeatable; uses NumPy's global state; or asks
        for fewer candidates than it keeps.
    """
    name = name_of(curator)
    if not curator.oversample >= 1:
        raise BrokenPromise(
            f"{name}.oversample is {curator.oversample}: it cannot keep more than is written."
        )
    repeats = getattr(curator, "repeats", 1)
    if isinstance(curator, Preparing):
        curator = curator.prepare(_draw(candidates, learner, seed))
    count, before = records.size(candidates), fingerprint(candidates)
    for n in (1, count // 2, count):
        chosen = np.asarray(
            _unmoved(name, partial(curator.select, candidates, n, rng=_rng(seed, n)))
        )
        if chosen.shape != (n,) or chosen.dtype.kind not in "iu":
            raise BrokenPromise(
                f"{name} was asked for {n} records and returned an array of shape {chosen.shape} "
                f"and type {chosen.dtype}. Return n whole numbers, the positions chosen."
            )
        if chosen.min() < 0 or chosen.max() >= count or np.bincount(chosen).max() > repeats:
            often = "twice" if repeats == 1 else f"more than {repeats} times"
            raise BrokenPromise(
                f"{name} chose a record {often}, or one that is not among the {count} candidates."
            )
        again = np.asarray(curator.select(candidates, n, rng=_rng(seed, n)))
        if not np.array_equal(chosen, again):
            raise BrokenPromise(f"{name} chose differently from equal generators. Use only rng.")
    if fingerprint(candidates) != before:
        raise BrokenPromise(f"{name} changed the candidates. It may only choose among them.")


def _draw(candidates: Any, learner: Learner[Any] | None, seed: int) -> Draw:
    """Surroundings in which all data are the candidates, and all models fitted to them."""
    n = int(records.size(candidates))
    lineage = Lineage(_Numbers(), learner or _Keep(), Replace(n), size=n)
    model = lineage.learner.fit(candidates, rng=_rng(seed, n + 1))
    original = Corpus.of(candidates)
    return Draw(lineage, Nature(lineage, seed, 0, None), original, original, model, 0)


def _held(corpus: Corpus) -> list[tuple[int | None, str]]:
    return [(block.origin, fingerprint(block.data)) for block in corpus.blocks]


def _rng(seed: int, index: int) -> Generator:
    return np.random.default_rng([seed, index])


def _unmoved(name: str, act: Callable[[], Any]) -> Any:
    """Return what `act` does, having checked that NumPy's global generator stayed as it was."""
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    result = act()
    if pickle.dumps(np.random.get_state()) != before:  # noqa: NPY002
        raise BrokenPromise(
            f"{name} uses NumPy's global random state, which other code shares. Use only rng."
        )
    return result


def _same(first: Any, second: Any) -> bool:
    return fingerprint(first) == fingerprint(second)


def _check_moments(
    name: str,
    model: Model[Any],
    data: Any,
    n: int,
    statistics: Statistics | None,
    draws: int,
    spread: tuple[float, float],
    seed: int,
) -> None:
    """Compare what the model writes with what it was fitted to."""
    measure = statistics or default_statistics(data)
    if measure is None:
        return
    samples = [model.sample(n, rng=_rng(seed, 10 + i)) for i in range(draws)]
    if numbers(data) is not None:
        ratio = float(np.mean([total_variance(s) for s in samples]) / total_variance(data))
        if not spread[0] <= ratio <= spread[1]:
            raise BrokenPromise(
                f"the model of {name} writes records with {ratio:.2f} times the variance of what "
                f"it was fitted to (allowed: {spread[0]:g} to {spread[1]:g}). A model must sample "
                "from what it fitted, e.g. with the observation noise of its likelihood and not "
                "only its decoded mean."
            )
    written = np.stack([np.asarray(measure(sample), dtype=float) for sample in samples])
    expected = np.asarray(measure(data), dtype=float)
    # The data's own statistic is one more draw, hence the 1 + 1 / draws.
    error = written.std(axis=0, ddof=1) * np.sqrt(1 + 1 / draws)
    apart = np.abs(written.mean(axis=0) - expected)
    # Six errors: generous, since many numbers are compared, yet a broken sampler is far outside.
    excess = apart - 6 * error - 1e-9 * (1 + np.abs(expected))
    if np.any(excess > 0):
        worst = int(np.argmax(excess))
        raise BrokenPromise(
            f"records written by the model of {name} differ from the data it was fitted to: "
            f"statistic {worst} is {written.mean(axis=0)[worst]:.4g} on average where the data "
            f"have {expected[worst]:.4g}. A model must sample from what it fitted."
        )


class _Numbers:
    """Nature of distinguishable numbers, for policies."""

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        return rng.random((n, 1))


class _Keep:
    """Learner that is never asked to fit."""

    def fit(self, data: Any, *, rng: Generator, parent: Any = None) -> _Numbers:
        return _Numbers()
