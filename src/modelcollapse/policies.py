"""What the next corpus consists of.

A policy is any callable ``(corpus, draw) -> Corpus``; `draw` supplies original, fresh, previous
and synthetic records. The built-in ones are a line each::

    Replace(n)      draw.synthetic(n)
    Accumulate(n)   corpus + draw.synthetic(n)
    Augment(n)      draw.original() + draw.synthetic(n)
    Mix(n, ...)     draw.synthetic(a) + draw.previous(b) + draw.original(c)
    Weighted(...)   another policy's records, real ones counting for a fixed share
    Schedule(...)   regimes along time

"Accumulate, then subsample" is ``Accumulate(n)`` in a lineage with a ``budget``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelcollapse import records
from modelcollapse.corpus import Block, Corpus
from modelcollapse.errors import InputError, is_whole
from modelcollapse.protocols import Policy

if TYPE_CHECKING:
    from modelcollapse.draw import Draw


def _check_size(name: str, n: int) -> None:
    if not is_whole(n):
        raise InputError(
            f"{name} got n = {n!r}, but it counts records. Give a whole number, e.g. {name}(100)."
        )
    if n < 1:
        raise InputError(
            f"{name} writes n = {n} records per generation, but a model needs records to be "
            "fitted to. Choose n of at least 1."
        )


@dataclass(frozen=True)
class Replace:
    """Train on what the last model wrote, and on nothing else.

    Also called the fully synthetic loop, self-consuming or autophagous.

    Parameters
    ----------
    n : int
        Records written per generation.
    """

    n: int

    def __post_init__(self) -> None:
        _check_size("Replace", self.n)

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        return draw.synthetic(self.n)


@dataclass(frozen=True)
class Accumulate:
    """Keep everything written so far, real data included, and add to it.

    A growing pool, not a blend of fixed size: for that give the lineage a `budget`.

    Parameters
    ----------
    n : int
        Records written per generation.
    """

    n: int

    def __post_init__(self) -> None:
        _check_size("Accumulate", self.n)

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        return corpus + draw.synthetic(self.n)


@dataclass(frozen=True)
class Augment:
    """Train on all of the original data and what the last model wrote.

    Also called the synthetic augmentation loop.

    Parameters
    ----------
    n : int
        Records written per generation.
    """

    n: int

    def __post_init__(self) -> None:
        _check_size("Augment", self.n)

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        return draw.original() + draw.synthetic(self.n)


@dataclass(frozen=True)
class Mix:
    """Blend of fixed size and fixed shares: synthetic, previous and real records.

    Parameters
    ----------
    n : int
        Records in the blend.
    alpha : float, optional
        Share that the last model writes; what the other shares leave when not given.
    beta : float, default 0
        Share taken from the data of the previous generation, without replacement.
    gamma : float, optional
        Share of original data (generation 0's), 0 when not given.
    real : float, optional
        Another name for `gamma`.
    fresh : bool, default False
        Take real records that no generation has seen, instead of original ones.
    fixed : bool, default False
        Take the same original records in every generation, instead of choosing anew each time.

    Notes
    -----
    Shares are of records and are met exactly, up to rounding to whole records; the remainder is
    written by the model. [shumailov2024] blends laws instead (each record chooses its source by
    chance), which differs at second order in 1/n.
    """

    n: int
    alpha: float | None = None
    beta: float = 0.0
    gamma: float | None = None
    real: float | None = None
    fresh: bool = False
    fixed: bool = False

    def __post_init__(self) -> None:
        _check_size("Mix", self.n)
        if self.real is not None and self.gamma is not None:
            raise InputError(
                f"Mix got real={self.real} and gamma={self.gamma}, which are two names for one "
                "share. Give one of them."
            )
        if self.fresh and self.fixed:
            raise InputError(
                "Mix got fresh=True and fixed=True, but records cannot be both new and the same "
                "in every generation. Give one of them."
            )
        named = dict(zip(("alpha", "beta", "gamma"), self.shares, strict=True))
        named = {"beta": named["beta"], "gamma": named["gamma"], "alpha": named["alpha"]}
        if self.real is not None:
            named["real"] = named.pop("gamma")
            named["alpha"] = named.pop("alpha")
        for name, share in named.items():
            if not -1e-9 <= share <= 1.0 + 1e-9:
                raise InputError(
                    f"Mix got {name} = {share:g}, but a share lies between 0 and 1 and alpha, beta "
                    "and gamma sum to 1. Change the shares so that they do."
                )
        if not math.isclose(sum(self.shares), 1.0, abs_tol=1e-9):
            raise InputError(
                "the shares of Mix sum to "
                f"{sum(self.shares):g} (alpha {self.shares[0]:g}, beta {self.shares[1]:g}, "
                f"gamma {self.shares[2]:g}), but every record has one source. Make them sum to 1, "
                "or leave alpha out."
            )

    @property
    def shares(self) -> tuple[float, float, float]:
        """Alpha, beta and gamma in effect."""
        given = self.real if self.real is not None else self.gamma
        gamma = 0.0 if given is None else given
        alpha = 1.0 - self.beta - gamma if self.alpha is None else self.alpha
        return alpha, self.beta, gamma

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        _, beta, gamma = self.shares
        kept, real = round(beta * self.n), round(gamma * self.n)
        blend = Corpus()
        if real:
            blend += draw.fresh(real) if self.fresh else draw.original(real, fixed=self.fixed)
        if kept:
            blend += draw.previous(kept)
        if real + kept < self.n:
            blend += draw.synthetic(self.n - real - kept)
        return blend


@dataclass(frozen=True)
class Weighted:
    """Let real and synthetic records count for fixed shares in the fit, however many there are.

    Parameters
    ----------
    policy : Policy
        What the corpus consists of.
    real : float
        Share of the total weight that falls to the records of nature, above 0 and below 1.

    Notes
    -----
    Needs records that carry weights: labelled ones. The weight of a fit is its own question:
    with as many fresh real as synthetic records, weighing all alike is not the best, but the
    golden ratio 0.618 for the real ones [he2025].

    Examples
    --------
    >>> policy = Weighted(Mix(200, real=0.5, fresh=True), real=0.618)
    """

    policy: Policy
    real: float

    def __post_init__(self) -> None:
        if not callable(self.policy) or isinstance(self.policy, type):
            raise InputError(
                f"Weighted got the policy {self.policy!r}, which cannot be called. Give one that "
                "mixes real and synthetic records, such as Mix(200, real=0.5, fresh=True)."
            )
        if not 0 < self.real < 1:
            raise InputError(
                f"Weighted got real = {self.real!r}, but the share of real records in the weight "
                "lies between 0 and 1, both excluded. To leave one kind out, use Replace or "
                "Mix(real=1)."
            )

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        formed = self.policy(corpus, draw)
        total = formed.size
        real = sum(block.size for block in formed.blocks if block.origin is None)
        if real in (0, total):
            missing = "real" if real == 0 else "synthetic"
            raise InputError(
                f"Weighted gives real records {self.real:g} of the weight, but the corpus of "
                f"generation {draw.generation} holds no {missing} ones. Let its policy mix both."
            )
        shares = {True: self.real * total / real, False: (1 - self.real) * total / (total - real)}
        return Corpus(
            Block(records.weigh(block.data, shares[block.origin is None]), block.origin)
            for block in formed.blocks
        )


@dataclass(frozen=True)
class Schedule:
    """Regimes along time: one policy for some generations, then another.

    Parameters
    ----------
    regimes : sequence of (policy, int or None)
        Each policy and for how many generations it forms the corpus; None stands for "from here
        on" and may only come last. When the last regime has a number, it goes on after it.

    Examples
    --------
    Ten generations without real data, then a fifth of it:

    >>> Schedule([(Replace(100), 10), (Mix(100, real=0.2), None)]).at(11)
    Mix(n=100, alpha=None, beta=0.0, gamma=None, real=0.2, fresh=False, fixed=False)
    """

    regimes: Sequence[tuple[Policy, int | None]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "regimes", tuple((p, d) for p, d in self.regimes))
        if not self.regimes:
            raise InputError("Schedule got no regimes. Give at least one (policy, generations).")
        for policy, duration in self.regimes[:-1]:
            if duration is None:
                raise InputError(
                    f"Schedule says that {policy} lasts for ever, so the regimes after it would "
                    "never begin. Give it a number of generations."
                )
        for policy, duration in self.regimes:
            if duration is not None and duration < 1:
                raise InputError(
                    f"Schedule gives {policy} {duration} generations. Give at least 1, or leave "
                    "the regime out."
                )

    def at(self, generation: int) -> Policy:
        """Policy that forms the corpus of this generation, counted from 1."""
        ends = 0
        for policy, duration in self.regimes:
            ends += duration or 0
            if duration is None or generation <= ends:
                return policy
        return self.regimes[-1][0]

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        return self.at(draw.generation)(corpus, draw)
