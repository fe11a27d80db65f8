"""Profiling a data set: find it, tell what its columns are for, and pass over it once or twice."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.profiles.arrow import arrow, kind_of, no_utf8, plain, words_of
from modelcollapse.profiles.locating import locate
from modelcollapse.profiles.parts import Part
from modelcollapse.profiles.profiled import Profile, digest_of, ranked_groups
from modelcollapse.profiles.roles import ColumnRole, Role, detect
from modelcollapse.profiles.sampling import APART_BEYOND, other_copies
from modelcollapse.profiles.scanning import Plan, Tally, scan
from modelcollapse.profiles.tallies import CategoryTally, Cuts
from modelcollapse.workers import Shared, check_engine, run

LOOK = 20_000
"""Records that are looked at to tell the roles, about."""

LOOK_PARTS = 8
"""Parts they come from, at most."""


def profile(
    data: Any,
    *,
    like: Profile | None = None,
    roles: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    groups: Sequence[Sequence[str]] = (),
    max_sample: int = 50_000,
    engine: str = "inline",
    n_jobs: int | None = None,
) -> Profile:
    """Read a data set once (a reference twice), and keep what measures need of it.

    Parameters
    ----------
    data : path, pattern, folder, list of paths, dataframe, dict of columns, array or list
        Files: Parquet, CSV and JSON Lines (also ``.gz``), plain text (one to a line), or an array
        of NumPy. A dataframe may be of any library. Of an array the first axis are records: up to
        64 columns of numbers ``x0``, ``x1``, ..., beyond that one column ``embedding``. A list of
        texts is one column ``text``, or ``label`` if few are different.
    like : Profile, optional
        Of the reference: its roles, cuts and groups are used, and its columns must be there.
    roles : mapping of str to str, optional
        Roles of columns that detection gets wrong: number, category, text, embedding, identifier,
        time or skipped.
    columns : sequence of str, optional
        Columns to profile; all when not given.
    exclude : sequence of str, default none
        Columns to leave out.
    groups : sequence of sequences of str, default none
        Columns of categories whose combinations are counted.
    max_sample : int, default 50,000
        Most records of the sample.
    engine : {"inline", "processes", "ray"}, default "inline"
        Where parts of the data are read; the result is the same. With Ray on several machines the
        files must be Parquet or an array, and be seen by all of them.
    n_jobs : int, optional
        Processes or cores.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        If the data cannot be read, holds no records, has other columns than the reference, or
        values that its columns' roles do not allow.
    Missing
        If a package is needed that is not installed (extra ``audit``).

    Notes
    -----
    Memory is bounded by batches of about 32 MiB, the sample, and the different values of
    categories (1,000,000 of a column at most), whatever the size of the data.

    Examples
    --------
    >>> found = profile({"colour": ["red", "blue", "red", "red"], "size": [1.5, 2.5, 3.5, 2.5]})
    >>> found.categories["colour"].counts
    {'red': 3, 'blue': 1}
    >>> found.numbers["size"].mean
    2.5
    """
    check_engine(engine, n_jobs)
    if not is_whole(max_sample) or max_sample < 1:
        raise InputError(
            f"max_sample is {max_sample!r}, but measures of neighbours need records. Use 1,000 or "
            "more; the default is 50,000."
        )
    given = _given_roles(roles or {})
    known = {c.name: c.role for c in like.roles} | given if like is not None else given
    threads = n_jobs if n_jobs and n_jobs > 0 else 1
    with tempfile.TemporaryDirectory(prefix="modelcollapse-profile-") as folder:
        source, parts = locate(data, Path(folder), threads, known)
        rows = sum(part.rows for part in parts)
        if not rows:
            raise InputError(f"{source} holds no records. Provide at least a few.")
        names = list(dict.fromkeys(name for part in parts for name in part.types))
        # of the reference, columns that are not there cannot be left out either
        asked = [*given, *(exclude if like is None and not isinstance(exclude, str) else ())]
        chosen = _chosen(names, columns, exclude, asked, source)
        ignored: tuple[str, ...] = ()
        if like is None:
            found = _detected(parts, chosen, given, rows, source)
        else:
            wanted = [c for c in like.roles if c.name in chosen or c.name not in exclude]
            found, ignored = _expected(wanted, chosen, like.source, source, columns)
            read = {column.name for column in found}
            groups = groups or [group for group in like.groups if read.issuperset(group)]
        plan = Plan(
            {c.name: c.role for c in found if c.role is not Role.SKIPPED},
            _checked_groups(groups, found, source),
            rows,
            max_sample,
            None if like is None else like.cuts,
            "" if like is None else ", as in the reference",
        )
        tally = _pass(parts, plan, source, engine, n_jobs)
        sample, together = tally.together, True
        if tally.apart is not None and other_copies(tally.apart.hashes, rows) > APART_BEYOND:
            sample, together = tally.apart, False
        cuts = plan.cuts
        if cuts is None:
            cuts = {
                name: Cuts.of(sample.columns[name])
                for name, role in plan.roles.items()
                if role in (Role.NUMBER, Role.TIME)
            }
            if cuts:
                second = Plan(plan.roles, (), rows, 0, cuts, plan.expected)
                numbers = _pass(parts, second, source, engine, n_jobs)
                tally.numbers, tally.tails, tally.bulk = (
                    numbers.numbers, numbers.tails, numbers.bulk,
                )  # fmt: skip
    return Profile(
        source=source,
        rows=rows,
        roles=tuple(found),
        cuts=cuts,
        numbers=tally.numbers,
        categories={name: CategoryTally.of(counts) for name, counts in tally.counts.items()},
        texts=tally.texts,
        groups={group: ranked_groups(counts) for group, counts in tally.groups.items()},
        tails=tally.tails,
        bulk=tally.bulk,
        sample=sample.columns,
        hashes=sample.hashes,
        sampled_share=len(sample) / rows,
        digest=digest_of(*tally.checks),
        keys=sample.keys,
        limit=sample.limit,
        max_sample=max_sample,
        together=together,
        ignored=ignored,
    )


def _pass(parts: Sequence[Part], plan: Plan, source: str, engine: str, n_jobs: int | None) -> Tally:
    results = run(
        scan, parts, engine=engine, n_jobs=n_jobs, shared=Shared(plan), what="reading the data"
    )
    total = Tally(plan)
    for tally in results:
        total.absorb(tally, source)
    total.together.settle()
    if total.apart is not None:
        total.apart.settle()
    return total


def _given_roles(roles: Mapping[str, str]) -> dict[str, Role]:
    for name, role in roles.items():
        if role not in set(Role):
            raise InputError(
                f"column '{name}' was given the role '{role}', which there is not. "
                f"{suggestion(role, set(Role))}"
            )
    return {name: Role(role) for name, role in roles.items()}


def _chosen(
    names: Sequence[str],
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    given: Iterable[str],
    source: str,
) -> list[str]:
    if isinstance(columns, str) or isinstance(exclude, str):
        raise InputError("columns and exclude are lists of names. Write ['name'] for one column.")
    for name in (*(columns or ()), *given):
        if name not in names:
            raise InputError(f"{source} has no column '{name}'. {suggestion(name, names)}")
    left = [name for name in (names if columns is None else columns) if name not in exclude]
    if not left:
        raise InputError(
            f"no column of {source} is left to profile. Leave fewer out; it has: "
            f"{', '.join(names)}."
        )
    return left


def _expected(
    wanted: Sequence[ColumnRole],
    chosen: Sequence[str],
    reference: str,
    source: str,
    columns: Sequence[str] | None,
) -> tuple[list[ColumnRole], tuple[str, ...]]:
    """Columns of the reference, and those that only the new data has."""
    if columns is not None:
        wanted = [column for column in wanted if column.name in columns]
    names = {column.name for column in wanted}
    missing = [c.name for c in wanted if c.name not in chosen and c.role is not Role.SKIPPED]
    extra = [name for name in chosen if name not in names]
    if missing:
        more = f" It has others instead: {_listed(extra)}." if extra else ""
        raise InputError(
            f"{source} lacks {_listed(missing)} of {reference}, and only the same columns can be "
            f"compared.{more} Name them the same, or leave them out with exclude."
        )
    return [column for column in wanted if column.name in chosen], tuple(extra)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"the column{'s' * (len(names) > 1)} {shown}{more}"


def _checked_groups(
    groups: Sequence[Sequence[str]], found: Sequence[ColumnRole], source: str
) -> tuple[tuple[str, ...], ...]:
    categories = [column.name for column in found if column.role is Role.CATEGORY]
    for group in groups:
        if isinstance(group, str):
            raise InputError(f"the group '{group}' is one text. Write a list of columns instead.")
        for name in group:
            if name not in categories:
                raise InputError(
                    f"'{name}' is no column of categories of {source}, so that its groups cannot "
                    f"be counted. {suggestion(name, categories)}"
                )
    return tuple(dict.fromkeys(tuple(group) for group in groups if len(group)))


def _detected(
    parts: Sequence[Part],
    chosen: Sequence[str],
    given: Mapping[str, Role],
    rows: int,
    source: str,
) -> list[ColumnRole]:
    looked = _look(parts, chosen)
    found = []
    for name in chosen:
        if name in given:
            found.append(ColumnRole(name, given[name], "as you said"))
            continue
        values = looked[name]
        if values.null_count == len(values):
            values = _first_values(parts, name)
        try:
            found.append(detect(name, values, rows))
        except UnicodeDecodeError as error:
            raise no_utf8(name, source) from error
    return found


def _look(parts: Sequence[Part], names: Sequence[str]) -> dict[str, Any]:
    """Some values of each column, from places spread over the data, in their order."""
    step = math.ceil(len(parts) / LOOK_PARTS)
    some = parts[::step]
    stride = max(sum(part.rows for part in some) // LOOK, 1)
    chunks: dict[str, list[Any]] = {name: [] for name in names}
    for part in some:
        there = [name for name in names if name in part.types]
        row = 0
        for batch in part.batches(there):
            at = list(range(-row % stride, batch.num_rows, stride))
            row += batch.num_rows
            places = arrow().array(at, "int64")
            for name in there:
                chunks[name].append(plain(batch.column(name)).take(places))
    return {name: _one(found) for name, found in chunks.items()}


def _first_values(parts: Sequence[Part], name: str) -> Any:
    """First values of a column of which none was met by a look at it."""
    found = []
    for part in parts:
        if name in part.types:
            for batch in part.batches([name]):
                values = plain(batch.column(name)).drop_null()
                if len(values):
                    found.append(values[:LOOK])
                if sum(map(len, found)) >= LOOK // 4:
                    return _one(found)
    return _one(found)


def _one(chunks: Sequence[Any]) -> Any:
    """One array of chunks, as texts if they are of different kinds."""
    pa = arrow()
    chunks = [chunk for chunk in chunks if not pa.types.is_null(chunk.type)]
    if not chunks:
        return pa.nulls(0)
    types = {str(chunk.type): chunk.type for chunk in chunks}
    if len(types) > 1:
        kinds = {kind_of(form) for form in types.values()}
        if len(kinds) == 1 and all(pa.types.is_floating(form) for form in types.values()):
            chunks = [chunk.cast("double") for chunk in chunks]
        else:
            chunks = [pa.array(words_of(chunk), type=pa.string()) for chunk in chunks]
    return pa.concat_arrays(chunks)
