"""Weights that give groups the shares they have in reality, several columns at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.selection.drawing import effective_note, effective_size, weighted
from modelcollapse.selection.groups import (
    Against,
    Groups,
    check_against,
    check_columns,
    groups_of,
    lost_groups,
)
from modelcollapse.selection.order import verifier_of
from modelcollapse.selection.pile import Choice, Codes, Floats, Pile, Rule

_ROUNDS = 300
_RUNAWAY = 50.0  # logarithm of a factor beyond its bound that shows there is no solution
_HALVINGS = 60  # of an interval of factors: to the last digit
_EXACT = 1e-8


@dataclass(frozen=True, eq=False)
class Raked:
    """Weights after raking.

    Parameters
    ----------
    weights : ndarray, shape (records,)
        Sum as before.
    error : float
        Largest difference of a group's share from what was wanted.
    worst : tuple of int
        Column and group where it is found.
    rounds : int
        Passes over the columns.
    converged : bool
        Whether the error is below 1e-8.
    """

    weights: Floats
    error: float
    worst: tuple[int, int]
    rounds: int
    converged: bool


def rake(
    weights: ArrayLike, codes: Sequence[Codes], wanted: Sequence[ArrayLike], *, most: float = np.inf
) -> Raked:
    """Change weights as little as possible so that groups get given shares.

    Parameters
    ----------
    weights : array_like, shape (records,)
        Weights to begin with, not negative.
    codes : sequence of ndarray of int, shape (records,)
        By column, the group of each record.
    wanted : sequence of array_like, shape (groups,)
        By column, share of each group; shares sum to 1. Groups without any weight are left out,
        and the others share what they should have.
    most : float, default infinity
        Largest factor by which a weight may rise or fall, above 1.

    Returns
    -------
    Raked
        With the weights closest to the first ones in relative entropy, if it converged.

    Raises
    ------
    InputError
        If no record has weight, or `most` is not above 1.

    Notes
    -----
    Iterative proportional fitting (Deming and Stephan 1940; Csiszár 1975), with factors cut off
    as in the truncated exponential method of Deville and Särndal (1992): for each group in turn,
    the common factor is found by bisection at which the cut weights sum to its share. If the
    shares cannot be reached at the same time or within the bound, it does not converge, and the
    weights of the pass that came closest are returned.

    Examples
    --------
    >>> sex, region = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> raked = rake(np.ones(4), [sex, region], [[0.6, 0.4], [0.3, 0.7]])
    >>> raked.weights.round(6).tolist(), raked.converged
    ([0.72, 1.68, 0.48, 1.12], True)
    """
    start = np.asarray(weights, dtype=np.float64)
    if not start.sum() > 0:
        raise InputError("no record has any weight, so there is nothing to rake. Keep some first.")
    if not most > 1:
        raise InputError(
            f"weights may change by a factor of most = {most!r}, which must lie above 1. Use 5."
        )
    # Records of one combination of groups change by one factor.
    stacked = np.stack([np.asarray(code, dtype=np.int64) for code in codes])
    cells, cell = np.unique(stacked, axis=1, return_inverse=True)
    cell = np.ravel(cell)
    mass = np.bincount(cell, start) / start.sum()
    aims = [_reachable(mass, code, aim) for code, aim in zip(cells, wanted, strict=True)]
    logs, limit = np.zeros(mass.size), float(np.log(most))
    best, rounds = np.ones(mass.size), 0
    error, worst = _error(mass, cells, aims)
    while error > _EXACT and rounds < _ROUNDS and not np.abs(logs).max() > limit + _RUNAWAY:
        rounds += 1
        for code, aim in zip(cells, aims, strict=True):
            logs += _shift(mass, logs, code, aim, limit)[code]
        factors = np.exp(np.clip(logs, -limit, limit))
        off, where = _error(mass * factors, cells, aims)
        if off < error:
            best, error, worst = factors, off, where
    raked = start * best[cell]
    raked *= start.sum() / raked.sum()
    return Raked(raked, error, worst, rounds, error <= _EXACT)


def _reachable(mass: Floats, code: NDArray[np.int64], wanted: ArrayLike) -> Floats:
    """Shares wanted of the groups that have any mass."""
    aim = np.asarray(wanted, dtype=np.float64)
    there = np.bincount(code, mass, minlength=aim.size) > 0
    reached = np.where(there, aim, 0.0)
    if not reached.sum() > 0:
        raise InputError(
            "none of the groups that should have a share has any record left. Keep more records, "
            "or rake other columns."
        )
    return np.asarray(reached / reached.sum())


def _error(
    mass: Floats, cells: NDArray[np.int64], aims: Sequence[Floats]
) -> tuple[float, tuple[int, int]]:
    """Largest difference of a share, and the column and group where it is."""
    off = [
        np.abs(np.bincount(code, mass / mass.sum(), minlength=aim.size) - aim)
        for code, aim in zip(cells, aims, strict=True)
    ]
    column = int(np.argmax([part.max() for part in off]))
    return float(off[column].max()), (column, int(off[column].argmax()))


def _shift(
    mass: Floats, logs: Floats, code: NDArray[np.int64], aim: Floats, limit: float
) -> Floats:
    """Common change of the logarithms of each group at which its cut weights sum to its share."""
    if np.isinf(limit):
        held = np.bincount(code, mass * np.exp(logs), minlength=aim.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(held > 0, np.log(aim / held), 0.0)
    # Beyond these no weight of the group changes any more.
    low = np.full(aim.size, np.inf)
    high = np.full(aim.size, -np.inf)
    np.minimum.at(low, code, -limit - logs)
    np.maximum.at(high, code, limit - logs)
    held = np.isfinite(low)
    low, high = np.where(held, low, 0.0), np.where(held, high, 0.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        cut = mass * np.exp(np.clip(logs + middle[code], -limit, limit))
        below = np.bincount(code, cut, minlength=aim.size) < aim
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


@dataclass(frozen=True)
class Rake:
    """Weigh what another rule keeps, so that groups have the shares they should.

    Parameters
    ----------
    rule : Rule
        Any rule; its weights are where raking begins.
    groups : sequence of str
        Columns whose groups get their shares, all at once.
    against : {"reference", "candidates"}, default "reference"
        Whose shares: those of the real records, or of all candidates.
    most : float, default 5.0
        Largest factor by which a weight may rise or fall, above 1.

    Raises
    ------
    InputError
        If no column is given or a number is out of range.

    Notes
    -----
    See `rake`. Weights cannot bring back a group of which nothing was kept: such groups are named
    and the others share what they should have had. Where the shares cannot be reached within the
    bound, a note says how far off the weights remain. The price is the weighted mean score before
    and after.
    """

    rule: Rule
    groups: Sequence[str]
    against: Against = "reference"
    most: float = 5.0

    def __post_init__(self) -> None:
        check_columns("Rake", self.groups)
        check_against("Rake", self.against)
        if not self.most > 1:
            raise InputError(
                f"Rake got most = {self.most!r}. It is the largest factor by which a weight "
                "changes: give a number above 1."
            )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Let the rule choose, and weigh what it keeps.

        Raises
        ------
        InputError
            If the rule refuses, or the pile lacks the groups.
        """
        groups = [groups_of(pile, column, self.against, "Rake") for column in self.groups]
        choice = self.rule.choose(pile, n, rng=rng)
        each = (choice.copies > 0).astype(float) if choice.weights is None else choice.weights
        start = each * choice.copies
        raked = rake(start, [g.codes for g in groups], [g.wanted for g in groups], most=self.most)
        ratio = np.divide(raked.weights, start, out=np.zeros(start.size), where=start > 0)
        weights = weighted(each * ratio, choice.copies)
        notes, lost = lost_groups(groups, choice.copies)
        if not raked.converged:
            notes.insert(0, _off(raked, groups, self.most))
        size = effective_size(np.repeat(weights, choice.copies))
        notes.append(effective_note(size, choice.kept))
        figures = {
            "effective_sample_size": size,
            "share_error": raked.error,
            "rounds": float(raked.rounds),
            "largest_factor": float(ratio[start > 0].max()),
        }
        price, said = _price(pile, self.rule, start, raked.weights)
        return Choice(
            choice.copies,
            choice.reasons,
            choice.reason,
            weights,
            notes=(*choice.notes, *said, *notes),
            figures={**choice.figures, **figures, **price},
            lost=lost,
        )


def _off(raked: Raked, groups: Sequence[Groups], most: float) -> str:
    column, group = raked.worst
    return (
        f"The shares could not all be reached with weights that change by a factor of {most:g} at "
        f"most: '{groups[column].names[group]}' of '{groups[column].column}' remains "
        f"{raked.error:.3g} off."
    )


def _price(
    pile: Pile, rule: Rule, before: Floats, after: Floats
) -> tuple[dict[str, float], list[str]]:
    """What raking costs in mean score, where one verifier is what the rule chooses by."""
    name = verifier_of(rule)
    if name is None and len(pile.scores) != 1:
        return {}, []
    score = pile.by(name, "Rake")
    known = ~np.isnan(score) & (before > 0)
    old = float(np.average(score[known], weights=before[known]))
    new = float(np.average(score[known], weights=after[known]))
    return {"raked_mean_score": new, "raking_price": old - new}, [
        f"Raking costs {old - new:.4g} in mean score ({old:.4g} without it)."
    ]
