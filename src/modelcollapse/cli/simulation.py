"""Command: simulate."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli._app import app, progress_bar, require_folder


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
    engine: Annotated[
        str, typer.Option(help="'processes' of this machine, or 'ray' for a cluster of Ray.")
    ] = "processes",
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:  # fmt: skip
    """Run lineages side by side and report what became of them."""
    from modelcollapse import spec as specs
    from modelcollapse.simulation import simulate as run
    from modelcollapse.verdict import verdict, verdicts

    simulation = specs.read(spec).but(
        generations=generations, replicates=replicates, seed=seed, every=every
    )
    if output is not None:
        require_folder(output)
    with progress_bar(" · ".join(simulation.lineages)) as progress:
        result = run(
            simulation,
            n_jobs=jobs,
            engine=engine,
            store=None if output is None else output / "store",
            progress=progress,
        )
    if output is not None:
        from modelcollapse.outputs import write_outputs

        write_outputs(simulation, result, output)
    if json:
        sentences = {label: verdict(history).sentence for label, history in result.items()}
        typer.echo(dumps({"verdicts": sentences, **result.to_dict()}, allow_nan=False))
        return
    for line in verdicts(result):
        typer.echo(line)
    typer.echo()
    typer.echo(repr(result))
    if output is not None:
        typer.echo(f"\nreport: {output / 'report.html'}")
