"""The command line. Exit codes: 0 fine, 1 a check failed, 2 wrong usage or bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.errors import ModelCollapseError

app = typer.Typer(
    name="modelcollapse",
    help="Simulate, predict, measure and prevent model collapse: what happens to models that are "
    "trained on data that earlier models wrote.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"modelcollapse {version('modelcollapse')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse simulate examples/digits.yaml --output out/\n\n"
    "modelcollapse simulate examples/gaussian.yaml --generations 1000 --replicates 500 --json"
)
def simulate(
    spec: Annotated[Path, typer.Argument(help="YAML or JSON file that describes the lineages.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o",
            help="Folder for report.html, history.csv, summary.json and spec.yaml. A run that was "
            "stopped goes on from here.",
        ),
    ] = None,
    generations: Annotated[
        int | None, typer.Option(help="Generations after generation 0.", show_default="the spec's")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Independent repetitions.", show_default="the spec's")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the run.", show_default="the spec's")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(help="Measure every so many generations.", show_default="the spec's"),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="Processes; -1 for all cores. Has no influence on the numbers.")
    ] = -1,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:  # fmt: skip
    """Run lineages side by side and report what became of them."""
    from modelcollapse import spec as specs
    from modelcollapse.simulate import simulate as run
    from modelcollapse.verdict import verdicts

    simulation = specs.read(spec).but(
        generations=generations, replicates=replicates, seed=seed, every=every
    )
    if output is not None:
        _require_folder(output)
    with _progress(" · ".join(simulation.lineages)) as progress:
        result = run(
            simulation,
            n_jobs=jobs,
            store=None if output is None else output / "store",
            progress=progress,
        )
    if output is not None:
        from modelcollapse.outputs import write_outputs

        write_outputs(simulation, result, output)
    if json:
        typer.echo(result.to_json(), nl=False)
        return
    for line in verdicts(result):
        typer.echo(line)
    typer.echo()
    typer.echo(repr(result))
    if output is not None:
        typer.echo(f"\nreport: {output / 'report.html'}")


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is installed, what an extra would add, and whether the numbers agree."""
    from modelcollapse.doctor import examine, render

    findings = examine()
    typer.echo(render(findings, as_json=json))
    if not findings.healthy:
        raise typer.Exit(1)


def _require_folder(path: Path) -> None:
    from modelcollapse.errors import StoreError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {path}: {error.strerror}. Choose another --output."
        ) from error


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Progress bar on a terminal; nothing when the output is piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update


def main() -> None:
    """Entry point: turns errors into one sentence and exit code 2."""
    try:
        app()
    except ModelCollapseError as error:
        typer.echo(f"modelcollapse: {error}", err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        # The reader of the output went away, e.g. `| head`: nothing is wrong.
        sys.stderr.close()
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        typer.echo("modelcollapse: stopped. Run the same command again to go on.", err=True)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
