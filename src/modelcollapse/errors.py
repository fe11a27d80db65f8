"""What can go wrong, under one root.

Every message has three parts: what is wrong with *the caller's* value, why it is a rule, and
what to do. The command line prints the message and exits with code 2; nobody sees a traceback
for bad input.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any


class ModelCollapseError(Exception):
    """Root of every error this package raises on purpose."""


class InputError(ModelCollapseError, ValueError):
    """A value from the caller breaks a rule."""


class SpecError(InputError):
    """A spec file does not describe a lineage."""


class Incompatible(InputError):
    """Two parts of a lineage cannot work together."""


class Exhausted(InputError):
    """A finite source of real data has no unseen records left."""


class NoTheorem(ModelCollapseError):
    """No theorem covers the lineage; the message names the condition that fails."""


class StoreError(ModelCollapseError):
    """A stored run is damaged, unwritable, or belongs to another run."""


class Missing(ModelCollapseError, ImportError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package '{package}', which is not installed. "
            f"Install it with: pip install {package} (the extra '{extra}' holds it)."
        )
        self._given = (feature, package, extra)

    def __reduce__(self) -> tuple[type[Missing], tuple[str, str, str]]:
        # Pickled as its message, it could not come back from another process.
        return (Missing, self._given)


class Degenerate(ModelCollapseError):
    """The data left no model to fit: an end of the lineage, not a mistake of the caller.

    The loop turns it into a `Status` of the generation and stops that lineage.
    """


class Diverged(Degenerate):
    """A training failed, whatever its data: an end of the lineage that says nothing of collapse."""

    OPENING = "the training failed: "
    """How the message begins; by it an ending is known for what it is."""

    def __str__(self) -> str:
        """Message with its opening."""
        return self.OPENING + super().__str__()


def is_whole(value: Any) -> bool:
    """Whether a value can count something: a whole number of any kind, but not True or False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Sentence that helps after a misspelt name.

    Parameters
    ----------
    name : str
        What the caller wrote.
    choices : iterable of str
        What would have been understood.

    Returns
    -------
    str
        ``"Did you mean 'replace'?"`` where one choice is close, else the list of choices.
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "Choose one of: " + ", ".join(known) + "."
