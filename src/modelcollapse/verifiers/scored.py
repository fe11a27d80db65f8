"""What verifiers read and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion

Batch = Mapping[str, Sequence[Any]]
"""Some records by column, as they stand in a file: every column has an entry for each record."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of some records.

    Parameters
    ----------
    scores : ndarray, shape (records,)
        The higher, the further a record can be trusted; NaN where there is no score.
    failures : mapping of int to str, default empty
        Why there is no score: a sentence for every position at which `scores` is NaN, and for no
        other.
    details : mapping of str to sequence, default empty
        Further columns to write beside the scores, with an entry for each record.

    Raises
    ------
    InputError
        If a score is missing without a reason or infinite, or lengths differ.
    """

    scores: NDArray[np.float64]
    failures: Mapping[int, str] = field(default_factory=dict)
    details: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scores = np.asarray(self.scores, dtype=np.float64)
        object.__setattr__(self, "scores", scores)
        if scores.ndim != 1:
            raise InputError(
                f"scores have the shape {scores.shape}. A verifier gives one number per record."
            )
        missing = set(np.flatnonzero(np.isnan(scores)).tolist())
        if missing != set(self.failures):
            at = min(missing ^ set(self.failures))
            raise InputError(
                f"record {at} of a batch has "
                + ("no score and no reason" if at in missing else "a score and a reason for none")
                + ". A verifier says why a record has no score, and of no other."
            )
        if np.isinf(scores).any():
            raise InputError(
                f"{int(np.isinf(scores).sum())} scores are infinite. Give finite ones, or NaN with "
                "a reason."
            )
        for name, column in self.details.items():
            if len(column) != scores.size:
                raise InputError(
                    f"the column '{name}' beside the scores has {len(column)} entries for "
                    f"{scores.size} records."
                )


def column(batch: Batch, name: str, verifier: str) -> Sequence[Any]:
    """Column of a batch that a verifier needs.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in batch:
        raise InputError(
            f"{verifier} reads the column '{name}', which the records do not have. "
            f"{suggestion(name, batch)}"
        )
    return batch[name]


def length(batch: Batch) -> int:
    """Count the records of a batch."""
    return len(next(iter(batch.values()), ()))
