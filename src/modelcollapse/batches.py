"""Records by column, as what reads files and what scores records both know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelcollapse.errors import InputError, suggestion

Batch = Mapping[str, Sequence[Any]]
"""Some records by column, as they stand in a file: every column has an entry for each record."""


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
