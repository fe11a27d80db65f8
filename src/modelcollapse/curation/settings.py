"""Settings of a curation that are mappings of their own in a spec."""

from __future__ import annotations

from dataclasses import dataclass

from modelcollapse.errors import InputError

PREFIX = "mc_"
"""With which the names of our own columns begin."""
RARITY = "rarity"
"""Groups of texts by how rare their words are, which a guard may name like a column."""


@dataclass(frozen=True)
class Columns:
    """Which columns of the records hold what.

    Parameters
    ----------
    text : str, default "text"
        What the model wrote.
    prompt : str, optional
        What it was asked; records of one prompt compete where a rule chooses per prompt.
    reference : str, optional
        What it should have written.
    groups : sequence of str, default none
        Columns of subgroups whose shares are watched.
    """

    text: str = "text"
    prompt: str | None = None
    reference: str | None = None
    groups: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Columns that the synthetic records must have."""
        single = (self.text, self.prompt, self.reference)
        return tuple(dict.fromkeys(name for name in (*single, *self.groups) if name is not None))


@dataclass(frozen=True)
class Audit:
    """File of records that somebody labelled as right or wrong.

    Parameters
    ----------
    file : str
        CSV, JSON Lines or Parquet.
    label : str, default "label"
        Its column of labels; rows without one are not labelled yet.
    id : str, default "mc_id"
        Column that tells which record a row is about: our own identity, which
        ``modelcollapse design`` writes, or a column that the records have too.
    confidence : float, default 0.95
        Of the intervals.
    """

    file: str
    label: str = "label"
    id: str = "mc_id"
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InputError(
                f"confidence is {self.confidence:g}, but it is a share. Use e.g. 0.95."
            )
