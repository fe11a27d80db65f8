"""Command: doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from modelcollapse.cli._app import app


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
