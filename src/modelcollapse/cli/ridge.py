"""Command: plan ridge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli._app import app


@app.command(
    "plan ridge",
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse plan ridge table.parquet --target y --generation-column depth\n\n"
    "modelcollapse plan ridge table.csv --target y --generations 5 --generator-records 600\n\n"
    "modelcollapse plan ridge examples/regression.yaml --generations 5 --real 100",
)
def plan_ridge(
    source: Annotated[
        Path,
        typer.Argument(
            help="A table (.csv, .jsonl, .parquet), or a spec of a chain of ridge fits."
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="Column of the table that is to be predicted.")
    ] = None,
    generation_column: Annotated[
        str | None,
        typer.Option(help="Column that counts the generators behind an outcome; 0 is a real one."),
    ] = None,
    generations: Annotated[
        int | None,
        typer.Option(help="Generators behind all rows, or before the fit.", show_default="0"),
    ] = None,
    generator_records: Annotated[
        float | None, typer.Option(help="Records that each generator was fitted to.")
    ] = None,
    generator_noise: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of outcomes about their mean.", show_default="from residuals"
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Column of the table that is no input; repeatable.")
    ] = None,
    intercept: Annotated[bool, typer.Option(help="Fit an intercept, as generators did.")] = True,
    records: Annotated[
        int | None,
        typer.Option(help="With a spec: records of the fit.", show_default="the generators'"),
    ] = None,
    real: Annotated[int, typer.Option(help="With a spec: real records at hand.")] = 0,
    goal: Annotated[
        float | None, typer.Option(help="Excess squared error that real records are to reach.")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="Of intervals.", show_default="0.95")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Say what ridge to use on outcomes that models wrote, and what it gains."""
    from modelcollapse.errors import InputError
    from modelcollapse.ridge_planning import plan_ridge as advise
    from modelcollapse.ridge_planning.from_spec import plan_ridge_from_spec
    from modelcollapse.ridge_planning.table import read_table

    found: Any
    if source.suffix in (".yaml", ".yml", ".json"):
        given = {
            "--target": target, "--generation-column": generation_column,
            "--generator-records": generator_records, "--generator-noise": generator_noise,
            "--leave-out": leave_out, "--no-intercept": not intercept, "--confidence": confidence,
        }  # fmt: skip
        for option, value in given.items():
            if value:
                raise InputError(
                    f"{source} is a spec, which says everything about its chain already. Leave out "
                    f"{option}, or name a table."
                )
        found = plan_ridge_from_spec(
            source, generations=generations, records=records, real=real, goal=goal
        )
    else:
        if target is None:
            raise InputError(
                f"{source} is a table, and it is not known which column is to be predicted. Name "
                "it with --target."
            )
        if records is not None or real:
            raise InputError(
                f"{source} is a table, whose rows can be counted: --records and --real are for "
                "specs. Leave them out."
            )
        if generation_column is not None and generations is not None:
            raise InputError(
                "--generation-column and --generations both say how deep the rows are. Use one."
            )
        table = read_table(
            source, target, generation=generation_column, leave_out=tuple(leave_out or ())
        )
        found = advise(
            table.inputs, table.target, table.generation,
            generations=generations or 0, generator_records=generator_records,
            generator_noise=generator_noise, fit_intercept=intercept, goal=goal,
            confidence=0.95 if confidence is None else confidence,
        )  # fmt: skip
    typer.echo(found.to_json() if json else repr(found))
