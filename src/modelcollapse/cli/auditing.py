"""Commands that read data sets against a reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli._app import app, require_folder

ROLES = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="COLUMN=ROLE, where the role that was found is not right: number, category, text, "
        "embedding, identifier, time or skipped. Repeatable.",
    ),
]
GROUPS = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        help="Columns, parted by commas, whose combinations are subgroups: race,sex. Repeatable.",
    ),
]
COLUMNS = Annotated[
    list[str] | None,
    typer.Option("--column", help="Column to read. Repeatable.", show_default="all"),
]
EXCLUDE = Annotated[
    list[str] | None, typer.Option("--exclude", help="Column to leave out. Repeatable.")
]
SAMPLE = Annotated[
    int, typer.Option(help="Most records a side for measures that need the records themselves.")
]
ENGINE = Annotated[
    str, typer.Option(help="Where shards are counted: 'inline', 'processes' or 'ray'.")
]
JOBS = Annotated[int, typer.Option(help="Workers; -1 for all cores. No influence on the output.")]


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse audit gen3.parquet --reference real.parquet\n\n"
    "modelcollapse audit gen3.csv --reference real.csv --group race,sex --output report/\n\n"
    "modelcollapse audit generations/ --reference real.jsonl --fail-on early"
)
def audit(
    new: Annotated[
        list[str],
        typer.Argument(
            help="Data in question: a file, a pattern or a folder of shards (Parquet, CSV, JSON "
            "Lines, text, NumPy). Several, or a folder with gen1, gen2 ..., are generations.",
            metavar="NEXT...",
        ),
    ],
    reference: Annotated[
        str, typer.Option("--reference", "-r", help="Real data, or a profile of them.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for report.html, audit.json and readings.csv."),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit with code 1 on a stage (early, late, undecided), a finding (narrowing, "
            "duplication, drift, noise), a leak, any of these but undecided, metric=NAME that "
            "changed, metric=NAME<LIMIT or metric=NAME>LIMIT. Repeatable.",
        ),
    ] = None,
    role: ROLES = None,
    group: GROUPS = None,
    column: COLUMNS = None,
    exclude: EXCLUDE = None,
    tolerance: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=AMOUNT: change of a measure or concern that does not matter, e.g. "
            "tails=0.3. Repeatable.",
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(help="Chance of any false alarm in the verdict where nothing changed.")
    ] = 0.05,
    characters: Annotated[
        bool, typer.Option("--characters", help="Read texts by character, not by word.")
    ] = False,
    embed: Annotated[
        str | None,
        typer.Option(help="sentence-transformers model (name or folder) for texts."),
    ] = None,
    neighbours: Annotated[
        int, typer.Option(help="Most records a side whose neighbours are searched.")
    ] = 5000,
    max_sample: SAMPLE = 50_000,
    show: Annotated[
        int, typer.Option(help="Losses and copies of each kind that the report shows.")
    ] = 20,
    engine: ENGINE = "inline",
    jobs: JOBS = 1,
    seed: Annotated[int, typer.Option(help="Seed of permutations and cross-fitting.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
) -> None:
    """Audit data against a reference: whether tails, minorities or spread were lost."""
    from modelcollapse import auditing

    gates = [auditing.gate(text) for text in fail_on or ()]
    settings: dict[str, Any] = {
        "roles": _pairs(role, "--role"), "groups": _groups(group),
        "columns": column, "exclude": exclude or (), "level": level, "characters": characters,
        "tolerance": _amounts(tolerance), "embed": embed, "neighbours": neighbours,
        "max_sample": max_sample, "show": show, "engine": engine, "n_jobs": jobs, "seed": seed,
    }  # fmt: skip
    several = len(new) > 1 or auditing.generations_in(new[0])
    with _folder(output):
        found = (
            auditing.audit_lineage(new if len(new) > 1 else new[0], reference, **settings)
            if several
            else auditing.audit(new[0], reference, **settings)
        )
    if output is not None:
        found.write(output)
    failures = found.failed(gates)
    typer.echo(found.to_json().rstrip() if json else repr(found))
    if output is not None and not json:
        typer.echo(f"\nreport: {output / 'report.html'}")
    for failure in failures:
        typer.echo(f"failed: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


@app.command(
    epilog="[bold]Example[/bold]\n\n"
    "modelcollapse profile real.parquet --output real.profile\n\n"
    "modelcollapse audit gen3.parquet --reference real.profile"
)
def profile(
    reference: Annotated[str, typer.Argument(help="Real data: a file, a pattern or a folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the profile.")],
    role: ROLES = None,
    group: GROUPS = None,
    column: COLUMNS = None,
    exclude: EXCLUDE = None,
    max_sample: SAMPLE = 50_000,
    engine: ENGINE = "inline",
    jobs: JOBS = 1,
) -> None:
    """Read a reference once, for many audits: counts, cuts and a sample in one file."""
    from modelcollapse.auditing.comparing import SUFFIX
    from modelcollapse.errors import InputError
    from modelcollapse.profiles import profile as read

    if output.suffix != SUFFIX:
        raise InputError(f"a profile must be a file that ends with {SUFFIX}, got {output}.")
    found = read(
        reference, roles=_pairs(role, "--role"), groups=_groups(group),
        columns=column, exclude=exclude or (), max_sample=max_sample, engine=engine, n_jobs=jobs,
    )  # fmt: skip
    found.save(output)
    typer.echo(f"{found.rows:,} records of {found.source}")
    for one in found.roles:
        typer.echo(f"  {one.name}: {one.role} ({one.reason})")
    typer.echo(f"\nprofile: {output}")


@contextmanager
def _folder(output: Path | None) -> Iterator[None]:
    """A folder for results, made before any work is done, and gone again if it came to nothing."""
    if output is None:
        yield
        return
    was_there = output.exists()
    require_folder(output)
    try:
        yield
    except BaseException:
        if not was_there:
            output.rmdir()
        raise


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    from modelcollapse.errors import InputError

    pairs = {}
    for text in given or ():
        name, sign, value = text.rpartition("=")
        if not (sign and name and value):
            raise InputError(f"{option} takes NAME=VALUE, got {text!r}.")
        pairs[name] = value
    return pairs


def _groups(given: list[str] | None) -> list[list[str]]:
    return [[name.strip() for name in text.split(",")] for text in given or ()]


def _amounts(given: list[str] | None) -> dict[str, float]:
    from modelcollapse.errors import InputError

    amounts = {}
    for name, value in _pairs(given, "--tolerance").items():
        try:
            amounts[name] = float(value)
        except ValueError:
            raise InputError(f"--tolerance {name}={value} has no number. Use {name}=0.2.") from None
    return amounts
