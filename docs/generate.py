"""Write the reference pages from the code: run it after a change, a test checks that you did.

python docs/generate.py

Command line from its parser, spec files from the registry's dataclasses, theory from the catalogue
of formulas, and the list of measures from docstrings.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from numpydoc.docscrape import NumpyDocString

from modelcollapse import metrics, registry, spec, theory
from modelcollapse.cli import app
from modelcollapse.lineage import Lineage
from modelcollapse.theory._formula import CATALOGUE

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py from the code. Do not edit. -->\n"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->"

ROLES = {
    "truth": "Truths",
    "learner": "Learners",
    "policy": "Policies",
    "curator": "Curators",
    "probe": "Measures",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Markdown table; bars within cells are escaped."""
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped) + "\n"


def prose(lines: Iterable[str]) -> str:
    """Docstring text as Markdown: paragraphs on one line each, lists kept."""
    text = "\n".join(line.strip() for line in lines)
    text = re.sub(r"\n(?!\n|- |\d\. )", " ", text)
    return re.sub(r"``([^`]*)``", r"`\1`", text).strip()


def described(thing: Any) -> NumpyDocString:
    """Parsed docstring."""
    return NumpyDocString(inspect.getdoc(thing) or "")


def parameters(thing: Any) -> dict[str, tuple[str, str]]:
    """Type and description of each documented parameter."""
    return {
        name: (prose([entry.type]), prose(entry.desc).replace("\n", " "))
        for entry in described(thing)["Parameters"]
        for name in entry.name.split(", ")
    }


# --- command line ---------------------------------------------------------------------------


def command_line() -> str:
    """Page of all commands."""
    group = typer.main.get_command(app)
    parts = [NOTE, "# Command line\n", f"{group.help}\n"]
    parts.append(table(("option", "what it does"), _options(group)))
    for name, command in group.commands.items():
        words = " ".join(p.name.upper() for p in command.params if p.param_type_name == "argument")
        usage = f"modelcollapse {name} [OPTIONS] {words}".strip()
        parts += [f"## {name}\n", f"{_plain(command.help)}\n", f"```text\n{usage}\n```\n"]
        parts.append(table(("option", "what it does"), _options(command)))
        if command.epilog:
            examples = [line for line in command.epilog.split("\n\n") if "[bold]" not in line]
            lines = "\n".join(f"$ {line.strip()}" for line in examples)
            parts.append(f"```console\n{lines}\n```\n")
    parts.append("Exit codes and files: [store](../store.md).\n")
    return "\n".join(parts)


def _options(command: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            yield f"`{parameter.name.upper()}`", _plain(parameter.help)
            continue
        shown = parameter.show_default
        default = shown if isinstance(shown, str) else parameter.default
        flag = getattr(parameter, "is_flag", False)
        tail = "" if flag or default is None else f" Default: {default}."
        yield ", ".join(f"`{name}`" for name in parameter.opts), _plain(parameter.help) + tail
    yield "`--help`, `-h`", "Show the help and exit."


def _plain(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


# --- spec files -----------------------------------------------------------------------------


def spec_files() -> str:
    """Page of all fields of a spec file."""
    known = {**parameters(Lineage.run), **parameters(Lineage)}
    known |= {
        "modelcollapse": ("int", f"Version of the format; this package reads {spec.VERSION}."),
        "title": ("str", "For people: the heading of the report."),
        "description": ("str", "For people: below the heading."),
        "policies": ("mapping of label to policy", "One lineage for each policy."),
        "policy": ("policy", "In place of `policies`, where there is only one."),
        "measures": ("list of measures", "What suits the data when not given."),
        "truth": ("truth", known["truth"][1]),
        "learner": ("learner", known["learner"][1]),
        "curator": ("curator, optional", known["curator"][1]),
    }
    order = ["modelcollapse", "title", "description", "truth", "learner", "size", "policies"]
    order += ["policy", "budget", "curator", "holdout"]
    order += ["generations", "replicates", "seed", "every", "snapshots", "measures"]
    missing = {*spec.LINEAGE, *spec.RUN} - set(order)
    if missing:
        raise SystemExit(f"docs/generate.py does not know the fields {missing} of a spec")
    defaults = {field.name: field.default for field in dataclasses.fields(spec.Simulation)}
    rows = []
    for field in order:
        kind, meaning = known[field]
        if field in spec.RUN and defaults.get(field) not in ("", (), None):
            kind = f"{kind.split(',')[0]}, default {defaults[field]}"
        rows.append((f"`{field}`", kind, meaning))
    parts = [
        NOTE,
        "# Spec files\n",
        "A simulation as YAML or JSON. Every field is checked before anything runs. A part is "
        "`{type: name, field: value}`, or just the name where no field is needed. Paths are "
        "relative to the file. Examples: the folder `examples`.\n",
        table(("field", "type", "meaning"), rows),
    ]
    for role, heading in ROLES.items():
        parts.append(f"## {heading}\n")
        parts += [_part(name, registry.load(role, name, "")) for name in registry.BUILT_IN[role]]
    return "\n".join(parts)


def _part(name: str, cls: type) -> str:
    documented = parameters(cls)
    rows = [
        (f"`{field.name}`", *documented[field.name])
        for field in dataclasses.fields(cls)
        if field.init
    ]
    fields = table(("field", "type", "meaning"), rows) if rows else "No fields.\n"
    return f"### `{name}`\n\n{prose(described(cls)['Summary'])}\n\n{fields}"


# --- theory ---------------------------------------------------------------------------------


def theory_page() -> str:
    """Page of all formulas."""
    for _, name, _ in pkgutil.walk_packages(theory.__path__, "modelcollapse.theory."):
        importlib.import_module(name)
    parts = [
        NOTE,
        "# Theory\n",
        "Closed forms, each a plain function in `modelcollapse.theory`. *Exact* is the quantity, a "
        "*bound* bounds it, *asymptotic* approaches it in a limit. The condition is part of the "
        "claim: outside it the number means nothing. Sources are keys of "
        "`modelcollapse.references`; `modelcollapse` marks what was derived for this package. "
        "Generations count from 0.\n",
    ]
    modules = dict.fromkeys(name.split(".")[0] for name in CATALOGUE)
    for module in sorted(modules):
        summary = prose(inspect.getdoc(importlib.import_module(f"modelcollapse.theory.{module}"))
                        .split("\n\n")[0].splitlines())  # fmt: skip
        parts.append(f"## `modelcollapse.theory.{module}`\n\n{summary}\n")
        rows = []
        for name, formula in sorted(CATALOGUE.items()):
            if name.split(".")[0] == module:
                source = f"{formula.source}, {formula.where}"
                if formula.corrects:
                    source += f"; corrects {formula.corrects}"
                words = prose(described(formula.function)["Summary"]).removesuffix(".")
                rows.append((f"`{name.split('.')[1]}`", words, formula.kind, formula.holds, source))
        parts.append(table(("function", "what it is", "kind", "holds for", "source"), rows))
    return "\n".join(parts)


# --- measures -------------------------------------------------------------------------------


def measures() -> str:
    """Generated part of the page on measures."""
    parts = []
    for _, name, _ in pkgutil.iter_modules(metrics.__path__):
        if name.startswith("_"):
            continue
        module = importlib.import_module(f"modelcollapse.metrics.{name}")
        heading, _, rest = (inspect.getdoc(module) or "").partition("\n\n")
        rows = []
        for public, thing in vars(module).items():
            own = getattr(thing, "__module__", "").startswith(module.__name__)
            if own and not public.startswith("_") and inspect.isfunction(thing):
                found = described(thing)
                notes = prose(found["Notes"]).split("\n\n")[0].replace("\n", " ")
                rows.append((f"`{public}`", prose(found["Summary"]).removesuffix("."), notes))
        if not rows:  # no measure, but what measures return
            continue
        parts.append(f"### `modelcollapse.metrics.{name}`\n\n{prose(heading.splitlines())}\n")
        if rest:
            parts.append(f"{prose(rest.splitlines())}\n")
        parts.append(table(("function", "what it is", "estimator, bias, source"), rows))
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Text of every page that is generated, or partly so, by its path."""
    page = DOCS / "measures.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        DOCS / "reference" / "cli.md": command_line(),
        DOCS / "reference" / "spec.md": spec_files(),
        DOCS / "reference" / "theory.md": theory_page(),
        page: f"{before}{BEGIN}\n{measures()}\n{END}{after}",
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
