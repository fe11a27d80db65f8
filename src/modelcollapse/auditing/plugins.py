"""Measures of other packages, found by entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from numpy.random import Generator

from modelcollapse.auditing.catalogue import MEASURES, Concern, Tolerance
from modelcollapse.auditing.reading import Reading
from modelcollapse.errors import InputError, suggestion
from modelcollapse.metrics.signal import Signal
from modelcollapse.profiles import Profile

GROUP = "modelcollapse.measure"


@runtime_checkable
class AuditMeasure(Protocol):
    """A measure of one's own, which an audit reads beside the built-in ones.

    A package offers one through the entry point group ``modelcollapse.measure``. What it compares
    must be at one size, and its error honest: a `Signal` says both.

    Attributes
    ----------
    title : str
        Name in a report.
    concern : str
        One of the values of `modelcollapse.auditing.catalogue.Concern`.
    tolerance : float
        Relative change that does not matter.
    headline : bool
        Whether the verdict counts it.
    """

    title: str
    concern: str
    tolerance: float
    headline: bool

    def __call__(self, new: Profile, reference: Profile, *, rng: Generator) -> Signal | None:
        """Read two data sets; None where the measure does not apply to them."""


@cache
def plugins() -> dict[str, AuditMeasure]:
    """Measures that other packages offer, by name.

    Raises
    ------
    InputError
        If one is no measure, has the name of a built-in one or an unknown concern.
    """
    found: dict[str, AuditMeasure] = {}
    for entry in entry_points(group=GROUP):
        loaded: Any = entry.load()
        measure = loaded() if isinstance(loaded, type) else loaded
        found[entry.name] = checked(entry.name, measure)
    return found


def checked(name: str, measure: Any) -> AuditMeasure:
    """A measure, or a clear sentence on what it lacks.

    Parameters
    ----------
    name : str
        Of its entry point.
    measure : object
        What was loaded.

    Raises
    ------
    InputError
        As of `plugins`.
    """
    if name in MEASURES:
        raise InputError(
            f"the plug-in measure {name!r} has the name of a built-in one. Give it another."
        )
    if not isinstance(measure, AuditMeasure):
        raise InputError(
            f"the plug-in {name!r} is no measure of an audit: it must be callable and have title, "
            "concern, tolerance and headline."
        )
    if measure.concern not in list(Concern):
        raise InputError(
            f"the plug-in measure {name!r} warns of {measure.concern!r}, which is no concern. "
            f"{suggestion(str(measure.concern), list(Concern))}"
        )
    return measure


def read_plugins(
    new: Profile, reference: Profile, rng: Callable[[str], Generator]
) -> Iterator[Reading]:
    """Readings of all plug-ins that apply.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    rng : callable
        Generator of an event, by its name.

    Yields
    ------
    Reading
        In the order of their names.

    Raises
    ------
    InputError
        If a plug-in returns something else than a signal.
    """
    for name, measure in sorted(plugins().items()):
        signal = measure(new, reference, rng=rng(name))
        if signal is None:
            continue
        if not isinstance(signal, Signal):
            raise InputError(
                f"the plug-in measure {name!r} returned {type(signal).__name__} instead of a "
                "modelcollapse.metrics.signal.Signal."
            )
        yield Reading(
            name, "", signal, measure.title, Concern(measure.concern),
            Tolerance(measure.tolerance), measure.headline,
        )  # fmt: skip
