"""Commands that score records, and that judge a verifier by labelled ones."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli._app import app, progress_bar


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


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse verify gen2.jsonl --with rouge --reference-column gold\n\n"
    "modelcollapse verify 'gen2/*.parquet' --with rouge:kind=rouge2,stem=false "
    "--with rules:min_words=5 --output scores/"
)
def verify(
    data: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders or patterns: Parquet, JSON Lines, CSV or text (also .gz and "
            ".zst), or a folder saved by datasets."
        ),
    ],
    verifiers: Annotated[
        list[str],
        typer.Option(
            "--with", "-w",
            help="Verifier: a name, name:field=value,field=value, or a YAML file of them. May be "
            "repeated.",
        ),
    ],
    text_column: Annotated[
        str | None, typer.Option(help="Column to be judged.", show_default="the verifier's")
    ] = None,
    reference_column: Annotated[
        str | None,
        typer.Option(help="Column with what is right.", show_default="the verifier's"),
    ] = None,
    prompt_column: Annotated[
        str | None,
        typer.Option(help="Column with what was asked.", show_default="the verifier's"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o",
            help="Folder for the scores. A run that was stopped goes on from here.",
            show_default="DATA.scores",
        ),
    ] = None,
    resume: Annotated[
        str,
        typer.Option(
            help="Use scores that are there: 'if-possible' (those of the same records and "
            "settings), 'always' (or fail, naming what differs) or 'never'."
        ),
    ] = "if-possible",
    max_failures: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0,
            help="Share of records that may be without a score; above it the exit code is 1.",
        ),
    ] = 0.5,
    batch: Annotated[
        int, typer.Option(help="Records scored at once. Has no influence on the scores.")
    ] = 1024,
    jobs: Annotated[
        int, typer.Option(help="Processes; -1 for all cores. Has no influence on the scores.")
    ] = -1,
    engine: Annotated[
        str,
        typer.Option(
            help="'processes' of this machine, 'ray' for a cluster of Ray, or 'inline' for this "
            "process alone."
        ),
    ] = "processes",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:  # fmt: skip
    """Score records in files, and keep the scores beside them."""
    from modelcollapse.errors import InputError
    from modelcollapse.shards.opening import NoColumn
    from modelcollapse.verification import verify as score
    from modelcollapse.verification.naming import column_option, named_verifiers

    if jobs == 0:
        raise InputError("--jobs is 0, but the work needs a process. Use 1, or -1 for all cores.")
    if output is not None and output.exists() and not output.is_dir():
        raise InputError(
            f"--output {output} is a file, but scores need a folder. Name another one."
        )
    columns = {"text": text_column, "reference": reference_column, "prompt": prompt_column}
    chosen = named_verifiers(verifiers, columns)
    try:
        with progress_bar(" · ".join(data)[:60]) as progress:
            scores = score(
                data[0] if len(data) == 1 else data,
                chosen,
                output=output,
                engine=engine,
                n_jobs=jobs,
                resume=resume,
                batch=batch,
                progress=progress,
            )
    except NoColumn as error:
        option = column_option(chosen, error.column)
        if option is None:
            raise
        raise InputError(f"{error} Name the column that holds it with {option}.") from error
    typer.echo(dumps(scores.to_dict(), allow_nan=False) if json else repr(scores))
    if not json:
        typer.echo(f"\nscores: {scores.folder}")
    for name in scores.names:
        failed = scores.account(name).failed
        if failed > max_failures:
            typer.echo(
                f"modelcollapse: {name} has no score for {failed:.0%} of the records, more than "
                f"--max-failures allows ({max_failures:.0%}). The scores there are were kept.",
                err=True,
            )
            raise typer.Exit(1)
