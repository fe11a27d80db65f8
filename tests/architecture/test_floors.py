"""A module imports only from floors below it, and nobody imports in a circle."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import modelcollapse

ROOT = Path(modelcollapse.__file__).parent
FLOORS = [
    {"errors", "seeds", "records", "protocols", "references", "bibliography", "batches"},
    {"theory", "metrics", "families"},
    {
        "corpus", "policies", "probes", "curators", "learners", "sources", "files",
        "registry", "store", "fingerprint", "columns",
        "verifiers", "selection", "shards", "profiles",
        "workers",
    },
    {"nature", "draw", "generation", "lineage", "tabular", "history", "comparison", "engine",
     "continued"},
    {
        "spec", "simulation", "verdict", "theorems", "prediction", "trials", "planning",
        "decomposition", "recipes", "reproduction", "verifier_quality", "ridge_planning",
        "estimators", "panels", "regression_panels", "verification", "curation",
        "auditing",
    },
    {
        "plot", "pictures", "svg", "report", "report_tables", "reproduction_page", "outputs",
        "cli", "doctor", "testing", "panel_drawing", "text_pictures",
        "curation_page", "curation_pictures", "audit_page", "audit_pictures",
    },
]  # fmt: skip
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# Methods that make an object pleasant to use reach up, when they are called and not before.
REACHES_UP = {
    ("curation", "curation_page"), ("auditing", "audit_page"),
    ("history", "plot"), ("history", "report"),
    ("comparison", "plot"), ("comparison", "report"),
    ("registry", "lineage"), ("lineage", "prediction"),
    ("decomposition", "plot"), ("panels", "panel_drawing"),
}  # fmt: skip


def modules():
    return sorted(p for p in ROOT.rglob("*.py") if p.relative_to(ROOT).parts != ("__init__.py",))


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_for_types_only(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(path):
    """Modules of the package that a module imports, with whether it does so when imported."""

    def walk(node, at_import):
        for child in ast.iter_child_nodes(node):
            if is_for_types_only(child):
                continue
            if isinstance(child, ast.ImportFrom) and (child.module or "").startswith(
                "modelcollapse"
            ):
                base = child.module.removeprefix("modelcollapse").removeprefix(".")
                for alias in child.names:
                    inner = f"{base}.{alias.name}" if base else alias.name
                    exists = (ROOT / inner.replace(".", "/")).with_suffix(".py").exists()
                    is_package = (ROOT / inner.replace(".", "/")).is_dir()
                    yield (inner if exists or is_package else base), at_import
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    if alias.name.startswith("modelcollapse"):
                        yield alias.name.removeprefix("modelcollapse."), at_import
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from walk(child, at_import and not deferred)

    return set(walk(ast.parse(path.read_text()), True))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_its_floor_and_below(path):
    module = name_of(path)
    room = module.split(".")[0]
    assert room in FLOOR, f"{room} has no floor: add it to FLOORS"
    for imported, at_import in imports(path):
        if imported in ("", "__init__"):
            continue
        other = imported.split(".")[0]
        if not at_import and (room, other) in REACHES_UP:
            continue
        assert FLOOR[other] <= FLOOR[room], f"{module} imports {imported} from above"
        if FLOOR[room] == FLOOR[other] == 1 and room != other:
            pytest.fail(f"{module} imports {imported}: rooms of floor 1 are independent")


def test_no_import_cycles():
    graph = {
        name_of(path): {i for i, at_import in imports(path) if at_import and i} - {name_of(path)}
        for path in modules()
    }
    tuple(TopologicalSorter(graph).static_order())


def test_the_walk_finds_what_it_should():
    # A negative control: were the walk blind, the tests above could not fail.
    found = imports(ROOT / "lineage.py")
    assert ("corpus", True) in found
    assert ("engine", False) in found
    assert not any(name == "history" for name, _ in found)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_module_is_too_long_to_hold_in_the_head(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("package", ["torch", "pandas", "polars", "sklearn", "matplotlib", "typer"])
def test_importing_the_package_is_light(package):
    code = f"import modelcollapse, sys; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", modelcollapse.__all__)
def test_every_public_name_is_there_and_documented(name):
    found = getattr(modelcollapse, name)
    assert (found.__doc__ or "").strip()
