"""The best choice under quotas of groups that overlap: an integer program, solved exactly.

Records of one combination of groups differ in their values only, so whichever number of them is
chosen, they are the highest. The program is solved for blocks of records with close values first;
then the blocks are split in which some records would be worth taking and others not, until none
is left. What remains is the optimum of the program with shares of records allowed. For two columns
its corners are whole (a network flow); for more, the few records near the cut are settled by
branch and bound, and the bound proves that no other record matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.selection.pile import Codes, Floats

Indices = NDArray[np.intp]

_PARTS = 4  # that a block is split into
_NEAR = 200  # records near the cut that branch and bound begins with
_EQUAL = 1e-9  # difference of values, in units of their range, that is rounding


@dataclass(frozen=True, eq=False)
class _Program:
    """Values, the highest first within each combination, and what combinations count for."""

    value: Floats  # (records,)
    cell: Codes  # (records,): combination of groups
    rows: Floats  # (quotas, cells): whether a combination counts for a quota
    needed: Floats  # (quotas,)
    n: int


def best_under_quotas(
    value: Floats, codes: Sequence[Codes], least: Sequence[Codes], n: int
) -> NDArray[np.bool_]:
    """Choose `n` records of the highest total value such that every group keeps its quota.

    Parameters
    ----------
    value : ndarray, shape (records,)
        What is added up.
    codes : sequence of ndarray of int, shape (records,)
        By column, the group of each record.
    least : sequence of ndarray of int, shape (groups,)
        By column, records that each group keeps at least.
    n : int
        Records to keep, no more than there are.

    Returns
    -------
    ndarray of bool, shape (records,)
        The records kept. Among equal values of one combination of groups, those that come first.

    Raises
    ------
    InputError
        If the quotas cannot be met together.

    Notes
    -----
    Wolsey (1998), "Integer Programming", reduced-cost fixing; solved by HiGHS through SciPy.

    Examples
    --------
    >>> value, one, other = np.array([3.0, 2.0, 1.0]), np.array([0, 1, 1]), np.array([0, 0, 1])
    >>> best_under_quotas(value, [one, other], [np.array([0, 1]), np.array([0, 1])], 2).tolist()
    [True, False, True]
    """
    stacked = np.stack([np.asarray(code, dtype=np.int64) for code in codes])
    combinations, cell = np.unique(stacked, axis=1, return_inverse=True)
    cell = np.ravel(cell)
    line = np.lexsort((np.arange(value.size), -value, cell))
    spread = float(np.ptp(value)) or 1.0
    rows = [
        combinations[column] == group
        for column, quota in enumerate(least)
        for group in np.flatnonzero(quota)
    ]
    needed = np.concatenate([quota[quota > 0] for quota in least]).astype(np.float64)
    program = _Program(
        (value[line] - value.min()) / spread,
        cell[line],
        np.asarray(rows, dtype=np.float64).reshape(needed.size, combinations.shape[1]),
        needed,
        n,
    )
    kept = np.zeros(value.size, dtype=np.bool_)
    kept[line] = _solve(program)
    return kept


def _solve(program: _Program) -> NDArray[np.bool_]:
    starts = np.flatnonzero(np.append(True, program.cell[1:] != program.cell[:-1]))
    while True:
        sizes = np.diff(np.append(starts, program.value.size))
        taken, gain, best = _relaxed(program, starts, sizes)
        # a block in which some records are worth their place and others are not
        torn = np.minimum.reduceat(gain, starts) < -_EQUAL
        torn &= np.maximum.reduceat(gain, starts) > _EQUAL
        if not torn.any():
            break
        starts = _split(starts, sizes, torn)
    if np.abs(taken - np.round(taken)).max() > 1e-6:
        return _settled(program, gain, best)
    place = np.arange(program.value.size) - np.repeat(starts, sizes)
    return np.asarray(place < np.repeat(np.round(taken), sizes))


def _split(starts: Indices, sizes: Indices, torn: NDArray[np.bool_]) -> Indices:
    """Starts of the blocks after the torn ones were split."""
    fractions = np.arange(1, _PARTS) / _PARTS
    inner = starts[torn, None] + np.ceil(sizes[torn, None] * fractions).astype(np.intp)
    inner = inner[inner < (starts + sizes)[torn, None]]
    return np.unique(np.concatenate([starts, inner]))


def _relaxed(program: _Program, starts: Indices, sizes: Indices) -> tuple[Floats, Floats, float]:
    """Numbers taken of each block, what each record gains over its price, and the total value."""
    from scipy.optimize import linprog

    means = np.add.reduceat(program.value, starts) / sizes
    rows = program.rows[:, program.cell[starts]]
    found: Any = linprog(
        -means,
        A_ub=-rows if rows.size else None,
        b_ub=-program.needed if rows.size else None,
        A_eq=np.ones((1, starts.size)),
        b_eq=[program.n],
        bounds=[(0.0, float(size)) for size in sizes],
        method="highs-ds",
    )
    if found.x is None:
        raise _unmet(program.n)
    price = -float(found.eqlin.marginals[0]) + (
        program.rows.T @ np.asarray(found.ineqlin.marginals) if rows.size else 0.0
    )
    return np.asarray(found.x), _gain(program, price), -float(found.fun)


def _gain(program: _Program, price: Floats | float) -> Floats:
    each = np.broadcast_to(price, program.rows.shape[1:])
    return np.asarray(program.value - each[program.cell])


def _settled(program: _Program, gain: Floats, best: float) -> NDArray[np.bool_]:
    """Whole choice: records far from the cut are fixed, the rest is branch and bound."""
    distance = np.abs(gain)
    reach = float(np.sort(distance)[min(_NEAR, distance.size) - 1])
    while True:
        near = distance <= reach + _EQUAL
        kept = _branched(program, gain > 0, near)
        if kept is not None:
            gap = best - float(program.value[kept].sum())
            if gap <= reach or near.all():
                return kept
            reach = gap
        elif near.all():
            raise _unmet(program.n)
        else:
            reach = float(np.sort(distance)[min(4 * int(near.sum()), distance.size) - 1])


def _branched(
    program: _Program, above: NDArray[np.bool_], near: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Best whole choice among the records near the cut; None where there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    fixed = above & ~near
    got = np.bincount(program.cell[fixed], minlength=program.rows.shape[1])
    needed, left = program.needed - program.rows @ got, program.n - int(fixed.sum())
    free = np.flatnonzero(near)
    rows = np.concatenate([np.ones((1, free.size)), program.rows[:, program.cell[free]]])
    found: Any = milp(
        -program.value[free],
        integrality=np.ones(free.size, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, [left, *needed], [left, *np.full(needed.size, np.inf)]),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    fixed[free] = found.x > 0.5
    return fixed


def _unmet(n: int) -> InputError:
    return InputError(
        f"the quotas of the groups cannot all be met with {n} records: too few records belong to "
        "several groups that need them. Lower least=, or keep more records."
    )
