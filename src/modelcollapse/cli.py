"""The command line. Exit codes: 0 fine, 1 a check failed, 2 wrong usage or bad input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from modelcollapse.errors import ModelCollapseError


class _Commands(TyperGroup):
    """Commands whose errors are one sentence and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        # Here rather than around the app, which turns an interruption into an exit by itself.
        try:
            return super().invoke(ctx)
        except ModelCollapseError as error:
            typer.echo("modelcollapse: " + " ".join(str(error).split()), err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo("modelcollapse: stopped. Run the same command again to go on.", err=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of the output went away, e.g. `| head`: nothing is wrong.
            _abandon_output()
            raise typer.Exit(0) from None
        except OSError as error:
            _abandon_output()
            typer.echo(f"modelcollapse: cannot write the output: {error.strerror}.", err=True)
            raise typer.Exit(2) from None


def _abandon_output() -> None:
    """Let what was not written go nowhere, lest it be tried again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="modelcollapse",
    cls=_Commands,
    epilog="[bold]Example[/bold]\n\nmodelcollapse simulate examples/digits.yaml --output out/",
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
    from modelcollapse.simulation import simulate as run
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


@app.command(
    epilog="[bold]Example[/bold]\n\n"
    "modelcollapse predict examples/gaussian.yaml --quantity variance --generations 100"
)
def predict(
    spec: Annotated[Path, typer.Argument(help="YAML or JSON file that describes the lineages.")],
    quantity: Annotated[
        str, typer.Option("--quantity", "-q", help="What to predict.")
    ] = "variance",
    generations: Annotated[
        int | None, typer.Option(help="Generations after generation 0.", show_default="the spec's")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the curves as JSON.")] = False,
) -> None:
    """Say what theory says, without simulating; refuse where no theorem covers a lineage."""
    from modelcollapse import spec as specs
    from modelcollapse.errors import NoTheorem
    from modelcollapse.prediction import predict as ask

    simulation = specs.read(spec).but(generations=generations)
    found: dict[str, Any] = {}
    for label, lineage in simulation.lineages.items():
        try:
            found[label] = ask(lineage, quantity, simulation.generations)
        except NoTheorem as refusal:
            found[label] = refusal
    if all(isinstance(curve, NoTheorem) for curve in found.values()):
        raise next(iter(found.values()))
    if json:
        plain = {
            label: {"refused": str(curve)} if isinstance(curve, NoTheorem) else curve.to_dict()
            for label, curve in found.items()
        }
        typer.echo(dumps({"curves": plain}, indent=1))
        return
    typer.echo("\n\n".join(f"[{label}]\n{curve}" for label, curve in found.items()))


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse plan examples/gaussian.yaml --keep variance=0.9 --generations 50\n\n"
    "modelcollapse plan examples/gaussian.yaml --keep variance=0.9 --generations 50 --vary n\n\n"
    "modelcollapse plan table.parquet --generator mypackage:make --keep tails=0.9 --generations 10"
)
def plan(
    source: Annotated[
        Path, typer.Argument(help="A spec, or a file of real records together with --generator.")
    ],
    keep: Annotated[
        str,
        typer.Option(help="Measure and the share of it to keep, e.g. variance=0.9 or tails=0.9."),
    ],
    generations: Annotated[int, typer.Option(help="For how many generations.")] = 20,
    vary: Annotated[
        str, typer.Option(help="What to find: the share of 'real' records, or their number 'n'.")
    ] = "real",
    of: Annotated[
        str, typer.Option(help="Keep the 'mean' or the 'median' over replicates.")
    ] = "mean",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Real records are new ones in each generation.")
    ] = False,
    generator: Annotated[
        str | None,
        typer.Option(help="Import path of what makes your generator, e.g. mypackage:make."),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the answer, by simulation.")] = 0.95,
    replicates: Annotated[int, typer.Option(help="At most, for one setting.")] = 512,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for all cores.")] = -1,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Find the least real data, or the least records, that hold a target."""
    from modelcollapse.planning import from_file, parse_target
    from modelcollapse.planning import plan as search
    from modelcollapse.spec import read

    if generator is not None:
        lineage = from_file(source, generator, fresh=fresh, generations=generations)
    else:
        lineage = next(iter(read(source).lineages.values()))
    found = search(
        lineage, parse_target(keep), generations,
        vary=vary, of=of, fresh=fresh, confidence=confidence,  # type: ignore[arg-type]
        replicates=replicates, seed=seed, n_jobs=jobs,
        say=lambda message: typer.echo(message, err=True),
    )  # fmt: skip
    typer.echo(dumps(found.to_dict(), indent=1) if json else repr(found))


@app.command(epilog="[bold]Example[/bold]\n\nmodelcollapse doctor --json")
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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
