"""Command: decompose."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli._app import app, progress_bar, require_folder


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse decompose examples/two-gaussians.yaml\n\n"
    "modelcollapse decompose examples/digits.yaml --policy replace --generations 5\n\n"
    "modelcollapse decompose examples/two-gaussians.yaml --richer '{type: mixture, components: 3}'"
)
def decompose(
    spec: Annotated[Path, typer.Argument(help="YAML or JSON file that describes the lineages.")],
    policy: Annotated[
        str | None, typer.Option(help="Only the lineage with this label.", show_default="all")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            help="The error: excess_cross_entropy, energy_distance, kl or cross_entropy.",
            show_default="what suits",
        ),
    ] = None,
    richer: Annotated[
        str | None,
        typer.Option(
            help="Learner of a richer family, as in a spec: '{type: mixture, components: 4}'.",
            show_default="the next of its kind",
        ),
    ] = None,
    times: Annotated[
        int | None,
        typer.Option(help="How many times the records count as unlimited.", show_default="64"),
    ] = None,
    generations: Annotated[
        int | None, typer.Option(help="Generations after generation 0.", show_default="the spec's")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Repetitions of each world.", show_default="the spec's")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the runs.", show_default="the spec's")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for decomposition.json and a picture of each lineage."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="Processes; -1 for all cores. Has no influence on the numbers.")
    ] = -1,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Separate the error of lineages into sampling, expressivity and approximation."""
    import yaml

    from modelcollapse import registry
    from modelcollapse import spec as specs
    from modelcollapse.decomposition import decompose as separate
    from modelcollapse.decomposition.picture import write
    from modelcollapse.errors import InputError, suggestion

    simulation = specs.read(spec).but(generations=generations, replicates=replicates, seed=seed)
    lineages = simulation.lineages
    if policy is not None:
        if policy not in lineages:
            raise InputError(f"the spec has no policy '{policy}'. {suggestion(policy, lineages)}")
        lineages = {policy: lineages[policy]}
    try:
        family = None if richer is None else specs.from_yaml(richer)
    except yaml.YAMLError as error:
        raise InputError(
            f"--richer is not valid YAML: {richer!r}. Write e.g. "
            "'{type: mixture, components: 4}'."
        ) from error
    learner = None if family is None else registry.build("learner", family, "--richer")
    if output is not None:
        require_folder(output)
    found = {}
    for label, lineage in lineages.items():
        with progress_bar(label) as progress:
            found[label] = separate(
                lineage, simulation.generations, replicates=simulation.replicates,
                seed=simulation.seed, measure=measure, richer=learner, times=times, n_jobs=jobs,
                progress=progress,
            )  # fmt: skip
    if output is not None:
        write(found, output)
    if json:
        plain = {label: result.to_dict() for label, result in found.items()}
        typer.echo(dumps({"decompositions": plain}, indent=1))
        return
    typer.echo("\n\n".join(f"[{label}]\n{result}" for label, result in found.items()))
