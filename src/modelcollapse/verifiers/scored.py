"""What verifiers read and what they return."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.batches import Batch, column, length
from modelcollapse.errors import InputError

__all__ = ["Batch", "Scored", "column", "length"]


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
    passing : collection of int, default empty
        Which of the failures may not come again, such as a timeout: `verify` tries them again
        when it runs the next time.

    Raises
    ------
    InputError
        If a score is missing without a reason or infinite, lengths differ, or what may pass is
        no failure.
    """

    scores: NDArray[np.float64]
    failures: Mapping[int, str] = field(default_factory=dict)
    details: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    passing: Collection[int] = frozenset()

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
        if strange := set(self.passing) - missing:
            raise InputError(
                f"record {min(strange)} of a batch has a score, so that it is no failure that may "
                "pass. Name failures only."
            )
        if np.isinf(scores).any():
            raise InputError(
                f"{int(np.isinf(scores).sum())} scores are infinite. Give finite ones, or NaN with "
                "a reason."
            )
        for name, entries in self.details.items():
            if len(entries) != scores.size:
                raise InputError(
                    f"the column '{name}' beside the scores has {len(entries)} entries for "
                    f"{scores.size} records."
                )
