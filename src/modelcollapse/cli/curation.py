"""Commands that make the next training set, and that say which records to label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli._app import app, progress_bar

SPEC = Annotated[Path, typer.Argument(help="YAML or JSON file that describes the curation.")]
JOBS = Annotated[
    int,
    typer.Option(help="Processes that score; -1 for all cores. Has no influence on the output."),
]
ENGINE = Annotated[
    str,
    typer.Option(
        help="'processes' of this machine, 'ray' for a cluster of Ray, or 'inline' for this "
        "process alone."
    ),
]


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse curate examples/curate.yaml --output gen2/\n\n"
    "modelcollapse curate examples/curate.yaml --output gen2/ --keep 0.25 --overwrite\n\n"
    "modelcollapse curate examples/curate.yaml --dry-run"
)
def curate(
    spec: SPEC,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder of the training set.", show_default="the spec's"
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Share (0.25) or number (50000) of the candidates to keep.",
            show_default="the spec's",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of every choice by chance.", show_default="the spec's")
    ] = None,
    resume: Annotated[
        str,
        typer.Option(
            help="Use scores that are there: 'if-possible' (those of the same records and "
            "settings), 'always' (or fail, naming what differs) or 'never'."
        ),
    ] = "if-possible",
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace the output of another curation."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check everything and print counts; score and write nothing."
        ),
    ] = False,
    jobs: JOBS = -1,
    engine: ENGINE = "processes",
    json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Select synthetic records, mix them with real ones, and write the next training set."""
    from modelcollapse.curation import curate as run
    from modelcollapse.curation.preview import preview

    changes = _changes(output=output, keep=keep, seed=seed)
    if dry_run:
        seen = preview(spec, overwrite=overwrite, **changes)
        typer.echo(seen.to_json() if json else repr(seen))
        return
    with _progress() as progress:
        found = run(
            spec, engine=engine, n_jobs=jobs, resume=resume, overwrite=overwrite,
            progress=progress, **changes,
        )  # fmt: skip
    if json:
        typer.echo(found.to_json().rstrip())
        return
    typer.echo(repr(found))
    typer.echo(f"\nreport: {found.folder / 'report.html'}")


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse design examples/curate.yaml --output label_me.csv\n\n"
    "modelcollapse design examples/curate.yaml --output label_me.csv --kept-error 0.1 "
    "--half-width 0.05"
)
def design(
    spec: SPEC,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="CSV file with the records to label; it must not be there yet."
        ),
    ],
    kept_error: Annotated[
        float, typer.Option(help="Your guess at the share of wrong records among the kept.")
    ] = 0.25,
    dropped_error: Annotated[
        float, typer.Option(help="Your guess at the share of wrong records among the dropped.")
    ] = 0.5,
    half_width: Annotated[
        float | None,
        typer.Option(
            help="Half the width that the interval of p* is to have.", show_default="as it comes"
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the later intervals.")] = 0.95,
    power: Annotated[
        float, typer.Option(help="Chance of a verdict, if the guesses are right.")
    ] = 0.9,
    seed: Annotated[int, typer.Option(help="Seed of the choice of records.")] = 0,
    jobs: JOBS = -1,
    engine: ENGINE = "processes",
    json: Annotated[bool, typer.Option("--json", help="Print the design as JSON.")] = False,
) -> None:
    """Draw the records that somebody should label, and write them to a CSV file."""
    from modelcollapse.curation.sampling import draw_sample

    with _progress() as progress:
        drawn = draw_sample(
            spec, output, kept_error=kept_error, dropped_error=dropped_error,
            half_width=half_width, confidence=confidence, power=power, seed=seed, engine=engine,
            n_jobs=jobs, progress=progress,
        )  # fmt: skip
    if json:
        typer.echo(drawn.to_json().rstrip())
        return
    typer.echo(
        f"Label {drawn.kept_labels:,} kept and {drawn.dropped_labels:,} dropped records, which "
        f"{output} lists without saying which is which: write 1 (right) or 0 (wrong) in its column "
        "'label'. Then name the file in the spec as 'audit', and curate."
    )


def _changes(*, output: Path | None, keep: str | None, seed: int | None) -> dict[str, Any]:
    """Fields of the spec that options replace."""
    changes: dict[str, Any] = {}
    if output is not None:
        changes["output"] = str(output.absolute())  # not from the folder of the spec
    if keep is not None:
        changes["keep"] = _number(keep)
    if seed is not None:
        changes["seed"] = seed
    return changes


def _number(text: str) -> int | float:
    from modelcollapse.errors import InputError

    try:
        return int(text) if text.strip().isdigit() else float(text)
    except ValueError as error:
        raise InputError(
            f"--keep is '{text}', which is no number. Give a share such as 0.25, or a number of "
            "records."
        ) from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """Progress bar on a terminal, one stage after the other."""
    with progress_bar("curate") as bar:
        if bar is None:
            yield None
            return

        def update(stage: str, done: int, total: int) -> None:
            bar(done, total)

        yield update
