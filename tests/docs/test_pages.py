"""What the pages say is true: code runs, specs are valid, commands exist, links lead somewhere."""

import ast
import contextlib
import importlib.util
import io
import pkgutil
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
import yaml

from modelcollapse import registry, spec, theory
from modelcollapse.bibliography import BIBLIOGRAPHY
from modelcollapse.cli import app
from modelcollapse.curation import spec as curation_spec
from modelcollapse.theory._formula import CATALOGUE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(
    r"(?P<note><!--[^\n]*-->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def blocks(page, *languages):
    """Blocks of these languages that are not marked ``<!-- not run: reason -->``."""
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        note = match["note"] or ""
        if match["language"] in languages and not note.startswith("<!-- not run: "):
            yield match["language"], match["text"], note


def without_code(page):
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def load(path):
    found = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # where dataclasses look their annotations up
    found.loader.exec_module(module)
    return module


# --- code -----------------------------------------------------------------------------------


def agree(printed, shown, note):
    """Whether a block ``text`` shows what the code before it printed.

    After ``<!-- similar: reason -->`` numbers may differ: the reason says why.
    """
    if note.startswith("<!-- similar: "):
        printed, shown = (re.sub(r"[-+]?\d[\d.e+-]*|\s+", "#", t) for t in (printed, shown))
        printed, shown = (re.sub("#+", "#", t) for t in (printed, shown))
    return printed == shown


@EVERY_PAGE
def test_python_blocks_run_and_print_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, printed = {"__name__": "page"}, ""
    for language, text, note in blocks(page, "python", "text"):
        if language == "text":
            assert not printed or agree(printed, text, note), f"{page} shows another output"
            printed = ""
            continue
        assert not printed, f"a block of {page} prints what the page does not show:\n{printed}"
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, str(page), "exec"), names)
        printed = out.getvalue()
    assert not printed, f"the last block of {page} prints what the page does not show:\n{printed}"


def test_the_runner_notices_another_output():
    assert not agree("variance 0.37\n", "variance 0.38\n", "")
    assert agree("variance 0.37 [1, 2e-05]\n", "variance  0.38 [1, 2]\n", "<!-- similar: why -->")
    assert not agree("variance 0.37\n", "entropy 0.37\n", "<!-- similar: why -->")


SMALLEST = {
    "truth": "exact_gaussian",
    "learner": "gaussian_mle",
    "size": 100,
    "policy": {"type": "replace", "n": 100},
}


@EVERY_PAGE
def test_specs_are_valid(page):
    for _, text, _ in blocks(page, "yaml"):
        document = yaml.safe_load(text)
        if "synthetic" in document:
            assert curation_spec.parse(document, base=ROOT).verifiers
            continue
        if "modelcollapse" not in document:  # a part of a spec: completed by the smallest one
            base = {
                k: v for k, v in SMALLEST.items() if k != "policy" or "policies" not in document
            }
            document = {**base, **document}
        assert spec.parse(document, base=ROOT).lineages


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.name)
def test_examples_are_valid(path):
    if "synthetic" in yaml.safe_load(path.read_text(encoding="utf-8")):
        assert curation_spec.read(path).verifiers
    else:
        assert spec.read(path).lineages


# --- commands -------------------------------------------------------------------------------

GROUP = typer.main.get_command(app)
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def check_command(line):
    """Fail unless a line of a console block could be typed."""
    words = shlex.split(line.split("#")[0])
    if words[0] == "make":
        assert words[1] in TARGETS, f"there is no target '{words[1]}'"
    elif words[0] == "modelcollapse":
        two = " ".join(words[1:3])
        name = two if two in GROUP.commands else words[1]
        assert name in GROUP.commands, f"there is no command '{name}'"
        GROUP.commands[name].make_context(name, words[1 + len(name.split()) :])
        for word in words[2:]:
            assert not word.startswith("examples/") or (ROOT / word).is_file(), f"no file {word}"
    else:
        assert words[:2] == ["pip", "install"], f"unknown command: {line}"


@EVERY_PAGE
def test_commands_exist(page):
    for _, text, _ in blocks(page, "console"):
        for line in text.splitlines():
            if line.startswith("$ "):
                check_command(line.removeprefix("$ "))
    for name in re.findall(r"`modelcollapse ([a-z]\w*)", without_code(page)):
        assert name in GROUP.commands
    for name in re.findall(r"`make ([a-z]+)`", without_code(page)):
        assert name in TARGETS


@pytest.mark.parametrize(
    "line", ["make nothing", "modelcollapse nothing", "modelcollapse doctor --nothing", "ls"]
)
def test_a_command_that_does_not_exist_is_noticed(line):
    with pytest.raises(Exception, match=r".") as caught:
        check_command(line)
    assert isinstance(caught.value, AssertionError) or "nothing" in str(caught.value)


@pytest.mark.parametrize("name", GROUP.commands)
def test_commands_are_documented(name):
    assert f"## {name}\n" in (DOCS / "reference" / "cli.md").read_text()


# --- links and sources ----------------------------------------------------------------------


def anchors(page):
    """Anchors of the headings of a page, as GitHub makes them."""
    for heading in re.findall(r"^#+ (.*)$", without_code(page), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@EVERY_PAGE
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page} links to {target}"
        assert not anchor or anchor in set(anchors(there)), f"{page} links to {target}"


@EVERY_PAGE
def test_cited_works_are_in_the_bibliography(page):
    for keys in re.findall(r"\[([a-z]+\d{4}\w*)\](?!\()", without_code(page)):
        assert keys in BIBLIOGRAPHY


def test_every_page_can_be_reached_from_the_index():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)#\s]+)", without_code(page))
        waiting += [(page.parent / t).resolve() for t in targets if not t.startswith("https://")]
    assert set(PAGES) <= seen


# --- the first page -------------------------------------------------------------------------

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_page_is_short_and_begins_with_code():
    lines = README.splitlines()
    assert len(lines) <= 120
    assert lines.index("```python") < 20
    assert lines[0] == "# modelcollapse"
    code = re.search(r"```python\n(.*?)```\n\n```text\n", README, re.DOTALL)
    assert code, "the table stands right below the code"
    assert len(code[1].splitlines()) <= 15


def test_the_figures_come_from_the_package_as_it_stands():
    make = load(DOCS / "figures" / "make.py")
    figures = make.figures()
    assert set(figures) == set((DOCS / "figures").glob("*.svg"))
    number = re.compile(r"-?\d+(?:\.\d+)?")
    for path, drawn in figures.items():
        kept = path.read_text(encoding="utf-8")
        assert number.sub("", drawn) == number.sub("", kept), f"{path.name} is stale"
        pairs = zip(number.findall(drawn), number.findall(kept), strict=True)
        # Pixels: what another version of NumPy may change in the last digit.
        assert max(abs(float(a) - float(b)) for a, b in pairs) <= 0.2, f"{path.name} is stale"
        assert "prefers-color-scheme: dark" in kept
        assert len(kept) <= make.SHORT


# --- completeness ---------------------------------------------------------------------------

TABLES = {
    "truth": "learners.md",
    "learner": "learners.md",
    "policy": "policies.md",
    "curator": "policies.md",
    "probe": "measures.md",
    "verifier": "verifiers.md",
    "rule": "selection.md",
}


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in registry.BUILT_IN.items() for name in names]
)
def test_every_named_part_has_a_row_on_its_page(role, name):
    assert f"\n| `{name}` |" in (DOCS / TABLES[role]).read_text(encoding="utf-8")


def test_generated_pages_are_fresh():
    for path, text in load(DOCS / "generate.py").pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale: run make docs"


def test_design_notes_are_listed_in_order():
    notes = sorted(p.name for p in (DOCS / "design").glob("0*.md"))
    listed = re.findall(r"\((0[\w-]+\.md)\)", (DOCS / "design" / "README.md").read_text())
    assert listed == notes
    for number, name in enumerate(notes, 1):
        text = (DOCS / "design" / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        assert re.search(r"^\d{4}-\d\d-\d\d · ", text, re.MULTILINE), f"{name} has no date"


VERIFICATION = (DOCS / "verification.md").read_text(encoding="utf-8")


def physics_tests():
    for path in sorted((ROOT / "tests" / "physics").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield path, node


def test_verification_lists_every_physics_test_and_no_other():
    rows = set(re.findall(r"^\| `(test_\w+)` \|", VERIFICATION, re.MULTILINE))
    assert rows == {node.name for _, node in physics_tests()}
    for name in re.findall(r"`(test_\w+\.py)`", VERIFICATION):
        assert (ROOT / "tests" / "physics" / name).is_file()


@pytest.fixture
def catalogue():
    for _, name, _ in pkgutil.walk_packages(theory.__path__, "modelcollapse.theory."):
        importlib.import_module(name)
    return CATALOGUE


def test_every_formula_is_verified(catalogue):
    used = "\n".join(ast.unparse(node) for _, node in physics_tests())
    tail = VERIFICATION.split("## Formulas that follow from those above")[1]
    for name in catalogue:
        simulated = re.search(rf"\b{re.escape(name)}\b", used)
        assert simulated or f"`{name}`" in tail, f"no physics test and no reason for {name}"


def test_formulas_named_on_the_page_exist(catalogue):
    known = {name.split(".")[1] for name in catalogue}
    table = VERIFICATION.split("## Theorems that `predict` applies")[0]
    for row in re.findall(r"^\| `test_\w+` \| (.*?) \|", table, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", row):
            assert name in known or name == "original"
    for name in re.findall(r"`(\w+\.\w+)`", VERIFICATION.split("## Formulas that follow")[1]):
        assert name in catalogue
