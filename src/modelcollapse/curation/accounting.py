"""Every record ends in exactly one state, and the sum is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import StoreError

STATES = {
    "kept": "in the next training set",
    "dropped": "left out by the rule",
    "no score": "left out, since no verifier could say",
    "duplicate": "left out, since another record says nearly the same",
    "out of budget": "kept by the rule, but no room in the mix",
    "set aside": "not readable as a record",
}
"""States of a candidate, and what they mean."""

KEPT, DROPPED, NO_SCORE, DUPLICATE, OUT_OF_BUDGET = range(5)


@dataclass(frozen=True, eq=False)
class Fate:
    """What became of every candidate.

    Attributes
    ----------
    state : ndarray of int8, shape (records,)
        Position in `STATES`.
    reason : ndarray of int32, shape (records,)
        Position in `reasons`; -1 for records that were kept.
    reasons : list of str
        Sentences.
    copies : ndarray of int, shape (records,)
        How often the next training set holds each record.
    weights : ndarray, shape (records,), optional
        How much a copy counts; all alike when None.
    """

    state: NDArray[np.int8]
    reason: NDArray[np.int32]
    reasons: list[str]
    copies: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None

    def by_reason(self) -> dict[str, dict[str, int]]:
        """Number of records in each state that occurs, by reason."""
        found: dict[str, dict[str, int]] = {}
        for code, name in enumerate(list(STATES)[:-1]):
            there = self.reason[self.state == code]
            if there.size:
                codes, counts = np.unique(there, return_counts=True)
                found[name] = {
                    "" if c < 0 else self.reasons[c]: int(n)
                    for c, n in zip(codes.tolist(), counts.tolist(), strict=True)
                }
        return found


def balance(
    read: int, states: Mapping[str, Mapping[str, int]], written: Mapping[str, int]
) -> dict[str, int]:
    """Records by state, after a check that none is missing.

    Parameters
    ----------
    read : int
        Candidates that were read, those that are set aside included.
    states : mapping of str to mapping
        Candidates by state and reason.
    written : mapping of str to int
        Candidates that were seen to be written, by state.

    Raises
    ------
    StoreError
        If the numbers disagree: nothing is published then.
    """
    counts = {state: sum(states.get(state, {}).values()) for state in STATES}
    if sum(counts.values()) != read:
        raise StoreError(
            f"{read:,} candidates were read, but {sum(counts.values()):,} are accounted for "
            f"({_listed(counts)}). Nothing was published. Did a file change meanwhile? Run the "
            "same command again."
        )
    for state, count in counts.items():
        if written.get(state, 0) != count:
            raise StoreError(
                f"{count:,} candidates are '{state}', but {written.get(state, 0):,} were written "
                "as such. Nothing was published. Did a file change meanwhile? Run the same "
                "command again."
            )
    return counts


def _listed(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())
