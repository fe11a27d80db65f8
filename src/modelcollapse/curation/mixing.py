"""Mixing kept records with real and earlier ones, by policy and to an exact budget."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Counts = NDArray[np.int64]
SOURCES = ("real", "previous", "synthetic")


@dataclass(frozen=True)
class Budget:
    """Most that the next training set may hold: rows, or tokens.

    Parameters
    ----------
    rows : int, optional
        Records.
    tokens : int, optional
        Tokens of the texts; the last record that fits is the last that is taken.
    tokenizer : str, optional
        A ``tokenizer.json`` that says what a token is; words between spaces when not given.
    """

    rows: int | None = None
    tokens: int | None = None
    tokenizer: str | None = None

    def __post_init__(self) -> None:
        if (self.rows is None) == (self.tokens is None):
            raise InputError("a budget is of rows or of tokens. Give one of them.")
        for name in ("rows", "tokens"):
            amount = getattr(self, name)
            if amount is not None and amount < 1:
                raise InputError(f"a budget of {amount} {name} holds nothing. Give at least 1.")
        if self.tokenizer is not None and self.tokens is None:
            raise InputError("a tokenizer is of use to a budget of tokens only. Leave it out.")


@dataclass(frozen=True)
class Mixing:
    """What the next training set consists of besides the kept records.

    Parameters
    ----------
    policy : {"replace", "accumulate", "augment", "mix"}, default "replace"
        Kept records alone; with all real and all earlier synthetic ones; with all real ones; with
        a fixed share of real ones.
    real : float, optional
        Share of real records, of rows, or of tokens under a budget of tokens; with "mix" only.
    previous : sequence of str, default none
        Files of earlier synthetic records, oldest first; with "accumulate" only.
    budget : Budget or int, optional
        Most that it may hold: rows, or a mapping. A random part of what the policy asks for is
        taken, without replacement.
    """

    policy: Literal["replace", "accumulate", "augment", "mix"] = "replace"
    real: float | None = None
    previous: tuple[str, ...] = ()
    budget: Budget | int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.budget, int):
            object.__setattr__(self, "budget", Budget(rows=self.budget))
        if (self.real is not None) != (self.policy == "mix"):
            raise InputError(
                "the policy mix needs a share of real records: write e.g. real: 0.2."
                if self.real is None
                else f"{self.policy} has no share of real records. Leave 'real' out, or use mix."
            )
        if self.real is not None and not 0 < self.real < 1:
            raise InputError(
                f"real is {self.real:g}, but a share of real records beside kept ones lies between "
                "0 and 1. Use e.g. 0.2; for none, use the policy replace."
            )
        if self.previous and self.policy != "accumulate":
            raise InputError(
                f"{self.policy} takes no earlier synthetic records. Leave 'previous' out, or use "
                "the policy accumulate."
            )

    @property
    def uses_real(self) -> bool:
        """Whether real records enter the training set."""
        return self.policy != "replace"

    @property
    def limit(self) -> Budget | None:
        """The budget, whichever way it was given."""
        return Budget(rows=self.budget) if isinstance(self.budget, int) else self.budget


@dataclass(frozen=True, eq=False)
class Mixed:
    """Which records enter the next training set.

    Attributes
    ----------
    taken : dict of str to ndarray of int
        How often each record of ``real``, ``previous`` and ``synthetic`` is taken.
    remainder : int
        Rows or tokens of the budget that are left; 0 without a budget.
    """

    taken: dict[str, Counts]
    remainder: int = 0

    def count(self, source: str) -> int:
        """Rows of a source in the training set."""
        return int(self.taken[source].sum())


def mix(
    mixing: Mixing,
    available: dict[str, Counts],
    *,
    tokens: dict[str, Counts] | None = None,
    rng: Callable[[str], Generator],
) -> Mixed:
    """Choose what enters the next training set.

    Parameters
    ----------
    mixing : Mixing
        Policy and budget.
    available : dict of str to ndarray of int
        For ``real``, ``previous`` and ``synthetic``: how often each record may be taken, which
        is how often it was kept.
    tokens : dict of str to ndarray of int, optional
        Tokens of each record; needed for a budget of tokens.
    rng : function of str to Generator
        Source of randomness for a purpose.

    Raises
    ------
    InputError
        If there are too few real records for their share, or nothing would be left.
    """
    asked = dict(available)
    if mixing.policy != "accumulate":
        asked["previous"] = np.zeros_like(available["previous"])
    if mixing.policy == "replace":
        asked["real"] = np.zeros_like(available["real"])
    limit = mixing.limit
    if limit is not None and limit.tokens is not None:
        if tokens is None:
            raise InputError("a budget of tokens needs the tokens of each record.")
        mixed = _within_tokens(mixing, limit.tokens, asked, tokens, rng)
    elif mixing.real is not None:
        mixed = _shares_of_rows(mixing.real, limit, asked, rng)
    else:
        mixed = _within_rows(limit, asked, rng)
    if not sum(mixed.count(source) for source in SOURCES):
        raise InputError(
            "the next training set would be empty: its budget is smaller than one record, or no "
            "record was kept. Raise the budget, or keep more."
        )
    return mixed


def _shares_of_rows(
    share: float, limit: Budget | None, asked: dict[str, Counts], rng: Callable[[str], Generator]
) -> Mixed:
    """Real records in a fixed share of the rows, exact to a whole record."""
    kept, there = int(asked["synthetic"].sum()), int(asked["real"].sum())
    total = round(kept / (1 - share))
    rows = None if limit is None else limit.rows
    if rows is not None:
        total = min(total, rows)
    real = round(share * total)
    if real > there:
        most = int(there / share)
        highest = _most_share(there, kept, rows)
        raise InputError(
            f"mix.real: a share of {share:g} of {total:,} records takes {real:,} real ones, and "
            f"there are {there:,}. Lower the share to {highest} or less, or the budget "
            f"to {most:,} rows, or provide more real records."
        )
    taken = {
        "real": _some(asked["real"], real, rng("mix real")),
        "previous": asked["previous"],
        "synthetic": _some(asked["synthetic"], min(total - real, kept), rng("mix synthetic")),
    }
    used = sum(int(part.sum()) for part in taken.values())
    return Mixed(taken, 0 if rows is None else rows - used)


def _most_share(real: int, kept: int, limit: int | None) -> str:
    """Highest share of real records that they suffice for, rounded down.

    With a lower share the training set shrinks too, unless a budget says how large it is.
    """
    total = real + kept if limit is None else min(limit, real + kept)
    share = real / total if total else 0.0
    places = 3 - (math.floor(math.log10(share)) + 1 if 0 < share < 1 else 0)
    return f"{math.floor(share * 10**places) / 10**places:g}"


def _within_rows(
    limit: Budget | None, asked: dict[str, Counts], rng: Callable[[str], Generator]
) -> Mixed:
    """All that is asked for, or a random part of it."""
    pool = np.concatenate([asked[source] for source in SOURCES])
    rows = None if limit is None else limit.rows
    there = int(pool.sum())
    if rows is None or there <= rows:
        return Mixed(asked, 0 if rows is None else rows - there)
    return Mixed(_parted(_some(pool, rows, rng("mix")), asked))


def _within_tokens(
    mixing: Mixing, limit: int, asked: dict[str, Counts], tokens: dict[str, Counts],
    rng: Callable[[str], Generator],
) -> Mixed:  # fmt: skip
    """Records in random order, up to the last one that fits."""
    if mixing.real is None:
        pool = np.concatenate([asked[source] for source in SOURCES])
        sizes = np.concatenate([tokens[source] for source in SOURCES])
        taken, used = _first(pool, sizes, limit, rng("mix"))
        return Mixed(_parted(taken, asked), limit - used)
    share = mixing.real
    there = {source: int(asked[source] @ tokens[source]) for source in SOURCES}
    total = min(limit, int(there["synthetic"] / (1 - share)))
    real = int(share * total)
    if real > there["real"]:
        raise InputError(
            f"mix.real: a share of {share:g} of {total:,} tokens takes {real:,} tokens of real "
            f"records, and they have {there['real']:,}. Lower the share to "
            f"{_most_share(there['real'], there['synthetic'], limit)} or less, or the budget, or "
            "provide more real records."
        )
    chosen, used = {"previous": asked["previous"]}, 0
    for source, part in (("real", real), ("synthetic", total - real)):
        chosen[source], spent = _first(asked[source], tokens[source], part, rng(f"mix {source}"))
        used += spent
    return Mixed(chosen, limit - used)


def _some(copies: Counts, number: int, rng: Generator) -> Counts:
    """A random part of so many copies, without replacement."""
    if number >= copies.sum():
        return copies
    units = np.repeat(np.arange(copies.size), copies)
    chosen = units[rng.choice(units.size, size=number, replace=False, shuffle=False)]
    return np.bincount(chosen, minlength=copies.size).astype(np.int64)


def _first(copies: Counts, sizes: Counts, limit: int, rng: Generator) -> tuple[Counts, int]:
    """The first copies in a random order that together fit, and their size."""
    units = rng.permutation(np.repeat(np.arange(copies.size), copies))
    reached = np.cumsum(sizes[units])
    number = int(np.searchsorted(reached, limit, side="right"))
    used = int(reached[number - 1]) if number else 0
    return np.bincount(units[:number], minlength=copies.size).astype(np.int64), used


def _parted(taken: Counts, asked: dict[str, Counts]) -> dict[str, Counts]:
    """Counts of a joined pool, source by source."""
    cuts = np.cumsum([asked[source].size for source in SOURCES])[:-1]
    return dict(zip(SOURCES, np.split(taken, cuts), strict=True))
