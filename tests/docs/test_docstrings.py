"""Docstrings keep their form, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import modelcollapse
from modelcollapse.theory._formula import CATALOGUE

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(modelcollapse.__path__, "modelcollapse.")
)

# Everything else that numpydoc checks must hold.
IGNORED = {
    "ES01": "one sentence is often all there is to say",
    "EX01": "examples stand where they help",
    "SA01": "links between functions stand in the text, where they say why",
    "SS05": "a noun phrase says better what a measure is, and many end in an s",
    "RT01": "a summary that names what is returned needs no section",
    "YD01": "the same for generators",
    "PR01": "checked below: all parameters or, where name and type say it all, none",
    "PR04": "entries that refer to another docstring repeat no types",
    "PR05": "an open list of types ends in dots",
    "PR06": "an integer ndarray is no int",
    "RT03": "a returned type may speak for itself",
    "RT04": "what is returned may be called by a symbol",
}


def objects(name):
    """Public classes, functions and methods that a module defines."""
    module = importlib.import_module(name)
    for key, thing in vars(module).items():
        if key.startswith("_") or getattr(thing, "__module__", None) != name:
            continue
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield f"{name}.{key}", thing
        if inspect.isclass(thing):
            for attribute, member in vars(thing).items():
                inner = member.fget if isinstance(member, property) else member
                inner = getattr(inner, "__func__", inner)
                if not attribute.startswith("_") and inspect.isfunction(inner):
                    yield f"{name}.{key}.{attribute}", inner


def complaints(path):
    """What numpydoc finds in a docstring, apart from what is ignored."""
    found = dict(validate(path)["errors"])
    kept = [f"{code} {text}" for code, text in found.items() if code not in IGNORED]
    thing = inspect.getdoc(_resolve(path)) or ""
    if "PR01" in found and NumpyDocString(thing)["Parameters"]:
        kept.append(f"PR01 {found['PR01']}")
    return kept


def _resolve(path):
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing
    raise LookupError(path)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_are_complete_and_match_the_signatures(name):
    assert (importlib.import_module(name).__doc__ or "").strip(), f"{name} has no docstring"
    wrong = {path: complaints(path) for path, _ in objects(name)}
    assert not {path: found for path, found in wrong.items() if found}


def formulas_and_measures():
    for name in MODULES:
        room, last = name.split(".")[1], name.split(".")[-1]
        if room == "metrics" and not last.startswith("_"):
            yield from ((path, f) for path, f in objects(name) if inspect.isfunction(f))
        elif room == "theory":
            importlib.import_module(name)
    yield from ((name, formula.function) for name, formula in CATALOGUE.items())


def test_formulas_and_measures_document_every_parameter():
    lacking = [
        path
        for path, thing in formulas_and_measures()
        if set(inspect.signature(thing).parameters)
        - {"self", "cls"}
        - {
            name.lstrip("*")
            for entry in NumpyDocString(inspect.getdoc(thing) or "")["Parameters"]
            for name in entry.name.split(", ")
        }
    ]
    assert not lacking


def test_a_docstring_that_does_not_match_is_noticed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "badly_documented.py").write_text(
        'def f(a, b):\n    """Add.\n\n    Parameters\n    ----------\n'
        '    a : int\n        First.\n    c : int\n        Other.\n    """\n'
    )
    found = " ".join(complaints("badly_documented.f"))
    assert "PR01" in found
    assert "PR02" in found


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_are_found():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = sum(
        len(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
    )
    assert found > 100


def test_public_names_stay_what_they_are_when_modules_of_the_same_name_are_imported():
    for name in MODULES:
        importlib.import_module(name)
    for name in ("simulate", "predict", "plan"):
        if name in modelcollapse.__all__:
            assert inspect.isfunction(getattr(modelcollapse, name)), f"mc.{name} is a module now"
