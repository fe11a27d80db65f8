"""`audit`: one data set against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import seeds
from modelcollapse.auditing.card import card_of
from modelcollapse.auditing.catalogue import Tolerance, tolerances
from modelcollapse.auditing.categories import (
    Groups,
    category_groups,
    read_categories,
    read_groups,
    subgroups,
)
from modelcollapse.auditing.embedding import model_of
from modelcollapse.auditing.geometry import Geometry, read_geometry
from modelcollapse.auditing.hygiene import read_hygiene
from modelcollapse.auditing.judging import judge
from modelcollapse.auditing.leak import Leak, leak
from modelcollapse.auditing.notes import notes
from modelcollapse.auditing.numbers import read_dependence, read_numbers
from modelcollapse.auditing.plugins import read_plugins
from modelcollapse.auditing.points import points
from modelcollapse.auditing.reading import Reading
from modelcollapse.auditing.repeated import read_copies
from modelcollapse.auditing.result import Audit
from modelcollapse.auditing.words import Prose, read_prose
from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.profiles import Profile, Role, profile

LEAST = 10
SUFFIX = ".profile"


@dataclass(frozen=True)
class Settings:
    """What a user may choose of an audit.

    Attributes
    ----------
    level : float, default 0.05
        Chance that anything is called a change where nothing changed.
    tolerance : mapping of str to float, optional
        Change that does not matter, by measure or concern, in place of the defaults.
    neighbours : int, default 5000
        Records a side whose neighbours are searched.
    show : int, default 20
        Examples of each kind.
    seed : int, default 0
        Of permutations and cross-fitting; data are sampled by a hash and need none.
    characters : bool, default False
        Whether texts are read by character, for languages that part no words by spaces.
    embed : str, optional
        Name or folder of a sentence-transformers model that turns texts into points.
    """

    level: float = 0.05
    tolerance: Mapping[str, float] = field(default_factory=dict)
    neighbours: int = 5000
    show: int = 20
    seed: int = 0
    characters: bool = False
    embed: str | None = None

    def __post_init__(self) -> None:
        level: Any = self.level
        if not isinstance(level, Real) or not 0 < float(level) < 0.5:
            raise InputError(
                f"level must lie between 0 and 0.5, got {self.level!r}: it is the chance of a "
                "false alarm. Use 0.05."
            )
        for name, least in (("neighbours", 200), ("show", 0), ("seed", 0)):
            value: Any = getattr(self, name)
            if not is_whole(value) or value < least:
                raise InputError(
                    f"{name} must be a whole number of at least {least}, got {value!r}."
                )
        tolerances(self.tolerance)


@dataclass(frozen=True)
class Findings:
    """All that was read, before it becomes a card."""

    readings: list[Reading]
    categories: list[Groups]
    groups: list[Groups]
    geometries: list[Geometry]
    prose: list[Prose]
    notes: list[str]
    leak: Leak | None = None


def audit(
    new: Any,
    reference: Any,
    *,
    roles: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    groups: Sequence[Sequence[str]] = (),
    max_sample: int = 50_000,
    engine: str = "inline",
    n_jobs: int | None = None,
    **settings: Any,
) -> Audit:
    """Read a data set against a reference: whether tails, minorities or spread were lost.

    Parameters
    ----------
    new : path, dataframe, dict of columns, array or list of texts
        The data in question: Parquet, CSV, JSON Lines, text or NumPy files, a pattern or a folder
        of them, or data in memory.
    reference : the same, or a Profile
        Real data, or data known to be good; a `modelcollapse.profiles.Profile` saves reading it
        again.
    roles : mapping of str to str, optional
        Role of a column (number, category, text, embedding, identifier, time, skipped), where the
        one that was found is not right.
    columns : sequence of str, optional
        Columns to read; default all that both sides have.
    exclude : sequence of str, optional
        Columns to leave out.
    groups : sequence of sequences of str, optional
        Columns whose combinations are subgroups, for example ``[["race", "sex"]]``.
    max_sample : int, default 50000
        Records a side for measures that need the records themselves; counts, tails and moments
        are always of all records.
    engine : {"inline", "processes", "ray"}, default "inline"
        Where shards are counted.
    n_jobs : int, optional
        Workers; default one for each core.
    **settings
        See `modelcollapse.auditing.comparing.Settings`.

    Returns
    -------
    Audit
        Verdict, readings, and what was lost.

    Raises
    ------
    InputError
        If the data cannot be read, have no column in common, or hold fewer than ten records.

    Notes
    -----
    All headline readings together raise a false alarm in at most `level` of the audits of an
    honest redraw (Holm 1979; simulated in docs/audit.md).

    Examples
    --------
    >>> import numpy as np, modelcollapse as mc
    >>> rng = np.random.default_rng(0)
    >>> real = rng.standard_t(5, size=(4000, 4))
    >>> mc.audit(np.clip(real[:2000], -2.5, 2.5), real[2000:]).stage
    'early'
    """
    chosen = _settings(settings)
    reading: dict[str, Any] = {"columns": columns, "exclude": exclude, "max_sample": max_sample,
               "engine": engine, "n_jobs": n_jobs}  # fmt: skip
    if chosen.embed is not None:
        model_of(chosen.embed)  # what cannot be had is said before the data are read
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # or the last digits depend on the machine
        theirs = reference_profile(reference, roles=roles, groups=groups, **reading)
        return compare(profile(new, like=theirs, **reading), theirs, chosen)


def reference_profile(
    reference: Any, *, roles: Mapping[str, str] | None = None,
    groups: Sequence[Sequence[str]] = (), **reading: Any,
) -> Profile:  # fmt: skip
    """Profile of a reference: as it is given, from its file, or made now.

    Parameters
    ----------
    reference : Profile, path of a saved one (``.profile``), or data
        As of `audit`.
    roles, groups
        As of `audit`.
    **reading
        Further arguments of `modelcollapse.profile`.

    Raises
    ------
    InputError
        If roles or groups are asked of a profile that was made without them, or columns left out
        that it has.
    """
    if isinstance(reference, str | Path) and Path(reference).suffix == SUFFIX:
        reference = Profile.load(reference)
    if not isinstance(reference, Profile):
        return profile(reference, roles=roles, groups=groups, **reading)
    known = {column.name: column.role for column in reference.roles}
    other = [name for name, role in (roles or {}).items() if known.get(name) != role]
    missing = [by for by in map(tuple, groups) if by not in reference.groups]
    if other or missing:
        what = f"role of {other[0]}" if other else f"groups by {' x '.join(missing[0])}"
        raise InputError(
            f"the profile of {reference.source} was made without the {what} that is asked for. "
            "Make it again from the data."
        )
    kept, left = reading.get("columns"), reading.get("exclude") or ()
    for column in reference.roles:
        name = column.name
        if column.role is not Role.SKIPPED and (name in left or (kept and name not in kept)):
            raise InputError(
                f"the profile of {reference.source} holds the column {name}, which is to be left "
                "out: its sums over all columns hold it too. Make it again from the data without "
                "it."
            )
    return reference


def _settings(given: Mapping[str, Any]) -> Settings:
    known = [one.name for one in fields(Settings)]
    for name in given:
        if name not in known:
            raise InputError(f"an audit has no setting {name!r}. {suggestion(name, known)}")
    return Settings(**given)


def compare(new: Profile, reference: Profile, settings: Settings) -> Audit:
    """Audit of two profiles.

    Parameters
    ----------
    new, reference : Profile
        The new one made like the reference.
    settings : Settings
        What the user chose.

    Returns
    -------
    Audit
        As of `audit`.

    Raises
    ------
    InputError
        If a side holds fewer than ten records, or there is no column to read.
    """
    for side, name in ((new, "new"), (reference, "reference")):
        if side.rows < LEAST:
            raise InputError(
                f"the {name} data ({side.source}) hold {side.rows} record"
                f"{'' if side.rows == 1 else 's'}: nothing can be said of a law from so few. Give "
                f"at least {LEAST}."
            )
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # or the last digits depend on the machine
        found = _read(new, reference, settings, tolerances(settings.tolerance))
    if not found.readings:
        raise InputError(
            f"{new.source} and {reference.source} have no column that can be compared: none of "
            "numbers, categories, texts or embeddings. Name one with roles, e.g. note=text."
        )
    return Audit(card_of(new, reference, found, settings))


def _read(
    new: Profile, reference: Profile, settings: Settings, allowed: Mapping[str, Tolerance]
) -> Findings:
    def rng(what: str) -> np.random.Generator:
        return seeds.generator(settings.seed, 0, 0, what)

    categories, groups = category_groups(new, reference), subgroups(new, reference)
    prose = list(read_prose(new, reference, allowed, settings.characters, settings.show, rng))
    geometries = [
        read_geometry(one, allowed, most=settings.neighbours, rng=rng(f"points {one.name}"))
        for one in points(new, reference, settings.embed, settings.neighbours)
    ]

    def everything() -> Iterator[Reading]:
        yield from read_numbers(new, reference, allowed)
        yield from read_categories(new, reference, allowed)
        yield from read_groups(categories, "category_shares", allowed)
        yield from read_groups(groups, "subgroups", allowed)
        for text in prose:
            yield from text.readings
        for points_read in geometries:
            yield from points_read.readings
        yield from read_dependence(new, reference, allowed, rng("dependence"))
        yield from read_copies(new, reference, allowed)
        yield from read_hygiene(new, reference, allowed)
        yield from read_plugins(new, reference, rng)

    shared = leak(new, reference)
    said = [*([shared.note] if shared else []), *notes(new, reference, geometries)]
    readings = judge(everything(), level=settings.level)
    return Findings(readings, categories, groups, geometries, prose, said, shared)
