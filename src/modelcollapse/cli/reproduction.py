"""Command: reproduce."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli._app import app, require_folder


@app.command(
    epilog="[bold]Examples[/bold]\n\n"
    "modelcollapse reproduce --list\n\n"
    "modelcollapse reproduce nature-gaussian --output out/\n\n"
    "modelcollapse reproduce all --scale quick"
)
def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(help="Published experiments, by name, or all.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say which there are.")] = False,
    scale: Annotated[
        str, typer.Option(help="quick: enough to test the laws; full: the published sizes.")
    ] = "quick",
    seed: Annotated[int, typer.Option(help="Seed of the runs.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o",
            help="Folder for reproduction.html, figure.svg and result.json; for several "
            "experiments, a folder each within it.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:  # fmt: skip
    """Run published experiments again: published value, ours, verdict."""
    from modelcollapse import reproduction
    from modelcollapse.errors import InputError

    if list_:
        rows = reproduction.overview()
        width = max(len(row["name"]) for row in rows)
        lines = [f"{row['name']:{width}}  {row['title']} ({row['source']})" for row in rows]
        typer.echo(dumps({"recipes": rows}, indent=1) if json else "\n".join(lines))
        return
    if not names:
        raise InputError(
            "there is no experiment to reproduce. Name one, or use --list to see which there are."
        )
    wanted = reproduction.NAMES if names == ["all"] else names
    for name in wanted:
        reproduction.recipe(name)  # a misspelt name is told before anything runs
    folders = {name: output / name if len(wanted) > 1 else output for name in wanted if output}
    for folder in folders.values():
        require_folder(folder)
    results, passed = [], True
    for name in wanted:
        found = reproduction.reproduce(name, scale=scale, seed=seed)  # type: ignore[arg-type]
        passed = passed and found.passed
        if name in folders:
            from modelcollapse.reproduction_page import write

            write(found, folders[name])
        if json:
            results.append(found.to_dict())
        else:
            typer.echo(repr(found) + "\n")
    if json:
        typer.echo(dumps({"reproductions": results}, indent=1, allow_nan=False))
    if not passed:
        raise typer.Exit(1)
