"""The application that commands join, and what they share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from modelcollapse.errors import ModelCollapseError


class _Commands(TyperGroup):
    """Commands whose errors are one sentence and an exit code, never a traceback."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, of which the name may have two words: `plan ridge` beside `plan`."""
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        # Specs may name modules beside which the command is run, as `python -m` would find them.
        if "" not in sys.path:
            sys.path.insert(0, "")
        # Here rather than around the app, which turns an interruption into an exit by itself.
        try:
            return super().invoke(ctx)
        except ModelCollapseError as error:
            typer.echo("modelcollapse: " + " ".join(str(error).split()), err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo(
                "modelcollapse: stopped. With --output, the same command goes on from here.",
                err=True,
            )
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


def require_folder(path: Path) -> None:
    """Make a folder for results, before any work is done for it."""
    from modelcollapse.errors import StoreError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {path}: {error.strerror}. Choose another --output."
        ) from error


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
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
