import importlib
import inspect
import pkgutil

import pytest

from modelcollapse import theory
from modelcollapse.bibliography import BIBLIOGRAPHY
from modelcollapse.errors import InputError
from modelcollapse.theory import (
    approximation,
    curation,
    discrete,
    gaussian,
    kernel,
    mixing,
    regression,
    scaling,
    stability,
    verification,
)
from modelcollapse.theory._formula import CATALOGUE, formula

PACKAGES = {
    "gaussian": gaussian,
    "discrete": discrete,
    "mixing": mixing,
    "scaling": scaling,
    "curation": curation,
    "regression": regression,
    "verification": verification,
}
MODULES = {"kernel": kernel, "stability": stability, "approximation": approximation}


def public_functions():
    for name, package in PACKAGES.items():
        for attribute in package.__all__:
            if inspect.isfunction(getattr(package, attribute)):
                yield f"{name}.{attribute}", getattr(package, attribute)
    for name, module in MODULES.items():
        for attribute, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not attribute.startswith("_"):
                yield f"{name}.{attribute}", function


FUNCTIONS = dict(public_functions())


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_public_formula_is_in_the_catalogue_under_its_public_name(name):
    entry = CATALOGUE[name]
    assert entry.function is FUNCTIONS[name]
    assert entry.kind in ("exact", "bound", "asymptotic")
    assert entry.source in BIBLIOGRAPHY
    assert entry.where
    assert entry.holds


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_docstring_says_what_it_needs_and_where_it_comes_from(name):
    text = inspect.getdoc(FUNCTIONS[name])
    for section in ("Parameters", "Returns", "Raises", "Notes", "References"):
        assert f"\n{section}\n---" in text, section
    sources = text.split("References\n")[1]
    assert any(key in sources for key in BIBLIOGRAPHY)
    for parameter in inspect.signature(FUNCTIONS[name]).parameters:
        assert parameter in text.split("Parameters\n")[1].split("Returns\n")[0], parameter


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_of_generations_state_the_index(name):
    if "generations" in inspect.signature(FUNCTIONS[name]).parameters:
        assert "Counted from 0" in inspect.getdoc(FUNCTIONS[name])


def test_packages_export_every_public_function_of_their_files():
    for package in PACKAGES.values():
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith("_"):
                continue
            file = importlib.import_module(f"{package.__name__}.{module.name}")
            for attribute, thing in inspect.getmembers(file, inspect.isfunction):
                own = thing.__module__ == file.__name__ and not attribute.startswith("_")
                if own and f"{module.name}.{attribute}" not in INTERNAL:
                    assert attribute in package.__all__, attribute


INTERNAL = {
    "frequencies.diversity",
    "frequencies.lost",
    "replace.log_moment",
    "weighting.ratio",
    "weighting.relaxed",
    "weighting.share",
}  # shared by files of the package


def test_corrected_misprints_name_the_work_they_correct():
    corrected = {name: entry.corrects for name, entry in CATALOGUE.items() if entry.corrects}
    assert corrected["gaussian.accumulate_total_variance"].startswith("shumailov2023")
    assert all(text.split(",")[0] in BIBLIOGRAPHY for text in corrected.values())


def test_an_unknown_source_is_refused_where_it_is_written():
    with pytest.raises(InputError, match="not in the bibliography"):
        formula(kind="exact", source="nobody1900", where="", holds="")
    with pytest.raises(InputError, match="not in the bibliography"):
        formula(kind="exact", source="ewens2004", where="", holds="", corrects="nobody1900, p. 1")


def test_theory_never_imports_families():
    for module in pkgutil.walk_packages(theory.__path__, theory.__name__ + "."):
        source = inspect.getsource(importlib.import_module(module.name))
        assert "modelcollapse.families" not in source, module.name
