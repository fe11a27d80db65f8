"""The command that judges a verifier by labelled records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli._app import app


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse estimate audit.csv\n\n"
    "modelcollapse estimate audit.jsonl --label-column correct --cluster-column problem --json"
)
def estimate(
    audit: Annotated[
        Path,
        typer.Argument(help="CSV, JSON Lines or Parquet file with one labelled record per row."),
    ],
    label_column: Annotated[
        str,
        typer.Option(help="Column that says whether a record is right: 1 or 0, right or wrong."),
    ] = "label",
    kept_column: Annotated[
        str, typer.Option(help="Column that says whether the verifier kept it.")
    ] = "kept",
    group_column: Annotated[
        str | None,
        typer.Option(
            help="Column of tasks, languages or sources to tell apart.",
            show_default="group, where there is one",
        ),
    ] = None,
    cluster_column: Annotated[
        str | None,
        typer.Option(
            help="Column of the prompt, problem or document that records share.",
            show_default="cluster, where there is one",
        ),
    ] = None,
    keep_rate: Annotated[
        float | None,
        typer.Option(
            help="Share of all records kept, if kept and dropped ones were labelled in another "
            "proportion.",
            show_default="that of the sample",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of each interval.")] = 0.95,
    interval: Annotated[
        str, typer.Option(help="Intervals: 'jeffreys' (Bayesian) or 'exact'.")
    ] = "jeffreys",
    json: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
) -> None:
    """Judge a verifier by labelled records: whether selection helps, or breaks down."""
    from modelcollapse.columns import read_columns
    from modelcollapse.verifier_quality import estimate as judge

    asked = [name for name in (group_column, cluster_column) if name is not None]
    columns = read_columns(audit, [label_column, kept_column, *asked], ["group", "cluster"])
    # groups that nobody asked for must not stand in the way of a keep rate
    group = group_column or ("group" if keep_rate is None else None)
    found = judge(
        columns[label_column],
        columns[kept_column],
        groups=columns.get(group) if group else None,
        clusters=columns.get(cluster_column or "cluster"),
        keep_rate=keep_rate,
        confidence=confidence,
        interval=interval,  # type: ignore[arg-type]  # checked there
    )
    typer.echo(found.to_json().rstrip() if json else repr(found))
