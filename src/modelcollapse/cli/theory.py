"""Commands that ask theory: predict and plan."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli._app import app

CHECKED_RECORDS = 500
"""Records that a user's generator is tried on before anything is planned with it."""


@app.command(
    epilog="[bold]Example[/bold]\n\n"
    "modelcollapse predict examples/gaussian.yaml --quantity variance --generations 100"
)
def predict(
    spec: Annotated[Path, typer.Argument(help="YAML or JSON file that describes the lineages.")],
    quantity: Annotated[
        str | None,
        typer.Option(
            "--quantity",
            "-q",
            help="What to predict; a downstream error is that of the spec.",
            show_default="variance, or test_error of labelled records",
        ),
    ] = None,
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
        for name, asked in _asked(quantity, lineage, simulation.probes or ()):
            key = f"{label}, {name}" if name else label
            try:
                found[key] = ask(lineage, asked, simulation.generations)
            except NoTheorem as refusal:
                found[key] = refusal
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
        list[str],
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
    from modelcollapse.errors import InputError
    from modelcollapse.planning import from_file, parse_target
    from modelcollapse.planning import plan as search
    from modelcollapse.spec import read

    targets = {name: share for text in keep for name, share in parse_target(text).items()}
    is_spec = source.suffix in (".yaml", ".yml", ".json")
    if generator is None and not is_spec:
        raise InputError(
            f"{source} holds records, not a spec, so it is not known what would be fitted to them. "
            "Name your generator with --generator package.module:Name."
        )
    if generator is not None and is_spec:
        raise InputError(f"{source} is a spec, which has a learner already. Leave out --generator.")
    if generator is not None:
        lineage = from_file(source, generator, fresh=fresh, generations=generations)
        _check_generator(lineage)
    else:
        lineage = next(iter(read(source).lineages.values()))
    found = search(
        lineage, targets, generations,
        vary=vary, of=of, fresh=fresh, confidence=confidence,  # type: ignore[arg-type]
        replicates=replicates, seed=seed, n_jobs=jobs,
        say=lambda message: typer.echo(message, err=True),
    )  # fmt: skip
    typer.echo(dumps(found.to_dict(), indent=1) if json else repr(found))


def _asked(quantity: str | None, lineage: Any, probes: Any) -> list[tuple[str, Any]]:
    """What theory is asked about a lineage: a name, or the measures of the spec that have it."""
    from modelcollapse.probes import DownstreamError, suited

    if quantity is None:
        names = [probe.name for probe in suited(lineage)]
        return [("", "variance" if "variance" in names else names[0])]
    same = [p for p in probes if isinstance(p, DownstreamError) and p.name == quantity]
    return [pair for probe in same for pair in probe.each()] or [("", quantity)]


def _check_generator(lineage: Any) -> None:
    """Refuse a generator whose chain would be a confident, wrong figure."""
    import numpy as np

    from modelcollapse.errors import InputError
    from modelcollapse.protocols import attuned
    from modelcollapse.testing import BrokenPromise, check_learner

    some = lineage.truth.take(np.arange(min(len(lineage.truth), CHECKED_RECORDS)))
    try:
        check_learner(attuned(lineage.learner, lineage.truth), some)
    except BrokenPromise as broken:
        raise InputError(f"the generator cannot be planned with: {broken}") from broken
