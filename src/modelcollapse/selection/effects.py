"""What a choice did to tails, diversity and subgroups, beside a random choice of the same size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics.rarefaction import rarefied_richness
from modelcollapse.selection.chance import unscored
from modelcollapse.selection.drawing import effective_size
from modelcollapse.selection.group_effects import GroupEffect, group_effects
from modelcollapse.selection.groups import named
from modelcollapse.selection.label_effects import wrong_among
from modelcollapse.selection.pile import Choice, Codes, Floats, Pile
from modelcollapse.selection.word_effects import Reading, word_readings

_DRAWS = 20


@dataclass(frozen=True)
class Effect:
    """One measure of what is kept, beside all candidates and a random choice.

    Parameters
    ----------
    measure : str
        What is measured.
    candidates : float
        Its value for all candidates.
    kept : float
        Its value for what is kept.
    random : float
        Expected value for as many records drawn at random.
    sd : float
        Standard deviation of the random choice.
    """

    measure: str
    candidates: float
    kept: float
    random: float
    sd: float

    @property
    def z(self) -> float:
        """Standard deviations of the random choice by which the kept value differs from it."""
        return (self.kept - self.random) / self.sd if self.sd > 0 else float("nan")


@dataclass(frozen=True)
class Effects:
    """What a choice did.

    Parameters
    ----------
    number : int
        Records kept, repeats included.
    effective_size : float
        Equally weighted different records that they are worth.
    effects : sequence of Effect
        Rows of the table, in order.
    groups : sequence of GroupEffect
        Share of each subgroup.
    lost : mapping of str to sequence of str
        By column, subgroups of the candidates of which nothing is kept.
    draws : int
        Random choices that standard deviations come from, where they are not exact.
    """

    number: int
    effective_size: float
    effects: Sequence[Effect]
    groups: Sequence[GroupEffect]
    lost: Mapping[str, Sequence[str]] = field(default_factory=dict)
    draws: int = _DRAWS

    def __getitem__(self, measure: str) -> Effect:
        for effect in self.effects:
            if effect.measure == measure:
                return effect
        raise KeyError(measure)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "number": self.number,
            "effective_size": self.effective_size,
            "effects": [{**asdict(effect), "z": effect.z} for effect in self.effects],
            "groups": [{**asdict(group), "z": group.z} for group in self.groups],
            "lost": {column: list(names) for column, names in self.lost.items()},
            "draws": self.draws,
        }

    def __str__(self) -> str:
        heads = ("measure", "candidates", "kept", "random", "sd", "z")
        rows = [heads] + [
            (
                effect.measure,
                *map(_short, (effect.candidates, effect.kept, effect.random, effect.sd)),
                "" if np.isnan(effect.z) else f"{effect.z:+.1f}",
            )
            for effect in self.effects
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [f"{self.number} records kept, worth {self.effective_size:.1f}"]
        lines += [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows
        ]
        lines += [f"lost of '{column}': {named(names)}" for column, names in self.lost.items()]
        return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def effects(
    pile: Pile,
    choice: Choice,
    *,
    rng: Generator,
    texts: Iterable[str | None] | None = None,
    reference: Iterable[str | None] | None = None,
    labels: ArrayLike | None = None,
    label_weights: ArrayLike | None = None,
    label_clusters: ArrayLike | None = None,
    draws: int = _DRAWS,
    tail: float = 0.1,
    groups: Sequence[str] | None = None,
) -> Effects:
    """Measure what a choice did, and what a random choice of the same size would have done.

    Parameters
    ----------
    pile : Pile
        The candidates; where it has a reference, groups are compared with real records too.
    choice : Choice
        What is kept of them.
    rng : Generator
        Draws the random choices.
    texts : iterable of str, optional
        Text of each candidate, in order; gone through once.
    reference : iterable of str, optional
        Real texts; gone through once.
    labels : array_like, shape (records,), optional
        1 for a correct record, 0 for a wrong one, NaN where it is not known.
    label_weights : array_like, shape (records,), optional
        Of how many records each labelled one is one, where kept and dropped records were labelled
        in another proportion; all alike by default.
    label_clusters : array_like, shape (records,), optional
        Code of what labelled records share, such as their prompt, where that makes them alike.
    draws : int, default 20
        Random choices, at least 2.
    tail : float, default 0.1
        Share of the words of real texts that is called the tail.
    groups : sequence of str, optional
        Columns whose groups are looked at; all of the pile by default.

    Returns
    -------
    Effects
        Rows, see the notes.

    Raises
    ------
    InputError
        If numbers of texts, labels and records differ, or `draws` is below 2.

    Notes
    -----
    Candidates are the records with any score. The random choice takes as many records as are
    kept, repeats included, without replacement; where there are fewer, all of them as evenly as
    can be. Rows:

    ``mean_score.<verifier>``, ``wrong``
        Weighted mean score, share of wrong records. Mean and standard deviation of the random
        choice are exact (sampling from a finite population; with weights, these are dealt at
        random). Where some records are labelled, the deviation of ``wrong`` is that of the
        difference from all under labels dealt to them at random, with their weights, times the
        root of the design effect of their clusters.
    ``prompts``, ``lost.<column>``
        Prompts that are answered, groups of which nothing is kept. Mean exact (hypergeometric).
    ``words_per_record``
        Texts that are kept may be shorter.
    ``types``, ``types.<band>``
        Different words, in all and by how often they stand in the real texts (in the candidates,
        without any). Mean exact: a word is there if one of the texts that hold it is drawn.
    ``types_at_equal_length``, ``tail_covered``
        Different words among as many words for all choices (rarefied), and the share of the words
        of the real tail that are among them: the tail is chosen on the even real texts and its
        words are those of the odd ones.
    ``entropy``, ``distinct_2``
        In nats; share of different pairs of words.

    Standard deviations, and the means not called exact, are those of the draws. Words are in
    lower case, with punctuation marks; each copy of a record counts. Memory: a byte for each
    record and draw, eight for each different word and draw; texts are not held.
    """
    if not is_whole(draws) or draws < 2:
        raise InputError(
            f"draws = {draws!r} random choices have no standard deviation. Use at least 2, better "
            "20."
        )
    if choice.copies.shape != (pile.size,):
        raise InputError(
            f"the choice is about {choice.copies.size} records, and there are {pile.size}."
        )
    if choice.kept == 0:
        raise InputError("nothing is kept, so there is nothing to measure. Loosen the rule.")
    there = ~unscored(pile) | (choice.copies > 0)
    each = np.ones(pile.size) if choice.weights is None else choice.weights
    weights: Floats = choice.copies * each
    spread = random_spread(np.repeat(each, choice.copies), int(there.sum()))
    random = random_choices(there, choice.kept, draws, rng)
    rows: list[Effect] = []
    for name, score in pile.scores.items():
        rows += _mean(f"mean_score.{name}", score, there, weights, spread)
    if labels is not None:
        known = np.asarray(labels, dtype=np.float64)
        if known.shape != (pile.size,):
            raise InputError(
                f"labels have the shape {known.shape} for {pile.size} records. Give one for each, "
                "NaN where it is not known."
            )
        if label_weights is None and label_clusters is None:
            rows += _mean("wrong", 1 - known, there, weights, spread)
        elif (there & ~np.isnan(known)).any():
            known = np.where(there, known, np.nan)
            share, chosen, sd = wrong_among(known, weights, label_weights, label_clusters)
            rows.append(Effect("wrong", share, chosen, share, sd))
    if pile.prompts is not None:
        rows.append(_covered("prompts", pile.prompts, there, choice.copies, random))
    columns = list(pile.groups) if groups is None else groups
    found, lost, lost_rows = group_effects(
        pile, columns, there, choice.copies, weights, spread, random
    )
    rows += [Effect(*row) for row in lost_rows]
    if texts is not None:
        kind = random.dtype if choice.copies.max() <= np.iinfo(random.dtype).max else np.int64
        kept = np.stack([there, choice.copies], axis=1).astype(kind)
        readings = word_readings(texts, np.concatenate([kept, random], axis=1), reference, tail)
        rows += [_read(reading) for reading in readings]
    return Effects(choice.kept, effective_size(weights), rows, found, lost, int(draws))


def random_choices(
    there: NDArray[np.bool_], n: int, draws: int, rng: Generator
) -> NDArray[np.integer[Any]]:
    """Copies of each record in random choices of `n`, shape ``(records, draws)``."""
    positions = np.flatnonzero(there)
    whole, rest = divmod(n, positions.size)
    kind = np.uint8 if whole < 255 else np.int64
    copies = np.zeros((there.size, draws), dtype=kind)
    copies[positions] = whole
    for draw in range(draws):
        copies[rng.choice(positions, rest, replace=False, shuffle=False), draw] += 1
    return copies


def random_spread(items: Floats, candidates: int) -> float:
    """Variance of a mean over records drawn at random, in units of the variance of one record.

    Parameters
    ----------
    items : ndarray, shape (kept,)
        Weight of each item kept.
    candidates : int
        Records to draw from.

    Returns
    -------
    float
        To be multiplied with the variance of the candidates (with divisor candidates - 1).

    Notes
    -----
    Textbook: with weights w that sum to 1, dealt to records drawn without replacement, the
    variance is ``S**2 (sum(w**2) - 1 / N)``.

    Examples
    --------
    >>> random_spread(np.ones(4), 4)
    0.0
    """
    share = items / items.sum()
    return max(0.0, float(np.sum(share * share)) - 1 / candidates)


def _mean(
    measure: str, values: Floats, there: NDArray[np.bool_], weights: Floats, spread: float
) -> Iterator[Effect]:
    """Mean of the values that are known."""
    known = there & ~np.isnan(values)
    if not known.any():
        return
    everything = values[known]
    kept = weights[known]
    mean = float(np.average(everything, weights=kept)) if kept.sum() > 0 else float("nan")
    # Where only some values are known, fewer of the items count.
    share = known.sum() / there.sum()
    sd = np.sqrt(np.var(everything, ddof=1) * spread / share) if everything.size > 1 else np.nan
    yield Effect(measure, float(everything.mean()), mean, float(everything.mean()), float(sd))


def _covered(
    measure: str,
    codes: Codes,
    there: NDArray[np.bool_],
    copies: Codes,
    random: NDArray[np.integer[Any]],
) -> Effect:
    """Different codes among what is kept."""
    _, dense = np.unique(codes[there], return_inverse=True)
    counts = np.bincount(dense)
    number = int(copies.sum())
    kept = np.unique(dense[copies[there] > 0]).size
    drawn = [np.unique(dense[one > 0]).size for one in random[there].T]
    expected = float(rarefied_richness(counts, min(number, int(there.sum()))))
    return Effect(measure, float(counts.size), float(kept), expected, float(np.std(drawn, ddof=1)))


def _read(reading: Reading) -> Effect:
    """Row of a measure of words: values of all, what is kept, and the random choices."""
    everything, kept, *drawn = np.asarray(reading.values, dtype=np.float64).tolist()
    mean = float(np.mean(drawn)) if reading.expected is None else reading.expected
    return Effect(reading.measure, everything, kept, mean, float(np.std(drawn, ddof=1)))
