"""What can be said of a text without knowing its language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import groupby

NAN = float("nan")

_RUN = re.compile(r"(\S)\1+")

WORDS = 3
"""Words of a phrase."""


def characters(text: str) -> float:
    """Number of characters, spaces included."""
    return len(text)


def words(text: str) -> float:
    """Number of words between spaces."""
    return len(_split(text))


def repeated_lines(text: str) -> float:
    """Share of the lines that stood in the text before; empty ones do not count."""
    return _repeated([line.strip() for line in text.splitlines() if line.strip()])


def repeated_phrases(text: str) -> float:
    """Share of the runs of `WORDS` words that stood in the text before."""
    found = _split(text)
    if len(found) >= WORDS and len(found) - len(set(found)) < WORDS:
        return 0.0  # each word of a phrase that comes again does so, and that is dear to look for
    return _repeated(list(zip(*(found[i:] for i in range(WORDS)), strict=False)))


def character_run(text: str) -> float:
    """Length of the longest run of one character that is no space."""
    longest = max((len(run[0]) for run in _RUN.finditer(text)), default=0)
    return longest or float(bool(text.strip()))


def word_run(text: str) -> float:
    """Length of the longest run of one word."""
    return max((sum(1 for _ in run) for _, run in groupby(_split(text))), default=0)


def letters(text: str) -> float:
    """Share of letters and of the marks on them among all characters but spaces."""
    return _share(text, lambda kind: kind[0] in "LM")


def symbols(text: str) -> float:
    """Share of what is neither letter, mark nor digit among all characters but spaces."""
    return _share(text, lambda kind: kind[0] not in "LMN")


def other_letters(text: str, scripts: Iterable[str]) -> float:
    """Share of the letters that belong to none of these scripts."""
    own = {"", *(script.casefold() for script in scripts)}
    found = [(script_of(letter), n) for letter, n in Counter(text).items()]
    every = sum(n for script, n in found if script)
    return sum(n for script, n in found if script not in own) / every if every else NAN


@lru_cache(maxsize=1 << 16)
def script_of(letter: str) -> str:
    """Script of a letter: the first word of its Unicode name, in lower case; "" for no letter.

    Examples
    --------
    >>> script_of("é"), script_of("ж"), script_of("漢"), script_of("7")
    ('latin', 'cyrillic', 'cjk', '')
    """
    if unicodedata.category(letter) not in ("Lu", "Ll", "Lt", "Lo"):
        return ""
    # Letters of another width or style fold into the ordinary ones.
    folded = unicodedata.normalize("NFKC", letter)[0]
    return unicodedata.name(folded, "").split(" ")[0].casefold()


@cache
def scripts() -> frozenset[str]:
    """All scripts there are."""
    return frozenset(map(script_of, map(chr, range(0x20000)))) - {""}


@lru_cache(maxsize=1)
def _split(text: str) -> list[str]:
    """Words of a text, which several rules ask for one after the other."""
    return text.split()


def _repeated(parts: list[str] | list[tuple[str, ...]]) -> float:
    return 1 - len(set(parts)) / len(parts) if parts else NAN


def _share(text: str, counts: Callable[[str], bool]) -> float:
    # Few different characters make up a long text.
    found = Counter("".join(_split(text)))
    wanted = (n for letter, n in found.items() if counts(unicodedata.category(letter)))
    return sum(wanted) / found.total() if found else NAN
