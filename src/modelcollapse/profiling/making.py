"""`profile`: read a data set of any format and size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.metrics.tail_cuts import tail_cuts
from modelcollapse.profiling.counting import count_part, refuse_many
from modelcollapse.profiling.plan import NUMERIC, Plan
from modelcollapse.profiling.profiled import LEVELS, Cuts, Profile
from modelcollapse.profiling.roles import (
    ColumnRole,
    Kind,
    Role,
    asked_roles,
    detect_role,
)
from modelcollapse.profiling.sampling import first_look, number_samples
from modelcollapse.profiling.tables import Table, open_table
from modelcollapse.workers import run
from modelcollapse.workers.running import check_engine
from modelcollapse.workers.shared import Shared

BULK = 0.9


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
    """Count all records of a data set, and sample some.

    Parameters
    ----------
    data : path, sequence of paths, dataframe, dict of columns, array or sequence of texts
        Parquet, CSV, JSON Lines (``.gz`` too), NumPy or text files; a pattern or a folder of
        shards; or data in memory. An array of more than 64 columns is one embedding.
    like : Profile, optional
        Profile of the reference, whose roles and cuts are taken.
    roles : mapping of str to str, optional
        Role of a column, where the one that would be found is not right.
    columns : sequence of str, optional
        Columns to read; default all.
    exclude : sequence of str, optional
        Columns to leave out.
    groups : sequence of sequences of str, optional
        Columns whose combinations are counted.
    max_sample : int, default 50000
        Records of the sample, at most: those with the smallest hashes of their content.
    engine : {"inline", "processes", "ray"}, default "inline"
        Where shards are counted.
    n_jobs : int, optional
        Workers. Neither has any influence on the profile.

    Returns
    -------
    Profile
        Counts, tails and moments are of all records and exact.

    Raises
    ------
    InputError
        If the data cannot be read, hold no records, or lack columns of the reference.
    Missing
        If DuckDB or PyArrow is not installed.

    Examples
    --------
    >>> found = profile({"age": [31.5, 42.0, 27.25], "job": ["clerk", "clerk", "nurse"]})
    >>> found.rows, dict(found.categories["job"].counts)
    (3, {'clerk': 2, 'nurse': 1})
    """
    if not is_whole(max_sample) or max_sample < 1:
        raise InputError(f"max_sample must be 1 or more records, got {max_sample!r}. Use 50000.")
    # what is words in the reference is so here, even if only digits are left of it
    words = [column.name for column in like.roles if column.kind is Kind.WORDS] if like else []
    table = open_table(data, words=words)
    plan = (
        _plan_of_reference(table, roles, columns, exclude, groups, max_sample)
        if like is None
        else _plan_like(table, like, columns, exclude, max_sample)
    )
    whole = _merged(_count(table, plan, engine, n_jobs))
    if not whole.rows:
        raise InputError(f"{table.source} holds no records. Give data with at least one.")
    unread = [name for name in table.kinds if name not in {x.name for x in plan.roles}]
    left = [name for name in unread if name not in exclude and (columns is None or name in columns)]
    return replace(whole, ignored=tuple(left) if like is not None else ())


def _count(table: Table, plan: Plan, engine: str, n_jobs: int | None) -> Iterator[Profile]:
    if table.given is not None:
        check_engine(engine, n_jobs)
        return iter([count_part(part, plan, table.given) for part in table.parts])
    return run(
        count_part, table.parts, engine=engine, n_jobs=n_jobs,
        shared=Shared(plan), what="counting",
    )  # fmt: skip


def _merged(parts: Iterator[Profile]) -> Profile:
    """Profile of all parts, of which no more are held than are at work."""
    whole = next(parts)
    for part in parts:
        whole = whole.merge(part)
        for name, tally in whole.categories.items():
            refuse_many(name, tally.counts, whole.source)
    return whole


def _plan_of_reference(
    table: Table,
    roles: Mapping[str, str] | None,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    groups: Sequence[Sequence[str]],
    max_sample: int,
) -> Plan:
    names = _chosen(table, columns, exclude)
    asked = asked_roles(roles, list(table.kinds))
    look = first_look(table, names, max_sample)
    found = tuple(
        ColumnRole(name, asked[name], "as asked", look[name].kind)
        if name in asked
        else detect_role(name, look[name])
        for name in names
    )
    for column in found:
        _refuse_form(table, column, "asked to be", "Leave its role out.")
    if all(column.role is Role.SKIPPED for column in found):
        why = "; ".join(f"{column.name!r}: {column.reason}" for column in found[:5])
        raise InputError(f"{table.source} has no column that can be read ({why}).")
    _check_groups(groups, found)
    plan = Plan(table.source, found, table.kinds, {}, tuple(map(tuple, groups)), max_sample, {})
    numbers = plan.of(*NUMERIC)
    values = {name: look[name].values for name in numbers}
    if any(sample.dtype.kind != "f" for sample in values.values()):
        values = number_samples(table, plan)
    return replace(plan, cuts={name: _cuts(values[name]) for name in numbers})


def _refuse_form(table: Table, column: ColumnRole, said: str, advice: str) -> None:
    """Check that the values of a column can be read as its role says."""
    kind = table.kinds[column.name]
    fitting = {
        Role.EMBEDDING: (Kind.VECTOR, Kind.WORDS, Kind.EMPTY),
        Role.TIME: (Kind.TIME, Kind.WORDS, Kind.EMPTY),
        Role.NUMBER: (Kind.NUMBER, Kind.WHOLE, Kind.TRUTH, Kind.WORDS, Kind.EMPTY),
    }
    odd = (Kind.VECTOR, Kind.NESTED)
    wrong = kind not in fitting[column.role] if column.role in fitting else kind in odd
    if wrong and column.role is not Role.SKIPPED:
        raise InputError(
            f"the column {column.name!r} holds {kind} in {table.source} and is {said} "
            f"{'an' if column.role[0] in 'aei' else 'a'} {column.role}. {advice}"
        )


def _chosen(table: Table, columns: Sequence[str] | None, exclude: Sequence[str]) -> list[str]:
    known = list(table.kinds)
    for name in (*(columns or ()), *exclude):
        if name not in known:
            raise InputError(
                f"{table.source} has no column {name!r}.{suggestion(name, known)} It has "
                f"{', '.join(known[:20])}."
            )
    return [x for x in known if (columns is None or x in columns) and x not in exclude]


def _check_groups(groups: Sequence[Sequence[str]], roles: Sequence[ColumnRole]) -> None:
    known = {column.name: column.role for column in roles}
    for name in (name for by in groups for name in by):
        if name not in known:
            raise InputError(
                f"there is no column {name!r} to group by.{suggestion(name, list(known))}"
            )
        if known[name] is not Role.CATEGORY:
            raise InputError(
                f"the column {name!r} is a {known[name]}, and groups are made of categories. Say "
                f"{name}=category if it is one."
            )


def _cuts(values: Any) -> Cuts:
    there = values[~np.isnan(values)]
    if not there.size:
        return Cuts(0.0, 0.0, dict.fromkeys(LEVELS, (-np.inf, np.inf)))
    median = float(np.median(there))
    scale = float(np.quantile(np.abs(there - median), BULK))
    return Cuts(median, scale, {level: tail_cuts(there, level) for level in LEVELS})


def _plan_like(
    table: Table,
    like: Profile,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    max_sample: int,
) -> Plan:
    wanted = [
        column for column in like.roles
        if column.name not in exclude and (columns is None or column.name in columns)
    ]  # fmt: skip
    there = [column for column in wanted if column.name in table.kinds]
    missing = [
        column.name for column in wanted
        if column.name not in table.kinds and column.role is not Role.SKIPPED
    ]  # fmt: skip
    if not any(column.role is not Role.SKIPPED for column in there):
        raise InputError(
            f"{table.source} has none of the columns of {like.source}: it has "
            f"{', '.join(list(table.kinds)[:20])}, and the reference "
            f"{', '.join(column.name for column in wanted[:20])}."
        )
    if missing:
        close = suggestion(missing[0], list(table.kinds))
        raise InputError(
            f"{table.source} lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)} of {like.source}.{close} Add them, or leave them out with "
            "exclude."
        )
    for column in there:
        _refuse_form(table, column, f"in {like.source}", "Give both in one form.")
    read = {column.name for column in there}
    return Plan(
        table.source, tuple(there), table.kinds,
        {name: cuts for name, cuts in like.cuts.items() if name in read},
        tuple(by for by in like.groups if read.issuperset(by)), max_sample,
        {
            column.name: like.sample[column.name].shape[1]
            for column in there
            if column.role is Role.EMBEDDING
        },
    )  # fmt: skip
