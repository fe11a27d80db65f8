"""English prose that every Python carries: text to try a language model without a download."""

from __future__ import annotations

import ast
import inspect
import re
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelcollapse.errors import Exhausted, InputError, ModelCollapseError
from modelcollapse.families.texts import Texts
from modelcollapse.sources.finite import FiniteSource

_TESTS = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages"})
_SHORTEST = 6
_COMMENT = re.compile(r"(?:^[ \t]*#.*\n)+", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*[.,;:!?)]*")
_SENTENCE = re.compile(r"[\"'(*]*[A-Z].*[.:!?)\"']$", re.DOTALL)


def standard_library_prose(min_words: int | None = None) -> list[str]:
    """Paragraphs of English from Python's own documentation.

    The language reference that `help` shows comes first, then docstrings and comments of the
    standard library's modules, read as text: nothing is imported or run. Paragraphs of code,
    tables and lists are left out, and repeated ones kept once. Between 270,000 and 310,000 words
    in versions 3.11 to 3.13.

    Parameters
    ----------
    min_words : int, optional
        Stop after the paragraph that reaches this many words (separated by white space). All of
        it by default, which takes a few seconds.

    Returns
    -------
    list of str
        One paragraph a string, on one line. The same for every call under one version of Python;
        another version has other words.

    Raises
    ------
    InputError
        If `min_words` is below 1.
    Exhausted
        If there are fewer than `min_words` words.
    ModelCollapseError
        If this Python comes without ``pydoc_data``, as some slimmed-down installations do.

    Examples
    --------
    >>> paragraphs = standard_library_prose(min_words=1000)
    >>> 1000 <= sum(len(paragraph.split()) for paragraph in paragraphs) < 2000
    True
    """
    if min_words is not None and min_words < 1:
        raise InputError(f"min_words must be at least 1, got {min_words}.")
    kept: dict[str, None] = {}
    words = 0
    for text in _texts():
        for paragraph in _paragraphs(text):
            if paragraph in kept:
                continue
            kept[paragraph] = None
            words += len(paragraph.split())
            if min_words is not None and words >= min_words:
                return list(kept)
    if min_words is not None:
        raise Exhausted(
            f"this Python's documentation holds {words} words of prose and min_words={min_words} "
            "were asked for. Ask for fewer, or bring text of your own."
        )
    return list(kept)


def _texts() -> Iterator[str]:
    """Reference topics by name, then docstrings and comments by path."""
    try:
        from pydoc_data import topics
    except ImportError as error:
        raise ModelCollapseError(
            "this Python comes without the module pydoc_data, from which English prose is read. "
            "Install the complete standard library (on Debian and Ubuntu: libpython3-stdlib), or "
            "bring text of your own."
        ) from error
    for _, text in sorted(topics.topics.items()):
        yield text
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py"), key=lambda path: path.relative_to(library).parts):
        if _TESTS.isdisjoint(path.relative_to(library).parts[:-1]):
            source = path.read_bytes()
            yield from _docstrings(source)
            yield from _comments(source)


def _docstrings(source: bytes) -> Iterator[str]:
    """Docstrings of a source file, outer ones first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old escapes in somebody else's strings
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return  # some files are templates or samples of broken code
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented):
            text = ast.get_docstring(node, clean=True)
            if text:
                yield text


def _comments(source: bytes) -> Iterator[str]:
    """Comments that fill their lines, neighbouring ones together."""
    for block in _COMMENT.findall(source.decode("utf-8", errors="ignore")):
        yield re.sub(r"^[ \t]*#+ ?", "", block, flags=re.MULTILINE)


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs that read as sentences, each on one line."""
    for chunk in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        words = chunk.split()
        paragraph = " ".join(words)
        if len(words) < _SHORTEST or ">>>" in paragraph or "::=" in paragraph:
            continue
        plain = sum(_PLAIN.fullmatch(word.strip("\"'`*(")) is not None for word in words)
        if plain >= 0.75 * len(words) and _SENTENCE.match(paragraph):
            yield paragraph


@dataclass(frozen=True)
class StandardLibraryProse(FiniteSource):
    """The prose that CPython ships, cut into blocks of words: some 300,000 words.

    Help topics, docstrings and comments of the standard library, in an order that does not
    change, so that every machine with the same Python has the same text.

    Parameters
    ----------
    block : int, default 64
        Words in a record, at least 2.
    lower : bool, default True
        Whether to fold upper case into lower case.

    Raises
    ------
    InputError
        If a block is too short.
    """

    block: int = 64
    lower: bool = True

    def __post_init__(self) -> None:
        if self.block < 2:
            raise InputError(
                f"a block of {self.block} words has no words that follow others. Use at least 2."
            )

    @cached_property
    def data(self) -> Texts:
        """The blocks."""
        return Texts.of(standard_library_prose(), lower=self.lower).blocks(self.block)
